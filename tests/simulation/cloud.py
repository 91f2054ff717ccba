"""Histories of the deployed system: its functions, its queues and its tables, all simulated.

The same people, faults and judgements as of runs on one machine; in place of a run, messages are
delivered, late, twice or never, to functions of which several are at work at once, and any of
which may die between any two requests.
"""

import dataclasses
import functools
import math
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

import msgspec

from syncoxiders.adapters.items._log import LIFE
from syncoxiders.adapters.items.leases import ItemsLeases
from syncoxiders.adapters.items.registry import ItemsRegistry
from syncoxiders.adapters.items.store import ItemsStates
from syncoxiders.adapters.memory.items import MemoryItems
from syncoxiders.adapters.memory.queue import Faults, MemoryQueue, Received
from syncoxiders.core.filters import Filter, read_rules
from syncoxiders.core.model import EndpointId, EntryId
from syncoxiders.core.rule import Rule
from syncoxiders.engine.pipeline import (
    approvals,
    execute,
    hints,
    listen,
    messages,
    reconcile,
    replanning,
    setting,
    sweep,
)
from syncoxiders.engine.pipeline.context import Pipeline
from syncoxiders.engine.pipeline.times import LEASE, MARGIN
from syncoxiders.engine.pipeline.times import LIFE as FUNCTION
from syncoxiders.engine.report import Stop
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.errors import AccountError, StateUnavailable, Throttled
from syncoxiders.ports.items import Change, Key, Update
from syncoxiders.ports.provider import Provider
from syncoxiders.ports.registry import EndpointSettings, SyncSettings
from tests.simulation.faults import FaultyProvider
from tests.simulation.quirky import QuirkyHistory
from tests.simulation.scheduler import Scheduler
from tests.simulation.stage import Killed, Violated

OWNER, SYNC = "me", "sync"
STEPS = 3_000
"""So many deliveries are enough for anything to come to rest."""

LATENESS = 300
"""After so many deliveries a listing shows everything: it is late, but not for ever."""

PATIENCE = 60.0

HASTE = 0.1
"""So many functions, of all in hard times, are pressed for time."""

TEMPO = hints.Tempo(free=1, most=6)
"""As many hints as there are in a history keep a look waiting."""


