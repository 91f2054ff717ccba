"""``syncoxiders cloud search``, ``stats``, ``conflicts`` and people: asked, and told."""

from datetime import datetime
from typing import Any

import pytest

from tests.api.conftest import problem
from tests.cli.deployment import Cloud


def file(path: str, size: int | None = 1024, **more: Any) -> dict[str, Any]:
    return {
        "name": path.rpartition("/")[2],
        "path": path,
        "account": "work",
        "kind": "drive",
        "sync": "photos",
        "endpoint": "a",
        "type": "image",
        "size": size,
        **more,
    }


class TestSearch:
    def test_found(self, cloud: Cloud) -> None:
        """What fits is told, where it is and how large; not more than asked for."""
        folder = file("d", None, type="folder")
        first = {"items": [file("d/a.jpg"), folder], "next": "x", "pending": ["notes"]}
        last = {"items": [file("b.jpg"), file("c.jpg")], "next": None, "pending": []}
        cloud.there.say("GET", "/files", [first, last, first, last, first])
        said = cloud("search", "summer", "sea", "--type", "image", "--after", "2026-01-31")
        assert said.out == (
            "work:d/a.jpg  (1.0 KiB)\nwork:d/\nwork:b.jpg  (1.0 KiB)\nwork:c.jpg  (1.0 KiB)\n"
        )
        assert "notes" in said.err
        day = datetime(2026, 1, 31).astimezone().isoformat()
        query = {"q": "summer sea", "type": "image", "after": day, "limit": "50"}
        assert cloud.there.requests[0].query == query
        assert cloud.there.requests[1].query == {**query, "cursor": "x"}
        told = cloud("search", "--limit", "3", "--json").of("cloud-file")
        assert [each["path"] for each in told] == ["d/a.jpg", "d", "b.jpg"]
        assert "and more" in cloud("search", "--limit", "2").out

    def test_nothing(self, cloud: Cloud) -> None:
        """Where nothing fits it says so."""
        cloud.there.say("GET", "/files", {"items": [], "pending": []})
        assert cloud("search", "x", "--min-size", "1M").out == "Nothing was found.\n"
        assert cloud.there.requests[0].query == {"q": "x", "min_size": "1048576", "limit": "50"}

    def test_wrong(self, cloud: Cloud) -> None:
        """A day is a day."""
        assert "--after" in cloud("search", "--after", "yesterday", code=2).err


class TestStatistics:
    FIGURES = (
        ("work", "work", 2, 2048),
        ("home", "home", 1, 1024),
    )

    def test_told(self, cloud: Cloud) -> None:
        """Figures are told by account and type, with the largest, duplicates and changes."""
        amounts = [
            {"key": key, "account": each, "files": files, "bytes": size}
            for key, each, files, size in self.FIGURES
        ]
        types = [{**each, "key": "image"} for each in amounts]
        double = {"size": 1024, "wasted": 1024, "files": [file("a"), file("b", account="home")]}
        cloud.there.say(
            "GET",
            "/statistics",
            {
                "as_of": "2026-11-25T12:00:00Z",
                "by_account": amounts,
                "by_type": types,
                "days": [
                    {"day": "2026-11-24", "counts": {}},
                    {"day": "2026-11-25", "counts": {"create": 2}},
                ],
                "largest": [file("a")],
                "duplicates": [double],
                "pending": [],
            },
        )
        said = cloud("stats").out
        assert "  work     2.0 KiB  2 files\n" in said
        assert "  image     3.0 KiB  3 files\n" in said
        assert "work:a and home:b" in said
        assert "2026-11-25  2 create" in said
        assert "2026-11-24" not in said
        (told,) = cloud("stats", "--json").of("cloud-statistics")
        assert told["by_account"][0]["bytes"] == 2048


def conflict(**more: Any) -> dict[str, Any]:
    def version(path: str, each: str) -> dict[str, Any]:
        return {
            "path": path,
            "endpoint": each,
            "account": f"account-{each}",
            "size": 9,
            "modified_at": "2026-11-25T12:00:00Z",
            "media": "text",
            **more,
        }

    return {
        "id": "c1",
        "sync": "photos",
        "kept": version("a.txt", "a"),
        "other": version("a.conflict-b.txt", "b"),
    }


