"""``syncoxiders cloud`` at a deployment: what a person sees of it, follows, and changes."""

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from local.connecting import SYNC
from tests.aws.deployed import Cloud, running
from tests.e2e.clouds import PATIENCE, Pair, in_step

pytestmark = pytest.mark.slow


class Terminal:
    """The installed program, with a login of the first administrator in its environment."""

    def __init__(self, pair: Pair, home: Path) -> None:
        made = pair.app.sessions.begin(pair.app.admissions.first(), "a test")
        assert made is not None
        self._program = Path(sys.executable).with_name("syncoxiders")
        self._environment = {
            "PATH": os.defpath,
            "HOME": str(home),
            "SYNCOXIDERS_URL": pair.cloud.stack.console,
            "SYNCOXIDERS_TOKEN": made[0],
        }

    def __call__(self, *args: str) -> str:
        done = subprocess.run(
            [self._program, "cloud", *args],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done
        return done.stdout

    @contextmanager
    def following(self, *args: str) -> Iterator["queue.SimpleQueue[str]"]:
        """Run until the block ends, which is Ctrl-C; yields the lines that it says."""
        lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        with subprocess.Popen(
            [self._program, "cloud", *args],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:

            def read() -> None:
                for line in process.stdout or ():
                    lines.put(line)

            reading = threading.Thread(target=read)
            reading.start()
            try:
                yield lines
            finally:
                process.send_signal(signal.SIGINT)
                reading.join(PATIENCE)
                assert process.wait(PATIENCE) == 130


@pytest.fixture
def alone(synthesised: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A deployment of its own: elsewhere others are at work for the first administrator."""
    with running(tmp_path_factory.mktemp("alone"), synthesised) as cloud:
        yield cloud


def test_at_a_deployment(alone: Cloud, tmp_path: Path) -> None:
    """A person sees how it is, follows what is done, pauses it, and lets somebody in."""
    with in_step(alone, owner="me") as pair:
        cloud = Terminal(pair, tmp_path)
        assert "(an administrator) at" in cloud("whoami")
        assert f"{SYNC}: " in cloud("status")
        with cloud.following("log", SYNC, "--follow", "--json") as lines:
            lines.get(timeout=PATIENCE)
            pair.people("drive").write("said.txt", b"said")
            cloud("run", SYNC)
            while True:
                told = msgspec.json.decode(lines.get(timeout=PATIENCE))
                if (told.get("verb"), told.get("path")) == ("create", "said.txt"):
                    break
        assert "said.txt" in cloud("activity", SYNC, "--about", "said")
        assert "paused" in cloud("pause", SYNC)
        assert "paused" not in cloud("resume", SYNC)
        cloud("invite", "bob@example.org")
        cloud("invitations", "remove", "bob@example.org")
        assert cloud("invitations") == "No invitations.\n"
        assert "a test" in cloud("programs")
