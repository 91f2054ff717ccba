"""Writing files: what is committed where, under which precondition, and the proof of it.

A new file is added where nothing stands; one that replaces names the revision that it replaces;
``strict_conflict`` makes both hold where Dropbox would shrug: where the content is equal, or the
file is gone. With equal content Dropbox may make no new revision, and a new time does not arrive
then: the answer tells what stands there.
Source: the docstrings of ``files.WriteMode`` and ``files.CommitInfo`` in the SDK.
"""

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import msgspec
from msgspec import structs

from syncoxiders.adapters.providers.dropbox._client import Client
from syncoxiders.adapters.providers.dropbox._documents import is_document
from syncoxiders.adapters.providers.dropbox._errors import Meaning
from syncoxiders.adapters.providers.dropbox._metadata import (
    LeftOut,
    check_name,
    entry_of,
    modified,
)
from syncoxiders.adapters.providers.dropbox._places import Places, below
from syncoxiders.adapters.providers.dropbox._sdk import exceptions, files
from syncoxiders.adapters.providers.dropbox.policies import Limits
from syncoxiders.core import hashes
from syncoxiders.core.digests import DROPBOX, Digests, digests_of
from syncoxiders.core.model import Entry, Kind, Ref
from syncoxiders.ports.errors import ProviderError, Refused, Stale
from syncoxiders.ports.pieces import pieces
from syncoxiders.ports.provider import Attributes

SESSION: Meaning = {"not_found": Stale}
"""An upload session that is not there any more; that is no file that vanished."""

REPLACING: Meaning = {"conflict": Stale}


class Target(msgspec.Struct, frozen=True):
    """Where content goes, and what stands there: ``rev`` of a revision, ``""`` for nothing."""

    parent: Ref
    name: str
    mtime_ns: int | None = None
    rev: str = ""

    @property
    def path(self) -> str:
        """The path, for a person."""
        return below(self.parent, self.name)

    @property
    def meaning(self) -> Meaning:
        """What tags mean to a write there."""
        return REPLACING if self.rev else {}


