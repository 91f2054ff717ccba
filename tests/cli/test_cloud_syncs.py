"""``syncoxiders cloud syncs``: the command line and what is asked of the API by it."""

from typing import Any

import pytest

from tests.api.conftest import problem
from tests.cli.deployment import Cloud, account, sync
from tests.emulators.serving import Response

ADD = ("syncs", "add", "photos", "work:Photos/./2024/", "home:")


@pytest.fixture
def added(cloud: Cloud) -> Cloud:
    """A deployment that takes what it is given."""
    cloud.there.say("POST", "/syncs", sync(), 201)
    cloud.there.say("GET", "/accounts", {"items": [account(), account("home")]})
    return cloud


class TestShown:
    def test_none(self, cloud: Cloud) -> None:
        """Where there is none it says how to add one."""
        cloud.there.say("GET", "/syncs", {"items": []})
        assert "syncs add" in cloud("syncs").out
        assert cloud("syncs", "list", "--json").out == ""

    def test_some(self, cloud: Cloud) -> None:
        """A sync is told in a line, with what of its rule is not as usual."""
        rule = {"mode": "copy", "patterns": ["a", "b"], "auto_merge": True, "min_size": 1}
        cloud.there.say("GET", "/syncs", {"items": [sync(rule=rule, paused=True)]})
        assert cloud("syncs").out == (
            "photos: work:Photos and home: (copy, keeps newer, merges texts, 2 patterns, "
            "of some sizes or ages, paused)\n"
        )
        (told,) = cloud("syncs", "list", "--json").of("cloud-sync")
        assert (told["name"], told["rule"]["mode"], told["paused"]) == ("photos", "copy", True)


class TestAdded:
    def test_plain(self, added: Cloud) -> None:
        """Folders are named by their accounts; all else is as the deployment has it."""
        assert added(*ADD).out == "photos: work:Photos and home: (two-way, keeps newer)\n"
        assert added.sent(0) == {
            "name": "photos",
            "endpoints": [{"account": "work", "path": "Photos/2024"}, {"account": "home"}],
            "rule": {},
        }
        assert "idempotency-key" in added.there.requests[0].headers

    def test_options(self, added: Cloud) -> None:
        """The options are those of sync, patterns in their order."""
        lines = added.shell.write("rules", "*.bak\n# a comment\n!kept.bak\n")
        args: list[Any] = ["--exclude", "*.tmp", "--include", "kept.tmp", "--filter-from", lines]
        args += ["--exclude", "\\#odd", "--mode", "one-way", "--keep", "path2", "--auto-merge"]
        args += ["--max-delete", "20 %", "--min-size", "1K", "--max-age", "30d"]
        added(*ADD, *args)
        assert added.sent(0)["rule"] == {
            "mode": "one-way",
            "keep": "path2",
            "auto_merge": True,
            "patterns": ["*.tmp", "!kept.tmp", "*.bak", "# a comment", "!kept.bak", "\\#odd"],
            "min_size": 1024,
            "max_age": "30d",
            "max_delete": "20%",
        }

    def test_preview(self, added: Cloud) -> None:
        """Its first plan can be seen before anything is done."""
        assert "cloud plan photos" in added(*ADD, "--preview").out
        assert added.sent(0)["preview"] is True

    def test_deaf(self, cloud: Cloud) -> None:
        """Where no pushes come in that is told, and all else done."""
        deaf = account("home", health="deaf", reason="no pushes come in: no such folder")
        cloud.there.say("POST", "/syncs", sync(), 201)
        cloud.there.say("GET", "/accounts", {"items": [account(), deaf]})
        assert "home: no pushes come in" in cloud(*ADD, code=4).err

    @pytest.mark.parametrize(
        ("args", "words"),
        [
            (["-x", "left:", "right:"], "-x"),
            (["photos", "left:"], "at least two"),
            (["photos", "left:", "right"], "no folder of an account"),
            (["photos", "left:", ":right"], "no folder of an account"),
            (["photos", "left:", "right:../x"], "no folder of an account"),
            (["photos", "left:A", "left:A/b"], "lies inside"),
            (["photos", "left:", "left:"], "same folder"),
            (["photos", "left:", "right:", "--keep", "path3"], "only 2 folders"),
            (["photos", "left:", "right:", "--keep", "best"], "best"),
            (["photos", "left:", "right:", "--mode", "both"], "both"),
            (["photos", "left:", "right:", "--max-delete", "many"], "many"),
            (["photos", "left:", "right:", "--exclude", "[z-a"], "[z-a"),
            (["photos", "left:", "right:", "--exclude", "\udcff"], "UTF-8"),
            (["photos", "left:", "right:", "--filter-from", "none"], "none"),
            (
                ["photos", "left:", "right:", "--min-size", "9K", "--max-size", "1K"],
                "both at least",
            ),
        ],
    )
    def test_cannot(self, cloud: Cloud, args: list[str], words: str) -> None:
        """What is wrong with the command line is told before anything is asked."""
        assert words in cloud("syncs", "add", *args, code=2).err
        assert cloud.there.calls == []

    def test_there(self, cloud: Cloud) -> None:
        """Where there is one of the name the deployment says so."""
        there = problem(409, "sync-exists", "there is a sync 'photos' already", mend="choose")
        cloud.there.say("POST", "/syncs", there)
        assert "already: choose" in cloud(*ADD, code=2).err


