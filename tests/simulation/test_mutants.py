"""The simulation earns trust: with any one safety taken out, it fails within its budget."""

import time

import pytest

from tests.simulation.history import History
from tests.simulation.mutants import MUTANTS
from tests.simulation.stage import Violated

SEEDS = 6_000
SECONDS = 180.0


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some history among the first few thousand fails with the mutant, and not without it."""
    started = time.monotonic()
    for seed in range(SEEDS):
        with monkeypatch.context() as patch:
            MUTANTS[name](patch)
            violated = is_violated(seed)
        if violated and not is_violated(seed):
            return
        if time.monotonic() - started > SECONDS:
            break
    pytest.fail(f"the mutant lives after {seed + 1} histories")


def is_violated(seed: int) -> bool:
    try:
        History(seed).play()
    except Violated:
        return True
    return False
