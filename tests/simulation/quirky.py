"""Histories over providers that are not as well-behaved as memory can be."""

import dataclasses
import random
from collections.abc import Callable

from syncoxiders.adapters.memory.quirks import Quirks
from syncoxiders.core.model import Traits
from tests.simulation.history import History


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


KINDS: dict[str, Callable[[random.Random], Quirks]] = {
    "path-ids": path_ids,
    "blind": blind,
    "late": late,
}


@dataclasses.dataclass
class QuirkyHistory(History):
    """A history in which some endpoints have a quirk, and some have none."""

    kind: str = "path-ids"

    def _quirks(self) -> Quirks:
        if self.rng.random() < 0.4:
            return super()._quirks()
        return KINDS[self.kind](self.rng)
