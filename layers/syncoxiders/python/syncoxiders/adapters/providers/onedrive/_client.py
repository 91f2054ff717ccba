"""Requests to one account: each by its pace, with a token that is valid, and errors turned.

One client of httpx serves all threads (https://www.python-httpx.org/advanced/clients/).
Addresses that Graph hands out for uploads and downloads open to anybody who knows them: they are
asked without our token, and are in no error and no log.
"""

import functools
import logging
import ssl
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from types import MappingProxyType
from typing import Any, TypeVar

import httpx

from syncoxiders.adapters.providers.onedrive._errors import (
    Meaning,
    TokenRefused,
    broken,
    garbled,
    of_answer,
)
from syncoxiders.ports.accounts import Account, Tokens
from syncoxiders.ports.errors import CursorExpired, ProviderError
from syncoxiders.ports.pace import Pace

T = TypeVar("T")

MICROSOFT = "https://graph.microsoft.com"
CONNECT_SECONDS = 15.0
KEPT = 32
"""So many connections are kept open."""

AGENT = "NONISV|SyncOxiders|SyncOxiders/1.0"
"""A name of this form is treated better when there is much to do. Source:
https://learn.microsoft.com/sharepoint/dev/general-development/how-to-avoid-getting-throttled-or-blocked-in-sharepoint-online
"""

_PLAIN: Meaning = MappingProxyType({})
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_NO_CONTENT = 204
_FIRST_ERROR = 400
_PIECE = 256 << 10


class Client:
    """Makes requests of one account. May be used from several threads."""

    def __init__(self, account: Account, tokens: Tokens, pace: Pace, timeout: float) -> None:
        url = account.settings.get("url", "")
        self.base = f"{(url or MICROSOFT).rstrip('/')}/v1.0"
        self._account = account.name
        self._tokens = tokens
        self._pace = pace
        self._timeout = httpx.Timeout(timeout, connect=min(timeout, CONNECT_SECONDS), pool=None)
        self._elsewhere = bool(url)
        self._lock = threading.Lock()
        self._held: httpx.Client | None = None

    def call(
        self,
        method: str,
        path: str,
        about: str = "",
        *,
        json: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] = _NO_HEADERS,
        repeatable: bool = True,
        meaning: Meaning = _PLAIN,
    ) -> dict[str, Any]:
        """Make a request of Graph, when the account may be asked; returns the answer's object.

        ``path`` is below the API's address, or a link that it handed out, which has to be one of
        its own: our token goes nowhere else. ``about`` names for a person what it is about. After
        a token that has expired it is made a second time, with another one.
        """
        url = self._address(path)

        def send(bearer: str) -> dict[str, Any]:
            told = {**headers, **_bearer(bearer)}
            answer = self._request(method, url, told, json=json, content=content)
            if answer.status_code >= _FIRST_ERROR:
                raise of_answer(answer, self._account, about, meaning)
            return _object(answer)

        return self._authorised(send, repeatable=repeatable)

    def location(self, path: str, about: str) -> str:
        """Return where a request is redirected to."""
        url = self._address(path)

        def send(bearer: str) -> str:
            answer = self._http().get(url, headers=_bearer(bearer))
            if answer.status_code >= _FIRST_ERROR:
                raise of_answer(answer, self._account, about, _PLAIN)
            found: str = answer.headers.get("location", "")
            if not found:
                raise garbled()
            return found

        return self._authorised(send, repeatable=True)

    def bare(
        self,
        method: str,
        url: str,
        about: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] = _NO_HEADERS,
        repeatable: bool = True,
        meaning: Meaning = _PLAIN,
    ) -> dict[str, Any]:
        """Make a request of an address that wants no token."""

        def send() -> dict[str, Any]:
            answer = self._request(method, url, dict(headers), content=content)
            if answer.status_code >= _FIRST_ERROR:
                raise of_answer(answer, self._account, about, meaning)
            return _object(answer)

        return self._pace(lambda: _whole(send), repeatable=repeatable)

    def open(self, url: str, headers: Mapping[str, str]) -> httpx.Response:
        """Begin to download from an address that wants no token; the caller closes the answer.

        It may be any answer but one that asks for a pause.
        """

        def send() -> httpx.Response:
            http = self._http()
            answer = http.send(http.build_request("GET", url, headers=dict(headers)), stream=True)
            if answer.status_code in {429, 503, 509}:
                answer.close()
                raise of_answer(answer, self._account, "", _PLAIN)
            return answer

        return self._pace(lambda: _whole(send))

    def close(self) -> None:
        """Close what connections are held; they come back where they are needed."""
        with self._lock:
            held, self._held = self._held, None
        if held is not None:
            held.close()

    def _request(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        *,
        json: Any = None,
        content: bytes | None = None,
    ) -> httpx.Response:
        """Send a request; its content is not held any more once it is answered.

        httpx's requests and answers refer to each other, so that they stay until the garbage is
        collected, which is seldom: ten megabytes each would soon be hundreds.
        """
        if content is None:
            return self._http().request(method, url, headers=headers, json=json)
        headers["Content-Length"] = str(len(content))
        with closing(_pieces(content)) as body:
            return self._http().request(method, url, headers=headers, content=body)

    def _authorised(self, send: Callable[[str], T], *, repeatable: bool) -> T:
        used = ""

        def attempt() -> T:
            nonlocal used
            used = self._tokens.access()
            return _whole(lambda: send(used))

        try:
            return self._pace(attempt, repeatable=repeatable)
        except TokenRefused:
            self._tokens.refused(used)
        return self._pace(attempt, repeatable=repeatable)

    def _address(self, path: str) -> str:
        if path.startswith("/"):
            return f"{self.base}{path}"
        if path.startswith(f"{self.base}/"):
            return path
        raise CursorExpired("the feed was followed at another address than the account's")

    def _http(self) -> httpx.Client:
        with self._lock:
            if self._held is None:
                self._held = httpx.Client(
                    verify=_trust(),
                    timeout=self._timeout,
                    limits=httpx.Limits(max_connections=None, max_keepalive_connections=KEPT),
                    headers={"User-Agent": AGENT},
                    # Proxies are for the vendor's hosts; another address is asked directly.
                    trust_env=not self._elsewhere,
                )
            return self._held


def _whole(send: Callable[[], T]) -> T:
    """Send a request, and turn what goes wrong with the connection."""
    try:
        return send()
    except ProviderError:
        raise
    except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL) as exc:
        raise broken(exc) from exc


def _pieces(content: bytes) -> Generator[bytes]:
    """Yield content in pieces: what the socket does not take at once of each is copied."""
    view = memoryview(content)
    for start in range(0, len(content), _PIECE):
        yield bytes(view[start : start + _PIECE])


def _object(answer: httpx.Response) -> dict[str, Any]:
    """Return an answer's JSON object, ``{}`` where there is nothing to tell."""
    if answer.status_code == _NO_CONTENT or (answer.is_success and not answer.content):
        return {}
    try:
        found = answer.json()
    except ValueError as exc:
        raise garbled() from exc
    if not isinstance(found, dict) or not answer.is_success:
        raise garbled()
    return found


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@functools.cache
def _trust() -> ssl.SSLContext:
    """Return whom we trust: to load it takes longer than a request."""
    return httpx.create_ssl_context()


def _is_discreet(record: logging.LogRecord) -> bool:
    """Say whether a message of the HTTP libraries may be logged: not where it tells addresses."""
    return record.levelno >= logging.WARNING


for _name in ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.proxy"):
    logging.getLogger(_name).addFilter(_is_discreet)
