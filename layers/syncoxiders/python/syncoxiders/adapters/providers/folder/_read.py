"""Reading content that is pinned to a version."""

import os
import stat
from collections.abc import Iterator
from typing import NamedTuple

from syncoxiders.adapters.providers.folder._errors import fail, shown
from syncoxiders.adapters.providers.folder._fds import Directory
from syncoxiders.adapters.providers.folder._look import Lookout, digest_of, same_status
from syncoxiders.core.model import Entry, Ref
from syncoxiders.ports.errors import Changing, Stale, Vanished
from syncoxiders.ports.provider import Reader

_BUFFER = 1 << 20


class Opened(NamedTuple):
    """A file that was found to be what was meant, and where."""

    directory: Directory
    name: str
    fd: int
    st: os.stat_result


class FileReader:
    """An open file, to be read from where it was opened at."""

    __slots__ = ("_fd", "_lookout", "_offset", "_opened", "_ref", "_st", "_version")

    def __init__(
        self, lookout: Lookout, ref: Ref, version: str, opened: Opened, offset: int
    ) -> None:
        self._lookout = lookout
        self._ref = ref
        self._version = version
        self._opened = opened
        self._fd = opened.fd
        self._st = opened.st
        self._offset = min(offset, opened.st.st_size)
        if offset:
            os.lseek(self._fd, self._offset, os.SEEK_SET)

    @property
    def entry(self) -> Entry:
        """The entry as it was when reading began."""
        return self._lookout.file(
            self._opened.directory,
            self._opened.name,
            self._st,
            self._ref.id,
            self._version,
            digest="",
            fresh=self._lookout.is_fresh(self._st),
        )

    def chunks(self, size: int = _BUFFER) -> Iterator[memoryview | bytes]:
        """Yield the bytes in order."""
        expected = self._st.st_size - self._offset
        if expected >= size or expected >= _BUFFER:
            return self._long(size)
        # One byte more than there should be shows that the file has grown.
        try:
            data = os.read(self._fd, expected + 1)
            self._check(len(data))
        except OSError as exc:
            fail(exc, self._ref.path)
        self.close()
        return iter((data,) if data else ())

    def _long(self, size: int) -> Iterator[memoryview | bytes]:
        buffer = memoryview(bytearray(min(size, _BUFFER)))
        total = 0
        try:
            while count := os.readv(self._fd, [buffer]):
                total += count
                yield buffer[:count]
            self._check(total)
        except OSError as exc:
            fail(exc, self._ref.path)

    def _check(self, total: int) -> None:
        if self._offset + total != self._st.st_size or not same_status(
            os.fstat(self._fd), self._st
        ):
            raise Changing(f"{shown(self._ref.path)} changed while it was read")

    def close(self) -> None:
        """Close the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __del__(self) -> None:
        self.close()


class LinkReader:
    """A link's target."""

    def __init__(self, entry: Entry, target: bytes) -> None:
        self.entry = entry
        self._target = target

    def chunks(self, size: int = _BUFFER) -> Iterator[memoryview | bytes]:
        """Yield the bytes in order."""
        for start in range(0, len(self._target), size):
            yield self._target[start : start + size]

    def close(self) -> None:
        """Hold nothing."""


class Reading:
    """Opens files, making sure that they are what is meant."""

    def __init__(self, lookout: Lookout) -> None:
        self._lookout = lookout
        self._directories = lookout.directories

    def read(self, ref: Ref, version: str, offset: int = 0) -> Reader:
        """Begin to read the version from a byte on."""
        path, _, name = ref.path.rpartition("/")
        if version.startswith("l"):
            return self._read_link(ref, version, path, name, offset)
        return FileReader(self._lookout, ref, version, self.open(ref, version), offset)

    def open(self, ref: Ref, version: str) -> Opened:
        """Open a file whose id and version are what is expected; the caller closes it.

        The folder in which it is found need not be the one that stands at the path by now: the
        file itself is asked who it is.
        """
        path, _, name = ref.path.rpartition("/")
        directory: Directory | None = None
        try:
            directory = self._directories.open(path)
            return self._open(directory, name, ref, version)
        except (OSError, Stale) as exc:
            if directory is not None and self._directories.is_current(directory):
                if isinstance(exc, Stale):
                    raise
                fail(exc, ref.path)
        try:
            return self._open(self._directories.current(path), name, ref, version)
        except OSError as exc:
            fail(exc, ref.path)

    def _open(self, directory: Directory, name: str, ref: Ref, version: str) -> Opened:
        lookout = self._lookout
        fd = os.open(name, lookout.flags, dir_fd=directory.fd)
        try:
            st = os.fstat(fd)
            linked = ref.id.startswith("/") and lookout.is_link(directory, name)
            if (
                stat.S_ISREG(st.st_mode)
                and lookout.identity.entry_id(directory, name, st, fd=fd, linked=linked) == ref.id
                and lookout.matches(ref.id, version, st, lambda: self._digest(fd, st))
            ):
                return Opened(directory, name, fd, st)
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)
        raise Stale(f"{shown(ref.path)} is not what it was")

    @staticmethod
    def _digest(fd: int, st: os.stat_result) -> str:
        digest = digest_of(fd, st.st_size)
        os.lseek(fd, 0, os.SEEK_SET)
        return digest if same_status(os.fstat(fd), st) else ""

    def _read_link(self, ref: Ref, version: str, path: str, name: str, offset: int) -> LinkReader:
        try:
            directory = self._directories.current(path)
            found = self._lookout.find(directory, name)
            if found is None:
                raise Vanished(f"{shown(ref.path)} is gone")
            entry = self._lookout.entry(directory, name, found)
            if entry is None or entry.id != ref.id or entry.version != version:
                raise Stale(f"{shown(ref.path)} is not what it was")
            target = os.fsencode(os.readlink(name, dir_fd=directory.fd))
            return LinkReader(entry, target[offset:])
        except OSError as exc:
            fail(exc, ref.path)

    def digest(self, ref: Ref, version: str) -> str:
        """Return the sha256 of the version in hexadecimal."""
        _, _, fd, st = self.open(ref, version)
        try:
            digest = digest_of(fd, st.st_size)
            if not same_status(os.fstat(fd), st):
                raise Changing(f"{shown(ref.path)} changed while it was read")
        except OSError as exc:
            fail(exc, ref.path)
        finally:
            os.close(fd)
        return digest
