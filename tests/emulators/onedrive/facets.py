"""How items and drives are written in JSON.

Source: https://learn.microsoft.com/graph/api/resources/driveitem
"""

import base64
import datetime as dt
import mimetypes
from typing import Any

from tests.emulators.onedrive import errors
from tests.emulators.onedrive.drive import Drive
from tests.emulators.onedrive.items import Item

_USER = {"user": {"id": "48d31887-5fad-4d73-a9f5-3c356e68a038", "displayName": "Megan Bowen"}}


def stamp(seconds: float) -> str:
    """Return a time in ISO 8601, to the millisecond where it is not a full second."""
    moment = dt.datetime.fromtimestamp(round(seconds, 3), dt.UTC)
    precision = "milliseconds" if moment.microsecond else "seconds"
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")


def seconds(text: object) -> float:
    """Return the seconds since the epoch that a client's time stands for."""
    if not isinstance(text, str):
        raise errors.invalid("A time is malformed", "invalidParameterFormat")
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise errors.invalid("A time is malformed", "invalidParameterFormat") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return moment.timestamp()


def etag(drive: Drive, item: Item) -> str:
    """Return the tag of an item: another one after each change of it, but for its children's."""
    if drive.type == "personal":
        return _opaque(f"{item.id}.{item.edits}")
    return f'"{{{item.guid}}},{item.edits}"'


def ctag(drive: Drive, item: Item) -> str:
    """Return the tag of an item's content; a folder's covers everything below it."""
    if drive.type == "personal":
        return _opaque(f"c:{item.id}.{item.contents}")
    return f'"c:{{{item.guid}}},{item.contents}"'


def _opaque(text: str) -> str:
    return "a" + base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def matches(drive: Drive, item: Item, header: str) -> bool:
    """Say whether an item is the one that a precondition names, by its eTag or its cTag."""
    plain = header.strip().removeprefix("W/").strip('"')
    return plain == "*" or plain in {
        etag(drive, item).strip('"'),
        ctag(drive, item).strip('"'),
    }


def reference(drive: Drive, item: Item, *, with_path: bool = True) -> dict[str, Any]:
    """Return the parentReference of an item."""
    found: dict[str, Any] = {"driveType": drive.type, "driveId": drive.id}
    if item.parent is not None:
        found["id"] = item.parent.id
        if with_path:
            found["name"] = item.parent.name
            found["path"] = f"/drives/{drive.id}/root:{item.parent.path()}"
    return found


def render(drive: Drive, item: Item, hashes: frozenset[str]) -> dict[str, Any]:
    """Return an item as GET, listings and writes show it."""
    found: dict[str, Any] = {
        "@odata.etag": etag(drive, item),
        "id": item.id,
        "name": item.name,
        "eTag": etag(drive, item),
        "size": item.size,
        "createdDateTime": stamp(item.created),
        "lastModifiedDateTime": stamp(item.modified),
        "createdBy": _USER,
        "lastModifiedBy": _USER,
        "webUrl": f"https://onedrive.live.com/?id={item.id}",
        "parentReference": reference(drive, item),
        "fileSystemInfo": {
            "createdDateTime": stamp(item.fs_created),
            "lastModifiedDateTime": stamp(item.fs_modified),
        },
    }
    if drive.type == "personal" or item.kind == "file":
        found["cTag"] = ctag(drive, item)
    if item.description:
        found["description"] = item.description
    if item.parent is None:
        found["root"] = {}
    _add_kind(found, item, hashes)
    return found


def _add_kind(found: dict[str, Any], item: Item, hashes: frozenset[str]) -> None:
    if item.kind == "folder":
        found["folder"] = {"childCount": len(item.children)}
    elif item.kind == "package":
        found["package"] = {"type": "oneNote"}
    elif item.kind == "file":
        mime = mimetypes.guess_type(item.name)[0] or "application/octet-stream"
        found["file"] = {"mimeType": mime}
        if item.hashed and hashes:
            found["file"]["hashes"] = item.hashes(hashes)
    elif item.remote is not None:
        target = item.remote.item
        found["remoteItem"] = {
            "id": target.id,
            "name": target.name,
            "size": target.size,
            "folder": {"childCount": len(target.children)},
            "fileSystemInfo": found["fileSystemInfo"],
            "parentReference": {"driveType": "personal", "driveId": item.remote.drive},
        }


def in_feed(drive: Drive, item: Item, hashes: frozenset[str]) -> dict[str, Any]:
    """Return an item as delta shows it: without path, and less still of what is gone.

    Source: the remarks of https://learn.microsoft.com/graph/api/driveitem-delta; that business
    drives tell a size of 0 of what is gone:
    https://github.com/microsoftgraph/microsoft-graph-docs/pull/2818
    """
    found = render(drive, item, hashes)
    found["parentReference"] = reference(drive, item, with_path=False)
    if drive.type != "personal":
        found.pop("cTag", None)
    if item.deleted:
        found = gone(drive, found)
    return found


def gone(drive: Drive, found: dict[str, Any]) -> dict[str, Any]:
    """Return what the feed tells of an item that is there no more."""
    kept = {"id", "name", "eTag", "parentReference", "file", "folder", "package"}
    result = {name: value for name, value in found.items() if name in kept}
    if "file" in result:
        result["file"] = {}
    if drive.type == "personal":
        result["deleted"] = {}
    else:
        del result["name"]
        result["deleted"] = {"state": "deleted"}
        result["size"] = 0
    return result


def drive_body(drive: Drive) -> dict[str, Any]:
    """Return a drive with its quota.

    Source: https://learn.microsoft.com/graph/api/resources/quota
    """
    left = drive.quota - drive.used
    if left <= 0:
        state = "exceeded"
    elif left * 100 < drive.quota:
        state = "critical"
    elif left * 10 < drive.quota:
        state = "nearing"
    else:
        state = "normal"
    return {
        "id": drive.id,
        "driveType": drive.type,
        "name": "OneDrive",
        "owner": _USER,
        "quota": {
            "total": drive.quota,
            "used": drive.used,
            "remaining": max(left, 0),
            "deleted": drive.binned,
            "state": state,
        },
    }
