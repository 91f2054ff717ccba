"""Uploads that another process may continue.

What is needed for that is in the session's token: the address of the upload, which is secret and
lives for some days, and where the content goes. The last piece puts the file in its place, and
finishing only proves it.
"""

import msgspec
from msgspec import structs

from syncoxiders.adapters.providers.onedrive._items import hashes_of
from syncoxiders.adapters.providers.onedrive._uploads import Piece
from syncoxiders.adapters.providers.onedrive._write import Target, Writer
from syncoxiders.core.hashes import equal
from syncoxiders.core.model import Entry, Ref
from syncoxiders.ports.errors import Refused, Stale, Vanished
from syncoxiders.ports.provider import Attributes, Session


class _Token(msgspec.Struct, frozen=True):
    """What a session's token holds; ``item`` and ``version`` once the file is in its place."""

    url: str
    target: Target
    size: int
    item: str = ""
    version: str = ""


class Continued:
    """The sessions of one root."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def begin(
        self,
        parent: Ref,
        name: str,
        size: int,
        attributes: Attributes,
        replaces: tuple[Ref, str] | None,
    ) -> Session:
        """Open an upload, unless it shows already that it would end in vain."""
        target = self._writer.target(parent, name, attributes, replaces)
        if size <= 0:
            raise Refused(f"{target.path}: OneDrive has to know the size of what comes in pieces")
        url, expires = self._writer.begin(target, size)
        return Session(_text(_Token(url, target, size)), expires=expires)

    def append(self, session: Session, chunk: memoryview | bytes, *, last: bool) -> Session:
        """Send the bytes from ``session.offset`` on."""
        token = _token(session)
        target = token.target
        piece = Piece(token.url, target.path, session.offset, bytes(chunk), token.size)
        if token.item or piece.end > token.size or last is not (piece.end == token.size):
            raise Stale(f"{target.path}: another number of bytes was announced")
        if last:
            item = self._writer.complete(target, piece)
            version = self._writer.places.version(item)
            token = structs.replace(token, item=item["id"], version=version)
        else:
            self._writer.uploads.append(piece)
        return structs.replace(session, token=_text(token), offset=piece.end)

    def resume(self, session: Session) -> Session | None:
        """Return the session as OneDrive has it."""
        token = _token(session)
        if token.item:
            return session
        offset = self._writer.uploads.offset(token.url, token.target.path, token.size)
        if offset is None or offset >= token.size:
            return None  # it is no more, or came to its end at a place that is taken
        return structs.replace(session, offset=offset)

    def finish(self, session: Session, hashes: str) -> Entry:
        """Return the entry of what is in its place by now, proved by its hash."""
        token = _token(session)
        path = token.target.path
        if not token.item:
            raise Stale(f"{path}: the upload is not complete")
        places = self._writer.places
        item = places.item(Ref(token.item, path))
        if item is None:
            raise Vanished(f"{path} is not there any more")
        is_later = places.version(item) != token.version
        if is_later and equal(hashes_of(item), hashes) is not True:
            return self._writer.unsettled(token.target, item)
        return self._writer.written(token.target, item, token.size, hashes, verify=True)

    def abandon(self, session: Session) -> None:
        """Give an upload up, unless it has come to its end."""
        token = _token(session)
        if not token.item:
            self._writer.uploads.cancel(token.url)


def _text(token: _Token) -> str:
    return msgspec.json.encode(token).decode()


def _token(session: Session) -> _Token:
    try:
        return msgspec.json.decode(session.token, type=_Token)
    except msgspec.MsgspecError as exc:
        raise Stale("this is no upload to a OneDrive") from exc
