"""The hands of the people who use the drive, behind the back of whoever syncs it."""

import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from tests.emulators.onedrive.drive import Drive
from tests.emulators.onedrive.items import Item, Remote
from tests.emulators.onedrive.service import Service


class Hands(Protocol):
    """An emulator, as far as people's hands need it."""

    service: Service

    def at_work(self) -> AbstractContextManager[None]:
        """Keep requests waiting meanwhile, and tell subscribers afterwards."""


class People:
    """What people do in their OneDrive; see ``Harness`` of the provider's contract suite.

    Paths are below the folder ``root``, or, if that is "", the drive's root. There are neither
    links nor files that cannot be read.
    """

    mtime_step_ns = 1_000_000_000

    def __init__(self, emulator: "Hands", root: str) -> None:
        self._emulator = emulator
        self._root = root
        if root:
            self.make_root()

    # As everywhere

    def write(
        self, path: str, data: bytes, *, mtime_ns: int | None = None, executable: bool | None = None
    ) -> None:
        """Write in place; what it was stays as a version."""
        del executable
        with self._changing() as drive:
            item = self.find(path)
            modified = None if mtime_ns is None else _seconds(mtime_ns)
            if item is None:
                folder, name = self._place(drive, path)
                drive.add("file", folder, name, data, fs_modified=modified)
            else:
                drive.write(item, data, fs_modified=modified)

    def replace(self, path: str, data: bytes, *, mtime_ns: int | None = None) -> None:
        """Put a new item in the place; what stood there goes for good."""
        with self._changing():
            self.remove(path)
            self.write(path, data, mtime_ns=mtime_ns)

    def remove(self, path: str) -> None:
        """Remove for good, past the recycle bin."""
        with self._changing() as drive:
            item = self.find(path)
            if item is not None:
                drive.remove(item, to_bin=False)

    def rename(self, path: str, to: str) -> None:
        with self._changing() as drive:
            folder, name = self._place(drive, to)
            drive.move(self.entry(path), folder, name)

    def mkdir(self, path: str) -> None:
        with self._changing() as drive:
            self._folder(drive, path)

    def link(self, path: str, target: str) -> bool:
        del path, target
        return False

    def deny(self, path: str) -> bool:
        del path
        return False

    def lose_root(self) -> bool:
        """Delete the root folder; the drive's own root cannot be lost."""
        if not self._root:
            return False
        with self._changing() as drive:
            drive.remove(self._top(drive))
        return True

    def exchange_root(self) -> bool:
        if not self.lose_root():
            return False
        self.make_root()
        return True

    def make_root(self) -> None:
        """Make the root folder."""
        with self._changing() as drive:
            folder = drive.root
            for name in self._root.split("/"):
                folder = drive.child(folder, name) or drive.add("folder", folder, name)

    def tree(self) -> dict[str, bytes | None]:
        with self._hands() as drive:
            top = drive.walk(drive.root, self._root)
            return dict(_paths(top)) if top is not None else {}

    def kept(self) -> list[bytes]:
        with self._hands() as drive:
            return list(drive.kept())

    def catch_up(self) -> None:
        """Let listings and feed show everything."""
        self._emulator.service.thaw()

    # Only here

    def find(self, path: str) -> Item | None:
        """Return the item at a path."""
        with self._hands() as drive:
            return drive.walk(self._top(drive), path)

    def entry(self, path: str) -> Item:
        """Return the item at a path; KeyError if there is none."""
        item = self.find(path)
        if item is None:
            raise KeyError(path)
        return item

    def delete(self, path: str) -> None:
        """Move to the recycle bin."""
        with self._changing() as drive:
            drive.remove(self.entry(path))

    def restore(self, path: str) -> None:
        """Bring back the last of that path from the recycle bin; its id is the old one."""
        with self._changing() as drive:
            wanted = f"{self._top(drive).path()}/{path}"
            drive.restore(next(item for item in reversed(drive.bin) if item.path() == wanted))

    def touch(self, path: str, mtime_ns: int) -> None:
        """Give another modified time, and nothing else."""
        with self._changing() as drive:
            item = self.entry(path)
            drive.set_times(item, None, _seconds(mtime_ns))
            drive.edit(item)

    def open_document(self, path: str) -> None:
        """Have a document open in Office, so that nobody else changes, moves or deletes it."""
        self.entry(path).locked = True

    def close_document(self, path: str) -> None:
        self.entry(path).locked = False

    def add_notebook(self, path: str) -> None:
        """Make a OneNote notebook: a package with sections in it."""
        with self._changing() as drive:
            folder, name = self._place(drive, path)
            notebook = drive.add("package", folder, name)
            drive.add("file", notebook, "Open Notebook.onetoc2", b"table of contents")
            drive.add("file", notebook, "New Section.one", b"section")

    def add_shared_folder(self, path: str, files: dict[str, bytes]) -> str:
        """Add a shortcut to a folder of somebody else's drive; returns that drive's id.

        What is in it can only be reached through that drive, and is not in the feed of this one.
        """
        with self._changing() as drive:
            theirs = self._emulator.service.add_drive()
            folder, name = self._place(drive, path)
            shared = theirs.add("folder", theirs.root, name)
            for each, data in files.items():
                theirs.add("file", shared, each, data)
            drive.add("remote", folder, name, remote=Remote(theirs.id, shared))
            return theirs.id

    def stop_sharing(self, path: str) -> None:
        """Take the access to a shared folder away; the shortcut to it stays."""
        with self._hands():
            remote = self.entry(path).remote
            if remote is None:
                raise KeyError(path)
            del self._emulator.service.drives[remote.drive]

    def root_id(self) -> str:
        """Return the id of the folder that paths are below."""
        with self._hands() as drive:
            return self._top(drive).id

    # Within

    @contextlib.contextmanager
    def _hands(self) -> Iterator[Drive]:
        with self._emulator.at_work():
            yield self._emulator.service.drive

    @contextlib.contextmanager
    def _changing(self) -> Iterator[Drive]:
        with self._hands() as drive:
            self._emulator.service.lag()
            yield drive

    def _top(self, drive: Drive) -> Item:
        top = drive.walk(drive.root, self._root)
        if top is None:
            raise KeyError(self._root)
        return top

    def _folder(self, drive: Drive, path: str) -> Item:
        folder = self._top(drive)
        for name in filter(None, path.split("/")):
            folder = drive.child(folder, name) or drive.add("folder", folder, name)
        return folder

    def _place(self, drive: Drive, path: str) -> tuple[Item, str]:
        way, _, name = path.rpartition("/")
        return self._folder(drive, way), name


def _seconds(ns: int) -> float:
    """Return a time in seconds, cut to milliseconds so that no float rounds it up."""
    return ns // 1_000_000 / 1000


def _paths(folder: Item, prefix: str = "") -> Iterator[tuple[str, bytes | None]]:
    for item in folder.children.values():
        path = prefix + item.name
        if item.kind == "file":
            yield path, item.data
        elif item.kind == "folder":
            yield path, None
            yield from _paths(item, path + "/")
