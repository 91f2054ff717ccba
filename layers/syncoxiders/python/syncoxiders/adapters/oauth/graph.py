"""Which drive of OneDrive or SharePoint an account is about.

https://learn.microsoft.com/graph/api/drive-list, https://learn.microsoft.com/graph/api/site-getbypath
"""

import urllib.parse
from typing import Any

import msgspec

from syncoxiders.adapters.oauth.http import Rejected
from syncoxiders.adapters.oauth.microsoft import Microsoft
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.errors import AccountError


class Drive(msgspec.Struct, frozen=True):
    """A drive: its id, its type (``personal``, ``business``, ``documentLibrary``), its name."""

    id: str
    type: str
    name: str = ""

    @property
    def settings(self) -> dict[str, str]:
        """Return what an account keeps of it."""
        return {"drive_id": self.id, "drive_type": self.type}


def drive(vendor: Microsoft, access: str, drive_id: str) -> Drive:
    """Return the drive of this id. Raises AccountError, Unreachable."""
    quoted = urllib.parse.quote(drive_id, safe="!")
    return _drive(_found(vendor, access, f"/drives/{quoted}", f"drive {drive_id}"))


def own(vendor: Microsoft, access: str) -> list[Drive]:
    """Return the person's drives, the usual one first. Raises AccountError, Unreachable.

    Where the others may not be listed, there are none.
    """
    usual = _drive(_found(vendor, access, "/me/drive", "OneDrive of this account"))
    try:
        others = vendor.get(access, "/me/drives").get("value") or []
    except Rejected:
        others = []
    return [usual, *(each for each in map(_drive, others) if each.id != usual.id)]


def chosen(vendor: Microsoft, access: str, account: Account) -> Drive:
    """Return the drive that an account is about, where nobody can be asked.

    That is the one that is set, or the first library of the site that is set, or the usual one.
    Raises AccountError, Unreachable.
    """
    if account.settings.get("drive_id"):
        return drive(vendor, access, account.settings["drive_id"])
    if account.settings.get("site"):
        return libraries(vendor, access, account.settings["site"])[0]
    return own(vendor, access)[0]


def libraries(vendor: Microsoft, access: str, site: str) -> list[Drive]:
    """Return the document libraries of a SharePoint site. Raises AccountError, Unreachable."""
    address = urllib.parse.urlsplit(site if "://" in site else f"https://{site}")
    path = urllib.parse.quote(urllib.parse.unquote(address.path).strip("/"))
    where = f"/sites/{address.hostname}" + (f":/{path}" if path else "")
    found = _found(vendor, access, where, f"site {site}")
    drives = _found(vendor, access, f"/sites/{found['id']}/drives", f"library of {site}")
    libraries = [_drive(each) for each in drives.get("value") or []]
    if not libraries:
        raise AccountError(f"the site {site} has no document library that this account may see")
    return libraries


def _found(vendor: Microsoft, access: str, path: str, what: str) -> dict[str, Any]:
    try:
        return vendor.get(access, path)
    except Rejected as error:
        raise AccountError(f"there is no {what} for this account (Microsoft: {error})") from error


def _drive(answer: dict[str, Any]) -> Drive:
    return Drive(
        str(answer.get("id", "")), str(answer.get("driveType", "")), str(answer.get("name") or "")
    )
