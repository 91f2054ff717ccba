"""The API as a whole: who may ask, and how errors are told."""

from importlib.metadata import Distribution, PackageNotFoundError

import pytest

from syncoxiders import __version__
from syncoxiders.cloud.web.routes.deployment import deployment
from tests.functions.stage import Stage
from tests.web.conftest import Api


def test_what_it_is_may_be_asked_by_anybody(stage: Stage) -> None:
    """Without a login one can learn how to log in, and nothing else."""
    api = Api(stage, deployment)
    answer = api.ask("GET", "/deployment", who="")
    assert (answer.status, answer.json["login"]) == (200, "once")


def test_the_version_is_in_the_code(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which version it is is known where it is no installed package, as in a function's layer."""

    def none(name: str) -> Distribution:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(Distribution, "from_name", none)
    answer = Api(stage, deployment).ask("GET", "/deployment", who="")
    assert (answer.status, answer.json["version"]) == (200, __version__)


def test_everything_else_needs_a_login(stage: Stage) -> None:
    """Without a login the answer is 401, whether there is something or not, right or wrong."""
    api = Api(stage, deployment)
    for method, path in (("GET", "/syncs"), ("POST", "/deployment"), ("GET", "/nothing")):
        answer = api.ask(method, path, who="")
        assert (answer.status, answer.json["code"]) == (401, "not-logged-in")
        assert answer.headers["content-type"] == "application/problem+json"


def test_an_unknown_address_is_a_problem_of_its_own(stage: Stage) -> None:
    """Where nothing is, the answer says so in the form of every other error."""
    answer = Api(stage, deployment).ask("GET", "/nothing")
    assert (answer.status, answer.json["code"]) == (404, "no-such-address")
