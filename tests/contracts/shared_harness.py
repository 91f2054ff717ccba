"""A shared store for the contract of :mod:`syncoxiders.ports.pipeline`, upon any tables."""

import itertools

from syncoxiders.adapters.items.store import ItemsStates
from syncoxiders.ports.items import Items


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
