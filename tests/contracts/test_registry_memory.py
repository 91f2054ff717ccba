"""Registry and leases upon items in memory pass their contracts."""

import pytest

from syncoxiders.adapters.items.leases import ItemsLeases
from syncoxiders.adapters.items.registry import ItemsRegistry
from syncoxiders.adapters.memory.clock import MemoryClock
from syncoxiders.adapters.memory.items import MemoryItems
from tests.contracts.leases_contract import *  # noqa: F403 -- the suite is its names
from tests.contracts.registry_contract import *  # noqa: F403 -- the suite is its names


@pytest.fixture
def clock() -> MemoryClock:
    return MemoryClock()


@pytest.fixture
def registry() -> ItemsRegistry:
    return ItemsRegistry(MemoryItems())


@pytest.fixture
def leases(clock: MemoryClock) -> ItemsLeases:
    return ItemsLeases(MemoryItems(), clock)
