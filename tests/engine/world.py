"""A small world for tests: memory providers, a memory store, and runs over them."""

from dataclasses import dataclass, field
from typing import Any

from syncoxiders.adapters.memory.clock import MemoryClock
from syncoxiders.adapters.memory.provider import MemoryProvider
from syncoxiders.adapters.memory.quirks import Quirks
from syncoxiders.adapters.memory.state import MemoryBlobStore, MemoryStateStore
from syncoxiders.core.model import Endpoint
from syncoxiders.core.rule import Rule
from syncoxiders.engine.context import Context, Options
from syncoxiders.engine.report import Outcome
from syncoxiders.engine.sync import Run

Tree = dict[str, bytes | None]


@dataclass
class World:
    """Endpoints ``a``, ``b``, … in one sync."""

    names: str = "ab"
    quirks: dict[str, Quirks] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.clock = MemoryClock(tick=1.0)
        self.providers = {
            name: MemoryProvider(self.quirks.get(name), clock=self.clock, name=name)
            for name in self.names
        }
        self.store: Any = MemoryStateStore()  # or another store, where a test has it so
        self.blobs = MemoryBlobStore()
        self.options = Options()
        self.rule = Rule(
            endpoints=tuple(
                Endpoint(name, name, provider.traits) for name, provider in self.providers.items()
            )
        )

    def __getattr__(self, name: str) -> MemoryProvider:
        providers: dict[str, MemoryProvider] = self.__dict__.get("providers", {})
        if name not in providers:
            raise AttributeError(name)
        return providers[name]

    def context(self) -> Context:
        return Context(
            store=self.store.sync("me", "sync"),
            providers=self.providers,
            rule=self.rule,
            clock=self.clock,
            blobs=self.blobs,
            options=self.options,
        )

    def run(self) -> Outcome:
        return Run(self.context()).run()

    def trees(self) -> list[Tree]:
        return [provider.tree() for provider in self.providers.values()]

    def agreed(self) -> Tree:
        """Return the tree that all endpoints have; fails if they differ."""
        first, *others = self.trees()
        for other in others:
            assert other == first
        return first

    def quiet(self) -> None:
        """Make sure that a further run finds nothing to do."""
        before = [provider.mutations for provider in self.providers.values()]
        outcome = self.run()
        assert [provider.mutations for provider in self.providers.values()] == before
        assert outcome.word == "done", outcome
