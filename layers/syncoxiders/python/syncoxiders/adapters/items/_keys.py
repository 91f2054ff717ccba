"""Under which keys the items of a sync lie.

Every partition key begins with the owner and the sync. What may be many is spread over shards, so
that no partition is hot; a full read asks for all of them.
"""

import functools
import hashlib
import urllib.parse
import zlib

from syncoxiders.core.model import EndpointId, EntryId, NodeId
from syncoxiders.ports.items import Key

SHARDS = 16
"""The nodes of a sync, and the entries of an endpoint, lie in so many partitions."""

RUN = 64
"""So many nodes that were made one after the other lie in one shard, to be read in a row."""

FOLDER_SHARDS = 4
"""What names stand in one folder lies in so many partitions."""

_PLAIN = 64
"""An id of up to so many characters is a key; a longer one is known by its digest."""

_SAFE = "!$&'()*+,-./:;=?@_~ "


@functools.lru_cache(1024)
def escaped(text: str) -> str:
    """Return a text that holds no ``#``, and is valid Unicode, for a part of a key."""
    return urllib.parse.quote(text, safe=_SAFE, errors="surrogatepass")


def digest(text: str, size: int) -> str:
    """Return a digest of any text, twice ``size`` hex digits long."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size).hexdigest()


def sort_key(entry: EntryId) -> str:
    """Return the sort key of an entry: its id behind ``=``, or a digest behind ``#``."""
    if len(entry) <= _PLAIN and entry.isascii() and entry.isprintable():
        return f"={entry}"
    return f"#{digest(entry, 16)}"


def name_key(key: str) -> str:
    """Return what a name's ``names.key`` is looked up by; readers check what they find."""
    return digest(key, 8)


def node_sort(node: NodeId) -> str:
    """Return the sort key of a node."""
    return f"{node:016x}"


def entry_shard(sort: str) -> int:
    """Return the shard that an entry of this sort key lies in."""
    return zlib.crc32(sort.encode()) % SHARDS


class Keys:
    """The keys of one owner's sync."""

    __slots__ = ("_sync",)

    def __init__(self, owner: str, name: str) -> None:
        self._sync = f"{escaped(owner)}#{escaped(name)}"

    # -- tree ----------------------------------------------------------------------------------

    def nodes(self, shard: int) -> str:
        """Return the partition of a shard of nodes."""
        return f"{self._sync}#n#{shard:x}"

    def node(self, node: NodeId) -> Key:
        """Return the key of a node."""
        return self.nodes(node // RUN % SHARDS), node_sort(node)

    def entries(self, endpoint: EndpointId, shard: int) -> str:
        """Return the partition of a shard of entries."""
        return f"{self._sync}#e#{escaped(endpoint)}#{shard:x}"

    def entry(self, endpoint: EndpointId, sort: str) -> Key:
        """Return the key of the entry that has a sort key."""
        return self.entries(endpoint, entry_shard(sort)), sort

    def nodes_in(self, parent: NodeId, shard: int) -> str:
        """Return the partition of a shard of the places in a node."""
        return f"{self._sync}#np#{parent:x}#{shard}"

    def entries_in(self, endpoint: EndpointId, folder: EntryId, shard: int) -> str:
        """Return the partition of a shard of the places in an entry."""
        return f"{self._sync}#ep#{escaped(endpoint)}#{escaped(sort_key(folder))}#{shard}"

    def losers(self) -> str:
        """Return the partition of the places of kept losers of conflicts."""
        return f"{self._sync}#nc"

    # -- journal -------------------------------------------------------------------------------

    def log(self, endpoint: EndpointId) -> str:
        """Return the partition of an endpoint's change log."""
        return f"{self._sync}#log#{escaped(endpoint)}"

    def announced(self, endpoint: EndpointId) -> str:
        """Return the partition of what is about to go into an endpoint's change log."""
        return f"{self._sync}#announced#{escaped(endpoint)}"

    def head(self, name: str) -> Key:
        """Return the key of something that a sync has one of."""
        return f"{self._sync}#head", name

    def count(self, endpoint: EndpointId) -> Key:
        """Return the key of the count of an endpoint's entries."""
        return f"{self._sync}#count", escaped(endpoint) or "#"

    def losses(self) -> str:
        """Return the partition of what was deleted or overwritten, by its time."""
        return f"{self._sync}#loss"

    def batches(self) -> str:
        """Return the partition of batches."""
        return f"{self._sync}#batch"

    def runs(self) -> str:
        """Return the partition of runs."""
        return f"{self._sync}#run"

    def events(self, run: int) -> str:
        """Return the partition of a run's log."""
        return f"{self._sync}#event#{run:x}"

    def texts(self) -> str:
        """Return the partition of texts."""
        return f"{self._sync}#text"


def shard_of_name(name: str) -> int:
    """Return the shard that a :func:`name_key` lies in."""
    return int(name[0], 16) % FOLDER_SHARDS
