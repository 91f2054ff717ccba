"""Single requests to the Drive API, through the SDK and the account's pace.

Requests are built by the SDK from the discovery document that it brings, and sent by
:class:`~._wire.Wire`. What is said of an entry in errors is given as ``about``.
"""

import functools
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import httpx
import msgspec
from googleapiclient.discovery import (  # type: ignore[import-untyped]  # the SDK has no types
    build_from_document,
)
from googleapiclient.discovery_cache import (  # type: ignore[import-untyped]  # the SDK has no types
    get_static_doc,
)
from googleapiclient.errors import HttpError  # type: ignore[import-untyped]  # the SDK has no types
from googleapiclient.http import (  # type: ignore[import-untyped]  # the SDK has no types
    MediaInMemoryUpload,
)

from syncoxiders.adapters.providers.drive._errors import Failure
from syncoxiders.adapters.providers.drive._files import FIELDS, FOLDER, File, Revision
from syncoxiders.adapters.providers.drive._wire import Wire
from syncoxiders.ports.errors import CursorExpired, Refused, Unreachable, Vanished
from syncoxiders.ports.pace import Pace

T = TypeVar("T")

GOOGLE = "https://www.googleapis.com"

_PAGE = 1000
_IDS = 200


class Feed(msgspec.Struct, frozen=True, rename="camel"):
    """A page of the change feed."""

    class Item(msgspec.Struct, frozen=True, rename="camel"):
        """What is told of one file."""

        file_id: str = ""
        removed: bool = False
        file: File | None = None

    changes: tuple[Item, ...] = ()
    next_page_token: str = ""
    new_start_page_token: str = ""


class _Listing(msgspec.Struct, frozen=True, rename="camel"):
    files: tuple[File, ...] = ()
    next_page_token: str = ""
    incomplete_search: bool = False


class _Revisions(msgspec.Struct, frozen=True, rename="camel"):
    revisions: tuple[Revision, ...] = ()
    next_page_token: str = ""


class _Ids(msgspec.Struct, frozen=True):
    ids: tuple[str, ...]


class _Start(msgspec.Struct, frozen=True, rename="camel"):
    start_page_token: str


class _Where(msgspec.Struct, frozen=True, rename="camel"):
    drive_id: str = ""
    export_links: Mapping[str, str] = {}


class Storage(msgspec.Struct, frozen=True):
    """How full an account's storage is, in bytes; without a bound ``limit`` is 0."""

    usage: int = 0
    limit: int = 0


class _About(msgspec.Struct, frozen=True, rename="camel"):
    storage_quota: Storage


class Watched(msgspec.Struct, frozen=True, rename="camel"):
    """A push channel that was opened; ``expiration`` is in milliseconds."""

    resource_id: str
    expiration: int = 0


