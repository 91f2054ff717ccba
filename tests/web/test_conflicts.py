"""Conflicts over the API: listed, looked into, and decided."""

import base64
from typing import Any

import pytest

from syncoxiders.cloud.web.pages import cursor
from syncoxiders.cloud.web.routes.conflicts import conflict_routes
from syncoxiders.cloud.web.routes.syncs import sync_routes
from syncoxiders.engine.desk import conflicts
from syncoxiders.engine.desk.conflicts import Place
from tests.web.office import Office

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


@pytest.fixture
def office() -> Office:
    return Office((sync_routes, conflict_routes))


def conflict(office: Office, *names: str, old: bytes = b"of a", new: bytes = b"of b!") -> None:
    """Have conflicts over files, of which the versions of ``b`` have the names."""
    for name in names:
        office.world.a.write(name, old)
    office.world.clock.advance(9.0)
    for name in names:
        office.world.b.write(name, new)
    office.make()
    office.settle()
    office.world.look()
    office.world.look()


def only(office: Office) -> tuple[dict[str, Any], str]:
    """Return the conflict that there is, and its address."""
    (found,) = office.get("/conflicts")["items"]
    return found, f"/syncs/photos/conflicts/{found['id']}"


class TestSeeing:
    def test_facts(self, office: Office) -> None:
        """Both versions are told: where they were made, how large and how old they are."""
        conflict(office, "x.txt")
        found, address = only(office)
        assert (found["kept"]["path"], found["kept"]["account"]) == ("x.txt", "b")
        assert (found["other"]["account"], found["other"]["size"]) == ("a", 4)
        assert found["other"]["path"].startswith("x.conflict-a-")
        assert found["kept"]["media"] == found["other"]["media"] == "text"
        assert not found["kept"]["deleted"]
        answer = office.ask("GET", address)
        assert answer.json == found
        assert answer.headers["etag"].startswith('"')
        assert office.get("/syncs/photos")["conflicts"] == 1

    def test_pages(self, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
        """All conflicts of all syncs are listed, each once; or those of one sync."""
        monkeypatch.setattr(conflicts, "PAGE", 3)
        conflict(office, *(f"{number}.txt" for number in range(7)))
        office.make("another")
        office.settle()
        found: list[str] = []
        query, sizes = "", []
        while True:
            page = office.get("/conflicts", query=query)
            sizes.append(len(page["items"]))
            found.extend(each["kept"]["path"] for each in page["items"])
            if page["next"] is None:
                break
            query = f"cursor={page['next']}"
        assert sorted(found) == sorted(f"{number}.txt" for number in range(7))
        assert max(sizes) <= 3
        assert office.get("/conflicts", query="sync=another")["items"] == []
        assert len(office.get("/conflicts", query="sync=photos")["items"]) == 3

    @pytest.mark.parametrize(
        ("name", "media", "kind"),
        [
            ("x.txt", "text", "text/plain; charset=utf-8"),
            ("x.HTML", "text", "text/plain; charset=utf-8"),
            ("x.svg", "text", "text/plain; charset=utf-8"),
            ("Makefile", "text", "text/plain; charset=utf-8"),
            ("x.png", "image", "image/png"),
            ("x.JPG", "image", "image/jpeg"),
        ],
    )
    def test_content(self, office: Office, name: str, media: str, kind: str) -> None:
        """Bytes come as they are, as a type that can do no harm, and may do nothing."""
        conflict(office, name, new=PNG)
        found, address = only(office)
        assert found["kept"]["media"] == media
        answer = office.ask("GET", f"{address}/content", query="version=kept")
        assert answer.status == 200
        assert base64.b64decode(answer.body) == PNG
        assert answer.headers["content-type"] == kind
        assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''")
        other = office.ask("GET", f"{address}/content", query="version=other")
        assert base64.b64decode(other.body) == b"of a"

    def test_odd_name(self, office: Office) -> None:
        """A name cannot say anything in a header but a name."""
        conflict(office, 'x";\r\nset-cookie: y=grün.txt')
        _, address = only(office)
        answer = office.ask("GET", f"{address}/content", query="version=kept")
        value = answer.headers["content-disposition"]
        assert (
            value == "attachment; filename*=UTF-8''x%22%3B%0D%0Aset-cookie%3A%20y%3Dgr%C3%BCn.txt"
        )

    def test_not_shown(self, office: Office) -> None:
        """What is neither a text nor an image is not shown."""
        conflict(office, "x.bin")
        found, address = only(office)
        assert found["kept"]["media"] == "other"
        answer = office.ask("GET", f"{address}/content", query="version=kept")
        assert (answer.status, answer.json["code"]) == (409, "cannot-be-shown")
        assert office.ask("GET", f"{address}/content", query="version=both").status == 422

    def test_too_large(self, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
        """Of a large one nothing is read."""
        monkeypatch.setattr(conflicts, "SHOWN", 4)
        conflict(office, "x.txt")
        _, address = only(office)
        reads = office.world.b.calls["read"] + office.world.a.calls["read"]
        answer = office.ask("GET", f"{address}/content", query="version=kept")
        assert (answer.status, answer.json["code"]) == (413, "too-large-to-show")
        assert office.world.b.calls["read"] + office.world.a.calls["read"] == reads
        assert office.ask("GET", f"{address}/content", query="version=other").status == 200

    def test_away(self, office: Office) -> None:
        """Where the provider does not answer that is said, and to try again."""
        conflict(office, "x.txt")
        _, address = only(office)
        office.world.a.offline = office.world.b.offline = True
        answer = office.ask("GET", f"{address}/content", query="version=kept")
        assert (answer.status, answer.json["code"]) == (503, "account-away")
        assert "try again" in answer.json["mend"]

    def test_cursor(self, office: Office) -> None:
        """What is no cursor of this list is refused, however it was made."""
        office.make()
        for wrong in ("x", cursor("runs", 3), cursor("conflicts", Place("photos", "x" * 2_000))):
            answer = office.ask("GET", "/conflicts", query=f"cursor={wrong}")
            assert (answer.status, list(answer.json["fields"])) == (422, ["query.cursor"])

    def test_others(self, office: Office) -> None:
        """Nobody sees, reads or decides another's conflicts."""
        conflict(office, "x.txt")
        _, address = only(office)
        assert office.ask("GET", "/conflicts", who="eve").json == {"items": [], "next": None}
        assert office.ask("GET", "/conflicts", who="eve", query="sync=photos").status == 404
        for method, path, body in (
            ("GET", address, None),
            ("GET", f"{address}/content", None),
            ("POST", f"{address}/resolve", {"take": "kept"}),
        ):
            query = "version=kept" if path.endswith("content") else ""
            assert office.ask(method, path, body, who="eve", query=query).status == 404
            wrong = path.replace(address, "/syncs/photos/conflicts/fff")
            answer = office.ask(method, wrong, body, query=query)
            assert (answer.status, answer.json["code"]) == (404, "no-such-conflict")
        assert len(office.get("/conflicts")["items"]) == 1


class TestDeciding:
    @pytest.mark.parametrize(
        ("asked", "expected"),
        [
            ({"take": "kept"}, {"x.txt": b"of b!"}),
            ({"take": "other"}, {"x.txt": b"of a"}),
            ({"take": "merged", "text": "grün"}, {"x.txt": "grün".encode()}),
        ],
    )
    def test_decided(
        self, office: Office, asked: dict[str, str], expected: dict[str, bytes]
    ) -> None:
        """What was chosen stands everywhere, and the conflict is gone."""
        conflict(office, "x.txt")
        _, address = only(office)
        etag = office.ask("GET", address).headers["etag"]
        answer = office.ask("POST", f"{address}/resolve", asked, headers={"if-match": etag})
        assert (answer.status, answer.body) == (204, "")
        office.settle()
        assert office.world.a.tree() == office.world.b.tree() == expected
        assert office.get("/conflicts") == {"items": [], "next": None}
        assert office.ask("GET", address).status == 404
        assert office.ask("POST", f"{address}/resolve", asked).status == 404

    def test_both(self, office: Office) -> None:
        """Both may stay."""
        conflict(office, "x.txt")
        _, address = only(office)
        assert office.ask("POST", f"{address}/resolve", {"take": "both"}).status == 204
        office.settle()
        assert set(office.world.a.tree().values()) == {b"of a", b"of b!"}
        assert office.get("/conflicts")["items"] == []

    def test_not_as_seen(self, office: Office) -> None:
        """Who has seen other versions decides nothing."""
        conflict(office, "x.txt")
        _, address = only(office)
        seen = {"if-match": office.ask("GET", address).headers["etag"]}
        office.world.b.write("x.txt", b"edited since")
        office.world.look()
        office.world.look()
        answer = office.ask("POST", f"{address}/resolve", {"take": "kept"}, headers=seen)
        assert (answer.status, answer.json["code"]) == (412, "changed-meanwhile")
        assert b"of a" in office.world.b.tree().values()
        assert office.ask("POST", f"{address}/resolve", {"take": "kept"}).status == 204

    @pytest.mark.parametrize(
        ("asked", "field"),
        [
            ({}, "body.take"),
            ({"take": "mine"}, "body.take"),
            ({"take": "merged"}, "body.text"),
            ({"take": "kept", "text": "x"}, "body.text"),
            ({"take": "merged", "text": "x" * 1_000_001}, "body.text"),
        ],
    )
    def test_unfit(self, office: Office, asked: dict[str, str], field: str) -> None:
        """What is not right is told with its place, and nothing is decided."""
        conflict(office, "x.txt")
        _, address = only(office)
        answer = office.ask("POST", f"{address}/resolve", asked)
        assert answer.status == 422
        assert field in answer.json["fields"]
        assert len(office.world.a.tree()) == 2
