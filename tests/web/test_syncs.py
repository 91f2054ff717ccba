"""Syncs over the API: made, seen, changed, paused, run and forgotten."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec import structs

from syncoxiders.cloud.web.routes.syncs import sync_routes
from syncoxiders.core.model import Entry, Kind
from syncoxiders.engine.pipeline import setting
from syncoxiders.engine.pipeline.removing import MANY
from syncoxiders.engine.pipeline.times import DEAD
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.state import Commit, Event, Observation
from tests.web.office import Office

HOUR = 3_600.0


@pytest.fixture
def office() -> Office:
    return Office((sync_routes,))


class TestMaking:
    def test_made(self, office: Office) -> None:
        """A sync is made with its rule, and looked at and planned at once."""
        office.world.a.write("file", b"content")
        rule = {"mode": "one-way", "keep": "Path2", "patterns": ["*.tmp"], "max_delete": "20 %"}
        answer = office.make(rule=rule)
        assert (answer.status, answer.headers["location"]) == (201, "/api/v1/syncs/photos")
        assert answer.headers["etag"] == f'"{answer.json["revision"]}"'
        made = answer.json["rule"]
        assert (made["mode"], made["keep"], made["max_delete"]) == ("one-way", "path2", "20%")
        assert made["patterns"] == ["*.tmp"]
        assert answer.json["state"] == "working"
        office.settle()
        assert office.world.b.tree() == {"file": b"content"}

    def test_made_once(self, office: Office) -> None:
        """What is asked for twice under one key is made once, and answered alike."""
        asked = {"name": "x", "endpoints": [{"account": "a"}, {"account": "b"}], "rule": {}}
        headers = {"idempotency-key": "k-1"}
        first, second = (office.ask("POST", "/syncs", asked, headers=headers) for _ in range(2))
        assert (first.status, second.status) == (201, 201)
        assert first.json == second.json
        assert office.ask("POST", "/syncs", asked).json["code"] == "sync-exists"

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"name": "a b"}, "body.name"),
            ({"name": ""}, "body.name"),
            ({"name": "x" * 65}, "body.name"),
            ({"endpoints": [{"account": "a"}]}, "body.endpoints"),
            ({"endpoints": [{"account": "a"}, {"account": "a"}]}, "body.endpoints.1.path"),
            (
                {"endpoints": [{"account": "a", "path": "x"}, {"account": "a", "path": "x/y"}]},
                "body.endpoints.1.path",
            ),
            (
                {"endpoints": [{"account": "a", "path": "x/../y"}, {"account": "b"}]},
                "body.endpoints.0.path",
            ),
            (
                {"endpoints": [{"account": "a", "path": "x\0y"}, {"account": "b"}]},
                "body.endpoints.0.path",
            ),
            ({"endpoints": [{"account": "a"}, {"account": "nobody"}]}, "body.endpoints.1.account"),
            ({"rule": {"mode": "both"}}, "body.rule.mode"),
            ({"rule": {"keep": "best"}}, "body.rule.keep"),
            ({"rule": {"keep": "path3"}}, "body.rule.keep"),
            ({"rule": {"patterns": ["ok", "[z-a"]}}, "body.rule.patterns.1"),
            ({"rule": {"patterns": ["a\nb"]}}, "body.rule.patterns.0"),
            ({"rule": {"patterns": ["x" * 101_000]}}, "body.rule.patterns"),
            ({"rule": {"max_delete": "many"}}, "body.rule.max_delete"),
            ({"rule": {"min_age": "soon"}}, "body.rule.min_age"),
            ({"rule": {"min_size": 9, "max_size": 3}}, "body.rule"),
            ({"rule": {"min_size": -1}}, "body.rule.min_size"),
            ({"rule": {"max_size": 10**30}}, "body.rule.max_size"),
            ({"else": 1}, "body.else"),
        ],
    )
    def test_cannot(self, office: Office, change: dict[str, Any], field: str) -> None:
        """What is wrong is told with its place, and nothing is made."""
        answer = office.make(**change)
        assert (answer.status, answer.json["code"]) == (422, "invalid")
        assert field in answer.json["fields"]
        assert office.get("/syncs") == {"items": []}

    def test_no_place_for_texts(self, office: Office) -> None:
        """Texts are merged only where there is a place to keep them."""
        app = office.api.stage.app
        assert office.make("one", rule={"auto_merge": True}).status == 201
        app.settings = structs.replace(app.settings, texts="")
        answer = office.make("two", rule={"auto_merge": True})
        assert answer.json["fields"].keys() == {"body.rule.auto_merge"}

    def test_bucket(self, office: Office) -> None:
        """A root in S3 begins with its bucket, and events of it call the account from then on."""
        office.world.registry.put_account("me", Account("aws", "s3"))
        other = {"account": "aws", "path": ""}
        answer = office.make(endpoints=[{"account": "a"}, other])
        assert answer.json["fields"].keys() == {"body.endpoints.1.path"}
        office.world.registry.put_account("me", Account("aws", "s3"), frozenset({"old"}))
        office.world.providers["aws"] = office.world.b
        folders = [{"account": "aws", "path": f"{each}/x"} for each in ("one", "two")]
        assert office.make(endpoints=folders).status == 201
        for each in ("old", "one", "two"):
            assert office.world.registry.called("s3", each) == [("me", "aws")]


class TestSeeing:
    def test_in_step(self, office: Office) -> None:
        """One that has nothing to do says so, with how much there is."""
        office.world.a.write("folder/file", b"content")
        office.make()
        office.settle()
        found = office.get("/syncs/photos")
        assert (found["state"], found["reason"]) == ("in-step", "Everything is in step.")
        assert [each["state"] for each in found["endpoints"]] == ["good", "good"]
        assert [each["files"] for each in found["endpoints"]] == [2, 2]
        assert (found["to_do"], found["conflicts"], found["problems"]) == (0, 0, [])
        assert office.get("/syncs")["items"] == [found]

    def test_new(self, office: Office) -> None:
        """One whose folders were not looked at yet says that this is being done."""
        found = office.make().json
        assert found["state"] == "working"
        assert "a and b are being looked at" in found["reason"]
        assert {each["state"] for each in found["endpoints"]} == {"looking"}

    def test_at_work(self, office: Office) -> None:
        """What is to be done is counted."""
        for number in range(3):
            office.world.a.write(f"{number}", b"content")
        office.make()
        office.world.failing = {"apply"}
        office.settle()
        found = office.get("/syncs/photos")
        assert (found["state"], found["to_do"]) == ("working", 3)
        assert found["reason"] == "3 changes to do."

    def test_news(self, office: Office) -> None:
        """Whose news are to be planned is said."""
        office.make()
        office.settle()
        office.world.failing = {"merge"}
        office.world.b.write("new", b"content")
        office.world.look()
        found = office.get("/syncs/photos")
        assert (found["state"], found["reason"]) == ("working", "News of b to be planned.")
        assert [each["state"] for each in found["endpoints"]] == ["good", "news"]

    @pytest.mark.parametrize(
        ("spoil", "words"),
        [
            (lambda office: office.world.registry.remove_account("me", "b"), "not connected"),
            (
                lambda office: office.world.registry.trouble("me", "b", "it was revoked"),
                "revoked; connect the account again",
            ),
            (
                lambda office: office.world.registry.pause("me", "b", 2e9),
                "wants to be left alone until 2033-05-18",
            ),
        ],
    )
    def test_away(self, office: Office, spoil: Callable[[Office], None], words: str) -> None:
        """Who takes no part is named, with why and what to do."""
        office.make()
        office.settle()
        spoil(office)
        found = office.get("/syncs/photos")
        assert found["state"] == "waiting"
        assert found["reason"].startswith("b: ")
        assert words in found["reason"]
        assert found["endpoints"][1]["state"] == "away"
        assert words in found["endpoints"][1]["reason"]

    def test_unreachable(self, office: Office) -> None:
        """One who does not answer is tried again by itself, which is said."""
        office.make()
        office.settle()
        office.world.b.offline = True
        office.world.look()
        office.world.look()
        found = office.get("/syncs/photos")
        assert found["state"] == "waiting"
        assert "b: it cannot be reached since" in found["reason"]
        assert any(each.startswith("b: ") for each in found["problems"])

    def test_put_off(self, office: Office) -> None:
        """What a provider did not take is tried again at a time that is told."""
        office.make()
        office.settle()
        office.world.a.write("file", b"content")
        office.world.failing = {"apply"}
        office.world.look()
        office.world.registry.pause("me", "b", office.world.clock.now() + 100)
        office.world.failing = set()
        office.settle()
        found = office.get("/syncs/photos")
        assert (found["state"], found["to_do"]) == ("waiting", 1)
        assert "1 change could not be done yet" in found["reason"]
        assert "b's provider wants to be left alone until" in found["reason"]

    def test_stopped(self, office: Office) -> None:
        """One that a guard stopped asks, and names the plan."""
        for number in range(5):
            office.world.a.write(f"{number}", b"content")
        office.make(rule={"max_delete": "2"})
        office.settle()
        for number in range(4):
            office.world.a.remove(f"{number}")
        office.world.look()
        found = office.get("/syncs/photos")
        assert found["state"] == "stopped"
        assert "4 of 5 files" in found["reason"]
        assert found["stopped"]["plan"]
        assert not found["stopped"]["preview"]

    def test_problems(self, office: Office) -> None:
        """What could not be done for a file is told with the sync, not only in a log."""
        office.make()
        office.settle()
        store = office.world.store()
        run = store.begin_run(office.world.clock.now())
        store.log(run, [Event("create", "b", "good"), Event("error", "b", "bad", "no such name")])
        assert office.get("/syncs/photos")["problems"] == ["b: bad: no such name"]
        store.begin_run(office.world.clock.now())
        assert office.get("/syncs/photos")["problems"] == []

    def test_others(self, office: Office) -> None:
        """Somebody else's sync is not there."""
        office.make()
        assert office.ask("GET", "/syncs", who="eve").json == {"items": []}
        for method, path, body in (
            ("GET", "/syncs/photos", None),
            ("PATCH", "/syncs/photos", {"paused": True}),
            ("DELETE", "/syncs/photos", None),
            ("POST", "/syncs/photos/run", None),
        ):
            answer = office.ask(method, path, body, who="eve")
            assert (answer.status, answer.json["code"]) == (404, "no-such-sync")
            other = path.replace("photos", "other")
            assert office.ask(method, other, body).status == 404
        assert not office.get("/syncs/photos")["paused"]


