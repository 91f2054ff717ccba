"""The command as a person has it: the installed program, in a home of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

LIMIT = 120  # seconds within which a run of these sizes has to end


class Command(msgspec.Struct, frozen=True):
    """The installed ``syncoxiders``."""

    program: Path
    home: Path

    def start(self, *args: str | Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.program, *args],
            env={"PATH": os.defpath, "HOME": str(self.home), "LANG": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *args: str | Path) -> tuple[int, str]:
        """Run to the end; return the exit code and all that was said."""
        code, said = self.kill(LIMIT, *args)
        if code == -signal.SIGKILL:
            pytest.fail(f"still running after {LIMIT} s: {said}")
        return code, said

    def kill(self, delay: float, *args: str | Path) -> tuple[int, str]:
        """Run, and end it by SIGKILL after so many seconds unless it has ended by itself."""
        with self.start(*args) as process:
            try:
                said, _ = process.communicate(timeout=delay)
            except subprocess.TimeoutExpired:
                process.kill()
                said, _ = process.communicate()
        return process.returncode, said

    def kill_after(self, actions: int, *args: str | Path) -> tuple[int, str]:
        """Run, and end it by SIGKILL as soon as so many actions were reported to be done."""
        said = []
        with self.start(*args, "--json") as process:
            for line in process.stdout or ():
                said.append(line)
                actions -= line.startswith('{"schema": "syncoxiders.action/1"')
                if actions == 0:
                    process.kill()
                    break
        return process.returncode, "".join(said)


@pytest.fixture
def syncoxiders(tmp_path: Path) -> Command:
    home = tmp_path / "home"
    home.mkdir()
    return Command(Path(sys.executable).with_name("syncoxiders"), home)
