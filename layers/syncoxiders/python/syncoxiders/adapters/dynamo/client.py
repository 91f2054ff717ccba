"""One connection to DynamoDB for all tables, and what its errors mean."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeAlias, TypeVar

import botocore.exceptions  # type: ignore[import-untyped]  # it ships no types
import msgspec
from pynamodb.connection import Connection
from pynamodb.connection.base import MetaTable

from syncoxiders.ports.errors import StateError, StateUnavailable

Answer: TypeAlias = Mapping[str, Any]
A = TypeVar("A")
B = TypeVar("B")

CONDITION = "ConditionalCheckFailedException"

_LATER = frozenset(
    {
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "ReplicatedWriteConflictException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "ServiceUnavailable",
        "ThrottlingException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
"""Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html"""

_UNREACHED = (
    botocore.exceptions.ConnectionError,
    botocore.exceptions.HTTPClientError,
    botocore.exceptions.IncompleteReadError,
    botocore.exceptions.ResponseStreamingError,
)


class Connect(msgspec.Struct, frozen=True):
    """How to reach DynamoDB. ``host`` is the address of an emulator, ``""`` for AWS.

    ``threads`` is how many requests are made at once. A request is tried again by the SDK up to
    ``attempts`` in all, with a pause that grows: conditional writes bear that, because what they
    write tells whose it is.
    """

    region: str = ""
    host: str = ""
    threads: int = 16
    attempts: int = 4
    connect_seconds: float = 3.0
    read_seconds: float = 10.0


class Failed(Exception):  # noqa: N818 -- an answer, not an error
    """A condition did not hold; ``item`` is what is there."""

    def __init__(self, item: Mapping[str, Any] | None) -> None:
        super().__init__("the condition does not hold")
        self.item = item


class Client:
    """The connection that tables share. Nothing is connected before the first request."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._pool: ThreadPoolExecutor | None = None
        self.connection = Connection(
            region=connect.region or None,
            host=connect.host or None,
            connect_timeout_seconds=connect.connect_seconds,
            read_timeout_seconds=connect.read_seconds,
            max_retry_attempts=connect.attempts - 1,
            max_pool_connections=connect.threads,
        )

    def add(self, table: str) -> None:
        """Make a table known: all have the same keys."""
        self.connection.add_meta_table(
            MetaTable(
                {
                    "TableName": table,
                    "KeySchema": [
                        {"AttributeName": "pk", "KeyType": "HASH"},
                        {"AttributeName": "sk", "KeyType": "RANGE"},
                    ],
                    "AttributeDefinitions": [
                        {"AttributeName": "pk", "AttributeType": "S"},
                        {"AttributeName": "sk", "AttributeType": "S"},
                    ],
                }
            )
        )

    def ask(self, operation: str, arguments: dict[str, Any]) -> Answer:
        """Make a request. Raises Failed, StateUnavailable and StateError."""
        with meaning():
            answer: Answer = self.connection.dispatch(operation, arguments)
        return answer

    def each(self, function: Callable[[A], B], arguments: list[A]) -> list[B]:
        """Call a function with each argument, several at once; raises the first error."""
        if len(arguments) == 1:
            return [function(arguments[0])]
        if self._pool is None:
            _ = self.connection.client  # making it is not safe in several threads
            self._pool = ThreadPoolExecutor(self._connect.threads, thread_name_prefix="dynamo")
        return list(self._pool.map(function, arguments))

    def close(self) -> None:
        """Let go of threads and connections."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None
        self.connection.client.close()


@contextmanager
def meaning() -> Iterator[None]:
    """Raise what an error of the SDK means."""
    try:
        yield
    except botocore.exceptions.ClientError as error:
        # PynamoDB raises an error of its own, which leaves out most of the answer
        response = getattr(error.__cause__, "response", error.response)
        code = response.get("Error", {}).get("Code", "")
        if code == CONDITION:
            raise Failed(response.get("Item")) from None
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in _LATER or status >= 500:  # noqa: PLR2004 -- a fault of the service
            raise StateUnavailable(f"DynamoDB asks for a pause ({code}).") from error
        raise StateError(f"DynamoDB refuses: {error}") from error
    except _UNREACHED as error:
        raise StateUnavailable("DynamoDB does not answer.") from error
    except botocore.exceptions.BotoCoreError as error:
        raise StateError(f"DynamoDB cannot be used: {error}") from error
