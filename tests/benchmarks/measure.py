"""Running the tools over trees, one after the other, and checking what they did."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import psutil  # type: ignore[import-untyped]  # it ships no types

from tests.benchmarks import launch, trees
from tests.benchmarks.tools import Site, Step, Tool, environment

LIMIT = 900  # seconds after which a command is given up


class Sample(msgspec.Struct, frozen=True):
    """One measured run. ``problem`` is ``""`` only if both trees were proved right after it."""

    place: str
    shape: trees.Shape
    run: int
    tool: str
    step: Step
    seconds: float
    peak: int  # bytes
    files: int  # files written on either side
    size: int  # bytes in them
    problem: str = ""


class Took(msgspec.Struct, frozen=True):
    """What a command took, how it ended, and the lines that it printed.

    ``cpu`` are seconds of all processors together, which others' load hardly changes.
    """

    seconds: float
    cpu: float
    peak: int  # bytes
    code: int
    said: list[str]


class Place(msgspec.Struct, frozen=True):
    """A scratch folder, and the kind of file system that it is on."""

    folder: Path
    kind: str

    @property
    def in_memory(self) -> bool:
        return self.kind in {"tmpfs", "ramfs"}

    def free(self) -> int:
        free = shutil.disk_usage(self.folder).free
        return min(free, psutil.virtual_memory().available) if self.in_memory else free


def file_system(folder: Path) -> str:
    """Return the kind of file system that a folder is on, as the kernel names it."""
    mounts = {Path(part.mountpoint): part.fstype for part in psutil.disk_partitions(all=True)}
    return next(
        (mounts[above] for above in (folder, *folder.parents) if above in mounts), "unknown"
    )


def compare(
    place: Place, shape: trees.Shape, tools: Sequence[Tool], run: int
) -> Iterator[Sample | str]:
    """Measure each tool once; a text says why nothing could be measured.

    The tools take turns at being first. On a disk nothing is deleted before all is done: ext4
    avoids inodes that were just freed, which makes whatever creates files next several times
    slower. In memory, and of a few large files, a tool's trees go when it is done, for the room
    that they take.
    """
    tidy = place.in_memory or not shape.small
    room = shape.room * (2 if tidy else 2 * len(tools)) * 5 // 4
    if room > place.free():
        yield f"{shape} on {place.kind}: skipped, needs {room / 1e9:.1f} GB of free space"
        return
    turn = run % len(tools)
    for tool in (*tools[turn:], *tools[:turn]):
        folder = place.folder / f"{shape.files}x{shape.largest}-{run}-{tool.name}"
        yield from _steps(folder, place, shape, run, tool)
        if tidy:
            shutil.rmtree(folder)


def _steps(
    folder: Path, place: Place, shape: trees.Shape, run: int, tool: Tool
) -> Iterator[Sample]:
    site = Site(folder / "left", folder / "right", folder / "state", folder / "home")
    for part in (site.left, site.right, site.state, site.home):
        part.mkdir(parents=True)
    left, right = trees.make(site.left, shape), trees.Files()
    for step in tool.steps:
        if step is Step.CHANGED:
            left = trees.change(site.left, shape, left)
        os.sync()
        seconds, peak, problem = _run(tool, step, site)
        before, left, right = (left, right), trees.look(site.left), trees.look(site.right)
        written = trees.written(before[0], left) + trees.written(before[1], right)
        for side, found in (("left", left), ("right", right)):
            if not problem and (wrong := trees.difference(before[0], found)):
                problem = f"wrong result on the {side}: {wrong}"
        yield Sample(
            place.kind,
            shape,
            run,
            tool.name,
            step,
            seconds,
            peak,
            len(written),
            sum(file.size for file in written),
            problem,
        )
        if problem:
            return


def _run(tool: Tool, step: Step, site: Site) -> tuple[float, int, str]:
    """Run the tool; return its seconds, its peak memory, and what was wrong."""
    took = launched([tool.program, *tool.command(step, site)], environment(site), site.home)
    problem = f"exit code {took.code}: {took.said[-1] if took.said else '-'}" if took.code else ""
    return took.seconds, took.peak, problem


def launched(command: Sequence[str], env: Mapping[str, str], scratch: Path) -> Took:
    """Run a command by itself, and measure it."""
    output, log = scratch / "launch.out", scratch / "launch.log"
    launcher = [sys.executable, "-I", "-S", launch.__file__, str(output), str(LIMIT)]
    with log.open("wb") as stream:
        subprocess.run(
            [*launcher, *command],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            check=True,
        )
    seconds, cpu, peak, code = output.read_text("ascii").split()
    said = log.read_text("utf-8", errors="replace").strip().splitlines()
    return Took(float(seconds), float(cpu), int(peak), int(code), said)
