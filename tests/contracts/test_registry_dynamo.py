"""Registry and leases upon DynamoDB pass their contracts."""

import pytest

from syncoxiders.adapters.dynamo.items import DynamoItems
from syncoxiders.adapters.items.leases import ItemsLeases
from syncoxiders.adapters.items.registry import ItemsRegistry
from syncoxiders.adapters.memory.clock import MemoryClock
from tests.aws.tables import LocalDynamo
from tests.contracts.leases_contract import *  # noqa: F403 -- the suite is its names
from tests.contracts.registry_contract import *  # noqa: F403 -- the suite is its names


@pytest.fixture
def clock() -> MemoryClock:
    return MemoryClock()


@pytest.fixture
def control(dynamo: LocalDynamo) -> DynamoItems:
    return dynamo.tables().control


@pytest.fixture
def registry(control: DynamoItems) -> ItemsRegistry:
    return ItemsRegistry(control)


@pytest.fixture
def leases(control: DynamoItems, clock: MemoryClock) -> ItemsLeases:
    return ItemsLeases(control, clock)
