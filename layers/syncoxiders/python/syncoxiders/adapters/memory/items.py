"""Tables of items in memory, for tests and simulations, with what DynamoDB does to its users.

A :class:`MemoryItems` is a table that outlives the process which a simulation "kills": the
simulation drops whoever used it, and goes on with the same table.
"""

import threading
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TypeAlias

import msgspec

from syncoxiders.ports.items import (
    Absent,
    AtMost,
    Change,
    Condition,
    Delete,
    Equals,
    Every,
    Item,
    Key,
    Missing,
    Put,
    Raced,
    Update,
    Value,
)

Hook: TypeAlias = Callable[[Change], None]
"""Called around each change, with what is or was to be made of an item.

What it raises is raised to the caller. StateUnavailable before a change is a throttled request,
after it a lost answer; anything else is the death of the process.
"""

ReadHook: TypeAlias = Callable[[Collection[Key]], None]
"""Called before each read with the keys; a query has its partition and ``""`` as the only one."""

GET_KEYS = 100
"""So many keys go into one request.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
"""

WRITE_KEYS = 25
"""So many unconditional puts and deletes go into one request.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
"""

PAGE_BYTES = 1 << 20
"""So much one page of a query holds.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html
"""

MAX_ITEM = 400 * 1024
"""The largest item, names of attributes included."""

_READ_UNIT = 4096
_WRITE_UNIT = 1024


class Usage(msgspec.Struct):
    """What was asked of a table: requests, and units as they are billed on demand.

    Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
    """

    reads: int = 0
    writes: int = 0
    read_units: float = 0.0
    write_units: int = 0

    def copy(self) -> "Usage":
        """Return the count as it is now."""
        return Usage(self.reads, self.writes, self.read_units, self.write_units)

    def minus(self, before: "Usage") -> "Usage":
        """Return what was added since an earlier count."""
        return Usage(
            self.reads - before.reads,
            self.writes - before.writes,
            self.read_units - before.read_units,
            self.write_units - before.write_units,
        )


