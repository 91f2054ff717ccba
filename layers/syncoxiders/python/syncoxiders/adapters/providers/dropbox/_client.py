"""Requests to one account: each by its pace, with a token that is valid, and errors turned."""

import threading
import urllib.parse
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

import requests
from requests.adapters import HTTPAdapter

from syncoxiders.adapters.providers.dropbox._errors import (
    GARBLED,
    Meaning,
    TokenRefused,
    translated,
)
from syncoxiders.adapters.providers.dropbox._sdk import common, dropbox, exceptions
from syncoxiders.ports.accounts import Account, Tokens
from syncoxiders.ports.pace import Pace

T = TypeVar("T")

CONNECTIONS = 16
"""So many connections to each of Dropbox's hosts are kept open."""

_PLAIN: Meaning = MappingProxyType({})


class Client:
    """Makes requests of one account. May be used from several threads."""

    def __init__(self, account: Account, tokens: Tokens, pace: Pace, timeout: float) -> None:
        self._tokens = tokens
        self._pace = pace
        self._timeout = timeout
        self._namespace = account.settings.get("namespace", "")
        self._session = _session(account.settings.get("url", ""))
        self._lock = threading.Lock()
        self._held: tuple[str, Any] | None = None

    def call(
        self,
        request: Callable[[Any], T],
        about: str = "",
        *,
        repeatable: bool = True,
        writes: bool = False,
        meaning: Meaning = _PLAIN,
    ) -> T:
        """Make a request of the SDK's client, when the account may be asked.

        ``about`` names for a person what it is about; ``meaning`` is what tags mean here. After
        a token that has expired it is made a second time, with another one.
        """
        used = ""

        def attempt() -> T:
            nonlocal used
            used = self._tokens.access()
            try:
                return request(self._api(used))
            except (exceptions.DropboxException, requests.RequestException, *GARBLED) as exc:
                raise translated(exc, about, meaning) from exc
            except _Expired as exc:
                raise TokenRefused from exc

        try:
            return self._pace(attempt, repeatable=repeatable, writes=writes)
        except TokenRefused:
            self._tokens.refused(used)
        return self._pace(attempt, repeatable=repeatable, writes=writes)

    def close(self) -> None:
        """Close the connections that are open."""
        self._session.close()

    def _api(self, token: str) -> Any:
        with self._lock:
            if self._held is None or self._held[0] != token:
                api = _Api(
                    oauth2_access_token=token,
                    session=self._session,
                    timeout=self._timeout,
                    user_agent="SyncOxiders",
                    max_retries_on_error=0,
                    max_retries_on_rate_limit=0,
                    auto_content_hash=False,
                )
                if self._namespace:
                    api = api.with_path_root(common.PathRoot.namespace_id(self._namespace))
                self._held = (token, api)
            return self._held[1]


class _Expired(Exception):  # noqa: N818 -- a signal between two layers here
    """The SDK found that its token has expired."""


class _Api(dropbox.Dropbox):  # type: ignore[misc]  # the SDK has no types
    """The SDK's client, which does not try again by itself with the same token."""

    def refresh_access_token(self, *_args: Any, **_options: Any) -> None:
        """Leave it to whoever has the tokens."""
        raise _Expired


class _Elsewhere(HTTPAdapter):
    """Sends what is for Dropbox's hosts to another address."""

    def __init__(self, url: str) -> None:
        self._url = urllib.parse.urlsplit(url)
        super().__init__(pool_maxsize=CONNECTIONS)

    def send(  # noqa: PLR0917 -- the base's signature
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send a request; proxies are for the vendor's hosts."""
        del proxies
        to, asked = self._url, urllib.parse.urlsplit(str(request.url))
        path = to.path.rstrip("/") + asked.path
        request.url = urllib.parse.urlunsplit((to.scheme, to.netloc, path, asked.query, ""))
        return super().send(request, stream=stream, timeout=timeout, verify=verify, cert=cert)


def _session(url: str) -> requests.Session:
    if not url:
        session: requests.Session = dropbox.create_session(max_connections=CONNECTIONS)
        return session
    session = requests.Session()
    session.mount("https://", _Elsewhere(url))
    return session
