"""The ``revisions`` of a file.

https://developers.google.com/workspace/drive/api/reference/rest/v3/revisions
"""

import dataclasses
from typing import Any

from tests.emulators.drive import errors, media, resources
from tests.emulators.drive.fields import select
from tests.emulators.drive.files import page_size
from tests.emulators.drive.model import File, Revision
from tests.emulators.drive.store import Drive
from tests.emulators.serving import Request, Response

_DEFAULT = "kind,id,mimeType,modifiedTime"


class Revisions:
    """Answers requests for what a file has been."""

    def __init__(self, drive: Drive) -> None:
        self._drive = drive

    def listing(self, request: Request, file_id: str) -> Response:
        file = self._need(file_id)
        held, size = self._of(file), page_size(request)
        text = request.query.get("pageToken", "0")
        if not text.isdecimal() or int(text) > len(held):
            raise errors.invalid("pageToken")
        start = int(text)
        told: dict[str, Any] = {
            "kind": "drive#revisionList",
            "revisions": [
                resources.revision(each, native=file.is_native)
                for each in held[start : start + size]
            ],
        }
        if start + size < len(held):
            told["nextPageToken"] = str(start + size)
        default = f"kind,nextPageToken,revisions({_DEFAULT})"
        return Response(200, select(request, "RevisionList", told, default))

    def get(self, request: Request, file_id: str, revision_id: str) -> Response:
        file = self._need(file_id)
        found = self._find(file, revision_id)
        if request.query.get("alt") == "media":
            if file.is_native:
                raise errors.failure(
                    403,
                    "fileNotDownloadable",
                    "Only files with binary content can be downloaded."
                    " Use Export with Docs Editors files.",
                    location="alt",
                    locationType="parameter",
                )
            return media.send(request, found.data, found.mime)
        return self._answer(request, file, found)

    def update(self, request: Request, file_id: str, revision_id: str) -> Response:
        file, wanted = self._need(file_id), request.json() or {}
        found = self._find(file, revision_id)
        if wanted.keys() - {"keepForever", "published", "publishAuto", "kind"}:
            raise errors.failure(
                403,
                "fieldNotWritable",
                "The resource body includes fields which are not directly writable.",
            )
        changed = dataclasses.replace(found, keep=wanted.get("keepForever", found.keep))
        kept = tuple(changed if each is found else each for each in file.revisions)
        self._drive.save(dataclasses.replace(file, revisions=kept), told=False)
        return self._answer(request, file, changed)

    def delete(self, request: Request, file_id: str, revision_id: str) -> Response:
        del request
        file = self._need(file_id)
        found = self._find(file, revision_id)
        if file.is_native or len(self._of(file)) == 1:
            raise errors.failure(
                400, "cannotDeleteOnlyRevision", "The only revision of a file cannot be deleted."
            )
        kept = tuple(each for each in file.revisions if each is not found)
        changed = dataclasses.replace(file, revisions=kept)
        self._drive.save(changed, told=found is file.head)
        return Response(204)

    def _answer(self, request: Request, file: File, found: Revision) -> Response:
        told = resources.revision(found, native=file.is_native)
        return Response(200, select(request, "Revision", told, _DEFAULT))

    def _need(self, file_id: str) -> File:
        file = self._drive.need(file_id)
        if file.access == "reader":
            raise errors.forbidden()
        return file

    def _of(self, file: File) -> tuple[Revision, ...]:
        if file.is_document:
            return (Revision(file.text, file.mime, file.modified, file.modified, id="1"),)
        return file.kept_revisions(self._drive.ms())

    def _find(self, file: File, revision_id: str) -> Revision:
        for each in self._of(file):
            if revision_id in {each.id, "head"}:
                return file.head or each if revision_id == "head" else each
        raise errors.failure(
            404,
            "notFound",
            f"Revision not found: {revision_id}.",
            location="revisionId",
            locationType="parameter",
        )
