"""Many small files from one folder to another, at little cost each.

What reading and uploading do for any file is done here for a whole small file at once: the
checks are the same (only that a file with the inode, size and time that were expected is not asked
for its birth, too), the steps between them are not. Whatever is not as usual (a link, a hard
link, a version that only reading can prove) goes the long way.
"""

import hashlib
import os
import stat
import time
from collections.abc import Callable, Sequence

from syncoxiders.adapters.providers.folder._fds import Directory
from syncoxiders.adapters.providers.folder._linux import link_unnamed
from syncoxiders.adapters.providers.folder._look import Found, Lookout, same_status
from syncoxiders.adapters.providers.folder._write import untouched
from syncoxiders.core.model import Entry, Kind
from syncoxiders.ports.errors import ProviderError
from syncoxiders.ports.provider import Carry

_UNNAMED = getattr(os, "O_TMPFILE", 0)
_WRITE = os.O_RDWR | os.O_CLOEXEC | _UNNAMED
LIMIT = 1 << 18
"""Files up to this size are carried whole."""

LongWay = Callable[[Carry], Entry | ProviderError]


class Unusual(Exception):  # noqa: N818 -- it is no error: the file goes the long way
    """Something is not as it is for nearly every file."""


class Carrier:
    """Carries files between the folders below two roots. Used by one thread at a time."""

    def __init__(
        self,
        source: Lookout,
        target: Lookout,
        long_way: LongWay,
        wrote: Callable[[Directory], None],
    ) -> None:
        self._source = source
        self._target = target
        self._long_way = long_way
        self._wrote = wrote
        self._plain = bool(_UNNAMED) and os.path.isdir("/proc/self/fd")  # noqa: PTH112 -- startup
        self._from: tuple[str, Directory] | None = None
        self._to: tuple[str, Directory] | None = None

    def carry(self, items: Sequence[Carry], *, verify: bool) -> list[Entry | ProviderError]:
        """Carry every item; see the port's ``carry``."""
        results: list[Entry | ProviderError] = []
        for item in items:
            try:
                results.append(self._carry(item, verify=verify))
            except (Unusual, OSError, OverflowError, ValueError):
                # Nothing has been given a name yet: the long way finds out what is the matter.
                self._from = self._to = None
                results.append(self._long_way(item))
        return results

    def _carry(self, item: Carry, *, verify: bool) -> Entry:
        attributes = item.attributes
        if not self._plain or item.size > LIMIT or attributes.kind is not Kind.FILE:
            raise Unusual
        data = self._read(item)
        directory = self._directory_to(item)
        name = item.name
        if "/" in name or self._target.is_internal(directory, name):
            raise Unusual
        mode = 0o777 if attributes.executable else 0o666
        fd = os.open(".", _WRITE, mode, dir_fd=directory.fd)
        try:
            if os.write(fd, data) != len(data):
                raise Unusual
            if verify and os.pread(fd, len(data) + 1, 0) != data:
                raise Unusual
            mtime = attributes.mtime_ns
            if mtime is not None:
                os.utime(fd, ns=(time.time_ns(), mtime))
            before = os.fstat(fd)
            if not self._target.directories.is_current(directory):
                raise Unusual
            link_unnamed(fd, directory.fd, name)
            self._wrote(directory)
            after = os.fstat(fd)
            # If somebody has written to it already, that is for the next look to find.
            st = after if untouched(before, after) else before
            return self._entry(directory, name, st, fd, hashlib.sha256(data).hexdigest())
        finally:
            os.close(fd)

    def _read(self, item: Carry) -> bytes:
        """Return a version's bytes, all read at once and still the same afterwards."""
        path, _, name = item.source.path.rpartition("/")
        source = self._source
        at = self._from
        if at is None or at[0] != path:
            at = self._from = (path, source.directories.open(path))
        fd = source.open(at[1], name)
        try:
            st = os.fstat(fd)
            if (
                not stat.S_ISREG(st.st_mode)
                or st.st_nlink != 1
                or st.st_dev != at[1].dev
                or not item.source.id.startswith(f"{st.st_ino:x}.")
                or source.identity.hashes
                or source.unseen
                or source.identity.version(st) != item.version
            ):
                raise Unusual
            data = os.read(fd, st.st_size + 1)
            if len(data) != st.st_size or not same_status(os.fstat(fd), st):
                raise Unusual
        finally:
            os.close(fd)
        return data

    def _directory_to(self, item: Carry) -> Directory:
        """Return the folder that an item goes to, looked up again for every other folder."""
        path = item.parent.path
        at = self._to
        if at is None or at[0] != path:
            directory = self._target.directories.current(path)
            if directory.id != item.parent.id:
                raise Unusual
            at = self._to = (path, directory)
        return at[1]

    def _entry(
        self, directory: Directory, name: str, st: os.stat_result, fd: int, digest: str
    ) -> Entry:
        target = self._target
        return target.file(
            directory,
            name,
            st,
            target.entry_id(directory, name, Found(st), fd),
            target.identity.version(st, digest),
            digest=digest,
            fresh=target.is_fresh(st),
        )
