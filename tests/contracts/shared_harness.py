"""What the contract of :mod:`syncoxiders.ports.pipeline` stands on: a store upon any tables."""

import itertools
from typing import Any, Protocol

import pytest

from syncoxiders.adapters.items.store import ItemsStates
from syncoxiders.ports.items import Items
from syncoxiders.ports.pipeline import SharedStates, SharedStore
from tests.contracts.state_harness import entry, replica


class ItemsHarness:
    """Two tables and a clock that stands still; tokens are numbers, so that a test repeats."""

    def __init__(self, tree: Items, journal: Items, threads: int = 0) -> None:
        self.now = 1_000.0
        self.tokens = itertools.count()
        self.store = ItemsStates(
            tree,
            journal,
            now=lambda: self.now,
            token=lambda: f"{next(self.tokens):x}",
            threads=threads,
        )


class SharedHarness(Protocol):
    """A fresh store, and its clock."""

    now: float

    @property
    def store(self) -> SharedStates: ...


class SharedRules:
    """Base of the suite's classes: two objects for one sync, as two functions have them."""

    @pytest.fixture
    def one(self, harness: SharedHarness) -> SharedStore:
        return harness.store.sync("owner", "work")

    @pytest.fixture
    def other(self, harness: SharedHarness) -> SharedStore:
        return harness.store.sync("owner", "work")


def at_a(ident: str) -> dict[str, Any]:
    return {"replicas": {"a": replica(entry(ident))}}
