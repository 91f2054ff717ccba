"""What is counted as part of each commit: nodes, entries, losses; and the ids of nodes."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from syncoxiders.adapters.items._keys import Keys, digest
from syncoxiders.adapters.items._tables import Tables, micros
from syncoxiders.adapters.state import limits
from syncoxiders.core.model import EndpointId, NodeId
from syncoxiders.ports.errors import StateBusy
from syncoxiders.ports.items import AtMost, Equals, Item, Key, Missing, Update
from syncoxiders.ports.pipeline import RESERVED

PLANNED_AT_ONCE = 1 << 20
"""So many ids a planner may give to new nodes under one fence."""

_LOSS_OFFSET = 1 << 60


@dataclass(slots=True)
class Tally:
    """How many were counted so far."""

    count: int = 0


class Counters:
    """The counters of a sync.

    A death amid a commit, or an answer lost, may put a count out, until all is gone through.
    """

    def __init__(self, tables: Tables, keys: Keys, fence: int | None) -> None:
        self._tables = tables
        self._journal = tables.journal
        self._keys = keys
        self._first = 0 if fence is None else fence * PLANNED_AT_ONCE
        self._end: int | None = None if fence is None else self._first + PLANNED_AT_ONCE
        self._highest = self._first - 1
        self._reserved = 0

    # -- ids of nodes --------------------------------------------------------------------------

    def next_id(self) -> NodeId:
        """Return a number above every id ever used, in the fence's range if there is a fence."""
        used = self._read(self._nodes, "highest")
        if self._end is None or self._first <= used < self._end:
            self._highest = max(self._highest, used)
        found = max(self._highest + 1, 1)
        if self._end is not None and found >= self._end:
            raise StateBusy("So many files are new that the planner has to take its lease anew.")
        return found

    def use(self, highest: NodeId) -> None:
        """Remember that ids up to this one are used."""
        self._highest = max(self._highest, highest)
        self._journal.write(
            [Update(self._nodes, {"highest": highest}, when=AtMost("highest", highest))]
        )

    def reserve(self) -> NodeId:
        """Return an id for a node that may never be made; those of one object lie in a row.

        They come in blocks, one of 2^32 at random: where one is used by then another id is taken.
        """
        if self._reserved % PLANNED_AT_ONCE == 0:
            block = int(digest(self._tables.token(), 4), 16)
            self._reserved = RESERVED + block * PLANNED_AT_ONCE
        self._reserved += 1
        return self._reserved

    # -- counts --------------------------------------------------------------------------------

    def nodes(self) -> int:
        """Return how many nodes there are, without tombstones."""
        return max(self._read(self._nodes, "count"), 0)

    def entries(self, endpoint: EndpointId) -> int:
        """Return how many entries there are at an endpoint."""
        return max(self._read(self._keys.count(endpoint), "count"), 0)

    def grow(self, nodes: int, entries: Mapping[EndpointId, int]) -> None:
        """Add to the counts."""
        changes = [
            Update(self._keys.count(endpoint), add={"count": more})
            for endpoint, more in entries.items()
            if more
        ]
        if nodes:
            changes.append(Update(self._nodes, add={"count": nodes}))
        if changes:
            self._journal.write(changes)

    @contextmanager
    def recount(self, endpoint: EndpointId | None = None) -> Iterator["Tally"]:
        """Let all nodes, or all entries of an endpoint, be counted, and set the counter right.

        It is left alone if it has changed meanwhile, or not all were gone through.
        """
        key = self._nodes if endpoint is None else self._keys.count(endpoint)
        item = self._journal.get([key]).get(key)
        before = None if item is None else item.attributes.get("count")
        tally = Tally()
        yield tally
        if tally.count != (before or 0):
            as_read = Missing("count") if before is None else Equals("count", before)
            self._journal.write([Update(key, {"count": tally.count}, when=as_read)])

    # -- losses --------------------------------------------------------------------------------

    def lose(self, at: float, losses: int) -> None:
        """Note how many nodes were deleted or overwritten at a time."""
        key = self._keys.losses(), _when(at)
        expires = int(at + limits.KEEP_LOSSES) + 1
        self._journal.write([Update(key, {"expires": expires}, add={"count": losses})])

    def lost(self, since: float) -> int:
        """Return how many nodes were deleted or overwritten since a time, as far as it is kept."""
        items = list(self._journal.query(self._keys.losses(), after=_before(since)))
        if not items:
            return 0
        kept = _when(_time(items[-1]) - limits.KEEP_LOSSES)
        return sum(_count(item) for item in items if item.key[1] >= kept)

    @property
    def _nodes(self) -> Key:
        return self._keys.head("nodes")

    def _read(self, key: Key, name: str) -> int:
        item = self._journal.get([key]).get(key)
        value = 0 if item is None else item.attributes.get(name, 0)
        return value if isinstance(value, int) else 0


def _count(item: Item) -> int:
    value = item.attributes.get("count", 0)
    return value if isinstance(value, int) else 0


def _when(at: float) -> str:
    return f"{micros(at) + _LOSS_OFFSET:016x}"


def _before(at: float) -> str:
    return f"{micros(at) + _LOSS_OFFSET - 1:016x}"


def _time(item: Item) -> float:
    return (int(item.key[1], 16) - _LOSS_OFFSET) / 1e6
