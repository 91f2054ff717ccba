"""The command is really killed while it uploads a large file, and goes on where it was."""

import os
import random
import signal
import time
from pathlib import Path

import pytest

from syncoxiders.adapters import vault
from tests.e2e.conftest import Command
from tests.emulators.clouds import PLACES, Cloud, connected
from tests.emulators.hands import Bucket
from tests.emulators.serving import Request, Response

MB = 1_000_000
SIZE = 500 * MB
ENOUGH = 200 * MB
"""So much has arrived when the command is killed."""

SLACK = 64 * MB
"""So much may be sent again: what was under way and had not been noted."""


class Meter:
    """Counts the bytes that an emulator is sent."""

    def __init__(self, cloud: Cloud) -> None:
        self._bucket = cloud.emulator if isinstance(cloud.emulator, Bucket) else None
        self._count = 0
        if self._bucket is None:
            self._handle = cloud.emulator.handle
            cloud.emulator.handle = self._metered
        self._start = 0
        self.reset()

    def reset(self) -> None:
        """Count from here."""
        self._start += self.received

    @property
    def received(self) -> int:
        """How many bytes have come."""
        count = self._count if self._bucket is None else self._bucket.received
        return count - self._start

    def _metered(self, request: Request) -> Response:
        self._count += len(request.body)
        answer: Response = self._handle(request)
        return answer


def write(path: Path) -> None:
    """Write a large file of which no two megabytes are alike."""
    block = random.Random(7).randbytes(MB)
    with path.open("wb") as file:
        for number in range(SIZE // MB):
            file.write(number.to_bytes(8) + block[8:])


@pytest.mark.slow
@pytest.mark.parametrize("kind", [each for each in PLACES if each != "folder"])
def test_an_upload_goes_on_after_a_kill(
    kind: str, tmp_path: Path, syncoxiders: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An upload amid which the command was killed is continued, not begun anew."""
    for name in [name for name in os.environ if name.startswith("XDG_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(syncoxiders.home))
    monkeypatch.setenv(vault.CHOICE, "file")
    left = tmp_path / "left"
    left.mkdir()
    write(left / "large")
    with connected(kind) as cloud:
        meter = Meter(cloud)
        args = ("sync", left, cloud.place, "--state", tmp_path / "state")
        with syncoxiders.start(*args) as process:
            while meter.received < ENOUGH and process.poll() is None:
                time.sleep(0.01)
            process.kill()
            process.communicate()
        assert process.returncode == -signal.SIGKILL
        before = meter.received
        assert ENOUGH <= before < SIZE
        assert cloud.tree() == {}
        code, said = syncoxiders.run(*args)
        assert code == 0, said
        assert meter.received <= SIZE + SLACK, (before, meter.received)
        assert cloud.tree()["large"] == (left / "large").read_bytes()
        meter.reset()
        code, said = syncoxiders.run(*args)
        assert (code, "nothing to do" in said) == (0, True), said
        assert meter.received < MB
