"""What holds for every request, whatever is asked."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from aws_lambda_powertools.event_handler.api_gateway import Router

from syncoxiders.api.shapes.people import Deployment, NewDevice, User
from syncoxiders.cloud.web.requests import MOST
from syncoxiders.cloud.web.routes.deployment import deployment
from syncoxiders.cloud.web.service import Web, new_router
from tests.functions.stage import Stage, request
from tests.web.conftest import Answer, Api


def things(web: Web) -> Router:
    router = new_router()

    @router.get("/things/<name>")
    def get_thing(name: str, limit: int = 5) -> User:
        return User(id=str(limit), email=name, admin=web.caller.admin)

    @router.post("/things")
    def make_thing(thing: NewDevice) -> User:
        return User(id="u", email=thing.name, admin=False)

    @router.put("/broken")
    def broken() -> User:
        return Deployment(version="", login="once")  # type: ignore[return-value]  # to fail

    return router


@pytest.fixture
def api(stage: Stage) -> Api:
    return Api(stage, deployment, things)


def _raw(api: Api, body: bytes, *, headers: Mapping[str, str] | None = None, **more: Any) -> Answer:
    sent = {"authorization": "Bearer me", "content-type": "application/json", **(headers or {})}
    event = request("/api/v1/things", method="POST", headers=sent, body=body, **more)
    return api.send(event)


def test_every_answer_is_guarded(api: Api) -> None:
    """Right or wrong, an answer is not to be kept, framed, sniffed or run."""
    asked = (
        api.ask("GET", "/deployment", who=""),
        api.ask("GET", "/things/a"),
        api.ask("GET", "/nothing"),
        api.ask("GET", "/things/a", who=""),
        _raw(api, b"{"),
    )
    for answer in asked:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["strict-transport-security"].startswith("max-age=")
        assert answer.headers["cache-control"] == "no-store"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert not any(name.startswith("access-control") for name in answer.headers)


def test_a_head_is_a_get_without_its_body(api: Api) -> None:
    """HEAD has the status and headers of GET, an error's as well."""
    for path, status in (("/things/a", 200), ("/nothing", 404)):
        head, get = api.ask("HEAD", path), api.ask("GET", path)
        assert (head.status, head.body) == (status, "")
        assert head.headers == get.headers


def test_a_method_that_is_none(api: Api) -> None:
    """A known address that is asked otherwise says how it can be asked."""
    answer = api.ask("DELETE", "/things/a")
    assert (answer.status, answer.json["code"]) == (405, "no-such-method")
    assert answer.headers["allow"] == "GET, HEAD"
    assert answer.headers["content-type"] == "application/problem+json"
    assert api.ask("OPTIONS", "/things").status == 405


def test_more_in_an_address_is_ignored(api: Api) -> None:
    """A query that is not known changes nothing; one that is known is checked."""
    assert api.ask("GET", "/things/a", query="more=1&limit=7").json["id"] == "7"
    wrong = api.ask("GET", "/things/a", query="limit=x")
    assert (wrong.status, list(wrong.json["fields"])) == (422, ["query.limit"])


def test_a_path_is_read_as_it_is_meant(api: Api) -> None:
    """It is the same whether or not what is before us has decoded an address already."""
    for path in ("/things/a%40b.example", "/things/a@b.example"):
        assert api.ask("GET", path).json["email"] == "a@b.example"


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff",
        b'{"name": NaN}',
        b'{"name": "\\ud800"}',
        b"[" * 100_000,
        b"1" * 5000,
        b'{"name": "a"}{}',
    ],
)
def test_what_is_not_json_is_a_problem_of_the_caller(api: Api, body: bytes) -> None:
    """Whatever is sent, it is never an error of ours, and is not quoted."""
    answer = _raw(api, body)
    assert answer.status in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"
    assert "ud800" not in answer.body


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{}", b'"a"', b'{"name": "a", "x": 1}'])
def test_json_that_does_not_fit(api: Api, body: bytes) -> None:
    """A body that is lacking, of another form, or has more than is known, is 422."""
    answer = _raw(api, body)
    assert (answer.status, answer.json["code"]) == (422, "invalid")


def test_a_body_is_json_and_says_so(api: Api) -> None:
    """Another type, or none, is 415; a charset beside it does not matter."""
    body = b'{"name": "a"}'
    for media in ("text/plain", "application/x-www-form-urlencoded", "", "application/jsonx"):
        answer = _raw(api, body, headers={"content-type": media})
        assert (answer.status, answer.json["code"]) == (415, "unsupported-type")
    assert (
        _raw(api, body, headers={"content-type": "Application/JSON; charset=utf-8"}).status == 200
    )


def test_a_body_has_its_limit(api: Api) -> None:
    """A body that is too long is 413, however it is encoded, and is not looked at."""
    for encoded in (True, False):
        answer = _raw(api, b"x" * (MOST + 1), encoded=encoded)
        assert (answer.status, answer.json["code"]) == (413, "too-large")
    fits = json.dumps({"name": "a" * 100, "more": "x" * (MOST - 200)}).encode()
    assert _raw(api, fits).status == 422


def test_what_is_not_encoded_as_it_says(api: Api) -> None:
    """Broken base64 is the caller's problem."""
    event = request("/api/v1/things", headers={"authorization": "Bearer me"}, body=b"x")
    assert api.send({**event, "body": "*"}).status == 400


def test_an_answer_that_does_not_fit_is_ours(api: Api) -> None:
    """What a route gives is checked as well, and if it is wrong nobody else is blamed."""
    answer = api.ask("PUT", "/broken")
    assert (answer.status, answer.json["code"]) == (500, "failed")


def test_encoded_or_not_a_body_is_the_same(api: Api) -> None:
    """API Gateway encodes some bodies and others not."""
    body = '{"name": "ä"}'.encode()
    for encoded in (True, False):
        assert _raw(api, body, encoded=encoded).json["email"] == "ä"


def test_what_is_logged(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    """Each request leaves a line, with nothing in it that somebody has written."""
    caplog.set_level("INFO")
    api.ask("GET", "/things/secret-name", query="limit=7&code=secret-code")
    api.ask("GET", "/secret-place", who="")
    _raw(api, b'{"name": "secret-body"', headers={"x-more": "secret-header"})
    lines = [each for each in caplog.records if each.message == "request"]
    told = [(getattr(each, "route", None), getattr(each, "status", None)) for each in lines]
    assert told == [("/api/v1/things/<name>", 200), ("", 401), ("", 400)]
    assert not any("secret" in str(vars(each)) for each in lines)
