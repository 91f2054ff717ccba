"""Runs and events over the API: page by page, of one sync and of all."""

from typing import Any

import pytest

from syncoxiders.cloud.web.routes.activity import activity_routes
from syncoxiders.cloud.web.routes.syncs import sync_routes
from syncoxiders.engine.desk import activity
from syncoxiders.ports.state import Event, RunRecord
from tests.web.office import Office


@pytest.fixture
def office() -> Office:
    found = Office((sync_routes, activity_routes))
    found.make("one")
    found.make("two")
    return found


def ran(
    office: Office, sync: str, at: float, *events: str, going: bool = False, parts: int = 1
) -> int:
    """Put a run into a log: events are ``verb path``, logged in so many parts."""
    store = office.world.pipeline.states.sync("me", sync)
    run = store.begin_run(at)
    told = [Event(verb, "a", path) for verb, _, path in (each.partition(" ") for each in events)]
    size = max(len(told) // parts, 1)
    for start in range(0, len(told), size):
        store.log(run, told[start : start + size])
    if not going:
        store.end_run(RunRecord(run, at, at + 1, "done", {"create": len(events)}))
    return run


def pages(office: Office, address: str, query: str = "") -> list[list[Any]]:
    """Return the items of all pages."""
    found: list[list[Any]] = []
    more: str | None = ""
    while more is not None:
        page = office.get(address, query=f"{query}&cursor={more}")
        found.append(page["items"])
        more = page["next"]
        assert len(found) < 100
    return found


class TestRuns:
    def test_pages(self, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
        """A sync's runs come newest first, each once, on pages of one size."""
        monkeypatch.setattr(activity, "PAGE", 3)
        for number in range(7):
            ran(office, "one", 1_000.0 + number, "create x")
        found = pages(office, "/syncs/one/runs")
        assert [[each["number"] for each in page] for page in found] == [[7, 6, 5], [4, 3, 2], [1]]
        assert found[0][0]["counts"] == {"create": 1}
        assert found[0][0]["started_at"].startswith("1970-01-01T00:16:46")
        assert pages(office, "/syncs/two/runs") == [[]]

    def test_one(self, office: Office) -> None:
        """A run is read by its number; what goes on has no end yet."""
        number = ran(office, "one", 1_000.0, "create x", going=True)
        found = office.get(f"/syncs/one/runs/{number}")
        assert (found["outcome"], found["ended_at"]) == ("", None)

    @pytest.mark.parametrize("parts", [1, 4, 30])
    def test_events(self, office: Office, monkeypatch: pytest.MonkeyPatch, parts: int) -> None:
        """Its log comes in order, each event once, however it was written."""
        monkeypatch.setattr(activity, "PAGE", 7)
        names = [f"create {number}" for number in range(30)]
        number = ran(office, "one", 1_000.0, *names, parts=parts)
        found = pages(office, f"/syncs/one/runs/{number}/events")
        assert [len(page) for page in found] == [7, 7, 7, 7, 2]
        events = [event for page in found for event in page]
        assert [each["path"] for each in events] == [str(each) for each in range(30)]
        assert [each["number"] for each in events] == list(range(30))

    @pytest.mark.parametrize("address", ["runs", "runs/1", "runs/1/events"])
    def test_others(self, office: Office, address: str) -> None:
        """What is not there, or is somebody else's, is 404; what is no number is 422."""
        ran(office, "one", 1_000.0, "create x")
        assert office.ask("GET", f"/syncs/one/{address}").status == 200
        assert office.ask("GET", f"/syncs/one/{address}", who="eve").status == 404
        assert office.ask("GET", f"/syncs/none/{address}").status == 404
        other = address.replace("1", "2")
        assert office.ask("GET", f"/syncs/one/{other}").status == (200 if other == "runs" else 404)
        wrong = address.replace("1", "x")
        assert office.ask("GET", f"/syncs/one/{wrong}").status == (200 if wrong == "runs" else 422)


class TestActivity:
    def test_newest_first(self, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
        """What happened comes newest first over all syncs, each once, across pages."""
        monkeypatch.setattr(activity, "PAGE", 2)
        ran(office, "one", 1_000.0, "create a", "create b")
        ran(office, "two", 2_000.0, "update c")
        ran(office, "one", 3_000.0)
        ran(office, "one", 4_000.0, "delete d", "move e")
        ran(office, "two", 5_000.0, "create f", going=True)
        found = pages(office, "/activity")
        assert [len(page) for page in found[:3]] == [2, 2, 2]
        events = [event for page in found for event in page]
        assert [each["path"] for each in events] == ["f", "e", "d", "c", "b", "a"]
        assert [each["sync"] for each in events] == ["two", "one", "one", "two", "one", "one"]
        times = [each["at"] for each in events]
        assert times == sorted(times, reverse=True)

    def test_filters(self, office: Office) -> None:
        """It can be asked for one sync, one verb, a part of a path, and all of these."""
        ran(office, "one", 1_000.0, "create Photos/a", "delete b")
        ran(office, "two", 2_000.0, "create photos/c")

        def paths(query: str) -> list[str]:
            return [event["path"] for page in pages(office, "/activity", query) for event in page]

        assert paths("sync=one") == ["b", "Photos/a"]
        assert paths("verb=create") == ["photos/c", "Photos/a"]
        assert paths("q=PHOTOS") == ["photos/c", "Photos/a"]
        assert paths("q=photos&sync=one&verb=delete") == []
        assert office.ask("GET", "/activity", query="sync=none").status == 404

    def test_bounded(self, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
        """A page looks at so much and no more; what is rare is found on a later one."""
        monkeypatch.setattr(activity, "LOOKED_AT", 50)
        ran(office, "one", 1_000.0, "create needle")
        ran(office, "one", 2_000.0, *(f"create {number}" for number in range(200)))
        found = pages(office, "/activity", "q=needle")
        assert [len(page) for page in found[:4]] == [0, 0, 0, 0]
        assert [event["path"] for page in found for event in page] == ["needle"]

    def test_goes_on(self, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
        """What happens between two pages is neither on the next one, nor moves it."""
        monkeypatch.setattr(activity, "PAGE", 2)
        ran(office, "one", 1_000.0, "create a", "create b", "create c")
        first = office.get("/activity")
        ran(office, "one", 2_000.0, "create new")
        ran(office, "two", 2_000.0, "create other")
        second = office.get("/activity", query=f"cursor={first['next']}")
        assert [each["path"] for each in first["items"] + second["items"]] == ["c", "b", "a"]

    def test_sync_removed(self, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
        """A sync that was removed between two pages is left out of the next."""
        monkeypatch.setattr(activity, "PAGE", 1)
        ran(office, "one", 1_000.0, "create a")
        ran(office, "two", 2_000.0, "create b", "create c")
        first = office.get("/activity")
        office.ask("DELETE", "/syncs/two")
        second = office.get("/activity", query=f"cursor={first['next']}")
        assert [each["path"] for each in second["items"]] == ["a"]

    def test_others(self, office: Office) -> None:
        """Nobody sees what another's syncs did, not even by a cursor of theirs."""
        ran(office, "one", 1_000.0, *(f"create {number}" for number in range(150)))
        cursor = office.get("/activity")["next"]
        assert office.ask("GET", "/activity", who="eve").json == {"items": [], "next": None}
        answer = office.ask("GET", "/activity", who="eve", query=f"cursor={cursor}")
        assert answer.json == {"items": [], "next": None}
        assert office.ask("GET", "/activity", who="eve", query="sync=one").status == 404
