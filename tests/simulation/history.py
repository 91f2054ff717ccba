"""One seed, one history: people, runs, crashes and absences; and what must hold in the end."""

import dataclasses
import random
from dataclasses import dataclass, field

import msgspec

from syncoxiders.adapters.memory.quirks import Quirks
from syncoxiders.core.filters import Filter, exclude
from syncoxiders.core.model import Mode, Traits
from syncoxiders.engine.context import Options
from syncoxiders.engine.guard import Limit
from tests.engine.world import World
from tests.simulation.people import People

GENEROUS = Options(limit=Limit(percent=None))
ROUNDS_TO_SETTLE = 12


class Killed(BaseException):
    """The process died here."""


class Violated(AssertionError):
    """An invariant does not hold; the text is the whole history."""


@dataclass
class History:
    """A simulated life of a sync.

    A *serial* history has people at one endpoint at a time, between runs that were brought to
    their end: then all endpoints must have exactly what that endpoint has, whatever crashed on
    the way. In a *concurrent* one people act anywhere at any time: then all endpoints must agree
    and nothing that is alive may be lost.
    """

    seed: int
    log: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        rng = self.rng
        self.serial = rng.random() < 0.5
        names = "abc" if rng.random() < 0.4 else "ab"
        self.world = World(names, {name: self._quirks() for name in names})
        self.world.options = GENEROUS
        self.people = People(rng)
        self.people.log = self.log
        if rng.random() < 0.3:
            self.world.rule = msgspec.structs.replace(
                self.world.rule,
                keep=rng.choice(["older", "bigger", "smaller", "path1", "path2"]),
                auto_merge=rng.random() < 0.5,
            )
        self.kills = 0
        self._countdown: int | None = None
        self._busy = False
        self._meddler: str | None = None
        for provider in self.world.providers.values():
            provider.before = lambda name: self._effect(f"before {name}")
            provider.after = lambda name: self._effect(f"after {name}")
            provider.on_call = self._call
        self.world.store.before = lambda _: self._effect("before commit")
        self.world.store.after = lambda _: self._effect("after commit")

    def _quirks(self) -> Quirks:
        return Quirks(
            traits=Traits(
                cheap_hash=True,
                keeps_executable=True,
                keeps_links=True,
                sets_meta=self.rng.random() < 0.7,
            ),
            listed_hash=self.rng.choice(["", "sha256"]),
            replace_keeps_id=self.rng.random() < 0.5,
        )

    # -- what happens while a run works --------------------------------------------------------

    def _effect(self, what: str) -> None:
        if self._countdown is None:
            return
        self._countdown -= 1
        if self._countdown <= 0:
            self._countdown = None
            self.kills += 1
            self.log.append(f"-- killed {what}")
            raise Killed

    def _call(self, name: str) -> None:
        del name
        if self._busy or self._meddler is None or self.rng.random() > 0.04:
            return
        self._busy = True
        try:
            where = self._meddler
            if where == "anywhere":
                where = self.rng.choice(list(self.world.providers))
            self.log.append("-- meanwhile")
            self.people.act(self.world.providers[where])
        finally:
            self._busy = False

    # -- the history ---------------------------------------------------------------------------

    def play(self) -> None:
        """Live it, then check it. Raises Violated."""
        try:
            (self._play_serial if self.serial else self._play_concurrent)()
        except Violated:
            raise
        except Exception as error:
            raise Violated(self._story(f"{type(error).__name__}: {error}")) from error

    def _play_serial(self) -> None:
        providers = self.world.providers
        away: str | None = None
        for _ in range(self.rng.randint(2, 6)):
            if away is None:
                away = self._someone_leaves()
            elif self.rng.random() < 0.5:
                self._return(away)
                away = None
                self._settle()
            here = [name for name in providers if name != away]
            active = self.rng.choice(here)
            for _ in range(self.rng.randint(1, 5)):
                self.people.act(providers[active])
            self._meddler = active if self.rng.random() < 0.5 else None
            self._run_with_kills()
            self._meddler = None
            self._settle()
            self._expect_equal(here, providers[active].tree(), f"what was done at {active}")
        if away is not None:
            self._return(away)
        self._settle()
        self._check()

    def _play_concurrent(self) -> None:
        providers = self.world.providers
        for _ in range(self.rng.randint(2, 5)):
            away = self._someone_leaves()
            for _ in range(self.rng.randint(1, 6)):
                # who is away still works
                self.people.act(providers[self.rng.choice(list(providers))])
            self._meddler = "anywhere" if self.rng.random() < 0.5 else None
            self._run_with_kills()
            self._meddler = None
            if away is not None and self.rng.random() < 0.7:
                self._return(away)
            if self.rng.random() < 0.2:
                self._change_filter()
        for provider in providers.values():
            provider.offline = False
        self._clear_filter()
        self._settle()
        self._check()

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

    def _change_filter(self) -> None:
        pattern = self.rng.choice(["a", "d/", "*.txt", "e/d/"])
        self.log.append(f"-- filter: {pattern}")
        self.world.rule = msgspec.structs.replace(
            self.world.rule, filter=Filter(options=(exclude(pattern),))
        )

    def _clear_filter(self) -> None:
        self.world.rule = msgspec.structs.replace(
            self.world.rule, filter=Filter()
        )

    def _run_with_kills(self) -> None:
        for _ in range(self.rng.choice([0, 1, 1, 2])):
            self._countdown = self.rng.randint(1, 40)
            if self._run():
                break
        self._countdown = None

    def _run(self) -> bool:
        """Run once; says whether the run lived to its end."""
        self.log.append("-- run")
        try:
            outcome = self.world.run()
        except Killed:
            return False
        for event in [*outcome.errors, *outcome.notes, *outcome.left]:
            self.log.append(f"   {event.verb} {event.endpoint} {event.path}: {event.detail}")
        if outcome.stop is not None and outcome.stop.plan_id.startswith("empty-"):
            self.log.append("-- let through that everything was removed")
            self.world.options = dataclasses.replace(GENEROUS, approve=outcome.stop.plan_id)
            return self._run()
        if outcome.stop is not None:
            raise Violated(self._story(f"a guard stopped it: {outcome.stop}"))
        return True

    def _settle(self) -> None:
        """Run until a run changes nothing."""
        providers = self.world.providers.values()
        for _ in range(ROUNDS_TO_SETTLE):
            before = [provider.mutations for provider in providers]
            trees = self.world.trees()
            self._run()
            if [provider.mutations for provider in providers] == before and (
                self.world.trees() == trees
            ):
                return
        raise Violated(self._story("it does not come to rest"))

    # -- what must hold ------------------------------------------------------------------------

    def _check(self) -> None:
        providers = self.world.providers
        first = next(iter(providers))
        self._expect_equal(list(providers), providers[first].tree(), f"{first} has")
        standing = {data for data in providers[first].tree().values() if data is not None}
        lost = self.people.alive - standing
        if lost:
            raise Violated(self._story(f"lost: {sorted(lost)}"))
        open_actions = self.world.store.sync("me", "sync").open_actions()
        if open_actions:
            raise Violated(self._story(f"actions stayed open: {open_actions}"))

    def _expect_equal(
        self, names: list[str], expected: dict[str, bytes | None], whose: str
    ) -> None:
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
        kind = "serial" if self.serial else "concurrent"
        lines = "\n".join(self.log)
        return f"seed {self.seed} ({kind}): {what}\n{lines}"
