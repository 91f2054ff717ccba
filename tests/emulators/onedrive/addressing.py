"""How a URL addresses an item: by id, by path, or by a path below an item.

Source: https://learn.microsoft.com/graph/onedrive-addressing-driveitems
"""

import re
import urllib.parse
from dataclasses import dataclass

_DRIVE = re.compile(r"/v1\.0/(?:me/drive|(?:users|sites|groups)/[^/]+/drive|drives/([^/]+))(.*)")
_START = re.compile(r"/(?:root|items/([^/:]+))(.*)", re.DOTALL)
_ACTION = re.compile(r"/(\w+)(?:\((?:\w+=)?'?(.*?)'?\))?(?:/(.*))?")


@dataclass(frozen=True)
class Address:
    """What a URL below a drive means.

    ``drive`` is its id, "" for the user's own. ``item`` is the id that the path starts from,
    "root" for the root, "" where the drive itself is meant; ``path`` leads on from there and has
    no slash at its ends. ``action`` is what follows, ``argument`` what a function is given,
    ``rest`` what is below it.
    """

    drive: str = ""
    item: str = ""
    path: str = ""
    action: str = ""
    argument: str = ""
    rest: str = ""


def parse(raw: str) -> Address | None:
    """Return what the path of a URL, still percent-encoded, addresses; None for nothing."""
    found = _DRIVE.fullmatch(raw)
    if found is None:
        return None
    drive, after = urllib.parse.unquote(found[1] or ""), found[2]
    if not after.strip("/"):
        return Address(drive)
    start = _START.fullmatch(after)
    if start is None:
        return None
    item = urllib.parse.unquote(start[1] or "root")
    path, after = _path(start[2])
    if not after.strip("/"):
        return Address(drive, item, path)
    action = _ACTION.fullmatch(after)
    if action is None:
        return None
    rest = urllib.parse.unquote(action[3] or "")
    return Address(drive, item, path, action[1], urllib.parse.unquote(action[2] or ""), rest)


def _path(after: str) -> tuple[str, str]:
    """Split ``:/a/b:/action`` into the path and the rest."""
    if not after.startswith(":"):
        return "", after
    path, _, rest = after[1:].partition(":")
    return urllib.parse.unquote(path).strip("/"), rest
