"""Writing content: beside its place first, then brought there in one step."""

import hashlib
import os
import stat
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

import xxhash

from syncoxiders.adapters.providers.folder import _linux
from syncoxiders.adapters.providers.folder._errors import fail, shown, translated
from syncoxiders.adapters.providers.folder._fds import Directory
from syncoxiders.adapters.providers.folder._look import Found, Lookout
from syncoxiders.adapters.providers.folder._place import TemporaryNames, move, same_thing
from syncoxiders.adapters.providers.folder._trash import Trash
from syncoxiders.core.model import Entry, Kind, Ref
from syncoxiders.ports.errors import Denied, Refused, Stale, Unreachable, Vanished
from syncoxiders.ports.provider import Attributes

_BLOCK = 1 << 20
_UNNAMED = getattr(os, "O_TMPFILE", 0)
_FLAGS = os.O_RDWR | os.O_CLOEXEC
_KEPT_ATTRIBUTES = ("user.", "system.posix_acl_access")
_EXECUTE = stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH


class _Draft:
    """A file that is being written: unnamed, or under a temporary name."""

    __slots__ = ("fd", "name")

    def __init__(self, fd: int, name: str) -> None:
        self.fd = fd
        self.name = name


class Standing(NamedTuple):
    """What stands at a place and is expected there: the name's own status, and what it is."""

    st: os.stat_result
    found: Found


