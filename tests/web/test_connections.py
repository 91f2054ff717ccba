"""Signing in to accounts at providers: the whole way, and what does not lead to an account."""

import os
import ssl
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from syncoxiders.cloud.secrets import secret_of
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.people import Person
from tests.accounts.browser import visit
from tests.accounts.cloud import Cloud
from tests.emulators.serving import Server
from tests.functions.stage import Stage
from tests.web.conftest import Answer, Browser
from tests.web.hiding import MemoryCipher

SITE = "http://127.0.0.1:9"
"""Where nobody answers: the browser only says where it was sent."""

KINDS = ("drive", "dropbox", "onedrive")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def cloud(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The vendors, under TLS, without which Microsoft's library asks nobody."""
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    emulator = Cloud()
    with Server(emulator, context=context) as server:
        emulator.url = server.url  # type: ignore[attr-defined]  # for tests to find
        yield emulator


@pytest.fixture
def stage() -> Stage:
    found = Stage()
    found.settle(console=SITE)
    vars(found.app)["cipher"] = MemoryCipher()
    return found


@pytest.fixture
def browser(stage: Stage, cloud: Any) -> Browser:
    found = Browser(stage)
    found.log_in()
    for kind in KINDS:
        app = {"client_id": "client", "client_secret": "client-secret-value", "url": cloud.url}
        assert found.ask("PUT", f"/api/v1/providers/{kind}/app", app).status == 204
    return found


def _begin(browser: Browser, kind: str = "drive", name: str = "mine", **more: Any) -> Answer:
    return browser.ask("POST", "/api/v1/connections", {"kind": kind, "name": name, **more})


def _signed_in(browser: Browser, choice: str = "allow", **asked: Any) -> str:
    """Begin, and go to the provider; return where it leads back to."""
    begun = _begin(browser, **asked)
    assert begun.status == 201, begun.body
    back = visit(begun.json["url"], choice, os.environ["SSL_CERT_FILE"]).url
    assert back.startswith(f"{SITE}/oauth/callback?")
    return back.removeprefix(SITE)


def _connect(browser: Browser, choice: str = "allow", **asked: Any) -> str:
    """Go the whole way; return where the browser is in the end."""
    return _landed(browser, _signed_in(browser, choice, **asked))


def _landed(browser: Browser, path: str) -> str:
    answer = browser.ask("GET", path, console=False)
    assert answer.status == 303, answer.body
    return answer.headers["location"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_whole_way(browser: Browser, stage: Stage, cloud: Any, kind: str) -> None:
    """A person allows it, and the account is there: in the registry, the vault, and to be seen."""
    assert _connect(browser, kind=kind) == "/#/accounts/mine?connected"
    account = stage.account("mine").account
    assert (account.kind, account.client, account.identity) == (kind, "client", "ann@example.org")
    secret = secret_of(stage.vault, "me", "mine").get()
    assert secret is not None
    assert secret.refresh
    assert not secret.access
    assert secret.client_secret in cloud.secrets
    assert [each.account for each in stage.messages()] == ["mine"]
    assert browser.ask("GET", "/api/v1/accounts/mine").json["identity"] == "ann@example.org"
    (asked,) = [each for each in cloud.asked if "_choice" not in each]
    assert asked["code_challenge_method"] == "S256"
    if kind == "dropbox":
        assert stage.registry.called("dropbox", "dbid:1") == [("me", "mine")]
    if kind == "onedrive":
        assert account.settings["drive_id"] == "own"


def test_nothing_secret_lies_open(browser: Browser, stage: Stage, cloud: Any) -> None:
    """Neither the tables nor an address nor a log have a code, a token, a secret or a verifier."""
    begun = _begin(browser)
    held = str(stage.items.everything())
    assert "code_verifier" not in held
    state = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(begun.json["url"]).query))["state"]
    assert state not in held
    back = visit(begun.json["url"], cafile=os.environ["SSL_CERT_FILE"]).url.removeprefix(SITE)
    where = _landed(browser, back)
    everything = held + str(stage.items.everything()) + where + stage.log.getvalue()
    assert len(cloud.secrets) > 3
    for each in cloud.secrets:
        assert each not in everything


