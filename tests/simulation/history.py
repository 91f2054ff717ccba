"""One seed, one history: people, runs, crashes, faults and absences; and what must hold."""

import concurrent.futures
import dataclasses
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from unittest import mock

import msgspec

from syncoxiders.adapters.memory.quirks import Quirks
from syncoxiders.adapters.memory.state import MemoryStateStore
from syncoxiders.core.filters import Filter, exclude
from syncoxiders.core.model import ROOT_ENTRY, Entry, EntryId, Kind, Mode, Traits
from syncoxiders.engine.context import Options
from syncoxiders.engine.guard import Limit
from syncoxiders.engine.sync import Run
from syncoxiders.ports.errors import Denied, Full, Throttled, Unreachable
from syncoxiders.ports.state import Commit
from tests.engine.world import World
from tests.simulation.faults import FaultyProvider, OneAtATime
from tests.simulation.people import DEEDS, EDITS, SINGLE, People, Tree, tokens

GENEROUS = Options(limit=Limit(percent=None))
ROUNDS_TO_SETTLE = 16
PATTERNS = ["a", "d/", "*.txt", "e/d/"]

Standing = dict[EntryId, tuple[EntryId, str, str]]
"""Where each entry of an endpoint stands, and its version."""


class Killed(BaseException):
    """The process died here."""


class Violated(AssertionError):
    """An invariant does not hold; the text is the whole history."""


