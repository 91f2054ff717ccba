"""The Dropbox connector passes the contract, against an emulator of Dropbox's API."""

from collections.abc import Iterator

import pytest

from syncoxiders.adapters.memory.pace import MemoryPace
from syncoxiders.adapters.providers.dropbox import Limits, connect
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.provider import Provider
from tests.contracts.provider_contract import *  # noqa: F403 -- the suite is its names
from tests.emulators import dropbox
from tests.emulators.serving import Server

CONFIGURATIONS = ("/Root", "")
SMALL = Limits(single=1 << 20, chunk=4 << 20, batch=1 << 20, batch_files=10)


class FixedTokens:
    """One token that does not end."""

    def __init__(self, token: str) -> None:
        self.token = token

    def access(self) -> str:
        return self.token

    def refused(self, token: str) -> None:
        raise AssertionError(f"Dropbox refused the token {token!r}")


class DropboxHarness:
    """People's hands on an emulated Dropbox, and its provider."""

    def __init__(self, emulator: dropbox.DropboxEmulator, url: str, root: str) -> None:
        self._account = Account("d", "dropbox", settings={"url": url})
        self._tokens = FixedTokens(emulator.token)
        self._root = root
        self.people = emulator.people

    def __getattr__(self, name: str) -> object:
        return getattr(self.people, name)

    def open(self) -> Provider:
        return connect(self._account, self._tokens, self._root, pace=MemoryPace(), limits=SMALL)


@pytest.fixture(params=CONFIGURATIONS, ids=["folder", "account"])
def harness(request: pytest.FixtureRequest) -> Iterator[DropboxHarness]:
    emulator = dropbox.create(request.param)
    emulator.strict = True
    with Server(emulator) as server:
        yield DropboxHarness(emulator, server.url, request.param)
