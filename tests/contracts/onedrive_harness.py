"""An emulated OneDrive as the provider's contract suite wants it."""

from collections.abc import Iterator
from contextlib import contextmanager

from syncoxiders.adapters.memory.pace import MemoryPace
from syncoxiders.adapters.providers.onedrive import Limits, connect
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.provider import Provider
from tests.contracts.provider_harness import Harness
from tests.emulators import onedrive
from tests.emulators.onedrive import DriveType, OneDrive
from tests.emulators.onedrive.people import People
from tests.emulators.serving import Server

SMALL = Limits(single=1 << 20, chunk=320 << 10)
"""Limits that bring sessions of several pieces about without much to send."""


class FixedTokens:
    """One token that does not end."""

    def __init__(self, token: str) -> None:
        self._token = token

    def access(self) -> str:
        return self._token

    def refused(self, token: str) -> None:
        raise AssertionError(f"a token was refused: {token == self._token}")


class OneDriveHarness(People):
    """People's hands on an emulated OneDrive, and its provider."""

    touching_is_a_change = True

    def __init__(self, emulator: OneDrive, url: str, root: str) -> None:
        super().__init__(emulator, root)
        drive = emulator.drive
        settings = {"url": url, "drive_id": drive.id, "drive_type": drive.type}
        self._account = Account("o", "onedrive", settings=settings)
        self._tokens = FixedTokens(emulator.token)
        self._where = root
        self._opened: list[Provider] = []

    def open(self) -> Provider:
        provider = connect(
            self._account, self._tokens, self._where, pace=MemoryPace(), limits=SMALL
        )
        self._opened.append(provider)
        return provider

    def close(self) -> None:
        for provider in self._opened:
            provider.close()


@contextmanager
def served(drive_type: DriveType, root: str) -> Iterator[Harness]:
    """Serve a fresh drive."""
    emulator = onedrive.create(drive_type, root)
    with Server(emulator) as server:
        harness = OneDriveHarness(emulator, server.url, root)
        yield harness
        harness.close()
