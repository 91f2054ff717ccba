"""The trash: ``.syncoxiders-trash/<date>/<path>`` at the top of each file system."""

import contextlib
import itertools
import os
import re
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

from syncoxiders.adapters.providers.folder._fds import (
    FOLDER,
    Directories,
    Directory,
    Handle,
    names_in,
)
from syncoxiders.adapters.providers.folder._look import TRASH
from syncoxiders.adapters.providers.folder._place import MAX_NAME, move
from syncoxiders.core import names

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_OPEN = FOLDER | os.O_NOFOLLOW


class Kept:
    """Where something was brought in the trash: an open folder, a name, and the path of it."""

    __slots__ = ("folder", "name", "path")

    def __init__(self, folder: Handle, name: str, path: str) -> None:
        self.folder = folder
        self.name = name
        self.path = path


class Trash:
    """Keeps what was deleted, by the day and path. Raises OSError."""

    def __init__(
        self, directories: Directories, clock: Callable[[], float], retention_days: float
    ) -> None:
        self._directories = directories
        self._clock = clock
        self._retention = timedelta(days=retention_days)
        self._last: tuple[tuple[str, str, str], tuple[Handle, str]] | None = None
        self._lock = threading.Lock()

    def keep(self, directory: Directory, name: str, original: str) -> Kept:
        """Bring what stands under a name into the trash, as ``original`` of the same folder."""
        try:
            return self._keep(directory, name, original)
        except FileNotFoundError:
            # Perhaps the trash was emptied while it was open.
            self.close()
            return self._keep(directory, name, original)

    def close(self) -> None:
        """Close what is open of the trash."""
        with self._lock:
            self._last = None

    def _keep(self, directory: Directory, name: str, original: str) -> Kept:
        folder, path = self._folder(directory)
        for free in _alternatives(original):
            try:
                move(directory.fd, name, folder.fd, free)
            except FileExistsError:
                continue
            return Kept(folder, free, f"{path}/{free}")
        raise AssertionError("there is always another name")

    def _folder(self, directory: Directory) -> tuple[Handle, str]:
        """Return the trash's folder for what stood in a folder, and its path below the root."""
        top = self._top(directory)
        day = datetime.fromtimestamp(self._clock(), UTC).date().isoformat()
        key = (top.path, day, directory.path)
        with self._lock:
            if self._last is not None and self._last[0] == key:
                return self._last[1]
        inner = directory.path[len(top.path) :].strip("/")
        handle: Handle = top
        path = top.path
        for part in (TRASH, day, *(inner.split("/") if inner else ())):
            handle, name = _made(handle, part)
            path = f"{path}/{name}" if path else name
        with self._lock:
            self._last = (key, (handle, path))
        return handle, path

    def _top(self, directory: Directory) -> Directory:
        """Return the topmost folder of the file system on which a folder stands."""
        root = self._directories.root()
        if directory.dev == root.dev:
            return root
        while not directory.top and not directory.linked:
            directory = self._directories.open(directory.path.rpartition("/")[0])
        return directory

    def purge(self, tops: set[str]) -> None:
        """Remove for good what has been in the trash longer than it is to be kept."""
        self.close()
        now = datetime.fromtimestamp(self._clock(), UTC)
        for path in ("", *sorted(tops)):
            try:
                trash = Handle(os.open(TRASH, _OPEN, dir_fd=self._directories.open(path).fd))
            except OSError:
                continue  # there is none
            for name in names_in(trash.fd):
                if self._expired(name, now):
                    # What cannot be removed now, the next run tries again.
                    with contextlib.suppress(OSError):
                        remove_tree(trash.fd, name)

    def _expired(self, name: str, now: datetime) -> bool:
        if _DATE.fullmatch(name) is None:
            return False
        try:
            day = date.fromisoformat(name)
        except ValueError:
            return False
        end = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
        return now - end > self._retention


def _alternatives(name: str) -> Iterator[str]:
    yield name
    for number in itertools.count(2):
        yield names.sibling_name(name, number, max_bytes=MAX_NAME)


def _made(parent: Handle, name: str) -> tuple[Handle, str]:
    """Open a folder, made if need be, under a name or, if no folder stands there, another."""
    for free in _alternatives(name):
        with contextlib.suppress(FileExistsError):
            os.mkdir(free, 0o700, dir_fd=parent.fd)
        try:
            return Handle(os.open(free, _OPEN, dir_fd=parent.fd)), free
        except NotADirectoryError:
            continue
    raise AssertionError("there is always another name")


def remove_tree(parent: int, name: str) -> None:
    """Remove a tree, however deep, with two descriptors: what is deep is first brought up."""
    top = Handle(os.open(name, _OPEN, dir_fd=parent))
    while folders := _emptied(top.fd):
        for each in folders:
            inner = Handle(os.open(each, _OPEN, dir_fd=top.fd))
            for deep in _emptied(inner.fd):
                up = os.urandom(16).hex()
                os.rename(deep, up, src_dir_fd=inner.fd, dst_dir_fd=top.fd)
            os.rmdir(each, dir_fd=top.fd)
    os.rmdir(name, dir_fd=parent)


def _emptied(fd: int) -> list[str]:
    """Remove all files in a folder; return the folders in it."""
    folders: list[str] = []
    with os.scandir(fd) as items:
        for item in items:
            if item.is_dir(follow_symlinks=False):
                folders.append(item.name)
            else:
                os.unlink(item.name, dir_fd=fd)
    return folders
