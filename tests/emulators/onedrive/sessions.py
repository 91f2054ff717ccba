"""Upload sessions: files that come in ranges.

Source: https://learn.microsoft.com/graph/api/driveitem-createuploadsession
"""

import re
import secrets
from dataclasses import dataclass, field
from typing import Any

from tests.emulators import bulk
from tests.emulators.onedrive import errors, facets
from tests.emulators.onedrive.addressing import Address
from tests.emulators.onedrive.drive import Drive
from tests.emulators.onedrive.items import Item, key
from tests.emulators.onedrive.service import Service, conflict_behavior, json_body
from tests.emulators.onedrive.writing import client_times
from tests.emulators.serving import Request, Response

MULTIPLE = 320 << 10
BELOW = 60 << 20

_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


@dataclass
class Session:
    """An upload under way, and what is to become of it."""

    token: str
    drive: Drive
    folder: Item
    name: str
    item: Item | None  # where it was addressed by its id
    conflict: str
    precondition: str
    deferred: bool
    times: tuple[float | None, float | None]
    expires: float
    total: int | None = None
    aligned: bool = True
    parts: list[bytes] = field(default_factory=list)
    offset: int = 0

    @property
    def is_whole(self) -> bool:
        return self.offset == self.total


class Sessions:
    """The sessions that are open."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._open: dict[str, Session] = {}

    @property
    def count(self) -> int:
        """How many sessions hold bytes that nobody committed or cancelled."""
        return len(self._open)

    def expire(self) -> None:
        """Let every session end now."""
        self._open.clear()

    def create(self, service: Service, request: Request, address: Address) -> Response:
        """Answer ``POST createUploadSession``."""
        body = json_body(request)
        told = body.get("item") or {}
        drive, folder, name, old = service.place(address)
        service.expect(request, drive, old)
        name = drive.check(folder, told.get("name") or name, is_folder=False)
        old = drive.child(folder, name)
        default = service.quirks.session_conflict
        conflict = conflict_behavior(request, told, default)
        if old is not None and (old.kind != "file" or conflict == "fail"):
            raise errors.name_taken()
        if service.quirks.session_is_exclusive and self._is_open(folder, name):
            raise errors.name_taken()
        service.unlocked(old)
        if "fileSize" in told:
            drive.room(int(told["fileSize"]) - (len(old.data) if old is not None else 0))
        session = Session(
            token=secrets.token_urlsafe(24),
            drive=drive,
            folder=folder,
            name=name,
            item=None if address.path else old,
            conflict=conflict,
            precondition=request.headers.get("if-match", ""),
            deferred=bool(body.get("deferCommit")),
            times=client_times(told),
            expires=service.now() + service.quirks.session_lifetime,
        )
        self._open[session.token] = session
        answer = self._state(session)
        answer["uploadUrl"] = f"{request.base}/_upload/{session.token}"
        return Response(200, answer)

    def put(self, request: Request, token: str) -> Response:
        """Answer a range of bytes."""
        session = self._find(token)
        # "it may result in an HTTP 401 Unauthorized response"
        if "authorization" in request.headers:
            raise errors.failure(401, "unauthenticated", "No Authorization header is wanted here")
        found = _RANGE.fullmatch(request.headers.get("content-range", ""))
        if found is None:
            raise errors.invalid("A Content-Range header is needed")
        start, last, total = map(int, found.groups())
        if last - start + 1 != len(request.body) or last >= total or not request.body:
            raise errors.invalid("Content-Range and the bytes sent do not agree")
        if len(request.body) >= BELOW:
            raise errors.failure(
                413, "invalidRequest", "The range is too long", "maxFragmentLengthExceeded"
            )
        if session.total not in {None, total}:
            raise errors.invalid("The total size is another than before", "fragmentLengthMismatch")
        if start < session.offset:
            raise errors.failure(
                416,
                "invalidRange",
                "Uploaded fragment overlaps with existing data.",
                "fragmentOverlap",
            )
        if start > session.offset:
            raise errors.failure(
                416, "invalidRange", "Uploaded fragment is out of order.", "fragmentOutOfOrder"
            )
        session.total = total
        session.parts.append(bulk.recognised(request.body, start))
        session.offset = last + 1
        session.aligned &= session.is_whole or len(request.body) % MULTIPLE == 0
        if not session.is_whole or session.deferred:
            return Response(202, self._state(session))
        return self._commit(request, session, session.precondition)

    def post(self, request: Request, token: str) -> Response:
        """Answer the request that completes a deferred session, on business drives."""
        session = self._find(token)
        if session.drive.type == "personal" or not session.deferred or request.body:
            raise errors.invalid("This session is not completed so")
        return self._commit(request, session, session.precondition)

    def commit(self, service: Service, request: Request, address: Address) -> Response | None:
        """Answer a PUT of a folder that names a session as its source; None if it does not.

        It completes what a late conflict left, under another name or with another behaviour,
        or, on personal drives, a deferred session.
        """
        body = json_body(request)
        source = str(body.get("@microsoft.graph.sourceUrl", ""))
        if "/_upload/" not in source:
            return None
        session = self._find(source.rpartition("/")[2])
        drive, folder = service.find(address)
        session.name = drive.check(folder, body.get("name") or session.name, is_folder=False)
        session.folder = folder
        session.conflict = conflict_behavior(request, body, session.conflict)
        session.item = None
        return self._commit(request, session, request.headers.get("if-match", ""))

    def get(self, request: Request, token: str) -> Response:
        """Answer what is lacking."""
        del request
        return Response(200, self._state(self._find(token)))

    def cancel(self, request: Request, token: str) -> Response:
        del request
        del self._open[self._find(token).token]
        return Response(204)

    def _is_open(self, folder: Item, name: str) -> bool:
        now = self._service.now()
        return any(
            each.folder is folder and key(each.name) == key(name) and each.expires > now
            for each in self._open.values()
        )

    def _commit(self, request: Request, session: Session, precondition: str) -> Response:
        """Put the file in its place; where that cannot be, the session stays."""
        service, drive = self._service, session.drive
        if not session.is_whole:
            raise errors.invalid("Bytes are lacking", "uploadSessionIncomplete")
        if not session.aligned:
            raise errors.invalid(
                "A range was no multiple of 320 KiB and not the last", "uploadSessionFailed"
            )
        if session.folder.deleted:
            raise errors.not_found("The folder is gone")
        there = session.item
        if there is None:
            there = drive.child(session.folder, session.name)
        elif there.deleted:
            raise errors.not_found("The item is gone")
        if (
            precondition
            and service.quirks.session_checks_at_end
            and (there is None or not facets.matches(drive, there, precondition))
        ):
            raise errors.changed()
        created, modified = session.times
        item, is_new = service.put(
            drive,
            session.folder if there is None or there.parent is None else there.parent,
            session.name if there is None else there.name,
            there,
            bulk.joined(session.parts),
            conflict=session.conflict,
            fs_created=created,
            fs_modified=modified,
        )
        del self._open[session.token]
        return Response(201 if is_new else 200, service.show(request, drive, item))

    def _find(self, token: str) -> Session:
        session = self._open.get(token)
        if session is not None and session.expires <= self._service.now():
            del self._open[token]
            session = None
        if session is None:
            raise errors.failure(
                404, "itemNotFound", "The upload session was not found", "uploadSessionNotFound"
            )
        return session

    @staticmethod
    def _state(session: Session) -> dict[str, Any]:
        lacking = [] if session.is_whole else [f"{session.offset}-"]
        return {
            "expirationDateTime": facets.stamp(session.expires),
            "nextExpectedRanges": lacking,
        }
