"""A seed is one history in whatever process it is played: nothing goes by the order of sets."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PLAY = """
import hashlib, sys
from tests.simulation.kinds import history
from tests.simulation.stage import Violated

where, kind, end = sys.argv[1:]
done = hashlib.sha256()
for seed in range(int(end)):
    played = history(seed, kind, cloud=where == "cloud")
    inner = played._may_die

    def may_die(what, inner=inner):
        done.update(what.encode() + b"\\n")
        inner(what)

    played._may_die = may_die
    try:
        played.play()
    except Violated:
        done.update(b"violated")
    done.update("\\n".join(played.log).encode())
print(done.hexdigest())
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("where", "kind"),
    [
        (where, kind)
        for where in ("cloud", "one machine")
        for kind in ("plain", "path-feed", "roots", "ignore-files")
    ],
)
def test_a_seed_replays_in_another_process(where: str, kind: str) -> None:
    """All that is written and asked for comes in one order, and so do the deaths amid it."""
    played = {
        subprocess.run(
            [sys.executable, "-c", PLAY, where, kind, "25"],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": salt},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for salt in ("1", "2")
    }
    assert len(played) == 1
