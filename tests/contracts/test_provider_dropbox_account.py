"""A whole Dropbox, whose root has no id, is looked at and written to as the contract has it."""

from collections.abc import Iterator

import pytest

from tests.contracts.dropbox_harness import served
from tests.contracts.provider_contract import (
    TestCopy,
    TestFeed,
    TestFinding,
    TestFolder,
    TestMoving,
    TestRescan,
    TestRescanFolders,
    TestRoot,
    w,
)
from tests.contracts.provider_harness import Harness

__all__ = [
    "TestCopy",
    "TestFeed",
    "TestFinding",
    "TestFolder",
    "TestMoving",
    "TestRescan",
    "TestRescanFolders",
    "TestRoot",
    "w",
]


@pytest.fixture
def harness() -> Iterator[Harness]:
    with served("") as harness:
        yield harness
