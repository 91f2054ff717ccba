"""The commands that are measured, each with its own defaults."""

import enum
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec


class Step(enum.StrEnum):
    """What is measured, in this order, on the same two folders."""

    FIRST = "first sync"
    AGAIN = "nothing changed"
    CHANGED = "1 % changed, 5 % renamed"


class Site(msgspec.Struct, frozen=True):
    """The two folders, one for what a tool keeps of them, and a home for all the rest."""

    left: Path
    right: Path
    state: Path
    home: Path


class Tool(msgspec.Struct, frozen=True):
    """A command that brings what is new on the left to the right."""

    name: str
    program: str
    version: tuple[str, ...]
    command: Callable[[Step, Site], tuple[str, ...]]
    steps: tuple[Step, ...] = tuple(Step)

    def about(self) -> str:
        """Return what the tool says its version is, or ``""`` if it is not installed."""
        try:
            told = subprocess.run([self.program, *self.version], capture_output=True, check=False)
        except OSError:
            return ""
        lines = (told.stdout or told.stderr).decode(errors="replace").splitlines()
        return lines[-1 if told.returncode else 0] if lines else self.name


def environment(site: Site) -> dict[str, str]:
    """Return the environment of every command: a home of its own, nothing of the caller's."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(site.home),
        "UNISON": str(site.state),
        "LANG": "C.UTF-8",
    }


def _beside(program: str) -> str:
    """Prefer the program that is installed in this environment."""
    return shutil.which(program, path=Path(sys.executable).parent) or program


def _syncoxiders(_: Step, site: Site) -> tuple[str, ...]:
    return "sync", str(site.left), str(site.right), "--state", str(site.state), "-q"


def _rclone(step: Step, site: Site) -> tuple[str, ...]:
    resync = ("--resync",) if step is Step.FIRST else ()
    return "bisync", str(site.left), str(site.right), "--workdir", str(site.state), *resync


def _unison(_: Step, site: Site) -> tuple[str, ...]:
    return str(site.left), str(site.right), "-batch", "-silent", "-times", "-auto"


def _rsync(_: Step, site: Site) -> tuple[str, ...]:
    return "-a", "--delete", f"{site.left}/", f"{site.right}/"


def _cp(_: Step, site: Site) -> tuple[str, ...]:
    return "-r", f"{site.left}/.", str(site.right)


OURS = Tool("syncoxiders", _beside("syncoxiders"), ("--version",), _syncoxiders)
PEERS = {
    "rclone": Tool("rclone bisync", _beside("rclone"), ("version",), _rclone),
    "unison": Tool("unison", "unison", ("-version",), _unison),
    "rsync": Tool("rsync -a", "rsync", ("--version",), _rsync),
    "cp": Tool("cp -r", "cp", ("--version",), _cp, (Step.FIRST,)),
}
