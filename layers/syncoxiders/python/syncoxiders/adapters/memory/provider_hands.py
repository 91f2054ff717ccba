"""What people do to a memory provider's storage, behind the adapter's back."""

from collections.abc import Mapping

from syncoxiders.adapters.memory.provider_storage import Storage
from syncoxiders.core.model import Entry, Kind, Ref
from syncoxiders.ports.errors import Occupied


class Hands(Storage):
    """The storage as the people who use it see it.

    Their hands ask for no precondition. What they write and destroy is remembered, so that
    :func:`lost` can tell whether it can still be reached. Paths are below the root; folders
    that are lacking are made.
    """

    # People's hands

    def write(
        self,
        path: str,
        data: bytes,
        *,
        mtime_ns: int | None = None,
        executable: bool | None = None,
    ) -> Entry:
        """Write in place: the entry keeps its id and gets a new version."""
        with self._lock:
            self.ticks += 1
            node = self._tree.walk(path)
            if node is not None and node.kind is Kind.FILE:
                self._delay(node)
                self._destroy(node)
                if executable is None:
                    executable = node.executable
                self._fill(node, data, mtime_ns, executable)
                self._tell(node, shows=self._later())
                return self._tree.entry_of(node)
            if node is not None and node.kind is Kind.LINK:
                self._take_out(node)
            return self._place(path, Kind.FILE, data, mtime_ns, executable)

    def add(self, path: str, data: bytes, *, mtime_ns: int | None = None) -> Entry:
        """Write a new file, even where one of the same name stands, if duplicates may be."""
        with self._lock:
            self.ticks += 1
            return self._place(path, Kind.FILE, data, mtime_ns, None)

    def namesakes(self, path: str) -> int:
        """Return how many entries have the name of one that stands at a path."""
        with self._lock:
            node = self._standing(path)
            children = node.parent.children.values() if node.parent is not None else ()
            return sum(each.stored == node.stored for each in children)

    def replace(self, path: str, data: bytes, *, mtime_ns: int | None = None) -> Entry:
        """Write as editors do, to a new file that takes the place: it has a new id."""
        with self._lock:
            self.ticks += 1
            old = self._tree.walk(path)
            if old is not None and old.kind is Kind.FOLDER:
                raise Occupied(f"{path} is a folder")
            executable = None
            if old is not None:
                executable = old.executable
                self._take_out(old)
            return self._place(path, Kind.FILE, data, mtime_ns, executable)

    def link(self, path: str, target: str) -> Entry:
        """Make a symbolic link."""
        with self._lock:
            self.ticks += 1
            return self._place(path, Kind.LINK, target.encode("utf-8", "surrogateescape"))

    def mkdir(self, path: str) -> Entry:
        """Make a folder, unless it is there already."""
        with self._lock:
            self.ticks += 1
            return self._tree.entry_of(self._folder(path))

    def bring(self, path: str, content: Mapping[str, bytes]) -> Entry:
        """Bring in a folder from outside the root, with files at paths below it.

        A feed of ids tells of the folder alone: nothing has become of what is in it.
        """
        with self._lock:
            self.ticks += 1
            folder = self._folder(path)
            told = len(self._events)
            for each, data in content.items():
                self._place(f"{path}/{each}", Kind.FILE, data)
            if not self.quirks.feed.paths:
                del self._events[told:]
            return self._tree.entry_of(folder)

    def remove(self, path: str) -> None:
        """Remove for good what stands there, with everything in it."""
        with self._lock:
            self.ticks += 1
            self._take_out(self._standing(path))

    def rename(self, path: str, to: str) -> Entry:
        """Bring what stands at a path to another, replacing a file that stands there."""
        with self._lock:
            self.ticks += 1
            node = self._standing(path)
            folder_path, _, name = to.rpartition("/")
            self._tree.check_name(name)
            folder = self._folder(folder_path)
            if self._tree.is_inside(folder, node):
                raise Occupied(f"{to} is inside {path}")
            standing = self._tree.lookup(folder, name)
            if standing is not None and standing is not node:
                if standing.kind is Kind.FOLDER:
                    raise Occupied(f"{to} is a folder")
                self._take_out(standing)
            self._carry(node, folder, name)
            return self._tree.entry_of(node)

    def chmod(self, path: str, *, executable: bool) -> Entry:
        """Set or clear the executable bit."""
        with self._lock:
            self.ticks += 1
            node = self._standing(path)
            self._delay(node)
            self._tree.fill(node, node.data, node.mtime_ns, executable)
            self._tell(node, shows=self._later())
            return self._tree.entry_of(node)

    def deny(self, path: str, *, denied: bool = True) -> None:
        """Make what stands there unreadable, or readable again."""
        with self._lock:
            self.ticks += 1
            self._standing(path).denied = denied

    def lose_root(self) -> None:
        """Unmount the storage: its root is missing until :meth:`return_root`."""
        with self._lock:
            self.ticks += 1
            self._mounted = False

    def return_root(self) -> None:
        """Mount the storage again."""
        with self._lock:
            self.ticks += 1
            self._mounted = True

    def exchange_root(self) -> None:
        """Put another, empty folder in the root's place."""
        with self._lock:
            self.ticks += 1
            self._mark += 1
            for node in list(self._tree.root.children.values()):
                self._take_out(node)

    # What can be seen

    def tree(self) -> dict[str, bytes | None]:
        """Return every path and its bytes, a link's target, or None for a folder."""
        with self._lock:
            nodes = self._tree.below(self._tree.root)
            next(nodes)
            return {
                self._tree.path_of(node): None if node.kind is Kind.FOLDER else node.data
                for node in nodes
            }

    def entry(self, path: str) -> Entry:
        """Return the entry at a path; raises Vanished."""
        with self._lock:
            return self._tree.entry_of(self._standing(path))

    def ref(self, path: str) -> Ref:
        """Return how the engine names what stands at a path; raises Vanished."""
        with self._lock:
            node = self._standing(path)
            return Ref(self._tree.id_of(node), self._tree.path_of(node))

    def trash(self) -> list[bytes]:
        """Return what the provider's own deletions kept."""
        with self._lock:
            return list(self._trash)

    def versions(self) -> list[bytes]:
        """Return what the provider's own replacements kept."""
        with self._lock:
            return list(self._versions)

    def stranded(self) -> list[bytes]:
        """Return what was destroyed and could not be put back, since people were at it by then."""
        with self._lock:
            return list(self._stranded)

    def reachable(self) -> set[bytes]:
        """Return every byte string that a person could still get at here."""
        with self._lock:
            below = self._tree.below(self._tree.root)
            held = {node.data for node in below if node.kind is not Kind.FOLDER}
            return held.union(self._trash, self._versions)

    def expire_cursors(self) -> None:
        """Let the feed forget what it was; cursors given out so far are refused."""
        with self._lock:
            self._epoch += 1

    def catch_up(self) -> None:
        """Let listings and feed show everything that has happened."""
        with self._lock:
            self.ticks += self.quirks.lag


def lost(*providers: Hands) -> set[bytes]:
    """Return what people wrote, none of them destroyed, and nobody can reach any more.

    It speaks of byte strings: a test that wants to be sure writes no content twice.
    """
    missing: set[bytes] = set()
    for provider in providers:
        missing |= provider.wrote
    for provider in providers:
        missing -= provider.destroyed
        missing -= provider.reachable()
    return missing
