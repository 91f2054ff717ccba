"""The console's files as a browser is given them."""

import base64
import gzip
from pathlib import Path
from typing import Any

import pytest

import functions.console
from infra.build import FUNCTIONS
from syncoxiders.cloud.site import Site
from tests.functions.stage import Context, Stage, request

PAGE = {"accept": "text/html,*/*;q=0.8", "sec-fetch-mode": "navigate"}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    (tmp_path / "js").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>Console</title>")
    (tmp_path / "js" / "main.js").write_text("export const a = 1;\n" * 200)
    (tmp_path / "icon.png").write_bytes(b"\x89PNG" * 1000)
    (tmp_path / "notes.json").write_text("{}")
    (tmp_path.parent / "secret.txt").write_text("secret")
    return Site(tmp_path, "wss://live.example/live")


def _body(answer: dict[str, Any]) -> bytes:
    return base64.b64decode(answer["body"])


def test_a_file_with_its_type(site: Site) -> None:
    """A file is given out as what it is, whole."""
    script = site.answer("GET", "/js/main.js", {})
    assert script["statusCode"] == 200
    assert script["headers"]["content-type"] == "text/javascript; charset=utf-8"
    assert _body(script).startswith(b"export const a")
    assert site.answer("GET", "/icon.png", {})["headers"]["content-type"] == "image/png"


def test_compressed_where_that_helps(site: Site) -> None:
    """A text is sent compressed to who takes that; the two forms have tags of their own."""
    plain = site.answer("GET", "/js/main.js", {"accept-encoding": "br"})
    packed = site.answer("GET", "/js/main.js", {"accept-encoding": "br, gzip;q=0.5"})
    assert packed["headers"]["content-encoding"] == "gzip"
    assert gzip.decompress(_body(packed)) == _body(plain)
    assert len(_body(packed)) < len(_body(plain)) / 10
    assert packed["headers"]["etag"] != plain["headers"]["etag"]
    assert {each["headers"]["vary"] for each in (plain, packed)} == {"Accept-Encoding"}
    for path, accepted in (("/js/main.js", "gzip;q=0"), ("/icon.png", "gzip"), ("/", "gzip")):
        answer = site.answer("GET", path, {"accept-encoding": accepted})
        assert "content-encoding" not in answer["headers"]


def test_what_is_known_is_not_sent_again(site: Site) -> None:
    """Who has a file already is told so, and keeps its headers."""
    tag = site.answer("GET", "/js/main.js", {})["headers"]["etag"]
    for known in (tag, f"W/{tag}", f'"x", {tag}'):
        again = site.answer("GET", "/js/main.js", {"if-none-match": known})
        assert (again["statusCode"], again["body"]) == (304, "")
        assert again["headers"]["etag"] == tag
    assert site.answer("GET", "/js/main.js", {"if-none-match": '"x"'})["statusCode"] == 200


def test_nothing_else_is_run_or_asked(site: Site) -> None:
    """A page runs our own scripts only, talks to us alone, and is in nobody's frame."""
    headers = site.answer("GET", "/", PAGE)["headers"]
    policy = dict(each.split(" ", 1) for each in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'self'"
    assert policy["connect-src"] == "'self' wss://live.example/live"
    assert policy["img-src"] == "'self' blob: data:"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-cache"


def test_who_goes_to_the_console_gets_there(site: Site) -> None:
    """An address that a person may type is the console; a file that is not there is not."""
    for path in ("/", "/index.html", "/accounts"):
        assert b"Console" in _body(site.answer("GET", path, PAGE))
    missing = ("/js/none.js", "/api/v1/nothing", "/a/b", "/notes.json", "/../secret.txt", "//x")
    for path in missing:
        assert site.answer("GET", path, PAGE)["statusCode"] == 404
    assert site.answer("GET", "/accounts", {"accept": "*/*"})["statusCode"] == 404
    assert site.answer("GET", "/", {"accept": "*/*"})["statusCode"] == 200
    assert site.answer("GET", "/accounts", {**PAGE, "sec-fetch-mode": "cors"})["statusCode"] == 404


def test_other_methods(site: Site) -> None:
    """HEAD is GET without the body; nothing can be sent here."""
    head = site.answer("HEAD", "/js/main.js", {})
    assert (head["statusCode"], head["body"]) == (200, "")
    wrong = site.answer("POST", "/", {})
    assert (wrong["statusCode"], wrong["headers"]["allow"]) == (405, "GET, HEAD")


def test_the_function(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The function gives out what is beside it; its build takes that along."""
    monkeypatch.setattr("functions.console.app", lambda: stage.app)
    functions.console.site.cache_clear()
    answer = functions.console.handler(request("/", method="GET", headers=PAGE), Context())
    assert _body(answer) == (FUNCTIONS / "console" / "index.html").read_bytes()
    functions.console.site.cache_clear()


@pytest.fixture
def stage() -> Stage:
    return Stage()
