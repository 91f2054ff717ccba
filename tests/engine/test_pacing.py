"""One policy waits and retries: the pace of an account."""

import threading
from collections.abc import Callable

import pytest

from syncoxiders.adapters.memory.clock import MemoryClock
from syncoxiders.engine.pacing import Pacer
from syncoxiders.ports.errors import Stale, Throttled, Unreachable


def failing(*errors: Exception) -> Callable[[], str]:
    """Return a request that fails with these errors, one after the other, and then succeeds."""
    left = list(errors)

    def request() -> str:
        if left:
            raise left.pop(0)
        return "answer"

    return request


@pytest.fixture
def clock() -> MemoryClock:
    return MemoryClock()


@pytest.fixture
def pace(clock: MemoryClock) -> Pacer:
    return Pacer(clock, patience=100.0, vary=lambda: 1.0)


def test_a_named_pause_is_kept(pace: Pacer, clock: MemoryClock) -> None:
    """A pause that the vendor names is waited for, neither more nor less."""
    assert pace(failing(Throttled("slower", 30.0))) == "answer"
    assert clock.slept == 30.0


def test_pauses_of_our_own_grow(pace: Pacer, clock: MemoryClock) -> None:
    """Where no pause is named it doubles from one time to the next."""
    assert pace(failing(*[Throttled("slower", 0.0)] * 4)) == "answer"
    assert clock.slept == 1 + 2 + 4 + 8


def test_a_long_pause_is_not_waited_for(pace: Pacer, clock: MemoryClock) -> None:
    """A pause beyond patience is handed on, with its length, instead of being slept through."""
    with pytest.raises(Throttled) as caught:
        pace(failing(Throttled("daily quota", 5000.0)))
    assert caught.value.retry_after == 5000.0
    assert clock.slept == 0


def test_many_short_pauses_are_a_long_one(pace: Pacer, clock: MemoryClock) -> None:
    """Patience ends though each pause by itself would be waited for."""
    with pytest.raises(Throttled):
        pace(failing(*[Throttled("slower", 40.0)] * 9))
    assert clock.slept <= 100.0


def test_others_pause_as_well(pace: Pacer, clock: MemoryClock) -> None:
    """When one request is told to wait, the next one does not ask before that time."""
    with pytest.raises(Throttled):
        pace(failing(Throttled("slower", 150.0)))
    with pytest.raises(Throttled) as caught:
        pace(failing())
    assert caught.value.retry_after == pytest.approx(150.0)
    clock.advance(90.0)
    assert pace(failing()) == "answer"
    assert clock.slept == pytest.approx(60.0)


def test_lost_answers_of_repeatable_requests(pace: Pacer) -> None:
    """A request that may be repeated is, a few times."""
    assert pace(failing(*[Unreachable("no answer")] * 3)) == "answer"
    with pytest.raises(Unreachable):
        pace(failing(*[Unreachable("no answer")] * 9))


def test_lost_answers_of_others(pace: Pacer, clock: MemoryClock) -> None:
    """A request that must not be done twice is made once."""
    with pytest.raises(Unreachable):
        pace(failing(Unreachable("no answer")), repeatable=False)
    assert clock.slept == 0


def test_other_errors_pass(pace: Pacer) -> None:
    """What waiting does not mend is not waited for."""
    with pytest.raises(Stale):
        pace(failing(Stale("changed")))


def test_one_writer(clock: MemoryClock) -> None:
    """Where an account takes one write at a time, writes wait for each other and reads do not."""
    pace = Pacer(clock, one_writer=True)
    inside, let_go = threading.Event(), threading.Event()
    order: list[str] = []

    def slow() -> None:
        inside.set()
        let_go.wait(10)
        order.append("first")

    first = threading.Thread(target=lambda: pace(slow, writes=True))
    first.start()
    inside.wait(10)
    second = threading.Thread(target=lambda: pace(lambda: order.append("second"), writes=True))
    second.start()
    pace(lambda: order.append("read"))
    let_go.set()
    first.join(10)
    second.join(10)
    assert order == ["read", "first", "second"]


class WokenClock(MemoryClock):
    """A clock whose sleepers are woken at once, because the process is to stop."""

    def sleep(self, seconds: float) -> None:
        """Return at once."""


def test_stopping_ends_the_wait() -> None:
    """Who is woken while waiting gives up instead of asking on and on."""
    with pytest.raises(Throttled):
        Pacer(WokenClock())(failing(Throttled("slower", 60.0)))
