"""Uploads in parts that survive the process: what is to be known of one is in its token.

S3 keeps parts until the upload is finished or given up (a lifecycle rule of the bucket may end
it; the answers say when). Which parts are there is asked for, not remembered.
"""

import msgspec

from syncoxiders.adapters.providers.s3._bucket import Bucket, Part, code
from syncoxiders.adapters.providers.s3._objects import Object
from syncoxiders.adapters.providers.s3._trash import Trash
from syncoxiders.adapters.providers.s3._upload import Begun, Target, Uploader, time_of
from syncoxiders.core import hashes
from syncoxiders.core.digests import CRC32
from syncoxiders.ports.errors import ProviderError, Stale
from syncoxiders.ports.provider import Session


class _Token(msgspec.Struct, frozen=True):
    target: Target
    upload: Begun
    chunk: int
    mtime_ns: int | None


class Uploads:
    """Sessions as the port has them, with targets for places and objects for entries."""

    def __init__(self, bucket: Bucket, uploader: Uploader, trash: Trash) -> None:
        self._bucket = bucket
        self._uploader = uploader
        self._trash = trash

    def begin(self, target: Target, *, size: int, mtime_ns: int | None) -> Session:
        """Open an upload."""
        self._uploader.check(target)
        upload = self._uploader.begin(target.key, mtime_ns)
        token = _Token(target, upload, self._uploader.part_size(size), mtime_ns)
        return Session(msgspec.json.encode(token).decode(), expires=upload.ends)

    def append(self, session: Session, chunk: memoryview | bytes, *, last: bool) -> Session:
        """Send a part."""
        token = _decoded(session)
        number, odd = divmod(session.offset, token.chunk)
        if odd or not (len(chunk) == token.chunk or (last and len(chunk) < token.chunk)):
            raise Stale("the upload goes on at another byte, or in chunks of another size")
        self._uploader.send(token.target.key, token.upload, number + 1, bytes(chunk))
        return msgspec.structs.replace(session, offset=session.offset + len(chunk))

    def resume(self, session: Session) -> Session | None:
        """Return the session with what is there, None if there is none."""
        token = _decoded(session)
        try:
            parts, ends = self._parts(token)
        except Stale as stale:
            if code(stale) == "NoSuchUpload":
                return None
            raise
        there = 0
        for number, part in enumerate(parts, 1):
            if part.number != number or there % token.chunk:
                break
            there += part.size
        return msgspec.structs.replace(session, offset=there, expires=ends)

    def finish(self, session: Session, given: str) -> Object:
        """Put the content in its place."""
        token = _decoded(session)
        target = token.target
        parts, _ = self._parts(token)
        if not parts:
            parts = [self._uploader.send(target.key, token.upload, 1, b"")]
        whole = all(
            part.number == number and (part.size == token.chunk or number == len(parts))
            for number, part in enumerate(parts, 1)
        )
        if not whole or sum(part.size for part in parts) != session.offset:
            raise Stale("the service has other bytes of the upload than were sent")
        kept = self._uploader.ready(target)
        digests = hashes.decode(given)
        try:
            answer = self._uploader.complete(target, token.upload, parts, digests.get(CRC32, ""))
        except ProviderError:
            self._trash.forget(kept)
            raise
        written = self._uploader.written(
            target.key, answer, time_of(token.mtime_ns), session.offset
        )
        self._uploader.prove(written, answer, given)
        return written

    def abandon(self, session: Session) -> None:
        """Give an upload up."""
        token = _decoded(session)
        try:
            self._bucket.abort(token.target.key, token.upload.id)
        except Stale as stale:
            if code(stale) != "NoSuchUpload":
                raise

    def _parts(self, token: _Token) -> tuple[list[Part], float]:
        parts: list[Part] = []
        ends = 0.0
        for part, answer in self._bucket.parts(token.target.key, token.upload.id):
            parts.append(part)
            date = answer.get("AbortDate")
            ends = date.timestamp() if date else 0.0
        return parts, ends


def _decoded(session: Session) -> _Token:
    try:
        return msgspec.json.decode(session.token, type=_Token)
    except msgspec.MsgspecError as exc:
        raise Stale("this is no upload of S3's") from exc
