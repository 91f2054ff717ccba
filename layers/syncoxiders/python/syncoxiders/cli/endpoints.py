"""The PATH arguments: what they mean, and whether they can be kept in step."""

import os
import stat
from collections.abc import Sequence
from pathlib import Path

import msgspec

from syncoxiders.cli.exits import Usage
from syncoxiders.cli.text import shown
from syncoxiders.ports.errors import AccountError


class Root(msgspec.Struct, frozen=True):
    """A place that a person named: as it was written, and its address.

    That is the absolute real path of a local folder; or ``NAME:path``, with the name of the
    ``account`` and the ``folder`` in it.
    """

    given: str
    address: str
    account: str = ""
    folder: str = ""

    @property
    def path(self) -> Path:
        """The real path of a local folder."""
        return Path(self.address)

    @property
    def name(self) -> str:
        """A short name: a local folder's own, or the account's."""
        return self.account or self.path.name


def parse(text: str) -> Root:
    """Return the place that an argument means.

    What exists, or has a path separator before its first colon, is a local path; ``NAME:path``
    is a folder of an account. Raises Usage.
    """
    if not text:
        raise Usage("a path is empty")
    name, colon, folder = text.partition(":")
    if colon and name and os.sep not in name and not os.path.lexists(text):
        return _in_account(text, name, folder)
    try:
        return Root(text, os.path.realpath(text))
    except (OSError, ValueError) as error:
        raise Usage(f"{shown(text)} is not a path: {error}") from error


def at(address: str) -> Root:
    """Return the place of an address that was kept."""
    if address.startswith(os.sep):
        return Root(address, address)
    name, _, folder = address.partition(":")
    return Root(address, address, name, folder)


def _in_account(text: str, name: str, folder: str) -> Root:
    from syncoxiders.adapters import accounts  # noqa: PLC0415 -- who has none does not pay

    try:
        accounts.load(name)
    except AccountError as error:
        hint = f"; if a folder is meant, write .{os.sep}{shown(text)}"
        raise Usage(f"{shown(str(error))}{hint}") from error
    parts = [part for part in folder.split("/") if part not in {"", "."}]
    if ".." in parts:
        raise Usage(f"{shown(text)}: '..' means nothing in an account")
    folder = "/".join(parts)
    return Root(text, f"{name}:{folder}", name, folder)


def check(
    roots: Sequence[Root], *, known: frozenset[str] = frozenset(), writable: bool = True
) -> None:
    """Make sure that the roots are folders of their own that can be read. Raises Usage.

    ``known`` are addresses that have been kept in step: one of those that is missing is not a
    slip of the pen but a loss, of which the engine takes care. With ``writable`` they must be
    writable as well.
    """
    if len(roots) < 2:  # noqa: PLR2004 -- a sync has two
        raise Usage("name at least two folders")
    for root in roots:
        if root.account:
            continue  # only its provider can tell
        _check_one(root, missing_ok=root.address in known, writable=writable)
    _check_apart(roots)


def _check_one(root: Root, *, missing_ok: bool, writable: bool) -> None:
    name = shown(root.given)
    try:
        mode = root.path.stat().st_mode
    except FileNotFoundError:
        if missing_ok:
            return
        if root.path.is_symlink() or Path(root.given).is_symlink():
            raise Usage(f"{name} is a link to nothing") from None
        raise Usage(f"there is no folder {name}; create it first, if it is meant") from None
    except NotADirectoryError:
        raise Usage(f"there is no folder {name}: a part of its path is a file") from None
    except OSError as error:
        raise Usage(f"{name} cannot be used: {error.strerror}") from error
    if not stat.S_ISDIR(mode):
        raise Usage(f"{name} is not a folder")
    if not os.access(root.path, os.R_OK | os.X_OK):
        raise Usage(f"{name} cannot be read; change its permissions, or run as its owner")
    if writable and not os.access(root.path, os.W_OK):
        raise Usage(f"{name} cannot be written; change its permissions, or run as its owner")


def _check_apart(roots: Sequence[Root]) -> None:
    for index, left in enumerate(roots):
        for right in roots[:index]:
            for inner, outer in ((left, right), (right, left)):
                if not _holds(outer, inner):
                    continue
                if _holds(inner, outer):
                    raise Usage(f"{shown(right.given)} and {shown(left.given)} are the same folder")
                raise Usage(
                    f"{shown(inner.given)} lies inside {shown(outer.given)}; "
                    "choose folders of which none holds the other"
                )


def _holds(outer: Root, inner: Root) -> bool:
    if outer.account != inner.account:
        return False
    if not outer.account:
        return contains(outer.path, inner.path)
    return f"{inner.folder}/".startswith(f"{outer.folder}/") or not outer.folder


def contains(outer: Path, inner: Path) -> bool:
    """Say whether a path is a folder itself or lies in it, whichever way either is reached."""
    if outer == inner or outer in inner.parents:
        return True
    try:
        wanted = outer.stat()
    except OSError:
        return False
    for folder in (inner, *inner.parents):
        try:
            found = folder.stat()
        except OSError:
            continue
        if (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino):
            return True
    return False


def labels(roots: Sequence[Root]) -> list[str]:
    """Return a short name for each root: its own, or ``pathN`` where that is no name.

    No two are equal.
    """
    own = [root.name for root in roots]
    folded = [name.casefold() for name in own]
    result = [
        name if name and folded.count(folded[index]) == 1 else f"path{index + 1}"
        for index, name in enumerate(own)
    ]
    if len(set(result)) < len(result):  # somebody calls a folder "path1"
        return [f"path{index + 1}" for index in range(len(roots))]
    return result
