"""The histories of each kind earn trust: without any one safety that is theirs, they fail."""

import pytest

from syncoxiders.core.draft import Draft
from syncoxiders.engine import resumable
from syncoxiders.engine.ignorefiles import IgnoreFiles
from syncoxiders.engine.looks import Looks
from syncoxiders.engine.pipeline import setting
from syncoxiders.engine.pipeline.execute import Worker
from tests.simulation.kinds import history
from tests.simulation.mutants import Mutant, idle, swap
from tests.simulation.noticing import check_noticed

SEEDS = 3_000

MACHINE, CLOUD = False, True

MUTANTS: dict[str, tuple[Mutant, str, bool]] = {
    "deletes what patterns hide": (idle(Draft.hidden, "False"), "ignore-files", MACHINE),
    "forgets the patterns of a copy": (idle(IgnoreFiles._copies, "{}"), "ignore-files", MACHINE),
    "tells nobody of patterns": (idle(IgnoreFiles.untold, "[]"), "ignore-files", CLOUD),
    "takes any root for the right one": (
        swap(Looks.check_root, "known is not None and known != mark", "False"),
        "roots",
        MACHINE,
    ),
    "forgets which root was let through": (idle(Looks._keep_root), "roots", MACHINE),
    "takes an empty root for a wish": (idle(Looks._is_empty, "False"), "roots", CLOUD),
    "writes to an exchanged root": (
        swap(Worker._shut, "known and provider.root() != known", "False"),
        "roots",
        CLOUD,
    ),
    "lets no other root join": (idle(setting.exchanged, "set()"), "roots", CLOUD),
    "goes on with another version": (
        swap(resumable._task, "(version, goal)", "(item.parent, item.name, replaces, keep)"),
        "uploads",
        CLOUD,
    ),
    "goes on to another place": (
        swap(resumable._task, "(version, goal)", "version"),
        "uploads",
        MACHINE,
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some history among the first few thousand fails with the mutant, and not without it."""
    mutant, kind, cloud = MUTANTS[name]
    check_noticed(mutant, lambda seed: history(seed, kind, cloud=cloud).play(), SEEDS, monkeypatch)