class TestChanging:
    def test_rule(self, office: Office) -> None:
        """Another rule takes effect at once, and has another ETag."""
        office.world.a.write("one.tmp", b"content")
        before = office.make(rule={"patterns": ["*.tmp"]})
        office.settle()
        assert office.world.b.tree() == {}
        headers = {"if-match": before.headers["etag"]}
        answer = office.ask("PATCH", "/syncs/photos", {"rule": {}}, headers=headers)
        assert answer.status == 200
        assert answer.headers["etag"] != before.headers["etag"]
        office.settle()
        assert office.world.b.tree() == {"one.tmp": b"content"}

    def test_changed_meanwhile(self, office: Office) -> None:
        """Who has seen another state changes and deletes nothing."""
        seen = {"if-match": office.make().headers["etag"]}
        assert office.ask("PATCH", "/syncs/photos", {"paused": True}).status == 200
        change = {"rule": {"mode": "copy"}}
        answer = office.ask("PATCH", "/syncs/photos", change, headers=seen)
        assert (answer.status, answer.json["code"]) == (412, "changed-meanwhile")
        assert office.ask("DELETE", "/syncs/photos", headers=seen).status == 412
        found = office.get("/syncs/photos")
        assert (found["rule"]["mode"], found["paused"]) == ("two-way", True)

    def test_raced(self, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
        """Two changes at the same time are both made."""
        office.make()
        registry = office.world.registry
        swap = registry.swap_sync

        def raced(owner: str, before: Any, settings: Any) -> bool:
            monkeypatch.setattr(registry, "swap_sync", swap)
            registry.put_sync(owner, structs.replace(before, max_delete="7"))
            return swap(owner, before, settings)

        monkeypatch.setattr(registry, "swap_sync", raced)
        assert office.ask("PATCH", "/syncs/photos", {"paused": True}).status == 200
        found = office.get("/syncs/photos")
        assert (found["paused"], found["rule"]["max_delete"]) == (True, "7")

    def test_paused(self, office: Office) -> None:
        """A paused sync plans nothing, says so, and cannot be run; resumed it goes on."""
        office.make()
        office.settle()
        found = office.ask("PATCH", "/syncs/photos", {"paused": True}).json
        assert (found["state"], found["paused"]) == ("paused", True)
        office.world.a.write("file", b"content")
        office.world.look()
        assert office.world.b.tree() == {}
        answer = office.ask("POST", "/syncs/photos/run")
        assert (answer.status, answer.json["code"]) == (409, "sync-paused")
        assert office.ask("PATCH", "/syncs/photos", {"paused": False}).json["state"] == "working"
        office.settle()
        assert office.world.b.tree() == {"file": b"content"}

    def test_nothing(self, office: Office) -> None:
        """A change of nothing changes nothing."""
        before = office.make()
        office.settle()
        answer = office.ask("PATCH", "/syncs/photos", {"paused": False, "rule": {}})
        assert answer.json["revision"] == before.json["revision"]

    def test_cannot(self, office: Office) -> None:
        """A rule that is not right is refused as when making a sync."""
        office.make()
        answer = office.ask("PATCH", "/syncs/photos", {"rule": {"keep": "path9"}})
        assert answer.json["fields"].keys() == {"body.rule.keep"}

    def test_run(self, office: Office) -> None:
        """Running has the folders looked at, whatever the providers told."""
        office.make()
        office.settle()
        office.world.b.write("file", b"content")
        assert office.ask("POST", "/syncs/photos/run").status == 202
        office.settle()
        assert office.world.a.tree() == {"file": b"content"}


class TestForgetting:
    def test_deleted(self, office: Office) -> None:
        """A sync that is deleted is not there, with all that was held of it; files stay."""
        office.world.a.write("file", b"content")
        etag = office.make().headers["etag"]
        office.settle()
        answer = office.ask("DELETE", "/syncs/photos", headers={"if-match": etag})
        assert answer.status == 204
        assert not answer.body
        assert office.ask("GET", "/syncs/photos").status == 404
        assert office.world.store().record() is None
        assert office.world.b.tree() == {"file": b"content"}

    def test_made_anew(self, office: Office) -> None:
        """One of the same name can be made once nobody can be at work on the former."""
        office.make()
        office.ask("DELETE", "/syncs/photos")
        assert office.make().json["code"] == "removed-just-now"
        office.world.clock.advance(DEAD)
        office.world.store().save_text("key", "by a worker that had begun")
        assert office.make().status == 201
        assert office.world.store().text("key") == ""

    def test_large(self, office: Office) -> None:
        """Nobody waits while much is removed: that is left to housekeeping."""
        office.make()
        many = [Entry(f"{each}", "/", f"{each}", Kind.FILE) for each in range(MANY + 1)]
        office.world.store().commit(Commit(observed=[Observation("a", put=many)]))
        assert office.ask("DELETE", "/syncs/photos").status == 204
        assert office.world.store().observed("a").count() == MANY + 1
        office.world.clock.advance(DEAD)
        assert office.make().json["code"] == "being-removed"
        assert setting.planning(office.world.store()).run == 0