def test_settings_go_along(browser: Browser, stage: Stage) -> None:
    """What is chosen at the beginning is the account's; of SharePoint its first library is."""
    drive = {"shared_drive": "0ABC", "documents": "export"}
    _connect(browser, kind="drive", settings=drive)
    settings = stage.account("mine").account.settings
    assert (settings["drive_id"], settings["documents"]) == ("0ABC", "export")
    site = {"tenant": "common", "site": "https://contoso.example/sites/Team"}
    assert "connected" in _connect(browser, kind="onedrive", name="work", settings=site)
    assert stage.account("work").account.settings["drive_id"] == "lib-1"
    wrong = _begin(browser, kind="dropbox", name="box", settings={"tenant": "x"})
    assert (wrong.status, list(wrong.json["fields"])) == (422, ["body.settings.tenant"])


def test_who_says_no(browser: Browser, stage: Stage) -> None:
    """Without consent there is no account, and the answer is used up."""
    back = _signed_in(browser, "deny")
    assert _landed(browser, back) == "/#/accounts/mine?problem=denied"
    assert _landed(browser, back) == "/#/accounts?problem=wrong-state"
    assert stage.registry.accounts("me") == []


def test_an_answer_is_good_once(browser: Browser, stage: Stage) -> None:
    """The second time, or with another state, nothing is done."""
    back = _signed_in(browser)
    wrong = back.replace("state=", "state=x")
    assert _landed(browser, wrong) == "/#/accounts?problem=wrong-state"
    assert _landed(browser, "/oauth/callback") == "/#/accounts?problem=wrong-state"
    assert _landed(browser, back) == "/#/accounts/mine?connected"
    assert _landed(browser, back) == "/#/accounts?problem=wrong-state"
    assert len(stage.registry.accounts("me")) == 1


def test_an_answer_is_for_who_began(browser: Browser, stage: Stage) -> None:
    """Neither another person, nor another browser, nor nobody can finish what somebody began.

    Else one could have somebody else sign in to an account of one's own.
    """
    back = _signed_in(browser)
    stage.app.admissions.invite("eve@example.com", admin=False)
    eve = stage.app.admissions.admit(Person("i", "eve", "eve@example.com", verified=True))
    made = stage.app.sessions.begin(eve)
    assert made is not None
    others = Browser(stage)
    others.cookies["session"] = made[0]
    assert _landed(others, back) == "/#/accounts?problem=wrong-state"
    again = Browser(stage)
    again.log_in()
    assert _landed(again, back) == "/#/accounts?problem=wrong-state"
    assert _landed(Browser(stage), back) == "/#/accounts?problem=not-logged-in"
    assert _landed(browser, back) == "/#/accounts/mine?connected", "nothing was used up"


def test_what_a_program_began(browser: Browser, stage: Stage) -> None:
    """It is finished in a browser in which the same person is logged in."""
    me = stage.app.people.user("me")
    assert me is not None
    made = stage.app.sessions.begin(me, "a program")
    assert made is not None
    program = Browser(stage)
    bearer = {"authorization": f"Bearer {made[0]}"}
    asked = {"kind": "drive", "name": "mine"}
    begun = program.ask("POST", "/api/v1/connections", asked, headers=bearer, console=False)
    back = visit(begun.json["url"], cafile=os.environ["SSL_CERT_FILE"]).url.removeprefix(SITE)
    assert _landed(Browser(stage), back) == "/#/accounts?problem=not-logged-in"
    assert _landed(browser, back) == "/#/accounts/mine?connected"


def test_ten_minutes(browser: Browser, stage: Stage, cloud: Any) -> None:
    """An answer that comes too late, or a code that is over, is not taken; one begins anew."""
    back = _signed_in(browser)
    stage.clock.advance(601)
    assert _landed(browser, back) == "/#/accounts/mine?problem=expired"
    back = _signed_in(browser)
    cloud.ahead += 61
    assert _landed(browser, back) == "/#/accounts/mine?problem=expired"
    assert stage.registry.accounts("me") == []


