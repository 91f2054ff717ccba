"""The store of the deployed system passes the contract of shared states, upon tables in memory."""

import pytest

from syncoxiders.adapters.memory.items import MemoryItems
from tests.contracts.shared_contract import *  # noqa: F403 -- the suite is its names
from tests.contracts.shared_harness import ItemsHarness


@pytest.fixture
def harness() -> ItemsHarness:
    return ItemsHarness(MemoryItems(), MemoryItems())
