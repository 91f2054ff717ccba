"""Open folders: descriptors by path, found name by name so that no link leads astray."""

import os
import threading
from collections.abc import Callable
from errno import ELOOP, ENOTDIR

from syncoxiders.core.model import ROOT_ENTRY, EntryId
from syncoxiders.ports.errors import RootLost

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_NO_LINK = FOLDER | os.O_NOFOLLOW
_LONGEST = 4000
"""Paths up to this many characters may be given to the system at once (PATH_MAX is 4,096 bytes)."""


class Handle:
    """A descriptor that lives as long as somebody holds the object."""

    __slots__ = ("fd",)

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def __del__(self) -> None:
        os.close(self.fd)


class Directory(Handle):
    """An open folder.

    ``path`` is where it was found, below the root; ``top`` says that a file system begins here;
    ``linked`` that it was reached through a symbolic link. ``id`` is its entry id. ``suffix`` is
    a note of :class:`._identity.Identity`'s.
    """

    __slots__ = ("dev", "id", "ino", "linked", "path", "suffix", "top")

    def __init__(
        self, fd: int, path: str, st: os.stat_result, entry: EntryId, *, top: bool, linked: bool
    ) -> None:
        super().__init__(fd)
        self.path = path
        self.id = entry
        self.ino = st.st_ino
        self.dev = st.st_dev
        self.top = top
        self.linked = linked
        self.suffix: str | None = None

    def below(self, name: str) -> str:
        """Return the path of what stands in this folder under a name."""
        return f"{self.path}/{name}" if self.path else name


Identify = Callable[[int, os.stat_result, str, bool], EntryId]
"""Return a folder's id from its descriptor, status, path, and whether a link led there."""


class Directories:
    """The folders below one root that are open, the first opened closed first.

    Raises RootLost where the root is not there, and OSError for everything else.
    """

    def __init__(self, root: str, identify: Identify, *, follow: bool, room: int = 96) -> None:
        self.root_path = root
        self._identify = identify
        self._follow = follow
        self._room = room
        self._open: dict[str, Directory] = {}
        self._lock = threading.Lock()

    def clear(self) -> None:
        """Close everything that is not in use."""
        with self._lock:
            self._open.clear()

    def forget(self, path: str) -> None:
        """Close a folder and all below it that is not in use: it was moved or deleted."""
        below = path + "/"
        with self._lock:
            for each in [each for each in self._open if each == path or each.startswith(below)]:
                del self._open[each]

    def root(self) -> Directory:
        """Return the root."""
        return self._open.get("") or self._open_root()

    def open(self, path: str) -> Directory:
        """Return a folder that stood at the path when it was last opened."""
        directory = self._open.get(path)
        if directory is not None:
            return directory
        missing: list[str] = []
        while directory is None and path:
            path, _, name = path.rpartition("/")
            missing.append(name)
            directory = self._open.get(path)
        if directory is None:
            directory = self._open_root()
        while missing:
            directory = self.child(directory, missing.pop())
        return directory

    def current(self, path: str) -> Directory:
        """Return the folder that stands at the path now."""
        directory = self.open(path)
        if self.is_current(directory):
            return directory
        self.clear()
        return self.open(path)

    def is_current(self, directory: Directory) -> bool:
        """Say whether the folder still stands where it was found."""
        place = f"{self.root_path}/{directory.path}" if directory.path else self.root_path
        try:
            if len(place) <= _LONGEST:
                follow = directory.linked or not directory.path
                st = os.stat(place, follow_symlinks=follow)  # noqa: PTH116 -- pathlib is slow here
            else:
                st = os.fstat(self._walk(directory.path).fd)
        except OSError:
            return False
        return st.st_ino == directory.ino and st.st_dev == directory.dev

    def _walk(self, path: str) -> Directory:
        """Open a path from the root on, without looking at what is open."""
        directory = self._open_root()
        for name in path.split("/"):
            directory = self.child(directory, name)
        return directory

    def child(self, parent: Directory, name: str, entry: EntryId = "") -> Directory:
        """Open a folder in a folder; ``entry`` is its id where that was just found out."""
        linked = parent.linked
        try:
            fd = os.open(name, _NO_LINK, dir_fd=parent.fd)
        except NotADirectoryError:
            # Linux says so of a link too.
            fd = self._through_link(parent, name)
            linked = True
        except OSError as exc:
            if exc.errno != ELOOP:
                raise
            fd = self._through_link(parent, name)
            linked = True
        return self._adopt(fd, parent.below(name), parent, linked=linked, entry=entry)

    def _through_link(self, parent: Directory, name: str) -> int:
        if not self._follow or parent.linked:
            raise NotADirectoryError(ENOTDIR, "no folder stands there any more", name)
        fd = os.open(name, FOLDER, dir_fd=parent.fd)
        if self.leads_back(fd, parent):
            os.close(fd)
            raise NotADirectoryError(ENOTDIR, "the link leads back into the synced folder", name)
        return fd

    def leads_back(self, fd: int, parent: Directory) -> bool:
        """Say whether a folder stands in the root, holds it, or holds ``parent``."""
        return self._stands_in(fd, self.root().fd) or self._stands_in(parent.fd, fd)

    @staticmethod
    def _stands_in(inner: int, outer: int) -> bool:
        """Say whether a folder is another or stands anywhere in it."""
        wanted = os.fstat(outer)
        fd = os.open(".", FOLDER, dir_fd=inner)
        try:
            while True:
                here = os.fstat(fd)
                if os.path.samestat(here, wanted):
                    return True
                up = os.open("..", FOLDER, dir_fd=fd)
                os.close(fd)
                fd = up
                if os.path.samestat(os.fstat(fd), here):
                    return False
        finally:
            os.close(fd)

    def _open_root(self) -> Directory:
        try:
            fd = os.open(self.root_path, FOLDER)
        except OSError as exc:
            raise RootLost(f"{self.root_path}: {exc.strerror}") from exc
        return self._adopt(fd, "", None, linked=False, entry=ROOT_ENTRY)

    def _adopt(
        self, fd: int, path: str, parent: Directory | None, *, linked: bool, entry: EntryId
    ) -> Directory:
        try:
            st = os.fstat(fd)
            top = parent is None or st.st_dev != parent.dev
            entry = entry or self._identify(fd, st, path, linked)
        except BaseException:
            os.close(fd)
            raise
        directory = Directory(fd, path, st, entry, top=top, linked=linked)
        with self._lock:
            self._open[path] = directory
            if len(self._open) > self._room:
                del self._open[next(iter(self._open))]
        return directory


def names_in(fd: int) -> list[str]:
    """Return the names in an open folder."""
    return os.listdir(fd)
