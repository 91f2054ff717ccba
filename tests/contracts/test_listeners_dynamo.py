"""Who listens, upon DynamoDB, passes its contract."""

import pytest

from syncoxiders.adapters.items.listeners import ItemsListeners
from tests.aws.tables import LocalDynamo
from tests.contracts.listeners_contract import *  # noqa: F403 -- the suite is its names


@pytest.fixture
def listeners(dynamo: LocalDynamo) -> ItemsListeners:
    return ItemsListeners(dynamo.tables().control)
