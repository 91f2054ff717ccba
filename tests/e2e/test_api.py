"""The API as a browser uses it, deployed, with all roles enforced: from the link to the logout.

Two emulated accounts are connected by their vendors' own pages, a sync is made of them, and what
they show is what counts. Nothing is asked of the tables.
"""

import json
import re
import ssl
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from local.connecting import reaching
from local.places import Emulated
from syncoxiders.cloud.people import login_link
from tests.aws.deployed import Cloud
from tests.e2e.clouds import FIRST, PATIENCE, SIDES
from tests.e2e.functions import until

pytestmark = pytest.mark.slow

SYNC = "by-the-api"
OURS = {"X-SyncOxiders": "console"}
"""What a request of the console's own pages has."""

HTML = {"Accept": "text/html,*/*;q=0.8"}


class Browser:
    """A browser at a deployment's console."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        certificate = cloud.emulator.certificate
        self.trusted = ssl.create_default_context(cafile=certificate) if certificate else None
        self.client = httpx.Client(
            base_url=cloud.stack.console, timeout=PATIENCE, trust_env=False, headers=OURS
        )

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        return self.client.request(method, f"/api/v1{path}", json=body, headers=headers)

    def sign_in(self, kind: str, name: str) -> str:
        """Connect an account by its vendor's page; returns where the browser is in the end."""
        begun = self.ask("POST", "/connections", {"kind": kind, "name": name})
        assert begun.status_code == 201, begun.text
        page = self.client.get(begun.json()["url"], headers=HTML)
        (choice,) = re.findall(r'id="allow" href="([^"]+)"', page.text)
        back = self.client.get(page.url.join(choice.replace("&amp;", "&")), headers=HTML)
        assert back.status_code == 302, back.text
        landed = self.client.get(back.headers["location"], headers=HTML)
        assert landed.status_code == 303, landed.text
        return str(landed.headers["location"])

    def listen(self, url: str) -> ClientConnection:
        return connect(url, ssl=self.trusted, proxy=None, open_timeout=PATIENCE)


@pytest.fixture(scope="module")
def clouds() -> Iterator[Emulated]:
    with Emulated() as found:
        yield found


@pytest.fixture
def browser(guarded: Cloud) -> Iterator[Browser]:
    found = Browser(guarded)
    with found.client:
        yield found


def test_from_the_link_to_the_logout(guarded: Cloud, clouds: Emulated, browser: Browser) -> None:
    """Log in, connect two accounts, keep them in step, hear of it at once, log out."""
    _nobody_yet(browser)
    with reaching(guarded.emulator, guarded.stack) as app:
        link = login_link(app)
    _log_in(browser, link)

    for kind in SIDES:
        registered = clouds.apps[kind]
        answer = browser.ask(
            "PUT",
            f"/providers/{kind}/app",
            {
                "client_id": registered.client_id,
                "client_secret": registered.client_secret,
                "url": registered.url,
            },
        )
        assert answer.status_code == 204, (answer, answer.headers, answer.text)
        assert browser.sign_in(kind, f"api-{kind}") == f"/#/accounts/api-{kind}?connected"
    accounts = browser.ask("GET", "/accounts").json()["items"]
    assert {each["name"] for each in accounts} >= {f"api-{kind}" for kind in SIDES}

    ticket = browser.ask("POST", "/live").json()["url"]
    with browser.listen(ticket) as heard:
        _make_sync(browser)
        hints = _until_heard(heard, {"type": "sync", "name": SYNC})
        assert hints  # of nobody else's things, and nothing but what they are called
        assert all(set(each) == {"type", "name"} for each in hints)
        until(lambda: _in_step(clouds), "the first sync")
        clouds.clouds["drive"].people.write("said.txt", b"said")
        assert browser.ask("POST", f"/syncs/{SYNC}/run").status_code < 300
        until(lambda: _of(clouds, "dropbox").get("said.txt") == b"said", "a new file")
        _until_heard(heard, {"type": "sync", "name": SYNC})
    with pytest.raises(InvalidStatus):
        browser.listen(ticket)
    until(lambda: _found(browser, "SAID") == {f"api-{kind}" for kind in SIDES}, "a search")

    _clear(browser)
    assert browser.ask("GET", "/files?q=said").json()["items"] == []
    word = browser.client.cookies["session"]
    assert browser.client.post("/auth/logout").status_code == 204
    assert browser.ask("GET", "/session").status_code == 401
    browser.client.cookies.set("session", word)  # as if somebody had kept it
    assert browser.ask("GET", "/session").status_code == 401


def _nobody_yet(browser: Browser) -> None:
    """Without a login there is the console's page, and 401 for everything else."""
    page = browser.client.get("/", headers=HTML)
    assert (page.status_code, page.headers["content-type"].partition(";")[0]) == (200, "text/html")
    for method, path in (("GET", "/syncs"), ("POST", "/live"), ("GET", "/nothing")):
        answer = browser.ask(method, path)
        assert (answer.status_code, answer.json()["code"]) == (401, "not-logged-in")
    told = browser.ask("GET", "/deployment")
    assert (told.status_code, told.json().get("login")) == (200, "once"), told.text
    with pytest.raises(InvalidStatus):
        browser.listen(browser.cloud.stack.outputs["Live"])


def _log_in(browser: Browser, link: str) -> None:
    """A look at the link uses nothing up; the button does, and logs in."""
    for _ in range(2):
        assert browser.client.get(link, headers=HTML).status_code == 200
    code = httpx.URL(link).params["code"]
    answer = browser.client.post("/auth/once", data={"code": code})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert browser.client.post("/auth/once", data={"code": code}).status_code == 404
    assert browser.ask("GET", "/session").json()["user"]["admin"] is True


def _make_sync(browser: Browser) -> None:
    """What is made twice under one key is made once."""
    endpoints = [{"account": f"api-{kind}", "path": "Root"} for kind in SIDES]
    asked = {"name": SYNC, "endpoints": endpoints, "rule": {}}
    key = {"Idempotency-Key": "made-by-a-test"}
    one, two = (browser.ask("POST", "/syncs", asked, **key) for _ in range(2))
    assert one.status_code == 201, one.text
    assert (two.status_code, two.json()["name"]) == (201, SYNC)


def _until_heard(heard: ClientConnection, hint: dict[str, str]) -> list[Any]:
    """Listen until something is said; returns what was."""
    found: list[Any] = []
    while hint not in found:
        found.append(json.loads(heard.recv(timeout=PATIENCE)))
    return found


def _of(clouds: Emulated, side: str) -> dict[str, bytes | None]:
    tree: dict[str, bytes | None] = clouds.clouds[side].people.tree()
    return tree


def _in_step(clouds: Emulated) -> bool:
    one, two = (_of(clouds, side) for side in SIDES)
    return one == two and set(one) >= FIRST


def _found(browser: Browser, text: str) -> set[str]:
    """Return the accounts in which a search finds something."""
    answer = browser.ask("GET", f"/files?q={text}")
    assert answer.status_code == 200, answer.text
    return {each["account"] for each in answer.json()["items"]}


def _clear(browser: Browser) -> None:
    """Forget it all, as a person does."""
    assert browser.ask("DELETE", f"/syncs/{SYNC}").status_code == 204
    for kind in SIDES:
        assert browser.ask("DELETE", f"/accounts/api-{kind}").status_code == 204
