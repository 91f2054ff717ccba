"""Uploads: small ones in one request, larger ones in chunks, whatever the size was said to be."""

import mimetypes
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress

import msgspec

from syncoxiders.adapters.providers.drive._api import Api
from syncoxiders.adapters.providers.drive._documents import Documents, revision_of
from syncoxiders.adapters.providers.drive._effects import Effects
from syncoxiders.adapters.providers.drive._files import File, Revision, format_time, parse_time
from syncoxiders.adapters.providers.drive._names import check, is_twin, stored
from syncoxiders.adapters.providers.drive._places import Places
from syncoxiders.adapters.providers.drive._resumable import CHUNK, Resumable
from syncoxiders.core import hashes
from syncoxiders.core.digests import Digests
from syncoxiders.core.model import Entry, Kind, Ref
from syncoxiders.ports.errors import ProviderError, Refused, Stale, Unreachable
from syncoxiders.ports.provider import Attributes

SMALL = 5 << 20
"""Up to here Google advises a single request.

https://developers.google.com/workspace/drive/api/guides/manage-uploads#choose-upload-type
"""

BINARY = "application/octet-stream"

PROOF = ("md5",)
"""Hashes, besides our own, that uploads are proved by: Drive has our own only "if available"."""


class Target(msgspec.Struct, frozen=True):
    """Where an upload goes: a place for a new file, or a file and the version expected of it.

    ``file_id`` is the file's, made beforehand for a new one, whose ``version`` is ``""``.
    ``parent`` is the folder's id at Drive, ``name`` the name as the engine sees it, ``path`` is
    for people.
    """

    file_id: str
    parent: str
    name: str
    path: str
    mtime_ns: int | None = None
    version: str = ""

    @property
    def replaces(self) -> bool:
        """Whether a file is there already."""
        return bool(self.version)

    @property
    def revision(self) -> str:
        """The revision that is to be replaced."""
        return revision_of(self.version)

    @property
    def mime(self) -> str:
        """The type of the content, as far as the name tells."""
        mime, packed = mimetypes.guess_type(self.name)
        return BINARY if packed or mime is None else mime

    @property
    def turn(self) -> tuple[str, ...]:
        """What only one thread at a time may write to."""
        return ("file", self.file_id) if self.replaces else ("place", self.parent, self.name)

    def body(self) -> dict[str, object]:
        """Return the metadata that go with the bytes."""
        body: dict[str, object] = {}
        if not self.replaces:
            body = {"id": self.file_id, "name": stored(self.name), "parents": [self.parent]}
        if self.mtime_ns is not None:
            body["modifiedTime"] = format_time(self.mtime_ns)
        return body


