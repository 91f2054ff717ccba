"""What simulated storage does at its worst, and threads that keep to one order."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import Any, NamedTuple, Self

import msgspec

from syncoxiders.adapters.memory.provider import (
    MemoryFeedProvider,
    MemoryProvider,
    MemoryReader,
)
from syncoxiders.adapters.memory.provider_tree import Tree
from syncoxiders.core.model import ROOT_ENTRY, Entry, EntryId, Kind, Ref
from syncoxiders.ports.provider import Attributes, FolderDelta, Known


class Root(NamedTuple):
    """A folder that can be a storage's root, and the mark by which it is known."""

    tree: Tree
    mark: int


class FaultyProvider(MemoryProvider):
    """A memory provider whose listings may lack something, and whose files are read in pieces.

    ``omits`` chooses among all known entries what a listing lacks; None for nothing. ``aims``
    hears of the path that is about to be looked at or written to, or is being read; ``deletes``
    of the entry that is about to be deleted, all its preconditions holding; ``touches`` of each
    that was written, moved or deleted. ``shown`` holds the content of what was asked for, as it
    was the last time.
    """

    omits: Callable[[list[Entry]], Entry | None] = staticmethod(lambda _: None)
    aims: Callable[[str], None] = staticmethod(lambda _: None)
    deletes: Callable[[EntryId], None] = staticmethod(lambda _: None)
    touches: Callable[[EntryId], None] = staticmethod(lambda _: None)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.shown: dict[EntryId, bytes | None] = {}
        self._roots = 1

    def root_mark(self) -> str:
        """Return what :meth:`root` returns, asking nobody."""
        return f"{self.name}-{self._mark}"

    def put_root(self, root: Root | None = None, *, marked: bool = True) -> Root:
        """Put another folder in the root's place, or an empty one; returns the one that was there.

        An empty one that is not ``marked`` cannot be told from it.
        """
        with self._lock:
            before = Root(self._tree, self._mark)
            if root is None:
                self._roots += 1
                tree = Tree(self.quirks, self.name)
                root = Root(tree, self._roots if marked else self._mark)
            self._tree, self._mark = root
            self._tree.number_after(before.tree)
            self._late.clear()
            self.ticks += 1
            self.expire_cursors()
        return before

    def get(self, ref: Ref) -> Entry | None:
        """Return the entry as it stands now."""
        self._aim_at(ref.id)
        found = super().get(ref)
        node = self._tree.find(ref.id)
        self.shown[ref.id] = node.data if node is not None else None
        return found

    def set_meta(self, ref: Ref, version: str, attributes: Attributes) -> Entry:
        """Set modified time and executable bit."""
        self._aim_at(ref.id)
        return self._written(super().set_meta(ref, version, attributes))

    def upload(self, parent: Ref, name: str, *args: Any, **kwargs: Any) -> Entry:
        """Write content."""
        self._aim(parent, name)
        return self._written(super().upload(parent, name, *args, **kwargs))

    def make_folder(self, parent: Ref, name: str) -> Entry:
        """Create a folder."""
        self._aim(parent, name)
        return self._written(super().make_folder(parent, name))

    def move(self, ref: Ref, version: str, parent: Ref, name: str) -> Entry:
        """Bring an entry to a place where nothing stands."""
        self._aim(parent, name)
        return self._written(super().move(ref, version, parent, name))

    def delete(self, ref: Ref, version: str) -> None:
        """Delete a file, link or empty folder."""
        node = self._tree.find(ref.id)
        if node is not None and node.parent is not None and node.version == version:
            self.deletes(ref.id)
        super().delete(ref, version)
        self.touches(ref.id)

    def _written(self, entry: Entry) -> Entry:
        self.touches(entry.id)
        return entry

    def _aim(self, parent: Ref, name: str) -> None:
        folder = self._tree.find(parent.id)
        if folder is not None:
            self.aims(f"{self._tree.path_of(folder)}/{name}".removeprefix("/"))

    def _aim_at(self, entry: EntryId) -> None:
        node = self._tree.find(entry)
        if node is not None and node.kind is Kind.FILE:
            self.aims(self._tree.path_of(node))

    def read(self, ref: Ref, version: str, offset: int = 0) -> MemoryReader:
        """Begin to read the version; what is written meanwhile is in the later pieces."""
        whole = super().read(ref, version, offset)
        return _Piecemeal(self, ref, whole)

    def rescan(self, known: Known, folders: Iterable[Ref] | None = None) -> Iterator[FolderDelta]:
        """Compare, overlooking one entry and what is in it."""
        asked = None if folders is None else list(folders)
        omitted = self.omits(_entries(known, asked))
        if omitted is None:
            yield from super().rescan(known, asked)
            return
        hidden = {omitted.id, *(each.id for each in _entries(known, [Ref(omitted.id, "")]))}
        told = False
        for delta in super().rescan(known, asked):
            if delta.folder in hidden:
                continue
            if delta.folder == omitted.parent:
                told = True
                yield msgspec.structs.replace(
                    delta,
                    changed=tuple(each for each in delta.changed if each.id != omitted.id),
                    missing=(*(each for each in delta.missing if each != omitted.id), omitted.id),
                )
            else:
                yield delta
        if not told:
            yield FolderDelta(omitted.parent, missing=(omitted.id,))


class FaultyFeedProvider(FaultyProvider, MemoryFeedProvider):
    """A faulty provider that has a feed, too."""


class _Piecemeal(MemoryReader):
    """Bytes of which the later half is read when the earlier has been carried."""

    def __init__(self, storage: FaultyProvider, ref: Ref, whole: MemoryReader) -> None:
        super().__init__(storage, ref, whole.entry, whole._data)
        self._storage = storage

    def chunks(self, size: int = 1 << 20) -> Iterator[memoryview | bytes]:
        half = len(self._data) // 2
        yield self._data[:half]
        self._storage._aim_at(self._ref.id)
        node = self._storage._tree.find(self._ref.id)
        self._data = self._data[:half] + (node.data if node is not None else self._data)[half:]
        yield self._data[half:]
        whole, self._data = self._data, b""
        yield from super().chunks(size)
        self._data = whole


def _entries(known: Known, folders: list[Ref] | None) -> list[Entry]:
    """Return what is known below some folders, in a fixed order."""
    todo: list[EntryId] = [ROOT_ENTRY] if folders is None else [each.id for each in folders]
    found: dict[EntryId, Entry] = {}
    while todo:
        for entry in known.children(todo.pop()):
            if entry.id not in found:
                found[entry.id] = entry
                if entry.kind is Kind.FOLDER:
                    todo.append(entry.id)
    return sorted(found.values(), key=lambda each: each.id)


class OneAtATime:
    """An executor whose every task has ended when it was submitted, so that a seed replays."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()

    def submit(self, task: Callable[..., object], *arguments: object) -> "Future[object]":
        """Run it here and now. What kills the process kills the caller."""
        future: Future[object] = Future()
        try:
            future.set_result(task(*arguments))
        except Exception as error:  # noqa: BLE001 -- as the executor it stands for does
            future.set_exception(error)
        return future

    def shutdown(self, **_: object) -> None:
        """Nothing is left to wait for."""
