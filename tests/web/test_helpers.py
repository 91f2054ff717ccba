"""What routes have in common: pages, keys of what is asked twice, and ETags."""

from typing import Any

import msgspec
import pytest
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from hypothesis import given
from hypothesis import strategies as st

from syncoxiders.api.shapes.people import NewDevice, User
from syncoxiders.cloud.web import etags, pages
from syncoxiders.cloud.web.idempotency import KEPT, once
from syncoxiders.cloud.web.problems import Refusal, conflicting
from syncoxiders.cloud.web.service import Web, new_router
from tests.functions.stage import Stage
from tests.web.conftest import Answer, Api


class Place(msgspec.Struct, frozen=True):
    key: str
    number: int = 0


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])), st.integers(0, 2**63))
def test_a_cursor_leads_back_to_its_position(key: str, number: int) -> None:
    """Whatever a position holds, its cursor says it, in characters that an address may have."""
    place = Place(key, number)
    made = pages.cursor("runs", place)
    assert made.replace("-", "").replace("_", "").isalnum()
    assert pages.position("runs", made, Place) == place


@given(st.text())
def test_what_is_no_cursor_is_refused(text: str) -> None:
    """A cursor that was made up or tampered with is 422, never an error of ours."""
    if not text:
        assert pages.position("runs", text, Place) is None
        return
    with pytest.raises(Refusal) as caught:
        pages.position("runs", text, Place)
    problem = caught.value.problem
    assert (problem.status, problem.code) == (422, "invalid")
    assert list(problem.fields or {}) == ["query.cursor"]


def test_a_cursor_is_good_for_its_list_only() -> None:
    """A cursor of one list is none of another's."""
    made = pages.cursor("runs", Place("a"))
    with pytest.raises(Refusal):
        pages.position("events", made, Place)
    with pytest.raises(Refusal):
        pages.position("runs", made[:-2], Place)
    with pytest.raises(Refusal):
        pages.position("runs", made, int)


@pytest.mark.parametrize("given_", [None, "*", '"r1"', '"r0", "r1"', ' "r1" '])
def test_a_change_is_made_to_what_was_seen(given_: str | None) -> None:
    """Without If-Match, or with the right tag among others, or a star, a change is made."""
    etags.check(given_, "r1")


@pytest.mark.parametrize(
    ("given_", "revision", "status"),
    [
        ('"r0"', "r1", 412),
        ('W/"r1"', "r1", 412),
        ("*", None, 412),
        ('"r1"', None, 412),
        ("r1", "r1", 422),
        ("", "r1", 422),
        ('"r1', "r1", 422),
    ],
)
def test_a_change_of_something_else_is_refused(
    given_: str, revision: str | None, status: int
) -> None:
    """Another, a weak or no tag of what is there is 412, what is no tag 422."""
    with pytest.raises(Refusal) as caught:
        etags.check(given_, revision)
    assert caught.value.problem.status == status


class Making:
    """A route that creates, and may be told to fail."""

    def __init__(self) -> None:
        self.made = 0
        self.error: Exception | None = None

    def routes(self, web: Web) -> Router:
        router = new_router()

        @router.post("/things", status_code=201, middlewares=[once(web)])
        def make(thing: NewDevice) -> Response[User]:
            self.made += 1
            if self.error is not None:
                raise self.error
            user = User(id=f"u{self.made}", email=thing.name, admin=False)
            return Response(201, "application/json", user, headers={"ETag": '"r1"'})

        @router.put("/things", middlewares=[once(web)])
        def put(thing: NewDevice) -> User:
            self.made += 1
            return User(id=f"u{self.made}", email=thing.name, admin=False)

        return router


@pytest.fixture
def making() -> Making:
    return Making()


@pytest.fixture
def api(stage: Stage, making: Making) -> Api:
    return Api(stage, making.routes)


def _make(api: Api, key: str, name: str = "a", **more: Any) -> Answer:
    return api.ask("POST", "/things", {"name": name}, headers={"Idempotency-Key": key}, **more)


def test_what_is_asked_twice_is_done_once(api: Api, making: Making) -> None:
    """The second answer is the first one: status, body and headers."""
    first, second = _make(api, "k1"), _make(api, "k1")
    assert (first.status, second.status, making.made) == (201, 201, 1)
    assert second.json == first.json
    assert second.headers["etag"] == first.headers["etag"] == '"r1"'
    assert second.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers


def test_a_key_is_of_an_owner_a_route_and_what_was_asked(api: Api, making: Making) -> None:
    """Of another owner, route or key it is another thing; with another body it is 422."""
    _make(api, "k1")
    _make(api, "k2")
    _make(api, "k1", who="you")
    api.ask("PUT", "/things", {"name": "a"}, headers={"Idempotency-Key": "k1"})
    api.ask("POST", "/things", {"name": "a"})
    assert making.made == 5
    answer = _make(api, "k1", name="b")
    assert (answer.status, answer.json["code"], making.made) == (422, "key-used-otherwise", 5)


@pytest.mark.parametrize("error", [conflicting("taken", "it is taken"), RuntimeError("broken")])
def test_what_did_not_work_may_be_tried_again(api: Api, making: Making, error: Exception) -> None:
    """Only what was done is remembered."""
    making.error = error
    assert _make(api, "k1").status in {409, 500}
    making.error = None
    assert (_make(api, "k1").status, making.made) == (201, 2)


def test_of_two_at_once_one_waits(making: Making, stage: Stage) -> None:
    """While the first is at it the second is 409; after one that died it is done."""
    inner: list[Answer] = []

    def dies(web: Web) -> Router:
        router = new_router()

        @router.post("/slow", middlewares=[once(web)])
        def slow(thing: NewDevice) -> User:
            making.made += 1
            if not inner:
                inner.append(ask())
            return User(id="u", email=thing.name, admin=False)

        return router

    api = Api(stage, dies)

    def ask() -> Answer:
        return api.ask("POST", "/slow", {"name": "a"}, headers={"Idempotency-Key": "k"})

    assert ask().status == 200
    assert (inner[0].status, inner[0].json["code"]) == (409, "still-at-it")
    assert making.made == 1


def test_after_a_day_a_key_is_new(api: Api, making: Making, stage: Stage) -> None:
    """An answer is kept for a day, whether or not the table has removed it by then."""
    _make(api, "k1")
    stage.clock.advance(KEPT - 1)
    _make(api, "k1")
    assert making.made == 1
    stage.clock.advance(2)
    _make(api, "k1")
    assert making.made == 2


def test_whoever_died_at_it_is_followed(api: Api, making: Making, stage: Stage) -> None:
    """One that began and was killed holds nobody off for longer than it can live."""
    before = stage.items.after

    def kill(change: object) -> None:
        del change
        stage.items.after = before
        raise SystemExit

    stage.items.after = kill
    with pytest.raises(SystemExit):
        _make(api, "k1")
    assert _make(api, "k1").status == 409
    stage.clock.advance(61)
    assert (_make(api, "k1").status, making.made) == (201, 1)


@pytest.mark.parametrize("key", ["", "a b", "ä", "x" * 256])
def test_a_key_is_short_and_plain(api: Api, making: Making, key: str) -> None:
    """What cannot be a key is said to be none, and nothing is made."""
    assert (_make(api, key).status, making.made) == (422, 0)
