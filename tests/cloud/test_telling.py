"""News are told beside the work of which they are."""

import time
from collections.abc import Callable

import pytest

from syncoxiders.adapters.items.listeners import ItemsListeners
from syncoxiders.adapters.memory.items import MemoryItems
from syncoxiders.adapters.system import SystemClock
from syncoxiders.cloud import telling
from syncoxiders.cloud.telling import Telling
from syncoxiders.engine.desk.live import Teller
from syncoxiders.ports.live import Listener


class Slow:
    """Says what is said, after some time."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.said: list[str] = []

    def say(self, connection: str, text: str) -> bool:
        del connection
        time.sleep(self.seconds)
        self.said.append(text)
        return True


def teller(speech: Slow) -> Teller:
    listeners, clock = ItemsListeners(MemoryItems()), SystemClock()
    listeners.put(Listener("c1", "ann", "s1", clock.now()), clock.now() + 60)
    return Teller(lambda: listeners, lambda: speech, clock, lambda _: None)


def _until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_at_once_and_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is new is told while the work goes on, and what became new after that before it ends."""
    monkeypatch.setattr(telling, "EVERY", 1_000.0)
    speech = Slow(0)
    told = teller(speech)
    with Telling(told):
        told.note("ann", "sync", "photos")
        _until(lambda: speech.said)
        for _ in range(100):
            told.note("ann", "sync", "photos")
        assert len(speech.said) == 1
    assert len(speech.said) == 2


def test_the_work_is_not_held_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where speaking takes long the work goes on, and ends."""
    monkeypatch.setattr(telling, "_WAIT", 0.05)
    speech = Slow(0.5)
    told = teller(speech)
    began = time.monotonic()
    with Telling(told):
        told.note("ann", "sync", "photos")
    assert time.monotonic() - began < 0.4
    assert speech.said == []
    _until(lambda: speech.said)


def test_nobody_to_be_told() -> None:
    """Without live updates there is nothing to do, and nothing to wait for."""
    with Telling(None):
        pass
