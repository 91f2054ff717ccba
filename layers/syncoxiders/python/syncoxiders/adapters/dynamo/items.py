"""Tables of items in DynamoDB.

Requests that can go together do: 100 keys in a get, 25 unconditional puts and deletes in a write.
Changes with a condition, which go one by one, are made by several threads at once.
"""

import random
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from pynamodb.constants import (
    BATCH_GET_ITEM,
    BATCH_WRITE_ITEM,
    DELETE_ITEM,
    ITEM,
    PUT_ITEM,
    QUERY,
    UPDATE_ITEM,
)

from syncoxiders.adapters.dynamo._expressions import (
    Raw,
    actions_from,
    condition_from,
    item_from,
    raw_item,
    raw_key,
)
from syncoxiders.adapters.dynamo.client import Client, Failed
from syncoxiders.ports.errors import StateUnavailable
from syncoxiders.ports.items import Change, Delete, Item, Key, Put, Raced, Update

GET_KEYS = 100
"""Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html"""

WRITE_KEYS = 25
"""Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html"""

TRIES = 8
FIRST_PAUSE = 0.05
"""So long, at most, is waited before what was left unprocessed is asked for again; then doubled."""


class DynamoItems:
    """One table. ``sleep`` waits before what DynamoDB left unprocessed is asked for again."""

    def __init__(
        self, client: Client, table: str, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        client.add(table)
        self._client = client
        self._table = table
        self._sleep = sleep

    def get(self, keys: Collection[Key], *, consistent: bool = True) -> dict[Key, Item]:
        """Return those that are there, expired ones perhaps included."""
        wanted = [raw_key(key) for key in dict.fromkeys(keys)]
        parts = [wanted[start : start + GET_KEYS] for start in range(0, len(wanted), GET_KEYS)]
        if not parts:
            return {}
        found = self._client.each(lambda part: self._get(part, consistent=consistent), parts)
        return {item.key: item for part in found for item in part}

    def _get(self, keys: list[Raw], *, consistent: bool) -> list[Item]:
        found: list[Item] = []

        def ask(left: list[Raw]) -> list[Raw]:
            request = {"Keys": left, "ConsistentRead": consistent}
            answer = self._client.ask(BATCH_GET_ITEM, {"RequestItems": {self._table: request}})
            found.extend(map(item_from, answer.get("Responses", {}).get(self._table, ())))
            unprocessed: list[Raw] = (
                answer.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", [])
            )
            return unprocessed

        self._until_processed(ask, keys)
        return found

    def query(
        self,
        partition: str,
        *,
        after: str = "",
        until: str = "",
        prefix: str = "",
        backward: bool = False,
        limit: int = 0,
        consistent: bool = True,
    ) -> Iterator[Item]:
        """Yield the items of a partition in the order of their sort keys, at most ``limit``."""
        if after and prefix:
            raise ValueError("a query goes on after a key, or is for a prefix")
        if until and (backward or not after):
            raise ValueError("a query that ends at a key goes forward, after another one")
        condition = "pk = :pk"
        values = {":pk": {"S": partition}}
        if prefix:
            condition += " AND begins_with(sk, :sk)"
            values[":sk"] = {"S": prefix}
        elif until:
            condition += " AND sk BETWEEN :sk AND :until"
            values |= {":sk": {"S": f"{after}\0"}, ":until": {"S": until}}
        elif after:
            condition += " AND sk < :sk" if backward else " AND sk > :sk"
            values[":sk"] = {"S": after}
        arguments: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": values,
            "ConsistentRead": consistent,
            "ScanIndexForward": not backward,
        }
        left = limit
        while True:
            if limit:
                arguments["Limit"] = left
            answer = self._client.ask(QUERY, arguments.copy())
            page = answer.get("Items", [])
            yield from map(item_from, page)
            left -= len(page)
            last = answer.get("LastEvaluatedKey")
            if not last or (limit and left <= 0):
                return
            arguments["ExclusiveStartKey"] = last

    def write(self, changes: Sequence[Change]) -> list[Item | Raced | None]:
        """Make each change on its own, in no particular order; returns what became of each."""
        plain = [each for each in changes if each.when is None and not isinstance(each, Update)]
        if len(plain) == len(changes) == 1:
            return [self._write_one(changes[0])]
        parts = [plain[start : start + WRITE_KEYS] for start in range(0, len(plain), WRITE_KEYS)]
        single = [each for each in changes if each.when is not None or isinstance(each, Update)]
        work: list[Sequence[Change]] = [*parts, *([each] for each in single)]
        if not work:
            return []
        done = self._client.each(self._write_part, work)
        made = {
            _key(change): result
            for part, results in zip(work, done, strict=True)
            for change, result in zip(part, results, strict=True)
        }
        if len(made) < len(changes):
            raise ValueError("a key is named twice")
        return [made[_key(change)] for change in changes]

    def _write_part(self, changes: Sequence[Change]) -> list[Item | Raced | None]:
        if len(changes) == 1:
            return [self._write_one(changes[0])]
        requests = [
            {"PutRequest": {"Item": raw_item(each.item)}}
            if isinstance(each, Put)
            else {"DeleteRequest": {"Key": raw_key(_key(each))}}
            for each in changes
        ]

        def ask(left: list[dict[str, Any]]) -> list[dict[str, Any]]:
            answer = self._client.ask(BATCH_WRITE_ITEM, {"RequestItems": {self._table: left}})
            unprocessed: list[dict[str, Any]] = answer.get("UnprocessedItems", {}).get(
                self._table, []
            )
            return unprocessed

        self._until_processed(ask, requests)
        return [each.item if isinstance(each, Put) else None for each in changes]

    def _write_one(self, change: Change) -> Item | Raced | None:
        key = _key(change)
        settings: dict[str, Any] = {"condition": condition_from(change.when)}
        if change.when is not None:
            settings["return_values_on_condition_failure"] = "ALL_OLD"
        arguments = self._client.connection.get_operation_kwargs
        try:
            if isinstance(change, Delete):
                self._client.ask(DELETE_ITEM, arguments(self._table, *key, **settings))
                return None
            if isinstance(change, Put):
                settings |= {"key": ITEM, "attributes": raw_item(change.item)}
                self._client.ask(PUT_ITEM, arguments(self._table, *key, **settings))
                return change.item
            settings |= {"actions": actions_from(change) or None, "return_values": "ALL_NEW"}
            answer = self._client.ask(UPDATE_ITEM, arguments(self._table, *key, **settings))
            return item_from(answer["Attributes"])
        except Failed as failed:
            return Raced(None if failed.item is None else item_from(failed.item))

    def _until_processed(self, ask: Callable[[list[Any]], list[Any]], requests: list[Any]) -> None:
        """Ask for what was left unprocessed again, after a pause if nothing was done at all."""
        pause = FIRST_PAUSE
        tries = TRIES
        while requests:
            left = ask(requests)
            if len(left) == len(requests):
                tries -= 1
                if not tries:
                    raise StateUnavailable("DynamoDB asks for a pause (nothing was processed).")
                self._sleep(random.uniform(0, pause))  # noqa: S311 -- so that many do not come back at once
                pause *= 2
            requests = left


def _key(change: Change) -> Key:
    return change.item.key if isinstance(change, Put) else change.key
