"""Many simulated histories; each failure names the seed that replays it."""

import pytest

from tests.simulation.history import History, Violated
from tests.simulation.quirky import KINDS, QuirkyHistory

CHUNK = 250
HISTORIES = 10_000
QUICK = 500


def failing(histories: dict[int, History]) -> list[str]:
    """Play histories; return what went wrong, each with how to replay it."""
    stories: list[str] = []
    for seed, history in histories.items():
        try:
            history.play()
        except Violated as error:
            replay = f"replay: python -m tests.simulation --seed {seed}"
            stories.append(f"{replay}\n{error}")
    return stories


def seeds(start: int) -> range:
    return range(start, start + CHUNK)


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(start, marks=() if start < QUICK else pytest.mark.slow)
        for start in range(0, HISTORIES, CHUNK)
    ],
)
def test_nothing_is_lost_and_all_agree(start: int) -> None:
    """Whatever people, crashes, faults and absences do: nothing is lost, and all agree."""
    stories = failing({seed: History(seed) for seed in seeds(start) if seed not in OPEN})
    assert not stories, "\n\n".join(stories)


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_with_providers_that_are_less_well_behaved(kind: str) -> None:
    """The same holds where some endpoints have ids that are paths, no preconditions, late lists."""
    stories = failing({seed: QuirkyHistory(seed, kind=kind) for seed in range(500)})
    assert not stories, "\n\n".join(stories)


OPEN: dict[int, str] = {}
"""Seeds whose history does not end as it should yet, with what is wrong."""


@pytest.mark.slow
@pytest.mark.parametrize("seed", sorted(OPEN))
def test_what_is_open_is_still_open(seed: int) -> None:
    """A history that is listed as open and ends well by now has to leave the list."""
    assert failing({seed: History(seed)}), f"{seed} is not open any more"
