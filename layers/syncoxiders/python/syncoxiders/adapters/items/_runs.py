"""Runs and their logs as items; many events lie in one."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import msgspec

from syncoxiders.adapters.items._codec import pack, unpack, unpack_as
from syncoxiders.adapters.items._keys import Keys
from syncoxiders.adapters.items._tables import Tables, batched, one
from syncoxiders.adapters.state import limits
from syncoxiders.ports.errors import StateUnavailable
from syncoxiders.ports.items import Absent, Delete, Equals, Item, Key, Put, Raced, Update, Value
from syncoxiders.ports.state import Event, RunRecord

ITEM_EVENTS = 500
CHECK_EVENTS = 10_000
"""After so many more events it is looked whether there are too many."""

ROUNDS = 20


class Runs:
    """The runs of a sync."""

    def __init__(self, tables: Tables, keys: Keys) -> None:
        self._journal = tables.journal
        self._tables = tables
        self._keys = keys
        self._logged = 0

    def begin(self, started: float) -> int:
        """Open a run and return its number. Runs left open by a dead process are ended."""
        items = list(self._journal.query(self._keys.runs(), backward=True))
        for item in items:
            run = _record(item)
            if not run.outcome:
                self.end(msgspec.structs.replace(run, ended=started, outcome="interrupted"))
        number = int(items[0].key[1], 16) if items else 0
        token = self._tables.token()
        for _ in range(ROUNDS):
            number += 1
            held: dict[str, Value] = {
                "run": 1,
                "by": token,
                "data": pack(RunRecord(number, started)),
            }
            result = one(self._journal.write([Put(Item(self._key(number), held), Absent())]))
            if not isinstance(result, Raced) or (
                result.item is not None and result.item.attributes.get("by") == token
            ):
                for old in items[limits.KEEP_RUNS - 1 :]:
                    self._drop(old)
                return number
        raise StateUnavailable("Others keep beginning runs; try again later.")

    def _drop(self, item: Item) -> None:
        run = int(item.key[1], 16)
        self._journal.write([Delete(item.key)])
        gone = [Delete(each.key) for each in self._journal.query(self._keys.events(run))]
        if gone:
            self._journal.write(gone)

    def end(self, run: RunRecord) -> None:
        """Replace a run's record, if the run is there."""
        change = Update(self._key(run.id), {"data": pack(run)}, when=Equals("run", 1))
        self._journal.write([change])

    def newest(self, limit: int, *, before: int = 0) -> list[RunRecord]:
        """Return the newest runs, or those before one, newest first."""
        if not limit:
            return []
        kept = min(limit, limits.KEEP_RUNS)
        start = _sort(before) if before else ""
        found = self._journal.query(self._keys.runs(), after=start, backward=True, limit=kept)
        return [_record(item) for item in found]

    def get(self, run: int) -> RunRecord | None:
        """Return a run."""
        key = self._key(run)
        item = self._journal.get([key]).get(key)
        return None if item is None else _record(item)

    def log(self, run: int, events: Sequence[Event]) -> None:
        """Append to a run's log, if the run is there."""
        if not events:
            return
        change = Update(self._key(run), add={"events": len(events)}, when=Equals("run", 1))
        result = one(self._journal.write([change]))
        if not isinstance(result, Item):
            return
        position = _number(result, "events") - len(events)
        partition = self._keys.events(run)
        for part in batched(events, ITEM_EVENTS):
            packed = pack(
                [(each.verb, each.endpoint, each.path, each.detail) for each in part],
                compress=True,
            )
            item = Item((partition, _sort(position)), {"events": len(part), "data": packed})
            self._journal.write([Put(item)])
            position += len(part)
        self._logged += len(events)
        if self._logged >= CHECK_EVENTS:
            self._logged = 0
            self._bound()

    def events(self, run: int) -> list[Event]:
        """Return a run's log in order."""
        return [
            Event(*fields)
            for item in self._journal.query(self._keys.events(run))
            for fields in _packed(item)
        ]

    def after(self, run: int, position: int, limit: int) -> list[tuple[int, Event]]:
        """Return the first events behind a position, each with its own."""
        begins = position + 1 - ITEM_EVENTS  # what holds the next one begins here at the earliest
        start = _sort(begins - 1) if begins > 0 else ""
        found = self._numbered(self._journal.query(self._keys.events(run), after=start))
        return list(islice((each for each in found if each[0] > position), limit))

    def before(self, run: int, position: int, limit: int) -> list[tuple[int, Event]]:
        """Return the last events before a position, the last one first."""
        items = self._journal.query(self._keys.events(run), after=_sort(position), backward=True)
        found = (each for item in items for each in reversed(list(self._numbered([item]))))
        return list(islice((each for each in found if each[0] < position), limit))

    @staticmethod
    def _numbered(items: Iterable[Item]) -> Iterator[tuple[int, Event]]:
        for item in items:
            for number, fields in enumerate(_packed(item), int(item.key[1], 16)):
                yield number, Event(*fields)

    def _bound(self) -> None:
        """Drop the oldest events where there are too many."""
        runs = list(self._journal.query(self._keys.runs()))
        kept = {item.key: _number(item, "events") - _number(item, "dropped") for item in runs}
        excess = sum(kept.values()) - limits.KEEP_EVENTS
        for item in runs:
            if excess <= 0:
                return
            if not kept[item.key]:
                continue
            gone: list[Item] = []
            for each in self._journal.query(self._keys.events(int(item.key[1], 16))):
                if excess <= 0:
                    break
                gone.append(each)
                excess -= _number(each, "events")
            dropped = sum(_number(each, "events") for each in gone)
            self._journal.write([Delete(each.key) for each in gone])
            self._journal.write([Update(item.key, add={"dropped": dropped}, when=Equals("run", 1))])

    def _key(self, run: int) -> Key:
        return self._keys.runs(), _sort(run)


def _sort(number: int) -> str:
    """Return the sort key of a run, or of the events from a position on."""
    return f"{number:012x}"


def _record(item: Item) -> RunRecord:
    return unpack_as(item.attributes.get("data"), RunRecord)


def _number(item: Item, name: str) -> int:
    value = item.attributes.get(name, 0)
    return value if isinstance(value, int) else 0


def _packed(item: Item) -> Iterator[Any]:
    yield from unpack(item.attributes.get("data"))
