"""A ticket for live updates."""

from urllib.parse import parse_qs, urlsplit

import msgspec

from syncoxiders.cloud.web.routes.live import live
from syncoxiders.engine.desk.live import begin
from tests.functions.stage import Stage
from tests.web.conftest import Api


def test_a_ticket(stage: Stage) -> None:
    """Who is logged in gets an address that opens one connection of theirs."""
    stage.app.settings = msgspec.structs.replace(stage.app.settings, live="wss://live.example/live")
    answer = Api(stage, live).ask("POST", "/live", who="ann")
    assert answer.status == 200
    address = urlsplit(answer.json["url"])
    assert (address.scheme, address.netloc, address.path) == ("wss", "live.example", "/live")
    (word,) = parse_qs(address.query)["ticket"]
    listeners, now = stage.app.listeners, stage.clock.now()
    assert begin(listeners, word, "c1", now)
    assert [each.connection for each in listeners.of("ann")] == ["c1"]


def test_without_live_updates(stage: Stage) -> None:
    """Where there are none it is said so, in a way that a program can tell."""
    answer = Api(stage, live).ask("POST", "/live")
    assert (answer.status, answer.json["code"]) == (404, "no-live-updates")


def test_without_a_login(stage: Stage) -> None:
    """Nobody gets a ticket without a login."""
    assert Api(stage, live).ask("POST", "/live", who="").status == 401
