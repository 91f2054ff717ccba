"""The Google Drive provider passes the contract, against an emulator of Google's API."""

from collections.abc import Iterator
from typing import Any

import pytest

from syncoxiders.adapters.memory.pace import MemoryPace
from syncoxiders.adapters.providers.drive import connect
from syncoxiders.adapters.providers.drive.provider import DriveProvider
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.provider import Provider
from tests.contracts.provider_contract import *  # noqa: F403 -- the suite is its names
from tests.emulators.drive import DriveEmulator, create
from tests.emulators.serving import Server


class EmulatorTokens:
    """The token that an emulator accepts."""

    def __init__(self, emulator: DriveEmulator) -> None:
        self._token = emulator.token

    def access(self) -> str:
        return self._token

    def refused(self, token: str) -> None:
        raise AssertionError(f"{token} was refused")


class DriveHarness:
    """People's hands on an emulated Drive, and a way in for the provider."""

    root = "Root"

    def __init__(self, emulator: DriveEmulator, url: str) -> None:
        self._emulator = emulator
        self._people = emulator.people
        self._account = Account("drive", "drive", settings={"url": url})
        self._opened: list[DriveProvider] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._people, name)

    def open(self) -> Provider:
        tokens = EmulatorTokens(self._emulator)
        provider = connect(self._account, tokens, self.root, pace=MemoryPace())
        self._opened.append(provider)
        return provider

    def close(self) -> None:
        for provider in self._opened:
            provider.close()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(create()) as server:
        yield server


@pytest.fixture
def harness(server: Server) -> Iterator[DriveHarness]:
    emulator = create()
    server._server.emulator = emulator
    harness = DriveHarness(emulator, server.url)
    yield harness
    harness.close()