def test_connecting_anew(browser: Browser, stage: Stage, cloud: Any) -> None:
    """The same person gives new tokens, and what was set stays; trouble is over."""
    _connect(browser, settings={"documents": "skip"})
    before = secret_of(stage.vault, "me", "mine").get()
    stage.registry.trouble("me", "mine", "connect it again")
    assert _connect(browser) == "/#/accounts/mine?connected"
    after = secret_of(stage.vault, "me", "mine").get()
    assert before is not None
    assert after is not None
    assert before.refresh != after.refresh
    connected = stage.account("mine")
    assert (connected.trouble, connected.account.settings["documents"]) == ("", "skip")

    cloud.identity = "eve@example.org"
    assert _connect(browser) == "/#/accounts/mine?problem=another-person"
    assert secret_of(stage.vault, "me", "mine").get() == after
    assert stage.account("mine").account.identity == "ann@example.org"


def test_scopes_that_are_lacking(browser: Browser, stage: Stage, cloud: Any) -> None:
    """Who unticks something is told, and nothing is kept."""
    cloud.granted = "https://www.googleapis.com/auth/drive.readonly"
    assert _connect(browser) == "/#/accounts/mine?problem=scopes-lacking"
    assert stage.registry.accounts("me") == []
    assert stage.vault.get("me/mine") is None


def test_a_provider_that_does_not_answer(browser: Browser, cloud: Any) -> None:
    """It is told, and can be tried again."""
    back = _signed_in(browser)
    cloud.faults.add("status", path="/token", status=503)
    assert _landed(browser, back) == "/#/accounts/mine?problem=unreachable"
    assert _connect(browser) == "/#/accounts/mine?connected"


def test_an_app_that_is_not_known(browser: Browser) -> None:
    """Without an app one is told who has to do what; a secret that is wrong is told as well."""
    browser.ask("DELETE", "/api/v1/providers/drive/app")
    answer = _begin(browser)
    assert (answer.status, answer.json["code"]) == (409, "no-app")
    app = {"client_id": "client", "client_secret": "wrong", "url": "http://127.0.0.1:9"}
    browser.ask("PUT", "/api/v1/providers/onedrive/app", app)
    answer = _begin(browser, kind="onedrive")
    assert (answer.status, answer.json["code"]) == (409, "not-begun")


def test_an_app_whose_secret_is_wrong(browser: Browser, stage: Stage, cloud: Any) -> None:
    """The provider refuses it, and nothing is kept."""
    app = {"client_id": "client", "client_secret": "wrong", "url": cloud.url}
    browser.ask("PUT", "/api/v1/providers/drive/app", app)
    assert _connect(browser) == "/#/accounts/mine?problem=refused"
    assert stage.registry.accounts("me") == []


def test_a_name_that_is_taken(browser: Browser, stage: Stage) -> None:
    """Another kind's name is taken; also by one that came while the person was away."""
    stage.registry.put_account("me", Account("mine", "s3"))
    answer = _begin(browser)
    assert (answer.status, answer.json["code"]) == (409, "name-taken")
    back = _signed_in(browser, name="late")
    stage.registry.put_account("me", Account("late", "s3"))
    assert _landed(browser, back) == "/#/accounts/late?problem=refused"


def test_removing_it_ends_the_access(browser: Browser, stage: Stage, cloud: Any) -> None:
    """What was allowed here is taken back at the provider as well, and the secret goes."""
    _connect(browser)
    assert browser.ask("DELETE", "/api/v1/accounts/mine").status == 204
    assert "POST /revoke" in cloud.calls
    assert stage.vault.get("me/mine") is None


def test_a_provider_cannot_lead_elsewhere(browser: Browser) -> None:
    """Where the person lands is ours, whatever comes back."""
    odd = "/oauth/callback?state=x&code=y&next=https://evil.example&error=//evil.example"
    assert _landed(browser, odd).startswith("/#/accounts?problem=")
