"""One seed, one history: people, runs, crashes, faults and absences; and what must hold."""

import concurrent.futures
from collections.abc import Sequence
from dataclasses import dataclass
from unittest import mock

from syncoxiders.core.filters import Filter, exclude
from syncoxiders.core.model import Mode
from syncoxiders.engine import sync
from tests.simulation.faults import OneAtATime
from tests.simulation.judge import Judge
from tests.simulation.people import EDITS, Tree
from tests.simulation.stage import Violated

PATTERNS = ["a", "d/", "*.txt", "e/d/"]


@dataclass
class History(Judge):
    """A simulated life of a sync.

    - In a *serial* history people are at one endpoint at a time, between runs that were brought
      to their end: then that endpoint stays exactly as its people left it, and all others become
      exactly so, whatever crashed on the way. What a filter hides stays where it is.
    - In a *concurrent* one people act anywhere at any time: then all endpoints must agree in the
      end, and nothing that is alive may be lost.
    - A *mirrored* one has a mode with a source: then the source is not touched (but for what
      move hands over), and nothing that is alive is beyond reach.
    """

    def play(self) -> None:
        """Live it, then check it. Raises Violated."""
        plays = {
            "serial": self._play_serial,
            "concurrent": self._play_concurrent,
            "mirrored": self._play_mirrored,
        }
        try:
            with (
                mock.patch.object(concurrent.futures, "ThreadPoolExecutor", OneAtATime),
                mock.patch.object(sync, "CHUNK", self._part),
            ):
                plays[self.manner]()
        except Violated:
            raise
        except Exception as error:
            raise Violated(self._story(f"{type(error).__name__}: {error}")) from error

    @property
    def replay(self) -> str:
        """Return the command that plays it again."""
        return f"python -m tests.simulation --seed {self.seed}"

    def _play_serial(self) -> None:
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
        veiled = self._veiled_folders(active, here)
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
            self._expect_followed(active, here, left, hidden, veiled)
        elif self._is_provable():
            self._hard_times(lambda: self._acts(active))
        else:
            self._hard_times(lambda: None)
        self._meddler = None
        self._settle()
        self._expect_followed(active, here, left, hidden, veiled)

    def _acts(self, name: str) -> None:
        for _ in range(self.rng.randint(1, 5)):
            self._act(name)

    def _play_concurrent(self) -> None:
        providers = self.world.providers
        for _ in range(self.rng.randint(2, 5)):
            away = self._someone_leaves()
            calm = None
            if away is None and self._is_prompt() and self.rng.random() < 0.6:
                calm = self._calm()
            if self.rng.random() < 0.6:
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
        self._meddling = max(self._meddling, 0.1)  # few runs get as far as to hand something over
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
        self._omissive = False  # what was found anew has lost its past
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

    def _maybe_filter(self) -> None:
        """In a serial history a filter changes while all is settled, and hides what it hides."""
        if self._is_filtered():
            if self.rng.random() < 0.5:
                self._unfilter()
                self._settle()
        elif self.rng.random() < 0.2:
            self._filter(self.rng.choice(PATTERNS))
            self.people.bars = self._is_elsewhere_a_folder
            self.people.crosses = lambda _provider, path, to: self._crosses(path, to)
            self._settle()

    def _filter(self, pattern: str) -> None:
        self.log.append(f"-- filter: {pattern or 'large files'}")
        self._rule(filter=Filter(options=(exclude(pattern),)) if pattern else Filter(max_size=8))

    def _unfilter(self) -> None:
        if self._is_filtered():
            self.log.append("-- no filter")
        self._rule(filter=Filter())
        self.people.heed_nothing()
