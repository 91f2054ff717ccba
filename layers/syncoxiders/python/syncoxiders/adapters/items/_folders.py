"""What stands in a folder, by the items that make it known there.

These only suggest: it may stand elsewhere by now, and whoever reads them checks what it gets.
"""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from syncoxiders.adapters.items._keys import FOLDER_SHARDS, shard_of_name
from syncoxiders.adapters.items._tables import Tables
from syncoxiders.ports.items import Item

WORTH = 32
"""So many places in a row are read at most for each name that was asked for.

A unit reads 4 KB, which is some 40 places, or one name's.
"""

FEWEST = 4 * WORTH
"""So many are read at once at least."""

F = TypeVar("F", bound=Hashable)
T = TypeVar("T")


class _Folder(Generic[T]):
    """What stands in a folder by name, of shards that were read.

    ``asked`` is how many names were asked for, ``read`` how many places were read in a row, and
    ``vain`` how many at once were not all of a shard.
    """

    __slots__ = ("asked", "read", "shards", "vain")

    def __init__(self) -> None:
        self.asked = self.read = self.vain = 0
        self.shards: dict[int, dict[str, list[T]]] = {}


class Folders(Generic[F, T]):
    """The places in folders. What was read stays in mind until it is :meth:`stale`.

    ``partition`` returns where a shard of a folder lies, ``placed`` what an item makes known.
    """

    def __init__(
        self, tables: Tables, partition: Callable[[F, int], str], placed: Callable[[Item], T]
    ) -> None:
        self._tables = tables
        self._partition = partition
        self._placed = placed
        self._folders: dict[F, _Folder[T]] = {}

    def stale(self) -> None:
        """Let what was read be read again."""
        self._folders.clear()

    def inside(self, parent: F) -> list[T]:
        """Return what is known in a folder."""
        return [
            self._placed(item)
            for shard in range(FOLDER_SHARDS)
            for item in self._tables.tree.query(self._partition(parent, shard))
        ]

    def named(self, parent: F, name: str) -> list[T]:
        """Return what is known in a folder under a name's key, as it is now."""
        partition = self._partition(parent, shard_of_name(name))
        return list(map(self._placed, self._tables.tree.query(partition, prefix=f"{name}/")))

    def named_lately(self, parent: F, name: str) -> list[T]:
        """Return what is known in a folder under a name's key, as it was when it was read.

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
        return self.named(parent, name)

    def _read(self, parent: F, shard: int, folder: _Folder[T]) -> None:
        """Read a shard, if as much is left to be read as it may have."""
        limit = folder.asked * WORTH - folder.read
        if limit < max(FEWEST, 2 * folder.vain):
            return
        found = list(self._tables.tree.query(self._partition(parent, shard), limit=limit))
        folder.read += len(found)
        if len(found) == limit:
            folder.vain = limit
            return
        names = folder.shards[shard] = {}
        for item in found:
            names.setdefault(item.key[1].partition("/")[0], []).append(self._placed(item))
