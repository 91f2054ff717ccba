"""Looking at folders and comparing them with what is known."""

import os
import stat
from collections.abc import Iterable, Iterator

from msgspec import structs

from syncoxiders.adapters.providers.folder._fds import FOLDER, Directory, Handle
from syncoxiders.adapters.providers.folder._identity import (
    UNSEEN,
    digest_in,
    plain_version,
)
from syncoxiders.adapters.providers.folder._look import TEMPORARY, Found, Lookout
from syncoxiders.core import hashes
from syncoxiders.core.model import ROOT_ENTRY, Entry, EntryId, Kind, Ref
from syncoxiders.ports.errors import RootLost
from syncoxiders.ports.provider import FolderDelta, Known, Problem

_Folder = tuple[str, EntryId]


class Scanner:
    """Compares folders with what is known of them.

    As it goes it takes note of names of our own making: ``leftovers`` are temporary names by
    the path of their folder, ``tops`` the folders (other than the root) that may hold a trash.
    """

    def __init__(self, lookout: Lookout) -> None:
        self._lookout = lookout
        self._directories = lookout.directories
        self._identity = lookout.identity
        self.leftovers: list[tuple[str, str]] = []
        self.tops: set[str] = set()

    def rescan(self, known: Known, folders: Iterable[Ref] | None) -> Iterator[FolderDelta]:
        """Compare everything, or these folders and whatever is new in them."""
        self._directories.clear()
        root = self._directories.root()
        if folders is None:
            todo = [("", ROOT_ENTRY)]
            self.leftovers.clear()
        else:
            todo = [(ref.path, ref.id) for ref in folders]
            todo.reverse()
        everything = folders is None
        done: set[EntryId] = set()
        while todo:
            path, folder = todo.pop()
            if folder in done:
                continue
            done.add(folder)
            delta = self._look_at(path, folder, known, todo, everything=everything)
            if delta is None:
                self._confirm(root)
                if not everything:
                    yield FolderDelta(folder, absent=True)
            elif delta.changed or delta.missing or delta.problems:
                yield delta
        self._confirm(root)

    def _confirm(self, root: Directory) -> None:
        """Make sure that what is missing is not missing because the root is gone."""
        if not self._directories.is_current(root):
            raise RootLost(f"{self._directories.root_path}: another folder stands there now")

    def _look_at(
        self, path: str, folder: EntryId, known: Known, todo: list[_Folder], *, everything: bool
    ) -> FolderDelta | None:
        """Compare one folder; None if it does not stand there any more."""
        try:
            directory = self._directories.open(path)
            if directory.id != folder:
                return None
            handle, items = _listed(directory)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as exc:
            return FolderDelta(folder, problems=(Problem(path, exc.strerror or str(exc)),))
        if directory.top and path:
            self.tops.add(path)
        comparison = _Comparison(self._lookout, directory, known.children(folder))
        comparison.run(items, todo, everything=everything)
        del handle
        self.leftovers.extend((path, name) for name in comparison.leftovers)
        return comparison.delta()


def _listed(directory: Directory) -> tuple[Handle, list[os.DirEntry[str]]]:
    """List a folder by a descriptor of its own, whose position is nobody else's.

    The entries can be asked for their status as long as that is held.
    """
    handle = Handle(os.open(".", FOLDER, dir_fd=directory.fd))
    with os.scandir(handle.fd) as items:
        return handle, list(items)


