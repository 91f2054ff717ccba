"""The contract of :mod:`syncoxiders.ports.items`, as a suite that every adapter passes.

A test module imports everything from here and adds a fixture ``items``, which gives an empty
table for each test.
"""

from concurrent.futures import ThreadPoolExecutor

import pytest

from syncoxiders.ports.items import (
    Absent,
    AtMost,
    Change,
    Condition,
    Delete,
    Either,
    Equals,
    Every,
    Item,
    Items,
    Missing,
    Put,
    Raced,
    Update,
    Value,
)

KEY = ("p", "s")


def put(items: Items, sort: str = "s", partition: str = "p", /, **attributes: Value) -> Item:
    item = Item((partition, sort), attributes)
    assert items.write([Put(item)]) == [item]
    return item


def sorts(found: object) -> list[str]:
    return [item.key[1] for item in found]  # type: ignore[attr-defined]  # an iterator of items


def kind_of(value: object) -> str:
    return type(value).__name__  # the text of a set is another in each process


class TestReading:
    @pytest.mark.parametrize(
        "value",
        ["", "text", "é\n#", 0, -7, 1 << 62, b"", b"\0\xff", frozenset({"a", "é"})],
        ids=kind_of,
    )
    def test_exact(self, items: Items, value: Value) -> None:
        """Attributes are kept exactly, with their types."""
        item = put(items, value=value)
        found = items.get([KEY])[KEY]
        assert found == item
        assert type(found.attributes["value"]) is type(value)
        assert list(items.query("p")) == [item]

    def test_bare(self, items: Items) -> None:
        """An item may be nothing but its key."""
        assert items.get([KEY]) == {}
        item = put(items)
        assert items.get([KEY]) == {KEY: item}

    def test_get_many(self, items: Items) -> None:
        """Any number may be asked for at once; those that are not there are left out."""
        every = [Item((f"p{number % 7}", f"{number}"), {"n": number}) for number in range(230)]
        items.write([Put(item) for item in every])
        wanted = [item.key for item in every] + [("p1", "none"), ("none", "1")]
        assert items.get(wanted) == {item.key: item for item in every}
        assert items.get([]) == {}

    def test_query(self, items: Items) -> None:
        """Items come in the order of their sort keys, of one partition only."""
        for sort in ("b", "a/2", "a", "c", "a/10", "é"):
            put(items, sort)
        put(items, "b", "other")
        assert sorts(items.query("p")) == ["a", "a/10", "a/2", "b", "c", "é"]
        assert sorts(items.query("p", backward=True)) == ["é", "c", "b", "a/2", "a/10", "a"]
        assert sorts(items.query("p", after="a/2")) == ["b", "c", "é"]
        assert sorts(items.query("p", after="b", backward=True)) == ["a/2", "a/10", "a"]
        assert sorts(items.query("p", after="aa")) == ["b", "c", "é"]
        assert sorts(items.query("p", after="a", until="b")) == ["a/10", "a/2", "b"]
        assert sorts(items.query("p", after="a/1", until="bb", limit=2)) == ["a/10", "a/2"]
        assert sorts(items.query("p", after="d", until="dd")) == []
        assert sorts(items.query("p", prefix="a/")) == ["a/10", "a/2"]
        assert sorts(items.query("p", limit=2)) == ["a", "a/10"]
        assert sorts(items.query("p", limit=1, backward=True)) == ["é"]
        assert sorts(items.query("p", prefix="a", limit=2)) == ["a", "a/10"]
        assert sorts(items.query("none")) == []

    def test_pages(self, items: Items) -> None:
        """A query goes on over the pages of a table, a limit notwithstanding."""
        data = b"x" * 300_000
        items.write([Put(Item(("p", f"{number:02}"), {"data": data})) for number in range(9)])
        every = [f"{number:02}" for number in range(9)]
        assert sorts(items.query("p")) == every
        assert sorts(items.query("p", limit=7)) == every[:7]
        assert sorts(items.query("p", backward=True, consistent=False)) == every[::-1]


HELD: dict[str, Value] = {"text": "a", "number": 5, "set": frozenset({"x", "y"})}

HOLD: list[Condition] = [
    Equals("text", "a"),
    Equals("number", 5),
    Equals("set", frozenset({"y", "x"})),
    Missing("none"),
    AtMost("number", 5),
    AtMost("none", 5),
    Every((Equals("text", "a"), Missing("none"))),
    Either((Equals("text", "b"), Missing("none"))),
    Every((Either((Absent(), Equals("number", 5))), Equals("text", "a"))),
]

FAIL: list[Condition] = [
    Absent(),
    Equals("text", "b"),
    Equals("number", 4),
    Equals("set", frozenset({"x"})),
    Equals("none", ""),
    Missing("text"),
    AtMost("number", 4),
    Every((Equals("text", "a"), Missing("text"))),
    Either((Equals("text", "b"), Absent())),
]


