"""How soon a function answers its first event, and how large it is: as it is built for Lambda.

Each function is started by an interpreter that has the layers and the function, and nothing
else, against an emulator of AWS in which no account is connected: the time is that of what a new
container has to import and to make, and of a request or two. The sizes are those of what is
deployed on arm64.
"""

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from infra.build import build
from infra.places import BUILT, BUILT_LOCAL
from infra.target import LAMBDA
from tests.infra.test_functions import EVENTS

BASE = getattr(sys, "_base_executable", sys.executable)
"""The interpreter that knows nothing of this environment."""

TARGETS = {"webhook": 0.4}
TARGET = 0.8
"""Seconds for import and first event, of the webhook and of all others."""


class Start(msgspec.Struct, frozen=True):
    """Seconds to import a function, and from its beginning until it has answered an event."""

    function: str
    imported: float
    answered: float
    modules: int


class Package(msgspec.Struct, frozen=True):
    """An archive's size in bytes."""

    name: str
    zipped: int
    unzipped: int


def packages() -> list[Package]:
    """Build what is deployed, and return its sizes."""
    return [Package(each.name, each.zipped, each.unzipped) for each in build(BUILT, LAMBDA)]


def measure(folder: Path, settings: Mapping[str, str], runs: int) -> Iterator[Start]:
    """Yield each function's start, so many times; ``settings`` are a deployment's."""
    task = folder / "task"
    for name in ("vendor", "code", *EVENTS):
        place = task / ("opt" if name in ("vendor", "code") else name)
        with zipfile.ZipFile(BUILT_LOCAL / f"{name}.zip") as archive:
            archive.extractall(place)
    for _ in range(runs):
        for name in EVENTS:
            yield _start(task, settings, name)


def _start(task: Path, settings: Mapping[str, str], name: str) -> Start:
    command = [BASE, "-I", "-S", "-c", _RUN, str(task / "opt" / "python"), str(task / name), name]
    ran = subprocess.run(
        command,
        input=json.dumps(EVENTS[name][0]),
        env={
            **settings,
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "POWERTOOLS_SERVICE_NAME": name,
            "POWERTOOLS_TRACE_DISABLED": "true",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        raise RuntimeError(f"{name} does not start:\n{ran.stderr}")
    return msgspec.convert({"function": name, **json.loads(ran.stdout.splitlines()[-1])}, Start)


_RUN = """
import json, sys, time
layers, task, name = sys.argv[1:]
sys.path[:0] = [task, layers]
began = time.perf_counter()
import importlib
module = importlib.import_module(f"functions.{name}")
imported = time.perf_counter() - began

class Context:
    function_name = name
    memory_limit_in_mb = 512
    invoked_function_arn = f"arn:aws:lambda:us-east-1:000000000000:function:{name}"
    aws_request_id = "request"

    def get_remaining_time_in_millis(self):
        return 60_000

event = json.load(sys.stdin)
again = time.perf_counter()
module.handler(event, Context())
answered = imported + time.perf_counter() - again
print()
print(json.dumps({"imported": imported, "answered": answered, "modules": len(sys.modules)}))
"""