class Writer:
    """Brings content to its place, replaces and checks. Raises the port's errors."""

    def __init__(
        self, lookout: Lookout, names: TemporaryNames, trash: Trash, *, keeps: bool
    ) -> None:
        self._lookout = lookout
        self._identity = lookout.identity
        self._names = names
        self._trash = trash
        self._keeps = keeps
        # Without /proc an unnamed file cannot be given a name.
        self._unnamed = bool(_UNNAMED) and os.path.isdir("/proc/self/fd")  # noqa: PTH112 -- startup
        # Of several that replace one version the first must be told apart before the second acts.
        self._swapping = threading.Lock()
        self._named_only: set[int] = set()  # devices that have no unnamed files

    # Checking

    def expect(self, directory: Directory, name: str, ref: Ref, version: str) -> Standing:
        """Make sure that an entry stands at a place in a version. Raises Stale, Vanished."""
        lookout = self._lookout
        try:
            found = lookout.find(directory, name)
            if found is None:
                raise Vanished(f"{shown(ref.path)} is gone")
            st = found.st
            if found.linked:
                st = os.stat(name, dir_fd=directory.fd, follow_symlinks=False)
            if self._is(directory, name, found, ref, version):
                return Standing(st, found)
        except OSError as exc:
            fail(exc, ref.path)
        raise Stale(f"{shown(ref.path)} is not what it was")

    def _check_place(self, directory: Directory) -> None:
        if not self._lookout.directories.is_current(directory):
            raise Vanished(f"{shown(directory.path)} is gone")

    def _is(self, directory: Directory, name: str, found: Found, ref: Ref, version: str) -> bool:
        lookout = self._lookout
        kind = lookout.kind(found)
        if kind is None or lookout.entry_id(directory, name, found) != ref.id:
            return False
        if kind is Kind.FOLDER:
            return version == ""
        if kind is Kind.LINK:
            return lookout.link(directory, name, found.st, ref.id).version == version
        return lookout.matches(
            ref.id, version, found.st, lambda: lookout.digest(directory, name, found.st)
        )

    # Files

    def write(
        self,
        directory: Directory,
        name: str,
        chunks: Iterable[memoryview | bytes],
        attributes: Attributes,
        replaces: tuple[Ref, str] | None,
        *,
        keep: bool,
        verify: bool,
    ) -> Entry:
        """Write a file; see the port's ``upload``."""
        path = directory.below(name)
        place, at = directory, name
        linked = False
        if replaces is not None:
            standing = self.expect(directory, name, *replaces)
            linked = standing.found.linked
            if linked:
                place, at = self._target(directory, name)
        try:
            draft = self._draft(place, executable=bool(attributes.executable))
        except OSError as exc:
            fail(exc, path)
        try:
            digest = self._fill(draft.fd, chunks, path, verify=verify)
            try:
                if replaces is not None:
                    self._dress_alike(draft.fd, place, at, standing.found.st, attributes)
                if attributes.mtime_ns is not None:
                    os.utime(draft.fd, ns=(time.time_ns(), attributes.mtime_ns))
                before = os.fstat(draft.fd)
                self._check_place(directory)
                if replaces is None:
                    self._publish(draft, place, at)
                else:
                    aside = self._names.new()
                    self._publish(draft, place, aside)
                    with self._swapping:
                        try:
                            old = self.expect(directory, name, *replaces).found.st
                        except BaseException:
                            os.unlink(aside, dir_fd=place.fd)
                            raise
                        self.swap(place, aside, at, os.fstat(draft.fd), old, keep=keep)
                after = os.fstat(draft.fd)
            except OverflowError as exc:
                raise Refused(f"{shown(path)}: no such time can be kept here") from exc
            except OSError as exc:
                fail(exc, path)
            if linked:  # nobody else settles what stands elsewhere
                _linux.sync_file_system(place.fd)
            # If somebody has written to it already, that is for the next look to find.
            st = after if untouched(before, after) else before
            return self._entry(directory, name, Found(st, linked), digest, draft.fd)
        finally:
            os.close(draft.fd)
            if draft.name:
                with suppress(OSError):
                    os.unlink(draft.name, dir_fd=place.fd)

    def _entry(self, directory: Directory, name: str, found: Found, digest: str, fd: int) -> Entry:
        lookout = self._lookout
        return lookout.file(
            directory,
            name,
            found.st,
            self._identity.entry_id(directory, name, found.st, fd=fd, linked=found.linked),
            self._identity.version(found.st, digest),
            digest=digest,
            fresh=lookout.is_fresh(found.st),
        )

    def _target(self, directory: Directory, name: str) -> tuple[Directory, str]:
        """Return the folder and name of what a followed link leads to."""
        path = os.path.realpath(f"{self._lookout.directories.root_path}/{directory.below(name)}")
        folder, _, at = path.rpartition("/")
        fd = os.open(folder or "/", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        st = os.fstat(fd)
        return Directory(fd, directory.path, st, directory.id, top=False, linked=True), at

    def _draft(self, directory: Directory, *, executable: bool) -> _Draft:
        mode = 0o777 if executable else 0o666
        if self._unnamed and directory.dev not in self._named_only:
            try:
                return _Draft(os.open(".", _FLAGS | _UNNAMED, mode, dir_fd=directory.fd), "")
            except OSError as exc:
                if not _linux.is_unsupported(exc) and not isinstance(exc, IsADirectoryError):
                    raise
                self._named_only.add(directory.dev)
        name = self._names.new(partial=True)
        flags = _FLAGS | os.O_CREAT | os.O_EXCL
        return _Draft(os.open(name, flags, mode, dir_fd=directory.fd), name)

    @staticmethod
    def _fill(fd: int, chunks: Iterable[memoryview | bytes], path: str, *, verify: bool) -> str:
        """Write the bytes and return their sha256; an error of ``chunks`` comes through."""
        sha = hashlib.sha256()
        check = xxhash.xxh3_128()
        total = 0
        for chunk in chunks:
            sha.update(chunk)
            try:
                written = os.write(fd, chunk)
                if written < len(chunk):
                    rest = memoryview(chunk)
                    while rest := rest[written:]:
                        written = os.write(fd, rest)
            except OSError as exc:
                fail(exc, path)
            total += len(chunk)
            if verify:
                check.update(chunk)
        if verify:
            try:
                stands = _check_of(fd, total)
            except OSError as exc:
                fail(exc, path)
            if stands != check.digest():
                raise Unreachable(f"{shown(path)}: the disk does not hold what was written to it")
        return sha.hexdigest()

    @staticmethod
    def _dress_alike(
        fd: int, directory: Directory, name: str, old: os.stat_result, attributes: Attributes
    ) -> None:
        """Give a file its predecessor's mode, owner and extended attributes, if possible."""
        mine = os.fstat(fd)
        if (mine.st_uid, mine.st_gid) != (old.st_uid, old.st_gid):
            with suppress(OSError):
                os.chown(fd, old.st_uid, old.st_gid)
        if hasattr(os, "listxattr"):
            path = f"/proc/self/fd/{directory.fd}/{name}"
            with suppress(OSError):
                for each in os.listxattr(path, follow_symlinks=False):
                    if each.startswith(_KEPT_ATTRIBUTES):
                        os.setxattr(fd, each, os.getxattr(path, each, follow_symlinks=False))
        os.fchmod(fd, mode_with(old.st_mode, attributes.executable))

    def _publish(self, draft: _Draft, directory: Directory, name: str) -> None:
        """Give a draft its name, where nothing may stand."""
        if draft.name:
            move(directory.fd, draft.name, directory.fd, name)
            draft.name = ""
        else:
            _linux.link_unnamed(draft.fd, directory.fd, name)

    # Changing places

    def swap(
        self,
        directory: Directory,
        aside: str,
        name: str,
        ours: os.stat_result,
        old: os.stat_result,
        *,
        keep: bool,
    ) -> None:
        """Let what stands under a temporary name (``ours``) take the place of ``old``.

        What came out is looked at. If it is not what was expected it is put back: Stale.
        """
        fd = directory.fd
        try:
            if not _linux.exchange(fd, aside, name):
                self._swap_slowly(directory, aside, name, old)
        except BaseException:
            self._drop(directory, aside, ours, name)
            raise
        out = self._status(directory, aside)
        if out is None:
            return  # somebody tidied it away; what it was is where they brought it
        if same_thing(old, out):
            self.dispose(directory, aside, name, keep=keep)
            return
        self._put_back(directory, aside, name, ours)
        raise Stale(f"{shown(directory.below(name))} was changed meanwhile")

    def _swap_slowly(
        self, directory: Directory, aside: str, name: str, old: os.stat_result
    ) -> None:
        """Do what an exchange does in three steps; between two of them the place is empty."""
        fd = directory.fd
        out = self._names.new()
        move(fd, name, fd, out)
        came = self._status(directory, out)
        if came is not None and not same_thing(old, came):
            self.restore(directory, out, name)
            raise Stale(f"{shown(directory.below(name))} was changed meanwhile")
        try:
            move(fd, aside, fd, name)
        except BaseException:
            self.restore(directory, out, name)
            raise
        move(fd, out, fd, aside)

    def _put_back(self, directory: Directory, aside: str, name: str, ours: os.stat_result) -> None:
        """Undo an exchange. Whatever then comes out and is not ours is kept."""
        try:
            if not _linux.exchange(directory.fd, aside, name):
                out = self._names.new()
                move(directory.fd, name, directory.fd, out)
                self.restore(directory, aside, name)
                aside = out
        except FileNotFoundError:
            self.restore(directory, aside, name)
            return
        self._drop(directory, aside, ours, name)

    def _drop(self, directory: Directory, aside: str, ours: os.stat_result, name: str) -> None:
        """Remove what stands under a temporary name if it is ours, else keep it in the trash."""
        out = self._status(directory, aside)
        if out is None:
            return
        if same_thing(ours, out):
            os.unlink(aside, dir_fd=directory.fd)
        else:
            self._trash.keep(directory, aside, name)

    def restore(self, directory: Directory, aside: str, name: str) -> None:
        """Bring something back to its place, or to the trash if that is taken by now."""
        with suppress(FileNotFoundError):
            try:
                move(directory.fd, aside, directory.fd, name)
            except FileExistsError:
                self._trash.keep(directory, aside, name)

    def dispose(self, directory: Directory, aside: str, name: str, *, keep: bool) -> None:
        """Delete what stands under a temporary name, or keep it in the trash."""
        if keep and self._keeps:
            self._trash.keep(directory, aside, name)
        else:
            os.unlink(aside, dir_fd=directory.fd)

    @staticmethod
    def _status(directory: Directory, name: str) -> os.stat_result | None:
        try:
            return os.stat(name, dir_fd=directory.fd, follow_symlinks=False)
        except FileNotFoundError:
            return None

    # Links

    def write_link(
        self,
        directory: Directory,
        name: str,
        chunks: Iterable[memoryview | bytes],
        attributes: Attributes,
        replaces: tuple[Ref, str] | None,
        *,
        keep: bool,
    ) -> Entry:
        """Write a symbolic link whose target is the bytes."""
        path = directory.below(name)
        if replaces is not None:
            self.expect(directory, name, *replaces)
        target = b"".join(bytes(chunk) for chunk in chunks)
        if not target or b"\0" in target:
            raise Refused(f"{shown(path)}: no link can lead there")
        fd = directory.fd
        aside = self._names.new()
        try:
            os.symlink(os.fsdecode(target), aside, dir_fd=fd)
            try:
                if attributes.mtime_ns is not None:
                    times = (time.time_ns(), attributes.mtime_ns)
                    os.utime(aside, ns=times, dir_fd=fd, follow_symlinks=False)
                ours = os.stat(aside, dir_fd=fd, follow_symlinks=False)
                self._check_place(directory)
                if replaces is None:
                    move(fd, aside, fd, name)
                else:
                    with self._swapping:
                        old = self.expect(directory, name, *replaces).st
                        self.swap(directory, aside, name, ours, old, keep=keep)
            except BaseException:
                with suppress(OSError):
                    self._drop(directory, aside, ours, name)
                raise
            st = os.stat(name, dir_fd=fd, follow_symlinks=False)
            entry = self._lookout.entry(directory, name, Found(st))
        except OSError as exc:
            raise translated(exc, path) from exc
        if entry is None:
            raise Stale(f"{shown(path)} was changed at once")
        return entry

    # Metadata

    def set_meta(
        self, directory: Directory, name: str, fd: int, ref: Ref, attributes: Attributes
    ) -> Entry:
        """Set times and mode of an open file."""
        lookout = self._lookout
        linked = lookout.is_link(directory, name)
        before = os.fstat(fd)
        if attributes.executable is not None:
            os.fchmod(fd, mode_with(before.st_mode, attributes.executable))
        mtime_ns = attributes.mtime_ns
        os.utime(fd, ns=(before.st_atime_ns, before.st_mtime_ns if mtime_ns is None else mtime_ns))
        after = os.fstat(fd)
        if after.st_size != before.st_size:
            raise Stale(f"{shown(ref.path)} was changed meanwhile")
        entry = lookout.entry(directory, name, Found(after, linked))
        if entry is None or entry.id != ref.id:
            raise Denied(f"{shown(ref.path)} is no file any more")
        return entry


def mode_with(mode: int, executable: bool | None) -> int:
    """Return a mode with the executable bits as asked: for everyone who may read."""
    mode &= 0o777
    if executable is None or executable is bool(mode & stat.S_IXUSR):
        return mode
    return mode | (mode & 0o444) >> 2 if executable else mode & ~_EXECUTE


def untouched(before: os.stat_result, after: os.stat_result) -> bool:
    """Say whether nobody wrote to a file between two looks at it."""
    return (
        before.st_size == after.st_size
        and before.st_mtime_ns == after.st_mtime_ns
        and before.st_mode == after.st_mode
    )


def _check_of(fd: int, total: int) -> bytes:
    """Return the xxh3_128 of an open file."""
    if total < _BLOCK:
        return xxhash.xxh3_128_digest(os.pread(fd, total + 1, 0))
    check = xxhash.xxh3_128()
    os.lseek(fd, 0, os.SEEK_SET)
    buffer = memoryview(bytearray(_BLOCK))
    while count := os.readv(fd, [buffer]):
        check.update(buffer[:count])
    return check.digest()
