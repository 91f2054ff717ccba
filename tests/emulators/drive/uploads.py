"""Uploads: simple, multipart and resumable.

https://developers.google.com/workspace/drive/api/guides/manage-uploads
What a resumable session does with ranges that repeat is as documented for Google's other services:
https://cloud.google.com/storage/docs/performing-resumable-uploads
That of an odd chunk only whole granules are kept, and that the gap which it leaves is a 503, is
what clients of Drive report.
"""

import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.emulators import bulk
from tests.emulators.drive import errors
from tests.emulators.drive.fields import mask_of
from tests.emulators.drive.files import Files
from tests.emulators.drive.model import File
from tests.emulators.drive.store import Drive
from tests.emulators.serving import Failure, Request, Response

GRANULE = 256 << 10
"""Every chunk but the last is a multiple of this; the server keeps no more than whole ones."""

SESSION_SECONDS = 7 * 86_400.0

_CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")


@dataclass
class _Session:
    """An upload under way; ``file_id`` is empty for a new file. ``done`` is what it became."""

    file_id: str
    wanted: dict[str, Any]
    mime: str
    size: int | None
    expires: float
    request: Request
    data: list[bytes] = field(default_factory=list)
    held: int = 0
    done: File | None = None
    cancelled: bool = False


class Uploads:
    """Answers uploads. ``check`` raises Failure for a request without a valid token.

    ``short`` chunks to come are kept only in part, as Google reserves the right to: the answer's
    ``Range`` tells how much.
    """

    def __init__(self, drive: Drive, files: Files, check: Callable[[Request], None]) -> None:
        self._drive = drive
        self._files = files
        self._check = check
        self._sessions: dict[str, _Session] = {}
        self.short = 0

    def create(self, request: Request) -> Response:
        return self._upload(request, "")

    def update(self, request: Request, file_id: str) -> Response:
        return self._upload(request, file_id)

    def expire(self) -> None:
        """Let every session end now."""
        for session in self._sessions.values():
            session.expires = 0.0

    def _upload(self, request: Request, file_id: str) -> Response:
        kind = request.query.get("uploadType", "")
        if "upload_id" in request.query:
            return self.proceed(request)
        self._check(request)
        if kind == "resumable":
            return self._begin(request, file_id)
        if kind == "media":
            wanted: dict[str, Any] = {}
            mime, data = request.headers.get("content-type", ""), request.body
        elif kind == "multipart":
            wanted, mime, data = _parts(request)
        else:
            raise errors.bad_request(f"Unsupported uploadType: {kind!r}")
        return self._answer(request, self._store(request, file_id, wanted, mime, data))

    def _store(
        self, request: Request, file_id: str, wanted: dict[str, Any], mime: str, data: bytes
    ) -> File:
        if not file_id:
            return self._files.created(wanted, request, data, mime)
        return self._files.updated(self._drive.need(file_id), wanted, request, data, mime)

    def _answer(self, request: Request, file: File) -> Response:
        return self._files.answer(request, file)

    # Resumable

    def _begin(self, request: Request, file_id: str) -> Response:
        mask_of(request, "File")
        try:
            wanted = request.json() or {}
        except ValueError:
            raise errors.failure(400, "parseError", "Parse Error") from None
        mime = request.headers.get("x-upload-content-type", "")
        length = request.headers.get("x-upload-content-length", "")
        size = int(length) if length.isdecimal() else None
        if file_id:
            self._files.check_update(self._drive.need(file_id), wanted, size or 0)
        else:
            self._files.check_new(wanted, mime, size or 0)
        upload_id = secrets.token_urlsafe(60)
        expires = self._drive.now() + SESSION_SECONDS
        self._sessions[upload_id] = _Session(file_id, wanted, mime, size, expires, request)
        location = f"{request.base}{request.path}?uploadType=resumable&upload_id={upload_id}"
        return Response(200, b"", {"Location": location, "X-GUploader-UploadID": upload_id})

    def proceed(self, request: Request, file_id: str = "") -> Response:
        """Take in bytes of a session, or tell how far it is. Its address alone gives access."""
        del file_id  # the session knows
        if "authorization" in request.headers:
            self._check(request)
        session = self._sessions.get(request.query.get("upload_id", ""))
        if session is None or session.expires <= self._drive.now():
            raise Failure(Response(404, b"Not Found", {"Content-Type": "text/plain"}))
        if session.cancelled:
            raise Failure(Response(410, b"Gone", {"Content-Type": "text/plain"}))
        if request.method == "DELETE":
            session.cancelled = True
            return Response(499, b"", {})
        if session.done is None:
            self._take(session, request)
        if session.done is not None:
            return self._answer(session.request, session.done)
        headers = {"X-GUploader-UploadID": request.query["upload_id"]}
        if session.held:
            headers["Range"] = f"bytes=0-{session.held - 1}"
        return Response(308, b"", headers)

    def _take(self, session: _Session, request: Request) -> None:
        told = request.headers.get("content-range")
        if told is None:
            start: int | None = 0
            size: int | None = len(request.body)
        else:
            start, size = self._range(told, request)
        if size is not None:
            if session.size is not None and session.size != size:
                raise _refused(
                    f"Invalid request. There were {size} byte(s) announced for the upload,"
                    f" which does not match the {session.size} byte(s) of its beginning."
                )
            session.size = size
        if start is not None:
            self._append(session, start, request.body)
        if session.size is not None and session.held >= session.size:
            session.done = self._store(
                session.request,
                session.file_id,
                session.wanted,
                session.mime,
                bulk.joined(session.data),
            )
            session.data.clear()

    def _append(self, session: _Session, start: int, body: bytes) -> None:
        held = session.held
        if start > held:
            raise _refused(
                "Invalid request.  According to the Content-Range header, the upload offset is"
                f" {start} byte(s), which exceeds already uploaded size of {held} byte(s).",
                503,
            )
        new = body[held - start :]
        end = held + len(new)
        if session.size is None or end < session.size:
            end -= end % GRANULE
        if self.short and end - held > GRANULE:
            self.short -= 1
            end = held + (end - held) // 2 // GRANULE * GRANULE or held + GRANULE
        if end > held:
            session.data.append(bulk.recognised(new[: end - held], held))
            session.held = end

    @staticmethod
    def _range(told: str, request: Request) -> tuple[int | None, int | None]:
        match = _CONTENT_RANGE.fullmatch(told)
        if match is None:
            raise _refused("Failed to parse Content-Range header.")
        size = None if match[3] == "*" else int(match[3])
        if match[1] is None:
            return None, size
        start, end = int(match[1]), int(match[2]) + 1
        if end - start != len(request.body) or (size is not None and end > size):
            raise _refused(
                f"Invalid request.  There were {len(request.body)} byte(s) in the request body."
                f"  There should have been {end - start} byte(s) (starting at offset {start} and"
                f" ending at offset {end - 1}) according to the Content-Range header."
            )
        return start, size


