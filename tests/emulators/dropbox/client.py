"""The official SDK, made to talk to an emulator."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import dropbox  # type: ignore[import-untyped]  # the SDK has no types
import pytest
import requests
from dropbox.exceptions import ApiError  # type: ignore[import-untyped]  # the SDK has no types
from requests.adapters import HTTPAdapter

from tests.emulators.dropbox.emulator import DropboxEmulator
from tests.emulators.serving import Server


class _Rerouted(HTTPAdapter):
    """Sends what is meant for any host to one address; the SDK knows https only."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]  # handed on as they come
        parts = urlsplit(request.url or "")
        request.url = self._url + parts._replace(scheme="", netloc="").geturl()
        return super().send(request, **options)


@contextmanager
def session(url: str) -> Iterator[requests.Session]:
    """Yield a session whose requests to Dropbox's hosts go to an emulator."""
    with requests.Session() as session:
        session.trust_env = False
        session.mount("https://", _Rerouted(url))
        yield session


@contextmanager
def connected(emulator: DropboxEmulator, **options: Any) -> Iterator[Any]:
    """Serve an emulator, and yield the SDK's client for it, which does not try again."""
    with Server(emulator) as server, session(server.url) as rerouted:
        settings = {"oauth2_access_token": emulator.token, **options}
        yield dropbox.Dropbox(
            session=rerouted, max_retries_on_error=0, max_retries_on_rate_limit=0, **settings
        )


def tags(error: Any) -> list[str]:
    """Return the tags of the SDK's error, from the outside in."""
    found = []
    while hasattr(error, "_tag"):
        found.append(error._tag)
        error = getattr(error._value, "reason", error._value)
    return found


def refused(call: Callable[[], Any]) -> list[str]:
    """Return the tags of the error that a call comes to."""
    with pytest.raises(ApiError) as raised:
        call()
    return tags(raised.value.error)
