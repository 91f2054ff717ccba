"""Batches as items: what is handed out together, and who waits for whom.

A batch's item holds its substance (``data``), ``waits`` (batches that have to be done before),
``failed`` (their actions that were not done), ``begun``, and ``next``: those that wait for it.
Once it is ``done`` only ``next`` and ``undone``, its own actions that were not done, stay for a
while, so that whoever puts a batch that waits for it is told.
"""

from collections.abc import Collection, Sequence

import msgspec

from syncoxiders.adapters.items._codec import pack, unpack_as
from syncoxiders.adapters.items._keys import Keys
from syncoxiders.adapters.items._tables import Tables, micros, one
from syncoxiders.core.plan import Probe
from syncoxiders.ports.errors import StateUnavailable
from syncoxiders.ports.items import (
    Absent,
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

DONE_DAYS = 7
ROUNDS = 20

_THERE = Every((Equals("batch", 1), Missing("done")))


class _Substance(msgspec.Struct, frozen=True, array_like=True):
    endpoint: str
    lane: int
    actions: tuple[tuple[int, str], ...]
    probes: tuple[tuple[str, str, str, int, tuple[str, ...]], ...]
    opened: float


class Batches:
    """The batches of a sync that are not done."""

    def __init__(self, tables: Tables, keys: Keys) -> None:
        self._journal = tables.journal
        self._tables = tables
        self._keys = keys

    def put(self, batches: Sequence[Batch]) -> None:
        """Keep batches; those that wait for others must come with or after them."""
        new = {batch.id for batch in batches}
        following: dict[str, set[str]] = {}
        for batch in batches:
            for each in batch.waits:
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
        item = self._journal.get([self._key(batch)]).get(self._key(batch))
        return None if item is None else _batch(item)

    def begin(self, batch: str, at: float) -> Batch | None:
        """Note that a batch is begun; returns it as it was before."""
        key = self._key(batch)
        item = self._journal.get([key]).get(key)
        for _ in range(ROUNDS):
            before = None if item is None else _batch(item)
            if item is None or before is None:
                return None
            begun = item.attributes.get("begun")
            as_read = Missing("begun") if begun is None else Equals("begun", begun)
            change = Update(key, {"begun": micros(at)}, when=Every((_THERE, as_read)))
            result = one(self._journal.write([change]))
            if not isinstance(result, Raced):
                return before
            item = result.item
        raise StateUnavailable("Others keep beginning the same batch; try again later.")

    def finish(self, batch: str, failed: Collection[str]) -> list[Batch]:
        """Let go of a batch; returns those that waited for it, and now wait for none."""
        key = self._key(batch)
        change = Update(
            key,
            {"done": 1},
            remove=("data", "waits", "failed", "begun"),
            include={"undone": frozenset(failed)} if failed else {},
            when=Equals("batch", 1),
        )
        result = one(self._journal.write([change]))
        if not isinstance(result, Item):
            return []
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

    def all(self) -> list[Batch]:
        """Return all batches that are not done."""
        found = map(_batch, self._journal.query(self._keys.batches()))
        return [batch for batch in found if batch is not None]

    def _key(self, batch: str) -> Key:
        return self._keys.batches(), batch

    def _item(self, batch: Batch, following: set[str]) -> Item:
        substance = _Substance(
            batch.endpoint,
            batch.lane,
            batch.actions,
            tuple(
                (each.endpoint, each.entry, each.version, each.size, each.algorithms)
                for each in batch.probes
            ),
            batch.opened,
        )
        held: dict[str, Value] = {"batch": 1, "data": pack(substance, compress=True)}
        if batch.begun:
            held["begun"] = micros(batch.begun)
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
    substance = unpack_as(data, _Substance)
    begun = item.attributes.get("begun", 0)
    return Batch(
        item.key[1],
        substance.endpoint,
        substance.lane,
        substance.actions,
        tuple(Probe(*each) for each in substance.probes),
        _set(item, "waits"),
        _set(item, "failed"),
        substance.opened,
        begun / 1e6 if isinstance(begun, int) else 0.0,
    )
