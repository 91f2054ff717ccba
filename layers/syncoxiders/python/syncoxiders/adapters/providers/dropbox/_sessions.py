"""Uploads that another process may continue.

What is needed for that is in the session's token: Dropbox's own id of it, which lives for seven
days, and where the content goes. A session is not closed by its last piece, so that finishing can
be tried again; giving it up closes it, since Dropbox has no request for that.
"""

import time
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import structs

from syncoxiders.adapters.providers.dropbox._errors import tags
from syncoxiders.adapters.providers.dropbox._sdk import exceptions, files
from syncoxiders.adapters.providers.dropbox._write import SESSION, Target, Writer, correct_offset
from syncoxiders.core.digests import DROPBOX
from syncoxiders.core.hashes import decode
from syncoxiders.core.model import Entry, Ref
from syncoxiders.ports.errors import Occupied, Stale, Vanished
from syncoxiders.ports.provider import Attributes, Session

LIFETIME = 7 * 86400.0
"""Seconds. Source: the docstring of ``files_upload_session_start`` in the SDK."""


class _Token(msgspec.Struct, frozen=True):
    """What a session's token holds."""

    session: str
    target: Target


class Continued:
    """The sessions of one root."""

    def __init__(self, writer: Writer, now: Callable[[], float] = time.time) -> None:
        self._writer = writer
        self._client = writer.client
        self._now = now

    def begin(
        self,
        parent: Ref,
        name: str,
        attributes: Attributes,
        replaces: tuple[Ref, str] | None,
    ) -> Session:
        """Open an upload, unless it shows already that it would end in vain."""
        target = self._writer.target(parent, name, attributes, replaces)
        places = self._writer.places
        standing = places.standing(parent, name)
        if replaces is None and standing is not None:
            raise Occupied(f"{target.path} stands there already")
        if replaces is not None and getattr(standing, "id", "") != replaces[0].id:
            raise Stale(f"{target.path} is not what was expected")
        if standing is None and not places.is_folder(parent):
            raise Vanished(f"the folder {parent.path} is not there any more")
        token = _Token(self._writer.start(target.path), target)
        return Session(msgspec.json.encode(token).decode(), expires=self._now() + LIFETIME)

    def append(self, session: Session, chunk: memoryview | bytes) -> Session:
        """Send the bytes from ``session.offset`` on."""
        token = _token(session)
        piece = bytes(chunk)
        self._writer.append(token.session, session.offset, piece, token.target.path)
        return structs.replace(session, offset=session.offset + len(piece))

    def resume(self, session: Session) -> Session | None:
        """Return the session as Dropbox has it: sending nothing tells how much is there."""
        token = _token(session)
        offset = self._send_nothing(token, session.offset, close=False)
        return None if offset is None else structs.replace(session, offset=offset)

    def finish(self, session: Session, hashes: str) -> Entry:
        """Put the content in its place and return the entry."""
        token = _token(session)
        metadata = self._writer.finish(token.target, token.session, session.offset)
        content_hash = decode(hashes).get(DROPBOX, "")
        return self._writer.written(token.target, metadata, hashes, content_hash)

    def abandon(self, session: Session) -> None:
        """Close the session, so that nobody goes on with it; it ends by itself."""
        token = _token(session)
        offset = self._send_nothing(token, session.offset, close=True)
        if offset is not None and offset != session.offset:
            self._send_nothing(token, offset, close=True)

    def _send_nothing(self, token: _Token, offset: int, *, close: bool) -> int | None:
        """Return how many bytes the session holds, None if it cannot be continued."""
        cursor = files.UploadSessionCursor(token.session, offset)

        def send(api: Any) -> int | None:
            try:
                api.files_upload_session_append_v2(b"", cursor, close=close)
            except exceptions.ApiError as exc:
                there = correct_offset(exc)
                if there is None and not _OVER.intersection(tags(exc.error)):
                    raise
                return there
            return offset

        return self._client.call(send, token.target.path, meaning=SESSION)


_OVER = {"not_found", "closed"}


def _token(session: Session) -> _Token:
    try:
        return msgspec.json.decode(session.token, type=_Token)
    except msgspec.MsgspecError as exc:
        raise Stale("this is no upload to a Dropbox") from exc
