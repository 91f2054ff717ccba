"""The command is really killed while it works, again and again, and people go on working.

``KILL_SEEDS="3 14"`` plays just these histories. What people do follows from the seed; how far
the command has come when it is killed follows from the machine as well.
"""

import json
import os
import random
import signal
import time
from pathlib import Path

import pytest

from tests.e2e.conftest import Command
from tests.e2e.tree import FOLDER, TEMPORARY, Person, fingerprint, stamps

SEEDS = [int(seed) for seed in os.environ.get("KILL_SEEDS", "").split()] or [
    *range(5),
    21,  # somebody marks a file executable that a killed run had just made
]
KILLS = 4  # in a row, before the command may run to its end
ROUNDS = 3


class History:
    """Two folders, a person who works in both, and the command that is killed."""

    def __init__(self, seed: int, folder: Path, command: Command) -> None:
        self.choose = random.Random(seed)
        self.person = Person(self.choose, folder)
        self.left, self.right = folder / "left", folder / "right"
        self._command = command
        self._sync: list[str | Path] = [
            *("sync", self.left, self.right, "--state", folder / "state"),
            *("--max-delete", "1000000"),  # whoever works here deletes a lot, and means it
        ]
        self._pace = 1.0  # seconds that a whole run is expected to take
        for side in (self.left, self.right):
            side.mkdir()

    def sync(self) -> dict[str, int]:
        """Run to the end, which has to go well; return what was done, counted by kind."""
        code, said = self._command.run(*self._sync, "--json")
        assert code == 0, self._told(f"exit code {code}", said)
        outcome = json.loads(said.splitlines()[-1])
        assert outcome["schema"] == "syncoxiders.outcome/1", said
        counts: dict[str, int] = outcome["counts"]
        return counts

    def killed(self) -> None:
        """Run, and be killed somewhere; a run that is too quick is given something to do."""
        for _ in range(20):
            if self.choose.random() < 0.3:
                began = time.monotonic()
                delay = self._pace * self.choose.uniform(0.2, 1)
                code, said = self._command.kill(delay, *self._sync)
                self._pace = self._pace if code else time.monotonic() - began
            else:
                actions = self.choose.choice((1, 2, 3, 5, 10, 20, 50))
                code, said = self._command.kill_after(actions, *self._sync)
            if code == -signal.SIGKILL:
                return
            assert code == 0, self._told(f"exit code {code} after a kill", said)
            self.work()
        pytest.fail(self._told("it never was killed in time", ""))

    def work(self) -> None:
        for side in (self.left, self.right):
            self.person.work(side, self.choose.randrange(25))

    def holds(self) -> None:
        """Check that the folders are equal, nothing is lost or torn, and nothing lies about."""
        left, right = fingerprint(self.left), fingerprint(self.right)
        differ = [
            f"{path!r}: {left.get(path)} on the left, {right.get(path)} on the right"
            for path in sorted(left.keys() | right.keys())
            if left.get(path) != right.get(path)
        ]
        assert not differ, self._told("the folders differ", *differ)
        there = {content.removeprefix("x ") for content in left.values()} - {FOLDER}
        lost = [where for digest, where in self.person.owed.items() if digest not in there]
        assert not lost, self._told("lost, by where it was written", *lost)
        torn = there - self.person.written
        paths = [path for path, content in left.items() if content.removeprefix("x ") in torn]
        assert not torn, self._told("a content that nobody wrote", *paths)
        litter = [path for side in (self.left, self.right) for path in side.rglob(TEMPORARY + "*")]
        assert not litter, self._told("left lying about", *map(str, litter))

    def rests(self) -> None:
        """Check that a further run finds nothing to do and touches nothing."""
        before = stamps(self.left), stamps(self.right)
        done = self.sync()
        assert not done, self._told(f"there still was something to do: {done}")
        assert (stamps(self.left), stamps(self.right)) == before, self._told("it did not rest")

    def _told(self, what: str, *details: str) -> str:
        return "\n".join([what, *details, "the person did:", *self.person.done[-200:]])


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_a_killed_run_needs_no_help(seed: int, tmp_path: Path, syncoxiders: Command) -> None:
    """However often a run was killed, and when, the next whole one converges and loses nothing."""
    history = History(seed, tmp_path, syncoxiders)
    history.person.plant(history.left, files=300)
    history.person.plant(history.right, files=history.choose.choice((0, 50)))
    for _ in range(ROUNDS):
        for _ in range(KILLS):
            history.killed()
            if history.choose.random() < 0.5:
                history.work()
        history.sync()
        history.holds()
        history.rests()
        history.work()