class TestChanged:
    def test_some(self, cloud: Cloud) -> None:
        """What is not given stays; nobody else's change is undone."""
        rule = {"mode": "copy", "keep": "older", "patterns": ["*.tmp"], "max_delete": "10%"}
        cloud.there.say("GET", "/syncs/photos", sync(rule=rule))
        cloud.there.say("PATCH", "/syncs/photos", sync(rule=rule))
        cloud("syncs", "change", "photos", "--keep", "path2", "--min-age", "1d")
        assert cloud.sent() == {"rule": {**rule, "keep": "path2", "min_age": "1d"}}
        assert cloud.there.requests[-1].headers["if-match"] == '"r1"'

    def test_patterns(self, cloud: Cloud) -> None:
        """Patterns that are given take the place of all; all can be taken away."""
        rule = {"patterns": ["*.tmp"], "min_size": 5}
        cloud.there.say("GET", "/syncs/photos", sync(rule=rule))
        cloud.there.say("PATCH", "/syncs/photos", sync(rule=rule))
        cloud("syncs", "change", "photos", "--exclude", "*.bak")
        assert cloud.sent() == {"rule": {"patterns": ["*.bak"], "min_size": 5}}
        cloud("syncs", "change", "photos", "--no-filters", "--max-size", "1K")
        assert cloud.sent() == {"rule": {"max_size": 1024}}

    @pytest.mark.parametrize(
        ("args", "words"), [([], "otherwise"), (["--keep", "path3"], "only 2 folders")]
    )
    def test_wrong(self, cloud: Cloud, args: list[str], words: str) -> None:
        """A change of nothing, or to what cannot be, is refused."""
        cloud.there.say("GET", "/syncs/photos", sync())
        assert words in cloud("syncs", "change", "photos", *args, code=2).err

    def test_defaults(self, cloud: Cloud) -> None:
        """Help does not say of what stays that it would be set to something."""
        assert "[default:" not in cloud("syncs", "change", "--help").out


class TestActed:
    def test_paused(self, cloud: Cloud) -> None:
        """A sync is paused, and goes on."""
        cloud.there.say("PATCH", "/syncs/photos", [sync(paused=True), sync()])
        assert "paused" in cloud("pause", "photos").out
        assert cloud.sent() == {"paused": True}
        assert "paused" not in cloud("resume", "photos").out
        assert cloud.sent() == {"paused": False}

    def test_run(self, cloud: Cloud) -> None:
        """A sync is looked at now."""
        cloud.there.say("POST", "/syncs/photos/run", sync(), 202)
        assert "cloud status" in cloud("run", "photos").out

    def test_removed(self, cloud: Cloud) -> None:
        """A sync is forgotten."""
        cloud.there.say("DELETE", "/syncs/photos", None, 204)
        assert "no file was deleted" in cloud("syncs", "remove", "photos").out

    @pytest.mark.parametrize("command", ["pause", "resume", "run"])
    def test_nobody(self, cloud: Cloud, command: str) -> None:
        """A sync that is not there is told of."""
        missing = problem(404, "no-such-sync", "there is no sync 'pictures'")
        cloud.there.say("PATCH", "/syncs/pictures", missing)
        cloud.there.say("POST", "/syncs/pictures/run", missing)
        assert "no sync 'pictures'" in cloud(command, "pictures", code=2).err


