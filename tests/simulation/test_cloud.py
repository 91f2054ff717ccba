"""Many simulated histories of the deployed system: the invariants hold there as well."""

import random
from collections.abc import Iterable
from contextlib import suppress

import pytest

from syncoxiders.engine.pipeline.times import LEASE, LIFE
from tests.simulation.cloud import CloudHistory
from tests.simulation.kinds import history
from tests.simulation.known import OPEN_IN_THE_CLOUD
from tests.simulation.quirky import KINDS
from tests.simulation.stage import Killed, Violated
from tests.simulation.test_simulation import chunks, live

QUICK = 250
FIXED = 3_500
QUIRKY = 200


def played(seeds: Iterable[int], kind: str = "plain") -> Iterable[CloudHistory]:
    """Return the histories of seeds, but for those that are known to end badly."""
    return (
        CloudHistory(seed, kind=kind) for seed in seeds if (kind, seed) not in OPEN_IN_THE_CLOUD
    )


@pytest.mark.parametrize("seeds", chunks(0, QUICK), ids=str)
def test_invariants_hold(seeds: range) -> None:
    """Convergence, no loss and exactness, while several functions work at once, and die."""
    live(played(seeds))


@pytest.mark.slow
@pytest.mark.parametrize("seeds", chunks(QUICK, FIXED), ids=str)
def test_invariants_hold_in_many(seeds: range) -> None:
    """The same in some thousand histories."""
    live(played(seeds))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_invariants_hold_at_awkward_providers(kind: str) -> None:
    """The same with feeds, where ids are paths, where nothing has a precondition."""
    live(played(range(QUIRKY), kind))


@pytest.mark.parametrize("kind", ["plain", "feed"])
@pytest.mark.parametrize("seed", [0, 1, 3])
def test_a_seed_replays_exactly(seed: int, kind: str) -> None:
    """One seed is one history, whatever works at once: played twice, it is the same."""
    first, second = CloudHistory(seed, kind=kind), CloudHistory(seed, kind=kind)
    first.play()
    second.play()
    assert first.log == second.log
    assert first.world.trees() == second.world.trees()


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "seed"), OPEN_IN_THE_CLOUD)
def test_what_is_open_is_still_open(kind: str, seed: int) -> None:
    """A history on the list that ends well by now has to leave it."""
    with pytest.raises(Violated):
        history(seed, kind, cloud=True).play()


def test_no_function_outlives_its_time() -> None:
    """One that stood still for longer than a function may live writes nothing afterwards.

    What it had announced to write, and what it had begun, is by then taken over by others.
    """
    history = CloudHistory(0)
    clock, waking = history.world.clock, list[float]()

    def write() -> None:
        begun = clock.now()
        with suppress(Killed):
            for _ in range(20):
                history._may_sleep()
                waking.append(clock.now() - begun)

    history._hard = history._drowsy = True
    history._slumber = Sleepy()
    history._scheduler.run([write, write])
    assert waking
    assert max(waking) <= LIFE
    assert max(waking) > LEASE


class Sleepy(random.Random):
    """Chance that lets everybody fall asleep."""

    def random(self) -> float:
        return 0.0
