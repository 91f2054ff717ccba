"""The stage of a simulated history: endpoints with faults, people, and runs that may die."""

import dataclasses
import functools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec

from syncoxiders.adapters.memory.provider_tree import Tree as ProviderTree
from syncoxiders.adapters.memory.quirks import Quirks
from syncoxiders.core.model import Entry, EntryId, Kind, Mode, Traits
from syncoxiders.engine.context import Options
from syncoxiders.engine.guard import Limit
from syncoxiders.engine.report import Stop
from syncoxiders.engine.stopped import parts
from syncoxiders.engine.sync import Run
from syncoxiders.ports.errors import Denied, Full, Throttled, Unreachable
from syncoxiders.ports.state import Commit, SyncRecord
from tests.engine.world import World
from tests.simulation.faults import FaultyProvider
from tests.simulation.people import DEEDS, People, tokens

GENEROUS = Options(limit=Limit(percent=None))
ROUNDS_TO_SETTLE = 16
MEDDLINGS = 80
"""So often people act amid a few runs: the more is there, the more there is to act amid."""

Standing = dict[EntryId, tuple[EntryId, str, str]]
"""Where each entry of an endpoint stands, and its version."""


class Killed(BaseException):
    """The process died here."""


class Violated(AssertionError):  # noqa: N818 -- a verdict, not an error of the simulation
    """An invariant does not hold; the text is the whole history."""


