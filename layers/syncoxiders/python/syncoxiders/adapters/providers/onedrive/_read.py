"""Reading: a download, pinned to a version.

The bytes come from an address that opens to anybody for a while, is asked without our token, and
gives what stands when it is asked. The version is looked at before and after.
Source: https://learn.microsoft.com/graph/api/driveitem-get-content
"""

from collections.abc import Iterator
from contextlib import closing

import httpx

from syncoxiders.adapters.providers.onedrive._client import Client
from syncoxiders.adapters.providers.onedrive._errors import broken
from syncoxiders.adapters.providers.onedrive._items import Item, LeftOut, is_file, is_unchanged
from syncoxiders.adapters.providers.onedrive._places import Places
from syncoxiders.core.model import Entry, Ref
from syncoxiders.ports.errors import Changing, Denied, Refused, Stale, Unreachable

_LINK = "@microsoft.graph.downloadUrl"
_FORBIDDEN = 403


class Download:
    """A :class:`~syncoxiders.ports.provider.Reader`; ``skip`` bytes of the answer are not told."""

    def __init__(
        self,
        places: Places,
        ref: Ref,
        item: Item,
        response: httpx.Response | None,
        *,
        skip: int = 0,
    ) -> None:
        self._places = places
        self._ref = ref
        self._item = item
        self._response = response
        self._skip = skip

    @property
    def entry(self) -> Entry:
        """The entry as it was when reading began."""
        found = self._places.described(self._item)
        if isinstance(found, LeftOut):
            raise Refused(f"{self._ref.path} {found.reason}")
        return found

    def chunks(self, size: int = 1 << 20) -> Iterator[memoryview | bytes]:
        """Yield the bytes in order; raises Changing if they are not the version's any more."""
        if self._response is not None:
            yield from self._rest(self._response, size)
        now = self._places.item(self._ref)
        personal = self._places.personal
        if now is None or not is_unchanged(self._item, now, personal=personal):
            raise Changing(f"{self._ref.path} changed while it was read")

    def _rest(self, response: httpx.Response, size: int) -> Iterator[bytes]:
        skip = self._skip
        with closing(response):
            try:
                for chunk in response.iter_raw(size):
                    if skip < len(chunk):
                        yield chunk[skip:]
                    skip = max(0, skip - len(chunk))
            except (httpx.HTTPError, httpx.StreamError) as exc:
                raise broken(exc) from exc

    def close(self) -> None:
        """Give the connection up."""
        if self._response is not None:
            self._response.close()


def open_version(client: Client, places: Places, ref: Ref, version: str, offset: int) -> Download:
    """Begin to read a version from a byte on. Raises Stale, Vanished, Denied, Unreachable."""
    item = places.expected(ref, version)
    if not is_file(item):
        raise Stale(f"{ref.path} is no file")
    url = item.get(_LINK) or client.location(f"{places.address(item['id'])}/content", ref.path)
    headers = {"Accept-Encoding": "identity"}
    if offset:
        headers["Range"] = f"bytes={offset}-"
    response = client.open(url, headers)
    match response.status_code:
        case 200:
            return Download(places, ref, item, response, skip=offset)
        case 206:
            return Download(places, ref, item, response)
        case 416 if offset:
            response.close()
            return Download(places, ref, item, None)
    status = response.status_code
    response.close()
    places.expected(ref, version)
    if status == _FORBIDDEN:
        raise Denied(f"{ref.path}: this account may not download it")
    raise Unreachable(f"{ref.path}: its download is answered with {status}")