@dataclasses.dataclass
class CloudHistory(QuirkyHistory):
    """A history in which the engine is the deployed system's functions."""

    kind: str = "plain"

    @property
    def replay(self) -> str:
        """Return the command that plays it again."""
        return f"{super().replay} --cloud"

    def __post_init__(self) -> None:
        self._chance = random.Random(f"cloud {self.seed}")
        self._scheduler = Scheduler(self._chance)
        self._slumber = random.Random(f"slumber {self.seed}")
        self._drowsy = self._slumber.random() < 0.3
        self._leisure = random.Random(f"leisure {self.seed}")
        self._lag = random.Random(f"lag {self.seed}")
        self._lags = self._lag.random() < 0.5
        self._hasty: set[int] = set()
        self._hard = False
        self._revoked: set[str] = set()
        self._dying: set[int] = set()
        self._begun: dict[int, float] = {}
        self._verdicts: list[Violated] = []
        self._pauses: dict[str, tuple[float, int]] = {}
        self._asked_for: dict[int, dict[str, float]] = {}
        self._chosen_last: SyncSettings | None = None
        self._changed_at = 0.0
        super().__post_init__()
        self.control = MemoryItems()
        self.registry = _Registry(self.control, self._paused)
        clock = self.world.clock
        self.polls, self.merges, self.applies = (
            MemoryQueue(clock, f"{self.seed} {name}", visibility=1_000.0, receives=1_000)
            for name in ("polls", "merges", "applies")
        )
        self._set_up_store()
        for name in self.world.providers:
            self.registry.put_account(OWNER, Account(name, "memory"))

    def _set_up_store(self) -> None:
        """Begin with empty tables."""
        self.tree, self.journal = MemoryItems(), MemoryItems()
        tokens = (f"{number:012x}" for number in range(1 << 48))
        states = ItemsStates(
            self.tree, self.journal, now=self.world.clock.now, token=functools.partial(next, tokens)
        )
        self.states = states
        self.world.store = states
        self.pipeline = Pipeline(
            states=states,
            registry=self.registry,
            leases=ItemsLeases(self.control, self.world.clock),
            polls=self.polls,
            merges=self.merges,
            applies=self.applies,
            clock=self.world.clock,
            providers=lambda _owner, _settings: _Connected(self.world.providers, self._revoked),
            blobs=self.world.blobs,
            tempo=TEMPO,
        )
        self._newest: dict[Key, int] = {}
        self._looking: set[int] = set()
        for items in (self.tree, self.journal, self.control):
            items.before = self._before_write
            items.after = self._after_write
            items.reading = lambda _: self._scheduler.pause()
            if self._lags:
                items.lagging = lambda _: self._lag.random() < 0.3

    def _watch_store(self) -> None:
        """The tables are watched instead."""

    def _empty_store(self) -> None:
        self._set_up_store()
        self.polls.purge()
        self.merges.purge()
        self.applies.purge()

    # -- faults --------------------------------------------------------------------------------

    def _before_write(self, change: Change) -> None:
        if not self._scheduler.is_at_work():
            return
        self._scheduler.pause()
        self._may_sleep()
        self._may_die(f"before writing {_named(change)}")
        if self._strikes(0.1):
            self.log.append(f"-- throttled before {_named(change)}")
            raise StateUnavailable("slower")

    def _may_sleep(self) -> None:
        """Let a function stand still for longer than its leases last, and others go on.

        None outlives its time: what it has announced, or begun, is then for others to see to.
        """
        now, task = self.world.clock.now, self._scheduler.current()
        begun = self._begun.setdefault(task, now())
        if self._hard and self._drowsy and self._slumber.random() < 0.01:
            self.log.append("-- a function sleeps")
            self.world.clock.advance(LEASE + PATIENCE)
            self._scheduler.sleep()
            if now() > begun + FUNCTION:
                self._dying.add(task)
                raise Killed

    def _after_write(self, change: Change) -> None:
        self._check_newest(change)
        if not self._scheduler.is_at_work():
            return
        self._may_die(f"after writing {_named(change)}")
        if self._strikes(0.1):
            self.log.append(f"-- no answer to {_named(change)}")
            raise StateUnavailable("no answer")
        self._scheduler.pause()

    def _check_newest(self, change: Change) -> None:
        """What a look puts in place of what was known was asked for no earlier."""
        seen = change.put.get("seen") if isinstance(change, Update) else None
        if not isinstance(change, Update) or not isinstance(seen, int):
            return
        held = self.tree._partitions[change.key[0]].items.get(change.key[1])
        if held is None or held.item.attributes.get("seen") != seen:
            return  # it lost a race
        looks = self._scheduler.current() in self._looking
        if looks and seen < self._newest.get(change.key, 0):
            text = f"{_named(change)}: what was confirmed gives way to what was asked for before"
            self._verdicts.append(Violated(self._story(text)))
        self._newest[change.key] = seen

    def _may_die(self, what: str) -> None:
        if not self._scheduler.is_at_work():
            return
        task = self._scheduler.current()
        if task in self._dying:
            raise Killed  # what comes after the end has no effect
        try:
            super()._may_die(what)
        except Killed:
            self._dying.add(task)
            raise

    def _check_reason(self, provider: FaultyProvider, entry: EntryId) -> None:
        likely, self._scheduler.likely = self._scheduler.likely, 0.0  # it is judged at one moment
        try:
            super()._check_reason(provider, entry)
        except Violated as verdict:
            self._verdicts.append(verdict)  # a function that is stopped by it is none of ours
        finally:
            self._scheduler.likely = likely

    # -- pauses --------------------------------------------------------------------------------

    def _call(self, provider: FaultyProvider, what: str) -> None:
        """No function that begins amid a pause asks anything of who asked for it."""
        until, last = self._pauses.get(provider.name, (0.0, 0))
        begun_since = self._scheduler.current() > last
        if what != "settle" and begun_since and self.world.clock.now() < until:
            text = f"{provider.name} is asked for {what} though it wants to be left alone"
            self._verdicts.append(Violated(self._story(text)))
        if self._scheduler.current() in self._hasty:
            self.world.clock.advance(1.0)
        try:
            super()._call(provider, what)
        except Throttled as error:
            error.retry_after = self._leisure.choice([1.0, 1.0, 100.0, 2_000.0])
            asked = self._asked_for.setdefault(self._scheduler.current(), {})
            asked[provider.name] = self.world.clock.now() + error.retry_after
            raise

    def _paused(self, account: str, until: float) -> None:
        if until > self._pauses.get(account, (0.0, 0))[0]:
            self._pauses[account] = (until, self._scheduler.count)

    def _check_pauses(self) -> None:
        """Who was asked for a pause has told of it in the end."""
        for account, until in self._asked_for.pop(self._scheduler.current(), {}).items():
            if self._pauses.get(account, (0.0, 0))[0] < until:
                text = f"nobody is told that {account} wants to be left alone"
                self._verdicts.append(Violated(self._story(text)))

    # -- accounts ------------------------------------------------------------------------------

    def _someone_leaves(self) -> str | None:
        """Let one be away: not reached, or shut out until its account is connected again."""
        away = super()._someone_leaves()
        if away is not None and self._slumber.random() < 0.4:
            self.log.append(f"-- the account of {away} is revoked")
            self._revoked.add(away)
        return away

    # -- settings ------------------------------------------------------------------------------

    def _rule(self, **changes: object) -> None:
        found = changes.get("filter")
        if isinstance(found, Filter) and found.options:  # as it comes from settings
            lines = "\n".join(each.pattern for each in found.options)
            changes["filter"] = Filter(options=read_rules(lines, "patterns"))
        super()._rule(**changes)
        if hasattr(self, "registry"):
            self._put_settings()

    def _chosen(self) -> SyncSettings:
        """Return the settings that a person has chosen."""
        return _settings(self.world.rule)

    def _put_settings(self, *, paused: bool = False) -> None:
        """Keep what a person has chosen; when that was last another thing is noted with it."""
        chosen = self._chosen()
        if chosen != self._chosen_last:
            self._chosen_last = chosen
            self.world.clock.advance(1.0)
            self._changed_at = self.world.clock.now()
        settings = msgspec.structs.replace(chosen, paused=paused, changed_at=self._changed_at)
        if self.registry.sync(OWNER, SYNC) != settings:
            self.registry.put_sync(OWNER, settings)
            self.merges.send([messages.Merge(OWNER, SYNC).message(f"set {self.world.clock.now()}")])

    # -- runs ----------------------------------------------------------------------------------

    def _run(self, *, listen: bool = False) -> bool:
        """Tell of news and deliver messages for a while; in hard times not all of them."""
        self.log.append("-- the functions work" + " on pushes" * listen)
        hard = bool(self._faults) or self._countdown is not None
        self._scheduler.likely = self._chance.choice([0.0, 0.05, 0.3]) if hard else 0.0
        paused = hard and self._leisure.random() < 0.05
        if paused:
            self.log.append("-- the sync is paused")
        self._put_settings(paused=paused)
        self._hard = hard
        self._revoked &= {each for each, it in self.world.providers.items() if it.offline}
        lived = self._work(hard=hard)
        self._scheduler.likely = 0.0
        for verdict in self._verdicts:
            raise verdict
        self._dying.clear()
        self._begun.clear()
        self._dirty.clear()
        self._check_whole()
        if not hard:
            self._check_owners()
        return lived

    def _work(self, *, hard: bool) -> bool:
        faults = Faults(loss=0.2, repeat=0.2, undeleted=0.1, delay=30.0) if hard else Faults()
        for queue in (self.polls, self.merges, self.applies):
            queue.faults = faults
        lived, calm = True, False
        self._started = self.world.clock.now()
        self._push()
        limit = self._chance.randint(5, 60) if hard else STEPS
        for step in range(limit):
            if step == LATENESS:
                for provider in self.world.providers.values():
                    provider.catch_up()
            lived = self._deliver() and lived
            if not any(map(len, (self.polls, self.merges, self.applies))):
                if hard and self._chance.random() < 0.7:
                    return lived
                if not self._is_at_rest():
                    self._wait()
                elif calm:
                    return lived
                else:  # so much time goes by that whoever has died is known to be dead
                    calm = True
                    self.world.clock.advance(LIFE)
                    continue
            calm = False
        if not hard:
            raise Violated(self._story("the functions do not come to rest"))
        return lived

    def _push(self) -> None:
        accounts = [(OWNER, name) for name in self.world.providers]
        now = self.world.clock.now()
        self._alone(lambda: hints.call(self.registry, self.polls, accounts, now))

    def _is_at_rest(self) -> bool:
        store = self.states.sync(OWNER, SYNC)
        self._let_through()
        behind = any(
            each.hints > each.polled and not self.world.providers[each.account.name].offline
            for each in self.registry.accounts(OWNER)
        )
        sweep.sweep(self.pipeline)
        queues = any(map(len, (self.merges, self.applies)))
        away = any(each.offline for each in self.world.providers.values())
        # what only one who is away can give the reason for is tried again as long as that lasts
        tried = away and self.world.clock.now() > self._started + 2 * replanning.RETRY
        left = [each for each in store.batches() if not (tried and each.again)]
        return not (queues or behind or left)

    def _let_through(self) -> None:
        """Approve of what a guard stopped, if it may have been meant; else it is a violation."""
        store = self.states.sync(OWNER, SYNC)
        stops: list[Stop | None] = [setting.planning(store).stop]
        stops.extend(setting.heard(store, name).stop for name in self.world.providers)
        for stop in stops:
            if stop is None or approvals.approved(store, stop):
                continue
            if stop.kind != "emptied":
                raise Violated(self._story(f"a guard stopped it: {stop}"))
            self.log.append("-- let through that everything was removed")
            approvals.approve(store, stop)
            self._push()

    def _wait(self) -> None:
        """Let time go by, until something is due; the schedule looks at everything."""
        now = self.world.clock.now()
        put_off = [each.put_off for each in self.states.sync(OWNER, SYNC).batches()]
        self.world.clock.advance(max(PATIENCE, min(put_off, default=0.0) - now))
        self._alone(lambda: sweep.sweep(self.pipeline))
        if self._chance.random() < 0.2:
            self._push()

    def _alone(self, function: Callable[[], object]) -> None:
        """Let one function work, which may die as any other."""
        self._scheduler.run([functools.partial(self._alone_in, function)])

    @staticmethod
    def _alone_in(function: Callable[[], object]) -> None:
        with suppress(Killed, StateUnavailable):
            function()

    def _deliver(self) -> bool:
        """Let a few functions work at once; says whether all lived."""
        tasks: list[Callable[[], None]] = []
        lived: list[bool] = []
        handlers: list[tuple[MemoryQueue, Callable[[str], None]]] = [
            (self.polls, self._poll),
            (self.merges, self._merge),
            (self.applies, self._apply),
        ]
        self._chance.shuffle(handlers)
        for queue, handle in handlers:
            tasks.extend(
                functools.partial(self._handle, queue, handle, received, lived)
                for received in queue.receive(self._chance.choice([1, 1, 2, 3]))
            )
        if tasks and self._hard and self._drowsy and self._slumber.random() < 0.3:
            body = messages.Merge(OWNER, SYNC).message("").body
            tasks.append(functools.partial(self._alone_in, functools.partial(self._merge, body)))
        if not tasks:
            due = [at for queue, _ in handlers if (at := queue.next_at()) is not None]
            if due:
                self.world.clock.advance(max(min(due) - self.world.clock.now(), 0.0) + 0.001)
            return True
        self._scheduler.run(tasks)
        return all(lived)

    def _handle(
        self,
        queue: MemoryQueue,
        handle: Callable[[str], None],
        received: Received,
        lived: list[bool],
    ) -> None:
        try:
            handle(received.message.body)
        except Killed:
            lived.append(False)
        except StateUnavailable:
            queue.give_back(received.receipt)
        except messages.NotYet as answer:
            queue.give_back(received.receipt, answer.seconds)
        else:
            queue.delete(received.receipt)
            self._check_pauses()

    def _poll(self, body: str) -> None:
        self._looking.add(self._scheduler.current())
        listen.poll(self.pipeline, messages.read(body, messages.Poll), self._deadline())

    def _merge(self, body: str) -> None:
        reconcile.merge(self.pipeline, messages.read(body, messages.Merge), self._deadline())

    def _apply(self, body: str) -> None:
        execute.apply(self.pipeline, messages.read(body, messages.Apply), self._deadline())

    def _deadline(self) -> float:
        """Return when a function has to end: in hard times it may be after a few requests."""
        if not self._hard or self._leisure.random() > HASTE:
            return math.inf
        self.log.append("-- a function has little time")
        self._hasty.add(self._scheduler.current())
        return self.world.clock.now() + MARGIN + 4.5

    def _check_nothing_missed(self) -> None:
        """Neither a plan of everything nor a first contact finds anything left to do."""
        before = [provider.mutations for provider in self.world.providers.values()]
        store = self.states.sync(OWNER, SYNC)
        planning = msgspec.structs.replace(setting.planning(store), settled="")
        setting.save_planning(store, planning)
        self._settle()
        if self._sets_bits():
            self._lose_state()
            self._settle()
        if [provider.mutations for provider in self.world.providers.values()] != before:
            raise Violated(self._story("something was left to do"))


