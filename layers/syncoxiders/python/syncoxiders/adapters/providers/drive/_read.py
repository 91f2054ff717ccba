"""Reading: bytes of a version, exports of documents, and hashes."""

from collections.abc import Callable, Iterator, Sequence

import httpx

from syncoxiders.adapters.providers.drive._api import Api
from syncoxiders.adapters.providers.drive._documents import Documents
from syncoxiders.adapters.providers.drive._errors import TooLargeToExport
from syncoxiders.adapters.providers.drive._files import File
from syncoxiders.adapters.providers.drive._places import Places
from syncoxiders.core import hashes
from syncoxiders.core.digests import Digests
from syncoxiders.core.model import UNKNOWN_SIZE, Entry, Kind, Ref
from syncoxiders.ports.errors import Changing, Denied, Stale

_PARTIAL = 206


class DriveReader:
    """Bytes of one version on their way from Drive.

    ``answer`` is the open download, or all there is; its first ``skip`` bytes are not wanted.
    ``check`` raises Changing if the version does not stand any more.
    """

    def __init__(
        self,
        entry: Entry,
        api: Api,
        answer: httpx.Response | bytes,
        check: Callable[[], None],
        skip: int = 0,
    ) -> None:
        self.entry = entry
        self._api = api
        self._answer = answer
        self._check = check
        self._skip = skip

    def chunks(self, size: int = 1 << 20) -> Iterator[memoryview | bytes]:
        """Yield the bytes in order; raises Changing if they may not be the version's."""
        for piece in self._pieces():
            for start in range(0, len(piece), size):
                yield piece[start : start + size]
        self._check()

    def _pieces(self) -> Iterator[memoryview]:
        skip = self._skip
        whole = (
            [self._answer] if isinstance(self._answer, bytes) else self._api.chunks(self._answer)
        )
        for piece in whole:
            if skip < len(piece):
                yield memoryview(piece)[skip:]
            skip = max(0, skip - len(piece))

    def close(self) -> None:
        """Drop the connection if it still brings something."""
        if isinstance(self._answer, httpx.Response):
            self._answer.close()


class Reading:
    """Opens what can be read."""

    def __init__(self, api: Api, places: Places, documents: Documents) -> None:
        self._api = api
        self._places = places
        self._documents = documents

    def open(self, ref: Ref, version: str, offset: int = 0) -> DriveReader:
        """Begin to read a version from a byte on."""
        file = self._places.expected(ref, version)
        entry = self._places.entry(file, self._places.name_of(file, ref.path.rpartition("/")[2]))
        if entry.kind is Kind.FOLDER:
            raise Stale(f"{ref.path} is a folder")

        def check() -> None:
            now = self._api.find(file.id)
            if now is None or now.trashed or self._documents.version(now) != version:
                raise Changing(f"{ref.path} changed while it was read")

        link = self._documents.content_of_link(file)
        if link is not None:
            return DriveReader(entry, self._api, link[offset:], check)
        if not file.capabilities.can_download:
            raise Denied(f"{self._api.name}: {ref.path}: its owner does not let it be downloaded")
        if entry.size == UNKNOWN_SIZE:
            if offset:
                raise Stale(
                    f"{ref.path}: no two exports are alike: it has to be read from its start"
                )
            return DriveReader(entry, self._api, self._export(file, ref.path), check)
        if offset >= file.size:
            return DriveReader(entry, self._api, b"", check)
        answer = self._api.open(self._api.content_uri(file.id), ref.path, offset)
        skip = 0 if answer.status_code == _PARTIAL else offset
        return DriveReader(entry, self._api, answer, check, skip)

    def revision(self, file_id: str, revision: str, about: str) -> Iterator[bytes]:
        """Yield the bytes of a revision."""
        answer = self._api.open(self._api.content_uri(file_id, revision), about)
        try:
            yield from self._api.chunks(answer)
        finally:
            answer.close()

    def _export(self, file: File, about: str) -> httpx.Response:
        """Begin to export a document: up to 10 MB at once, what is larger by its link.

        https://developers.google.com/workspace/drive/api/guides/manage-downloads
        """
        mime = self._documents.export(file).mime
        try:
            return self._api.open(self._api.export_uri(file.id, mime), about)
        except TooLargeToExport:
            link = self._api.export_link(file.id, mime, about)
            if link is None:
                raise
            return self._api.open(link, about)

    def hash(self, ref: Ref, version: str, algorithms: Sequence[str]) -> str:
        """Return content hashes, from Drive where it has them, else from the bytes."""
        file = self._places.expected(ref, version)
        known = self._places.entry(file, ref.path).hashes
        if known and set(algorithms) <= hashes.decode(known).keys():
            return known
        digests = Digests(algorithms)
        reader = self.open(ref, version)
        try:
            for chunk in reader.chunks():
                digests.update(chunk)
        finally:
            reader.close()
        computed = digests.text()
        if hashes.equal(known, computed) is False:
            raise Changing(f"{ref.path} is not what Google Drive says of it")
        return hashes.merged(known, computed)
