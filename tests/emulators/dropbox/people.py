"""The hands of the people who use the Dropbox, behind the back of every app."""

from typing import TYPE_CHECKING

from tests.emulators.dropbox import paths
from tests.emulators.dropbox.tree import File, Folder, Node

if TYPE_CHECKING:
    from tests.emulators.dropbox.emulator import DropboxEmulator


class People:
    """What people do and see. Paths are below ``root``; folders that are lacking are made.

    These are the hands that the provider contract's harness asks for, and those for what only
    Dropbox has, whose ``outside`` paths are from the account's root.
    """

    mtime_step_ns = 1_000_000_000
    touching_is_a_change = True

    def __init__(self, emulator: "DropboxEmulator", root: str) -> None:
        self.root = root
        self._emulator = emulator
        self._tree = emulator.tree
        self._left: dict[str, Folder] = {}
        if root:
            self._tree.make_folder(root)

    def write(
        self, path: str, data: bytes, *, mtime_ns: int | None = None, executable: bool | None = None
    ) -> None:
        """Write in place: the file keeps its id and gets a new revision."""
        del executable  # Dropbox keeps none
        with self._emulator.acting():
            self._tree.write(self._at(path), data, _seconds(mtime_ns))

    def replace(self, path: str, data: bytes, *, mtime_ns: int | None = None) -> None:
        """Write as editors do: a new file, with a new id, takes the place."""
        with self._emulator.acting():
            standing = self._tree.find(self._at(path))
            if standing is not None:
                self._tree.delete(standing)
            self._tree.write(self._at(path), data, _seconds(mtime_ns))

    def remove(self, path: str) -> None:
        """Remove what stands there, with everything in it."""
        with self._emulator.acting():
            self._tree.delete(self._standing(path))

    def rename(self, path: str, to: str) -> None:
        """Bring what stands there to another place, replacing a file that stands there."""
        with self._emulator.acting():
            self._bring(self._standing(path), self._at(to))

    def mkdir(self, path: str) -> None:
        """Make a folder, unless it is there already."""
        with self._emulator.acting():
            if self._tree.find(self._at(path)) is None:
                self._tree.make_folder(self._at(path))

    def link(self, path: str, target: str) -> bool:
        """Dropbox's API makes no symbolic links."""
        del path, target
        return False

    def deny(self, path: str) -> bool:
        """In a Dropbox of one's own everything can be read."""
        del path
        return False

    def lose_root(self) -> bool:
        """Delete the root folder; the account's own root cannot be lost."""
        if not self.root:
            return False
        self.remove("")
        return True

    def exchange_root(self) -> bool:
        """Put another, empty folder in the root's place."""
        if not self.root:
            return False
        with self._emulator.acting():
            self._tree.delete(self._standing(""))
            self._tree.make_folder(self.root)
        return True

    def tree(self) -> dict[str, bytes | None]:
        """Return every path and its bytes, or None for a folder."""
        with self._emulator.lock:
            root = self._tree.find(self.root)
            if not isinstance(root, Folder):
                return {}
            cut = len(root.path) + 1
            return {
                node.path[cut:]: node.current.data if isinstance(node, File) else None
                for node in root.all()
            }

    def kept(self) -> list[bytes]:
        """Return the contents of deleted files and of past revisions, which can be restored."""
        with self._emulator.lock:
            nodes = [*self._tree.by_id.values()]
            for folder in self._left.values():
                nodes += folder.all()
            live = {node.current.rev for node in nodes if isinstance(node, File)}
            return [
                revision.data
                for revision in self._tree.by_rev.values()
                if revision.rev not in live and not revision.carried
            ]

    def catch_up(self) -> None:
        """Let listings and feed show everything that was done."""
        self._emulator.listing.thaw()

    # What only Dropbox has

    def add_paper(self, path: str, markdown: bytes) -> None:
        """Make a Paper document, or write to one: it has no bytes, only exports."""
        with self._emulator.acting():
            file = self._tree.write(self._at(path), b"")
            file.exports = {"html": b"<p>" + markdown + b"</p>", "markdown": markdown}

    def move_out(self, path: str, outside: str) -> None:
        """Bring what stands there to a place outside the root."""
        with self._emulator.acting():
            self._bring(self._standing(path), outside)

    def move_in(self, outside: str, path: str) -> None:
        """Bring something from outside the root to a place in it."""
        with self._emulator.acting():
            node = self._tree.find(outside)
            assert node is not None, f"nothing stands at {outside!r}"
            self._bring(node, self._at(path))

    def restore(self, path: str) -> None:
        """Bring a deleted file back, as it last was, with the id that it had."""
        with self._emulator.acting():
            key = paths.key(self._at(path))
            self._tree.restore(self._tree.graves[key].path, self._tree.history[key][-1])

    def share(self, path: str, *, read_only: bool = False) -> None:
        """Make a folder the mount point of a shared folder; others may go on to write to it."""
        with self._emulator.acting():
            self._tree.share(self._folder(path), read_only=read_only)

    def leave(self, path: str) -> None:
        """Leave a shared folder: it goes from here, and is there still for the others."""
        with self._emulator.acting():
            folder = self._folder(path)
            self._tree.unmount(folder)
            self._left[paths.key(path)] = folder

    def join(self, path: str) -> None:
        """Bring a shared folder back that was left."""
        with self._emulator.acting():
            self._tree.mount(self._left.pop(paths.key(path)), self._at(path))

    def add_symlink(self, path: str, target: str) -> None:
        """Make what a desktop client makes of a symbolic link."""
        with self._emulator.acting():
            self._tree.write(self._at(path), b"").symlink = target

    def restrict(self, path: str) -> None:
        """Let a file's content be withheld, for legal reasons say."""
        with self._emulator.acting():
            file = self._standing(path)
            assert isinstance(file, File), f"{path!r} is not a file"
            file.restricted = True

    # Inside

    def _at(self, path: str) -> str:
        return f"{self.root}/{path}" if path else self.root

    def _folder(self, path: str) -> Folder:
        folder = self._standing(path)
        assert isinstance(folder, Folder), f"{path!r} is not a folder"
        return folder

    def _standing(self, path: str) -> Node:
        node = self._tree.find(self._at(path))
        assert node is not None, f"nothing stands at {path!r}"
        return node

    def _bring(self, node: Node, path: str) -> None:
        """Move; a change of case alone is one that the journal does not tell of."""
        if paths.key(path) == node.key:
            self._tree.respell(node, path.rpartition("/")[2])
            return
        standing = self._tree.find(path)
        if standing is not None:
            assert isinstance(standing, File), f"a folder stands at {path!r}"
            self._tree.delete(standing)
        self._tree.move(node, path)


def _seconds(nanoseconds: int | None) -> float | None:
    return None if nanoseconds is None else nanoseconds // 1_000_000_000
