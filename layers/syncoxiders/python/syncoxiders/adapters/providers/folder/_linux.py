"""System calls of Linux that :mod:`os` lacks, through the C library.

Everything here has an answer where a call is lacking, of the kernel, of the C library or of the
file system: None or False, upon which the caller goes the longer way of plain POSIX. ctypes is
loaded by the first call, not by the import.
"""

import functools
import os
import struct
import sys
import threading
from errno import EINVAL, ENOENT, ENOSYS, EOPNOTSUPP
from typing import Any, NamedTuple

_AT_SYMLINK_NOFOLLOW = 0x100
_AT_EMPTY_PATH = 0x1000
_STATX_BTIME = 0x800
_RENAME_NOREPLACE = 1
_RENAME_EXCHANGE = 2
_ANSWER_SIZE = 256  # struct statx; struct statfs is smaller
_STATX = struct.Struct("=I76xqI")  # the mask and, the same on every architecture, stx_btime
_WORD = struct.Struct("=l" if sys.maxsize < 1 << 32 else "=q")

# What a file system or kernel says that does not know a flag.
_UNSUPPORTED = frozenset({EINVAL, ENOSYS, EOPNOTSUPP})


class _Calls(NamedTuple):
    """The C library's functions, None where it lacks one."""

    statx: Any
    renameat2: Any
    syncfs: Any
    fstatfs: Any
    linkat: Any
    errno: Any
    answer: "_Answer"


class _Answer(threading.local):
    """Memory for the kernel's answer, one of each thread: allocating it costs more than a call."""

    def __init__(self, array: Any) -> None:
        self.data = bytearray(_ANSWER_SIZE)
        self.memory = array.from_buffer(self.data)


@functools.cache
def _calls() -> _Calls | None:
    if sys.platform != "linux":
        return None
    import ctypes  # noqa: PLC0415 -- costs milliseconds that most commands need not pay

    library = ctypes.CDLL(None, use_errno=True)

    # No argument types are declared: numbers and bytes are passed as they should be without, and
    # checking them costs half as much as a call.
    def call(name: str) -> Any:
        return getattr(library, name, None)

    return _Calls(
        statx=call("statx"),
        renameat2=call("renameat2"),
        syncfs=call("syncfs"),
        fstatfs=call("fstatfs"),
        linkat=call("linkat"),
        errno=ctypes.get_errno,
        answer=_Answer(ctypes.c_char * _ANSWER_SIZE),
    )


def birth_ns(fd: int, name: str | None = None) -> int | None:
    """Return the birth time of what ``fd`` is, or of ``name`` in the folder that it is.

    None where none is kept. Raises FileNotFoundError and the like.
    """
    calls = _calls()
    if calls is None or calls.statx is None:
        return None
    answer = calls.answer
    path, flag = (b"", _AT_EMPTY_PATH) if name is None else (os.fsencode(name), 0)
    if calls.statx(fd, path, _AT_SYMLINK_NOFOLLOW | flag, _STATX_BTIME, answer.memory):
        code = calls.errno()
        if code in _UNSUPPORTED:
            return None
        raise OSError(code, os.strerror(code), name)
    mask, seconds, nanoseconds = _STATX.unpack_from(answer.data)
    return int(seconds * 1_000_000_000 + nanoseconds) if mask & _STATX_BTIME else None


def _rename(old_fd: int, old: str, new_fd: int, new: str, flag: int) -> bool:
    calls = _calls()
    if calls is None or calls.renameat2 is None:
        return False
    if calls.renameat2(old_fd, os.fsencode(old), new_fd, os.fsencode(new), flag) == 0:
        return True
    code = calls.errno()
    if code in _UNSUPPORTED:
        return False
    raise OSError(code, os.strerror(code), old, None, new)


def rename_noreplace(old_fd: int, old: str, new_fd: int, new: str) -> bool:
    """Rename if nothing stands at the new place, else raise FileExistsError.

    Returns False, having done nothing, where the call is lacking.
    """
    return _rename(old_fd, old, new_fd, new, _RENAME_NOREPLACE)


def exchange(fd: int, one: str, other: str) -> bool:
    """Let two names of one folder change places in one step; False where that is lacking."""
    return _rename(fd, one, fd, other, _RENAME_EXCHANGE)


def link_unnamed(fd: int, dir_fd: int, name: str) -> None:
    """Give a file that was opened without a name one, where nothing may stand.

    Raises FileExistsError and the like.
    """
    calls = _calls()
    if calls is not None and calls.linkat is not None:
        if calls.linkat(fd, b"", dir_fd, os.fsencode(name), _AT_EMPTY_PATH) == 0:
            return
        code = calls.errno()
        if code != ENOENT:
            raise OSError(code, os.strerror(code), name)
        # Older kernels say so to those who lack a privilege; for them there is a longer way.
    os.link(f"/proc/self/fd/{fd}", name, dst_dir_fd=dir_fd, follow_symlinks=True)


def sync_file_system(fd: int) -> None:
    """Make everything written to the file system of ``fd`` survive a power loss."""
    calls = _calls()
    if calls is None or calls.syncfs is None:
        os.sync()
    elif calls.syncfs(fd):
        code = calls.errno()
        raise OSError(code, os.strerror(code))


def file_system_type(fd: int) -> int | None:
    """Return the magic number of the file system of ``fd`` (statfs(2)), None if unknown."""
    calls = _calls()
    if calls is None or calls.fstatfs is None:
        return None
    answer = calls.answer
    if calls.fstatfs(fd, answer.memory):
        return None
    return int(_WORD.unpack_from(answer.data)[0]) & 0xFFFFFFFF


def is_unsupported(exc: OSError) -> bool:
    """Say whether a call failed because the file system or kernel does not have it."""
    return exc.errno in _UNSUPPORTED
