"""The hands of people: what happens in a Drive without the client that is tested.

Paths are below a root folder, a folder in My Drive; folders that are lacking are made.
"""

import dataclasses
import mimetypes
import threading

from tests.emulators.drive.channels import Channels
from tests.emulators.drive.model import (
    BINARY,
    DOCUMENT,
    FOLDER,
    OTHER,
    SHORTCUT,
    Access,
    File,
)
from tests.emulators.drive.store import Drive


class People:
    """What the contract of providers asks of people's hands, and what only a Drive knows.

    Where several files of one name stand in a folder, a path means the oldest.
    """

    mtime_step_ns = 1_000_000
    touching_is_a_change = True

    def __init__(self, drive: Drive, channels: Channels, lock: threading.RLock, root: str) -> None:
        self._drive = drive
        self._channels = channels
        self._lock = lock
        self._name = root
        with lock:
            self.root = drive.save(drive.new(root, FOLDER, drive.root.id)).id
            drive.catch_up()

    # What every provider's people do

    def write(
        self, path: str, data: bytes, *, mtime_ns: int | None = None, executable: bool | None = None
    ) -> None:
        """Write in place: the file stays the same and has one revision more."""
        del executable  # there is no such bit
        with self._lock:
            file = self._find(path)
            if file is None or file.is_native:
                self._add(path, data, mtime_ns)
                return
            modified = self._drive.ms() if mtime_ns is None else mtime_ns // 1_000_000
            revision = self._drive.revision(data, file.mime, modified, file.name)
            kept = (*file.kept_revisions(self._drive.ms()), revision)
            self._drive.save(dataclasses.replace(file, revisions=kept, modified=modified))

    def replace(self, path: str, data: bytes, *, mtime_ns: int | None = None) -> None:
        """Write as editors do: the old file is deleted, not trashed, and a new one made."""
        with self._lock:
            file = self._find(path)
            if file is not None:
                self._drive.destroy(file)
            self._add(path, data, mtime_ns)

    def remove(self, path: str) -> None:
        """Remove for good what stands there, with everything in it."""
        with self._lock:
            self._drive.destroy(self.file(path))

    def rename(self, path: str, to: str) -> None:
        """Bring what stands there to another place, where it takes a file's place."""
        with self._lock:
            file = self.file(path)
            standing = self._find(to)
            if standing is not None and standing.id != file.id:
                self._drive.destroy(standing)
            folder, name = self._place(to)
            self._drive.save(dataclasses.replace(file, parent=folder, name=name))

    def mkdir(self, path: str) -> None:
        """Make a folder, unless it is there."""
        with self._lock:
            self._folder(path)

    def link(self, path: str, target: str) -> bool:
        """Drive has no symbolic links."""
        del path, target
        return False

    def deny(self, path: str) -> bool:
        """What a person can see in a Drive they can read."""
        del path
        return False

    def lose_root(self) -> bool:
        """Trash the root folder."""
        with self._lock:
            self._drive.save(dataclasses.replace(self._drive.need(self.root), trashed=True))
        return True

    def exchange_root(self) -> bool:
        """Trash the root folder and make an empty one of its name."""
        with self._lock:
            self.lose_root()
            self.root = self._drive.save(
                self._drive.new(self._name, FOLDER, self._drive.root.id)
            ).id
        return True

    def tree(self) -> dict[str, bytes | None]:
        """Return every path that is not trashed, and its bytes, or None for a folder.

        A document has its text for bytes, a shortcut its target's id. Further files of one name
        have their id behind a ``#``.
        """
        with self._lock:
            found: dict[str, bytes | None] = {}
            self._gather(self.root, "", found)
            return found

    def kept(self) -> list[bytes]:
        """Return the bytes in the trash and in past revisions."""
        with self._lock:
            found = []
            for file in self._drive.files.values():
                past = file.kept_revisions(self._drive.ms())
                found += [each.data for each in past[:-1]]
                if past and self._drive.is_trashed(file):
                    found.append(past[-1].data)
            return found

    def catch_up(self) -> None:
        """Let listings and feed show everything that was done, and pushes arrive."""
        with self._lock:
            self._drive.catch_up()
        self._channels.flush()

    # What only a Drive knows

    def file(self, path: str) -> File:
        """Return what stands at a path; raises LookupError."""
        with self._lock:
            found = self._find(path)
            if found is None:
                raise LookupError(path)
            return found

    def id(self, path: str) -> str:
        """Return the id of what stands at a path; raises LookupError."""
        return self.file(path).id

    def add_duplicate(self, path: str, data: bytes, *, mtime_ns: int | None = None) -> str:
        """Make a file even where one of its name stands; returns its id."""
        with self._lock:
            return self._add(path, data, mtime_ns).id

    def add_document(self, path: str, text: bytes = b"text", *, mime: str = DOCUMENT) -> str:
        """Make a Google-native document; returns its id."""
        with self._lock:
            folder, name = self._place(path)
            return self._drive.save(self._drive.new(name, mime, folder, text=text)).id

    def edit_document(self, path: str, text: bytes) -> None:
        """Change what a document says."""
        with self._lock:
            now = self._drive.ms()
            self._drive.save(dataclasses.replace(self.file(path), text=text, modified=now))

    def add_shortcut(self, path: str, target: str) -> str:
        """Make a shortcut to what stands at another path, or has that id; returns its id."""
        with self._lock:
            found = self._find(target)
            aim = target if found is None else found.id
            folder, name = self._place(path)
            return self._drive.save(self._drive.new(name, SHORTCUT, folder, target=aim)).id

    def share_in(self, path: str, data: bytes, *, access: Access = "writer") -> str:
        """Place a file that another owns below the root; returns its id."""
        with self._lock:
            file = self._add(path, data, None, owner=OTHER, editor=OTHER, access=access)
            return file.id

    def share_with_me(self, name: str, data: bytes, *, access: Access = "reader") -> str:
        """Share a file that another owns and that stands in no folder of ours; returns its id."""
        with self._lock:
            at = self._drive.ms()
            file = self._made(name, "", data, None, owner=OTHER, editor=OTHER, access=access)
            return self._drive.save(dataclasses.replace(file, shared_at=at)).id

    def unshare(self, file_id: str) -> None:
        """Take away the access to a file that another owns."""
        with self._lock:
            self._drive.save(dataclasses.replace(self._drive.need(file_id), access=""))

    def trash(self, path: str) -> None:
        """Bring what stands there to the trash, and with it everything in it."""
        with self._lock:
            self._drive.save(dataclasses.replace(self.file(path), trashed=True))

    def untrash(self, file_id: str) -> None:
        """Bring a file back from the trash."""
        with self._lock:
            self._drive.save(dataclasses.replace(self._drive.need(file_id), trashed=False))

    def touch(self, path: str, *, mtime_ns: int) -> None:
        """Set the modified time only."""
        with self._lock:
            modified = mtime_ns // 1_000_000
            self._drive.save(dataclasses.replace(self.file(path), modified=modified))

    def star(self, path: str) -> None:
        """Star what stands there: another version, and nothing that is kept in step."""
        with self._lock:
            self._drive.save(dataclasses.replace(self.file(path), starred=True))

    def disturb(self, path: str) -> None:
        """Let the server do something of its own to a file: its version alone shows that."""
        with self._lock:
            self._drive.save(self.file(path))

    def purge_revisions(self, path: str) -> None:
        """Let Drive purge what a file has been, which it may at any time."""
        with self._lock:
            file = self.file(path)
            kept = tuple(each for each in file.revisions if each.keep or each is file.head)
            self._drive.save(dataclasses.replace(file, revisions=kept), told=False)

    def flag_abusive(self, path: str) -> None:
        """Let Google take a file for malware."""
        with self._lock:
            self._drive.save(dataclasses.replace(self.file(path), abusive=True))

    # Parts

    def _find(self, path: str) -> File | None:
        at = self._drive.get(self.root)
        for name in filter(None, path.split("/")):
            if at is None:
                return None
            at = self._child(at.id, name)
        return at

    def _child(self, folder: str, name: str) -> File | None:
        standing = (each for each in self._drive.children(folder) if not each.trashed)
        return next((each for each in standing if each.name == name), None)

    def _place(self, path: str) -> tuple[str, str]:
        folder, _, name = path.rpartition("/")
        return self._folder(folder), name

    def _folder(self, path: str) -> str:
        at = self.root
        for name in filter(None, path.split("/")):
            standing = self._child(at, name)
            if standing is None:
                standing = self._drive.save(self._drive.new(name, FOLDER, at))
            at = standing.id
        return at

    def _add(self, path: str, data: bytes, mtime_ns: int | None, **values: object) -> File:
        folder, name = self._place(path)
        return self._drive.save(self._made(name, folder, data, mtime_ns, **values))

    def _made(
        self, name: str, folder: str, data: bytes, mtime_ns: int | None, **values: object
    ) -> File:
        mime = mimetypes.guess_type(name)[0] or BINARY
        modified = self._drive.ms() if mtime_ns is None else mtime_ns // 1_000_000
        revision = self._drive.revision(data, mime, modified, name)
        return self._drive.new(
            name, mime, folder, modified=modified, revisions=(revision,), **values
        )

    def _gather(self, folder: str, prefix: str, found: dict[str, bytes | None]) -> None:
        for file in self._drive.children(folder):
            if file.trashed:
                continue
            path = prefix + file.name
            if path in found:
                path += f"#{file.id}"
            if file.is_folder:
                found[path] = None
                self._gather(file.id, path + "/", found)
            elif file.mime == SHORTCUT:
                found[path] = file.target.encode()
            else:
                found[path] = file.text if file.is_document else file.data
