"""Files of which one person's commands are the only users: whole or not at all, one at a time."""

import contextlib
import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from syncoxiders.ports.errors import AccountError

_LOOK_AGAIN = 0.02


def replace(path: Path, data: bytes) -> None:
    """Put a file in the place of another in one step; only its owner may read it.

    Raises OSError; then the old file is as it was.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # has mode 0600
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise


@contextlib.contextmanager
def locked(path: Path, *, patience: float) -> Iterator[None]:
    """Hold a lock among the threads and processes of this machine; it ends with the process.

    ``path`` is a file of its own, which stays: to delete it would let two hold it at once.
    Raises AccountError if somebody else holds it for longer than ``patience`` seconds.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise AccountError(f"{path} cannot be written: {error.strerror}") from error
    try:
        deadline = time.monotonic() + patience
        while not _taken(handle):
            if time.monotonic() >= deadline:
                raise AccountError(f"another command holds {path}; try again when it is done")
            time.sleep(_LOOK_AGAIN)
        yield
    finally:
        os.close(handle)


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
