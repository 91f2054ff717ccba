"""From what the system says of a file to an entry: one truth for looks, point reads and writes."""

import hashlib
import os
import stat
from collections.abc import Callable
from typing import NamedTuple

from syncoxiders.adapters.providers.folder._fds import Directories, Directory
from syncoxiders.adapters.providers.folder._identity import (
    Identity,
    digest_in,
    holds_digest,
    holds_unseen,
    kind_of,
    mark_of,
    plain_version,
)
from syncoxiders.core import hashes
from syncoxiders.core.model import Entry, Kind

FRESH_NS = 2_000_000_000
"""A modified time this close to the look may be that of a write still to come."""

TRASH = ".syncoxiders-trash"
TEMPORARY = ".syncoxiders-tmp-"

_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
_BLOCK = 1 << 20


class Found(NamedTuple):
    """What stands at a place. ``linked``: it is what a link that is followed leads to."""

    st: os.stat_result
    linked: bool = False


class Lookout:
    """Finds what stands at places, and tells it as entries.

    ``unseen`` holds the versions of content that was seen to change under the same size and
    modified time, by entry id. It is a memory of looks; without it such a version is proved by
    reading.
    """

    def __init__(
        self,
        directories: Directories,
        identity: Identity,
        clock: Callable[[], float],
        *,
        links: str,
    ) -> None:
        self.directories = directories
        self.identity = identity
        self.clock = clock
        self.links = links
        self.flags = _READ if links == "follow" else _READ | os.O_NOFOLLOW
        self.unseen: dict[str, str] = {}

    # Finding

    def find(self, directory: Directory, name: str) -> Found | None:
        """Return what stands in a folder under a name, None if nothing of ours does.

        A link is followed if that is the policy. Raises OSError.
        """
        if self.is_internal(directory, name):
            return None
        try:
            st = os.stat(name, dir_fd=directory.fd, follow_symlinks=False)
        except FileNotFoundError:
            return None
        if stat.S_ISLNK(st.st_mode) and self.links == "follow":
            return self.follow(directory, name)
        return Found(st)

    def follow(self, directory: Directory, name: str) -> Found | None:
        """Return what a link leads to, None where it may not be followed.

        A link to a folder is followed only from within the root, and not if the folder stands
        in the root, or holds the root or the link. So no look ever goes round in circles, and
        nothing is synced twice that stands in the root.
        """
        try:
            st = os.stat(name, dir_fd=directory.fd)
        except OSError:
            return None
        if not stat.S_ISDIR(st.st_mode):
            return Found(st, linked=True)
        try:
            self.directories.child(directory, name)
        except OSError:
            return None
        return Found(st, linked=True)

    @staticmethod
    def is_internal(directory: Directory, name: str) -> bool:
        """Say whether a name is of our own making, and no entry."""
        return name.startswith(TEMPORARY) or (name == TRASH and (directory.top or directory.linked))

    def is_link(self, directory: Directory, name: str) -> bool:
        """Say whether a link stands at the place that is followed."""
        if self.links != "follow":
            return False
        return stat.S_ISLNK(os.stat(name, dir_fd=directory.fd, follow_symlinks=False).st_mode)

    def open(self, directory: Directory, name: str) -> int:
        """Open a file to read it; a link only if links are followed."""
        return os.open(name, self.flags, dir_fd=directory.fd)

    # Telling

    def entry_id(self, directory: Directory, name: str, found: Found, fd: int | None = None) -> str:
        """Return the id of what was found."""
        return self.identity.entry_id(directory, name, found.st, fd=fd, linked=found.linked)

    def entry(self, directory: Directory, name: str, found: Found) -> Entry | None:
        """Return what was found as an entry; None for what is left out. Raises OSError."""
        kind = self.kind(found)
        if kind is None:
            return None
        entry_id = self.entry_id(directory, name, found)
        if kind is Kind.FOLDER:
            return Entry(entry_id, directory.id, name, kind)
        if kind is Kind.LINK:
            return self.link(directory, name, found.st, entry_id)
        fresh = self.is_fresh(found.st)
        digest = ""
        if self.identity.hashes or fresh:
            digest = self.digest(directory, name, found.st)
        version = self.identity.version(found.st, digest)
        seen = self.unseen.get(entry_id)
        if seen is not None and plain_version(seen) == version:
            version = self.identity.unseen(version, digest) if digest else seen
        return self.file(directory, name, found.st, entry_id, version, digest=digest, fresh=fresh)

    def kind(self, found: Found) -> Kind | None:
        """Return the kind of what was found, None for what is left out by policy."""
        kind = kind_of(found.st)
        return None if kind is Kind.LINK and self.links != "copy" else kind

    def file(
        self,
        directory: Directory,
        name: str,
        st: os.stat_result,
        entry_id: str,
        version: str,
        *,
        digest: str,
        fresh: bool,
    ) -> Entry:
        """Return a file's entry."""
        return Entry(
            entry_id,
            directory.id,
            name,
            Kind.FILE,
            version,
            st.st_size,
            st.st_mtime_ns,
            f"{hashes.OWN}:{digest}" if digest else "",
            bool(st.st_mode & stat.S_IXUSR) if self.identity.executables else None,
            fresh,
            mark_of(st),
        )

    def link(self, directory: Directory, name: str, st: os.stat_result, entry_id: str) -> Entry:
        """Return a link's entry."""
        target = os.fsencode(os.readlink(name, dir_fd=directory.fd))
        digest = hashlib.sha256(target).hexdigest()
        return Entry(
            entry_id,
            directory.id,
            name,
            Kind.LINK,
            self.identity.link_version(digest),
            len(target),
            st.st_mtime_ns,
            f"{hashes.OWN}:{digest}",
            None,
            False,
            mark_of(st),
        )

    def is_fresh(self, st: os.stat_result) -> bool:
        """Say whether a file's modified time is too recent to be trusted."""
        return self.identity.times and (
            abs(int(self.clock() * 1_000_000_000) - st.st_mtime_ns) < FRESH_NS
        )

    # Content

    def digest(self, directory: Directory, name: str, st: os.stat_result) -> str:
        """Return the sha256 of a file's content, ``""`` if it cannot be read or changes."""
        try:
            fd = self.open(directory, name)
        except OSError:
            return ""
        try:
            digest = digest_of(fd, st.st_size)
            return digest if same_status(os.fstat(fd), st) else ""
        except OSError:
            return ""
        finally:
            os.close(fd)

    def matches(
        self, entry_id: str, version: str, st: os.stat_result, digest: Callable[[], str]
    ) -> bool:
        """Say whether a file is of a version; ``digest`` is asked only where it is needed."""
        identity = self.identity
        if identity.hashes:
            return version == identity.version(st, digest_in(version)) and holds_digest(
                version, digest() or "-"
            )
        plain = identity.version(st)
        if version == plain and not self.unseen:
            return True
        seen = self.unseen.get(entry_id)
        if seen is not None and plain_version(seen) == plain:
            return version == seen
        if version == plain:
            return True
        return plain_version(version) == plain and holds_unseen(version, digest() or "-")


def same_status(one: os.stat_result, other: os.stat_result) -> bool:
    """Say whether a file was neither written nor replaced between two looks at it."""
    return (
        one.st_mtime_ns == other.st_mtime_ns
        and one.st_ctime_ns == other.st_ctime_ns
        and one.st_size == other.st_size
        and one.st_ino == other.st_ino
        and one.st_dev == other.st_dev
    )


def digest_of(fd: int, size: int) -> str:
    """Return the sha256 of an open file from its beginning to its end."""
    if size < _BLOCK:
        data = os.pread(fd, size + 1, 0)
        if len(data) <= size:
            return hashlib.sha256(data).hexdigest()
    sha = hashlib.sha256()
    buffer = memoryview(bytearray(_BLOCK))
    while count := os.readv(fd, [buffer]):
        sha.update(buffer[:count])
    return sha.hexdigest()
