"""A storage provider in memory that can do what clouds can: sessions, copies, batches, quota."""

from collections.abc import Sequence

import msgspec
from msgspec import structs

from syncoxiders.adapters.memory.clock import MemoryClock
from syncoxiders.adapters.memory.provider import MemoryFeedProvider
from syncoxiders.adapters.memory.quirks import Quirks
from syncoxiders.adapters.providers.carrying import reading
from syncoxiders.core import hashes
from syncoxiders.core.digests import digests_of
from syncoxiders.core.model import Entry, Kind, Ref
from syncoxiders.ports.clock import Clock
from syncoxiders.ports.errors import ProviderError, Stale
from syncoxiders.ports.provider import Attributes, Carry, Provider, Quota, Session


class _Upload(msgspec.Struct):
    """What is known of an upload under way."""

    parent: Ref
    name: str
    attributes: Attributes
    replaces: tuple[Ref, str] | None
    keep: bool
    data: bytearray


class MemoryCloudProvider(MemoryFeedProvider):
    """A memory provider with ``Feeds``, ``Sessions``, ``Copies``, ``Carries`` and ``Measures``.

    ``chunk`` is the size of a session's chunks, ``room`` what there is in bytes, 0 for no bound.
    """

    upload_hashes = ("md5",)

    def __init__(
        self,
        quirks: Quirks | None = None,
        *,
        clock: Clock | None = None,
        name: str = "m",
        chunk: int = 1 << 16,
        room: int = 0,
    ) -> None:
        super().__init__(quirks, clock=clock or MemoryClock(), name=name)
        self.chunk = chunk
        self.room = room
        self._uploads: dict[str, _Upload] = {}
        self._opened = 0

    # Sessions

    def session_chunk(self, size: int) -> int:
        """Return how many bytes each chunk has, but the last."""
        del size
        return self.chunk

    def begin(
        self,
        parent: Ref,
        name: str,
        *,
        size: int,
        attributes: Attributes,
        replaces: tuple[Ref, str] | None = None,
        keep: bool = False,
    ) -> Session:
        """Open an upload."""
        del size
        self._enter("begin")
        self._tree.check_name(name)
        with self._lock:
            self._check_place(parent, name, replaces)
            self._opened += 1
            token = f"upload {self._opened}"
            self._uploads[token] = _Upload(parent, name, attributes, replaces, keep, bytearray())
        return Session(token)

    def append(self, session: Session, chunk: memoryview | bytes, *, last: bool) -> Session:
        """Take the bytes from ``session.offset`` on."""
        del last
        self._enter("append")
        with self._lock:
            data = self._upload(session).data
            if len(data) != session.offset:
                raise Stale(f"{len(data)} bytes are here, not {session.offset}")
            data += chunk
            return structs.replace(session, offset=len(data))

    def resume(self, session: Session) -> Session | None:
        """Return the session as it is, None if it is no more."""
        self._enter("resume")
        with self._lock:
            upload = self._uploads.get(session.token)
            return None if upload is None else structs.replace(session, offset=len(upload.data))

    def finish(self, session: Session, hashes: str) -> Entry:
        """Put the content in its place."""
        self._enter("finish")
        with self._lock:
            upload = self._upload(session)
            data = bytes(upload.data)
        if not _proved(data, hashes, self.upload_hashes):
            raise Stale(f"{upload.name} did not arrive as it was sent")
        entry = self.upload(
            upload.parent,
            upload.name,
            [data],
            size=len(data),
            attributes=upload.attributes,
            replaces=upload.replaces,
            keep=upload.keep,
        )
        self._uploads.pop(session.token, None)
        return entry

    def abandon(self, session: Session) -> None:
        """Give an upload up."""
        self._enter("abandon")
        with self._lock:
            self._uploads.pop(session.token, None)

    def _upload(self, session: Session) -> _Upload:
        upload = self._uploads.get(session.token)
        if upload is None:
            raise Stale("the upload is no more")
        return upload

    # Copies

    def can_copy(self, source: Provider) -> bool:
        """Say whether the source is this storage."""
        return source is self

    def copy(
        self, source: Ref, version: str, parent: Ref, name: str, attributes: Attributes
    ) -> Entry:
        """Make a new file of a version."""
        self._enter("copy")
        with self._lock:
            data = self._file(source, version).data
        return self.upload(parent, name, [data], size=len(data), attributes=attributes)

    # Carries

    def can_carry(self, source: Provider) -> bool:
        """Take files from anybody."""
        del source
        return True

    def carry(
        self, source: Provider, items: Sequence[Carry], *, verify: bool = True
    ) -> list[Entry | ProviderError]:
        """Take files from any provider, one after the other."""
        try:
            self._enter("carry")
        except ProviderError as error:
            return [error for _ in items]
        return [self._take(source, item, verify=verify) for item in items]

    def _take(self, source: Provider, item: Carry, *, verify: bool) -> Entry | ProviderError:
        try:
            with reading(source, item) as chunks:
                return self.upload(
                    item.parent,
                    item.name,
                    chunks,
                    size=item.size,
                    attributes=item.attributes,
                    verify=verify,
                )
        except ProviderError as error:
            return error

    # Measures

    def quota(self) -> Quota:
        """Return what is used: what stands here, trash and versions included."""
        self._enter("quota")
        with self._lock:
            nodes = self._tree.below(self._tree.root)
            used = sum(len(node.data) for node in nodes if node.kind is not Kind.FOLDER)
            used += sum(map(len, self._trash)) + sum(map(len, self._versions))
        return Quota(used, self.room)


def _proved(data: bytes, claimed: str, algorithms: tuple[str, ...]) -> bool:
    return hashes.equal(digests_of([data], algorithms).text(), claimed) is True
