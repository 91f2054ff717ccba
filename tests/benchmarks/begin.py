"""How long a function takes to begin: from a fresh interpreter to what its first event works with.

A bare interpreter's own start is Lambda's, and not counted. Nothing is sent anywhere. To begin
takes nothing but one processor, so that its seconds are held against the target: they do not
depend on what else the machine does.
"""

import os
import subprocess
import sys
from collections.abc import Sequence

import msgspec
from rich.console import Console
from rich.table import Table

from infra.build import build
from infra.places import BUILT_LOCAL
from infra.target import this_machine

FUNCTIONS = ("webhook", "poll", "merge", "apply", "sweep", "renew", "housekeeping")
BUDGET = {"webhook": 0.4}
OTHERS = 0.8
"""Seconds in which a function is to have begun, on a machine that does nothing else."""

_SETTINGS = {
    "TABLE_TREE": "tree",
    "TABLE_JOURNAL": "journal",
    "TABLE_CONTROL": "control",
    **{f"QUEUE_{name}": f"https://sqs.example/1/{name}" for name in ("POLL", "MERGE", "APPLY")},
    "KEY": "key",
    "SECRETS": "/secrets",
}

_RUN = """
import time
cpu, wall = time.process_time(), time.perf_counter()
import functions.{name} as function
app = function.app()
{use}
print(time.process_time() - cpu, time.perf_counter() - wall)
"""


class Begun(msgspec.Struct):
    """The quickest of several beginnings, in seconds."""

    function: str
    seconds: float
    processor: float


class Size(msgspec.Struct):
    """An archive of what is deployed, in bytes."""

    name: str
    zipped: int
    unzipped: int


def measure(runs: int) -> list[Begun]:
    """Begin each function so many times."""
    return [_begin(name, runs) for name in FUNCTIONS]


def sizes() -> list[Size]:
    """Build what is deployed, for this machine, and measure it."""
    built = build(BUILT_LOCAL, this_machine())
    return [Size(each.name, each.zipped, each.unzipped) for each in built]


def _begin(name: str, runs: int) -> Begun:
    code = _RUN.format(name=name, use="app.ear" if name == "webhook" else "app.pipeline")
    environment = {
        **os.environ,
        **{f"SYNCOXIDERS_{key}": value for key, value in _SETTINGS.items()},
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "POWERTOOLS_SERVICE_NAME": name,
    }
    told: list[tuple[float, float]] = []
    for _ in range(max(runs, 1) + 1):  # the first one may compile what it imports
        ran = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        processor, seconds = map(float, ran.stdout.split())
        told.append((seconds, processor))
    return Begun(name, min(told)[0], min(each for _, each in told))


def show(begun: Sequence[Begun], archives: Sequence[Size], console: Console) -> None:
    """Print how long functions take to begin, and how large they are."""
    if not begun:
        return
    table = Table(title="until a function's first event", title_justify="left", title_style="bold")
    table.add_column("function")
    for column in ("seconds", "of the processor", "target"):
        table.add_column(column, justify="right")
    for each in begun:
        budget = BUDGET.get(each.function, OTHERS)
        missed = "" if each.processor <= budget else ", MISSED"
        table.add_row(
            each.function, f"{each.seconds:.2f}", f"{each.processor:.2f}", f"{budget:.1f}{missed}"
        )
    console.print(table)
    for size in [each for each in archives if each.unzipped > 1 << 20]:
        console.print(
            f"{size.name}: {size.zipped / 1e6:.2f} MB zipped, {size.unzipped / 1e6:.2f} MB"
        )
