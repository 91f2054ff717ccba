"""Live updates: who may listen, and what is told to whom."""

import json

import pytest

from syncoxiders.adapters.items.listeners import ItemsListeners
from syncoxiders.adapters.memory.clock import MemoryClock
from syncoxiders.adapters.memory.items import MemoryItems
from syncoxiders.engine.desk import live
from syncoxiders.ports.errors import StateUnavailable
from syncoxiders.ports.live import Listener

SYNC, ACCOUNT = {"type": "sync", "name": "photos"}, {"type": "account", "name": "work"}


class Heard:
    """What is said on connections; those in ``gone`` are no more."""

    def __init__(self) -> None:
        self.said: list[tuple[str, object]] = []
        self.gone: set[str] = set()
        self.failing = False

    def say(self, connection: str, text: str) -> bool:
        if self.failing:
            raise StateUnavailable("nothing can be said")
        if connection in self.gone:
            return False
        self.said.append((connection, json.loads(text)))
        return True


class Counted(ItemsListeners):
    asked = 0

    def of(self, owner: str) -> list[Listener]:
        self.asked += 1
        return super().of(owner)


class Room:
    def __init__(self) -> None:
        self.clock = MemoryClock()
        self.listeners = Counted(MemoryItems())
        self.heard = Heard()
        self.trouble: list[StateUnavailable] = []
        self.teller = live.Teller(
            lambda: self.listeners, lambda: self.heard, self.clock, self.trouble.append
        )

    def enter(self, connection: str, owner: str = "ann") -> None:
        word, _ = live.ticket(self.listeners, owner, "s1", self.clock.now())
        assert live.begin(self.listeners, word, connection, self.clock.now())

    def tell(self, owner: str = "ann", name: str = "photos") -> None:
        self.teller.note(owner, "sync", name)
        self.teller.tell()


@pytest.fixture
def room() -> Room:
    return Room()


def test_a_ticket_opens_one_connection(room: Room) -> None:
    """A ticket is good for one connection within a minute; without one there is none."""
    word, expires = live.ticket(room.listeners, "ann", "s1", room.clock.now())
    assert expires == room.clock.now() + 60
    assert not live.begin(room.listeners, "", "c0", room.clock.now())
    assert live.begin(room.listeners, word, "c1", room.clock.now())
    assert not live.begin(room.listeners, word, "c2", room.clock.now())
    late, _ = live.ticket(room.listeners, "ann", "s1", room.clock.now())
    assert late != word
    assert not live.begin(room.listeners, late, "c3", room.clock.now() + 60)
    assert [each.connection for each in room.listeners.of("ann")] == ["c1"]


def test_only_ones_own_news(room: Room) -> None:
    """All connections of an owner are told, once for what was noted often, and nobody else's."""
    room.enter("c1")
    room.enter("c2")
    room.enter("c3", "bob")
    for _ in range(3):
        room.teller.note("ann", "sync", "photos")
    room.teller.note("ann", "account", "work")
    room.teller.note("bob", "sync", "notes")
    room.teller.tell()
    assert sorted(room.heard.said, key=str) == sorted(
        [
            *((each, about) for each in ("c1", "c2") for about in (ACCOUNT, SYNC)),
            ("c3", {"type": "sync", "name": "notes"}),
        ],
        key=str,
    )
    room.heard.said.clear()
    room.teller.tell()
    assert room.heard.said == []


def test_who_listens_is_asked_rarely(room: Room) -> None:
    """While much is new the table is read once in five seconds, and not at all without news."""
    room.teller.tell()
    assert room.listeners.asked == 0
    for _ in range(5):
        room.tell()
        room.clock.advance(1.0)
    assert room.listeners.asked == 1
    room.enter("c1")
    room.tell()
    assert room.listeners.asked == 2
    assert room.heard.said == [("c1", SYNC)]


def test_a_dead_connection_is_forgotten(room: Room) -> None:
    """Where nobody listens any more nothing is said again, and the others hear all the same."""
    room.enter("c1")
    room.enter("c2")
    room.heard.gone.add("c1")
    room.clock.advance(60.0)
    room.tell()
    assert room.heard.said == [("c2", SYNC)]
    assert [each.connection for each in room.listeners.of("ann")] == ["c2"]
    room.heard.gone.clear()
    room.tell()
    assert room.heard.said == [("c2", SYNC)] * 2


def test_a_connection_that_is_just_opened(room: Room) -> None:
    """One that was let in but is not open yet is not taken for dead."""
    room.enter("c1")
    room.heard.gone.add("c1")
    room.tell()
    room.heard.gone.clear()
    room.tell()
    assert room.heard.said == [("c1", SYNC)]


def test_trouble_is_nobodys_trouble(room: Room) -> None:
    """Where nothing can be said nobody is stopped, and what comes later is said."""
    room.enter("c1")
    room.heard.failing = True
    room.tell()
    assert [str(each) for each in room.trouble] == ["nothing can be said"]
    room.heard.failing = False
    room.tell()
    assert room.heard.said == [("c1", SYNC)]
