"""What small changes cost in all: counted through the deployed system's own use cases.

Units, requests, messages, invocations and calls of providers are counted. How long a function
runs is modelled: from what it asked for, with the answers' times that are stated here, and the
processor time that its work took on this machine. The echoes of our own writes, which providers
push as well, are part of it; they are heard once the invocation is over that wrote. New containers
are not, nor what providers ask for their API, nor traffic.
"""

import functools
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import msgspec

from functions.apply import LANES
from syncoxiders.adapters.memory.items import WRITE_KEYS, MemoryItems, Usage
from syncoxiders.adapters.memory.provider import MemoryFeedProvider
from syncoxiders.adapters.memory.queue import MemoryQueue
from syncoxiders.adapters.memory.quirks import FeedQuirks
from syncoxiders.cloud.batches import HIDDEN_EVERY
from syncoxiders.core.model import EndpointId
from syncoxiders.engine.pipeline.hear import Door, Ear, Request
from syncoxiders.engine.pipeline.setting import TRANSFERS
from syncoxiders.engine.pipeline.sweep import sweep
from syncoxiders.ports.errors import Throttled
from syncoxiders.ports.items import Change, Item, Key, Raced, Update
from syncoxiders.ports.push import Channel, Forged, Push, Secrets
from syncoxiders.ports.queue import Message
from syncoxiders.ports.registry import OpenChannel
from tests.benchmarks.prices import dollars
from tests.benchmarks.state import OWNER, SYNC, System, path

FILES = 2_000
"""So many files there are before: what is changed at once mostly lies close together."""

SCATTERED = 20_000, 19
"""Of so many files every so-manieth is edited, where edits lie far apart: that takes more reads."""

MEMORY = {"webhook": 512, "poll": 1024, "merge": 1024, "apply": 1024}
"""Megabytes of each function, as they are deployed."""

WHOLE = 1769
"""Megabytes with which a function has one processor whole.

Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
"""

TABLE_WAIT, TABLE_WORK = 0.006, 0.0010
"""Seconds until a table answers, and of the processor for one request: stated, not measured."""

TABLE_AT_ONCE = 16
"""So many requests of one read by keys, or of one write, are under way together."""

QUEUE_WAIT = 0.010
"""Seconds until a queue has taken a request, stated."""

PROVIDER_WAIT: Mapping[str, float] = {"changes": 0.3, "read": 0.3, "upload": 0.6}
PROVIDER_ELSE = 0.2
"""Seconds until a provider answers, by the operation: stated."""

PROVIDER_WORK = 0.0025
"""Seconds of the processor for a call of a provider.

On this machine 500 small files more from Drive to Dropbox, under TLS, take 2.2 ms each, for a read
and an upload; a processor of Lambda's is taken to be half as fast.
"""

BATCHES_AT_ONCE = LANES
TRANSFERS_AT_ONCE = TRANSFERS
"""So many batches are worked on by one invocation of apply, and so many files of each."""

PAGE = 1_000
"""So many changes a provider tells on a page: Drive 1,000, Dropbox 2,000 of those asked for."""

PER_PUSH = 10
"""So many changes of a burst a provider pushes once for, stated; a single one has its own."""

PER_MINUTE, PAUSE = 60, 60.0
"""So many uploads a minute a provider takes that throttles, which then asks for such a pause."""

TRICKLE = 10
"""A trickle has so many times fewer changes: each costs the same as the one before."""

TARGETS = {("edit", "burst"): 4.0, ("create", "burst"): 6.0}
"""US dollars for a million."""

HOW = ("burst", "scattered", "trickle", "rate-limited")

COUNTS = ("write units", "read units", "queue requests", "invocations", "GB-seconds")
"""What is billed of a change, but for what only some have."""


