"""The Google Drive provider passes the contract with a whole drive, which is listed otherwise.

What a listing plays no part in is asked of a folder, in the module beside this one.
"""

from collections.abc import Iterator

import pytest

from tests.contracts.provider_contract import (
    TestFeed,
    TestFinding,
    TestRescan,
    TestRescanFolders,
    TestRoot,
    w,
)
from tests.contracts.test_provider_drive import DriveHarness
from tests.emulators.drive import DriveEmulator, create
from tests.emulators.serving import Server

__all__ = ["TestFeed", "TestFinding", "TestRescan", "TestRescanFolders", "TestRoot", "w"]


class WholeDriveHarness(DriveHarness):
    """People's hands on all of My Drive, which can be neither lost nor exchanged."""

    root = ""

    def __init__(self, emulator: DriveEmulator, url: str) -> None:
        super().__init__(emulator, url)
        drive = emulator.drive
        drive.destroy(drive.need(emulator.people.root))
        drive.catch_up()
        emulator.people.root = drive.root.id

    def lose_root(self) -> bool:
        return False

    def exchange_root(self) -> bool:
        return False


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(create()) as server:
        yield server


@pytest.fixture
def harness(server: Server) -> Iterator[WholeDriveHarness]:
    emulator = create()
    server._server.emulator = emulator
    harness = WholeDriveHarness(emulator, server.url)
    yield harness
    harness.close()
