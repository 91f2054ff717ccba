"""Plans over the API: shown, looked at page by page, and let through; what is moving."""

from typing import Any

import pytest

from syncoxiders.adapters.memory.provider import MemoryProvider
from syncoxiders.cloud.web.routes.plans import plan_routes
from syncoxiders.cloud.web.routes.syncs import sync_routes
from syncoxiders.engine.desk import plans
from syncoxiders.ports.accounts import Account
from tests.web.office import Office


@pytest.fixture
def office() -> Office:
    return Office((sync_routes, plan_routes))


@pytest.fixture
def shown(office: Office) -> dict[str, Any]:
    """Have a sync of five files wait with its first plan; returns that as it is listed."""
    for number in range(5):
        office.world.a.write(f"folder/{number}", b"content")
    office.make(preview=True)
    office.settle()
    (found,) = office.get("/plans")["items"]
    assert isinstance(found, dict)
    return found


class TestPreview:
    def test_waits(self, office: Office, shown: dict[str, Any]) -> None:
        """A sync that is made with a preview asks, and says what it would do."""
        assert (shown["sync"], shown["preview"], shown["left_out"]) == ("photos", True, 0)
        totals = {(each["verb"], each["account"]): each for each in shown["totals"]}
        assert totals["create", "b"] == {
            "verb": "create",
            "account": "b",
            "endpoint": "b",
            "count": 5,
            "bytes": 35,
        }
        assert totals["make-folder", "b"]["count"] == 1
        found = office.get("/syncs/photos")
        assert (found["state"], found["stopped"]["preview"]) == ("stopped", True)
        assert found["stopped"]["plan"] == shown["id"]
        assert "Look at the plan, and let it through." in found["reason"]
        assert office.world.b.tree() == {}

    def test_pages(
        self, office: Office, shown: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Its pages hold each action once, and the totals are of all of it."""
        monkeypatch.setattr(plans, "PAGE", 4)
        address = f"/syncs/photos/plans/{shown['id']}"
        first = office.get(address)
        second = office.get(address, query=f"cursor={first['next']}")
        assert (len(first["items"]), len(second["items"]), second["next"]) == (4, 2, None)
        assert first["totals"] == second["totals"] == shown["totals"]
        items = [*first["items"], *second["items"]]
        assert {each["path"] for each in items} == {
            "folder",
            *(f"folder/{number}" for number in range(5)),
        }
        assert {each["size"] for each in items if each["verb"] == "create"} == {7}
        assert office.ask("GET", address, query="cursor=x").status == 422

    def test_let_through(self, office: Office, shown: dict[str, Any]) -> None:
        """Let through it is done, and asks no more."""
        answer = office.ask("POST", f"/syncs/photos/plans/{shown['id']}/approve")
        assert (answer.status, answer.json["name"]) == (202, "photos")
        office.settle()
        assert office.world.b.tree() == office.world.a.tree()
        assert office.get("/plans") == {"items": []}
        assert office.get("/syncs/photos")["state"] == "in-step"
        assert office.ask("GET", f"/syncs/photos/plans/{shown['id']}").status == 404

    def test_outdated(self, office: Office, shown: dict[str, Any]) -> None:
        """What was edited meanwhile is shown before it is done."""
        office.world.a.write("unseen", b"content")
        office.world.look()
        office.ask("POST", f"/syncs/photos/plans/{shown['id']}/approve")
        office.settle()
        assert office.world.b.tree() == {}
        (again,) = office.get("/plans")["items"]
        assert again["id"] != shown["id"]
        office.ask("POST", f"/syncs/photos/plans/{again['id']}/approve")
        office.settle()
        assert office.world.b.tree() == office.world.a.tree()

    def test_another(self, office: Office, shown: dict[str, Any]) -> None:
        """No other plan, and nobody else's, can be seen or let through."""
        for name, plan, who in (
            ("photos", "another", "me"),
            ("others", shown["id"], "me"),
            ("photos", shown["id"], "eve"),
        ):
            address = f"/syncs/{name}/plans/{plan}"
            assert office.ask("GET", address, who=who).status == 404
            assert office.ask("POST", f"{address}/approve", who=who).status == 404
        assert office.ask("GET", "/plans", who="eve").json == {"items": []}
        office.settle()
        assert office.world.b.tree() == {}

    def test_paused(self, office: Office, shown: dict[str, Any]) -> None:
        """What is let through of a paused sync is done once that goes on."""
        office.ask("PATCH", "/syncs/photos", {"paused": True})
        office.ask("POST", f"/syncs/photos/plans/{shown['id']}/approve")
        office.settle()
        assert office.world.b.tree() == {}
        office.ask("PATCH", "/syncs/photos", {"paused": False})
        office.settle()
        assert office.world.b.tree() == office.world.a.tree()


class TestGuards:
    def test_emptied(self, office: Office) -> None:
        """That a folder is empty is asked first, then what follows from it."""
        for number in range(31):
            office.world.a.write(f"{number}", b"content")
        office.make()
        office.settle()
        for number in range(31):
            office.world.a.remove(f"{number}")
        office.world.look()
        (first,) = office.get("/plans")["items"]
        assert (first["totals"], first["preview"]) == ([], False)
        assert "nothing is left in a" in first["reason"]
        assert office.get("/syncs/photos")["endpoints"][0]["state"] == "stopped"
        office.ask("POST", f"/syncs/photos/plans/{first['id']}/approve")
        office.settle()
        (second,) = office.get("/plans")["items"]
        assert [each["count"] for each in second["totals"]] == [31]
        office.ask("POST", f"/syncs/photos/plans/{second['id']}/approve")
        office.settle()
        assert office.world.b.tree() == {}

    def test_several(self, office: Office) -> None:
        """All that a sync asks is one plan, let through at once; what comes later is another."""
        world = office.world
        world.registry.put_account("me", Account("c", "memory"))
        third = world.providers["c"] = MemoryProvider(clock=world.clock, name="c")
        for number in range(9):
            world.a.write(f"{number}", b"content")
        endpoints = [{"account": each} for each in "abc"]
        office.make(endpoints=endpoints, rule={"max_delete": "2"})
        office.settle()
        third.exchange_root()
        for number in range(4):
            world.a.remove(f"{number}")
        world.look()
        (shown,) = office.get("/plans")["items"]
        assert "4 of 9 files" in shown["reason"]
        assert "the root of c is another folder" in shown["reason"]
        assert [(each["verb"], each["account"], each["count"]) for each in shown["totals"]] == [
            ("delete", "b", 4)
        ]
        assert office.get("/syncs/photos")["stopped"]["plan"] == shown["id"]
        address = f"/syncs/photos/plans/{shown['id']}"
        assert len(office.get(address)["items"]) == 4
        assert office.ask("POST", f"{address}/approve").status == 202
        office.settle()
        assert office.get("/plans") == {"items": []}
        assert world.a.tree() == world.b.tree() == third.tree()
        assert len(third.tree()) == 5
        refused = office.ask("POST", f"{address}/approve")
        assert (refused.status, refused.json["mend"]) == (404, "none waits")

    def test_later(self, office: Office) -> None:
        """What is asked since a plan was shown is not let through with it, and told to who asks."""
        world = office.world
        world.a.write("file", b"content")
        office.make()
        office.settle()
        world.b.exchange_root()
        world.look()
        (shown,) = office.get("/plans")["items"]
        world.a.exchange_root()
        world.look()
        (both,) = office.get("/plans")["items"]
        assert both["id"] != shown["id"]
        address = f"/syncs/photos/plans/{shown['id']}"
        assert office.ask("POST", f"{address}/approve").status == 202
        office.settle()
        (later,) = office.get("/plans")["items"]
        assert later["reason"].startswith("the root of a is another folder")
        refused = office.ask("POST", f"{address}/approve")
        assert refused.status == 404
        assert later["id"] in refused.json["mend"]
        assert office.ask("POST", f"/syncs/photos/plans/{both['id']}/approve").status == 202
        office.settle()
        assert office.get("/plans") == {"items": []}

    def test_no_plan(self, office: Office) -> None:
        """A folder that is lost is told of; there is nothing to let through."""
        office.make()
        office.settle()
        office.world.a.lose_root()
        office.world.look()
        assert office.get("/plans") == {"items": []}
        found = office.get("/syncs/photos")
        assert found["state"] == "waiting"
        assert "a: it cannot be reached since" in found["reason"]
        assert "the root is not there" in found["reason"]
        assert found["endpoints"][0]["state"] == "away"


class TestMoving:
    def test_what_waits(self, office: Office) -> None:
        """What is to be done is told with where it goes, and why it is not done yet."""
        office.world.a.write("folder/file", b"content")
        office.make()
        office.world.failing = {"apply"}
        office.settle()
        found = office.get("/syncs/photos/moving")
        assert found["total"] == 2
        folder, file = found["items"]
        assert (folder["verb"], folder["path"], folder["waits"]) == ("make-folder", "folder", "")
        assert (file["verb"], file["path"], file["size"]) == ("create", "folder/file", 7)
        assert (file["from_account"], file["to_account"]) == ("a", "b")
        office.world.registry.pause("me", "b", office.world.clock.now() + 100.0)
        found = office.get("/syncs/photos/moving")["items"]
        assert all("b's provider wants to be left alone until" in each["waits"] for each in found)
        office.world.failing = set()
        office.world.clock.advance(200.0)
        office.world.look()
        assert office.get("/syncs/photos/moving") == {"total": 0, "items": []}

    def test_bounded(self, office: Office) -> None:
        """Of very much some is told, what comes first before what waits for it, and how much."""
        for number in range(300):
            office.world.a.write(f"folder/{number}", b"content")
        office.make()
        office.world.failing = {"apply"}
        office.settle()
        found = office.get("/syncs/photos/moving")
        assert (found["total"], len(found["items"])) == (301, 50)
        assert found["items"][0]["verb"] == "make-folder"
        assert office.get("/syncs/photos")["to_do"] == 301
        assert any(each["waits"] == "others have to be done before" for each in found["items"])

    def test_others(self, office: Office) -> None:
        """What somebody else's sync does is not told."""
        office.make()
        assert office.ask("GET", "/syncs/photos/moving", who="eve").status == 404
