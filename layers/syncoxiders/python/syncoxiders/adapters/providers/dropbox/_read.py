"""Reading: a download, or an export, pinned to a version."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import requests

from syncoxiders.adapters.providers.dropbox._client import Client
from syncoxiders.adapters.providers.dropbox._metadata import (
    LeftOut,
    entry_of,
    is_document_version,
    version_of,
)
from syncoxiders.adapters.providers.dropbox._places import Places
from syncoxiders.adapters.providers.dropbox._sdk import exceptions
from syncoxiders.core.model import Entry, Ref
from syncoxiders.ports.errors import Changing, Refused, Stale, Unreachable

_BEYOND_THE_END = 416


class Download:
    """A :class:`~syncoxiders.ports.provider.Reader`; ``skip`` bytes of the answer are not told."""

    def __init__(
        self,
        places: Places,
        ref: Ref,
        metadata: Any,
        response: requests.Response | None,
        *,
        skip: int = 0,
    ) -> None:
        self._places = places
        self._ref = ref
        self._metadata = metadata
        self._response = response
        self._skip = skip
        self._entry: Entry | None = None

    @property
    def entry(self) -> Entry:
        """The entry as it was when reading began; its folder is looked up when it is asked for."""
        if self._entry is None:
            parent = self._places.parent_of(self._metadata)
            found = entry_of(self._metadata, parent, "export")
            if isinstance(found, LeftOut):
                raise Refused(f"{self._ref.path} {found.reason}")
            self._entry = found
        return self._entry

    def chunks(self, size: int = 1 << 20) -> Iterator[memoryview | bytes]:
        """Yield the bytes in order; raises Changing if they are not the version's any more."""
        if self._response is not None:
            yield from self._rest(self._response, size)
        now = self._places.metadata(self._ref)
        if now is None or version_of(now) != version_of(self._metadata):
            raise Changing(f"{self._ref.path} changed while it was read")

    def _rest(self, response: requests.Response, size: int) -> Iterator[bytes]:
        skip = self._skip
        with closing(response):
            try:
                for chunk in response.iter_content(size):
                    if skip < len(chunk):
                        yield chunk[skip:]
                    skip = max(0, skip - len(chunk))
            except requests.RequestException as exc:
                raise Unreachable(f"{self._ref.path}: the connection to Dropbox broke off") from exc

    def close(self) -> None:
        """Give the connection up."""
        if self._response is not None:
            self._response.close()


def open_version(client: Client, places: Places, ref: Ref, version: str, offset: int) -> Download:
    """Begin to read a version from a byte on. Raises Stale, Vanished, Denied, Unreachable."""
    if is_document_version(version):
        return _export(client, places, ref, version, offset)
    headers = {"Accept-Encoding": "identity"}
    if offset:
        headers["Range"] = f"bytes={offset}-"

    def download(api: Any) -> tuple[Any, requests.Response | None]:
        try:
            answer: tuple[Any, requests.Response] = api.files_download(
                ref.id, extra_headers=headers
            )
        except exceptions.HttpError as exc:
            if offset and exc.status_code == _BEYOND_THE_END:
                return None, None
            raise
        return answer

    metadata, response = client.call(download, ref.path, meaning={"unsupported_file": Stale})
    if metadata is None:
        metadata = places.expected(ref, version)
    reader = Download(places, ref, metadata, response)
    if version_of(metadata) != version:
        reader.close()
        raise Stale(f"{ref.path} is not what was expected")
    return reader


def _export(client: Client, places: Places, ref: Ref, version: str, offset: int) -> Download:
    """Begin to read a document, which comes whole."""
    result, response = client.call(lambda api: api.files_export(ref.id), ref.path)
    reader = Download(places, ref, result.file_metadata, response, skip=offset)
    if version_of(result.file_metadata) != version:
        reader.close()
        raise Stale(f"{ref.path} is not what was expected")
    return reader
