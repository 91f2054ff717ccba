"""Histories over providers that are not as well-behaved as memory can be."""

import dataclasses
import random
from collections.abc import Callable, Sequence

from syncoxiders.adapters.memory.quirks import FeedQuirks, Quirks
from syncoxiders.core.model import Traits
from tests.simulation.faults import FaultyFeedProvider, FaultyProvider
from tests.simulation.history import History
from tests.simulation.people import DEEDS, FOREIGN


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


KINDS: dict[str, Callable[[random.Random], Quirks]] = {
    "path-ids": path_ids,
    "blind": blind,
    "late": late,
    "feed": feed,
    "path-feed": path_feed,
}

FEEDS = frozenset({"feed", "path-feed"})


@dataclasses.dataclass
class QuirkyHistory(History):
    """A history in which some endpoints have a quirk, and some have none."""

    kind: str = "path-ids"

    def _new_provider(self, name: str) -> FaultyProvider:
        if self.kind in FEEDS:
            quirks = KINDS[self.kind](self.rng)
            return FaultyFeedProvider(quirks, clock=self.world.clock, name=name)
        return super()._new_provider(name)

    def _act(self, name: str, deeds: Sequence[str] = DEEDS) -> None:
        super()._act(name, FOREIGN if self.kind in FEEDS and deeds is DEEDS else deeds)

    def _run(self, *, listen: bool = False) -> bool:
        for provider in self.world.providers.values():
            if isinstance(provider, FaultyFeedProvider) and self.rng.random() < 0.03:
                self.log.append(f"-- the feed of {provider.name} forgets")
                provider.expire_cursors()
        return super()._run(listen=listen)

    def _quirks(self) -> Quirks:
        if self.rng.random() < 0.4:
            return super()._quirks()
        return KINDS[self.kind](self.rng)