@dataclass
class History:
    """A simulated life of a sync.

    - In a *serial* history people are at one endpoint at a time, between runs that were brought
      to their end: then that endpoint stays exactly as its people left it, and all others become
      exactly so, whatever crashed on the way. What a filter hides stays where it is.
    - In a *concurrent* one people act anywhere at any time: then all endpoints must agree in the
      end, and nothing that is alive may be lost.
    - A *mirrored* one has a mode with a source: then the source is not touched (but for what
      move hands over), and nothing that is alive is beyond reach.
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
        self._meddling = rng.choice([0.02, 0.04, 0.15])
        self._faults = 0.0
        self._dirty: set[str] = set()
        self._heard: dict[str, Standing] = {}
        self._after_deed: Callable[[str], None] = lambda _: None
        self._watch_store()

    def _make_providers(self, names: str) -> None:
        for name in names:
            provider = FaultyProvider(self._quirks(), clock=self.world.clock, name=name)
            provider.before = lambda what, at=provider: self._before(at, what)
            provider.after = lambda what, at=provider: self._after(at, what)
            provider.on_call = lambda what, at=provider: self._call(at, what)
            provider.omits = self._omit
            provider.aims = lambda path, at=provider: self._intrude(at, path)
            provider.deletes = lambda entry, at=provider: self._check_reason(at, entry)
            self.world.providers[name] = provider
        self._rule(
            endpoints=tuple(
                msgspec.structs.replace(each, traits=self.world.providers[each.id].traits)
                for each in self.world.rule.endpoints
            )
        )

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
            listed_hash=rng.choice(["", "sha256", "md5"]),
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
        if change.closed and any(each.endpoint in self._dirty for each in change.observed):
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
        self._dirty.add(provider.name)
        self._may_die(f"after {what}")
        if self._strikes():
            self.log.append(f"-- {provider.name} does {what}, and the answer is lost")
            raise Unreachable("no answer")

    def _call(self, provider: FaultyProvider, what: str) -> None:
        if what == "settle":
            self._dirty.discard(provider.name)
        if what != "delete":  # its reason has just been checked
            self._meddle()
        if what != "settle" and self._strikes(0.3):
            error = self.rng.choice([Throttled("slower", 1.0), Unreachable("no answer")])
            self.log.append(f"-- {provider.name}: {type(error).__name__} at {what}")
            raise error

    def _omit(self, known: list[Entry]) -> Entry | None:
        if self.manner == "serial" or not known or not self._faults or self.rng.random() > 0.2:
            return None
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
        if self._busy or self._meddler is None or self.rng.random() > self._meddling:
            return
        self._busy = True
        try:
            where = self._meddler
            if where == "anywhere":
                where = self.rng.choice(list(self.world.providers))
            self.log.append("-- meanwhile")
            self._act(where, SINGLE if self.manner == "serial" else DEEDS)
        finally:
            self._busy = False

    def _act(self, name: str, deeds: Sequence[str] = DEEDS) -> None:
        self.people.act(self.world.providers[name], deeds)
        self._after_deed(name)

    # -- the history ---------------------------------------------------------------------------

    def play(self) -> None:
        """Live it, then check it. Raises Violated."""
        plays = {
            "serial": self._play_serial,
            "concurrent": self._play_concurrent,
            "mirrored": self._play_mirrored,
        }
        try:
            with mock.patch.object(concurrent.futures, "ThreadPoolExecutor", OneAtATime):
                plays[self.manner]()
        except Violated:
            raise
        except Exception as error:
            raise Violated(self._story(f"{type(error).__name__}: {error}")) from error

    def _play_serial(self) -> None:
        providers = self.world.providers
        late = self._comes_late()
        away: str | None = None
        self._acts("a")
        self._settle()  # a first contact that was cut short would be a union still
        for _ in range(self.rng.randint(2, 6)):
            if late and self.rng.random() < 0.5:
                late = False
                self._joins()
            if away is None:
                away = None if late else self._someone_leaves()
            elif self.rng.random() < 0.3:
                self._return(away)
                away = None
                self._settle()
            if away is None:
                self._maybe_filter()
            if away is None and not late and self.rng.random() < 0.1:
                self._lose_state()
                self._settle()
            taking_part = [each.id for each in self.world.rule.endpoints]
            here = [name for name in taking_part if name != away]
            self._epoch(self.rng.choice(here), here)
        if late:
            self._joins()
        if away is not None:
            self._return(away)
        self._unfilter()
        self._settle()
        self._check()

    def _epoch(self, active: str, here: list[str]) -> None:
        """Let people act at one endpoint, and hold the others against it."""
        providers = self.world.providers
        hidden = {name: self._hidden_part(providers[name].tree()) for name in here}
        left: Tree = providers[active].tree()

        def after_deed(name: str) -> None:
            nonlocal left
            left = providers[name].tree()

        self._after_deed = after_deed
        self._acts(active)
        self._meddler = active if self._is_provable() and self.rng.random() < 0.5 else None
        heard = not self._meddler and self.rng.random() < 0.3 and self._is_prompt()
        if heard:
            self._come_to_rest(listen=True)
            self._expect_followed(active, here, left, hidden)
        elif self._is_provable():
            self._hard_times(lambda: self._acts(active))
        else:
            self._hard_times(lambda: None)
        self._meddler = None
        self._settle()
        self._expect_followed(active, here, left, hidden)

    def _acts(self, name: str) -> None:
        for _ in range(self.rng.randint(1, 5)):
            self._act(name)

    def _play_concurrent(self) -> None:
        providers = self.world.providers
        for _ in range(self.rng.randint(2, 5)):
            away = self._someone_leaves()
            calm = None
            if away is None and self._is_prompt() and self.rng.random() < 0.5:
                calm = self._calm()
            if self.rng.random() < 0.4:
                self.people.duel(*self.rng.sample(list(providers.values()), 2))
            for _ in range(self.rng.randint(1, 6)):
                # who is away still works
                self._act(self.rng.choice(list(providers)))
            if calm is not None:
                self._reprieve(calm)
            self._meddler = "anywhere" if self.rng.random() < 0.5 else None
            self._hard_times(lambda: self._act(self.rng.choice(list(providers))))
            self._meddler = None
            if away is not None and self.rng.random() < 0.7:
                self._return(away)
            if self.rng.random() < 0.2:
                self._filter(self.rng.choice([*PATTERNS, ""]))
            if self.rng.random() < 0.05:
                self._lose_state()
        for provider in providers.values():
            provider.offline = False
        self._unfilter()
        self._settle()
        self._check()

    def _play_mirrored(self) -> None:
        providers = self.world.providers
        source = providers["a"]
        written = source.before

        def touched(what: str) -> None:
            mode = self.world.rule.mode
            if mode is not Mode.TWO_WAY and (mode, what) != (Mode.MOVE, "delete"):
                raise Violated(self._story(f"{mode} does {what} at its source"))
            if written is not None:
                written(what)

        source.before = touched
        self._change_mode([Mode.ONE_WAY, Mode.COPY, Mode.MOVE])
        for _ in range(self.rng.randint(2, 5)):
            away = self._someone_leaves()
            for _ in range(self.rng.randint(1, 6)):
                self._act(self.rng.choice(["a", *providers]))
            self._meddler = "anywhere" if self.rng.random() < 0.5 else None
            self._hard_times(lambda: self._act(self.rng.choice(["a", *providers])))
            self._meddler = None
            if away is not None:
                self._return(away)
            if self.rng.random() < 0.15:
                self._change_mode(list(Mode))
        self._settle()
        self._check_kept()
        self._check_journal()

    # -- events --------------------------------------------------------------------------------

    def _someone_leaves(self) -> str | None:
        if len(self.world.providers) < 3 or self.rng.random() > 0.4:
            return None
        away = self.rng.choice(list(self.world.providers))
        self.world.providers[away].offline = True
        self.log.append(f"-- {away} is away")
        return away

    def _return(self, name: str) -> None:
        self.world.providers[name].offline = False
        self.log.append(f"-- {name} is back")

    def _comes_late(self) -> bool:
        """Let the last of three endpoints join later."""
        if len(self.world.providers) < 3 or self.rng.random() > 0.3:
            return False
        self._everyone = self.world.rule.endpoints
        self._rule(endpoints=self._everyone[:2])
        return True

    def _joins(self) -> None:
        """Let it join with a copy that has missed some edits: it is merely behind."""
        self._unfilter()
        self._settle()
        old, *_ = self.world.providers.values()
        new = self.world.providers["c"]
        for path, data in old.tree().items():
            if data is None:
                new.mkdir(path)
            else:
                new.write(path, data, mtime_ns=old.entry(path).mtime_ns)
        for _ in range(self.rng.randint(0, 3)):
            self.people.act(old, EDITS)
        self._settle()
        expected = old.tree()
        self._rule(endpoints=self._everyone)
        self.log.append("-- c joins")
        self._settle()
        self._expect_equal(list(self.world.providers), expected, "what was there before c joined")

    def _change_mode(self, modes: Sequence[Mode]) -> None:
        self._rule(mode=self.rng.choice(modes))
        self.log.append(f"-- {self.world.rule.mode}")

    def _lose_state(self) -> None:
        self.log.append("-- the state is lost")
        self.world.store = MemoryStateStore()
        self._watch_store()

    def _maybe_filter(self) -> None:
        """In a serial history a filter changes while all is settled, and hides what it hides."""
        if self._is_filtered():
            if self.rng.random() < 0.5:
                self._unfilter()
                self._settle()
        elif self.rng.random() < 0.2:
            self._filter(self.rng.choice(PATTERNS))
            self.people.bars = self._is_elsewhere_a_folder
            self.people.crosses = lambda provider, path, to: self._crosses(path, to)
            self._settle()

    def _filter(self, pattern: str) -> None:
        self.log.append(f"-- filter: {pattern or 'large files'}")
        self._rule(filter=Filter(options=(exclude(pattern),)) if pattern else Filter(max_size=8))

    def _unfilter(self) -> None:
        if self._is_filtered():
            self.log.append("-- no filter")
        self._rule(filter=Filter())
        self.people.bars = lambda _provider, _path: False
        self.people.crosses = lambda _provider, _path, _to: False

    def _hard_times(self, acts: Callable[[], None]) -> None:
        """Run amid crashes and faults, between which people go on."""
        self._ambushes = 4
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
        only = {name: self._stirred(name, standing[name]) for name in standing} if listen else None
        self._heard = standing
        try:
            outcome = Run(self.world.context()).run(only)
        except Killed:
            self._dirty.clear()
            return False
        for event in [*outcome.errors, *outcome.notes, *outcome.left]:
            self.log.append(f"   {event.verb} {event.endpoint} {event.path}: {event.detail}")
        self._check_whole()
        if outcome.stop is not None and outcome.stop.plan_id.startswith("empty-"):
            self.log.append("-- let through that everything was removed")
            self.world.options = dataclasses.replace(GENEROUS, approve=outcome.stop.plan_id)
            return self._run()
        if outcome.stop is not None:
            raise Violated(self._story(f"a guard stopped it: {outcome.stop}"))
        return True

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

    def _calm(self) -> dict[str, dict[str, EntryId]]:
        """Bring everything into step; returns which entry is where at each endpoint."""
        self._settle()
        return {
            name: {path: provider.entry(path).id for path in provider.tree()}
            for name, provider in self.world.providers.items()
        }

    def _reprieve(self, calm: dict[str, dict[str, EntryId]]) -> None:
        """Count as alive what was deleted at one endpoint and moved at another, since the calm.

        A move of a folder that was deleted elsewhere counts for all that was deleted with it.
        """
        providers = self.world.providers
        now = {name: self._standing(name) for name in providers}
        trees = {name: provider.tree() for name, provider in providers.items()}

        def lost(name: str, path: str) -> bool:
            return calm[name][path] not in now[name] and path not in trees[name]

        def moved(name: str, path: str) -> bool:
            at = calm[name].get(path)
            if at is None or at not in now[name]:
                return False
            parent = calm[name].get(path.rpartition("/")[0], ROOT_ENTRY)
            return now[name][at][:2] != (parent, path.rpartition("/")[2])

        first = next(iter(calm))
        if any(calm[name].keys() != calm[first].keys() for name in calm):
            return  # a filter keeps them apart
        for path in calm[first]:
            holders = [name for name in calm if calm[name][path] in now[name]]
            losers = [name for name in calm if lost(name, path)]
            if not losers or len(holders) + len(losers) < len(calm):
                continue
            contents = {name: self._content(name, calm[name][path]) for name in holders}
            if len(set(contents.values())) != 1 or None in contents.values():
                continue
            for name in holders:
                above = path
                while not moved(name, above):
                    above = above.rpartition("/")[0]
                    if not above or not all(lost(each, above) for each in losers):
                        break
                else:
                    self.people.alive |= tokens(contents[name] or b"")

    def _content(self, name: str, entry: EntryId) -> bytes | None:
        node = self.world.providers[name]._tree.find(entry)
        return node.data if node is not None and node.kind is Kind.FILE else None

    # -- filters -------------------------------------------------------------------------------

    def _is_filtered(self) -> bool:
        return bool(self.world.rule.filter)

    def _is_hidden(self, path: str, data: bytes | None) -> bool:
        kind = Kind.FOLDER if data is None else Kind.FILE
        return self.world.rule.filter.out(path, kind, None, None)

    def _hidden_part(self, tree: Tree) -> Tree:
        return {path: data for path, data in tree.items() if self._is_hidden(path, data)}

    def _crosses(self, path: str, to: str) -> bool:
        """Say whether a rename takes something in or out of view, or moves what is hidden."""
        for provider in self.world.providers.values():
            for each, data in provider.tree().items():
                if each == path or each.startswith(f"{path}/"):
                    there = to + each.removeprefix(path)
                    if self._is_hidden(each, data) or self._is_hidden(there, data):
                        return True
        return False

    def _is_elsewhere_a_folder(self, active: FaultyProvider, path: str) -> bool:
        return any(
            path in tree and tree[path] is None
            for name, provider in self.world.providers.items()
            if name != active.name
            for tree in [provider.tree()]
        )

    # -- what must hold ------------------------------------------------------------------------

    def _expect_followed(
        self, active: str, here: Iterable[str], left: Tree, hidden: dict[str, Tree]
    ) -> None:
        """The others have what people left at one endpoint, which itself was not touched."""
        self._expect_equal([active], left, "how it was left")
        if not self._is_filtered():
            self._expect_equal(here, left, f"what was done at {active}")
            return
        for name in here:
            tree = self.world.providers[name].tree()
            if name != active and self._hidden_part(tree) != hidden[name]:
                raise Violated(self._story(f"{name}: what the filter hides did not stay"))
            ours, theirs = self._visible_part(left, tree), self._visible_part(tree, left)
            if ours != theirs:
                raise Violated(self._story(f"{name} shows {theirs}, and {active} {ours}"))

    def _visible_part(self, tree: Tree, other: Tree) -> Tree:
        """Return what is in view, but for folders that hold at either side only what is not."""
        seen = {path: data for path, data in tree.items() if not self._is_hidden(path, data)}
        files = [path for path, data in tree.items() if data is not None and path in seen]
        veiled = [*self._hidden_part(tree), *self._hidden_part(other)]
        return {
            path: data
            for path, data in seen.items()
            if data is not None
            or any(each.startswith(f"{path}/") for each in files)
            or not any(each.startswith(f"{path}/") for each in veiled)
        }

    def _check_reason(self, provider: FaultyProvider, entry: EntryId) -> None:
        """Nothing is deleted that nobody deleted; move deletes what the destination has."""
        record, rule = self.world.store.sync("me", "sync").record(), self.world.rule
        if (record is None or record.rule != rule.version) and rule.mode is not Mode.MOVE:
            raise Violated(self._story(f"{provider.name}: a union deletes {entry}"))
        base = self.world.store.sync("me", "sync").base()
        node = base.get(base.of(provider.name, [entry]).values())
        mode = self.world.rule.mode
        for each in node.values():
            others = {
                name: self.world.providers[name]._tree.find(replica.entry)
                for name, replica in each.replicas.items()
                if name != provider.name and self.world.providers[name].traits.stable_ids
            }
            if mode is Mode.TWO_WAY:
                if len(others) == len(each.replicas) - 1 and others and all(others.values()):
                    raise Violated(self._story(f"{provider.name}: {each.name} was not deleted"))
            elif mode is Mode.MOVE and "b" in others:
                there, here = others["b"], provider._tree.find(entry)
                if there is None or here is None or there.data != here.data:
                    raise Violated(self._story(f"{each.name} is not at its destination"))

    def _check(self) -> None:
        providers = self.world.providers
        first = next(iter(providers))
        self._expect_equal(list(providers), providers[first].tree(), f"{first} has")
        self._expect_alive(data for data in providers[first].tree().values() if data is not None)
        if self._sets_bits():
            self._check_bits()
        self._check_journal()
        self._check_nothing_missed()

    def _check_kept(self) -> None:
        self._expect_alive(
            data for provider in self.world.providers.values() for data in provider.reachable()
        )

    def _expect_alive(self, contents: Iterable[bytes]) -> None:
        lost = self.people.alive - {line for content in contents for line in tokens(content)}
        lost.discard(b"")
        if lost:
            raise Violated(self._story(f"lost: {sorted(lost)}"))

    def _check_whole(self) -> None:
        """Whatever stands anywhere is what somebody wrote, or a merge of it."""
        for name, provider in self.world.providers.items():
            for path, data in provider.tree().items():
                if data is None or data in self.people.ever:
                    continue
                if not self.world.rule.auto_merge or tokens(data) - self.people.lines:
                    raise Violated(self._story(f"{name} has {path} torn: {data!r}"))

    def _check_bits(self) -> None:
        bits = [
            {path: provider.entry(path).executable for path in provider.tree()}
            for provider in self.world.providers.values()
        ]
        if any(each != bits[0] for each in bits):
            raise Violated(self._story(f"executable bits differ: {bits}"))

    def _check_journal(self) -> None:
        open_actions = self.world.store.sync("me", "sync").open_actions()
        if open_actions:
            raise Violated(self._story(f"actions stayed open: {open_actions}"))

    def _check_nothing_missed(self) -> None:
        """Neither a plan of everything nor a first contact finds anything left to do."""
        before = [provider.mutations for provider in self.world.providers.values()]
        self.world.store.sync("me", "sync").save_text("settled", "")
        self._settle()
        if self._sets_bits():  # else they differ, and a first contact would choose among them
            self._lose_state()
            self._settle()
        if [provider.mutations for provider in self.world.providers.values()] != before:
            raise Violated(self._story("something was left to do"))

    def _expect_equal(self, names: Iterable[str], expected: Tree, whose: str) -> None:
        for name in names:
            tree = self.world.providers[name].tree()
            if tree != expected:
                lacking = {path: data for path, data in expected.items() if path not in tree}
                extra = {path: data for path, data in tree.items() if path not in expected}
                other = {
                    path: (data, tree[path])
                    for path, data in expected.items()
                    if path in tree and tree[path] != data
                }
                raise Violated(
                    self._story(
                        f"{name} differs from {whose}: lacks {lacking}, has also {extra}, "
                        f"has otherwise {other}"
                    )
                )

    def _story(self, what: str) -> str:
        lines = "\n".join(self.log)
        return f"seed {self.seed} ({self.manner}): {what}\n{lines}"