class TestConditions:
    @pytest.mark.parametrize("condition", HOLD, ids=kind_of)
    def test_hold(self, items: Items, condition: Condition) -> None:
        """Where the condition holds, the change is made, whatever it is."""
        put(items, **HELD)
        after = Item(KEY, HELD | {"new": 1})
        assert items.write([Update(KEY, {"new": 1}, when=condition)]) == [after]
        put(items, **HELD)
        assert items.write([Put(Item(KEY, {"new": 2}), condition)]) == [Item(KEY, {"new": 2})]
        put(items, **HELD)
        assert items.write([Delete(KEY, condition)]) == [None]
        assert items.get([KEY]) == {}

    @pytest.mark.parametrize("condition", FAIL, ids=kind_of)
    def test_fail(self, items: Items, condition: Condition) -> None:
        """Where it does not, nothing changes, and what is there is returned."""
        item = put(items, **HELD)
        for change in (
            Update(KEY, {"new": 1}, when=condition),
            Put(Item(KEY), condition),
            Delete(KEY, condition),
        ):
            assert items.write([change]) == [Raced(item)]
        assert items.get([KEY]) == {KEY: item}

    def test_nothing_there(self, items: Items) -> None:
        """Of an item that is not there no attribute is anything."""
        for holds in (Absent(), Missing("a"), AtMost("a", 1)):
            assert items.write([Update(KEY, {"a": 1}, when=holds)]) == [Item(KEY, {"a": 1})]
            items.write([Delete(KEY)])
        assert items.write([Update(KEY, {"a": 1}, when=Equals("a", 1))]) == [Raced(None)]
        assert items.write([Delete(KEY, Equals("a", 1))]) == [Raced(None)]
        assert items.get([KEY]) == {}


class TestChanges:
    def test_put(self, items: Items) -> None:
        """Nothing stays of the item that is replaced."""
        put(items, a=1, b=2)
        put(items, b=3)
        assert items.get([KEY])[KEY].attributes == {"b": 3}

    def test_update(self, items: Items) -> None:
        """What is not named stays."""
        put(items, a=1, b=2, c=3)
        after = Item(KEY, {"a": 7, "c": 3})
        assert items.write([Update(KEY, {"a": 7}, ("b", "none"))]) == [after]
        assert items.get([KEY]) == {KEY: after}

    def test_update_makes(self, items: Items) -> None:
        """An item that is not there is made."""
        after = Item(KEY, {"a": "x", "n": 2, "s": frozenset({"m"})})
        change = Update(KEY, {"a": "x"}, add={"n": 2}, include={"s": frozenset({"m"})})
        assert items.write([change]) == [after]

    def test_add(self, items: Items) -> None:
        """Numbers are added to, by negative ones as well."""
        put(items, n=5)
        (result,) = items.write([Update(KEY, add={"n": -7, "m": 1})])
        assert result == Item(KEY, {"n": -2, "m": 1})

    def test_sets(self, items: Items) -> None:
        """Members come and go; a set without any is no attribute."""
        put(items, s=frozenset({"a"}), t=frozenset({"a"}))
        change = Update(
            KEY, include={"s": frozenset({"a", "b"})}, exclude={"t": frozenset({"a", "z"})}
        )
        assert items.write([change]) == [Item(KEY, {"s": frozenset({"a", "b"})})]
        (result,) = items.write([Update(KEY, exclude={"none": frozenset({"a"})})])
        assert result == Item(KEY, {"s": frozenset({"a", "b"})})

    def test_delete(self, items: Items) -> None:
        """What is deleted need not be there."""
        put(items, a=1)
        assert items.write([Delete(KEY), Delete(("p", "none"))]) == [None, None]
        assert items.get([KEY]) == {}

    def test_many(self, items: Items) -> None:
        """Changes of all kinds go together; each result is its own change's."""
        for number in range(60):
            put(items, f"{number:02}", n=number)
        changes: list[Change] = [
            (
                Put(Item(("p", f"{number:02}"), {"n": -1})),
                Delete(("p", f"{number:02}")),
                Update(("p", f"{number:02}"), add={"n": 1}),
                Update(("p", f"{number:02}"), when=Absent()),
            )[number % 4]
            for number in range(60)
        ]
        expected = [
            [
                Item(("p", f"{number:02}"), {"n": -1}),
                None,
                Item(("p", f"{number:02}"), {"n": number + 1}),
                Raced(Item(("p", f"{number:02}"), {"n": number})),
            ][number % 4]
            for number in range(60)
        ]
        assert items.write(changes) == expected
        left = [one.item if isinstance(one, Raced) else one for one in expected]
        assert list(items.query("p")) == [item for item in left if item is not None]
        assert items.write([]) == []

    def test_twice(self, items: Items) -> None:
        """No key is named twice in one call."""
        with pytest.raises(ValueError, match="twice"):
            items.write([Put(Item(KEY)), Update(KEY, {"a": 1})])

    def test_at_once(self, items: Items) -> None:
        """Of many who change an item at once, none undoes what another did."""

        def change(number: int) -> None:
            items.write([Update(KEY, add={"n": 1}, include={"s": frozenset({f"{number}"})})])

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(change, range(40)))
        item = items.get([KEY])[KEY]
        assert item.attributes == {"n": 40, "s": frozenset(map(str, range(40)))}

    def test_one_wins(self, items: Items) -> None:
        """Of many who put an item if there is none, one does."""

        def change(number: int) -> bool:
            (result,) = items.write([Put(Item(KEY, {"n": number}), Absent())])
            return isinstance(result, Item)

        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(change, range(20))) == 1