@dataclass
class Stage:
    """What a history is played on. Everything random comes from its seed.

    ``manner`` is how it will be played: ``serial``, ``concurrent`` or ``mirrored``.
    """

    seed: int
    log: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        rng = self.rng
        self.manner = rng.choices(["serial", "concurrent", "mirrored"], [42, 40, 18])[0]
        names = "abc" if rng.random() < 0.4 else "ab"
        self.world = World(names)
        self._make_providers(names)
        if self.manner == "serial" and not self._is_prompt():
            self.manner = "concurrent"  # who is told late of a part of it cannot follow exactly
        self.world.options = GENEROUS
        self.people = People(rng, self.log)
        if rng.random() < 0.3:
            self._rule(
                keep=rng.choice(["older", "bigger", "smaller", "path1", "path2"]),
                auto_merge=rng.random() < 0.5,
            )
        self._countdown: int | None = None
        self._busy = False
        self._meddler: str | None = None
        self._ambushes = 0
        self._pastimes = 0
        # Planned in parts, the next one while one is carried; drawn apart from all else.
        self._part = random.Random(f"part {self.seed}").choice([1, 2, 4, 5_000])
        self._omissive = True
        self._omitted: set[str] = set()
        self._meddling = rng.choice([0.02, 0.04, 0.15])
        self._faults = 0.0
        self._dirty: dict[str, set[EntryId]] = {}  # what was written and is not durable yet
        self._heard: dict[str, Standing] = {}
        self._after_deed: Callable[[str], None] = lambda _: None
        self._watch_store()

    def _make_providers(self, names: str) -> None:
        self._storage: dict[str, FaultyProvider] = {}
        for name in names:
            provider = self._storage[name] = self._new_provider(name)
            provider.before = functools.partial(self._before, provider)
            provider.after = functools.partial(self._after, provider)
            provider.on_call = functools.partial(self._call, provider)
            provider.omits = functools.partial(self._omit, provider)
            provider.aims = functools.partial(self._intrude, provider)
            provider.deletes = functools.partial(self._check_reason, provider)
            provider.touches = functools.partial(self._wrote, provider)
            self.world.providers[name] = provider
        self._rule(
            endpoints=tuple(
                msgspec.structs.replace(each, traits=self.world.providers[each.id].traits)
                for each in self.world.rule.endpoints
            )
        )

    def _new_provider(self, name: str) -> FaultyProvider:
        return FaultyProvider(self._quirks(), clock=self.world.clock, name=name)

    def _quirks(self) -> Quirks:
        rng = self.rng
        return Quirks(
            traits=Traits(
                stable_ids=rng.random() < 0.9,
                cheap_hash=rng.random() < 0.8,
                keeps_executable=True,
                keeps_links=True,
                sets_meta=rng.random() < 0.7,
            ),
            listed_hash=rng.choice(["", "sha256", "sha256", "md5", "dropbox", "quickxor"]),
            sizes=rng.random() < 0.95,
            replace_keeps_id=rng.random() < 0.5,
            lag=0 if self.manner == "serial" else rng.choice([0, 0, 0, 0, 3, 12]),
        )

    def _watch_store(self) -> None:
        self.world.store.before = self._before_commit
        self.world.store.after = lambda _: self._may_die("after commit")

    def _rule(self, **changes: object) -> None:
        self.world.rule = msgspec.structs.replace(self.world.rule, **changes)

    # -- what happens while a run works --------------------------------------------------------

    def _may_die(self, what: str) -> None:
        if self._countdown is None or self._busy:
            return
        self._countdown -= 1
        if self._countdown <= 0:
            self._countdown = None
            self.log.append(f"-- killed {what}")
            raise Killed

    def _before_commit(self, change: Commit) -> None:
        for seen in change.observed if change.closed else ():
            ids = {*(each.id for each in seen.put), *seen.gone}
            if not ids.isdisjoint(self._dirty.get(seen.endpoint, ())):
                raise Violated(self._story("closed in the journal before it was durable"))
        self._may_die("before commit")

    def _before(self, provider: FaultyProvider, what: str) -> None:
        self._may_die(f"before {what}")
        if what != "delete":
            self._meddle()
        if self._strikes():
            error = self.rng.choice([Denied, Full, Unreachable])
            self.log.append(f"-- {provider.name} refuses {what}: {error.__name__}")
            raise error("no")

    def _after(self, provider: FaultyProvider, what: str) -> None:
        self._may_die(f"after {what}")
        if self._strikes():
            self.log.append(f"-- {provider.name} does {what}, and the answer is lost")
            raise Unreachable("no answer")

    def _wrote(self, provider: FaultyProvider, entry: EntryId) -> None:
        self._dirty.setdefault(provider.name, set()).add(entry)

    def _call(self, provider: FaultyProvider, what: str) -> None:
        if what == "settle":
            self._dirty.pop(provider.name, None)
        if what != "delete":  # its reason has just been checked
            self._meddle()
        if what != "settle" and self._strikes(0.3):
            error = self.rng.choice([Throttled("slower", 1.0), Unreachable("no answer")])
            self.log.append(f"-- {provider.name}: {type(error).__name__} at {what}")
            raise error

    def _omit(self, provider: FaultyProvider, known: list[Entry]) -> Entry | None:
        """Choose what a listing lacks; in a serial history no storage's next one lacks something.

        Others may be listed in between: what is missing twice at one counts as deleted there.
        """
        omitted = provider.name in self._omitted
        self._omitted.discard(provider.name)
        if not known or not self._faults or self.rng.random() > 0.2:
            return None
        if self.manner == "serial" and (omitted or not self._omissive):
            return None
        self._omitted.add(provider.name)
        entry = self.rng.choice(known)
        self.log.append(f"-- a listing lacks {entry.name} ({entry.id})")
        return entry

    def _intrude(self, provider: FaultyProvider, path: str) -> None:
        if self._busy or self._meddler not in {"anywhere", provider.name}:
            return
        if self._ambushes and self.rng.random() < 3 * self._meddling:
            self._ambushes -= 1
            self.log.append("-- at this moment")
            self.people.intrude(provider, path)
            self._after_deed(provider.name)

    def _strikes(self, share: float = 1.0) -> bool:
        return bool(self._faults) and self.rng.random() < self._faults * share

    def _meddle(self) -> None:
        if self._busy or self._meddler is None or not self._pastimes:
            return
        if self.rng.random() > self._meddling:
            return
        self._busy = True
        self._pastimes -= 1
        try:
            where = self._meddler
            if where == "anywhere":
                where = self.rng.choice(list(self.world.providers))
            self.log.append("-- meanwhile")
            self._act(where)
        finally:
            self._busy = False

    def _act(self, name: str, deeds: Sequence[str] = DEEDS) -> None:
        self.people.act(self.world.providers[name], deeds)
        self._after_deed(name)

    # -- runs ----------------------------------------------------------------------------------

    def _hard_times(self, acts: Callable[[], None]) -> None:
        """Run amid crashes and faults, between which people go on."""
        self._ambushes = 4
        self._pastimes = MEDDLINGS
        self._faults = self.rng.choice([0.0, 0.0, 0.05, 0.2])
        for _ in range(self.rng.choice([0, 1, 1, 2, 3])):
            self._countdown = self.rng.randint(1, 40) if self.rng.random() < 0.8 else None
            listen = self.rng.random() < 0.3
            if self._run(listen=listen) and not self._faults:
                break
            if self.rng.random() < 0.5:
                acts()
        self._countdown = None
        self._faults = 0.0

    def _run(self, *, listen: bool = False) -> bool:
        """Run once; says whether the run lived to its end.

        With ``listen`` it looks only at folders in which something happened since the last run,
        as a file system's events would have it.
        """
        self.log.append("-- run" + " on what was heard" * listen)
        standing = {name: self._standing(name) for name in self.world.providers}
        only: dict[str, Sequence[str]] | None = None
        if listen:
            only = {name: self._stirred(name, standing[name]) for name in standing}
        self._heard = standing
        try:
            outcome = Run(self.world.context()).run(only)
        except Killed:
            self._dirty.clear()
            return False
        for event in [*outcome.errors, *outcome.notes, *outcome.left]:
            self.log.append(f"   {event.verb} {event.endpoint} {event.path}: {event.detail}")
        self._check_whole()
        self._check_owners()
        return outcome.stop is None or self._stopped(outcome.stop)

    def _stopped(self, stop: Stop) -> bool:
        """Approve of what a guard stopped, if it may have been meant; else it is a violation.

        Says whether the run that follows lived to its end.
        """
        if stop.kind != "emptied":
            raise Violated(self._story(f"a guard stopped it: {stop}"))
        self.log.append("-- let through that everything was removed")
        self.world.options = dataclasses.replace(GENEROUS, approve=parts(stop.plan_id))
        return self._run()

    def _settle(self) -> None:
        """Run until a run changes nothing."""
        self._come_to_rest()

    def _come_to_rest(self, *, listen: bool = False) -> None:
        providers = self.world.providers.values()
        for provider in providers:
            provider.catch_up()
        for _ in range(ROUNDS_TO_SETTLE):
            before = [provider.mutations for provider in providers]
            trees = self.world.trees()
            self._run(listen=listen)
            if [provider.mutations for provider in providers] == before and (
                self.world.trees() == trees
            ):
                return
        raise Violated(self._story("it does not come to rest"))

    # -- what stands where ---------------------------------------------------------------------

    def _is_prompt(self) -> bool:
        return not any(provider.quirks.lag for provider in self.world.providers.values())

    def _is_provable(self) -> bool:
        """Say whether a run that died can be told from people's work by hashes alone."""
        return all(each.quirks.listed_hash == "sha256" for each in self.world.providers.values())

    def _sets_bits(self) -> bool:
        return all(each.traits.sets_meta for each in self.world.providers.values())

    def _standing(self, name: str) -> Standing:
        provider = self.world.providers[name]
        entries = [provider.entry(path) for path in provider.tree()]
        return {each.id: (each.parent, each.name, each.version) for each in entries}

    def _stirred(self, name: str, now: Standing) -> list[EntryId]:
        """Return the folders in which something has happened since the last run began."""
        before = self._heard.get(name, {})
        changed = {each for each in before.keys() | now.keys() if before.get(each) != now.get(each)}
        return sorted({tree[each][0] for tree in (before, now) for each in changed & tree.keys()})

    def _content(self, name: str, entry: EntryId) -> bytes | None:
        node = self.world.providers[name]._tree.find(entry)
        return node.data if node is not None and node.kind is Kind.FILE else None

    # -- what must hold at every moment --------------------------------------------------------

    def _check_reason(self, provider: FaultyProvider, entry: EntryId) -> None:
        """Nothing is deleted that nobody deleted; move deletes what the destination has."""
        record = self.world.store.sync("me", "sync").record()
        if self.world.rule.mode is not Mode.MOVE and self._joins_all(record):
            raise Violated(self._story(f"{provider.name}: a union deletes {entry}"))
        base = self.world.store.sync("me", "sync").base()
        node = base.get(base.of(provider.name, [entry]).values())
        mode = self.world.rule.mode
        for each in node.values():
            others = {
                name: self._tree_of(name).find(replica.entry)
                for name, replica in each.replicas.items()
                if name != provider.name and self.world.providers[name].traits.stable_ids
            }
            if mode is Mode.TWO_WAY:
                if len(others) == len(each.replicas) - 1 and others and all(others.values()):
                    raise Violated(self._story(f"{provider.name}: {each.name} was not deleted"))
            elif mode is Mode.MOVE:
                here = provider._tree.find(entry)
                for name, replica in each.replicas.items():
                    there = self._storage[name].shown.get(replica.entry)  # when last asked
                    if name != provider.name and (here is None or there != here.data):
                        raise Violated(self._story(f"{each.name} is not at its destination"))

    def _tree_of(self, name: str) -> ProviderTree:
        """Return what people have at an endpoint, whether it can be seen or not."""
        return self.world.providers[name]._tree

    def _joins_all(self, record: SyncRecord | None) -> bool:
        """Say whether what differs can only be joined: base speaks of another rule, or of none."""
        return record is None or record.rule != self.world.rule.version

    def _check_whole(self) -> None:
        """Whatever stands anywhere is what somebody wrote, or a merge of it."""
        for name, provider in self.world.providers.items():
            for path, data in provider.tree().items():
                if data is None or data in self.people.ever:
                    continue
                if not self.world.rule.auto_merge or tokens(data) - self.people.lines:
                    raise Violated(self._story(f"{name} has {path} torn: {data!r}"))

    def _check_owners(self) -> None:
        """An entry belongs to one node."""
        base = self.world.store.sync("me", "sync").base()
        owners: dict[tuple[str, EntryId], int] = {}
        for node in base.get(each for some in base.ids() for each in some).values():
            for name, replica in node.replicas.items():
                if (
                    not replica.gone
                    and owners.setdefault((name, replica.entry), node.id) != node.id
                ):
                    raise Violated(self._story(f"{name}: {replica.entry} belongs to two nodes"))

    def _story(self, what: str) -> str:
        lines = "\n".join(self.log)
        return f"seed {self.seed} ({self.manner}): {what}\n{lines}"
