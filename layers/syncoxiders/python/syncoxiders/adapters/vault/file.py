"""A vault of files that nobody but their owner can read."""

import contextlib
import os
import shlex
import stat
from pathlib import Path

from syncoxiders.adapters import private
from syncoxiders.ports.errors import AccountError

_OTHERS = 0o077
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-")


class FileVault:
    """One file (0600) for each secret, in a folder (0700).

    A file or folder that others could read is not used: what is in it may not be secret any more.
    Errors are AccountError and say how to mend it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, name: str) -> str | None:
        """Return a secret, None where there is none."""
        place = self._place(name)
        try:
            self._check_folder()
            handle = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise AccountError(f"the secret in {place} cannot be read: {error.strerror}") from error
        with os.fdopen(handle, "rb") as file:
            _check(place, os.fstat(file.fileno()), "600")
            try:
                return file.read().decode()
            except UnicodeDecodeError:
                # The error would quote what it could not read.
                raise AccountError(f"{place} is damaged; delete it, and connect again") from None

    def put(self, name: str, secret: str) -> None:
        """Keep a secret in place of the one of this name."""
        place = self._place(name)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._check_folder()
            with contextlib.suppress(FileNotFoundError):
                _check(place, place.lstat(), "600")
            private.replace(place, secret.encode())
        except OSError as error:
            raise AccountError(f"{place} cannot be written: {error.strerror}") from error

    def delete(self, name: str) -> None:
        """Forget a secret; it need not be there."""
        place = self._place(name)
        try:
            place.unlink(missing_ok=True)
        except OSError as error:
            raise AccountError(f"{place} cannot be deleted: {error.strerror}") from error

    def _check_folder(self) -> None:
        _check(self._folder, self._folder.lstat(), "700")

    def _place(self, name: str) -> Path:
        """Return the file of a secret: a name of its own also where case does not count."""
        encoded = "".join(
            char if char in _PLAIN else "".join(f"%{byte:02x}" for byte in char.encode())
            for char in name
        )
        return self._folder / f"{encoded}.secret"


def _check(path: Path, status: os.stat_result, mode: str) -> None:
    if stat.S_ISLNK(status.st_mode):
        raise AccountError(f"{path} is a link; secrets are not kept behind one: put it aside")
    if status.st_uid != os.geteuid():
        raise AccountError(f"{path} belongs to somebody else; secrets in it are not used")
    if status.st_mode & _OTHERS:
        raise AccountError(
            f"others than you can read {path}, so secrets in it are not used: "
            f"chmod {mode} {shlex.quote(str(path))}, and if somebody may have looked, "
            "connect the accounts again"
        )
