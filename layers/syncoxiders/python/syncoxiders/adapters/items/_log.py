"""The change log of an endpoint: records without gaps, each put at the end plus one.

A record holds up to a thousand touched ids; its number is the position. The last record stays
when the log is trimmed, without its ids, so that positions never begin anew.
"""

from collections.abc import Iterable, Sequence

from syncoxiders.adapters.items._codec import pack, unpack_as
from syncoxiders.adapters.items._keys import Keys
from syncoxiders.adapters.items._tables import Tables, one
from syncoxiders.core.model import EndpointId, EntryId
from syncoxiders.ports.errors import StateUnavailable
from syncoxiders.ports.items import Absent, Delete, Item, Key, Put, Raced, Update

RECORD_IDS = 1_000
RECORD_BYTES = 200_000
ROUNDS = 100


class ChangeLogs:
    """The change logs of a sync's endpoints."""

    def __init__(self, tables: Tables, keys: Keys) -> None:
        self._tables = tables
        self._keys = keys
        self._ends: dict[EndpointId, int] = {}

    def append(self, endpoint: EndpointId, ids: Sequence[EntryId]) -> None:
        """Append ids, in order, in one record or several."""
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
        self._ends.pop(endpoint, None)
        raise StateUnavailable("Others keep writing the change log; try again later.")

    def _end(self, endpoint: EndpointId) -> int:
        partition = self._keys.log(endpoint)
        for item in self._tables.journal.query(partition, backward=True, limit=1):
            return int(item.key[1], 16)
        return 0

    def read(self, endpoint: EndpointId, after: int, limit: int) -> tuple[list[EntryId], int]:
        """Return ids touched since a position, and the position reached."""
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
        """Drop the records up to a position, but for the last one's number."""
        partition = self._keys.log(endpoint)
        # what a late read does not show is dropped next time
        found: list[Item] = []
        behind = False
        for item in self._tables.journal.query(partition, consistent=False):
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
