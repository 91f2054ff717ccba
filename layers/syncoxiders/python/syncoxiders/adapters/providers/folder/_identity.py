"""What an entry is called: ids that survive moves, and versions that change with content.

An id is ``<inode>.<birth time>``, both in hexadecimal, the birth time in microseconds: an inode
number is given out again after a deletion, the two together are not. ``@<device>`` follows on
another file system than the root's. A file that has several names (hard links) is an entry at
each of them, told apart by a digest of folder and name after a ``~``. Where inode numbers cannot
be trusted, and behind a followed link, the id is ``/`` and the path, of a folder with a ``/``
after it.

A version is a letter for what is compared, and the values compared. ``~`` and a digest stand
before it once the content was seen to change under the same values.
"""

import os
import stat
from typing import NamedTuple

import xxhash

from syncoxiders.adapters.providers.folder import _linux
from syncoxiders.adapters.providers.folder._fds import FOLDER, Directory
from syncoxiders.core.model import EntryId, Kind, Traits

COMPARABLE = ("size", "modtime", "hash")
UNSEEN = "~"
_BY_PATH = "/"
_SHORT = 12
_DIGEST = 32

# statfs(2) numbers of file systems that keep inode numbers for good.
_TRUSTED = frozenset(
    {
        0xEF53,  # ext2, ext3, ext4
        0x58465342,  # xfs
        0x9123683E,  # btrfs
        0x01021994,  # tmpfs
        0x858458F6,  # ramfs
        0x2FC12FC1,  # zfs
        0xF2F52010,  # f2fs
        0x794C7630,  # overlay
        0xCA451A4E,  # bcachefs
    }
)
_FAT = frozenset({0x4D44, 0x2011BAB0})  # vfat, exfat
_CIFS = frozenset({0xFF534D42, 0xFE534D42, 0x517B})
_PC_CASE_SENSITIVE = 11  # pathconf(2) of Darwin


class Volume(NamedTuple):
    """What is known of a file system: how its devices' ids end, and whether ids are trusted."""

    kind: int | None
    trusted: bool
    suffix: str = ""


def volume(fd: int, *, suffix: str = "") -> Volume:
    """Look at the file system that an open folder stands on."""
    kind = _linux.file_system_type(fd)
    # Where the type cannot be asked for, a birth time vouches for it: inode and birth time
    # together are never given out twice, and an id that is lost is only a new entry.
    trusted = kind in _TRUSTED if kind is not None else birth_of(fd) is not None
    return Volume(kind, trusted, suffix)


def traits_of(directory: Directory, of: Volume, *, links: bool, trash: bool) -> Traits:
    """Return what the planner must know of a root."""
    fat = of.kind in _FAT
    darwin = hasattr(os.fstat(directory.fd), "st_birthtime") and of.kind is None
    folds = fat or of.kind in _CIFS
    if darwin:
        folds = os.fpathconf(directory.fd, _PC_CASE_SENSITIVE) == 0
    return Traits(
        stable_ids=of.trusted,
        cheap_hash=True,
        keeps_mtime=True,
        keeps_replaced=trash,
        sets_meta=True,
        keeps_executable=not folds or darwin,
        keeps_links=links,
        keeps_empty_folders=True,
        case_insensitive=folds,
        normalizing=darwin,
        accepts_any_bytes=not folds and not darwin,
        max_name=255,
    )


def birth_of(fd: int, name: str | None = None, st: os.stat_result | None = None) -> int | None:
    """Return the birth time in microseconds, None where none is kept."""
    born = _linux.birth_ns(fd, name)
    if born is not None:
        return born // 1000
    if st is None:
        st = os.fstat(fd) if name is None else os.stat(name, dir_fd=fd, follow_symlinks=False)
    seconds = getattr(st, "st_birthtime", None)
    return None if seconds is None else int(seconds * 1_000_000)


def _birth_text(birth: int | None, st: os.stat_result) -> str:
    """Return a birth time as text; without one, at least no two kinds of things are one."""
    return f"0{stat.S_IFMT(st.st_mode):x}" if birth is None else f"{birth:x}"


def mark_of_root(directory: Directory) -> str:
    """Return what changes if another folder stands in the root's place."""
    kind = _linux.file_system_type(directory.fd)
    return f"{directory.ino:x}.{birth_of(directory.fd) or 0:x}.{kind or 0:x}"


def mark_of(st: os.stat_result) -> str:
    """Return an entry's mark: when its inode last changed in any way."""
    return f"{st.st_ctime_ns:x}"


