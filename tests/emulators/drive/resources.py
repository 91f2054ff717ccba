"""Files, revisions and people as the API's JSON has them."""

from collections.abc import Mapping
from typing import Any

from tests.emulators.drive import formats
from tests.emulators.drive.model import FOLDER, ME, SHORTCUT, File, Revision
from tests.emulators.drive.query import time_text
from tests.emulators.drive.store import View

FILE_DEFAULT = "kind,id,name,mimeType,resourceKey"
"""What is answered of a file when a request does not say what it wants."""

_NAMES = {ME: "Me Myself"}


def user(address: str) -> dict[str, Any]:
    """Return a User."""
    return {
        "kind": "drive#user",
        "displayName": _NAMES.get(address, address.partition("@")[0].title()),
        "me": address == ME,
        "permissionId": str(sum(address.encode()) * 10**15),
        "emailAddress": address,
    }


def file(of: File, view: View, base: str) -> dict[str, Any]:
    """Return a File; what the API has only for some kinds of files is not there for others.

    What takes long is a function of nothing, called by :func:`.fields.select` if it is asked for.
    """
    told: dict[str, Any] = {
        "kind": "drive#file",
        "id": of.id,
        "name": of.name,
        "mimeType": of.mime,
        "starred": of.starred,
        "trashed": view.is_trashed(of),
        "explicitlyTrashed": of.trashed,
        "version": str(of.version),
        "createdTime": time_text(of.created),
        "modifiedTime": time_text(of.modified),
        "spaces": ["drive"],
        "owners": [user(of.owner)],
        "lastModifyingUser": user(of.editor),
        "ownedByMe": of.owner == ME,
        "modifiedByMe": of.editor == ME,
        "shared": of.owner != ME,
        "isAppAuthorized": True,
        "copyRequiresWriterPermission": of.restricted,
        "viewersCanCopyContent": not of.restricted,
        "writersCanShare": True,
        "quotaBytesUsed": str(of.quota),
        "capabilities": lambda: _capabilities(of, view),
        "webViewLink": f"https://drive.google.com/file/d/{of.id}/view?usp=drivesdk",
        "iconLink": "https://drive-thirdparty.googleusercontent.com/16/type/" + of.mime,
        "hasThumbnail": False,
    }
    if of.parent and view.get(of.parent) is not None:
        told["parents"] = [of.parent]
    if of.editor == ME:
        told["modifiedByMeTime"] = time_text(of.modified)
    if of.shared_at:
        told["sharedWithMeTime"] = time_text(of.shared_at)
        told["sharingUser"] = user(of.owner)
    if of.description:
        told["description"] = of.description
    if of.properties:
        told["properties"] = dict(of.properties)
    if of.app_properties:
        told["appProperties"] = dict(of.app_properties)
    if of.mime == SHORTCUT:
        told["shortcutDetails"] = _shortcut(of, view)
    if of.is_document:
        told["size"] = str(len(of.text))
        told["exportLinks"] = lambda: formats.links(of, base)
    if of.head is not None:
        told.update(_bytes(of, of.head))
    return told


def _shortcut(of: File, view: View) -> dict[str, str]:
    target = view.get(of.target)
    details = {"targetId": of.target}
    if target is not None:
        details["targetMimeType"] = target.mime
    return details


def _bytes(of: File, head: Revision) -> dict[str, Any]:
    stem, _, extension = of.name.rpartition(".")
    extension = extension if stem else ""
    return {
        "size": str(len(head.data)),
        "md5Checksum": lambda: head.md5,
        "sha1Checksum": lambda: head.sha1,
        "sha256Checksum": lambda: head.sha256,
        "headRevisionId": head.id,
        "originalFilename": head.original or of.name,
        "fileExtension": extension,
        "fullFileExtension": extension,
        "webContentLink": f"https://drive.google.com/uc?id={of.id}&export=download",
    }


def _capabilities(of: File, view: View) -> Mapping[str, bool]:
    owns = of.access == "owner"
    edits = of.access in {"owner", "writer"}
    reads = edits or not of.restricted
    folder = of.mime == FOLDER
    own_folder = (above := view.get(of.parent)) is not None and above.access == "owner"
    return {
        "canAddChildren": folder and edits,
        "canListChildren": folder,
        "canCopy": not folder and reads,
        "canComment": edits,
        "canDelete": owns and bool(of.parent),
        "canDownload": not folder and of.mime != SHORTCUT and reads,
        "canEdit": edits,
        "canModifyContent": edits and not folder,
        "canMoveItemWithinDrive": owns or own_folder,
        "canReadRevisions": edits,
        "canRemoveChildren": folder and edits,
        "canRename": edits,
        "canShare": edits,
        "canTrash": owns and bool(of.parent),
        "canUntrash": owns and bool(of.parent),
    }


def revision(of: Revision, *, native: bool = False) -> dict[str, Any]:
    """Return a Revision."""
    told: dict[str, Any] = {
        "kind": "drive#revision",
        "id": of.id,
        "mimeType": of.mime,
        "modifiedTime": time_text(of.modified),
        "published": False,
        "lastModifyingUser": user(ME),
    }
    if not native:
        told.update(
            keepForever=of.keep,
            size=str(len(of.data)),
            md5Checksum=lambda: of.md5,
            originalFilename=of.original,
        )
    return told
