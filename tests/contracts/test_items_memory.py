"""Tables in memory pass the contract, and what simulations need of them."""

import pytest

from syncoxiders.adapters.memory.items import MemoryItems, Usage
from syncoxiders.ports.errors import StateUnavailable
from syncoxiders.ports.items import Absent, Change, Delete, Item, Key, Put, Update
from tests.contracts.items_contract import *  # noqa: F403 -- the suite is its names


@pytest.fixture
def items() -> MemoryItems:
    return MemoryItems()


KEY = ("p", "s")
PUTS = [Put(Item(("p", f"{number}"))) for number in range(3)]


def fail(_: Change) -> None:
    raise StateUnavailable("no answer")


class TestFaults:
    def test_before(self, items: MemoryItems) -> None:
        """What a throttled request asked for is not done; what came before it is."""
        made: list[Change] = []

        def second(change: Change) -> None:
            if made:
                fail(change)
            made.append(change)

        items.before = second
        with pytest.raises(StateUnavailable):
            items.write(PUTS)
        assert [item.key[1] for item in items.everything()] == ["0"]

    def test_after(self, items: MemoryItems) -> None:
        """What a lost answer told of is done."""
        items.after = fail
        with pytest.raises(StateUnavailable):
            items.write(PUTS)
        assert [item.key[1] for item in items.everything()] == ["0"]

    def test_reading(self, items: MemoryItems) -> None:
        """Reads can fail as well; they hear of what is asked for."""
        heard: list[Key] = []
        items.reading = heard.extend
        items.get([KEY])
        list(items.query("q"))
        assert heard == [KEY, ("q", "")]

    def test_lagging(self, items: MemoryItems) -> None:
        """A read that need not be consistent may show what was before the last change."""
        items.lagging = lambda key: key == KEY
        items.write([Put(Item(KEY, {"a": 1}))])
        assert items.get([KEY], consistent=False) == {}
        items.write([Put(Item(KEY, {"a": 2}))])
        assert items.get([KEY], consistent=False)[KEY].attributes == {"a": 1}
        assert items.get([KEY])[KEY].attributes == {"a": 2}
        items.write([Delete(KEY)])
        assert [one.attributes for one in items.query("p", consistent=False)] == [{"a": 2}]
        assert list(items.query("p")) == []

    def test_expired(self, items: MemoryItems) -> None:
        """What has expired is there until it is removed."""
        items.write([Put(Item(KEY, {"expires": 5})), Put(Item(("p", "t"), {"expires": 6}))])
        assert len(items.get([KEY])) == 1
        assert items.reap(5.5) == 1
        assert [item.key[1] for item in items.everything()] == ["t"]

    def test_overlap(self, items: MemoryItems) -> None:
        """As with DynamoDB, no update says two things of one attribute."""
        with pytest.raises(ValueError, match="twice"):
            items.write([Update(KEY, {"a": 1}, remove=("a",))])

    def test_too_large(self, items: MemoryItems) -> None:
        """As with DynamoDB, no item is larger than 400 KB."""
        with pytest.raises(ValueError, match="too large"):
            items.write([Put(Item(KEY, {"data": b"x" * 410_000}))])


class TestUsage:
    def test_reads(self, items: MemoryItems) -> None:
        """A unit is 4 KB of an item, half of it for a read that need not be consistent."""
        items.write([Put(Item(KEY, {"data": b"x" * 4_097}))])
        before = items.usage.copy()
        items.get([KEY, ("p", "none")])
        assert items.usage.minus(before) == Usage(reads=1, read_units=3)
        items.get([KEY], consistent=False)
        assert items.usage.minus(before) == Usage(reads=2, read_units=4)

    def test_query(self, items: MemoryItems) -> None:
        """A query is rounded up as a whole."""
        items.write([Put(Item(("p", f"{n}"), {"data": b"x" * 1_000})) for n in range(5)])
        before = items.usage.copy()
        assert len(list(items.query("p"))) == 5
        assert items.usage.minus(before) == Usage(reads=1, read_units=2)

    def test_writes(self, items: MemoryItems) -> None:
        """A unit is 1 KB of the item, before or after; puts without a condition go together."""
        items.write([Put(Item(("p", f"{n}"), {"data": b"x" * 2_000})) for n in range(30)])
        assert items.usage == Usage(writes=2, write_units=60)
        items.write([Update(("p", "1"), remove=("data",)), Put(Item(("p", "2")), Absent())])
        assert items.usage == Usage(writes=4, write_units=64)
        items.write([Delete(("p", "1")), Delete(("p", "none"))])
        assert items.usage == Usage(writes=5, write_units=66)
