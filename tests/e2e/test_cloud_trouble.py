"""The deployed system while things go wrong: what the clouds show in the end is what counts."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from local.connecting import OWNER, SYNC
from tests.aws.deployed import Cloud
from tests.e2e.clouds import SIDES, Pair, in_step
from tests.e2e.functions import Function, forget_leases, held_leases, opened, until
from tests.emulators.dropbox import paths

pytestmark = pytest.mark.slow

WRITES = r"/2/files/(upload$|upload_session/finish)"
LOOKS = r"/2/files/list_folder/continue$"
"""Where files come to be at Dropbox, and where one hears what is new."""

MANY = 100
"""So many files that a planner who writes their nodes can be caught at it."""

HANGS = 30.0
"""Seconds for which an answer hangs; whoever waits for it is killed long before."""


@pytest.fixture(scope="module")
def pair(deployed: Cloud) -> Iterator[Pair]:
    """The clouds, connected for the owner whom the command line knows, after their first sync."""
    with in_step(deployed, OWNER) as found:
        yield found


@pytest.fixture
def functions(pair: Pair) -> dict[str, Function]:
    return {name: Function(pair.cloud, name) for name in ("Poll", "Merge", "Apply")}


class TestKilled:
    """A function dies by SIGKILL while it works, and its message comes again."""

    @pytest.fixture(autouse=True)
    def _impatient(self, functions: dict[str, Function]) -> Iterator[None]:
        with ExitStack() as stack:
            for each in functions.values():
                stack.enter_context(each.impatient())
            yield

    def test_poll(self, pair: Pair, functions: dict[str, Function]) -> None:
        """What a look had found is found again."""
        seen = len(_calls(pair, LOOKS))
        pair.dropbox.faults.add("slow", path=LOOKS, seconds=HANGS)
        pair.people("dropbox").write("looked at.txt", b"looked at")
        until(lambda: len(_calls(pair, LOOKS)) > seen, "nobody looks")
        functions["Poll"].kill()
        forget_leases(pair.cloud)
        pair.await_all(lambda tree: tree.get("looked at.txt") == b"looked at", "poll was killed")

    def test_merge(self, pair: Pair, functions: dict[str, Function]) -> None:
        """What a planner had begun to write, and not handed out, is handed out by the next one."""
        until(lambda: all(each.is_idle() for each in functions.values()), "there is no rest")
        before = set(pair.trees()[0])
        files = {f"planned/{number:03}.txt": f"{number}".encode() for number in range(MANY)}
        for path, content in files.items():
            pair.people("drive").write(path, content)
        until(lambda: opened(pair.cloud) > MANY // 10, "nobody plans")
        functions["Merge"].kill()
        assert held_leases(pair.cloud, "merge#"), "it had ended before it was killed"
        forget_leases(pair.cloud)
        tree = pair.await_all(lambda tree: files.keys() <= tree.keys(), "merge was killed")
        assert tree.keys() == before | files.keys() | {"planned"}
        assert {path: tree[path] for path in files} == files

    def test_apply(self, pair: Pair, functions: dict[str, Function]) -> None:
        """What was written while nobody heard of it is neither written again nor kept twice."""
        before = set(pair.trees()[0])
        written = len(_calls(pair, WRITES))
        pair.dropbox.faults.add("slow", path=WRITES, seconds=HANGS)
        pair.people("drive").write("carried.txt", b"carried")
        until(lambda: "carried.txt" in pair.people("dropbox").tree(), "nothing is written")
        functions["Apply"].kill()
        pair.people("drive").write("carried.txt", b"carried, and edited")
        tree = pair.await_all(
            lambda tree: tree.get("carried.txt") == b"carried, and edited", "apply was killed"
        )
        assert tree.keys() == before | {"carried.txt"}
        assert len(_calls(pair, WRITES)) == written + 2


@pytest.mark.parametrize("name", ["Poll", "Merge", "Apply"])
def test_messages_redelivered(pair: Pair, functions: dict[str, Function], name: str) -> None:
    """A message that comes three times does what it does once."""
    before = set(pair.trees()[0])
    written = len(_calls(pair, WRITES))
    path = f"told {name} often.txt"
    function = functions[name]
    with function.held_up():
        pair.people("drive").write(path, b"once")
        until(lambda: function.repeat(2), "there is no message")
    tree = pair.await_all(lambda tree: tree.get(path) == b"once", "messages came again")
    until(lambda: all(each.is_idle() for each in functions.values()), "there is no rest")
    assert tree == pair.await_all(lambda _: True, "rest")
    assert tree.keys() == before | {path}
    assert len(_calls(pair, WRITES)) == written + 1


def test_throttled_providers(pair: Pair) -> None:
    """While providers ask for pauses nothing is lost; when they have done with it all arrives."""
    clouds = pair.places.clouds
    clouds["dropbox"].throttle(2, seconds=2, path=LOOKS)
    clouds["dropbox"].throttle(2, seconds=2, path=WRITES)
    clouds["drive"].throttle(times=2, path="/drive/v3/changes$")
    clouds["drive"].throttle("tooManyRequests", times=2, path="/upload/")
    files = {f"{side} was busy.txt": side.encode() for side in SIDES}
    for side in SIDES:
        pair.people(side).write(f"{side} was busy.txt", side.encode())
    tree = pair.await_all(lambda tree: files.keys() <= tree.keys(), "providers were throttled")
    assert {path: tree[path] for path in files} == files
    for path in ("/2/files/list_folder/continue", "/2/files/upload"):
        assert clouds["dropbox"].faults.take("POST", path) is None, "it did not ask for pauses"
    for path in ("/drive/v3/changes", "/upload/"):
        assert clouds["drive"].faults.take("GET", path) is None, "it did not ask for pauses"


def test_a_poisoned_item(pair: Pair, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What one cloud refuses for good stops nothing else, and the log says what and why."""
    ignored = re.compile(f"{paths.IGNORED.pattern}|poison\\.txt", re.IGNORECASE)
    monkeypatch.setattr(paths, "IGNORED", ignored)  # a name more that Dropbox does not save
    people = pair.people("drive")
    for name in ("one", "poison", "two"):
        people.write(f"box/{name}.txt", name.encode())
    others = {"box/one.txt", "box/two.txt"}
    pair.await_both(lambda _, there: others <= there.keys(), "a poisoned item")
    people.write("box/three.txt", b"three")
    pair.await_both(lambda _, there: "box/three.txt" in there, "what came after it")
    here, there = pair.trees()
    assert here.keys() - there.keys() == {"box/poison.txt"}
    said = _log(pair, tmp_path)
    (line,) = {each for each in said.splitlines() if "poison" in each and "error" in each}
    assert "Dropbox holds nothing of this name" in line
    people.remove("box/poison.txt")
    pair.await_all(lambda tree: "box/three.txt" in tree, "without it")


def _calls(pair: Pair, path: str) -> list[str]:
    """Return the requests that Dropbox was sent to an address."""
    return [each for each in pair.dropbox.calls if re.search(path, each)]


def _log(pair: Pair, folder: Path) -> str:
    """Return what the command line tells of all runs."""
    made = pair.app.sessions.begin(pair.app.admissions.first(), "a test")
    assert made is not None
    token = made[0]

    def told(*args: str) -> str:
        return subprocess.run(
            [Path(sys.executable).with_name("syncoxiders"), "cloud", "log", SYNC, *args],
            env={
                "SYNCOXIDERS_URL": pair.cloud.stack.console,
                "SYNCOXIDERS_TOKEN": token,
                "PATH": os.defpath,
                "HOME": str(folder),
                "LANG": "C.UTF-8",
            },
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    runs = [json.loads(line)["run"] for line in told("--json").splitlines()]
    return "".join(told("--run", str(each)) for each in runs)
