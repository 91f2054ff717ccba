"""The memory blob store passes the contract."""

import pytest

from syncoxiders.adapters.memory.state import MemoryBlobStore
from tests.contracts.blob_contract import *  # noqa: F403 -- the suite is its names
from tests.contracts.blob_contract import LIMIT


@pytest.fixture
def blobs() -> MemoryBlobStore:
    return MemoryBlobStore(LIMIT)
