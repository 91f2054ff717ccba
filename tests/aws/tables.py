"""The tables of the deployed system on a local AWS, new ones for each test."""

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from local.emulator import REGION, Ministack
from syncoxiders.adapters.dynamo.client import Client, Connect
from syncoxiders.adapters.dynamo.items import DynamoItems

_KEYS = ("pk", "sk")


class Tables(NamedTuple):
    tree: DynamoItems
    journal: DynamoItems
    control: DynamoItems


class LocalDynamo:
    """DynamoDB on a local AWS, in an account of its own."""

    def __init__(self, connect: Connect, account: str) -> None:
        self.connect = connect
        self.account = account
        self.client = Client(connect)
        self._numbers = itertools.count()

    def tables(self) -> Tables:
        number = next(self._numbers)
        return Tables(*(self.table(f"{name}-{number}") for name in Tables._fields))

    def table(self, name: str) -> DynamoItems:
        self.client.connection.create_table(
            name,
            attribute_definitions=[
                {"attribute_name": each, "attribute_type": "S"} for each in _KEYS
            ],
            key_schema=[
                {"attribute_name": each, "key_type": kind}
                for each, kind in zip(_KEYS, ("HASH", "RANGE"), strict=True)
            ],
            billing_mode="PAY_PER_REQUEST",
        )
        return DynamoItems(self.client, name)


@pytest.fixture(scope="session")
def dynamo(ministack: Ministack) -> Iterator[LocalDynamo]:
    account = ministack.account()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ministack.environment(account).items():
            patch.setenv(name, value)
        local = LocalDynamo(Connect(region=REGION, host=ministack.url, threads=8), account)
        _ = local.client.connection.client  # by the environment as it is now
    yield local
    local.client.close()
