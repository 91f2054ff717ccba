"""Which nodes stand in a folder, by the items that make them known there.

These only suggest: a node may stand elsewhere by now, and whoever reads them checks what it gets.
"""

import msgspec

from syncoxiders.adapters.items._keys import FOLDER_SHARDS, Keys, shard_of_name
from syncoxiders.adapters.items._tables import Tables
from syncoxiders.core.model import NodeId
from syncoxiders.ports.items import Item

WORTH = 32
"""So many places in a row are read at most for each name that was asked for.

A unit reads 4 KB, which is some 40 places, or one name's.
"""

FEWEST = 4 * WORTH
"""So many are read at once at least."""


class _Folder(msgspec.Struct):
    """The nodes of a folder by name, of shards that were read.

    ``asked`` is how many names were asked for, ``read`` how many places were read in a row, and
    ``vain`` how many at once were not all of a shard.
    """

    asked: int = 0
    read: int = 0
    vain: int = 0
    shards: dict[int, dict[str, list[NodeId]]] = msgspec.field(default_factory=dict)


class Folders:
    """The places of a sync's nodes. What was read stays in mind until it is :meth:`stale`."""

    def __init__(self, tables: Tables, keys: Keys) -> None:
        self._tables = tables
        self._keys = keys
        self._folders: dict[NodeId, _Folder] = {}

    def stale(self) -> None:
        """Let what was read be read again."""
        self._folders.clear()

    def nodes_in(self, parent: NodeId) -> list[NodeId]:
        """Return the nodes that are known in a folder."""
        return [
            placed_node(item)
            for shard in range(FOLDER_SHARDS)
            for item in self._tables.tree.query(self._keys.nodes_in(parent, shard))
        ]

    def named(self, parent: NodeId, name: str) -> list[NodeId]:
        """Return the nodes that are known in a folder under a name's key.

        A name costs a request, and so do some dozens that are read in a row: where many are asked
        for all of a shard is read, if it is not too large for that.
        """
        folder = self._folders.setdefault(parent, _Folder())
        shard = shard_of_name(name)
        if shard not in folder.shards:
            folder.asked += 1
            self._read(parent, shard, folder)
        if shard in folder.shards:
            return folder.shards[shard].get(name, [])
        found = self._tables.tree.query(self._keys.nodes_in(parent, shard), prefix=f"{name}/")
        return list(map(placed_node, found))

    def _read(self, parent: NodeId, shard: int, folder: _Folder) -> None:
        """Read a shard, if as much is left to be read as it may have."""
        limit = folder.asked * WORTH - folder.read
        if limit < max(FEWEST, 2 * folder.vain):
            return
        found = list(self._tables.tree.query(self._keys.nodes_in(parent, shard), limit=limit))
        folder.read += len(found)
        if len(found) == limit:
            folder.vain = limit
            return
        ids = folder.shards[shard] = {}
        for item in found:
            ids.setdefault(item.key[1].partition("/")[0], []).append(placed_node(item))


def placed_node(item: Item) -> NodeId:
    """Return which node an item makes known."""
    return int(item.key[1].rsplit("/", 1)[1], 16)
