"""The simulation earns trust: with any one safety taken out, it fails within its budget."""

import itertools
import time

import pytest

from tests.simulation.history import History, Violated
from tests.simulation.mutants import MUTANTS

SEEDS = 3_000
SECONDS = 60.0


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some history among the first few thousand violates an invariant."""
    MUTANTS[name](monkeypatch)
    started = time.monotonic()
    for seed in itertools.count():
        try:
            History(seed).play()
        except Violated:
            return
        if seed >= SEEDS or time.monotonic() - started > SECONDS:
            pytest.fail(f"the mutant lives after {seed + 1} histories")