class Uploading:
    """Writes content."""

    def __init__(self, api: Api, places: Places, documents: Documents, effects: Effects) -> None:
        self._api = api
        self._places = places
        self._documents = documents
        self._effects = effects
        self._resumable = Resumable(api)
        effects.put_back = self._put_back

    def aim(
        self, parent: Ref, name: str, attributes: Attributes, replaces: tuple[Ref, str] | None
    ) -> Target:
        """Return where an upload goes. Raises Refused for what can never get there."""
        check(name)
        if attributes.kind is Kind.LINK:
            raise Refused("symbolic links cannot be kept at Google Drive")
        if attributes.mtime_ns is not None:
            format_time(attributes.mtime_ns)
        return Target(
            file_id=self._api.new_id() if replaces is None else replaces[0].id,
            parent=self._places.drive_id(parent.id),
            name=name,
            path=f"{parent.path}/{name}" if parent.path else name,
            mtime_ns=attributes.mtime_ns,
            version="" if replaces is None else replaces[1] or _NO_VERSION,
        )

    def check(self, target: Target) -> None:
        """Make sure that an upload may come to its target as it is now."""
        if not target.replaces:
            self._effects.check_free(target.parent, target.name, target.file_id)
            return
        file = self._places.editable(Ref(target.file_id, target.path), target.version)
        self._documents.check_writable(file, target.path)
        plain = self._documents.plain(file)
        is_named = target.name == plain or is_twin(target.name, plain, file)
        if file.parent != target.parent or not is_named:
            raise Stale(f"{target.path}: what is to be replaced does not stand there")

    def begin(self, target: Target, size: int | None) -> str:
        """Begin to write in chunks and return the address that they go to, a secret."""
        request = self._api.uploading(
            target.file_id if target.replaces else "", target.body(), target.mime
        )
        return self._resumable.begin(request, target.mime, size, target.path)

    def write(self, target: Target, chunks: Iterable[memoryview | bytes], *, verify: bool) -> Entry:
        """Write content, all of it or nothing."""
        digests = Digests(PROOF if verify else ())
        head = bytearray()
        rest = iter(chunks)
        for chunk in rest:
            head += chunk
            digests.update(chunk)
            if len(head) > SMALL:
                return self._write_large(target, head, rest, digests, verify=verify)
        data = bytes(head)

        def send() -> File:
            file_id = target.file_id if target.replaces else ""
            return self._api.put(file_id, target.body(), data, target.mime, target.path)

        with self._places.turn(*target.turn):
            self.check(target)
            file = self._heard(target, send, digests.text())
            return self.settled(target, file, digests.text(), verify=verify)

    def _write_large(
        self,
        target: Target,
        buffer: bytearray,
        rest: Iterator[memoryview | bytes],
        digests: Digests,
        *,
        verify: bool,
    ) -> Entry:
        self.check(target)
        address = self.begin(target, None)
        size, offset = CHUNK, 0
        with self._given_up(address):
            for chunk in rest:
                buffer += chunk
                digests.update(chunk)
                while len(buffer) > size:
                    part = bytes(memoryview(buffer)[:size])
                    self._resumable.put(address, offset, part, None, target.path)
                    offset += size
                    del buffer[:size]
        given, last = digests.text(), bytes(buffer)
        with self._places.turn(*target.turn):
            with self._given_up(address):
                self.check(target)
                file = self._heard(
                    target, lambda: self.send_last(target, address, offset, last), given
                )
            return self.settled(target, file, given, verify=verify)

    @contextmanager
    def _given_up(self, address: str) -> Iterator[None]:
        """Give an upload up if something fails; what is left otherwise runs out by itself."""
        try:
            yield
        except Exception:
            with suppress(ProviderError):
                self._resumable.cancel(address)
            raise

    def send_last(
        self, target: Target, address: str, offset: int, data: memoryview | bytes
    ) -> File:
        """Send the last bytes, by which the file comes into being."""
        total = offset + len(data)
        file = self._resumable.put(address, offset, data, total, target.path)
        if file is None:
            raise Unreachable(f"{target.path}: Google Drive did not say what became of it")
        return file

    def _heard(self, target: Target, send: Callable[[], File], given: str) -> File:
        """Send, or find what was sent if it arrived and the answer did not."""
        if not target.replaces:
            return self._effects.heard(target.file_id, send)
        try:
            return send()
        except Unreachable:
            file = self._api.find(target.file_id)
            if file is None or file.revision == target.revision:
                raise
            if hashes.equal(file.hashes, given) is not True:
                raise
            return file

    def send_small(self, target: Target, data: bytes) -> tuple[File, str]:
        """Make a new file, not looking at its place; returns it and the hashes of its bytes."""
        digests = Digests(PROOF)
        digests.update(data)

        def send() -> File:
            return self._api.put("", target.body(), data, target.mime, target.path)

        return self._heard(target, send, digests.text()), digests.text()

    def settled(
        self,
        target: Target,
        file: File,
        given: str,
        *,
        verify: bool = True,
        others: Sequence[File] | None = None,
    ) -> Entry:
        """Make sure of what was written, and return it; what may not stay is taken back.

        ``others`` are what stands at its place by now, where that was asked for already.
        """
        effects = self._effects
        if verify and not effects.is_proved(file, given, target.path):
            if target.replaces:
                effects.take_back(file, target.revision, target.path)
            else:
                effects.withdraw(file)
            raise effects.not_proved(target.path)
        name = target.name
        if target.replaces:
            effects.replaced(file, target.revision, target.path)
            name = self._places.name_of(file, name)
        else:
            effects.settled(file, target.parent, name, others)
        entry = self._places.entry(file, name)
        return msgspec.structs.replace(entry, hashes=hashes.merged(entry.hashes, given))

    def _put_back(self, file: File, revision: Revision, content: Iterable[bytes]) -> None:
        """Write the content of a revision over a file as it stands."""
        name = self._documents.plain(file)
        target = Target(
            file_id=file.id,
            parent=file.parent,
            name=name,
            path=name,
            mtime_ns=parse_time(revision.modified_time),
            version=self._documents.version(file),
        )
        self.write(target, content, verify=True)


_NO_VERSION = "?"
"""What is expected of a file of which nobody knows a version: no file has it."""
