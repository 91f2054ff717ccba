"""Who listens, upon items in memory, passes its contract."""

import pytest

from syncoxiders.adapters.items.listeners import ItemsListeners
from syncoxiders.adapters.memory.items import MemoryItems
from tests.contracts.listeners_contract import *  # noqa: F403 -- the suite is its names


@pytest.fixture
def listeners() -> ItemsListeners:
    return ItemsListeners(MemoryItems())
