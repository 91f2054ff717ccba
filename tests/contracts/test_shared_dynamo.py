"""The store of the deployed system passes the contract of shared states, upon DynamoDB."""

import pytest

from tests.aws.tables import LocalDynamo
from tests.contracts.shared_contract import *  # noqa: F403 -- the suite is its names
from tests.contracts.shared_harness import ItemsHarness


@pytest.fixture
def harness(dynamo: LocalDynamo) -> ItemsHarness:
    tables = dynamo.tables()
    return ItemsHarness(tables.tree, tables.journal, threads=4)
