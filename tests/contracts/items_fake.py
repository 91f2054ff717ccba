"""A table of items in memory, as small as can be."""

import threading
from collections.abc import Collection, Iterator, Sequence

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
    Key,
    Missing,
    Put,
    Raced,
    Value,
)


class FakeItems:
    def __init__(self) -> None:
        self._items: dict[Key, Item] = {}
        self._lock = threading.Lock()

    def get(self, keys: Collection[Key], *, consistent: bool = True) -> dict[Key, Item]:
        del consistent
        return {key: self._items[key] for key in keys if key in self._items}

    def query(
        self,
        partition: str,
        *,
        after: str = "",
        prefix: str = "",
        backward: bool = False,
        limit: int = 0,
        consistent: bool = True,
    ) -> Iterator[Item]:
        del consistent, after
        found = sorted(
            (key for key in self._items if key[0] == partition and key[1].startswith(prefix)),
            reverse=backward,
        )
        yield from [self._items[key] for key in found][: limit or None]

    def write(self, changes: Sequence[Change]) -> list[Item | Raced | None]:
        with self._lock:
            return [self._one(change) for change in changes]

    def _one(self, change: Change) -> Item | Raced | None:
        key = change.item.key if isinstance(change, Put) else change.key
        before = self._items.get(key)
        if change.when is not None and not _holds(change.when, before):
            return Raced(before)
        if isinstance(change, Delete):
            self._items.pop(key, None)
            return None
        if isinstance(change, Put):
            self._items[key] = change.item
            return change.item
        attributes: dict[str, Value] = dict(before.attributes if before is not None else {})
        attributes.update(change.put)
        for name in change.remove:
            attributes.pop(name, None)
        for name, number in change.add.items():
            old = attributes.get(name, 0)
            assert isinstance(old, int)
            attributes[name] = old + number
        assert not change.include
        assert not change.exclude
        self._items[key] = Item(key, attributes)
        return self._items[key]


def _holds(condition: Condition, item: Item | None) -> bool:
    attributes = item.attributes if item is not None else {}
    match condition:
        case Absent():
            return item is None
        case Equals(name, value):
            return attributes.get(name) == value
        case Missing(name):
            return name not in attributes
        case AtMost(name, value):
            found = attributes.get(name, value)
            return isinstance(found, int) and found <= value
        case Every(conditions):
            return all(_holds(each, item) for each in conditions)
        case Either(conditions):
            return any(_holds(each, item) for each in conditions)
