"""Uploads that another process can go on with."""

import time

import msgspec

from syncoxiders.adapters.providers.drive._api import Api
from syncoxiders.adapters.providers.drive._effects import Effects
from syncoxiders.adapters.providers.drive._files import File
from syncoxiders.adapters.providers.drive._places import Places
from syncoxiders.adapters.providers.drive._resumable import WEEK, Resumable
from syncoxiders.adapters.providers.drive._upload import Target, Uploading
from syncoxiders.core import hashes
from syncoxiders.core.model import Entry
from syncoxiders.ports.errors import Stale
from syncoxiders.ports.provider import Session

_MARGIN = 3600.0


class _Token(msgspec.Struct, frozen=True):
    """What has to be known to go on with an upload.

    ``address`` is a secret of Google's; ``size`` is negative where nobody knows it yet.
    """

    address: str
    target: Target
    size: int


class Sessions:
    """Uploads in sessions. Nothing stands at the place before the last chunk is sent."""

    def __init__(self, api: Api, places: Places, effects: Effects, uploading: Uploading) -> None:
        self._api = api
        self._places = places
        self._effects = effects
        self._uploading = uploading
        self._resumable = Resumable(api)

    def begin(self, target: Target, size: int) -> Session:
        """Open an upload."""
        self._uploading.check(target)
        address = self._uploading.begin(target, None if size < 0 else size)
        token = _Token(address, target, size)
        return Session(msgspec.json.encode(token).decode(), expires=time.time() + WEEK - _MARGIN)

    def append(self, session: Session, chunk: memoryview | bytes, *, last: bool) -> Session:
        """Send the bytes from the session's offset on."""
        token, at = _decoded(session), session.offset
        target = token.target
        if last:
            if token.size >= 0 and at + len(chunk) != token.size:
                raise Stale(f"{target.path}: its size is not what was said in the beginning")
            with self._places.turn(*target.turn):
                self._uploading.check(target)
                self._uploading.send_last(target, token.address, at, chunk)
        else:
            self._resumable.put(token.address, at, chunk, None, target.path)
        return msgspec.structs.replace(session, offset=at + len(chunk))

    def resume(self, session: Session) -> Session | None:
        """Return the session as Google has it."""
        token = _decoded(session)
        held = self._resumable.held(token.address, token.target.path)
        if held is None:
            return None
        offset = held.size if isinstance(held, File) else held
        return msgspec.structs.replace(session, offset=offset)

    def finish(self, session: Session, given: str) -> Entry:
        """Make sure of what the last chunk brought into being, and return it."""
        target = _decoded(session).target
        with self._places.turn(*target.turn):
            file = self._api.get(target.file_id, target.path)
            if target.replaces and file.revision == target.revision:
                raise Stale(f"{target.path}: the upload is not complete")
            if hashes.equal(file.hashes, given) is False and self._is_written_since(file, target):
                raise Stale(f"{target.path} was written by somebody else meanwhile")
            return self._uploading.settled(target, file, given)

    def abandon(self, session: Session) -> None:
        """Give an upload up."""
        self._resumable.cancel(_decoded(session).address)

    def _is_written_since(self, file: File, target: Target) -> bool:
        """Say whether a file has more revisions than those that we know of."""
        ids = [each.id for each in self._api.revisions(file.id, target.path)]
        before = ids.index(target.revision) + 1 if target.revision in ids else 0
        return len(ids) - before > 1


def _decoded(session: Session) -> _Token:
    return msgspec.json.decode(session.token, type=_Token)
