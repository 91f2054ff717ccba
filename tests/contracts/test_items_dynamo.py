"""DynamoDB passes the contract of tables, and what of its errors and limits we hide."""

import itertools

import pytest

from syncoxiders.adapters.dynamo.items import DynamoItems
from tests.aws.tables import LocalDynamo
from tests.contracts.items_contract import *  # noqa: F403 -- the suite is its names

_names = (f"items-{number}" for number in itertools.count())


@pytest.fixture
def items(dynamo: LocalDynamo) -> DynamoItems:
    return dynamo.table(next(_names))
