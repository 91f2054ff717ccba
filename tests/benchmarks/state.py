"""What a change costs in the deployed system's tables: requests and units, counted in memory.

Two accounts are kept in step by the deployed system's own use cases, over tables in memory that
count what DynamoDB would bill. A trickle is one change at a time, a burst many at once.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from syncoxiders.adapters.items.leases import ItemsLeases
from syncoxiders.adapters.items.registry import ItemsRegistry
from syncoxiders.adapters.items.store import ItemsStates
from syncoxiders.adapters.memory.alarms import MemoryAlarms
from syncoxiders.adapters.memory.clock import MemoryClock
from syncoxiders.adapters.memory.items import MemoryItems, Usage
from syncoxiders.adapters.memory.provider import MemoryFeedProvider
from syncoxiders.adapters.memory.queue import MemoryQueue
from syncoxiders.adapters.memory.quirks import FeedQuirks, Quirks
from syncoxiders.core.model import EndpointId
from syncoxiders.engine.pipeline.context import Pipeline
from syncoxiders.engine.pipeline.execute import apply
from syncoxiders.engine.pipeline.listen import poll
from syncoxiders.engine.pipeline.messages import Apply, Merge, NotYet, Poll, read
from syncoxiders.engine.pipeline.reconcile import merge
from syncoxiders.engine.pipeline.sweep import sweep
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.alarm import Line
from syncoxiders.ports.queue import Message, Queue
from syncoxiders.ports.registry import EndpointSettings, SyncSettings
from tests.benchmarks.prices import dollars

OWNER = "me"
SYNC = "01JABCDEFGHJKMNPQRSTVWXYZ0"
IN_FOLDER = 100
TABLES = ("tree", "journal", "control")

PER_MESSAGE = 3
"""A message is sent, received and deleted, if nothing is batched."""

BUDGET = {"edit": 4.0, "create": 7.0}
"""Write units of a small file's change for itself, all that many share left out."""


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
        counts = {
            "write units": self.total("write_units"),
            "read units": self.total("read_units"),
            "queue requests": PER_MESSAGE * self.messages / self.changes,
        }
        return 1e6 * dollars(counts)


class System:
    """Two accounts, a sync between them, and queues whose messages are handled until all is quiet.

    An account is hinted when something has changed there, as its push would do. ``table`` and
    ``queue`` make the tables and queues.
    """

    def __init__(
        self,
        table: Callable[[], MemoryItems] = MemoryItems,
        queue: Callable[[MemoryClock], MemoryQueue] = MemoryQueue,
        feed: FeedQuirks | None = None,
    ) -> None:
        self.clock = MemoryClock(tick=0.001)
        self.tables = {name: table() for name in TABLES}
        self.providers: dict[EndpointId, MemoryFeedProvider] = {
            name: MemoryFeedProvider(Quirks(feed=feed or FeedQuirks()), clock=self.clock, name=name)
            for name in "ab"
        }
        self._put_off: dict[str, float] = {}
        control = self.tables["control"]
        self.queues = {name: queue(self.clock) for name in ("poll", "merge", "apply")}
        lines: dict[Line, Queue] = {
            "poll": self.queues["poll"],
            "merge": self.queues["merge"],
            "apply": self.queues["apply"],
        }
        self.alarms = MemoryAlarms(self.clock, lines)
        self.pipeline = Pipeline(
            states=ItemsStates(self.tables["tree"], self.tables["journal"], now=self.clock.now),
            registry=ItemsRegistry(control),
            leases=ItemsLeases(control, self.clock),
            clock=self.clock,
            providers=lambda _owner, _settings: self.providers,
            polls=self.queues["poll"],
            merges=self.queues["merge"],
            applies=self.queues["apply"],
            alarms=self.alarms,
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
        self.work()
        self.clock.advance(1_000.0)
        sweep(self.pipeline)
        self.work()

    def work(self) -> None:
        """Handle what the queues deliver until there is nothing that may be."""
        while any(self._step(name) for name in self.queues):
            pass

    def _step(self, name: str) -> bool:
        """Handle what a queue delivers at once; says whether it was anything."""
        queue = self.queues[name]
        found = queue.receive()
        self.invoke(name, [each.message for each in found])
        for received in found:
            pause = self._put_off.pop(received.message.once, None)
            if pause is None:
                queue.delete(received.receipt)
            else:
                queue.give_back(received.receipt, pause)
        return bool(found)

    def invoke(self, name: str, messages: Sequence[Message]) -> None:
        """Do what messages of a queue ask for."""
        for message in messages:
            self.handle(name, message)

    def handle(self, name: str, message: Message) -> None:
        """Do what a message asks for."""
        if name == "poll":
            try:
                poll(self.pipeline, read(message.body, Poll))
            except NotYet as answer:
                self._put_off[message.once] = answer.seconds
        elif name == "merge":
            merge(self.pipeline, read(message.body, Merge))
        else:
            apply(self.pipeline, read(message.body, Apply))

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
