"""The API is as its document says: which is up to date, and whatever is asked of it."""

import json
import re
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.httpsession  # type: ignore[import-untyped]  # it has none
import httpx
import pytest
import schemathesis
from botocore.exceptions import EndpointConnectionError  # type: ignore[import-untyped]  # it has none
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    positive_data_acceptance,
    response_schema_conformance,
    status_code_conformance,
)

from syncoxiders import api
from syncoxiders.cloud.web.service import PUBLIC
from tests.web.whole import Whole

DOCUMENT = Path(api.__file__).with_name("openapi.json")
READ: dict[str, Any] = json.loads(DOCUMENT.read_bytes())
OPERATIONS = [
    (method, path, told) for path, each in READ["paths"].items() for method, told in each.items()
]


def _ids(operations: list[tuple[str, str, dict[str, Any]]]) -> list[str]:
    return [told["operationId"] for _, _, told in operations]


IDS = _ids(OPERATIONS)
SECURED = [each for each in OPERATIONS if each[2]["security"]]

MINE = {"accounts": "a", "syncs": "photos"}
"""What is somebody's own, by where it is. People, programs and codes have tests of their own."""

OWNED = [each for each in OPERATIONS if "{name}" in each[1]]

EXAMPLES = 12
"""So many requests of each operation, the same ones each time."""

ACCEPTED = positive_data_acceptance
"""What fits the document may be refused all the same: by what is there."""

ALWAYS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)

REAL = {
    path: {"name": "photos" if "/syncs/" in path else "disk", "number": 1}
    for path in READ["paths"]
    if "{name}" in path
}
"""What is there, for paths that name something."""

operation = pytest.mark.parametrize(("method", "path", "told"), OPERATIONS, ids=IDS)


@pytest.fixture
def whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Whole]:
    """A deployment that reaches nobody."""

    def nobody(*_: object, **__: object) -> None:
        raise httpx.ConnectError("there is nobody")

    def none(*_: object, **__: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://nobody.example")

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", nobody)
    monkeypatch.setattr(botocore.httpsession.URLLib3Session, "send", none)
    found = Whole(tmp_path)
    yield found
    found.stage.app.connections.close()


def test_up_to_date() -> None:
    """What is committed is what the routes and shapes make; ``make openapi`` brings it there."""
    code = "from syncoxiders.cloud.web import openapi; print(openapi.rendered(), end='')"
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert ran.stdout == DOCUMENT.read_text()


def test_it_is_served(whole: Whole) -> None:
    """It is at the address where programs look for it, for anybody."""
    answer = whole.ask("GET", "/api/v1/openapi.json", who="")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json == READ
    # The page about the API links to it as a neighbour.
    assert Path("docs/openapi.json").resolve() == DOCUMENT.resolve()


def test_every_operation_is_described() -> None:
    """Each has a name of its own, a word for its group, and says what it does."""
    assert len(set(IDS)) == len(IDS)
    tags = {each["name"] for each in READ["tags"]}
    for _, _, told in OPERATIONS:
        assert set(told["tags"]) <= tags
        assert told["tags"]
        assert told["summary"]
        assert not re.match("(GET|POST|PUT|PATCH|DELETE) ", told["summary"])


def test_what_anybody_may_ask() -> None:
    """What needs no login says so, and nothing else does."""
    public = {
        f"{method.upper()} {path}" for method, path, told in OPERATIONS if not told["security"]
    }
    assert public | {"GET /api/v1/openapi.json"} == PUBLIC


@operation
def test_as_described(whole: Whole, method: str, path: str, told: dict[str, Any]) -> None:
    """Whatever is asked, no answer is an error of ours, and each is one that is described.

    Without a login, or with one that is none, it is 401; a method that is not described is 405.
    """
    del told
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app=whole)
    found = schema[path][method]
    public = f"{method.upper()} {path}" in PUBLIC
    headers = {} if public else {"Authorization": f"Bearer {whole.tokens['me']}"}

    @given(case=found.as_strategy(), real=st.booleans())
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def asked(case: Any, *, real: bool) -> None:
        if real and REAL.get(path):  # names that are made up are hardly ever there
            case.path_parameters = {**case.path_parameters, **REAL[path]}
            case.validate_response(case.call(headers=headers), checks=ALWAYS, headers=headers)
            return
        response = case.call(headers=headers)
        case.validate_response(response, headers=headers, excluded_checks=[ACCEPTED])

    asked()


@pytest.mark.parametrize(("method", "path", "told"), SECURED, ids=_ids(SECURED))
def test_nobody(whole: Whole, method: str, path: str, told: dict[str, Any]) -> None:
    """Without a session there is nothing to be had, whether there is something or not."""
    for filled in (_filled(path, told), _filled(path, told, "nothing")):
        answer = whole.ask(method.upper(), filled, who="")
        assert (answer.status, answer.json["code"]) == (401, "not-logged-in")
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(("method", "path", "told"), OWNED, ids=_ids(OWNED))
def test_somebody_else(whole: Whole, method: str, path: str, told: dict[str, Any]) -> None:
    """What is another owner's is as what is not there: 404, for each operation of each thing."""
    name = MINE[path.split("/")[3]]
    body = _body(told)
    mine = whole.ask(method.upper(), _filled(path, told, name), body)
    theirs = whole.ask(method.upper(), _filled(path, told, name), body, who="eve")
    nobody = whole.ask(method.upper(), _filled(path, told, "nothing"), body, who="eve")
    assert (theirs.status, theirs.json["code"]) == (nobody.status, nobody.json["code"])
    assert (theirs.status, theirs.json["code"].startswith("no-such")) == (404, True)
    assert mine.status != 401


def test_everything_of_one_is_of_nobody_else(whole: Whole) -> None:
    """Lists of one's own hold nothing of anybody else."""
    lists = ("accounts", "syncs", "plans", "activity", "conflicts", "files", "programs")
    for each in lists:
        path = f"/api/v1/{each}"
        if path not in READ["paths"]:
            continue
        assert whole.ask("GET", path, who="eve").json["items"] == [], each
    for each in ("accounts", "syncs", "files"):
        assert whole.ask("GET", f"/api/v1/{each}").json["items"] != []


def _filled(path: str, told: dict[str, Any], name: str = "a") -> str:
    """Return an address: something in place of its parameters, and what has to be in its query."""
    found = path.replace("{name}", name).replace("{number}", "1")
    query = {
        each["name"]: each["schema"].get("enum", ["x"])[0]
        for each in told.get("parameters", [])
        if each["in"] == "query" and each.get("required")
    }
    return re.sub(r"{\w+}", "x", found) + (f"?{urllib.parse.urlencode(query)}" if query else "")


def _body(told: dict[str, Any]) -> object:
    """Return a body that an operation takes, None if it takes none."""
    if "requestBody" not in told:
        return None
    reference = told["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    return {"SyncChange": {"paused": True}, "Resolution": {"take": "both"}}.get(
        reference.rpartition("/")[2], {}
    )
