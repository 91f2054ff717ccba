"""The simulation earns trust: with any one safety taken out, it fails within its budget."""

import pytest

from tests.simulation.history import History
from tests.simulation.mutants import MUTANTS
from tests.simulation.noticing import check_noticed

SEEDS = 6_000


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some history among the first few thousand fails with the mutant, and not without it."""
    check_noticed(MUTANTS[name], lambda seed: History(seed).play(), SEEDS, monkeypatch)