def size_of(key: Key, attributes: Mapping[str, Value]) -> int:
    """Return how large an item is, in bytes.

    Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    total = 4 + _text_size(key[0]) + _text_size(key[1])
    for name, value in attributes.items():
        total += len(name)
        if value.__class__ is bytes:
            total += len(value)
        elif value.__class__ is str:
            total += _text_size(value)
        elif isinstance(value, int):
            total += (len(str(value)) + 1) // 2 + 1
        elif isinstance(value, frozenset):
            total += sum(map(_text_size, value))
    return total


def _text_size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


class _Held(msgspec.Struct, frozen=True, gc=False):
    item: Item
    size: int


class _Partition:
    """The items of one partition key, and their sort keys in order."""

    __slots__ = ("items", "keys")

    def __init__(self) -> None:
        self.items: dict[str, _Held] = {}
        self.keys: list[str] = []

    def put(self, sort: str, held: _Held) -> None:
        if sort not in self.items:
            insort(self.keys, sort)
        self.items[sort] = held

    def drop(self, sort: str) -> None:
        if self.items.pop(sort, None) is not None:
            del self.keys[bisect_left(self.keys, sort)]


class MemoryItems:
    """A table in dictionaries.

    ``before`` and ``after`` are called around each change and ``reading`` before each read.
    Where ``lagging`` says so, a read that need not be consistent shows an item as it was before
    its last change. ``unprocessed`` says of keys that a batch of reads leaves them to the next
    request. ``usage`` counts.
    """

    def __init__(self) -> None:
        self.before: Hook | None = None
        self.after: Hook | None = None
        self.reading: ReadHook | None = None
        self.lagging: Callable[[Key], bool] | None = None
        self.unprocessed: Callable[[Key], bool] | None = None
        self.usage = Usage()
        self._lock = threading.Lock()
        self._partitions: dict[str, _Partition] = {}
        self._earlier: dict[Key, _Held | None] = {}

    def get(self, keys: Collection[Key], *, consistent: bool = True) -> dict[Key, Item]:
        """Return those that are there, expired ones perhaps included."""
        if self.reading is not None and keys:
            self.reading(keys)
        found: dict[Key, Item] = {}
        units = 0
        with self._lock:
            for key in keys:
                held = self._seen(key, consistent=consistent)
                if held is None:
                    units += 1
                    continue
                found[key] = held.item
                units += _units(held.size, _READ_UNIT)
            usage = self.usage
            usage.reads += -(-len(keys) // GET_KEYS)
            usage.read_units += units if consistent else units / 2
            if self.unprocessed is not None:
                usage.reads += any(map(self.unprocessed, keys))
        return found

    def query(
        self,
        partition: str,
        *,
        after: str = "",
        until: str = "",
        prefix: str = "",
        backward: bool = False,
        limit: int = 0,
        consistent: bool = True,
    ) -> Iterator[Item]:
        """Yield the items of a partition in the order of their sort keys, at most ``limit``."""
        if after and prefix:
            raise ValueError("a query goes on after a key, or is for a prefix")
        if until and (backward or not after):
            raise ValueError("a query that ends at a key goes forward, after another one")
        if self.reading is not None:
            self.reading([(partition, "")])
        left = limit
        while True:
            page, more = self._page(
                partition, (after, until), prefix, backward, limit=left, consistent=consistent
            )
            yield from page
            left -= len(page)
            if not more or (limit and left <= 0):
                return
            after = page[-1].key[1]

    def write(self, changes: Sequence[Change]) -> list[Item | Raced | None]:
        """Make each change on its own, in no particular order; returns what became of each."""
        keys = {_key(change) for change in changes}
        if len(keys) < len(changes):
            raise ValueError("a key is named twice")
        plain = 0
        results: list[Item | Raced | None] = []
        try:
            for change in changes:
                if change.when is None and not isinstance(change, Update):
                    plain += 1
                else:
                    self.usage.writes += 1
                if self.before is not None:
                    self.before(change)
                with self._lock:
                    results.append(self._make(change))
                if self.after is not None:
                    self.after(change)
        finally:
            self.usage.writes += -(-plain // WRITE_KEYS)
        return results

    def reap(self, now: float) -> int:
        """Remove what has expired, as DynamoDB does after a while; returns how many."""
        with self._lock:
            dead = [
                held.item.key
                for partition in self._partitions.values()
                for held in partition.items.values()
                if isinstance(expires := held.item.attributes.get("expires"), int)
                and expires <= now
            ]
            for key in dead:
                self._store(key, None)
        return len(dead)

    def everything(self) -> list[Item]:
        """Return all items in order, uncounted."""
        with self._lock:
            return [
                partition.items[sort].item
                for _, partition in sorted(self._partitions.items())
                for sort in partition.keys
            ]

    # -- reading -------------------------------------------------------------------------------

    def _seen(self, key: Key, *, consistent: bool) -> _Held | None:
        if (
            not consistent
            and self.lagging is not None
            and key in self._earlier
            and self.lagging(key)
        ):
            return self._earlier[key]
        partition = self._partitions.get(key[0])
        return None if partition is None else partition.items.get(key[1])

    def _page(
        self,
        name: str,
        between: tuple[str, str],
        prefix: str,
        backward: bool,
        *,
        limit: int,
        consistent: bool,
    ) -> tuple[list[Item], bool]:
        page: list[Item] = []
        size = 0
        more = False
        with self._lock:
            for sort in self._sorts(name, between, prefix, backward, lagging=not consistent):
                held = self._seen((name, sort), consistent=consistent)
                if held is None:
                    continue
                page.append(held.item)
                size += held.size
                if len(page) == limit or size >= PAGE_BYTES:
                    more = True
                    break
            units = _units(size, _READ_UNIT)
            self.usage.reads += 1
            self.usage.read_units += units if consistent else units / 2
        return page, more

    def _sorts(
        self, name: str, between: tuple[str, str], prefix: str, backward: bool, *, lagging: bool
    ) -> Iterator[str]:
        after, until = between
        partition = self._partitions.get(name)
        keys = [] if partition is None else partition.keys
        if lagging and self._earlier:  # deleted ones may still be seen
            keys = sorted({*keys, *(key[1] for key in self._earlier if key[0] == name)})
        start, end = 0, len(keys)
        if prefix:
            start = bisect_left(keys, prefix)
            end = bisect_left(keys, prefix + "\U0010ffff")
        elif after and backward:
            end = bisect_left(keys, after)
        elif after:
            start = bisect_right(keys, after)
            end = bisect_right(keys, until) if until else end
        for index in range(end - 1, start - 1, -1) if backward else range(start, end):
            yield keys[index]

    # -- writing -------------------------------------------------------------------------------

    def _make(self, change: Change) -> Item | Raced | None:
        key = _key(change)
        partition = self._partitions.get(key[0])
        held = None if partition is None else partition.items.get(key[1])
        before = 0 if held is None else held.size
        old = None if held is None else held.item
        if change.when is not None and not _holds(change.when, old):
            self.usage.write_units += _units(before, _WRITE_UNIT)
            return Raced(old)
        if isinstance(change, Delete):
            self.usage.write_units += _units(before, _WRITE_UNIT)
            self._store(key, None)
            return None
        new = change.item if isinstance(change, Put) else Item(key, _changed(change, old))
        size = size_of(key, new.attributes)
        if size > MAX_ITEM:
            raise ValueError(f"an item of {size} bytes is too large")
        self.usage.write_units += _units(max(before, size), _WRITE_UNIT)
        self._store(key, _Held(new, size))
        return new

    def _store(self, key: Key, held: _Held | None) -> None:
        partition = self._partitions.get(key[0])
        if partition is None:
            if held is None:
                return
            partition = self._partitions[key[0]] = _Partition()
        if self.lagging is not None:
            self._earlier[key] = partition.items.get(key[1])
        if held is None:
            partition.drop(key[1])
        else:
            partition.put(key[1], held)


def _units(size: int, unit: int) -> int:
    return max(-(-size // unit), 1)


def _key(change: Change) -> Key:
    return change.item.key if isinstance(change, Put) else change.key


def _holds(condition: Condition, item: Item | None) -> bool:
    if isinstance(condition, Absent):
        return item is None
    attributes = {} if item is None else item.attributes
    if isinstance(condition, Equals):
        return attributes.get(condition.name) == condition.value
    if isinstance(condition, Missing):
        return condition.name not in attributes
    if isinstance(condition, AtMost):
        value = attributes.get(condition.name)
        return value is None or (isinstance(value, int) and value <= condition.value)
    if isinstance(condition, Every):
        return all(_holds(each, item) for each in condition.conditions)
    return any(_holds(each, item) for each in condition.conditions)


def _changed(update: Update, item: Item | None) -> dict[str, Value]:
    named = [*update.put, *update.remove, *update.add, *update.include, *update.exclude]
    if len(set(named)) < len(named):
        raise ValueError("an attribute is named twice")
    attributes = {} if item is None else dict(item.attributes)
    attributes.update(update.put)
    for name in update.remove:
        attributes.pop(name, None)
    for name, amount in update.add.items():
        number = attributes.get(name, 0)
        if not isinstance(number, int):
            raise TypeError(f"{name} is no number")
        attributes[name] = number + amount
    for name, members in update.include.items():
        attributes[name] = _members(name, attributes) | members
    for name, members in update.exclude.items():
        left = _members(name, attributes) - members
        if left:
            attributes[name] = left
        else:
            attributes.pop(name, None)
    return attributes


def _members(name: str, attributes: Mapping[str, Value]) -> frozenset[str]:
    members = attributes.get(name, frozenset())
    if not isinstance(members, frozenset):
        raise TypeError(f"{name} is no set")
    return members