class Identity:
    """Ids and versions of the entries below one root."""

    def __init__(self, compare: frozenset[str]) -> None:
        if not compare or not compare <= set(COMPARABLE):
            raise ValueError(f"compare by some of {', '.join(COMPARABLE)}, not {set(compare)}")
        self._size = "size" in compare
        self._modtime = "modtime" in compare
        self.hashes = "hash" in compare
        self._usual = self._size and self._modtime and not self.hashes
        self.times = self._modtime and not self.hashes
        """Whether a change is noticed by the modified time, which can lie."""
        number = sum(1 << COMPARABLE.index(each) for each in compare)
        self.letter = "-abcdefg"[number]
        self.executables = True
        self._volumes: dict[int, Volume] = {}

    def start(self, root: Directory) -> Volume:
        """Take a root's file system as the one that needs no suffix."""
        of = volume(root.fd)
        self._volumes = {root.dev: of}
        return of

    def _volume(self, device: int, fd: int) -> Volume:
        found = self._volumes.get(device)
        if found is None:
            found = self._volumes[device] = volume(fd, suffix=f"@{device:x}")
        return found

    def has_ids(self, directory: Directory) -> bool:
        """Say whether entries in a folder go by inode, and not by path."""
        return self._suffix(directory) != _BY_PATH

    def folder_id(self, fd: int, st: os.stat_result, path: str, linked: bool) -> EntryId:
        """Return the id of an open folder; see :data:`._fds.Identify`."""
        of = self._volume(st.st_dev, fd)
        if linked or not of.trusted:
            return f"/{path}/"
        return f"{st.st_ino:x}.{_birth_text(birth_of(fd, None, st), st)}{of.suffix}"

    def entry_id(
        self,
        directory: Directory,
        name: str,
        st: os.stat_result,
        *,
        fd: int | None = None,
        linked: bool = False,
    ) -> EntryId:
        """Return the id of what stands in a folder; ``fd`` is it, where it is open.

        ``linked`` says that it stands there by a link that was followed.
        """
        suffix = directory.suffix
        if suffix is None:
            suffix = directory.suffix = self._suffix(directory)
        if linked or suffix == _BY_PATH:
            return f"/{directory.below(name)}{'/' if stat.S_ISDIR(st.st_mode) else ''}"
        if st.st_dev != directory.dev:
            if stat.S_ISDIR(st.st_mode):
                return self._id_of_top(directory, name)
            suffix = f"@{st.st_dev:x}"
        born = _linux.birth_ns(directory.fd, name) if fd is None else _linux.birth_ns(fd)
        if born is not None:
            plain = f"{st.st_ino:x}.{born // 1000:x}{suffix}"
        else:
            birth = birth_of(directory.fd, name, st) if fd is None else birth_of(fd, None, st)
            plain = f"{st.st_ino:x}.{_birth_text(birth, st)}{suffix}"
        if st.st_nlink < 2 or stat.S_ISDIR(st.st_mode):  # noqa: PLR2004 -- one name and no other
            return plain
        place = f"{directory.id}/{name}".encode("utf-8", "surrogateescape")
        return f"{plain}{UNSEEN}{xxhash.xxh3_64_hexdigest(place)}"

    def _suffix(self, directory: Directory) -> str:
        """Return what ids in a folder end with, or that they are paths."""
        of = self._volume(directory.dev, directory.fd)
        return of.suffix if of.trusted and not directory.linked else _BY_PATH

    def _id_of_top(self, directory: Directory, name: str) -> EntryId:
        """Return the id of a folder on which another file system is mounted."""
        fd = os.open(name, FOLDER | os.O_NOFOLLOW, dir_fd=directory.fd)
        try:
            return self.folder_id(fd, os.fstat(fd), directory.below(name), False)
        finally:
            os.close(fd)

    def version(self, st: os.stat_result, digest: str = "") -> str:
        """Return the version of a file; ``digest`` is its content's, where that is compared."""
        end = "x" if self.executables and st.st_mode & stat.S_IXUSR else ""
        if self._usual:
            return f"{self.letter}{st.st_size:x}.{st.st_mtime_ns:x}{end}"
        parts: list[str] = []
        if self._size:
            parts.append(f"{st.st_size:x}")
        if self._modtime:
            parts.append(f"{st.st_mtime_ns:x}")
        if self.hashes:
            parts.append(digest[:_DIGEST])
        return self.letter + ".".join(parts) + end

    @staticmethod
    def link_version(digest: str) -> str:
        """Return the version of a link from its target's digest."""
        return "l" + digest[:_DIGEST]

    @staticmethod
    def unseen(version: str, digest: str) -> str:
        """Return the version of content that changed while its values did not."""
        return UNSEEN + digest[:_SHORT] + plain_version(version)


def plain_version(version: str) -> str:
    """Return a version without what :meth:`Identity.unseen` put before it."""
    return version[1 + _SHORT :] if version.startswith(UNSEEN) else version


def holds_unseen(version: str, digest: str) -> bool:
    """Say whether the content is the one that a version with a digest before it speaks of."""
    return version[1 : 1 + _SHORT] == digest[:_SHORT]


def holds_digest(version: str, digest: str) -> bool:
    """Say whether a version that ends with a digest ends with this one."""
    return version.rstrip("x").endswith(digest[:_DIGEST])


def digest_in(version: str) -> str:
    """Return the digest with which a version ends."""
    return version.rstrip("x")[-_DIGEST:]


def kind_of(st: os.stat_result) -> Kind | None:
    """Return what stands there, None for a special file."""
    mode = st.st_mode
    if stat.S_ISREG(mode):
        return Kind.FILE
    if stat.S_ISDIR(mode):
        return Kind.FOLDER
    return Kind.LINK if stat.S_ISLNK(mode) else None
