"""The change log of an endpoint: records without gaps, each put at the end plus one.

A record holds up to a thousand touched ids; its number is the position. The last record stays
when the log is trimmed, without its ids, so that positions never begin anew. All stay for as long
as a writer may live who knows an end of the log from before they were put: one that put its record
in the place of one that was dropped would put it behind whoever reads.

What is observed is written before it is logged, or a planner could read the log and find nothing
new. A writer that dies between would leave changes that are in no log, and that the next look
takes for known. So it says first, in an *announcement*, what it is going to log; it takes that
back afterwards. Whoever reads the log later than the writer can live, does it in its place.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TypeAlias

from syncoxiders.adapters.items._codec import pack, unpack_as
from syncoxiders.adapters.items._keys import Keys
from syncoxiders.adapters.items._tables import Tables, micros, one, put_all
from syncoxiders.core.model import EndpointId, EntryId
from syncoxiders.ports.errors import StateError, StateUnavailable
from syncoxiders.ports.items import Absent, Delete, Item, Key, Put, Raced, Update

RECORD_IDS = 1_000
RECORD_BYTES = 200_000
ROUNDS = 100

LIFE = 960.0
"""Seconds after which a writer that has not taken back its announcement is dead.

A function runs for 15 minutes at most. Source:
https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html
"""


Awaited: TypeAlias = Callable[[EndpointId, Sequence[EntryId]], list[EntryId]]
"""Returns those of an endpoint's entries that a node is to get by an action that is open."""


class ChangeLogs:
    """The change logs of a sync's endpoints."""

    def __init__(self, tables: Tables, keys: Keys, awaited: Awaited) -> None:
        self._tables = tables
        self._keys = keys
        self._awaited = awaited
        self._ends: dict[EndpointId, int] = {}
        self._checked: set[EndpointId] = set()

    @contextmanager
    def announced(self, ids: Mapping[EndpointId, Sequence[EntryId]]) -> Iterator[None]:
        """Log these ids if what is done meanwhile is cut off; all else is up to who does it."""
        announced = self._announce(ids)
        try:
            yield
        except Exception:
            with suppress(StateError):  # some of it may have been written; it stays announced
                self.append(ids)
            raise
        self._take_back(announced)

    def _announce(self, ids: Mapping[EndpointId, Sequence[EntryId]]) -> list[Put]:
        until = micros(self._tables.now() + LIFE)
        puts = [
            Put(
                Item(
                    (self._keys.announced(endpoint), f"{until:016x}/{self._tables.token()}"),
                    {"ids": pack(part, compress=True)},
                )
            )
            for endpoint, each in ids.items()
            for part in _parts(each)
        ]
        put_all(self._tables.journal, puts)
        return puts

    def _take_back(self, announced: Sequence[Put]) -> None:
        if announced:
            self._tables.journal.write([Delete(put.item.key) for put in announced])

    def _make_up(self, endpoint: EndpointId) -> None:
        """Log what writers that died had announced.

        What an action has made that is still open stays announced: once it is closed it may turn
        out to be nobody's.
        """
        now = micros(self._tables.now())
        for item in self._tables.journal.query(self._keys.announced(endpoint)):
            if int(item.key[1].partition("/")[0], 16) > now:
                return
            ids = unpack_as(item.attributes.get("ids"), list[str])
            self.append({endpoint: ids})
            self._announce({endpoint: self._awaited(endpoint, ids)})
            self._tables.journal.write([Delete(item.key)])

    def append(self, touched: Mapping[EndpointId, Sequence[EntryId]]) -> None:
        """Append ids to the logs of endpoints, in order, in one record or several."""
        for endpoint, ids in touched.items():
            for part in _parts(ids):
                self._append(endpoint, pack(part, compress=True))

    def _append(self, endpoint: EndpointId, packed: bytes) -> None:
        token = self._tables.token()
        end = self._ends.get(endpoint)
        if end is None:
            end = self._end(endpoint)
        for _ in range(ROUNDS):
            end += 1
            item = Item(self._key(endpoint, end), {"ids": packed, "by": token})
            result = one(self._tables.journal.write([Put(item, Absent())]))
            # where the first answer was lost and the request made again, the record is ours
            if not isinstance(result, Raced) or (
                result.item is not None and result.item.attributes.get("by") == token
            ):
                self._ends[endpoint] = end
                return
            end = max(end, self._end(endpoint))
        self._ends.pop(endpoint, None)
        raise StateUnavailable("Others keep writing the change log; try again later.")

    def _end(self, endpoint: EndpointId) -> int:
        partition = self._keys.log(endpoint)
        for item in self._tables.journal.query(partition, backward=True, limit=1):
            return int(item.key[1], 16)
        return 0

    def read(self, endpoint: EndpointId, after: int, limit: int) -> tuple[list[EntryId], int]:
        """Return ids touched since a position, and the position reached."""
        if endpoint not in self._checked:
            self._checked.add(endpoint)
            self._make_up(endpoint)
        ids: list[EntryId] = []
        partition = self._keys.log(endpoint)
        for item in self._tables.journal.query(partition, after=_sort(after)):
            after = int(item.key[1], 16)
            packed = item.attributes.get("ids")
            if packed is not None:
                ids += unpack_as(packed, list[str])
            if len(ids) >= limit:
                break
        return ids, after

    def trim(self, endpoint: EndpointId, position: int) -> None:
        """Take note that the records up to a position may go, once enough time has passed.

        Those go of which that was noted so long ago; the note stands before all records.
        """
        journal, note = self._tables.journal, self._key(endpoint, 0)
        now = micros(self._tables.now())
        noted = journal.get([note], consistent=False).get(note)
        if noted is not None:
            if now < _number(noted, "at") + micros(LIFE):
                return
            self._drop(endpoint, _number(noted, "until"))
        if position:
            journal.write([Put(Item(note, {"until": position, "at": now}))])

    def _drop(self, endpoint: EndpointId, position: int) -> None:
        """Drop the records up to a position, but for the last one's number."""
        partition, until = self._keys.log(endpoint), _sort(position + 1)
        # what a late read does not show is dropped next time
        found: list[Item] = []
        behind = False
        for item in self._tables.journal.query(
            partition, after=_sort(0), until=until, consistent=False
        ):
            behind = int(item.key[1], 16) > position
            if behind:
                break
            found.append(item)
        if found and not behind:
            last = found.pop()
            if "ids" in last.attributes:
                self._tables.journal.write([Update(last.key, remove=("ids",))])
        if found:
            self._tables.journal.write([Delete(item.key) for item in found])

    def _key(self, endpoint: EndpointId, position: int) -> Key:
        return self._keys.log(endpoint), _sort(position)


def _sort(position: int) -> str:
    return f"{position:016x}"


def _number(item: Item, name: str) -> int:
    value = item.attributes.get(name)
    return value if isinstance(value, int) else 0


def _parts(ids: Iterable[EntryId]) -> Iterable[list[EntryId]]:
    part: list[EntryId] = []
    size = 0
    for each in ids:
        part.append(each)
        size += len(each) * 4
        if len(part) >= RECORD_IDS or size > RECORD_BYTES:
            yield part
            part, size = [], 0
    if part:
        yield part
