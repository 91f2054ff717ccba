"""Each built function answers in an environment that has the layers and nothing else."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from infra.build import FUNCTIONS as SOURCES
from infra.places import BUILT_LOCAL
from local.deploy import ACCOUNT
from tests.aws.deployed import Cloud
from tests.infra.reading import FUNCTIONS

BASE = getattr(sys, "_base_executable", sys.executable)

_PUSH = {
    "version": "2.0",
    "routeKey": "GET /push/dropbox",
    "rawPath": "/push/dropbox",
    "rawQueryString": "challenge=hello",
    "headers": {},
    "requestContext": {"http": {"method": "GET", "path": "/push/dropbox"}},
    "isBase64Encoded": False,
}


def _asked(path: str) -> dict[str, Any]:
    """A request from API Gateway."""
    http = {"method": "GET", "path": path, "sourceIp": "192.0.2.1"}
    context = {"http": http, "stage": "$default", "requestId": "r"}
    return {**_PUSH, "rawPath": path, "rawQueryString": "", "requestContext": context}


_NONE: dict[str, Any] = {"Records": []}
_CLOCK = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}

_MESSAGE = {"requestContext": {"routeKey": "$default", "connectionId": "c1"}, "body": "?"}

EVENTS: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
    "webhook": (_PUSH, {"statusCode": 200, "body": "hello"}),
    "poll": (_CLOCK, {"accounts": 0}),
    "merge": (_NONE, {"batchItemFailures": []}),
    "apply": (_NONE, {"batchItemFailures": []}),
    "renew": (_CLOCK, {"opened": 0, "renewed": 0, "closed": 0, "failed": 0}),
    "housekeeping": (_CLOCK, {"syncs": 0}),
    "sweep": (_CLOCK, {}),
    "api": (_asked("/api/v1/deployment"), {"statusCode": 200}),
    "console": (_asked("/"), {"statusCode": 200}),
    "index": (_CLOCK, {"lacking": 0}),
    "live": (_MESSAGE, {"statusCode": 200}),
}
"""An event for each function, and what its answer holds where no account is connected."""


def test_all_are_built() -> None:
    """There is a source for each function of the stack, and a function for each source."""
    names = {path.stem for path in SOURCES.glob("*.py") if not path.stem.startswith("_")}
    assert names == set(FUNCTIONS) == set(EVENTS)


@pytest.fixture(scope="session")
def task(deployed: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The layers below ``opt``, and each function's archive below its name."""
    del deployed  # what it deployed is what is unpacked
    folder = tmp_path_factory.mktemp("task")
    for name in ("vendor", "code", *FUNCTIONS):
        place = folder / ("opt" if name in ("vendor", "code") else name)
        with zipfile.ZipFile(BUILT_LOCAL / f"{name}.zip") as archive:
            archive.extractall(place)
    return folder


@pytest.mark.parametrize("name", FUNCTIONS)
def test_answers(task: Path, deployed: Cloud, name: str) -> None:
    """A function is imported and answers an event, and imports nothing from elsewhere."""
    event, expected = EVENTS[name]
    ran = subprocess.run(
        [BASE, "-I", "-S", "-c", _RUN, str(task / "opt" / "python"), str(task / name), name],
        input=json.dumps(event),
        env={
            **deployed.emulator.environment(ACCOUNT),
            **deployed.stack.environment(),
            "POWERTOOLS_SERVICE_NAME": name,
            "POWERTOOLS_TRACE_DISABLED": "true",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout.splitlines()[-1])
    assert told["answer"] | dict(expected) == told["answer"]
    assert told["foreign"] == []


_RUN = """
import importlib, json, sys, sysconfig
layers, task, name = sys.argv[1:]
sys.path[:0] = [task, layers]
module = importlib.import_module(f"functions.{name}")

class Context:
    function_name = name
    memory_limit_in_mb = 512
    invoked_function_arn = f"arn:aws:lambda:us-east-1:000000000000:function:{name}"
    aws_request_id = "request"

    def get_remaining_time_in_millis(self):
        return 60_000

answer = module.handler(json.load(sys.stdin), Context())
home = (layers, task, sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"))
files = [getattr(each, "__file__", None) or task for each in list(sys.modules.values())]
foreign = sorted(name for name in files if not name.startswith(home))
print()
print(json.dumps({"answer": answer, "foreign": foreign}))
"""
