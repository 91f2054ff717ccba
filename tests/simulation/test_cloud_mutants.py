"""The simulation of the deployed system earns trust: without any one safety, it fails."""

import pytest

from tests.simulation.cloud import CloudHistory
from tests.simulation.cloud_mutants import MUTANTS
from tests.simulation.noticing import check_noticed

SEEDS = 3_000


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some history among the first few thousand fails with the mutant, and not without it."""
    check_noticed(MUTANTS[name], play, SEEDS, monkeypatch)


def play(seed: int) -> None:
    CloudHistory(seed, kind=["plain", "feed"][seed % 2]).play()