class Writer:
    """Uploads, and what sessions and batches have in common with them."""

    def __init__(self, client: Client, places: Places, limits: Limits) -> None:
        self.client = client
        self.places = places
        self.limits = limits

    def target(
        self, parent: Ref, name: str, attributes: Attributes, replaces: tuple[Ref, str] | None
    ) -> Target:
        """Return where an upload goes. Raises Refused, Stale, Vanished."""
        check_name(name)
        if attributes.kind is not Kind.FILE:
            raise Refused("Dropbox's API makes no symbolic links")
        rev = ""
        if replaces is not None:
            metadata = self.places.expected(*replaces)
            if not isinstance(metadata, files.FileMetadata):
                raise Stale(f"{replaces[0].path} is a folder")
            if is_document(metadata):
                raise Refused(f"{replaces[0].path} is a document, and can only be written there")
            rev = metadata.rev
        return Target(parent, name, attributes.mtime_ns, rev)

    def upload(
        self, target: Target, chunks: Iterable[memoryview | bytes], *, verify: bool
    ) -> Entry:
        """Write content, by one request if it is small enough."""
        digests = Digests([DROPBOX])
        session, sent = "", 0
        for piece, last in pieces(digests.passing(chunks), self.limits.chunk):
            if last and not session and len(piece) <= self.limits.single:
                content_hash = digests.of(DROPBOX) if verify else None
                metadata = self._at_once(target, piece, content_hash)
                return self.written(target, metadata, digests.text(), content_hash)
            session = self._send(session, sent, piece, target)
            sent += len(piece)
        metadata = self.finish(target, session, sent)
        content_hash = digests.of(DROPBOX) if verify else None
        return self.written(target, metadata, digests.text(), content_hash)

    def _at_once(self, target: Target, data: bytes, content_hash: str | None) -> Any:
        info = self.commit(target)

        def upload(api: Any) -> Any:
            return api.files_upload(
                data,
                info.path,
                mode=info.mode,
                client_modified=info.client_modified,
                mute=True,
                strict_conflict=True,
                content_hash=content_hash,
            )

        try:
            return self.client.call(
                upload, target.path, repeatable=False, writes=True, meaning=target.meaning
            )
        except ProviderError as error:
            raise self.places.judge(error, target.parent) from error

    # Sessions

    def _send(self, session: str, sent: int, piece: bytes, target: Target) -> str:
        """Send a piece, the first one by opening the session, whose id is returned."""
        if not session:
            return self.start(target.path, piece)
        self.append(session, sent, piece, target.path)
        return session

    def start(self, about: str, piece: bytes = b"") -> str:
        """Open an upload session with its first piece and return its id.

        One whose answer was lost holds nobody's place, and ends by itself.
        """
        content_hash = digests_of([piece], [DROPBOX]).of(DROPBOX)
        begun = self.client.call(
            lambda api: api.files_upload_session_start(piece, content_hash=content_hash), about
        )
        session: str = begun.session_id
        return session

    def append(self, session: str, offset: int, piece: bytes, about: str) -> None:
        """Send a piece. Raises Stale where another number of bytes is there.

        A piece whose answer was lost is sent again; that it is there already is then no surprise.
        """
        cursor = files.UploadSessionCursor(session, offset)
        content_hash = digests_of([piece], [DROPBOX]).of(DROPBOX)
        tries = 0

        def append(api: Any) -> None:
            nonlocal tries
            tries += 1
            try:
                api.files_upload_session_append_v2(piece, cursor, content_hash=content_hash)
            except exceptions.ApiError as exc:
                if tries == 1 or correct_offset(exc) != offset + len(piece):
                    raise

        self.client.call(append, about, meaning=SESSION)

    def finish(self, target: Target, session: str, size: int) -> Any:
        """Put a session's content in its place and return the metadata."""
        cursor = files.UploadSessionCursor(session, size)
        info = self.commit(target)
        meaning = {**SESSION, **target.meaning}
        try:
            return self.client.call(
                lambda api: api.files_upload_session_finish(b"", cursor, info),
                target.path,
                repeatable=False,
                writes=True,
                meaning=meaning,
            )
        except ProviderError as error:
            raise self.places.judge(error, target.parent) from error

    # Commits

    def commit(self, target: Target) -> Any:
        """Return what is to be committed where, as the SDK has it."""
        return files.CommitInfo(
            path=self.places.place(target.parent, target.name),
            mode=files.WriteMode.update(target.rev) if target.rev else files.WriteMode.add,
            client_modified=modified(target.mtime_ns),
            mute=True,
            strict_conflict=True,
        )

    def written(self, target: Target, metadata: Any, own: str, content_hash: str | None) -> Entry:
        """Return the entry of what was written, proved by its hash; else take it back."""
        if content_hash is not None and metadata.content_hash != content_hash:
            self.take_back(target, metadata)
            raise Stale(f"{target.path} did not arrive as it was sent")
        return entry_at(metadata, target.parent, own)

    def take_back(self, target: Target, metadata: Any) -> None:
        """Undo a write, unless somebody has written since."""
        with suppress(ProviderError):
            if target.rev:
                self._put_back(target, metadata)
            else:
                self.client.call(
                    lambda api: api.files_delete_v2(metadata.id, parent_rev=metadata.rev),
                    target.path,
                    writes=True,
                )

    def _put_back(self, target: Target, metadata: Any) -> None:
        """Make the replaced revision the current one again."""
        now = self.places.metadata(Ref(metadata.id, target.path))
        if now is not None and now.rev == metadata.rev:
            self.client.call(
                lambda api: api.files_restore(now.path_lower, target.rev),
                target.path,
                writes=True,
            )


def entry_at(metadata: Any, parent: Ref, known: str = "") -> Entry:
    """Return the entry of what was just brought to a folder, with the hashes known of it."""
    entry = entry_of(metadata, parent.id, "export")
    if isinstance(entry, LeftOut):
        raise Refused(f"{below(parent, metadata.name)} {entry.reason}")
    return structs.replace(entry, hashes=hashes.merged(entry.hashes, known))


def correct_offset(error: Exception) -> int | None:
    """Return how many bytes a session holds, where an error of the SDK says so."""
    union = getattr(error, "error", None)
    while union is not None:
        if getattr(union, "_tag", "") == "incorrect_offset":
            offset: int = union.get_incorrect_offset().correct_offset
            return offset
        union = getattr(union, "_value", None)
    return None
