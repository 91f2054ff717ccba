"""Upload sessions: a file that comes in pieces, at an address of its own.

The address opens to anybody who knows it, and is asked without our token. Pieces come in order, in
multiples of 320 KiB; the last one puts the file in its place. Where that fails, since something has
come to stand there, the session stays until it is cancelled or ends.
Source: https://learn.microsoft.com/graph/api/driveitem-createuploadsession
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from syncoxiders.adapters.providers.onedrive._client import Client
from syncoxiders.adapters.providers.onedrive._errors import Meaning
from syncoxiders.adapters.providers.onedrive._items import Item, nanoseconds
from syncoxiders.ports.errors import Stale, Unreachable

_OVER: Meaning = {401: Stale, 403: Stale, 404: Stale, 410: Stale}
"""A session that does not let us in, or is not there, is no more."""


class Piece(msgspec.Struct, frozen=True):
    """Bytes of an upload, from an offset on; ``size`` is that of the whole."""

    url: str
    about: str
    offset: int
    data: bytes
    size: int

    @property
    def end(self) -> int:
        """How many bytes are there once this one is."""
        return self.offset + len(self.data)

    @property
    def options(self) -> dict[str, Any]:
        """What a request to send it has."""
        return {
            "content": self.data,
            "headers": {
                "Content-Type": "application/octet-stream",
                "Content-Range": f"bytes {self.offset}-{self.end - 1}/{self.size}",
            },
        }


class Uploads:
    """Requests to sessions. May be used from several threads."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def begin(
        self, place: str, about: str, item: Mapping[str, object], headers: Mapping[str, str]
    ) -> tuple[str, float]:
        """Open a session; returns its address and when it ends, in seconds since the epoch."""
        told = self._client.call(
            "POST",
            f"{place}/createUploadSession",
            about,
            json={"item": item},
            headers=headers,
        )
        expires = nanoseconds(str(told.get("expirationDateTime", "")))
        if not isinstance(told.get("uploadUrl"), str):
            raise Unreachable(f"{about}: OneDrive does not tell where to upload")
        return told["uploadUrl"], (expires or 0) / 1e9

    def append(self, piece: Piece) -> None:
        """Send a piece. Raises Stale where another number of bytes is there.

        A piece whose answer was lost is sent again; that it is there already is then no surprise.
        """
        try:
            self._client.bare("PUT", piece.url, piece.about, **piece.options, meaning=_OVER)
        except Stale:
            if self.offset(piece.url, piece.about, piece.size) != piece.end:
                raise

    def complete(self, piece: Piece, meaning: Meaning) -> Item:
        """Send the last piece and return the item; an answer that is lost is Unreachable."""
        item = self._client.bare(
            "PUT",
            piece.url,
            piece.about,
            **piece.options,
            repeatable=False,
            meaning={**_OVER, **meaning},
        )
        if not isinstance(item.get("id"), str):
            raise Stale(f"{piece.about}: another number of bytes is there")
        return item

    def offset(self, url: str, about: str, size: int) -> int | None:
        """Return how many bytes a session holds, None if it is no more."""
        try:
            told = self._client.bare("GET", url, about, meaning=_OVER)
        except Stale:
            return None
        lacking = told.get("nextExpectedRanges")
        if not isinstance(lacking, list):
            return None
        return int(str(lacking[0]).partition("-")[0]) if lacking else size

    def cancel(self, url: str) -> None:
        """End a session; it need not be there any more."""
        try:
            self._client.bare("DELETE", url, "", meaning=_OVER)
        except Stale:
            return
