"""``watch`` over a folder and a cloud: what happens on either side is on the other soon."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from syncoxiders.adapters import vault
from tests.cli.conftest import Shell
from tests.cli.test_clouds import local
from tests.cli.test_watch import until
from tests.emulators.clouds import CONNECTED, Cloud, connected

OFTEN = 0.3
PROGRAM = f"""
from syncoxiders.cli import watch
from syncoxiders.cli.main import main
watch.ASK = {OFTEN}
main(prog_name="syncoxiders")
"""
"""The command, that asks accounts what is new more often than it does by itself."""


class Watching:
    """A watch over ``left`` and a cloud in a process of its own."""

    def __init__(self, shell: Shell, cloud: Cloud) -> None:
        self.cloud = cloud
        self.left = shell.left
        self._said = shell.folder / "said"
        with self._said.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-c", PROGRAM, "watch", "left", cloud.place, "--interval", "1h"],
                cwd=shell.folder,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        self.hears(f"left ⇄ {cloud.name}: ")

    @property
    def said(self) -> str:
        return self._said.read_text(errors="replace")

    def hears(self, text: str) -> None:
        until(lambda: text in self.said or self.process.poll() is not None)
        assert text in self.said

    def agrees(self) -> None:
        until(lambda: local(self.left) == self.cloud.tree())


@pytest.fixture(params=CONNECTED)
def watching(
    request: pytest.FixtureRequest, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Watching]:
    monkeypatch.setenv(vault.CHOICE, "file")
    with connected(request.param, "mine") as cloud:
        cloud.people.write("folder/theirs", b"theirs")
        shell.write("left/folder/ours", "ours")
        watch = Watching(shell, cloud)
        yield watch
        watch.process.kill()
        watch.process.wait()


def test_changes_travel_both_ways(watching: Watching) -> None:
    """What is done in the cloud is done here within seconds, and the other way round."""
    left, people = watching.left, watching.cloud.people
    people.write("folder/theirs", b"edited there")
    until(lambda: (left / "folder" / "theirs").read_bytes() == b"edited there")
    people.rename("folder", "renamed there")
    until((left / "renamed there" / "ours").exists)
    (left / "renamed there" / "ours").write_text("edited here")
    until(lambda: watching.cloud.tree()["renamed there/ours"] == b"edited here")
    (left / "renamed there").rename(left / "renamed here")
    until(lambda: "renamed here" in watching.cloud.tree())
    people.remove("renamed here/theirs")
    until(lambda: not (left / "renamed here" / "theirs").exists())
    watching.agrees()
    assert "Traceback" not in watching.said


def test_it_comes_to_rest(watching: Watching) -> None:
    """Asking what is new is all that it goes on to do: it lists nothing and reads nothing."""
    (watching.left / "new").write_text("new")
    until(lambda: "new" in watching.cloud.tree())
    time.sleep(1)
    watching.cloud.emulator.calls.clear()
    until(lambda: len(watching.cloud.emulator.calls) > 12)
    assert len(set(watching.cloud.emulator.calls)) <= 3  # the root, and the feed


def test_the_network_goes_away_for_a_while(watching: Watching) -> None:
    """It says that the cloud cannot be reached, and goes on when it can."""
    watching.cloud.emulator.faults.add("drop-before", times=100_000)
    watching.hears("syncoxiders: mine: ")
    (watching.left / "meanwhile").write_text("meanwhile")
    watching.cloud.people.write("there", b"there")
    time.sleep(1)
    watching.cloud.emulator.faults.clear()
    watching.agrees()
    watching.hears("all is well again")
    assert local(watching.left).keys() == {
        "folder", "folder/ours", "folder/theirs", "meanwhile", "there"
    }  # fmt: skip
