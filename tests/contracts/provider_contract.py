"""The contract of :mod:`syncoxiders.ports.provider`, as a suite that every adapter passes.

A test module imports everything from here and adds a fixture ``harness``, which gives fresh
storage for each test. The suite asks for capabilities by traits and ``isinstance``, never by a
provider's name, and says with each skip what the storage lacks.
"""

import pytest

from tests.contracts.provider_contract_changing import (
    TestDeleting,
    TestMeta,
    TestMoving,
    TestName,
)
from tests.contracts.provider_contract_clouds import (
    TestCarry,
    TestCopy,
    TestParts,
    TestQuota,
    TestReadingOn,
    TestSession,
)
from tests.contracts.provider_contract_looking import (
    TestFeed,
    TestRecovery,
    TestRescan,
    TestRescanFolders,
)
from tests.contracts.provider_contract_reading import (
    TestClosing,
    TestFinding,
    TestHash,
    TestReading,
    TestRoot,
)
from tests.contracts.provider_contract_uploading import (
    TestCreating,
    TestFolder,
    TestLink,
    TestReplacing,
)
from tests.contracts.provider_harness import Harness, World

__all__ = [
    "TestCarry",
    "TestClosing",
    "TestCopy",
    "TestCreating",
    "TestDeleting",
    "TestFeed",
    "TestFinding",
    "TestFolder",
    "TestHash",
    "TestLink",
    "TestMeta",
    "TestMoving",
    "TestName",
    "TestParts",
    "TestQuota",
    "TestReading",
    "TestReadingOn",
    "TestRecovery",
    "TestReplacing",
    "TestRescan",
    "TestRescanFolders",
    "TestRoot",
    "TestSession",
    "w",
]


@pytest.fixture
def w(harness: Harness) -> World:
    """Return a provider on fresh storage, with an engine's knowledge of it."""
    return World(harness)
