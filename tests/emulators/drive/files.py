"""The ``files`` collection, but for uploads.

https://developers.google.com/workspace/drive/api/reference/rest/v3/files
"""

import dataclasses
import mimetypes
import secrets
from collections.abc import Callable
from typing import Any

from tests.emulators.drive import errors, formats, media, resources
from tests.emulators.drive.fields import mask_of, schemas, select
from tests.emulators.drive.model import BINARY, FOLDER, ME, NATIVE, SHORTCUT, File, new_id
from tests.emulators.drive.query import Query, parse, time_ms
from tests.emulators.drive.store import Drive, View
from tests.emulators.serving import Request, Response

WRITABLE = {
    "appProperties",
    "contentHints",
    "copyRequiresWriterPermission",
    "createdTime",
    "description",
    "folderColorRgb",
    "id",
    "mimeType",
    "modifiedTime",
    "name",
    "originalFilename",
    "parents",
    "properties",
    "shortcutDetails",
    "starred",
    "trashed",
    "viewedByMeTime",
    "writersCanShare",
}
"""Fields that a request may set, or that are let pass."""

_SORT: dict[str, Callable[[File], Any]] = {
    "createdTime": lambda file: file.created,
    "folder": lambda file: file.mime != FOLDER,
    "modifiedByMeTime": lambda file: file.modified,
    "modifiedTime": lambda file: file.modified,
    "name": lambda file: file.name.casefold(),
    "name_natural": lambda file: file.name.casefold(),
    "quotaBytesUsed": lambda file: file.quota,
    "recency": lambda file: file.modified,
    "sharedWithMeTime": lambda file: file.shared_at,
    "starred": lambda file: not file.starred,
    "viewedByMeTime": lambda file: file.modified,
}


def page_size(request: Request) -> int:
    """Return how many results a page has: 100 unless asked for, at most 1000; raises Failure."""
    text = request.query.get("pageSize", "100")
    if not text.isdecimal() or int(text) < 1:
        raise errors.invalid("pageSize", f"Invalid value '{text}'. Values must be within [1, 1000]")
    return min(int(text), 1000)


