"""Resumable uploads: chunks to an address of their own, which outlives the process.

https://developers.google.com/workspace/drive/api/guides/manage-uploads#resumable. Chunks but the
last are multiples of 256 KiB; 308 with a ``Range`` tells how much is there; the address is good
for a week and needs no token, so it is a secret.
"""

from typing import Any

import httpx

from syncoxiders.adapters.providers.drive._api import Api
from syncoxiders.adapters.providers.drive._files import File
from syncoxiders.ports.errors import Stale, Unreachable, Vanished

GRANULE = 256 << 10
WEEK = 7 * 86_400.0

CHUNK = 8 << 20
"""Each chunk costs a round trip, and two of them are in memory at a time, whatever the size."""

_INCOMPLETE = 308
_DONE = frozenset({200, 201})
_OVER = frozenset({404, 410, 499})
"""How Google answers for an upload that has run out, or was given up."""

_CONFUSED = frozenset({400, 416})
"""How Google answers bytes that do not follow on what it has."""


class Resumable:
    """The protocol of resumable uploads."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def begin(self, request: Any, mime: str, size: int | None, about: str) -> str:
        """Begin an upload, by the SDK's request for it, and return its address."""
        headers = {**request.headers, "x-upload-content-type": mime}
        if size is not None:
            headers["x-upload-content-length"] = str(size)

        def once() -> str:
            answer = self._api.send(request.method, request.uri, headers, request.body)
            if answer.status_code not in _DONE or "location" not in answer.headers:
                raise self._api.failure(answer, about)
            return answer.headers["location"]

        return self._api.paced(once)

    def put(
        self, uri: str, offset: int, data: memoryview | bytes, total: int | None, about: str
    ) -> File | None:
        """Send bytes from an offset on, all of them; ``total`` tells that they are the last.

        Returns the file that came into being. Raises Stale where Google has other bytes, or the
        upload is no more (Vanished).
        """
        view, at, end = memoryview(data), offset, offset + len(data)
        while True:
            held = self._step(uri, at, view[at - offset :], total, about)
            if isinstance(held, File):
                return held
            if not at <= held <= end:
                raise Stale(f"{about}: Google Drive holds {held} bytes of the upload")
            if held == end and total is None:
                return None
            if held == at:
                raise Unreachable(f"{about}: Google Drive takes no more bytes")
            at = held

    def _step(
        self, uri: str, at: int, data: memoryview, total: int | None, about: str
    ) -> int | File:
        """Send bytes and return how many there are then; after silence that is asked for.

        Google says 503, too, where bytes before these are lacking.
        """
        sent = False

        def once() -> int | File:
            nonlocal sent
            if sent:
                held = self._ask(uri, about)
                if held != at:
                    return held
            sent = True
            return self._send(uri, at, data, total, about)

        try:
            return self._api.paced(once)
        except Unreachable:
            held = self._api.paced(lambda: self._ask(uri, about))
            if held == at:
                raise
            return held

    def held(self, uri: str, about: str) -> int | File | None:
        """Return how many bytes have arrived, the file if it is complete, None if it is over."""
        try:
            return self._api.paced(lambda: self._ask(uri, about))
        except Vanished:
            return None

    def cancel(self, uri: str) -> None:
        """Give an upload up; it need not be there any more."""
        self._api.paced(lambda: self._api.send("DELETE", uri, {"content-length": "0"}, b""))

    def _ask(self, uri: str, about: str) -> int | File:
        return self._told(
            self._api.send("PUT", uri, {"content-range": "bytes */*", "content-length": "0"}, b""),
            about,
        )

    def _send(
        self, uri: str, at: int, data: memoryview, total: int | None, about: str
    ) -> int | File:
        size = "*" if total is None else str(total)
        span = f"{at}-{at + len(data) - 1}" if data else "*"
        headers = {"content-range": f"bytes {span}/{size}", "content-length": str(len(data))}
        return self._told(self._api.send("PUT", uri, headers, data), about)

    def _told(self, answer: httpx.Response, about: str) -> int | File:
        status = answer.status_code
        if status in _DONE:
            return self._api.told(answer, File)
        if status == _INCOMPLETE:
            _, _, last = answer.headers.get("range", "").rpartition("-")
            return int(last) + 1 if last.isdecimal() else 0
        if status in _OVER:
            raise Vanished(f"{about}: the upload, or the folder it was for, is not there any more")
        if status in _CONFUSED:
            raise Stale(f"{about}: Google Drive holds other bytes of the upload")
        raise self._api.failure(answer, about)
