"""Many simulated histories in which something happens that does not in the others."""

from collections.abc import Iterable

import pytest

from tests.simulation.history import History
from tests.simulation.kinds import IN_THE_CLOUD, ON_ONE_MACHINE, history
from tests.simulation.known import OPEN, OPEN_IN_THE_CLOUD
from tests.simulation.test_simulation import live
from tests.simulation.uploading import Uploading

QUICK, MORE = 20, 150
"""How many are played of each kind: in the quick tests, and in all."""

PLAYED = [
    *((kind, False) for kind in ON_ONE_MACHINE),
    *((kind, True) for kind in IN_THE_CLOUD),
]


def played(kind: str, seeds: Iterable[int], *, cloud: bool) -> Iterable[History]:
    """Return the histories of seeds, but for those that are known to end badly."""
    known = OPEN_IN_THE_CLOUD if cloud else OPEN
    return (history(seed, kind, cloud=cloud) for seed in seeds if (kind, seed) not in known)


@pytest.mark.parametrize(("kind", "cloud"), PLAYED)
def test_invariants_hold(kind: str, cloud: bool) -> None:
    """Whatever happens besides, the invariants hold."""
    live(played(kind, range(QUICK), cloud=cloud))


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "cloud"), PLAYED)
def test_invariants_hold_in_many(kind: str, cloud: bool) -> None:
    """The same in more histories."""
    live(played(kind, range(QUICK, MORE), cloud=cloud))


@pytest.mark.parametrize(("kind", "cloud"), PLAYED)
def test_a_seed_replays_exactly(kind: str, cloud: bool) -> None:
    """One seed is one history: played twice, it is the same to the last word."""
    for seed in range(2):
        first, second = (history(seed, kind, cloud=cloud) for _ in range(2))
        first.play()
        second.play()
        assert first.log == second.log
        assert first.world.trees() == second.world.trees()


def test_uploads_are_gone_on_with() -> None:
    """What was sent by one process is gone on with by another, and not only begun anew."""
    continued = 0
    for history_ in played("uploads", range(QUICK), cloud=True):
        history_.play()
        assert isinstance(history_, Uploading)
        continued += history_.continued
    assert continued > 1


def test_patterns_end_though_a_file_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a late copy of a file of patterns turns up once all are removed, it is removed too."""
    played = history(0, "ignore-files", cloud=True)
    provider, settle = played.world.providers["a"], played._settle
    late = ["*.txt"]

    def settle_late() -> None:
        settle()
        if late:
            played.people.ignore(provider, ".syncignore", [late.pop()])
            settle()

    monkeypatch.setattr(played, "_settle", settle_late)
    played._unfilter()
    played._settle()
    assert not late
    assert all(".syncignore" not in each.tree() for each in played.world.providers.values())