class Files:
    """Answers requests for a Drive's files.

    While exports ``vary`` no two of one document are alike, as those of formats with times in them.
    The ``empty_groups`` listings to come that ask for several folders at once find nothing, as
    happens at times: https://issuetracker.google.com/issues/149522397
    """

    def __init__(self, drive: Drive) -> None:
        self._drive = drive
        self.vary = False
        self.empty_groups = 0
        self._pages: dict[str, tuple[tuple[str, str], list[str]]] = {}

    # Looking

    def get(self, request: Request, file_id: str) -> Response:
        file = self._drive.need(file_id)
        if request.query.get("alt") == "media":
            return self._download(request, file)
        return self.answer(request, file)

    def answer(self, request: Request, file: File, view: View | None = None) -> Response:
        """Answer with a file, or what of it was asked for."""
        told = resources.file(file, view or self._drive, request.base)
        return Response(200, select(request, "File", told, resources.FILE_DEFAULT))

    @staticmethod
    def _download(request: Request, file: File) -> Response:
        if file.is_native:
            raise errors.failure(
                403,
                "fileNotDownloadable",
                "Only files with binary content can be downloaded."
                " Use Export with Docs Editors files.",
                location="alt",
                locationType="parameter",
            )
        if file.abusive and request.query.get("acknowledgeAbuse") != "true":
            raise errors.failure(
                403,
                "cannotDownloadAbusiveFile",
                "This file has been identified as malware or spam and cannot be downloaded.",
            )
        if file.restricted and file.access == "reader":
            raise errors.failure(
                403, "cannotDownloadFile", "This file cannot be downloaded by the user."
            )
        return media.send(request, file.data, file.mime)

    def listing(self, request: Request) -> Response:
        view = self._drive.look()
        query, order = request.query.get("q", ""), request.query.get("orderBy", "")
        find = parse(query, self._drive)
        if not all(self._drive.get(each) for each in find.folders or ()):
            raise errors.not_found("")  # and it does not name which, as clients report
        if self.empty_groups and len(find.folders or ()) > 1:
            self.empty_groups -= 1
            find = Query(lambda *_: False)
        token = request.query.get("pageToken", "")
        if token:
            asked, ids = self._pages.get(token, (("", ""), []))
            if not ids or asked != (query, order):
                raise errors.invalid("pageToken")
        else:
            ids = [each.id for each in self._sorted(find.find(view), order)]
        size = page_size(request)
        found = [view.get(each) for each in ids[:size]]
        told: dict[str, Any] = {
            "kind": "drive#fileList",
            "incompleteSearch": False,
            "files": [
                resources.file(each, view, request.base)
                for each in found
                if each is not None and find.test(each, view)
            ],
        }
        if len(ids) > size:
            token = told["nextPageToken"] = "~!!~" + secrets.token_urlsafe(30)
            self._pages[token] = (query, order), ids[size:]
        default = f"kind,incompleteSearch,nextPageToken,files({resources.FILE_DEFAULT})"
        return Response(200, select(request, "FileList", told, default))

    def expire_pages(self) -> None:
        """Let every page token of listings end now."""
        self._pages.clear()

    @staticmethod
    def _sorted(found: list[File], order: str) -> list[File]:
        found.reverse()  # no order is promised, so not the likeliest one
        for part in reversed([each.strip() for each in order.split(",") if each.strip()]):
            key, _, direction = part.partition(" ")
            if key not in _SORT or direction.strip() not in {"", "asc", "desc"}:
                raise errors.invalid("orderBy")
            found.sort(key=_SORT[key], reverse=direction.strip() == "desc")
        return found

    def generate_ids(self, request: Request) -> Response:
        count = request.query.get("count", "10")
        if not count.isdecimal() or not 1 <= int(count) <= 1000:
            raise errors.invalid("count")
        kind = request.query.get("type", "files")
        if kind not in {"files", "shortcuts"}:
            raise errors.invalid("type")
        ids = [new_id() for _ in range(int(count))]
        self._drive.generated.update(dict.fromkeys(ids, kind))
        told = {"kind": "drive#generatedIds", "space": "drive", "ids": ids}
        return Response(200, select(request, "GeneratedIds", told, "kind,space,ids"))

    def export(self, request: Request, file_id: str) -> Response:
        file = self._drive.need(file_id)
        if not file.is_document:
            raise errors.failure(
                403, "fileNotExportable", "Export only supports Docs Editors files."
            )
        if "mimeType" not in request.query:
            raise errors.required("mimeType")
        mime = request.query["mimeType"]
        extension = formats.extension_for(file, mime)
        if extension is None:
            raise errors.failure(
                400,
                "badRequest",
                "The requested conversion is not supported.",
                location="convertTo",
                locationType="parameter",
            )
        data = self._exported(file, extension)
        if len(data) > formats.EXPORT_LIMIT:
            raise errors.failure(
                403, "exportSizeLimitExceeded", "This file is too large to be exported."
            )
        return Response(200, data, {"Content-Type": mime})

    def _exported(self, file: File, extension: str) -> bytes:
        mark = secrets.token_hex(8) if self.vary and extension != "txt" else ""
        return formats.export(file, extension, mark)

    def export_link(self, request: Request, kind: str) -> Response:
        """Answer at an address of ``exportLinks``: whole, whatever the size."""
        del kind
        file = self._drive.need(request.query.get("id", ""))
        wanted = request.query.get("exportFormat", "")
        for mime, extension in formats.EXPORTS.get(file.mime, {}).items():
            if extension == wanted:
                return Response(200, self._exported(file, extension), {"Content-Type": mime})
        raise errors.not_found(file.id)

    # Changing

    def create(self, request: Request) -> Response:
        return self.answer(request, self.created(request.json() or {}, request))

    def created(
        self, wanted: dict[str, Any], request: Request, data: bytes | None = None, mime: str = ""
    ) -> File:
        """Make a new file of metadata and, if there are any, bytes; raises Failure."""
        drive = self._drive
        mask_of(request, "File")
        self.check_new(wanted, mime)
        parents = wanted.get("parents") or [drive.root.id]
        name = wanted.get("name") or "Untitled"
        mime = wanted.get("mimeType") or mime or mimetypes.guess_type(name)[0] or BINARY
        file = drive.new(name, mime, drive.resolve(parents[0]))
        if "id" in wanted:
            file = dataclasses.replace(file, id=wanted["id"])
        file = self._with(file, wanted, now=False)
        if not file.is_native:
            file = self._with_bytes(file, data or b"", request, wanted)
        elif data is not None and file.is_document:
            file = dataclasses.replace(file, text=data)
        drive.generated.pop(file.id, None)
        return drive.save(file)

    def check_new(self, wanted: dict[str, Any], mime: str = "", size: int = 0) -> None:
        """Say what is wrong with a file that is to be made; raises Failure."""
        drive = self._drive
        self._check_writable(wanted, new=True)
        parents = wanted.get("parents") or [drive.root.id]
        if len(parents) > 1:
            raise errors.failure(
                403, "cannotAddParent", "Increasing the number of parents is not allowed"
            )
        drive.need_folder(parents[0])
        mime = wanted.get("mimeType") or mime
        if "id" in wanted:
            self._check_id(wanted["id"], mime)
        if mime == SHORTCUT:
            drive.need((wanted.get("shortcutDetails") or {}).get("targetId", ""))
        self._check_room(size)

    def _check_id(self, file_id: str, mime: str) -> None:
        """Raise Failure unless a file of that type can be made under an id.

        Which types take one is not documented; it is as clients found it. A shortcut takes one
        that was generated for shortcuts.
        """
        if file_id in self._drive.files:
            raise errors.failure(409, "fileIdInUse", "A file already exists with the provided ID.")
        if mime.startswith(NATIVE) and mime not in {FOLDER, SHORTCUT}:
            raise errors.failure(
                403,
                "insufficientFilePermissions",
                "Generated IDs are not supported for Docs Editors formats.",
            )
        wanted = "shortcuts" if mime == SHORTCUT else "files"
        if self._drive.generated.get(file_id) != wanted:
            raise errors.failure(
                400,
                "invalid",
                "The provided file ID is not usable.",
                location="file.id",
                locationType="other",
            )

    def check_update(self, file: File, wanted: dict[str, Any], size: int = 0) -> None:
        """Say what is wrong with a change to a file; raises Failure."""
        self._check_writable(wanted, new=False)
        if file.access == "reader":
            raise errors.forbidden()
        self._check_room(size)

    def update(self, request: Request, file_id: str) -> Response:
        file = self._drive.need(file_id)
        return self.answer(request, self.updated(file, request.json() or {}, request))

    def updated(
        self,
        file: File,
        wanted: dict[str, Any],
        request: Request,
        data: bytes | None = None,
        mime: str = "",
    ) -> File:
        """Change a file, its bytes too if there are any: last writer wins. Raises Failure."""
        drive = self._drive
        mask_of(request, "File")
        self.check_update(file, wanted)
        if "trashed" in wanted and wanted["trashed"] != file.trashed:
            if file.owner != ME or file.id == drive.root.id:
                raise errors.forbidden()
            file = dataclasses.replace(file, trashed=bool(wanted["trashed"]))
        file = self._moved(file, request)
        renamed = wanted.get("name", file.name) != file.name
        file = self._with(file, wanted, now=renamed or data is not None)
        if data is not None:
            if file.is_document:
                file = dataclasses.replace(file, text=data)
            elif file.is_native:
                raise errors.bad_request("A folder or shortcut has no content.")
            else:
                kept = wanted.get("mimeType") or mime or file.mime
                file = self._with_bytes(dataclasses.replace(file, mime=kept), data, request, wanted)
        return drive.save(dataclasses.replace(file, editor=ME))

    def copy(self, request: Request, file_id: str) -> Response:
        source, wanted = self._drive.need(file_id), request.json() or {}
        if source.is_folder:
            raise errors.failure(403, "cannotCopyFile", "This file cannot be copied by the user.")
        wanted.setdefault("name", f"Copy of {source.name}")
        wanted.setdefault("mimeType", source.mime)
        if source.mime == SHORTCUT:
            wanted.setdefault("shortcutDetails", {"targetId": source.target})
        if self._drive.get(source.parent) is not None:
            wanted.setdefault("parents", [source.parent])
        for name in ("properties", "appProperties"):
            held = source.properties if name == "properties" else source.app_properties
            wanted[name] = {**held, **(wanted.get(name) or {})}
        data = source.text if source.is_document else source.data
        return self.answer(request, self.created(wanted, request, data, source.mime))

    def delete(self, request: Request, file_id: str) -> Response:
        del request
        file = self._drive.need(file_id)
        if file.owner != ME or file.id == self._drive.root.id:
            raise errors.forbidden()
        self._drive.destroy(file)
        return Response(204)

    def empty_trash(self, request: Request) -> Response:
        del request
        for file in [each for each in self._drive.files.values() if each.trashed]:
            if file.owner == ME and file.id in self._drive.files:
                self._drive.destroy(file)
        return Response(204)

    # Parts

    @staticmethod
    def _check_writable(wanted: dict[str, Any], *, new: bool) -> None:
        known = schemas()["File"]["properties"]
        if "parents" in wanted and not new:
            raise errors.failure(
                403,
                "fieldNotWritable",
                "The parents field is not directly writable in update requests."
                " Use the addParents and removeParents parameters instead.",
            )
        refused = {each for each in wanted if each in known} - WRITABLE
        refused.discard("kind")
        if not new:
            refused |= {"id", "createdTime", "shortcutDetails"} & wanted.keys()
        if refused:
            raise errors.failure(
                403,
                "fieldNotWritable",
                "The resource body includes fields which are not directly writable.",
            )

    def _check_room(self, size: int) -> None:
        if self._drive.used + size > self._drive.limit:
            raise errors.failure(
                403,
                "storageQuotaExceeded",
                "The user's Drive storage quota has been exceeded.",
            )

    def _with(self, file: File, wanted: dict[str, Any], *, now: bool) -> File:
        """Return a file with metadata set; ``now``: modified now, unless told otherwise."""
        changes: dict[str, Any] = {}
        for name, ours in (
            ("name", "name"),
            ("description", "description"),
            ("starred", "starred"),
            ("copyRequiresWriterPermission", "restricted"),
        ):
            if name in wanted:
                changes[ours] = wanted[name]
        for name, ours in (("properties", "properties"), ("appProperties", "app_properties")):
            if name in wanted:
                both = {**getattr(file, ours), **(wanted[name] or {})}
                changes[ours] = {key: value for key, value in both.items() if value is not None}
        if now:
            changes["modified"] = self._drive.ms()
        for name, ours in (("modifiedTime", "modified"), ("createdTime", "created")):
            if wanted.get(name):
                changes[ours] = time_ms(wanted[name], name)
        if file.mime == SHORTCUT and "shortcutDetails" in wanted:
            changes["target"] = wanted["shortcutDetails"]["targetId"]
        return dataclasses.replace(file, **changes)

    def _with_bytes(
        self, file: File, data: bytes, request: Request, wanted: dict[str, Any]
    ) -> File:
        freed = 0 if file.head is None or file.head.keep else len(file.data)
        self._check_room(len(data) - freed)
        revision = self._drive.revision(
            data, file.mime, file.modified, wanted.get("originalFilename") or file.name
        )
        if request.query.get("keepRevisionForever") == "true":
            revision = dataclasses.replace(revision, keep=True)
        kept = file.kept_revisions(self._drive.ms())
        return dataclasses.replace(file, revisions=(*kept, revision))

    def _moved(self, file: File, request: Request) -> File:
        """Return a file where ``addParents`` and ``removeParents`` bring it; raises Failure.

        It has one parent: another cannot be added while the first stays, which clients found
        (``cannotAddParent``); where one is only taken away, the root takes its place.
        """
        drive = self._drive
        add, remove = (
            {drive.resolve(each) for each in request.query.get(name, "").split(",") if each}
            for name in ("addParents", "removeParents")
        )
        if not add and not remove:
            return file
        if file.id == drive.root.id:
            raise errors.forbidden()
        stays = {file.parent} - remove
        if len(stays | add) > 1 or (add and drive.get(file.parent) is None):
            raise errors.failure(
                403, "cannotAddParent", "Increasing the number of parents is not allowed"
            )
        for each in add - stays:
            folder = drive.need_folder(each)
            if any(above.id == file.id for above in drive.way(folder)):
                raise errors.bad_request(
                    "The specified parent would create a cycle in the directory graph."
                )
            return dataclasses.replace(file, parent=folder.id)
        if stays | add:
            return file
        if file.owner != ME:  # back to where its owner keeps it
            return dataclasses.replace(file, parent="", shared_at=drive.ms())
        return dataclasses.replace(file, parent=drive.root.id)
