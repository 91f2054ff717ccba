"""A folder of the local file system as an endpoint."""

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from errno import ENAMETOOLONG
from typing import Literal

from syncoxiders.adapters.providers.carrying import reading
from syncoxiders.adapters.providers.folder import _linux
from syncoxiders.adapters.providers.folder._carry import Carrier
from syncoxiders.adapters.providers.folder._delete import Deleter
from syncoxiders.adapters.providers.folder._errors import fail, shown
from syncoxiders.adapters.providers.folder._fds import Directories, Directory, names_in
from syncoxiders.adapters.providers.folder._identity import Identity, mark_of_root, traits_of
from syncoxiders.adapters.providers.folder._leftovers import Leftovers
from syncoxiders.adapters.providers.folder._look import Lookout
from syncoxiders.adapters.providers.folder._move import Mover
from syncoxiders.adapters.providers.folder._place import TemporaryNames, check_name, is_impossible
from syncoxiders.adapters.providers.folder._read import Reading
from syncoxiders.adapters.providers.folder._scan import Scanner
from syncoxiders.adapters.providers.folder._trash import Trash
from syncoxiders.adapters.providers.folder._worker import Config, Job, Workers
from syncoxiders.adapters.providers.folder._write import Writer
from syncoxiders.core import hashes
from syncoxiders.core.digests import digests_of
from syncoxiders.core.model import Entry, EntryId, Kind, Ref, Traits
from syncoxiders.ports.errors import ProviderError, Refused, RootLost, Stale, Vanished
from syncoxiders.ports.provider import Attributes, Carry, FolderDelta, Known, Provider, Reader

_PROCESSORS = os.cpu_count() or 1
_MANY = 2_000
"""After so many files have been carried, processes are started for the rest."""


