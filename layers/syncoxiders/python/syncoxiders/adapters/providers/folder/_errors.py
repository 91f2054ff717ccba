"""Errors of the system, as errors of the port."""

import errno
import os
from typing import NoReturn

from syncoxiders.ports.errors import (
    Denied,
    Full,
    NotEmpty,
    Occupied,
    ProviderError,
    Refused,
    Stale,
    Unreachable,
    Vanished,
)

_NEXT_MOVE: dict[int, type[ProviderError]] = {
    errno.ENOENT: Vanished,
    errno.ENOTDIR: Vanished,  # a folder of the path is none any more
    errno.ELOOP: Stale,  # a link stands where a file or folder was expected
    errno.EISDIR: Stale,
    errno.ESTALE: Stale,
    errno.EEXIST: Occupied,
    errno.ENOTEMPTY: NotEmpty,
    errno.ENOSPC: Full,
    errno.EDQUOT: Full,
    errno.ENAMETOOLONG: Refused,
    errno.EILSEQ: Refused,
    errno.EINVAL: Refused,
    errno.EOVERFLOW: Refused,
    errno.EFBIG: Refused,
    errno.EXDEV: Refused,
    errno.EMLINK: Refused,
    errno.ENODEV: Unreachable,
    errno.ENOTCONN: Unreachable,
    errno.ETIMEDOUT: Unreachable,
    errno.EMFILE: Unreachable,
    errno.ENFILE: Unreachable,
}


def translated(exc: OSError, path: str) -> ProviderError:
    """Return the port's error for one of the system; what is not listed concerns one entry."""
    reason = exc.strerror or str(exc)
    if exc.errno == errno.EXDEV:
        reason = "it would have to be brought to another file system"
    return _NEXT_MOVE.get(exc.errno or 0, Denied)(f"{shown(path) or 'the root'}: {reason}")


def fail(exc: OSError, path: str) -> NoReturn:
    """Raise the port's error for one of the system."""
    raise translated(exc, path) from exc


def shown(path: str) -> str:
    """Return a path as text that can be printed, whatever its bytes are."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
