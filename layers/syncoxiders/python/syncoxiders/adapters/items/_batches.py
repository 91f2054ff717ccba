"""Batches as items: what is handed out together, and who waits for whom.

A batch's item holds its substance (``data``), ``waits`` (batches that have to be done before),
``failed`` (their actions, and its own, that were not done), ``begun``, ``tries``, ``put_off``, and
``next``: those that wait for it.
Once it is ``done`` it is deleted, if none waits for it; else ``next`` and ``undone``, its own
actions that were not done, stay for a while, so that those who wait can be told again.
"""

from collections.abc import Collection, Sequence
from itertools import islice
from typing import Any

import msgspec

from syncoxiders.adapters.items._codec import convert, pack, unpack_as
from syncoxiders.adapters.items._keys import Keys
from syncoxiders.adapters.items._tables import Tables, micros, one
from syncoxiders.ports.errors import StateUnavailable
from syncoxiders.ports.items import (
    Absent,
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
from syncoxiders.ports.pipeline import Batch

DONE_DAYS = 1
ROUNDS = 20

_THERE = Every((Equals("batch", 1), Missing("done")))


_APART = frozenset({"id", "waits", "failed", "begun", "put_off", "tries"})
"""The fields of a batch that change, and are attributes of their own."""

_PLAIN = Batch("", "")


class Batches:
    """The batches of a sync that are not done."""

    def __init__(self, tables: Tables, keys: Keys) -> None:
        self._journal = tables.journal
        self._tables = tables
        self._keys = keys
        self._read: dict[Key, Item] = {}

    def put(self, batches: Sequence[Batch]) -> None:
        """Keep batches; those that wait for others must come with or after them."""
        new = {batch.id for batch in batches}
        following: dict[str, set[str]] = {}
        for batch in batches:
            for each in sorted(batch.waits):
                following.setdefault(each, set()).add(batch.id)
        # one that is there already was put by a call whose answer was lost
        self._journal.write(
            [Put(self._item(batch, following.get(batch.id, set())), Absent()) for batch in batches]
        )
        before = [each for each in following if each not in new]
        results = self._journal.write(
            [
                Update(self._key(each), include={"next": frozenset(following[each])}, when=_THERE)
                for each in before
            ]
        )
        for each, result in zip(before, results, strict=True):
            if isinstance(result, Raced):  # it was done before we came
                undone = frozenset[str]() if result.item is None else _set(result.item, "undone")
                self._let_go(each, undone, following[each])

    def get(self, batch: str) -> Batch | None:
        """Return a batch, None once it is done."""
        key = self._key(batch)
        item = self._journal.get([key]).get(key)
        if item is None:
            return None
        self._read[key] = item
        return _batch(item)

    def begin(self, batch: str, at: float) -> Batch | None:
        """Note that a batch is begun; returns it as it was before."""
        key = self._key(batch)
        item = self._read.pop(key, None)  # whether it still is so is a condition
        if item is None:
            item = self._journal.get([key]).get(key)
        for _ in range(ROUNDS):
            before = None if item is None else _batch(item)
            if item is None or before is None:
                return None
            tries = item.attributes.get("tries")
            as_read = Missing("tries") if tries is None else Equals("tries", tries)
            change = Update(
                key,
                {"begun": micros(at)},
                remove=("put_off",),
                add={"tries": 1},
                when=Every((_THERE, as_read)),
            )
            result = one(self._journal.write([change]))
            if not isinstance(result, Raced):
                return before
            item = result.item
        raise StateUnavailable("Others keep beginning the same batch; try again later.")

    def put_off(
        self, batch: str, until: float, failed: Collection[str], *, told: bool = False
    ) -> None:
        """Note that a batch is to be begun again, not before then; it may be done by now."""
        change = Update(
            self._key(batch),
            {"put_off": micros(until)},
            remove=("begun",) if told else (),
            include={"failed": frozenset(failed)} if failed else {},
            when=_THERE,
        )
        self._journal.write([change])

    def finish(self, batch: str, failed: Collection[str]) -> list[Batch]:
        """Let go of a batch; returns those that waited for it, and now wait for none."""
        key = self._key(batch)
        alone = Every((Equals("batch", 1), Missing("next")))
        result = one(self._journal.write([Delete(key, alone)]))
        if not isinstance(result, Raced):
            return []
        if result.item is not None:
            change = Update(
                key,
                {"done": 1},
                remove=("data", "waits", "failed", "begun", "put_off", "tries"),
                include={"undone": frozenset(failed)} if failed else {},
                when=Equals("batch", 1),
            )
            result = one(self._journal.write([change]))
        if not isinstance(result, Item):  # whoever put one that waits for it may have died
            left = {each.id for each in self.all() if batch in each.waits}
            return self._let_go(batch, frozenset(failed), left)
        ready = self._let_go(batch, _set(result, "undone"), _set(result, "next"))
        expires = self._tables.later(DONE_DAYS)
        self._journal.write([Update(key, {"expires": expires}, when=Equals("batch", 1))])
        return ready

    def _let_go(
        self, batch: str, undone: frozenset[str], following: Collection[str]
    ) -> list[Batch]:
        """Take a batch's name off those that wait for it; returns those that wait for none."""
        results = self._journal.write(
            [
                Update(
                    self._key(each),
                    include={"failed": undone} if undone else {},
                    exclude={"waits": frozenset({batch})},
                    when=_THERE,
                )
                for each in sorted(following)
            ]
        )
        found = [_batch(result) for result in results if isinstance(result, Item)]
        return [each for each in found if each is not None and not each.waits]

    def all(self, limit: int = 0) -> list[Batch]:
        """Return all batches that are not done, or only so many."""
        found = map(_batch, self._journal.query(self._keys.batches()))
        return list(islice(filter(None, found), limit or None))

    def _key(self, batch: str) -> Key:
        return self._keys.batches(), batch

    def _item(self, batch: Batch, following: set[str]) -> Item:
        fields = {
            name: value
            for name in batch.__struct_fields__
            if name not in _APART and (value := getattr(batch, name)) != getattr(_PLAIN, name)
        }
        packed = pack(msgspec.to_builtins(fields, order="deterministic"), compress=True)
        held: dict[str, Value] = {"batch": 1, "data": packed}
        for name in ("begun", "put_off"):
            if at := getattr(batch, name):
                held[name] = micros(at)
        if batch.tries:
            held["tries"] = batch.tries
        sets = (("waits", batch.waits), ("failed", batch.failed), ("next", frozenset(following)))
        held.update({name: members for name, members in sets if members})
        return Item(self._key(batch.id), held)


def _set(item: Item, name: str) -> frozenset[str]:
    value = item.attributes.get(name)
    return value if isinstance(value, frozenset) else frozenset()


def _batch(item: Item) -> Batch | None:
    data = item.attributes.get("data")
    if data is None:
        return None
    fields = {"id": item.key[1], "endpoint": "", **unpack_as(data, dict[str, Any])}
    return msgspec.structs.replace(
        convert(fields, Batch),
        waits=_set(item, "waits"),
        failed=_set(item, "failed"),
        begun=_number(item, "begun") / 1e6,
        put_off=_number(item, "put_off") / 1e6,
        tries=_number(item, "tries"),
    )


def _number(item: Item, name: str) -> int:
    value = item.attributes.get(name, 0)
    return value if isinstance(value, int) else 0