class Api:
    """The API as one account uses it.

    It is asked within the shared drive ``drive_id``, or the one that the folder ``inside`` is in,
    or, where both are ``""`` or that is none, within My Drive.
    """

    def __init__(self, wire: Wire, pace: Pace, url: str, *, drive_id: str, inside: str) -> None:
        self.name = wire.name
        self._given_drive_id = drive_id
        self._inside = inside
        self._wire = wire
        self._pace = pace
        self._url = url or GOOGLE
        self._ids: list[str] = []
        self._lock = threading.Lock()

    @functools.cached_property
    def _service(self) -> Any:
        document = json.loads(get_static_doc("drive", "v3"))
        root = self._url.rstrip("/") + "/"
        document["rootUrl"] = root
        document["baseUrl"] = root + document["servicePath"]
        return build_from_document(document, http=self._wire)

    @functools.cached_property
    def _files(self) -> Any:
        return self._service.files()

    @functools.cached_property
    def _revisions(self) -> Any:
        return self._service.revisions()

    # Looking

    def get(self, file_id: str, about: str) -> File:
        """Return a file, in the trash or not. Raises Vanished."""
        request = self._files.get(fileId=file_id, fields=FIELDS, supportsAllDrives=True)
        return self._run(request, about, File)

    def find(self, file_id: str) -> File | None:
        """Return a file, in the trash or not; None if there is none, or none that we may see."""
        try:
            return self.get(file_id, file_id)
        except Vanished:
            return None

    @functools.cached_property
    def drive_id(self) -> str:
        """The shared drive's id; ``""`` for My Drive."""
        if self._given_drive_id or not self._inside:
            return self._given_drive_id
        request = self._files.get(fileId=self._inside, fields="driveId", supportsAllDrives=True)
        return self._run(request, self._inside, _Where).drive_id

    def listing(self, query: str, about: str) -> Iterator[Sequence[File]]:
        """Yield pages of the files that match; the order is Drive's own."""
        token = ""
        while True:
            request = self._files.list(
                q=query,
                pageSize=_PAGE,
                pageToken=token or None,
                fields=f"nextPageToken,incompleteSearch,files({FIELDS})",
                supportsAllDrives=True,
                **self._of_drive(corpora="drive", includeItemsFromAllDrives=True),
            )
            answer = self._run(request, about, _Listing)
            if answer.incomplete_search:
                raise Unreachable(f"{self.name}: Google Drive did not search everything")
            yield answer.files
            token = answer.next_page_token
            if not token:
                return

    def all(self, query: str, about: str) -> list[File]:
        """Return all files that match."""
        return [file for page in self.listing(query, about) for file in page]

    def revisions(self, file_id: str, about: str) -> list[Revision]:
        """Return the revisions of a file, the oldest first."""
        found: list[Revision] = []
        token = ""
        while True:
            request = self._revisions.list(
                fileId=file_id,
                pageSize=_PAGE,
                pageToken=token or None,
                fields="nextPageToken,revisions(id,mimeType,md5Checksum,modifiedTime)",
            )
            answer = self._run(request, about, _Revisions)
            found += answer.revisions
            token = answer.next_page_token
            if not token:
                return found

    def start_token(self) -> str:
        """Return the token of changes to come."""
        request = self._service.changes().getStartPageToken(
            supportsAllDrives=True, **self._of_drive()
        )
        return self._run(request, "the change feed", _Start).start_page_token

    def changes(self, token: str) -> Feed:
        """Return a page of changes. Raises CursorExpired for a token that Drive does not know."""
        request = self._service.changes().list(
            pageToken=token,
            pageSize=_PAGE,
            includeRemoved=True,
            supportsAllDrives=True,
            includeItemsFromAllDrives=True,
            fields=f"nextPageToken,newStartPageToken,changes(fileId,removed,file({FIELDS}))",
            **self._of_drive(),
        )
        try:
            return self._run(request, "the change feed", Feed)
        except (Refused, Vanished) as exc:
            raise CursorExpired(f"{self.name}: Google Drive does not know this cursor") from exc

    def storage(self) -> Storage:
        """Return the account's storage quota."""
        request = self._service.about().get(fields="storageQuota(usage,limit)")
        return self._run(request, "the storage", _About).storage_quota

    # Changing

    def new_id(self) -> str:
        """Return an id for a file that is to be made; fetched in advance, used once."""
        with self._lock:
            if not self._ids:
                request = self._files.generateIds(count=_IDS, space="drive", type="files")
                self._ids = list(self._run(request, "new ids", _Ids).ids)
            return self._ids.pop()

    def make_folder(self, file_id: str, parent: str, name: str, about: str) -> File:
        """Create a folder under an id that was made for it; Occupied if that is in use."""
        request = self._files.create(
            body={"id": file_id, "name": name, "parents": [parent], "mimeType": FOLDER},
            fields=FIELDS,
            supportsAllDrives=True,
        )
        return self._run(request, about, File)

    def update(
        self,
        file_id: str,
        body: Mapping[str, object],
        about: str,
        *,
        add: str = "",
        remove: str = "",
    ) -> File:
        """Change what is known of a file, and the folder that it stands in."""
        request = self._files.update(
            fileId=file_id,
            body=dict(body),
            addParents=add or None,
            removeParents=remove or None,
            fields=FIELDS,
            supportsAllDrives=True,
        )
        return self._run(request, about, File)

    def copy(self, file_id: str, body: Mapping[str, object], about: str) -> File:
        """Make a file of another; Occupied if the id in the body is in use."""
        request = self._files.copy(
            fileId=file_id, body=dict(body), fields=FIELDS, supportsAllDrives=True
        )
        return self._run(request, about, File)

    def put(
        self, file_id: str, body: Mapping[str, object], data: bytes, mime: str, about: str
    ) -> File:
        """Write a small file with one request; an empty ``file_id`` makes a new one."""
        return self._run(self._uploading(file_id, body, mime, data), about, File)

    def uploading(self, file_id: str, body: Mapping[str, object], mime: str) -> Any:
        """Return the SDK's request by which a resumable upload begins."""
        return self._uploading(file_id, body, mime, None)

    def _uploading(
        self, file_id: str, body: Mapping[str, object], mime: str, data: bytes | None
    ) -> Any:
        media = MediaInMemoryUpload(data or b"", mimetype=mime, resumable=data is None)
        common: dict[str, Any] = {
            "body": dict(body),
            "media_body": media,
            "fields": FIELDS,
            "supportsAllDrives": True,
        }
        if file_id:
            return self._files.update(fileId=file_id, **common)
        return self._files.create(**common)

    # Pushes

    def watch(self, token: str, body: Mapping[str, object]) -> Watched:
        """Open a channel for changes from a token on."""
        request = self._service.changes().watch(
            pageToken=token,
            body=dict(body),
            includeRemoved=True,
            supportsAllDrives=True,
            includeItemsFromAllDrives=True,
            **self._of_drive(),
        )
        return self._run(request, "a push channel", Watched, repeatable=False)

    def stop(self, channel: str, resource: str) -> None:
        """Close a channel. Raises Vanished."""
        request = self._service.channels().stop(body={"id": channel, "resourceId": resource})
        self._run(request, "a push channel", object)

    # Bytes

    def content_uri(self, file_id: str, revision: str = "") -> str:
        """Return where the bytes of a file, or of one of its revisions, are."""
        if revision:
            request = self._revisions.get_media(fileId=file_id, revisionId=revision)
        else:
            request = self._files.get_media(fileId=file_id, supportsAllDrives=True)
        return str(request.uri)

    def export_uri(self, file_id: str, mime: str) -> str:
        """Return where a document is exported, up to 10 MB."""
        return str(self._files.export_media(fileId=file_id, mimeType=mime).uri)

    def export_link(self, file_id: str, mime: str, about: str) -> str | None:
        """Return where a document of any size is exported, None where it cannot be."""
        request = self._files.get(fileId=file_id, fields="exportLinks", supportsAllDrives=True)
        return self._run(request, about, _Where).export_links.get(mime)

    def open(self, uri: str, about: str, offset: int = 0) -> httpx.Response:
        """Begin to download, from a byte on."""
        headers = {"range": f"bytes={offset}-"} if offset else {}
        return self.paced(lambda: self._wire.open(uri, headers, self._about(about)))

    def chunks(self, answer: httpx.Response) -> Iterator[bytes]:
        """Yield what an open download brings."""
        return self._wire.chunks(answer)

    # One request

    def send(
        self,
        method: str,
        uri: str,
        headers: Mapping[str, str],
        body: bytes | memoryview | str | None,
    ) -> httpx.Response:
        """Send a request of an upload now, past the pace; see :meth:`paced`."""
        return self._wire.send(method, uri, headers, body)

    def paced(self, request: Callable[[], T], *, repeatable: bool = True) -> T:
        """Make a request when the account may be asked."""
        return self._pace(request, repeatable=repeatable)

    def failure(self, answer: httpx.Response, about: str) -> Exception:
        """Return the port's error for an answer that is none of success."""
        return Failure(answer.status_code, answer.headers, answer.content).error(self._about(about))

    def _run(self, request: Any, about: str, into: type[T], *, repeatable: bool = True) -> T:
        def once() -> T:
            try:
                answer = request.execute(http=self._wire, num_retries=0)
            except HttpError as exc:
                failure = Failure(exc.resp.status, exc.resp, exc.content)
                raise failure.error(self._about(about)) from exc
            return self.told(answer, into)

        # Most of what is done twice is done once: ids of new files are made beforehand, and who
        # changes a file looks at what came of it.
        return self.paced(once, repeatable=repeatable)

    def told(self, answer: Any, into: type[T]) -> T:
        """Return what an answer says; raises Unreachable if it is not one of Google's."""
        try:
            if isinstance(answer, httpx.Response):
                answer = answer.json()
            return msgspec.convert(answer, into, strict=False)
        except ValueError as exc:
            raise Unreachable(f"{self.name}: the answer is not one of Google Drive's") from exc

    def _about(self, about: str) -> str:
        return f"{self.name}: {about}"

    def _of_drive(self, **more: object) -> dict[str, object]:
        return {"driveId": self.drive_id, **more} if self.drive_id else {}


def quoted(text: str) -> str:
    """Return a text as a query has it.

    https://developers.google.com/workspace/drive/api/guides/ref-search-terms
    """
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
