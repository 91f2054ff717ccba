"""The storage behind a memory provider: a tree, what it kept, and how late it tells of changes."""

import re
import threading

import msgspec
from msgspec import structs

from syncoxiders.adapters.memory.provider_tree import Tree, TreeNode
from syncoxiders.adapters.memory.quirks import Quirks
from syncoxiders.core.model import Entry, EntryId, Kind
from syncoxiders.ports.clock import Clock
from syncoxiders.ports.errors import CursorExpired, Occupied, Vanished
from syncoxiders.ports.provider import Change, Page


class Late(msgspec.Struct, frozen=True):
    """What listings show of a node until ``until``; None while they do not know it yet."""

    shown: Entry | None
    until: int


class Moment(msgspec.Struct, frozen=True):
    """An event of the feed: which id was touched at which path, and from when on it shows."""

    entry: EntryId
    path: str
    shows: int


class Storage:
    """What both the provider and the people who use it work on.

    ``ticks`` counts what has happened here: calls of the provider and deeds of people.
    """

    def __init__(self, quirks: Quirks, clock: Clock, name: str) -> None:
        self.quirks = quirks
        self.clock = clock
        self.ticks = 0
        self.wrote: set[bytes] = set()
        self.destroyed: set[bytes] = set()
        self._tree = Tree(quirks, name)
        self._lock = threading.RLock()
        self._trash: list[bytes] = []
        self._stranded: list[bytes] = []
        self._versions: list[bytes] = []
        self._late: dict[TreeNode, Late] = {}
        self._events: list[Moment] = []
        self._epoch = 1  # of the feed's cursors
        self._mark = 1  # of the root
        self._mounted = True

    def _time(self, mtime_ns: int | None) -> int:
        """Return the modified time that was asked for, or now where none can be had."""
        if mtime_ns is not None and self.quirks.traits.keeps_mtime:
            return mtime_ns
        return int(self.clock.now() * 1_000_000_000)

    # What people do

    def _standing(self, path: str) -> TreeNode:
        node = self._tree.walk(path)
        if node is None or node is self._tree.root:
            raise Vanished(f"nothing stands at {path!r}")
        return node

    def _folder(self, path: str) -> TreeNode:
        folder = self._tree.root
        for name in path.split("/") if path else ():
            inner = self._tree.lookup(folder, name)
            if inner is None:
                self._tree.check_name(name)
                inner = self._tree.new(Kind.FOLDER)
                self._tree.attach(inner, folder, name)
                self._tell_of_new(inner)
            elif inner.kind is not Kind.FOLDER:
                raise Occupied(f"{name} in {path} is no folder")
            folder = inner
        return folder

    def _place(
        self,
        path: str,
        kind: Kind,
        data: bytes,
        mtime_ns: int | None = None,
        executable: bool | None = None,
    ) -> Entry:
        folder_path, _, name = path.rpartition("/")
        self._tree.check_name(name)
        folder = self._folder(folder_path)
        node = self._tree.new(kind)
        self._fill(node, data, mtime_ns, executable)
        self._tree.attach(node, folder, name)
        self._tell_of_new(node)
        return self._tree.entry_of(node)

    def _fill(
        self, node: TreeNode, data: bytes, mtime_ns: int | None, executable: bool | None
    ) -> None:
        self._tree.fill(node, data, self._time(mtime_ns), executable)
        if node.kind is Kind.FILE:
            self.wrote.add(data)
            self.destroyed.discard(data)

    def _destroy(self, node: TreeNode) -> None:
        if node.kind is Kind.FILE:
            self.destroyed.add(node.data)

    def _take_out(self, node: TreeNode) -> None:
        for each in self._tree.below(node):
            self._destroy(each)
            self._delay(each)
        self._tell_of_deleted(node)
        self._tree.detach(node)

    def _carry(self, node: TreeNode, folder: TreeNode, name: str) -> None:
        for each in self._renamed(node):
            self._delay(each)
        self._shift(node, folder, name, shows=self._later())

    def _shift(self, node: TreeNode, folder: TreeNode, name: str, *, shows: int) -> None:
        """Bring a node to a free place; the feed tells of every id that this makes or ends."""
        renamed = self._renamed(node)
        if self.quirks.feed.paths:
            renamed = list(self._tree.below(node))
        if self.quirks.feed.paths or not self._tree.traits.stable_ids:
            for each in renamed:
                self._tell(each, shows=shows)
        self._tree.relocate(node, folder, name)
        for each in renamed:
            self._tell(each, shows=shows)

    def _renamed(self, node: TreeNode) -> list[TreeNode]:
        return [node] if self._tree.traits.stable_ids else list(self._tree.below(node))

    # Telling of it, late

    def _later(self) -> int:
        return self.ticks + self.quirks.lag

    def _tell(self, node: TreeNode, *, shows: int) -> None:
        self._events.append(Moment(self._tree.id_of(node), self._tree.path_of(node), shows))

    def _tell_of_new(self, node: TreeNode) -> None:
        if self.quirks.lag:
            self._late[node] = Late(None, self._later())
        self._tell(node, shows=self._later())

    def _tell_of_deleted(self, node: TreeNode, *, shows: int | None = None) -> None:
        feed = self.quirks.feed
        if feed.deletes == "none":
            return
        for each in self._tree.below(node) if feed.deletes == "all" or feed.paths else (node,):
            self._tell(each, shows=self._later() if shows is None else shows)

    def _delay(self, node: TreeNode) -> None:
        """Before a person changes a node: listings go on showing it as they do now."""
        if self.quirks.lag:
            late = self._late.get(node)
            is_late = late is not None and late.until > self.ticks
            shown = late.shown if late is not None and is_late else self._tree.entry_of(node)
            self._late[node] = Late(shown, self._later())

    def _listing(self, folder: TreeNode, folder_id: EntryId) -> list[tuple[Entry, TreeNode]]:
        """Return what a listing shows in a folder, which it knows by this id."""
        entry_of = self._tree.entry_of
        if self._late:
            self._late = {n: late for n, late in self._late.items() if late.until > self.ticks}
        late = self._late
        shown = [(entry_of(n), n) for n in folder.children.values() if n not in late]
        for node, seen in late.items():
            if seen.shown is not None and seen.shown.parent == folder_id:
                shown.append((seen.shown, node))
        return shown

    def _cursor(self, first: int, position: int) -> str:
        return f"{self._epoch}:{first}:{position}"

    def _tell_of_renamed(self) -> None:
        """Tell of what is shown under another name since something else came or went."""
        for node in self._tree.renamed:
            if self._tree.is_live(node):
                self._tell(node, shows=self.ticks)
        self._tree.renamed.clear()

    def _first_untold(self) -> int:
        """Return the position before which everything shows, in listings as well."""
        self._tell_of_renamed()
        untold = (i for i, moment in enumerate(self._events) if moment.shows > self.ticks)
        return next(untold, len(self._events))

    def _page(self, cursor: str) -> Page:
        match = re.fullmatch(r"(\d+):(\d+):(\d+)", cursor)
        if match is None or match[1] != str(self._epoch):
            raise CursorExpired("the feed does not go back that far")
        self._tell_of_renamed()
        first, start = int(match[2]), int(match[3])
        feed = self.quirks.feed
        end = len(self._events)
        stop = min(start + feed.page_size, end)
        while stop > start and self._events[stop - 1].shows > self.ticks:
            stop -= 1
        told = self._events[max(first, start - feed.repeats) : stop]
        changes = self._by_path(told) if feed.paths else self._by_id(told)
        return Page(
            cursor=self._cursor(first, stop),
            more=stop < end and self._events[stop].shows <= self.ticks,
            changes=tuple(changes),
        )

    def _by_id(self, told: list[Moment]) -> list[Change]:
        """Return what became of each id."""
        feed = self.quirks.feed
        changes: list[Change] = []
        for entry_id in dict.fromkeys(moment.entry for moment in told):
            node = self._tree.find(entry_id)
            if node is not None:
                changes.append(Change(self._tree.entry_of(node)))
            elif feed.deletes != "none":
                changes.append(Change(id=entry_id))
        return changes[::-1] if feed.backwards else changes

    def _by_path(self, told: list[Moment]) -> list[Change]:
        """Return what stands at each path by now; of what is gone, the topmost folder."""
        changes: list[Change] = []
        for moment in told:
            node = self._tree.walk(moment.path)
            folder = self._tree.walk(moment.path.rpartition("/")[0])
            if node is None and folder is not None:
                changes.append(Change(path=moment.path))
            elif node is not None and self._tree.id_of(node) == moment.entry:
                entry = structs.replace(self._tree.entry_of(node), parent="")
                changes.append(Change(entry, path=self._tree.path_of(node)))
        return changes
