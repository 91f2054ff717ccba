"""What a change costs in the deployed system's tables: requests and units, counted in memory.

Two accounts are kept in step by the deployed system's own use cases, over tables in memory that
count what DynamoDB would bill. A trickle is one change at a time, a burst many at once.
"""

from collections.abc import Iterator, Mapping

import msgspec

from syncoxiders.adapters.items.leases import ItemsLeases
from syncoxiders.adapters.items.registry import ItemsRegistry
from syncoxiders.adapters.items.store import ItemsStates
from syncoxiders.adapters.memory.clock import MemoryClock
from syncoxiders.adapters.memory.items import MemoryItems, Usage
from syncoxiders.adapters.memory.provider import MemoryFeedProvider
from syncoxiders.adapters.memory.queue import MemoryQueue
from syncoxiders.core.model import EndpointId
from syncoxiders.engine.pipeline.context import Pipeline
from syncoxiders.engine.pipeline.execute import apply
from syncoxiders.engine.pipeline.listen import poll
from syncoxiders.engine.pipeline.messages import Apply, Merge, Poll, read
from syncoxiders.engine.pipeline.reconcile import merge
from syncoxiders.engine.pipeline.sweep import sweep
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.registry import EndpointSettings, SyncSettings

OWNER = "me"
SYNC = "01JABCDEFGHJKMNPQRSTVWXYZ0"
IN_FOLDER = 100
TABLES = ("tree", "journal", "control")

PER_WRITE_UNIT, PER_READ_UNIT = 0.625e-6, 0.125e-6
"""US dollars on demand in us-east-1. Source: https://aws.amazon.com/dynamodb/pricing/on-demand/"""

PER_MESSAGE = 3 * 0.5e-6
"""A message is sent, received and deleted, if nothing is batched.

Source: https://aws.amazon.com/sqs/pricing/
"""

BUDGET = {"edit": 4.0, "create": 8.0}
"""Write units of a small file's change for itself, all that many share left out."""

DOLLARS = {"edit": 4.0, "create": 6.0}
"""What a million small changes may cost in a burst, Lambda's time left out."""


class Cost(msgspec.Struct, frozen=True):
    """What an operation of so many changes cost in a tree of so many files."""

    operation: str
    files: int
    changes: int
    usage: Mapping[str, Usage]
    messages: int

    def total(self, name: str) -> float:
        """Return a count of :class:`Usage` over all tables, per change."""
        return float(sum(getattr(each, name) for each in self.usage.values())) / self.changes

    @property
    def dollars(self) -> float:
        """What a million such changes cost in units and messages."""
        writes, reads = self.total("write_units"), self.total("read_units")
        messages = self.messages / self.changes
        return 1e6 * (writes * PER_WRITE_UNIT + reads * PER_READ_UNIT + messages * PER_MESSAGE)


class System:
    """Two accounts, a sync between them, and queues whose messages are handled until all is quiet.

    An account is hinted when something has changed there, as its push would do.
    """

    def __init__(self) -> None:
        self.clock = MemoryClock(tick=0.001)
        self.tables = {name: MemoryItems() for name in TABLES}
        self.providers: dict[EndpointId, MemoryFeedProvider] = {
            name: MemoryFeedProvider(clock=self.clock, name=name) for name in "ab"
        }
        control = self.tables["control"]
        self.queues = {name: MemoryQueue(self.clock) for name in ("polls", "merges", "applies")}
        self.pipeline = Pipeline(
            states=ItemsStates(self.tables["tree"], self.tables["journal"], now=self.clock.now),
            registry=ItemsRegistry(control),
            leases=ItemsLeases(control, self.clock),
            clock=self.clock,
            providers=lambda _owner, _settings: self.providers,
            polls=self.queues["polls"],
            merges=self.queues["merges"],
            applies=self.queues["applies"],
        )
        for name in self.providers:
            self.pipeline.registry.put_account(OWNER, Account(name, "memory"))
        endpoints = tuple(EndpointSettings(name, name) for name in self.providers)
        self.pipeline.registry.put_sync(OWNER, SyncSettings(SYNC, endpoints, max_delete="100%"))

    def settle(self) -> None:
        """Let every account be looked at, and everything be done that comes of it."""
        for name in self.providers:
            connected = self.pipeline.registry.hint(OWNER, name)
            self.pipeline.polls.send([Poll(OWNER, name).message(f"{connected}")])
        while any(self._step() for _ in range(3)):
            pass
        self.clock.advance(1_000.0)
        sweep(self.pipeline)
        while self._step():
            pass

    def _step(self) -> bool:
        """Handle what the queues deliver; says whether it was anything."""
        for name, queue in self.queues.items():
            found = queue.receive()
            for received in found:
                body = received.message.body
                if name == "polls":
                    poll(self.pipeline, read(body, Poll))
                elif name == "merges":
                    merge(self.pipeline, read(body, Merge))
                else:
                    apply(self.pipeline, read(body, Apply))
                queue.delete(received.receipt)
            if found:
                return True
        return False

    def count(self, operation: str, files: int, changes: int) -> Cost:
        """Settle, and return what that cost."""
        before = {name: table.usage.copy() for name, table in self.tables.items()}
        sent = self._sent()
        self.settle()
        usage = {name: table.usage.minus(before[name]) for name, table in self.tables.items()}
        left, right = [provider.tree() for provider in self.providers.values()]
        if left != right:
            raise RuntimeError(f"{operation}: the accounts are not in step")
        return Cost(operation, files, changes, usage, self._sent() - sent)

    def _sent(self) -> int:
        return sum(queue.sent for queue in self.queues.values())


def path(number: int) -> str:
    return f"folder {number // IN_FOLDER:05}/file {number:07}.txt"


def measure(files: int, burst: int = 100) -> Iterator[Cost]:
    """Yield what each operation costs in a tree of so many files."""
    system = System()
    provider = system.providers["a"]
    for number in range(files):
        provider.write(path(number), f"content {number}".encode())
    yield system.count("first sync", files, files)
    yield system.count("full look", files, files)
    yield system.count("nothing", files, 1)
    for changes in (1, burst):
        for number in range(changes):
            provider.write(path(number * 7 % files), f"edited {number}, {changes}".encode())
        yield system.count("edit", files, changes)
        for number in range(changes):
            provider.write(f"folder 00000/new {changes} {number:07}.txt", f"{number}".encode())
        yield system.count("create", files, changes)
        for number in range(changes):
            provider.rename(
                f"folder 00000/new {changes} {number:07}.txt",
                f"folder 00001/moved {changes} {number:07}.txt",
            )
        yield system.count("move", files, changes)
        for number in range(changes):
            provider.remove(f"folder 00001/moved {changes} {number:07}.txt")
        yield system.count("delete", files, changes)
