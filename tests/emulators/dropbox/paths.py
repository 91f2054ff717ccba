"""Paths of a Dropbox: compared without regard to case, shown as they were first given."""

import re
import unicodedata

from tests.emulators.dropbox.refusals import Refused

IGNORED = re.compile(
    r"desktop\.ini|thumbs\.db|\.ds_store|icon\r|\.dropbox|\.dropbox\.attr|\.dropbox\.cache",
    re.IGNORECASE,
)
"""Names that Dropbox does not save.

Source: https://help.dropbox.com/sync/files-not-syncing
"""

MAX_NAME = 255


def key(path: str) -> str:
    """Return what a path, or a name, is compared by.

    Unicode forms are equal. Each character is lowered by itself and by a Unicode of long ago, so
    that a final sigma, say, is not a sigma, and younger letters have no case. Source: what the
    authors of Maestral, a client, have seen (``maestral/utils/path.py``, ``normalize``).
    """
    path = composed(path)
    return path.lower() if path.isascii() else "".join(map(_lower, path))


def composed(path: str) -> str:
    """Return a path as it is kept: Dropbox composes characters, in what it shows as well.

    Source: Maestral's tests against the real service, ``tests/linked/integration/test_sync.py``.
    """
    return unicodedata.normalize("NFC", path)


def split(path: str) -> list[str]:
    """Return the names of a path; raises Refused for one that is none.

    Several slashes at the beginning are taken for one: rclone lists folders below the account's
    root that way. In the middle they are malformed
    (https://github.com/dropbox/dbxcli/issues/102).
    """
    if path == "":
        return []
    names = composed(path).lstrip("/").split("/")
    for name in names:
        if name in {"", ".", ".."} or "\\" in name or len(name) > MAX_NAME:
            raise Refused("malformed_path")
        try:
            name.encode()
        except UnicodeEncodeError:
            raise Refused("malformed_path") from None
    return names


def check_new(names: list[str]) -> None:
    """Raise Refused if something of that path cannot be made.

    Characters beyond the Basic Multilingual Plane, emoji mostly, are refused as well:
    https://github.com/rclone/rclone/issues/6199
    """
    for name in names:
        if name != name.rstrip() or "\x7f" in name or max(name) > "\uffff":
            raise Refused("malformed_path")
        if IGNORED.fullmatch(name):
            raise Refused("disallowed_name")


def _lower(char: str) -> str:
    lower = char.lower()
    is_old = unicodedata.ucd_3_2_0.category(char) != "Cn"
    return lower if is_old and len(lower) == 1 else char


def parent(path: str) -> str:
    return path.rpartition("/")[0]


def is_below(path: str, folder: str) -> bool:
    """Say whether one compared path is anywhere in another."""
    return path.startswith(folder + "/")


def numbered(name: str, number: int) -> str:
    """Return a name as ``autorename`` changes it: ``name (1).ext``."""
    stem, dot, extension = _halves(name)
    return f"{stem} ({number}){dot}{extension}"


def conflicted(name: str, number: int, owner: str) -> str:
    """Return a name as ``autorename`` changes it in an update: it says whose copy it is.

    Source: Maestral's tests against the real service.
    """
    stem, dot, extension = _halves(name)
    nth = "" if number == 1 else f" {number}"
    return f"{stem} ({owner}'s conflicted copy{nth}){dot}{extension}"


def _halves(name: str) -> tuple[str, str, str]:
    stem, dot, extension = name.rpartition(".")
    return (stem, dot, extension) if stem else (name, "", "")