def _refused(message: str, status: int = 400) -> Failure:
    return Failure(Response(status, message.encode(), {"Content-Type": "text/plain"}))


def _parts(request: Request) -> tuple[dict[str, Any], str, bytes]:
    """Return metadata, type and bytes of a ``multipart/related`` body; raises Failure."""
    told = request.headers.get("content-type", "")
    match = re.search(r'boundary="?([^";]+)"?', told)
    if match is None or not told.startswith("multipart/"):
        raise errors.bad_request("Missing multipart boundary in Content-Type.")
    line = b"--" + match[1].encode()
    opening = request.body.find(line)
    ending = b"\r\n" if request.body[opening + len(line) :].startswith(b"\r\n") else b"\n"
    parts = (b"\n" + request.body if opening == 0 else request.body).split(ending[-1:] + line)
    if len(parts) != 4:
        raise errors.bad_request("Malformed multipart body.")
    metadata, content = (_part(each, ending) for each in parts[1:3])
    try:
        wanted = json.loads(metadata[1] or b"{}")
    except ValueError:
        raise errors.failure(400, "parseError", "Parse Error") from None
    return wanted, content[0], content[1]


def _part(raw: bytes, ending: bytes) -> tuple[str, bytes]:
    """Return the content type and body of a part."""
    head, _, body = raw.partition(ending * 2)
    match = re.search(rb"(?i)content-type:[ \t]*([^\r\n]+)", head)
    if ending == b"\r\n":
        body = body.removesuffix(b"\r")
    return (match[1].decode().strip() if match else ""), body
