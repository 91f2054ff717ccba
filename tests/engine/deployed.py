"""A deployed system in memory: storage, tables, queues, and everything that messages ask for."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from msgspec import structs

from syncoxiders.adapters.items.leases import ItemsLeases
from syncoxiders.adapters.items.registry import ItemsRegistry
from syncoxiders.adapters.items.store import ItemsStates
from syncoxiders.adapters.memory.alarms import MemoryAlarms
from syncoxiders.adapters.memory.clock import MemoryClock
from syncoxiders.adapters.memory.items import MemoryItems
from syncoxiders.adapters.memory.provider import MemoryProvider
from syncoxiders.adapters.memory.queue import MemoryQueue
from syncoxiders.adapters.memory.quirks import Quirks
from syncoxiders.engine.pipeline.context import Pipeline
from syncoxiders.engine.pipeline.execute import apply
from syncoxiders.engine.pipeline.hints import wake
from syncoxiders.engine.pipeline.listen import poll
from syncoxiders.engine.pipeline.messages import Apply, Merge, Poll, read
from syncoxiders.engine.pipeline.reconcile import merge
from syncoxiders.engine.pipeline.sweep import sweep
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.pipeline import SharedStore
from syncoxiders.ports.provider import Provider
from syncoxiders.ports.registry import EndpointSettings, SyncSettings
from syncoxiders.ports.state import BlobStore

OWNER, SYNC = "me", "photos"
HOUR = 3_600.0


@dataclass
class Deployed:
    """A sync of folders ``a`` and ``b`` in accounts of these names.

    While something is in ``failing`` (poll, merge, apply) its messages lie where they are.
    """

    clock: MemoryClock = field(default_factory=MemoryClock)
    failing: set[str] = field(default_factory=set)
    blobs: BlobStore | None = None
    quirks: Quirks = field(default_factory=Quirks)

    def __post_init__(self) -> None:
        control, self.tree, self.journal = MemoryItems(), MemoryItems(), MemoryItems()
        self.registry = ItemsRegistry(control)
        self.polls, self.merges, self.applies = (MemoryQueue(self.clock, each) for each in "pma")
        self.alarms = MemoryAlarms(self.clock, {"poll": self.polls, "apply": self.applies})
        self.a, self.b = (MemoryProvider(self.quirks, clock=self.clock, name=each) for each in "ab")
        self.providers: dict[str, Provider] = {"a": self.a, "b": self.b}
        self.settings = SyncSettings(
            SYNC,
            (EndpointSettings("a", "a"), EndpointSettings("b", "b")),
            changed_at=self.clock.now(),
        )
        for name in "ab":
            self.registry.put_account(OWNER, Account(name, "memory"))
        self.put()
        self.pipeline = Pipeline(
            states=ItemsStates(self.tree, self.journal, now=self.clock.now),
            registry=self.registry,
            leases=ItemsLeases(control, self.clock),
            polls=self.polls,
            merges=self.merges,
            applies=self.applies,
            clock=self.clock,
            providers=lambda _, settings: self._connected(settings),
            alarms=self.alarms,
            blobs=self.blobs,
        )

    def _connected(self, settings: SyncSettings) -> Mapping[str, Provider]:
        return {each.id: self.providers[each.account] for each in settings.endpoints}

    def put(self, **changes: object) -> None:
        """Change the sync's settings."""
        self.settings = structs.replace(self.settings, **changes)
        self.registry.put_sync(OWNER, self.settings)

    def join(self, **changes: object) -> MemoryProvider:
        """Let a folder ``c`` join, in an account of its own, along with changes of the settings."""
        joining = self.providers["c"] = MemoryProvider(self.quirks, clock=self.clock, name="c")
        self.registry.put_account(OWNER, Account("c", "memory"))
        self.put(endpoints=(*self.settings.endpoints, EndpointSettings("c", "c")), **changes)
        return joining

    def store(self) -> SharedStore:
        return self.pipeline.states.sync(OWNER, SYNC)

    def look(self) -> None:
        """Have all accounts looked at, as the clock does, and do what comes of it."""
        self.clock.advance(900.0)
        wake(self.registry, self.polls, self.clock.now())
        self.settle()

    def settle(self) -> None:
        """Handle messages until there is none that may be."""
        while (
            self._one("poll", self.polls)
            or self._one("merge", self.merges)
            or self._one("apply", self.applies)
        ):
            pass

    def _one(self, name: str, queue: MemoryQueue) -> bool:
        if name in self.failing:
            return False
        received = queue.receive()
        for each in received:
            body = each.message.body
            if name == "poll":
                poll(self.pipeline, read(body, Poll))
            elif name == "merge":
                merge(self.pipeline, read(body, Merge))
            else:
                apply(self.pipeline, read(body, Apply))
            queue.delete(each.receipt)
        return bool(received)


def populated() -> Deployed:
    """Return a system in which a folder of five files is in step."""
    found = Deployed()
    for number in range(5):
        found.a.write(f"folder/{number}", b"%d" % number)
    found.look()
    found.look()
    assert found.b.tree() == found.a.tree()
    return found


def goes_on(world: Deployed, seconds: float) -> None:
    """Let time go by, with the sweep once a minute."""
    for _ in range(int(seconds / 60)):
        world.clock.advance(60.0)
        sweep(world.pipeline)
        world.settle()