TOTAL = {"verb": "delete", "account": "home", "endpoint": "b", "count": 30, "bytes": 0}
HEAD: dict[str, Any] = {
    "id": "p1",
    "sync": "photos",
    "reason": "30 of 31 would be deleted",
    "preview": False,
    "totals": [TOTAL],
}


class TestPlans:
    def page(self, *paths: str, **more: Any) -> Response:
        actions = [
            {"verb": "delete", "account": "home", "endpoint": "b", "path": each} for each in paths
        ]
        return Response(200, {**HEAD, "items": actions, **more})

    def test_waiting(self, cloud: Cloud) -> None:
        """What waits is told, with how much it would do."""
        cloud.there.say("GET", "/plans", [{"items": []}, *[{"items": [HEAD]}] * 2])
        assert cloud("plans").out == "No plan waits for you.\n"
        said = cloud("plans").out
        assert "photos, stopped: 30 of 31 would be deleted." in said
        assert "delete       home  30" in said
        assert "cloud plan photos" in said
        (told,) = cloud("plans", "--json").of("cloud-plan")
        assert told["id"] == "p1"

    def test_shown(self, cloud: Cloud) -> None:
        """A plan is shown whole, page by page."""
        pages = [self.page("a", "b", next="x", left_out=5), self.page("c")]
        cloud.there.say("GET", "/syncs/photos/plans/p1", pages * 3)
        stopped = {"reason": "so", "plan": "p1"}
        cloud.there.say("GET", "/syncs/photos", sync(stopped=stopped))
        said = cloud("plan", "photos").out
        assert said.count("delete       home  ") == 4
        assert "and 5 more" in said
        assert "cloud approve photos p1" in said
        assert cloud("log", "photos", "--plan", "p1").out == said
        told = cloud("plan", "photos", "p1", "--json")
        assert [each["path"] for each in told.of("planned")] == ["a", "b", "c"]
        assert told.of("stop")[0]["plan"] == "p1"

    def test_none(self, cloud: Cloud) -> None:
        """Where none waits it says so."""
        bare = sync(stopped={"reason": "the root is missing", "plan": ""})
        cloud.there.say("GET", "/syncs/photos", [sync(), bare])
        assert "no plan of photos waits" in cloud("plan", "photos", code=2).err
        assert "the root is missing" in cloud("plan", "photos", code=2).err

    def test_approved(self, cloud: Cloud) -> None:
        """Exactly this plan is let through."""
        cloud.there.say("POST", "/syncs/photos/plans/p1/approve", sync(), 202)
        assert "p1 goes on" in cloud("approve", "photos", "p1").out


class TestJson:
    """What was done is told to a program as it then is."""

    @pytest.mark.parametrize(
        "args",
        [
            ADD,
            ("syncs", "change", "photos", "--mode", "copy"),
            ("pause", "photos"),
            ("resume", "photos"),
            ("run", "photos"),
            ("approve", "photos", "p1"),
        ],
    )
    def test_sync(self, cloud: Cloud, args: tuple[str, ...]) -> None:
        """A sync that was made or changed is told once, and nothing else is."""
        for method, path in (
            ("POST", "/syncs"),
            ("GET", "/syncs/photos"),
            ("PATCH", "/syncs/photos"),
            ("POST", "/syncs/photos/run"),
            ("POST", "/syncs/photos/plans/p1/approve"),
        ):
            cloud.there.say(method, path, sync())
        cloud.there.say("GET", "/accounts", {"items": []})
        said = cloud(*args, "--json")
        assert [each["name"] for each in said.objects] == ["photos"]
        assert len(said.of("cloud-sync")) == 1

    def test_others(self, cloud: Cloud) -> None:
        """So are accounts and invitations."""
        made = {"email": "bob@example.org", "admin": False, "invited_at": "2026-11-25T12:00:00Z"}
        cloud.there.say("POST", "/invitations", made, 201)
        assert cloud("invite", "bob@example.org", "--json").of("cloud-invitation")[0] == {
            "schema": "syncoxiders.cloud-invitation/1",
            **made,
        }
        cloud.there.say("POST", "/accounts", account("disk"), 201)
        said = cloud("accounts", "add", "disk", "--folder", "left", "--json")
        assert said.of("cloud-account")[0]["name"] == "disk"
