"""The simulation of the deployed system earns trust: without any one safety, it fails."""

import time

import pytest

from tests.simulation.cloud import CloudHistory
from tests.simulation.cloud_mutants import MUTANTS
from tests.simulation.stage import Violated

SEEDS = 3_000
SECONDS = 180.0


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some history among the first few thousand fails with the mutant, and not without it."""
    started = time.monotonic()
    for seed in range(SEEDS):
        kind = ["plain", "feed"][seed % 2]
        with monkeypatch.context() as patch:
            MUTANTS[name](patch)
            violated = is_violated(seed, kind)
        if violated and not is_violated(seed, kind):
            return
        if time.monotonic() - started > SECONDS:
            break
    pytest.fail(f"the mutant lives after {seed + 1} histories")


def is_violated(seed: int, kind: str) -> bool:
    try:
        CloudHistory(seed, kind=kind).play()
    except Violated:
        return True
    return False
