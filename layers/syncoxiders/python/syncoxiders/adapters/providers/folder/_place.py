"""Names: which are allowed, which are our own, and bringing things to places that are free."""

import itertools
import os
import stat
from contextlib import suppress
from errno import EPERM

from syncoxiders.adapters.providers.folder import _linux
from syncoxiders.adapters.providers.folder._errors import shown
from syncoxiders.adapters.providers.folder._fds import Directory
from syncoxiders.adapters.providers.folder._look import TEMPORARY, Lookout
from syncoxiders.ports.errors import Refused

MAX_NAME = 255


def is_impossible(name: str) -> bool:
    """Say whether a text is no name on any system."""
    return name in {"", ".", ".."} or "/" in name or "\0" in name


def check_name(directory: Directory, name: str) -> None:
    """Raise Refused for what can be no name in a folder."""
    if is_impossible(name):
        raise Refused(f"{name!r} is no name for a file or folder")
    if Lookout.is_internal(directory, name):
        raise Refused(f"{name} is a name that SyncOxiders itself uses")
    if name.isascii() and len(name) <= MAX_NAME:
        return
    try:
        length = len(os.fsencode(name))
    except UnicodeEncodeError as exc:
        raise Refused(f"{name!r} cannot be written as a name here") from exc
    if length > MAX_NAME:
        raise Refused(f"{shown(name[:40])}… is longer than {MAX_NAME} bytes")


class TemporaryNames:
    """Names for what is on its way to its place, told from those of every other run.

    Two kinds: under a ``partial`` one stands what was being written and was never anything
    else; under the other may stand what a person wrote.
    """

    def __init__(self) -> None:
        self._token = os.urandom(6).hex()
        self._numbers = itertools.count()

    def new(self, *, partial: bool = False) -> str:
        """Return a name that was not used before."""
        return f"{TEMPORARY}{'w' if partial else 'x'}{self._token}-{next(self._numbers):x}"

    def is_own(self, name: str) -> bool:
        """Say whether a temporary name is of this run."""
        return name[len(TEMPORARY) + 1 :].startswith(self._token)

    @staticmethod
    def is_partial(name: str) -> bool:
        """Say whether only an unfinished write can stand under the name."""
        return name.startswith(TEMPORARY + "w")


def move(old_fd: int, old: str, new_fd: int, new: str) -> None:
    """Rename to a place where nothing stands. Raises FileExistsError and the like."""
    if _linux.rename_noreplace(old_fd, old, new_fd, new):
        return
    st = os.stat(old, dir_fd=old_fd, follow_symlinks=False)
    if stat.S_ISDIR(st.st_mode) or not _move_by_link(old_fd, old, new_fd, new, st):
        _move_by_claim(old_fd, old, new_fd, new, folder=stat.S_ISDIR(st.st_mode))


def _move_by_link(old_fd: int, old: str, new_fd: int, new: str, st: os.stat_result) -> bool:
    """Give the new name, then take the old one; False where there are no hard links."""
    try:
        os.link(old, new, src_dir_fd=old_fd, dst_dir_fd=new_fd, follow_symlinks=False)
    except OSError as exc:
        if exc.errno == EPERM or _linux.is_unsupported(exc):
            return False
        raise
    if os.path.samestat(os.stat(old, dir_fd=old_fd, follow_symlinks=False), st):
        os.unlink(old, dir_fd=old_fd)
    return True


def _move_by_claim(old_fd: int, old: str, new_fd: int, new: str, *, folder: bool) -> None:
    """Take the place with something empty, which fails if it is not free, and rename onto that."""
    if folder:
        os.mkdir(new, dir_fd=new_fd)
    else:
        os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, dir_fd=new_fd))
    try:
        os.rename(old, new, src_dir_fd=old_fd, dst_dir_fd=new_fd)
    except BaseException:
        with suppress(OSError):
            if folder:
                os.rmdir(new, dir_fd=new_fd)
            elif os.stat(new, dir_fd=new_fd, follow_symlinks=False).st_size == 0:
                os.unlink(new, dir_fd=new_fd)
        raise


def same_thing(before: os.stat_result, after: os.stat_result) -> bool:
    """Say whether what was moved is what was looked at before, and was not written since.

    The time of the inode's last change says nothing here: the move changes it.
    """
    return (
        before.st_ino == after.st_ino
        and before.st_dev == after.st_dev
        and stat.S_IFMT(before.st_mode) == stat.S_IFMT(after.st_mode)
        and (
            stat.S_ISDIR(before.st_mode)
            or (before.st_size == after.st_size and before.st_mtime_ns == after.st_mtime_ns)
        )
    )
