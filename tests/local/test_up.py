"""`make up` keeps two folders in step, lets in by a link, and goes on where it was stopped."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from infra.places import ROOT

PATIENCE = 240.0
"""Seconds for a start with everything to be built, on a busy machine."""


class Up:
    """A running ``make up``, and what it has said."""

    def __init__(self, process: "subprocess.Popen[str]", said: Path) -> None:
        self.process = process
        self._said = said

    @property
    def said(self) -> str:
        return self._said.read_text()

    def link(self) -> str:
        """The address that logs in once, as it was said."""
        self.wait(lambda: "lets you in once" in self.said and "\n\n  http" in self.said)
        (found,) = re.findall(
            r"^  (http://127\.0\.0\.1:\d+/auth/once\?code=\S+)$", self.said, re.MULTILINE
        )
        return str(found)

    def wait(self, happened: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not happened():
            assert self.process.poll() is None, self.said
            assert time.monotonic() < end, self.said
            time.sleep(0.1)

    def interrupt(self) -> int:
        """Press Ctrl-C, which all of the terminal's processes hear."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(60)


@contextmanager
def logged_in(link: str) -> Iterator[httpx.Client]:
    """A browser, after the link's button was pressed."""
    url = httpx.URL(link)
    base = url.copy_with(path="/", query=None)
    with httpx.Client(base_url=base, trust_env=False, timeout=PATIENCE) as browser:
        answer = browser.post("/auth/once", data={"code": url.params["code"]})
        assert answer.status_code == httpx.codes.SEE_OTHER, answer.text
        browser.headers["X-SyncOxiders"] = "console"
        yield browser


def names(browser: httpx.Client, what: str) -> set[str]:
    return {each["name"] for each in browser.get(f"/api/v1/{what}").json()["items"]}


@contextmanager
def up(home: Path, log: Path, variables: Mapping[str, str] | None = None) -> Iterator[Up]:
    with log.open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "local.up", "--home", str(home)],
            cwd=ROOT,
            env={**os.environ, **(variables or {})},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
    try:
        yield Up(process, log)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(60)


@pytest.mark.slow
def test_stopped_and_started_again(tmp_path: Path) -> None:
    """What was done while it was stopped is done on the other side after, deletions as well.

    So is what was set in the console, which lets in by a new link each time.
    """
    if shutil.which("node") is None:
        pytest.skip("Node.js is not on this machine, and the CDK runs on it")
    home = tmp_path / "demo"
    left, right = home / "left", home / "right"
    with up(home, tmp_path / "first") as first:
        first.wait(lambda: (right / "notes/shopping.md").exists() and "done" in first.said)
        (left / "hello.txt").write_text("edited")
        first.wait(lambda: (right / "hello.txt").read_text() == "edited")
        first.wait(lambda: "1 file updated" in first.said)
        first.wait((home / "tables").exists)
        assert "cloud status" in first.said
        with logged_in(first.link()) as browser:
            assert names(browser, "syncs") == {"demo"}
            (home / "third").mkdir()
            account = {"name": "third", "kind": "folder", "settings": {"path": str(home / "third")}}
            answer = browser.post("/api/v1/accounts", json=account)
            assert answer.status_code == httpx.codes.CREATED, answer.text
            kept = (home / "tables").stat().st_mtime_ns
            first.wait(lambda: (home / "tables").stat().st_mtime_ns > kept)
        assert first.interrupt() == 0
        assert first.said.endswith("Stopped.\n")
    (left / "notes/shopping.md").unlink()
    (right / "hello.txt").write_text("edited again")
    with up(home, tmp_path / "second") as second:
        second.wait(lambda: (left / "hello.txt").read_text() == "edited again")
        second.wait(lambda: not (right / "notes/shopping.md").exists())
        with logged_in(second.link()) as browser:
            assert names(browser, "accounts") == {"left", "right", "third"}
        assert second.interrupt() == 0
    assert not list(home.rglob("*conflict*"))


def test_without_node(tmp_path: Path) -> None:
    """What is missing on the machine is said in a line, with what to do."""
    with up(tmp_path / "demo", tmp_path / "said", {"PATH": str(tmp_path)}) as run:
        assert run.process.wait(60) == 1
    assert run.said == "Node.js is missing: install version 20 or newer (https://nodejs.org).\n"
    assert not (tmp_path / "demo").exists()
