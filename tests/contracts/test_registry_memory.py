"""Registry and leases upon items in memory pass their contracts."""

import pytest

from syncoxiders.adapters.items.leases import ItemsLeases
from syncoxiders.adapters.items.registry import ItemsRegistry
from syncoxiders.adapters.memory.clock import MemoryClock
from tests.contracts.items_fake import FakeItems
from tests.contracts.leases_contract import *  # noqa: F403 -- the suite is its names
from tests.contracts.registry_contract import *  # noqa: F403 -- likewise


@pytest.fixture
def clock() -> MemoryClock:
    return MemoryClock()


@pytest.fixture
def registry() -> ItemsRegistry:
    return ItemsRegistry(FakeItems())


@pytest.fixture
def leases(clock: MemoryClock) -> ItemsLeases:
    return ItemsLeases(FakeItems(), clock)
