"""Routes that bring content: at once, or piece by piece through a session."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from syncoxiders.core.digests import DROPBOX
from tests.emulators import bulk
from tests.emulators.dropbox.committing import commit
from tests.emulators.dropbox.jobs import Jobs
from tests.emulators.dropbox.locking import WriteLock
from tests.emulators.dropbox.refusals import Refused, within
from tests.emulators.dropbox.routes import Route
from tests.emulators.dropbox.storage import Storage

LARGEST_REQUEST = 150 << 20
PIECE = 4 << 20
SESSION_LIFETIME = 7 * 86400.0


@dataclass
class Session:
    """An upload session; ``pieces`` by offset."""

    began: float
    concurrent: bool
    closed: bool = False
    pieces: dict[int, bytes] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """How many bytes there are from the beginning without a gap."""
        end = 0
        while self.pieces.get(end):
            end += len(self.pieces[end])
        return end

    @property
    def is_whole(self) -> bool:
        return self.size == sum(map(len, self.pieces.values()))

    def content(self) -> bytes:
        return bulk.joined(self.pieces[offset] for offset in sorted(self.pieces))


class Uploading:
    """``upload`` and ``upload_session/…``. ``largest_request`` is in bytes."""

    def __init__(self, storage: Storage, lock: WriteLock) -> None:
        self._storage = storage
        self._lock = lock
        self._sessions: dict[str, Session] = {}
        self.largest_request = LARGEST_REQUEST
        self.jobs = Jobs()

    def routes(self) -> Iterator[Route]:
        scope, base = "files.content.write", "files/upload_session/"
        yield Route("files/upload", scope, self._upload, writes=True)
        yield Route(base + "start", scope, self._start)
        yield Route(base + "start_batch", scope, self._start_batch)
        yield Route(base + "append_v2", scope, self._append)
        yield Route(base + "append_batch", scope, self._append_batch)
        yield Route(base + "finish", scope, self._finish, writes=True)
        yield Route(base + "finish_batch", scope, self._finish_batch, writes=True)
        yield Route(base + "finish_batch/check", scope, self.jobs.check)
        yield Route(base + "finish_batch_v2", scope, self._finish_batch_v2, writes=True)

    def _upload(self, argument: Any, body: bytes) -> dict[str, Any]:
        self._check_body(argument, body)
        with within("path", "reason", upload_session_id=self._session_id()):
            self._lock.check()
            file = commit(self._storage, argument, body)
        return self._storage.file(file)

    def _start(self, argument: Any, body: bytes) -> dict[str, Any]:
        self._check_body(argument, body)
        concurrent = bool(argument.session_type and argument.session_type.is_concurrent())
        if concurrent and body:
            raise Refused("concurrent_session_data_not_allowed")
        if concurrent and argument.close:
            raise Refused("concurrent_session_close_not_allowed")
        session = Session(self._storage.now(), concurrent, closed=argument.close)
        if body:
            session.pieces[0] = bulk.recognised(body, 0)
        return {"session_id": self._open(session)}

    def _start_batch(self, argument: Any, body: bytes) -> dict[str, Any]:
        del body
        concurrent = bool(argument.session_type and argument.session_type.is_concurrent())
        began = self._storage.now()
        count = argument.num_sessions
        return {"session_ids": [self._open(Session(began, concurrent)) for _ in range(count)]}

    def _append(self, argument: Any, body: bytes) -> None:
        body = bulk.recognised(body, argument.cursor.offset)
        self._check_body(argument, body)
        session = self._session(argument.cursor.session_id)
        self._add(session, argument.cursor.offset, body, close=argument.close)

    def _append_batch(self, argument: Any, body: bytes) -> dict[str, Any]:
        """Append to many sessions; each has its own outcome."""
        self._check_body(argument, body)
        if sum(entry.length for entry in argument.entries) != len(body):
            raise Refused("length_mismatch")
        outcomes: list[dict[str, Any]] = []
        start = 0
        for entry in argument.entries:
            data = body[start : start + entry.length]
            start += entry.length
            try:
                session = self._session(entry.cursor.session_id)
                self._add(session, entry.cursor.offset, data, close=entry.close)
                outcomes.append({".tag": "success"})
            except Refused as refused:
                outcomes.append({".tag": "failure", "failure": refused.body})
        return {"entries": outcomes}

    def _finish(self, argument: Any, body: bytes) -> dict[str, Any]:
        """Commit; where that is refused the content stays in the session for another try."""
        self._check_body(argument, body)
        session = self._finishable(argument.cursor, body)
        if body:
            with within("lookup_failed"):
                self._add(session, argument.cursor.offset, body, close=False)
        self._lock.check()
        return self._commit(argument, session)

    def _finish_batch(self, argument: Any, body: bytes) -> dict[str, Any]:
        return self.jobs.launch(self._finish_batch_v2(argument, body))

    def _finish_batch_v2(self, argument: Any, body: bytes) -> dict[str, Any]:
        del body
        return {"entries": [self._finish_entry(entry) for entry in argument.entries]}

    def _finish_entry(self, entry: Any) -> dict[str, Any]:
        try:
            session = self._finishable(entry.cursor, b"", closed=True)
            self._lock.check()
            return {".tag": "success", **self._commit(entry, session)}
        except Refused as refused:
            return {".tag": "failure", "failure": refused.body}

    # Inside

    def _check_body(self, argument: Any, body: bytes) -> None:
        if len(body) > self.largest_request:
            raise Refused("payload_too_large")
        expected = argument.content_hash
        if expected and expected != bulk.digest(body, DROPBOX):
            raise Refused("content_hash_mismatch")

    @staticmethod
    def _session_id() -> str:
        return "pid_upload_session:" + secrets.token_urlsafe(40)

    def _open(self, session: Session) -> str:
        name = self._session_id()
        self._sessions[name] = session
        return name

    def _session(self, name: str) -> Session:
        session = self._sessions.get(name)
        if session is None or session.began + SESSION_LIFETIME <= self._storage.now():
            raise Refused("not_found")
        return session

    @staticmethod
    def _add(session: Session, offset: int, data: bytes, *, close: bool) -> None:
        if session.closed:
            raise Refused("closed")
        if session.concurrent:
            if offset % PIECE:
                raise Refused("concurrent_session_invalid_offset")
            if len(data) % PIECE and not close:
                raise Refused("concurrent_session_invalid_data_size")
        elif offset != session.size:
            raise Refused("incorrect_offset", correct_offset=session.size)
        if data:
            session.pieces[offset] = bulk.recognised(data, offset)
        session.closed = close

    def _finishable(self, cursor: Any, body: bytes, *, closed: bool = False) -> Session:
        """Return a session that can be finished from an offset; raises Refused."""
        with within("lookup_failed"):
            session = self._session(cursor.session_id)
        if closed and not session.closed:
            raise Refused("lookup_failed", "not_closed")
        if session.concurrent:
            if body:
                raise Refused("concurrent_session_data_not_allowed")
            if not session.closed:
                raise Refused("concurrent_session_not_closed")
            if not session.is_whole or cursor.offset > session.size:
                raise Refused("concurrent_session_missing_data")
        if cursor.offset != session.size:
            raise Refused("incorrect_offset", correct_offset=session.size).within("lookup_failed")
        return session

    def _commit(self, argument: Any, session: Session) -> dict[str, Any]:
        with within("path"):
            file = commit(self._storage, argument.commit, session.content())
        del self._sessions[argument.cursor.session_id]
        return self._storage.file(file)
