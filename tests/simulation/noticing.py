"""How a mutant is noticed: by a history that ends badly with it, and well without.

The budget is a number of histories: how quick the machine is says nothing of what is tested.
"""

from collections.abc import Callable

import pytest

from tests.simulation.mutants import Mutant
from tests.simulation.stage import Violated

Play = Callable[[int], None]
"""Plays the history of a seed. Raises Violated."""


def check_noticed(mutant: Mutant, play: Play, seeds: int, patch: pytest.MonkeyPatch) -> None:
    """Fail unless some of the first histories ends badly with the mutant alone."""
    for seed in range(seeds):
        with patch.context() as mutated:
            mutant(mutated)
            noticed = _is_violated(play, seed)
        if noticed and not _is_violated(play, seed):
            return
    pytest.fail(f"the mutant lives after {seeds} histories")


def _is_violated(play: Play, seed: int) -> bool:
    try:
        play(seed)
    except Violated:
        return True
    return False