class _Registry(ItemsRegistry):
    """A registry that tells of the pauses that are noted in it."""

    def __init__(self, items: MemoryItems, told: Callable[[str, float], None]) -> None:
        super().__init__(items)
        self._told = told

    def pause(self, owner: str, account: str, until: float) -> None:
        """Leave the account alone until then."""
        super().pause(owner, account, until)
        self._told(account, until)


class _Connected(Mapping[EndpointId, Provider]):
    """The providers, of which those cannot be had whose account is revoked."""

    def __init__(self, providers: Mapping[EndpointId, Provider], revoked: set[str]) -> None:
        self._providers = providers
        self._revoked = revoked

    def __getitem__(self, endpoint: EndpointId) -> Provider:
        if endpoint in self._revoked:
            raise AccountError(f"connect {endpoint} again")
        return self._providers[endpoint]

    def __iter__(self) -> Iterator[EndpointId]:
        return iter(self._providers)

    def __len__(self) -> int:
        return len(self._providers)


def _named(change: Change) -> str:
    key = change.item.key if hasattr(change, "item") else change.key
    return f"{key[0]} {key[1]}"


def _settings(rule: Rule) -> SyncSettings:
    return SyncSettings(
        id=SYNC,
        endpoints=tuple(EndpointSettings(each.id, each.id) for each in rule.endpoints),
        mode=rule.mode.value,
        keep=rule.keep,
        auto_merge=rule.auto_merge,
        patterns=tuple(each.pattern for each in rule.filter.options),
        max_size=rule.filter.max_size,
        max_delete="1000000",
    )