class _Comparison:
    """One folder against what is known of it."""

    def __init__(self, lookout: Lookout, directory: Directory, known: list[Entry]) -> None:
        self._lookout = lookout
        self._identity = lookout.identity
        self._directory = directory
        self._known = known
        self._by_name = {entry.name: entry for entry in known}
        # What was replaced stays known beside its successor until its absence is believed.
        self._shadowed = (
            [entry for entry in known if self._by_name[entry.name] is not entry]
            if len(self._by_name) < len(known)
            else []
        )
        self._by_id: dict[EntryId, Entry] | None = None
        self._seen: set[EntryId] = set()  # what stands here, if not under its known name
        self._spared: set[EntryId] = set()  # what may stand here, for all that can be told
        self._changed: list[Entry] = []
        self._problems: list[Problem] = []
        self.leftovers: list[str] = []

    def run(self, items: list[os.DirEntry[str]], todo: list[_Folder], *, everything: bool) -> None:
        """Compare each name; folders to go on with are added to ``todo``.

        What is the same takes the short way through this loop: one system call, no object.
        """
        directory = self._directory
        letter = self._identity.letter
        # With one of these a file's values do not tell whether it changed.
        short = not self._identity.hashes
        trusted = self._identity.has_ids(directory)
        by_name = self._by_name
        for item in items:
            name = item.name
            if name[0] == "." and self._lookout.is_internal(directory, name):
                if name.startswith(TEMPORARY):
                    self.leftovers.append(name)
                continue
            old = by_name.pop(name, None)
            try:
                st = item.stat(follow_symlinks=False)
                if (
                    old is not None
                    and short
                    and old.mark == f"{st.st_ctime_ns:x}"
                    and old.mtime_ns == st.st_mtime_ns
                    and old.size == st.st_size
                    and old.version[:1] == letter
                    and not old.provisional
                    and (
                        old.id.startswith(f"{st.st_ino:x}.")
                        if trusted
                        else self._is_same_by_path(old, name, st)
                    )
                ):
                    continue
                self._look_closely(name, st, old, todo, everything=everything)
            except FileNotFoundError:
                if old is not None:
                    by_name[name] = old
            except OSError as exc:
                self._leave_out(name, exc.strerror or str(exc), old, unreadable=True)

    def _is_same_by_path(self, old: Entry, name: str, st: os.stat_result) -> bool:
        # Where inodes are not trusted, neither is their time to tell of another mode.
        return (
            stat.S_ISREG(st.st_mode)
            and old.id == f"/{self._directory.below(name)}"
            and old.executable
            is (bool(st.st_mode & stat.S_IXUSR) if self._identity.executables else None)
        )

    def _look_closely(
        self,
        name: str,
        st: os.stat_result,
        old: Entry | None,
        todo: list[_Folder],
        *,
        everything: bool,
    ) -> None:
        """Compare what is new, changed, or to be proved by reading. Raises OSError."""
        directory = self._directory
        found: Found | None = Found(st)
        if stat.S_ISLNK(st.st_mode) and self._lookout.links == "follow":
            found = self._lookout.follow(directory, name)
            if found is None:
                reason = "a symbolic link that leads nowhere, or back into what is synced"
                self._leave_out(name, reason, old, unreadable=old is not None)
                return
        entry = self._lookout.entry(directory, name, found or Found(st))
        if entry is None:
            link = stat.S_ISLNK(st.st_mode)
            self._put_back(name, old)
            reason = "a symbolic link" if link else "neither a file nor a folder"
            self._leave_out(name, reason, None, unreadable=False)
            return
        self._seen.add(entry.id)
        known = old if old is not None and old.id == entry.id else self._known_by_id(entry.id)
        if known is not None:
            entry = self._carry_on(entry, known, st)
        if known != entry:
            self._changed.append(entry)
        if old is not None and old.id != entry.id:
            self._put_back(name, old)
        if entry.kind is Kind.FOLDER and (everything or known is None):
            todo.append((directory.below(name), entry.id))

    def _put_back(self, name: str, old: Entry | None) -> None:
        """Say that what was known under the name does not stand there."""
        if old is not None:
            self._by_name[name] = old

    def _leave_out(self, name: str, reason: str, old: Entry | None, *, unreadable: bool) -> None:
        path = self._directory.below(name)
        self._problems.append(Problem(path, reason, unreadable))
        if old is not None:
            self._spared.add(old.id)

    def _known_by_id(self, entry_id: EntryId) -> Entry | None:
        if self._by_id is None:
            self._by_id = {entry.id: entry for entry in self._known}
        return self._by_id.get(entry_id)

    def _carry_on(self, entry: Entry, known: Entry, st: os.stat_result) -> Entry:
        """Return the entry in the light of what is known of it.

        Content that cannot be told by its values alone is told by its hash: a modified time
        that was too recent when it was known, or an inode that was written to (``mark``) under
        the same size and modified time.
        """
        if entry.kind is not Kind.FILE or known.kind is not Kind.FILE:
            return entry
        if self._identity.hashes:
            if not entry.hashes and known.version == self._identity.version(
                st, digest_in(known.version)
            ):
                return structs.replace(entry, version=known.version, hashes=known.hashes)
            return entry
        if plain_version(known.version) != plain_version(entry.version):
            self._lookout.unseen.pop(entry.id, None)
            return entry
        in_place = known.name == entry.name and known.parent == entry.parent
        touched = self._identity.times and in_place and known.mark != entry.mark
        if known.provisional or touched:
            digest = hashes.decode(entry.hashes).get(hashes.OWN) or self._lookout.digest(
                self._directory, entry.name, st
            )
            if digest:
                return self._proved(entry, known, digest)
            entry = structs.replace(entry, provisional=known.provisional or entry.provisional)
        if known.version.startswith(UNSEEN):
            self._lookout.unseen[entry.id] = known.version
        return structs.replace(entry, version=known.version, hashes=known.hashes)

    def _proved(self, entry: Entry, known: Entry, digest: str) -> Entry:
        """Return the entry with the version that its content, now read, gives it."""
        own = f"{hashes.OWN}:{digest}"
        if hashes.equal(known.hashes, own):
            version, told = known.version, hashes.merged(known.hashes, own)
        else:
            version, told = self._identity.unseen(entry.version, digest), own
        if version.startswith(UNSEEN):
            self._lookout.unseen[entry.id] = version
        return structs.replace(entry, version=version, hashes=told)

    def delta(self) -> FolderDelta:
        """Return how the folder differs."""
        gone = [*self._by_name.values(), *self._shadowed]
        here = self._seen | self._spared
        missing = tuple(dict.fromkeys(entry.id for entry in gone if entry.id not in here))
        return FolderDelta(self._directory.id, tuple(self._changed), missing, tuple(self._problems))
