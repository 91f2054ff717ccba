"""The three tables of the deployed system as PynamoDB models: what their items may hold.

The models name no table: :func:`named` binds one to a table when a process is set up.
"""

from typing import Any, TypeVar

from pynamodb.attributes import (
    BinaryAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
)
from pynamodb.constants import PAY_PER_REQUEST_BILLING_MODE
from pynamodb.models import Model

from syncoxiders.adapters.dynamo.client import Connect

M = TypeVar("M", bound="type[Row]")


class Row(Model):
    """What all items have; ``expires`` is in seconds since the epoch."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    expires = NumberAttribute(null=True)


class TreeRow(Row):
    """Nodes, entries, and where they stand; see ``_nodes`` and ``_entries`` of adapters.items."""

    data = BinaryAttribute(null=True, legacy_encoding=False)
    at = UnicodeAttribute(null=True)
    rev = UnicodeAttribute(null=True)
    open = BinaryAttribute(null=True, legacy_encoding=False)
    ats = BinaryAttribute(null=True, legacy_encoding=False)
    again = NumberAttribute(null=True)
    away = BinaryAttribute(null=True, legacy_encoding=False)
    void = NumberAttribute(null=True)
    claims = UnicodeSetAttribute(null=True)
    seen = NumberAttribute(null=True)


class JournalRow(Row):
    """Change logs, batches, runs, counters and texts; see the modules of adapters.items."""

    data = BinaryAttribute(null=True, legacy_encoding=False)
    ids = BinaryAttribute(null=True, legacy_encoding=False)
    by = UnicodeAttribute(null=True)
    until = NumberAttribute(null=True)
    at = NumberAttribute(null=True)
    fence = NumberAttribute(null=True)
    count = NumberAttribute(null=True)  # type: ignore[assignment]  # a model has a method so named, which nobody calls here
    highest = NumberAttribute(null=True)
    batch = NumberAttribute(null=True)
    begun = NumberAttribute(null=True)
    tries = NumberAttribute(null=True)
    put_off = NumberAttribute(null=True)
    done = NumberAttribute(null=True)
    waits = UnicodeSetAttribute(null=True)
    failed = UnicodeSetAttribute(null=True)
    undone = UnicodeSetAttribute(null=True)
    next = UnicodeSetAttribute(null=True)
    parts = NumberAttribute(null=True)
    key = BinaryAttribute(null=True, legacy_encoding=False)
    run = NumberAttribute(null=True)
    events = NumberAttribute(null=True)
    dropped = NumberAttribute(null=True)


class ControlRow(Row):
    """Accounts, syncs, push channels and leases; see ``registry`` and ``leases``."""

    account = UnicodeAttribute(null=True)
    access = UnicodeAttribute(null=True)
    settings = UnicodeAttribute(null=True)
    opened = UnicodeAttribute(null=True)
    owner = UnicodeAttribute(null=True)
    name = UnicodeAttribute(null=True)
    trouble = UnicodeAttribute(null=True)
    vendor_ids = UnicodeSetAttribute(null=True)
    here = NumberAttribute(null=True)
    hints = NumberAttribute(null=True)
    polled = NumberAttribute(null=True)
    polled_at = NumberAttribute(null=True)
    not_before = NumberAttribute(null=True)
    busy = NumberAttribute(null=True)
    looks = NumberAttribute(null=True)
    deaf = UnicodeAttribute(null=True)
    fence = NumberAttribute(null=True)
    until = NumberAttribute(null=True)


def named(model: M, table: str, connect: Connect) -> M:
    """Return the model bound to a table, for creating and looking at it by hand."""
    settings: dict[str, Any] = {
        "table_name": table,
        "region": connect.region,
        "host": connect.host or None,
        "billing_mode": PAY_PER_REQUEST_BILLING_MODE,
    }
    return type(model.__name__, (model,), {"Meta": type("Meta", (), settings)})  # type: ignore[return-value]  # a class made at run time
