"""The store of the deployed system passes the contract of states, upon tables in DynamoDB."""

import pytest

from syncoxiders.adapters.items.store import ItemsStates
from tests.aws.tables import LocalDynamo
from tests.contracts.state_contract import *  # noqa: F403 -- the suite is its names

OF_THE_STORE = {
    ("TestSuspects", "test_batches"),
    ("TestOwners", "test_unbound_batches"),
    ("TestOwners", "test_many"),
    ("TestNodes", "test_ids"),
    ("TestChanges", "test_paged"),
}
"""Rules about thousands of values, which make minutes of requests and are kept above the tables."""


@pytest.fixture(autouse=True)
def _few(request: pytest.FixtureRequest) -> None:
    if (request.cls.__name__, request.node.originalname) in OF_THE_STORE:
        pytest.skip("proved upon tables in memory: it does not depend on the table")


class DynamoHarness:
    def __init__(self, dynamo: LocalDynamo) -> None:
        self.tables = dynamo.tables()
        self.store = self.reopen()

    def reopen(self) -> ItemsStates:
        self.store = ItemsStates(self.tables.tree, self.tables.journal, threads=4)
        return self.store


@pytest.fixture
def harness(dynamo: LocalDynamo) -> DynamoHarness:
    return DynamoHarness(dynamo)
