"""How many requests each operation costs, counted by the emulated cloud that answers them.

A folder and a cloud are kept in step through one change after the other. Each tool has its own
defaults; ``rclone sync`` goes one way, so that a conflict is none to it.
"""

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from tests.benchmarks.cloud import Cloud
from tests.benchmarks.measure import Took
from tests.benchmarks.stage import Stage, stage
from tests.emulators.clouds import ROOT

FILES = 250
IN_FOLDER = 100  # less than half, at which rclone bisync would stop and ask
"""So many files there are, and so many of them in the folder that is renamed."""

CLOUDS = ("drive", "dropbox", "onedrive")
TOOLS = ("syncoxiders", "rclone bisync", "rclone sync")
LONG_AGO = 1_600_000_000
_TRASH = ".syncoxiders-trash"


class Counted(msgspec.Struct, frozen=True):
    """What an operation cost; ``requests`` by method and path, ids left out."""

    cloud: str
    tool: str
    operation: str
    requests: dict[str, int]
    seconds: float
    problem: str = ""

    @property
    def total(self) -> int:
        return sum(self.requests.values())


class _Left:
    """The folder, and the cloud's people where both change something."""

    def __init__(self, folder: Path, cloud: Cloud) -> None:
        self._folder = folder
        self._cloud = cloud
        self._clock = LONG_AGO

    def write(self, path: str, text: str) -> None:
        place = self._folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        self._clock += 60
        os.utime(place, (self._clock, self._clock))

    def fill(self) -> None:
        for number in range(FILES):
            folder = "many" if number < IN_FOLDER else f"few{number % 10}"
            self.write(f"{folder}/file{number}", f"content of {number}")

    def rename(self, path: str, to: str) -> None:
        (self._folder / path).rename(self._folder / to)

    def conflict(self) -> None:
        self.write("many/file3", "what is written here")
        self._cloud.ask("write", "many/file3", "what is written there, at once")

    def sizes(self) -> dict[str, int]:
        return {
            str(path.relative_to(self._folder)): path.stat().st_size
            for path in self._folder.rglob("*")
            if path.is_file() and _TRASH not in path.parts
        }


OPERATIONS: dict[str, Callable[[_Left], None]] = {
    f"first sync of {FILES} files": _Left.fill,
    "nothing changed": lambda _: None,
    "one edit": lambda left: left.write("many/file1", "something else"),
    "one new file": lambda left: left.write("few1/new", "new"),
    "one file renamed": lambda left: left.rename("few1/new", "few1/renamed"),
    "one file deleted": lambda left: (left._folder / "few1/renamed").unlink(),
    "conflict": _Left.conflict,
    f"folder of {IN_FOLDER} renamed": lambda left: left.rename("many", "many more"),
}


def measure(folder: Path) -> Iterator[Counted]:
    """Count what each tool asks of each cloud."""
    with stage(folder / "counting", CLOUDS) as set_up:
        for name in CLOUDS:
            for tool in TOOLS:
                yield from _count(set_up, set_up.home, set_up.clouds[name], tool)


def _count(set_up: Stage, folder: Path, cloud: Cloud, tool: str) -> Iterator[Counted]:
    cloud.ask("clear")
    place, state = folder / "left", folder / "state"
    for each in (place, state):
        each.mkdir()
    left = _Left(place, cloud)
    for index, (operation, change) in enumerate(OPERATIONS.items()):
        if tool == "rclone sync" and operation == "conflict":
            continue
        change(left)
        cloud.ask("calls")
        took = _run(set_up, tool, str(place), cloud, str(state), first=index == 0)
        calls = Counter(_kind(each) for each in cloud.ask("calls"))
        problem = f"exit code {took.code}: {took.said[-1:]}" if took.code else ""
        if not problem and left.sizes() != cloud.ask("sizes"):
            problem = "the two sides differ afterwards"
        yield Counted(cloud.name, tool, operation, dict(calls), took.seconds, problem)
    for each in (place, state):
        shutil.rmtree(each)


def _run(set_up: Stage, tool: str, place: str, cloud: Cloud, state: str, *, first: bool) -> Took:
    if tool == "syncoxiders":
        return set_up.ours("sync", place, cloud.place, "--state", state, "-q")
    remote = f"{cloud.name}:{ROOT}"
    if tool == "rclone sync":
        return set_up.rclone("sync", place, remote, f"--exclude=/{_TRASH}/**")
    resync = ("--resync",) if first else ()
    return set_up.rclone("bisync", place, remote, "--workdir", state, *resync)


def _kind(call: str) -> str:
    """Return a request without the ids that are in its path."""
    method, _, path = call.partition(" ")
    parts = [part if len(part) < 20 and ":" not in part else "…" for part in path.split("/")]
    return f"{method} {'/'.join(parts)}"
