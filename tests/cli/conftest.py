"""The command in this process, in a home and a current folder of its own."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from syncoxiders.adapters import vault
from syncoxiders.cli.main import main
from tests.api.conftest import Deployment
from tests.cli.deployment import Cloud
from tests.emulators.serving import Server


class Said(msgspec.Struct, frozen=True):
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def objects(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    def of(self, schema: str) -> list[dict[str, Any]]:
        return [each for each in self.objects if each["schema"] == f"syncoxiders.{schema}/1"]


def plan_of(said: Said) -> str:
    """Return the id of the plan that a guard stopped."""
    found = re.search(r"^  plan +(\S+)$", said.err, re.MULTILINE)
    assert found is not None, said
    return found[1]


class Shell:
    """A current folder with ``left`` and ``right`` in it, and the command."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.left, self.right = folder / "left", folder / "right"
        self.states = folder / "home" / "state" / "syncoxiders"
        self.config = folder / "home" / "config" / "syncoxiders" / "config.toml"
        for each in (self.left, self.right):
            each.mkdir()

    def __call__(self, *args: str | Path) -> Said:
        return self.typed(None, *args)

    def typed(self, stdin: str | None, *args: str | Path) -> Said:
        """Run the command with something typed into it."""
        result = CliRunner().invoke(
            main, [os.fspath(each) for each in args], input=stdin, prog_name="syncoxiders"
        )
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Said(result.exit_code, result.stdout, result.stderr)

    def sync(self, *args: str | Path) -> Said:
        return self("sync", "left", "right", *args)

    def write(self, path: str, text: str = "x") -> Path:
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        return place

    def fill(self, folder: str, count: int) -> None:
        for number in range(count):
            self.write(f"{folder}/file{number}", str(number))

    def edit(self, path: str, text: str, later: float) -> None:
        """Write what was edited so many seconds after everything that is there."""
        place = self.write(path, text)
        when = place.stat().st_mtime + later
        os.utime(place, (when, when))

    def tree(self) -> dict[str, tuple[int, int, int]]:
        """Return all that is there, with what would tell that it was touched."""
        found = {}
        for path in sorted(self.folder.rglob("*")):
            status = path.lstat()
            found[str(path)] = (status.st_ino, status.st_mtime_ns, status.st_size)
        return found


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home" / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / "config"))
    for name in ("DEBUG", "DEPLOYMENT", "URL", "TOKEN"):
        monkeypatch.delenv(f"SYNCOXIDERS_{name}", raising=False)
    monkeypatch.chdir(tmp_path)
    return Shell(tmp_path)


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    monkeypatch.setattr("syncoxiders.api.client.time.sleep", lambda _: None)
    deployment = Deployment()
    with Server(deployment) as server:
        deployment.url = server.url
        yield deployment


@pytest.fixture
def cloud(shell: Shell, there: Deployment, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    monkeypatch.setenv(vault.CHOICE, "file")
    cloud = Cloud(shell, there)
    cloud.login()
    return cloud
