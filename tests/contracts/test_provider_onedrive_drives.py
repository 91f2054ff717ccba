"""Whole drives, personal and a library's, are looked at and written to as the contract has it."""

from collections.abc import Iterator

import pytest

from tests.contracts.onedrive_harness import served
from tests.contracts.provider_contract import (
    TestFeed,
    TestFinding,
    TestRescan,
    TestRescanFolders,
    TestRoot,
    w,
)
from tests.contracts.provider_harness import Harness
from tests.emulators.onedrive import DriveType

__all__ = [
    "TestFeed",
    "TestFinding",
    "TestRescan",
    "TestRescanFolders",
    "TestRoot",
    "w",
]


@pytest.fixture(params=["personal", "documentLibrary"])
def harness(request: pytest.FixtureRequest) -> Iterator[Harness]:
    drive_type: DriveType = request.param
    with served(drive_type, "") as harness:
        yield harness
