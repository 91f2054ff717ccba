"""An emulated Dropbox as the provider's contract suite wants it."""

from collections.abc import Iterator
from contextlib import contextmanager

from syncoxiders.adapters.memory.pace import MemoryPace
from syncoxiders.adapters.providers.dropbox import Limits, connect
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.provider import Provider
from tests.contracts.provider_harness import Harness
from tests.emulators import dropbox
from tests.emulators.dropbox.people import People
from tests.emulators.serving import Server

SMALL = Limits(single=1 << 20, chunk=4 << 20, batch=1 << 20, batch_files=10)
"""Limits that bring sessions and several batches about without much to send."""


class FixedTokens:
    """One token that does not end."""

    def __init__(self, token: str) -> None:
        self._token = token

    def access(self) -> str:
        return self._token

    def refused(self, token: str) -> None:
        raise AssertionError(f"a token was refused: {token == self._token}")


class DropboxHarness(People):
    """People's hands on an emulated Dropbox, and its provider."""

    def __init__(self, emulator: dropbox.DropboxEmulator, url: str, root: str) -> None:
        super().__init__(emulator, root)
        self._account = Account("d", "dropbox", settings={"url": url})
        self._tokens = FixedTokens(emulator.token)

    def open(self) -> Provider:
        return connect(self._account, self._tokens, self.root, pace=MemoryPace(), limits=SMALL)


@contextmanager
def served(root: str) -> Iterator[Harness]:
    """Serve a fresh Dropbox whose answers are compared with the specification."""
    emulator = dropbox.create("")
    emulator.strict = True
    with Server(emulator) as server:
        yield DropboxHarness(emulator, server.url, root)
