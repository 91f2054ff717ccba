"""Many simulated histories: whatever people, crashes and faults do, the invariants hold."""

import itertools
import os
import secrets
from collections.abc import Iterable

import pytest

from tests.simulation.history import History
from tests.simulation.kinds import history
from tests.simulation.known import OPEN
from tests.simulation.quirky import KINDS, QuirkyHistory
from tests.simulation.stage import Violated

CHUNK = 250
QUICK = 500
FIXED = 10_000
FRESH = int(os.environ.get("SIMULATE_FRESH", "0"))
"""How many histories to play besides, of seeds never seen before: for long runs by hand."""
QUIRKY = 200


def played(seeds: Iterable[int]) -> Iterable[History]:
    """Return the histories of seeds, but for those that are known to end badly."""
    return (History(seed) for seed in seeds if ("plain", seed) not in OPEN)


def live(histories: Iterable[History]) -> None:
    """Play histories to their end; the first that fails tells how to see it again."""
    for each in histories:
        try:
            each.play()
        except Violated as error:
            pytest.fail(f"replay: {each.replay}\n{error}", pytrace=False)


def chunks(start: int, end: int) -> list[range]:
    return [range(first, first + CHUNK) for first in range(start, end, CHUNK)]


@pytest.mark.parametrize("seeds", chunks(0, QUICK), ids=str)
def test_invariants_hold(seeds: range) -> None:
    """Convergence, no loss, exactness in serial histories, and an end to every history."""
    live(played(seeds))


@pytest.mark.slow
@pytest.mark.parametrize("seeds", chunks(QUICK, FIXED), ids=str)
def test_invariants_hold_in_many(seeds: range) -> None:
    """The same in ten thousand histories."""
    live(played(seeds))


@pytest.mark.slow
@pytest.mark.skipif(not FRESH, reason="asked for by SIMULATE_FRESH=N")
@pytest.mark.parametrize("part", range(max(1, FRESH // CHUNK)))
def test_invariants_hold_in_histories_never_seen_before(part: int) -> None:
    """The same in histories that differ from run to run."""
    start = secrets.randbelow(1 << 40)
    print(f"part {part}: seeds {start} to {start + CHUNK - 1}")
    live(map(History, itertools.islice(itertools.count(start), CHUNK)))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_invariants_hold_at_awkward_providers(kind: str) -> None:
    """The same where ids are paths, where nothing has a precondition, where listings are late."""
    seeds = (seed for seed in range(QUIRKY) if (kind, seed) not in OPEN)
    live(QuirkyHistory(seed, kind=kind) for seed in seeds)


@pytest.mark.parametrize("seed", range(5))
def test_a_seed_replays_exactly(seed: int) -> None:
    """One seed is one history: played twice, it is the same to the last word."""
    first, second = History(seed), History(seed)
    first.play()
    second.play()
    assert first.log == second.log
    assert first.world.trees() == second.world.trees()


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "seed"), OPEN)
def test_what_is_open_is_still_open(kind: str, seed: int) -> None:
    """A history on the list that ends well by now has to leave it."""
    with pytest.raises(Violated):
        history(seed, kind, cloud=False).play()
