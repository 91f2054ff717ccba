"""Keeps what the tables hold from one start of the emulator to the next.

It is written now and then, and may be older than the folders: then what was done since is found
anew, equal on both sides. Messages are not kept; the sweep makes up for them.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from local.deploy import Deployed

# Tables in the order in which a later one may know more than an earlier one, as after a crash.
TABLES = ("TableControl", "TableJournal", "TableTree")
AT_ONCE = 25

EVERY, SHARE = 3.0, 20
"""Tables are kept every so many seconds, and less often where keeping them takes long: of the time
one part in so many is spent on it."""

Item = dict[str, dict[str, Any]]


class Keeper:
    """Keeps the tables in a file while they change."""

    def __init__(self, file: Path, dynamodb: Any, stack: Deployed) -> None:
        self._file = file
        self._dynamodb = dynamodb
        self._stack = stack
        self._next = 0.0
        self._kept = b""

    def keep(self, *, now: bool = False) -> None:
        """Keep them, if it is time to or has to be ``now``."""
        began = time.monotonic()
        if now or began >= self._next:
            self._keep(held(self._dynamodb, self._stack))
            took = time.monotonic() - began
            self._next = began + max(EVERY, SHARE * took)

    def _keep(self, content: bytes) -> None:
        if content != self._kept:
            part = self._file.with_suffix(".part")
            part.write_bytes(content)
            part.replace(self._file)
            self._kept = content


def held(dynamodb: Any, stack: Deployed) -> bytes:
    """Return all items of all tables; ``dynamodb`` is botocore's client."""
    found = {name: list(_items(dynamodb, stack.outputs[name])) for name in TABLES}
    return msgspec.msgpack.encode(found)


def restore(file: Path, dynamodb: Any, stack: Deployed) -> bool:
    """Put them back into empty tables; False if there are none, or they cannot be read."""
    try:
        found = msgspec.msgpack.decode(file.read_bytes(), type=dict[str, list[Item]])
    except (FileNotFoundError, msgspec.MsgspecError):
        return False
    for name in TABLES:
        puts = [{"PutRequest": {"Item": item}} for item in found.get(name, [])]
        for start in range(0, len(puts), AT_ONCE):
            left = {stack.outputs[name]: puts[start : start + AT_ONCE]}
            while left:
                left = dynamodb.batch_write_item(RequestItems=left).get("UnprocessedItems")
    return True


def _items(dynamodb: Any, table: str) -> Iterator[Item]:
    for page in dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        for item in page["Items"]:
            if item["sk"] == {"S": "lease"}:
                item.pop("until", None)  # whoever holds it will be gone by then
            yield item
