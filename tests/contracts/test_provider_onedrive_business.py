"""The OneDrive connector passes the contract, against an emulated business drive."""

from collections.abc import Iterator

import pytest

from syncoxiders.core.model import Ref
from syncoxiders.ports.errors import Refused
from tests.contracts import provider_contract_changing, provider_contract_uploading
from tests.contracts.onedrive_harness import served
from tests.contracts.provider_contract import (
    TestCarry,
    TestCopy,
    TestCreating,
    TestDeleting,
    TestFeed,
    TestFinding,
    TestHash,
    TestLink,
    TestMeta,
    TestMoving,
    TestQuota,
    TestReading,
    TestReadingOn,
    TestRecovery,
    TestReplacing,
    TestRescan,
    TestRescanFolders,
    TestRoot,
    TestSession,
    w,
)
from tests.contracts.provider_contract_changing import NAMES
from tests.contracts.provider_harness import ROOT_REF, Harness, World

__all__ = [
    "TestCarry",
    "TestCopy",
    "TestCreating",
    "TestDeleting",
    "TestFeed",
    "TestFinding",
    "TestHash",
    "TestLink",
    "TestMeta",
    "TestMoving",
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

LONGEST_PATH = 400
FITTING = [name for name in NAMES if 2 * len(name) < LONGEST_PATH]


@pytest.fixture
def harness() -> Iterator[Harness]:
    with served("business", "Root") as harness:
        yield harness


class TestFolder(provider_contract_uploading.TestFolder):
    def test_deep(self, w: World) -> None:
        """A path has at most 400 characters there: what is deeper is refused."""
        parent, way = ROOT_REF, ""
        with pytest.raises(Refused, match="too long"):  # noqa: PT012 -- as deep as it goes
            for number in range(60):
                name = f"level {number}"
                way = f"{way}/{name}" if way else name
                parent = Ref(w.provider.make_folder(parent, name).id, way)
        assert LONGEST_PATH - len("/Root/") < len(way) <= LONGEST_PATH + len(name)
        assert max(map(len, w.people.tree())) + len("/Root/") <= LONGEST_PATH
        w.look()
        assert w.known.paths().keys() == w.people.tree().keys()


class TestName(provider_contract_changing.TestName):
    @pytest.mark.parametrize("name", FITTING, ids=ascii)
    def test_unusual_name(self, w: World, name: str) -> None:
        """A name is held exactly, of a file and of a folder, or refused as the traits say."""
        super().test_unusual_name(w, name)