class TestConflicts:
    def test_listed(self, cloud: Cloud) -> None:
        """Conflicts are told with both versions, and how to decide."""
        page = {"items": [conflict()], "next": None}
        cloud.there.say("GET", "/conflicts", [{"items": []}, page, page, page])
        assert cloud("conflicts").out == "No conflicts.\n"
        said = cloud("conflicts").out
        assert "photos c1  a.txt" in said
        assert "other  the version of account-b" in said
        assert "1 conflict." in said
        cloud("conflicts", "list", "photos")
        assert cloud.there.requests[-1].query == {"sync": "photos"}
        (told,) = cloud("conflicts", "list", "--json").of("conflict")
        assert (told["path"], told["of"], told["id"]) == ("a.conflict-b.txt", "a.txt", "c1")
        assert told["mtime_ns"] == 1795608000 * 10**9

    def test_shown(self, cloud: Cloud) -> None:
        """Texts are shown by how they differ, and cannot command the terminal."""
        cloud.there.say("GET", "/syncs/photos/conflicts/c1", conflict())
        texts = [b"one\ntwo\n", b"one\n\x1bthree\n"]
        cloud.there.say("GET", "/syncs/photos/conflicts/c1/content", [*texts, b"a\n", b"a\r\n"])
        said = cloud("conflicts", "show", "photos", "c1").out
        assert "-two\n+\\x1bthree\n" in said
        assert "equal, line by line" in cloud("conflicts", "show", "photos", "c1").out

    @pytest.mark.parametrize("more", [{"media": "image"}, {"deleted": True}])
    def test_other(self, cloud: Cloud, more: dict[str, Any]) -> None:
        """Of what is no text, or gone, the facts are told."""
        cloud.there.say("GET", "/syncs/photos/conflicts/c1", conflict(**more))
        said = cloud("conflicts", "show", "photos", "c1").out
        assert ("deleted since" in said) is bool(more.get("deleted"))
        assert "kept" in said

    @pytest.mark.parametrize("take", ["kept", "other", "both"])
    def test_resolved(self, cloud: Cloud, take: str) -> None:
        """A conflict is decided."""
        cloud.there.say("POST", "/syncs/photos/conflicts/c1/resolve", None, 204)
        assert "Decided" in cloud("conflicts", "resolve", "photos", "c1", "--take", take).out
        assert cloud.sent() == {"take": take}

    def test_merged(self, cloud: Cloud) -> None:
        """A text that a person merged takes the place of both."""
        cloud.there.say("POST", "/syncs/photos/conflicts/c1/resolve", None, 204)
        args = ("conflicts", "resolve", "photos", "c1", "--take", "merged")
        cloud(*args, "--text", cloud.shell.write("merged", "bøth"))
        assert cloud.sent() == {"take": "merged", "text": "bøth"}
        cloud(*args, "--text", "-", stdin="typed")
        assert cloud.sent() == {"take": "merged", "text": "typed"}

    @pytest.mark.parametrize(
        ("args", "words"),
        [
            (["--take", "merged"], "--text"),
            (["--take", "kept", "--text", "left/binary"], "--text"),
            (["--take", "merged", "--text", "left/binary"], "UTF-8"),
            (["--take", "mine"], "mine"),
            ([], "--take"),
        ],
    )
    def test_wrong(self, cloud: Cloud, args: list[str], words: str) -> None:
        """What cannot be decided so is told before anything is asked."""
        (cloud.shell.left / "binary").write_bytes(b"\xff")
        assert words in cloud("conflicts", "resolve", "photos", "c1", *args, code=2).err
        assert cloud.there.calls == []


class TestPeople:
    def test_programs(self, cloud: Cloud) -> None:
        """Programs that may act for one are listed, and one is let in no longer."""
        program = {
            "id": "7",
            "name": "laptop",
            "since": "2026-11-25T12:00:00Z",
            "expires_at": "2027-01-01T00:00:00Z",
        }
        cloud.there.say("GET", "/programs", {"items": [program]})
        cloud.there.say("DELETE", "/programs/7", None, 204)
        assert cloud("programs").out.startswith("7  laptop, since")
        assert cloud("programs", "list", "--json").of("cloud-program")[0]["id"] == "7"
        cloud("programs", "remove", "7")

    def test_invited(self, cloud: Cloud) -> None:
        """An administrator lets somebody in, sees who was invited, and takes it back."""
        made = {"email": "bob@example.org", "admin": True, "invited_at": "2026-11-25T12:00:00Z"}
        cloud.there.say("POST", "/invitations", made, 201)
        cloud.there.say("GET", "/invitations", {"items": [made]})
        cloud.there.say("DELETE", "/invitations/bob%40example.org", None, 204)
        said = cloud("invite", "bob@example.org", "--admin")
        assert f"bob@example.org is let in at {cloud.there.url}" in said.out
        assert cloud.sent() == {"email": "bob@example.org", "admin": True}
        assert "bob@example.org, an administrator, invited" in cloud("invitations").out
        cloud("invitations", "remove", "bob@example.org")

    def test_users(self, cloud: Cloud) -> None:
        """Somebody is removed by their address, and only if that is meant."""
        user = {"id": "u7", "email": "bob@example.org", "admin": False}
        cloud.there.say("GET", "/users", {"items": [user]})
        cloud.there.say("DELETE", "/users/u7", None, 204)
        assert "bob@example.org, not seen yet" in cloud("users").out
        assert "there are: bob@example.org" in cloud("users", "remove", "eve", code=2).err
        cloud("users", "remove", "bob@example.org", stdin="n\n", code=1)
        assert not any(each.method == "DELETE" for each in cloud.there.requests)
        cloud("users", "remove", "bob@example.org", stdin="y\n")
        cloud("users", "remove", "u7", "--yes")

    def test_forbidden(self, cloud: Cloud) -> None:
        """Who is no administrator is told so."""
        cloud.there.say("GET", "/users", problem(403, "not-an-administrator", "ask one"))
        assert "ask one" in cloud("users", code=1).err
