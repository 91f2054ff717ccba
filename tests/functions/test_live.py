"""Connections of live updates, as API Gateway tells of them."""

from collections.abc import Mapping
from typing import Any

import pytest

import functions.live
from syncoxiders.engine.desk.live import ticket
from syncoxiders.ports.errors import StateUnavailable
from tests.functions.stage import Context, Stage


def event(route: str, connection: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
    """A WebSocket API's event, as AWS documents it."""
    kinds = {"$connect": "CONNECT", "$disconnect": "DISCONNECT", "$default": "MESSAGE"}
    found: dict[str, Any] = {
        "requestContext": {
            "routeKey": route,
            "eventType": kinds[route],
            "extendedRequestId": "Dl9Q9G8xoAMF0eg=",
            "requestTime": "25/Nov/2026:14:00:00 +0000",
            "messageDirection": "IN",
            "stage": "live",
            "connectedAt": 1795615200000,
            "requestTimeEpoch": 1795615200000,
            "identity": {"sourceIp": "192.0.2.1"},
            "requestId": "Dl9Q9G8xoAMF0eg=",
            "domainName": "a1b2c3.execute-api.us-east-1.amazonaws.com",
            "connectionId": connection,
            "apiId": "a1b2c3",
        },
        "isBase64Encoded": False,
    }
    if query is not None:
        found["queryStringParameters"] = dict(query)
    return found


def call(route: str, connection: str, query: Mapping[str, str] | None = None) -> int:
    status = functions.live.handler(event(route, connection, query), Context())["statusCode"]
    assert isinstance(status, int)
    return status


def connections(stage: Stage) -> list[str]:
    return [each.connection for each in stage.app.listeners.of("me")]


def test_a_connection(stage: Stage) -> None:
    """With a ticket one gets in, once; what is said is ignored; who goes is forgotten."""
    word, _ = ticket(stage.app.listeners, "me", "s1", stage.clock.now())
    assert call("$connect", "c1", {"ticket": word}) == 200
    assert call("$connect", "c2", {"ticket": word}) == 401
    assert call("$default", "c1") == 200
    assert connections(stage) == ["c1"]
    assert call("$disconnect", "c1") == 200
    assert connections(stage) == []


@pytest.mark.parametrize("query", [None, {}, {"ticket": ""}, {"ticket": "guessed"}])
def test_without_a_ticket(stage: Stage, query: Mapping[str, str] | None) -> None:
    """Without a ticket that we gave nobody gets in."""
    assert call("$connect", "c1", query) == 401
    assert connections(stage) == []


def test_without_the_table(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the table does not answer nobody gets in; who goes may go. The ticket is not logged."""

    def fail(*_: object, **__: object) -> None:
        raise StateUnavailable("the table does not answer")

    word, _ = ticket(stage.app.listeners, "me", "s1", stage.clock.now())
    for name in ("get", "write"):
        monkeypatch.setattr(stage.items, name, fail)
    assert call("$connect", "c1", {"ticket": word}) == 503
    assert call("$disconnect", "c1") == 200
    assert "the table does not answer" in stage.log.getvalue()
    assert word not in stage.log.getvalue()