class Bill(msgspec.Struct, frozen=True):
    """What so many changes cost: ``counts`` of what :mod:`.prices` names.

    ``requests`` are those to tables, ``provider`` is called by its operations, and ``seconds`` are
    how long each function ran.
    """

    operation: str
    how: str
    changes: int
    counts: Mapping[str, float]
    requests: int
    provider: Mapping[str, int]
    seconds: Mapping[str, float]

    def each(self, name: str) -> float:
        """Return how many of something there were for a change."""
        return self.counts.get(name, 0.0) / self.changes

    @property
    def calls(self) -> float:
        """How often a provider was called for a change."""
        return sum(self.provider.values()) / self.changes

    @property
    def dollars(self) -> float:
        """What a million such changes cost."""
        return 1e6 * dollars(self.counts) / self.changes


class Table(MemoryItems):
    """A table that adds up for how long, and with how much work, one would wait for its answers."""

    def __init__(self) -> None:
        super().__init__()
        self.rounds = 0
        self.requests = 0
        self.by_key = 0

    def get(self, keys: Collection[Key], *, consistent: bool = True) -> dict[Key, Item]:
        """Return those that are there; requests of some keys each are waited for at once."""
        before = self.usage.reads
        found = super().get(keys, consistent=consistent)
        requests = self.usage.reads - before
        self.requests += requests
        self.rounds += -(-requests // TABLE_AT_ONCE)
        self.by_key += requests
        return found

    def write(self, changes: Sequence[Change]) -> list[Item | Raced | None]:
        """Make each change; what goes together, or at once, is waited for once."""
        single = sum(each.when is not None or isinstance(each, Update) for each in changes)
        requests = single + -(-(len(changes) - single) // WRITE_KEYS)
        self.requests += requests
        self.rounds += -(-requests // TABLE_AT_ONCE)
        return super().write(changes)

    @property
    def asked(self) -> tuple[float, float]:
        """Seconds of waiting and of work so far. Queries come one after the other."""
        queries = self.usage.reads - self.by_key
        return (self.rounds + queries) * TABLE_WAIT, (self.requests + queries) * TABLE_WORK


class Line(MemoryQueue):
    """A queue that counts requests."""

    requests = 0

    def send(self, messages: Sequence[Message]) -> None:
        """Send all, ten in a request."""
        self.requests += -(-len(messages) // 10)
        super().send(messages)


class Metered(System):
    """A system with a meter on everything. Accounts are pushed as their providers would."""

    def __init__(self) -> None:
        super().__init__(Table, Line, FeedQuirks(page_size=PAGE))
        self.counts: dict[str, float] = defaultdict(float)
        self.seconds: dict[str, float] = defaultdict(float)
        self._unpushed: Counter[EndpointId] = Counter()
        self._per_push = PER_PUSH
        registry, polls = self.pipeline.registry, self.pipeline.polls
        self._ear = Ear(registry, polls, self.clock, {"memory": Door(_verify)})
        for name in self.providers:
            registry.put_channel(OpenChannel(Channel(name, name), OWNER, name, SYNC, name))

    # -- what happens outside ------------------------------------------------------------------

    def prepare(self, files: int = FILES) -> None:
        """Bring the first files into step, and let everything come to rest."""
        for number in range(files):
            self.providers["a"].write(path(number), f"content {number}".encode())
        for _ in range(3):
            self.settle()
        for name, provider in self.providers.items():
            provider.after = lambda _, name=name: self.changed(name)

    def throttle(self, name: EndpointId) -> None:
        """Let a provider take so many uploads a minute, and no more."""
        taken: list[float] = []

        def upload(operation: str) -> None:
            now = self.clock.now()
            taken[:] = [each for each in taken if each > now - PAUSE]
            if operation == "upload" and len(taken) >= PER_MINUTE:
                raise Throttled("so much is not taken in a minute", PAUSE)
            if operation == "upload":
                taken.append(now)

        self.providers[name].on_call = upload

    def one_by_one(self) -> None:
        """From now on each change is pushed."""
        self._per_push = 1

    def changed(self, name: EndpointId) -> None:
        """Note a change, of which its provider tells soon, together with others."""
        self._unpushed[name] += 1

    def push(self, name: EndpointId) -> None:
        """Let the webhook hear of an account."""
        self.counts["pushes"] += 1
        push = Request("POST", "/push/memory", body=name.encode())

        def hear() -> None:
            if self._ear.hear(push).hints != 1:
                raise RuntimeError("a push was not heard")

        self._run("webhook", [hear])

    def push_rest(self) -> bool:
        """Let providers tell what they have not told yet; says whether that is anything."""
        unpushed, self._unpushed = self._unpushed, Counter()
        for name, count in unpushed.items():
            for _ in range(-(-count // self._per_push)):
                self.push(name)
        return bool(unpushed)

    # -- what is metered -----------------------------------------------------------------------

    def invoke(self, name: str, messages: Sequence[Message]) -> None:
        """Handle what was received at once in one invocation, as its function does."""
        if messages:
            self.counts["queue requests"] += 2  # received, and deleted
            groups: dict[str, list[Message]] = {}
            for each in messages:
                groups.setdefault(each.group, []).append(each)
            lanes = [lambda group=group: self._handle(name, group) for group in groups.values()]
            spent = self._run(name, lanes)
            hidden = 1 + spent // HIDDEN_EVERY  # anew every so often, ten messages in a request
            self.counts["queue requests"] += hidden * -(-len(messages) // 10)

    def _handle(self, name: str, messages: Sequence[Message]) -> None:
        for each in messages:
            self.handle(name, each)

    def _run(self, name: str, lanes: Sequence[Callable[[], None]]) -> float:
        """Do the work of one invocation; returns how long it would take there."""
        waits, carrying, work = [0.0], 0.0, 0.0
        transfers = carried = 0
        for lane in lanes:
            before, calls = self._asked(), self._calls()
            began = time.process_time()
            lane()
            work += time.process_time() - began
            waited, worked = (now - old for now, old in zip(self._asked(), before, strict=True))
            called = self._calls() - calls
            for operation, count in called.items():
                wait = PROVIDER_WAIT.get(operation, PROVIDER_ELSE) * count
                if name == "apply" and operation in PROVIDER_WAIT:
                    carrying += wait
                else:
                    waited += wait
            carried = max(carried, called["upload"])
            transfers += called["upload"]
            waits.append(waited)
            work += worked + PROVIDER_WORK * called.total()
        work *= WHOLE / min(MEMORY[name], WHOLE)
        lanes_at_once = BATCHES_AT_ONCE if name == "apply" else 1
        spent = max(*waits, sum(waits) / lanes_at_once)
        if transfers:
            at_once = min(len(lanes), BATCHES_AT_ONCE) * min(carried, TRANSFERS_AT_ONCE)
            spent += overlapped(carrying, work, transfers, at_once)
        else:
            spent += work
        self.counts["invocations"] += 1
        self.counts["GB-seconds"] += spent * MEMORY[name] / 1024
        self.seconds[name] += spent
        self.clock.advance(spent)
        return spent

    def _asked(self) -> tuple[float, float]:
        """Return the seconds of waiting and of work so far, for tables and queues."""
        waited = sum(each.requests for each in self.lines) * QUEUE_WAIT
        worked = 0.0
        for table in self.tables.values():
            assert isinstance(table, Table)
            wait, work = table.asked
            waited, worked = waited + wait, worked + work
        return waited, worked

    @property
    def lines(self) -> list[Line]:
        """The queues."""
        return [each for each in self.queues.values() if isinstance(each, Line)]

    def _calls(self) -> Counter[str]:
        """Return how often providers were called.

        What asks nobody is left out, and so is the model's own look at the end of each read.
        """
        found: Counter[str] = Counter()
        for provider in self.providers.values():
            found.update(provider.calls)
        del found["settle"]
        found["get"] -= found["read"]
        return found

    # -- measuring -----------------------------------------------------------------------------

    def rest(self) -> None:
        """Let everything come to rest, time going on where something was put off."""
        while True:
            self.work()
            if self.push_rest():
                continue
            times = [self.alarms.next_at(), *(queue.next_at() for queue in self.queues.values())]
            due = min((at for at in times if at is not None), default=None)
            if due is None:
                return
            self.clock.advance(max(0.0, due - self.clock.now()))
            self.counts["alarms"] += self.alarms.ring()

    def bill(self, operation: str, how: str, changes: int, change: Callable[[int], None]) -> Bill:
        """Make changes, one by one as a trickle, and return what they cost."""
        tables = {name: table.usage.copy() for name, table in self.tables.items()}
        requests = sum(each.requests for each in self.lines)
        calls = self._calls()
        self.counts.clear()
        self.seconds.clear()
        for number in range(changes):
            change(number)
            self.changed("a")
            if how == "trickle":
                self.rest()
                self.clock.advance(60.0)
        self.rest()
        used = [table.usage.minus(tables[name]) for name, table in self.tables.items()]
        counts = dict[str, float](self.counts)
        counts["queue requests"] += sum(each.requests for each in self.lines) - requests
        counts |= _units(used)
        provider = self._calls() - calls
        self._check(f"{operation}, {how}")
        asked = sum(each.reads + each.writes for each in used)
        return Bill(operation, how, changes, counts, asked, dict(provider), dict(self.seconds))

    def _check(self, what: str) -> None:
        one, other = [provider.tree() for provider in self.providers.values()]
        if one != other:
            raise RuntimeError(f"{what}: the accounts are not in step")
        before = {name: queue.sent for name, queue in self.queues.items()}
        self.clock.advance(1_000.0)
        sweep(self.pipeline)
        if before != {name: queue.sent for name, queue in self.queues.items()}:
            raise RuntimeError(f"{what}: something was left to the sweep")


def overlapped(wait: float, work: float, jobs: int, at_once: int) -> float:
    """Return how long jobs take of which some at once wait, or have their turn of one processor.

    ``wait`` and ``work`` are seconds of all of them. By mean value analysis of a closed network of
    one queue and a delay (Reiser and Lavenberg, 1980): with one at once that is their sum, with
    many the longer of the two, and between them the queue's length decides.
    """
    think, service, queued, rate = wait / jobs, work / jobs, 0.0, 0.0
    for customers in range(1, at_once + 1):
        response = service * (1 + queued)
        rate = customers / (think + response)
        queued = rate * response
    return jobs / rate


def _verify(
    query: Mapping[str, str], headers: Mapping[str, str], body: bytes, secret: Secrets
) -> Push:
    del query, headers
    channel = body.decode()
    if secret(channel) != channel:
        raise Forged("this channel is not open")
    return Push(channels=(channel,))


def _units(used: Sequence[Usage]) -> dict[str, float]:
    return {
        "write units": sum(each.write_units for each in used),
        "read units": sum(each.read_units for each in used),
    }


def measure(changes: int) -> Iterator[Bill]:
    """Yield what edits and creates cost, in each way that they come."""
    for how in HOW:
        system = Metered()
        files, step = SCATTERED if how == "scattered" else (FILES, 7)
        system.prepare(files)
        if how == "trickle":
            system.one_by_one()
        if how == "rate-limited":
            system.throttle("b")
        count = max(1, changes // TRICKLE) if how == "trickle" else changes
        provider = system.providers["a"]
        edit = functools.partial(_edit, provider, files=files, step=step)
        yield system.bill("edit", how, count, edit)
        if how == "scattered":
            continue  # a new file is new anywhere
        system.settle()
        yield system.bill("create", how, count, lambda n, p=provider: _create(p, n))  # type: ignore[misc]  # mypy infers no type of a lambda with a default


def _edit(provider: MemoryFeedProvider, number: int, *, files: int, step: int) -> None:
    provider.write(path(number * step % files), f"edited {number}".encode())


def _create(provider: MemoryFeedProvider, number: int) -> None:
    provider.write(f"new/created {number:07}.txt", f"{number}".encode())
