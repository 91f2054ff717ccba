"""Histories over providers that are not as well-behaved as memory can be."""

import dataclasses
import random
from collections.abc import Callable, Iterable, Sequence

from syncoxiders.adapters.memory.provider import MemoryProvider
from syncoxiders.adapters.memory.quirks import FeedQuirks, Quirks
from syncoxiders.core.model import Traits
from tests.simulation.faults import FaultyFeedProvider, FaultyProvider
from tests.simulation.history import History
from tests.simulation.people import DEEDS, DOUBLE, FOREIGN, Tree
from tests.simulation.stage import Violated


def path_ids(rng: random.Random) -> Quirks:
    """An id is a path, as on S3 or a disk whose inodes cannot be trusted."""
    return Quirks(
        traits=Traits(
            stable_ids=False,
            cheap_hash=rng.random() < 0.5,
            keeps_executable=True,
            keeps_links=True,
            sets_meta=rng.random() < 0.5,
        ),
        listed_hash=rng.choice(["", "sha256"]),
    )


def blind(rng: random.Random) -> Quirks:
    """No effect has a precondition: what was overwritten is found out afterwards."""
    return Quirks(preconditions=False, replace_keeps_id=rng.random() < 0.5)


def late(rng: random.Random) -> Quirks:
    """A listing shows what people did only a while later."""
    return Quirks(lag=rng.randint(1, 6))


def feed(rng: random.Random) -> Quirks:
    """What changed is heard by a feed of ids, which repeats itself and may be late."""
    return Quirks(
        lag=rng.choice([0, 0, 3]),
        replace_keeps_id=rng.random() < 0.5,
        feed=FeedQuirks(
            page_size=rng.choice([1, 2, 5, 100]),
            repeats=rng.choice([0, 0, 1, 3]),
            deletes="all" if rng.random() < 0.5 else "top",
            backwards=rng.random() < 0.3,
        ),
    )


def path_feed(rng: random.Random) -> Quirks:
    """What changed is heard by a feed of paths, as Dropbox has it."""
    return Quirks(
        traits=Traits(
            cheap_hash=False,
            sets_meta=rng.random() < 0.5,
        ),
        replace_keeps_id=rng.random() < 0.5,
        feed=FeedQuirks(page_size=rng.choice([1, 2, 5, 100]), deletes="top", paths=True),
    )


def twins(rng: random.Random) -> Quirks:
    """Entries of one name stand side by side, and are shown under names that tell them apart."""
    return Quirks(twins=True, listed_hash=rng.choice(["", "sha256"]))


def twins_feed(rng: random.Random) -> Quirks:
    """The same, and what changed is heard by a feed of ids."""
    page_size = rng.choice([1, 2, 5, 100])
    return Quirks(twins=True, feed=FeedQuirks(page_size=page_size, deletes="top"))


def case(rng: random.Random) -> Quirks:
    """Two names that differ in case alone cannot stand side by side."""
    return Quirks(
        traits=Traits(
            case_insensitive=True,
            cheap_hash=rng.random() < 0.5,
            keeps_executable=True,
            sets_meta=rng.random() < 0.7,
        ),
        replace_keeps_id=rng.random() < 0.5,
    )


KINDS: dict[str, Callable[[random.Random], Quirks]] = {
    "path-ids": path_ids,
    "blind": blind,
    "late": late,
    "feed": feed,
    "path-feed": path_feed,
    "twins": twins,
    "twins-feed": twins_feed,
    "case": case,
}

FEEDS = frozenset({"feed", "path-feed", "twins-feed"})


@dataclasses.dataclass
class QuirkyHistory(History):
    """A history in which some endpoints have a quirk, and some have none."""

    kind: str = "path-ids"

    @property
    def storage(self) -> str:
        """Return which quirk the endpoints have; one that there is none of stands for none."""
        return self.kind

    @property
    def replay(self) -> str:
        """Return the command that plays it again."""
        return f"{super().replay} --kind {self.kind}"

    def _new_provider(self, name: str) -> FaultyProvider:
        if self.storage in FEEDS:
            quirks = KINDS[self.storage](self.rng)
            return FaultyFeedProvider(quirks, clock=self.world.clock, name=name)
        return super()._new_provider(name)

    def _act(self, name: str, deeds: Sequence[str] = DEEDS) -> None:
        if deeds is DEEDS and self.world.providers[name].quirks.twins:
            deeds = DOUBLE
        elif deeds is DEEDS and self.storage in FEEDS:
            deeds = FOREIGN
        super()._act(name, deeds)

    def _filter(self, pattern: str) -> None:
        """Where names are mapped a pattern speaks of other things at each endpoint."""
        if self.storage != "case":
            super()._filter(pattern)

    def _is_prompt(self) -> bool:
        """Where there are twins, one that becomes the oldest is renamed by no person."""
        twins = any(each.quirks.twins for each in self.world.providers.values())
        return super()._is_prompt() and not twins

    def _expect_equal(self, names: Iterable[str], expected: Tree, whose: str) -> None:
        if self.storage == "case":
            providers = [self.world.providers[name] for name in names]
            self._expect_equal_nodes(providers, expected, whose)
        else:
            super()._expect_equal(names, expected, whose)

    def _expect_equal_nodes(
        self, providers: Sequence[MemoryProvider], expected: Tree, whose: str
    ) -> None:
        """What was expected of one of them, by its own names, is what all have by those in base."""
        first = next((each for each in providers if each.tree() == expected), providers[0])
        super()._expect_equal([first.name], expected, whose)
        wanted = self._by_node(first)
        for provider in providers:
            found = self._by_node(provider)
            if found != wanted:
                raise Violated(
                    self._story(f"{provider.name} has {found}, and {first.name} {wanted}: {whose}")
                )

    def _by_node(self, provider: MemoryProvider) -> Tree:
        """Return what stands at an endpoint by the names that it has in base."""
        base = self.world.store.sync("me", "sync").base()
        spelled = {"": ""}
        for path in provider.tree():
            folder, _, name = path.rpartition("/")
            entry = provider.entry(path).id
            node = base.of(provider.name, [entry]).get(entry)
            if node is not None:
                name = base.get([node])[node].name
            spelled[path] = f"{spelled[folder]}/{name}".removeprefix("/")
        return {spelled[path]: data for path, data in provider.tree().items()}

    def _check_bits(self) -> None:
        if self.storage != "case":
            super()._check_bits()

    def _lose_state(self) -> None:
        """What a name was mapped from cannot always be told without the state."""
        if self.storage != "case":
            super()._lose_state()

    def _comes_late(self) -> bool:
        return self.storage != "case" and super()._comes_late()

    def _run(self, *, listen: bool = False) -> bool:
        for provider in self.world.providers.values():
            if isinstance(provider, FaultyFeedProvider) and self.rng.random() < 0.03:
                self.log.append(f"-- the feed of {provider.name} forgets")
                provider.expire_cursors()
        return super()._run(listen=listen)

    def _quirks(self) -> Quirks:
        if self.storage not in KINDS or self.rng.random() < 0.4:
            return super()._quirks()
        return KINDS[self.storage](self.rng)