class FolderProvider:
    """A folder of the local file system: a Provider that also Rescans, SetsMeta and Recovers.

    ``trash`` keeps what is deleted or replaced under ``.syncoxiders-trash`` for
    ``trash_retention_days``; without it, it is removed for good. ``links`` says what becomes of
    symbolic links: they are skipped, copied as links, or followed (see
    :meth:`._look.Lookout.follow`). ``compare`` says by what a change of a file is noticed.

    Descriptors of folders are kept open between calls; :meth:`settle` and a whole rescan close
    them.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        *,
        trash: bool = True,
        trash_retention_days: float = 30,
        links: Literal["skip", "follow", "copy"] = "skip",
        compare: frozenset[str] = frozenset({"size", "modtime"}),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._identity = Identity(compare)
        self._directories = Directories(
            os.path.abspath(root),  # noqa: PTH100 -- pathlib costs start-up time
            self._identity.folder_id,
            follow=links == "follow",
        )
        self._lookout = Lookout(self._directories, self._identity, clock, links=links)
        self._names = TemporaryNames()
        self._trash = Trash(self._directories, clock, trash_retention_days)
        self._reading = Reading(self._lookout)
        self._writer = Writer(self._lookout, self._names, self._trash, keeps=trash)
        self._mover = Mover(self._lookout, self._writer)
        self._scanner = Scanner(self._lookout)
        self._leftovers = Leftovers(self._directories, self._names, self._trash)
        self._deleter = Deleter(
            self._directories, self._writer, self._names, self._trash, self._leftovers, keeps=trash
        )
        self._keeps = trash
        self._links = links
        self._traits: Traits | None = None
        self._mark = ""
        self.config = Config(
            os.fsencode(self._directories.root_path), trash, links, frozenset(compare)
        )
        self._workers = Workers(_PROCESSORS if clock is time.time else 0)
        self._carried = 0
        self._lock = threading.Lock()
        self._settling = threading.Lock()
        self._written: dict[int, Directory] = {}  # a folder of each device written to

    # The root

    @property
    def traits(self) -> Traits:
        """What the planner must know; of a root that is missing, what most have."""
        try:
            return self._start()
        except RootLost:
            return Traits(
                cheap_hash=True,
                sets_meta=True,
                keeps_replaced=self._keeps,
                keeps_executable=True,
                keeps_links=self._links == "copy",
                accepts_any_bytes=True,
            )

    def _start(self) -> Traits:
        """Look at the root's file system, once."""
        traits = self._traits
        if traits is not None:
            return traits
        with self._lock:
            if self._traits is None:
                root = self._directories.root()
                traits = traits_of(
                    root,
                    self._identity.start(root),
                    links=self._links == "copy",
                    trash=self._keeps,
                )
                self._identity.executables = traits.keeps_executable
                self._mark = mark_of_root(root)
                self._traits = traits
            return self._traits

    def root(self) -> str:
        """Return the root's mark. Raises RootLost."""
        self._directories.clear()
        root = self._directories.root()
        try:
            with os.scandir(root.fd):
                pass
            mark = mark_of_root(root)
        except OSError as exc:
            raise RootLost(f"{self._directories.root_path}: {exc.strerror}") from exc
        with self._lock:
            if mark != self._mark:
                self._traits = None
        self._start()
        return mark

    def settle(self) -> None:
        """Make everything written so far survive a power loss; close what is open."""
        with self._settling:  # who comes second must not go on before all is settled
            written, self._written = self._written, {}
            try:
                for directory in written.values():
                    _linux.sync_file_system(directory.fd)
            except OSError as exc:
                fail(exc, "")
        self.rest()

    def close(self) -> None:
        """End what runs for this provider, and close what is open."""
        self._workers.close()
        self.rest()

    def rest(self) -> None:
        """Close what is open; it is opened again when it is needed."""
        self._trash.close()
        self._directories.clear()

    # Looking

    def rescan(self, known: Known, folders: Iterable[Ref] | None = None) -> Iterator[FolderDelta]:
        """Compare the whole tree, or these folders, with what is known."""
        self._start()
        self._trash.close()
        return self._scanner.rescan(known, folders)

    def get(self, ref: Ref) -> Entry | None:
        """Return the entry if it stands at its path; it is not looked for elsewhere."""
        path, _, name = ref.path.rpartition("/")
        entry = self._standing(path, None, name)
        return entry if entry is not None and entry.id == ref.id else None

    def at(self, parent: Ref, name: str) -> Entry | None:
        """Return what stands at the place now, or None."""
        return self._standing(parent.path, parent.id, name)

    def _standing(self, path: str, folder: EntryId | None, name: str) -> Entry | None:
        """Return what stands in a folder, given by path and id, if that is the one meant."""
        self._start()
        if is_impossible(name):
            return None
        try:
            directory = self._directories.current(path)
            if folder not in {None, directory.id}:
                return None
            found = self._lookout.find(directory, name)
            if found is None:
                return None
            return self._lookout.entry(directory, self._stored(directory, name, found.st), found)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as exc:
            if exc.errno == ENAMETOOLONG:
                return None
            fail(exc, f"{path}/{name}")

    def _stored(self, directory: Directory, name: str, st: os.stat_result) -> str:
        """Return the name as it is stored, where several forms of it find the same."""
        if not self._has_alike_names():
            return name
        stored = names_in(directory.fd)
        if name in stored:
            return name
        for each in stored:
            with suppress(OSError):
                if os.path.samestat(os.stat(each, dir_fd=directory.fd, follow_symlinks=False), st):
                    return each
        return name

    def _has_alike_names(self) -> bool:
        """Say whether several names may find the same: case, or Unicode form, does not matter."""
        traits = self._start()
        return traits.case_insensitive or traits.normalizing

    # Reading

    def read(self, ref: Ref, version: str, offset: int = 0) -> Reader:
        """Begin to read the version from a byte on."""
        self._start()
        return self._reading.read(ref, version, offset)

    def hash(self, ref: Ref, version: str, algorithms: Sequence[str] = (hashes.OWN,)) -> str:
        """Return the hashes of the version, which is read for them."""
        self._start()
        if version.startswith("l") or set(algorithms) != {hashes.OWN}:
            with closing(self._reading.read(ref, version)) as reader:
                return digests_of(reader.chunks(), algorithms).text()
        return f"{hashes.OWN}:{self._reading.digest(ref, version)}"

    # Writing

    def _folder(self, ref: Ref) -> Directory:
        """Return the folder meant, to write to. Raises Vanished."""
        self._start()
        try:
            directory = self._directories.open(ref.path)
            if directory.id != ref.id:
                directory = self._directories.current(ref.path)
        except OSError as exc:
            fail(exc, ref.path)
        if directory.id != ref.id:
            raise Vanished(f"{shown(ref.path)} is another folder now")
        return directory

    def _wrote(self, directory: Directory) -> None:
        """Remember what is to be settled: after the write, or settling could come between."""
        self._written[directory.dev] = directory

    def _current_folder(self, ref: Ref) -> Directory:
        """Return the folder meant, if it stands at its path now. Raises Vanished."""
        directory = self._folder(ref)
        if self._directories.is_current(directory):
            return directory
        self._directories.forget(ref.path)
        return self._folder(ref)

    def make_folder(self, parent: Ref, name: str) -> Entry:
        """Create a folder."""
        directory = self._current_folder(parent)
        check_name(directory, name)
        try:
            os.mkdir(name, dir_fd=directory.fd)
            self._wrote(directory)
            found = self._lookout.find(directory, name)
            entry = None if found is None else self._lookout.entry(directory, name, found)
        except OSError as exc:
            fail(exc, directory.below(name))
        if entry is None or entry.kind is not Kind.FOLDER:
            raise Stale(f"{shown(directory.below(name))} was taken away at once")
        return entry

    def upload(
        self,
        parent: Ref,
        name: str,
        chunks: Iterable[memoryview | bytes],
        *,
        size: int,  # noqa: ARG002 -- a hint of the port's that is of no use here
        attributes: Attributes,
        replaces: tuple[Ref, str] | None = None,
        keep: bool = False,
        verify: bool = True,
    ) -> Entry:
        """Write content beside its place, and bring it there in one step."""
        directory = self._folder(parent)
        check_name(directory, name)
        if attributes.kind is Kind.FILE:
            entry = self._writer.write(
                directory, name, chunks, attributes, replaces, keep=keep, verify=verify
            )
        elif attributes.kind is Kind.LINK and self._links == "copy":
            entry = self._writer.write_link(
                directory, name, chunks, attributes, replaces, keep=keep
            )
        else:
            raise Refused(f"{shown(directory.below(name))}: links are not kept here")
        self._wrote(directory)
        return entry

    def can_carry(self, source: Provider) -> bool:
        """Say whether files are taken from that provider: only from another folder."""
        return isinstance(source, FolderProvider)

    def carry(
        self, source: Provider, items: Sequence[Carry], *, verify: bool = True
    ) -> list[Entry | ProviderError]:
        """Take small files from another folder; many of them by processes of their own."""
        if not isinstance(source, FolderProvider):
            raise TypeError("only another folder's files are carried")
        with self._lock:
            many, self._carried = self._carried >= _MANY, self._carried + len(items)
        results = None
        if many:
            job = Job(source.config, self.config, verify, list(items))
            results = self._workers.run(job)
        if results is None:
            return self.carry_here(source, items, verify=verify)
        self._others_wrote(results.written)
        return results.entries

    def _others_wrote(self, written: Mapping[int, str]) -> None:
        """Remember what is to be settled of what another process wrote."""
        for device, path in written.items():
            if device not in self._written:
                with suppress(OSError):
                    root = self._directories.root()
                    at = root if root.dev == device else self._directories.open(path)
                    self._written[device] = at

    def take_written(self) -> dict[int, str]:
        """Leave it to another to settle; returns what was written to, see ``Answer.written``."""
        written, self._written = self._written, {}
        return {device: directory.path for device, directory in written.items()}

    def lookout(self) -> Lookout:
        """Return what finds and tells entries here, ready for use."""
        self._start()
        return self._lookout

    def carry_here(
        self, source: "FolderProvider", items: Sequence[Carry], *, verify: bool
    ) -> list[Entry | ProviderError]:
        """Carry files in this process."""

        def long_way(item: Carry) -> Entry | ProviderError:
            try:
                with reading(source, item) as chunks:
                    return self.upload(
                        item.parent,
                        item.name,
                        chunks,
                        size=item.size,
                        attributes=item.attributes,
                        verify=verify,
                    )
            except ProviderError as error:
                return error

        carrier = Carrier(source.lookout(), self.lookout(), long_way, self._wrote)
        return carrier.carry(items, verify=verify)

    def set_meta(self, ref: Ref, version: str, attributes: Attributes) -> Entry:
        """Set modified time and executable bit."""
        self._start()
        if version.startswith("l"):
            return self._set_meta_of_link(ref, version, attributes)
        directory, name, fd, _ = self._reading.open(ref, version)
        try:
            entry = self._writer.set_meta(directory, name, fd, ref, attributes)
        except OSError as exc:
            fail(exc, ref.path)
        finally:
            os.close(fd)
        self._wrote(directory)
        return entry

    def _set_meta_of_link(self, ref: Ref, version: str, attributes: Attributes) -> Entry:
        directory, name = self._source(ref)
        self._writer.expect(directory, name, ref, version)
        try:
            if attributes.mtime_ns is not None:
                times = (time.time_ns(), attributes.mtime_ns)
                os.utime(name, ns=times, dir_fd=directory.fd, follow_symlinks=False)
                self._wrote(directory)
            found = self._lookout.find(directory, name)
            entry = None if found is None else self._lookout.entry(directory, name, found)
        except OSError as exc:
            fail(exc, ref.path)
        if entry is None or entry.id != ref.id:
            raise Vanished(f"{shown(ref.path)} is gone")
        return entry

    def _source(self, ref: Ref) -> tuple[Directory, str]:
        """Return the folder and name where an entry should stand. Raises Vanished."""
        self._start()
        path, _, name = ref.path.rpartition("/")
        if not name:
            raise Refused("the root itself is never moved or deleted")
        try:
            directory = self._directories.current(path)
        except OSError as exc:
            fail(exc, ref.path)
        return directory, name

    def move(self, ref: Ref, version: str, parent: Ref, name: str) -> Entry:
        """Bring an entry to a place where nothing stands, in one step."""
        source, _ = self._source(ref)
        target = self._current_folder(parent)
        check_name(target, name)
        alike = self._has_alike_names()
        return self._mover.move(source, ref, version, target, name, alike=alike, wrote=self._wrote)

    def delete(self, ref: Ref, version: str) -> None:
        """Delete a file or link, to the trash if there is one, or an empty folder."""
        directory, name = self._source(ref)
        self._deleter.delete(directory, name, ref, version)
        self._wrote(directory)

    # Recovering

    def recover(self, on_rescue: Callable[[str], None]) -> None:
        """Tidy temporary names that looks came across, and purge the trash."""
        self._start()
        found = list(self._scanner.leftovers)
        self._scanner.leftovers.clear()
        self._leftovers.recover(found, on_rescue)
        self._trash.purge(self._scanner.tops)
