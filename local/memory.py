"""Keeps what the tables hold from one start of the emulator to the next.

It is written when a run has ended, and may be older than the folders: then what was done since is
found anew, equal on both sides. Messages are not kept; the sweep makes up for them.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from local.deploy import Deployed

# Tables in the order in which a later one may know more than an earlier one, as after a crash.
TABLES = ("TableControl", "TableJournal", "TableTree")
AT_ONCE = 25

Item = dict[str, dict[str, Any]]


def keep(file: Path, dynamodb: Any, stack: Deployed) -> None:
    """Write all items of all tables to a file; ``dynamodb`` is botocore's client."""
    held = {name: list(_items(dynamodb, stack.outputs[name])) for name in TABLES}
    part = file.with_suffix(".part")
    part.write_bytes(msgspec.msgpack.encode(held))
    part.replace(file)


def restore(file: Path, dynamodb: Any, stack: Deployed) -> bool:
    """Put them back into empty tables; False if there are none, or they cannot be read."""
    try:
        held = msgspec.msgpack.decode(file.read_bytes(), type=dict[str, list[Item]])
    except (FileNotFoundError, msgspec.MsgspecError):
        return False
    for name in TABLES:
        puts = [{"PutRequest": {"Item": item}} for item in held.get(name, [])]
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
