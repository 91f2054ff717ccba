"""HTTP with an access token: what the SDK sends, and what it does not stream.

One client serves all threads: httpx's is made for that, unlike the SDK's own transport
(https://www.python-httpx.org/advanced/clients/,
https://googleapis.github.io/google-api-python-client/docs/thread_safety.html).
"""

import functools
import logging
import ssl
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httplib2  # type: ignore[import-untyped]  # it has neither annotations nor stubs
import httpx

from syncoxiders.adapters.providers.drive._errors import Failure
from syncoxiders.ports.accounts import Tokens
from syncoxiders.ports.errors import Unreachable

# Google may think for minutes about the last chunk of a large file.
_TIMEOUT = httpx.Timeout(30.0, read=300.0, write=120.0, pool=None)
_LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=32)

_PIECE = 256 << 10

# They would write addresses of uploads to the log, which give access by themselves.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

UNAUTHORIZED = 401
FIRST_ERROR = 400


@functools.cache
def _trust() -> ssl.SSLContext:
    """Return whom we trust: to load it takes longer than a request."""
    return httpx.create_ssl_context()


def _pieces(body: bytes | memoryview) -> Iterator[bytes]:
    """Yield a body in pieces: of a large one, each would be copied as often as the socket takes."""
    for start in range(0, len(body), _PIECE):
        yield bytes(body[start : start + _PIECE])


class Wire:
    """Sends requests of one account. ``name`` says which account it is, in errors."""

    def __init__(self, tokens: Tokens, name: str) -> None:
        self.name = name
        self._tokens = tokens
        self._client = httpx.Client(verify=_trust(), timeout=_TIMEOUT, limits=_LIMITS)
        weakref.finalize(self, self._client.close)

    def request(
        self,
        uri: str,
        method: str = "GET",
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        **_options: Any,
    ) -> tuple[httplib2.Response, bytes]:
        """Send a request in the form that the SDK wants of its transport."""
        answer = self.send(method, uri, headers or {}, body)
        told = httplib2.Response({"status": str(answer.status_code), **answer.headers})
        told.reason = answer.reason_phrase
        return told, answer.content

    def send(
        self,
        method: str,
        uri: str,
        headers: Mapping[str, str],
        body: bytes | memoryview | str | None = None,
    ) -> httpx.Response:
        """Send a request and return the whole answer, whatever its status."""

        def once(bearer: str) -> httpx.Response:
            request = self._client.build_request(
                method,
                uri,
                content=body if isinstance(body, str | None) else _pieces(body),
                headers={**headers, "authorization": bearer},
            )
            return self._client.send(request)

        return self._authorised(once)

    def open(self, uri: str, headers: Mapping[str, str], about: str) -> httpx.Response:
        """Begin to download; the caller closes the answer. Raises the port's errors."""

        def once(bearer: str) -> httpx.Response:
            request = self._client.build_request(
                "GET",
                uri,
                headers={**headers, "authorization": bearer, "accept-encoding": "identity"},
            )
            # Downloads of exports are redirected; httpx takes the token no further than the host.
            return self._client.send(request, stream=True, follow_redirects=True)

        answer = self._authorised(once)
        if answer.status_code >= FIRST_ERROR:
            with self._broken_off():
                content = answer.read()
            raise Failure(answer.status_code, answer.headers, content).error(about)
        return answer

    def chunks(self, answer: httpx.Response) -> Iterator[bytes]:
        """Yield what an open download brings."""
        with self._broken_off():
            yield from answer.iter_raw()

    def close(self) -> None:
        """Close what connections are held."""
        self._client.close()

    def _authorised(self, once: Callable[[str], httpx.Response]) -> httpx.Response:
        """Send with a token; one that has run out is exchanged for another, once."""
        token = self._tokens.access()
        with self._broken_off():
            answer = once(f"Bearer {token}")
            if answer.status_code != UNAUTHORIZED:
                return answer
            answer.close()
        self._tokens.refused(token)
        token = self._tokens.access()
        with self._broken_off():
            return once(f"Bearer {token}")

    @contextmanager
    def _broken_off(self) -> Iterator[None]:
        """Turn what goes wrong with a connection into Unreachable; no address is told."""
        try:
            yield
        except httpx.TimeoutException as exc:
            raise Unreachable(f"{self.name}: Google Drive did not answer in time") from exc
        except (httpx.HTTPError, httpx.StreamError) as exc:
            raise Unreachable(
                f"{self.name}: the connection to Google Drive failed"
                f" ({str(exc) or type(exc).__name__})"
            ) from exc
