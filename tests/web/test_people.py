"""Who is let in, by what they are known, and how that ends."""

import pytest

from syncoxiders.cloud.people import login_link
from syncoxiders.engine.desk.sessions import BROWSER, NOTED, PROGRAM
from syncoxiders.engine.pipeline.housekeeping import keep_house
from syncoxiders.engine.pipeline.times import DEAD
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.live import Listener
from syncoxiders.ports.people import Person, User
from syncoxiders.ports.registry import EndpointSettings, SyncSettings
from tests.functions.stage import Stage
from tests.web.conftest import Answer, Browser

COOKIE = "__Host-session"


def _come(stage: Stage, email: str, *, admin: bool = False) -> Browser:
    """Have somebody invited, and logged in."""
    stage.app.admissions.invite(email, admin=admin)
    user = stage.app.admissions.admit(Person("https://issuer.example", email, email, verified=True))
    return _as(stage, user)


def _as(stage: Stage, user: User) -> Browser:
    made = stage.app.sessions.begin(user)
    assert made is not None
    browser = Browser(stage)
    browser.cookies[COOKIE] = made[0]
    return browser


def test_a_link_lets_in_once(browser: Browser, stage: Stage) -> None:
    """It shows a button; pressing that logs in as the first administrator, and only once."""
    link = login_link(stage.app)
    assert link.startswith("https://hooks.example/auth/once?code=")
    path = link.removeprefix("https://hooks.example")
    page = browser.ask("GET", path)
    assert page.status == 200
    assert 'method="post"' in page.body
    assert "form-action 'self'" in page.headers["content-security-policy"]
    assert browser.ask("GET", "/api/v1/session").status == 401, "to look at it uses nothing up"

    code = path.partition("code=")[2]
    assert code in page.body
    answer = browser.ask("POST", "/auth/once", form={"code": code})
    assert (answer.status, answer.headers["location"]) == (303, "/")
    (cookie,) = answer.cookies
    for part in (f"{COOKIE}=", "; Path=/", "; HttpOnly", "; Secure", "; SameSite=Lax"):
        assert part in cookie
    assert browser.ask("GET", "/api/v1/session").json["user"]["id"] == "me"
    assert browser.ask("GET", "/api/v1/session").json["user"]["admin"] is True

    other = Browser(stage)
    assert other.ask("POST", "/auth/once", form={"code": code}).status == 404
    assert other.cookies == {}


def test_a_link_is_good_for_an_hour(browser: Browser, stage: Stage) -> None:
    """A link that is older lets nobody in."""
    code = login_link(stage.app).partition("code=")[2]
    stage.clock.advance(3601)
    assert browser.ask("POST", "/auth/once", form={"code": code}).status == 404


def test_a_link_from_another_page(browser: Browser, stage: Stage) -> None:
    """Another site cannot log somebody in as somebody else."""
    code = login_link(stage.app).partition("code=")[2]
    across = {"sec-fetch-site": "cross-site"}
    answer = browser.ask("POST", "/auth/once", form={"code": code}, headers=across)
    assert (answer.status, browser.cookies) == (403, {})


def test_what_is_in_a_link_is_shown_as_it_is(browser: Browser) -> None:
    """A page of ours holds nothing that others have put into its address."""
    page = browser.ask("GET", '/auth/once?code="><script>alert(1)</script>')
    assert "<script" not in page.body


def test_who_guesses_links_is_held_off(browser: Browser, stage: Stage) -> None:
    """After 30 that were none an address gets no more in that hour; others do."""
    for _ in range(30):
        assert browser.ask("POST", "/auth/once", form={"code": "x" * 43}).status == 404
    code = login_link(stage.app).partition("code=")[2]
    assert browser.ask("POST", "/auth/once", form={"code": code}).status == 429
    other = Browser(stage)
    answer = other.ask("POST", "/auth/once", form={"code": code}, source="192.0.2.2")
    assert answer.status == 303


def test_a_session_is_known_by_its_digest_only(browser: Browser, stage: Stage) -> None:
    """Who reads the table finds no word in it that would let them in."""
    browser.log_in()
    kept = str(stage.items.everything())
    assert browser.cookies[COOKIE] not in kept


def test_a_cookie_changes_something_from_our_pages_only(browser: Browser) -> None:
    """By a cookie one may look; to change something takes what no other origin can send."""
    browser.log_in()
    assert browser.ask("GET", "/api/v1/session", console=False).status == 200
    invitation = {"email": "a@example.com"}
    assert browser.ask("POST", "/api/v1/invitations", invitation, console=False).status == 401
    assert browser.ask("POST", "/auth/logout", console=False).status == 401
    assert browser.ask("POST", "/api/v1/invitations", invitation).status == 201


def test_without_tls_on_ones_own_machine(stage: Stage) -> None:
    """Where the console is at http, cookies are such as a browser takes there."""
    stage.settle(console="http://localhost:4566")
    browser = Browser(stage)
    browser.log_in()
    assert list(browser.cookies) == ["session"]
    assert browser.ask("GET", "/api/v1/session").status == 200


def test_logging_out(browser: Browser) -> None:
    """The session ends here, not only in the browser."""
    browser.log_in()
    kept = dict(browser.cookies)
    answer = browser.ask("POST", "/auth/logout")
    assert (answer.status, browser.cookies) == (204, {})
    browser.cookies = kept
    assert browser.ask("GET", "/api/v1/session").status == 401


def test_a_session_that_is_used_goes_on(browser: Browser, stage: Stage) -> None:
    """Each use counts, to an hour; unused it ends, and after some months it ends anyway."""
    browser.log_in()
    writes = stage.items.usage.writes
    browser.ask("GET", "/api/v1/session")
    assert stage.items.usage.writes == writes, "within the hour nothing is noted"
    began = stage.clock.now()
    while stage.clock.now() + BROWSER.idle - NOTED < began + BROWSER.whole:
        stage.clock.advance(BROWSER.idle - NOTED)
        assert browser.ask("GET", "/api/v1/session").status == 200
    stage.clock.advance(began + BROWSER.whole - stage.clock.now())
    assert browser.ask("GET", "/api/v1/session").status == 401

    browser.log_in()
    stage.clock.advance(BROWSER.idle)
    stage.items.reap(0)
    assert browser.ask("GET", "/api/v1/session").status == 401


@pytest.mark.parametrize("sent", ["Bearer x", "Basic eA==", "Bearer", "Bearer " + "x" * 43, "x"])
def test_what_proves_nothing(browser: Browser, sent: str) -> None:
    """A word that is none is 401, also if there is a cookie as well."""
    browser.log_in()
    answer = browser.ask("GET", "/api/v1/session", headers={"authorization": sent})
    assert answer.status == 401


def test_inviting(browser: Browser, stage: Stage) -> None:
    """Who was invited is listed until they come, and then is a user with things of their own."""
    browser.log_in()
    asked = {"email": " Ada@Example.com ", "admin": True}
    made = browser.ask("POST", "/api/v1/invitations", asked)
    assert (made.status, made.json["email"], made.json["admin"]) == (201, "ada@example.com", True)
    listed = browser.ask("GET", "/api/v1/invitations").json["items"]
    assert [each["email"] for each in listed] == ["ada@example.com"]

    ada = _as(stage, stage.app.admissions.admit(Person("i", "s", "ADA@example.com", verified=True)))
    assert browser.ask("GET", "/api/v1/invitations").json["items"] == []
    who = ada.ask("GET", "/api/v1/session").json["user"]
    assert (who["email"], who["admin"]) == ("ada@example.com", True)
    assert who["id"] != "me"
    again = browser.ask("POST", "/api/v1/invitations", asked)
    assert (again.status, again.json["code"]) == (409, "already-here")


def test_an_invitation_that_is_taken_back(browser: Browser) -> None:
    """It lets nobody in any more; one that is not there is 404."""
    browser.log_in()
    browser.ask("POST", "/api/v1/invitations", {"email": "a+b@example.com"})
    assert browser.ask("DELETE", "/api/v1/invitations/a%2Bb@example.com").status == 204
    assert browser.ask("DELETE", "/api/v1/invitations/a%2Bb@example.com").status == 404


@pytest.mark.parametrize("email", ["abc", "a@b#c", "a b@c", "@@@", "a@\u0000b", "<a>@b"])
def test_an_address_is_one(browser: Browser, email: str) -> None:
    """What is no address is not invited."""
    browser.log_in()
    answer = browser.ask("POST", "/api/v1/invitations", {"email": email})
    assert (answer.status, list(answer.json["fields"])) == (422, ["body.email"])


def test_only_administrators(stage: Stage) -> None:
    """Others may not invite, list, or remove anybody."""
    ada = _come(stage, "ada@example.com")
    asked: list[Answer] = [
        ada.ask("GET", "/api/v1/users"),
        ada.ask("DELETE", "/api/v1/users/me"),
        ada.ask("GET", "/api/v1/invitations"),
        ada.ask("POST", "/api/v1/invitations", {"email": "eve@example.com"}),
        ada.ask("DELETE", "/api/v1/invitations/eve@example.com"),
    ]
    assert {(each.status, each.json["code"]) for each in asked} == {(403, "not-an-administrator")}


def test_removing_a_person(browser: Browser, stage: Stage) -> None:
    """With a person go their sessions, accounts, secrets and syncs, and nobody else's."""
    browser.log_in()
    ada = _come(stage, "ada@example.com")
    owner = ada.ask("GET", "/api/v1/session").json["user"]["id"]
    for each in ("me", owner):
        stage.registry.put_account(each, Account("disk", "folder", settings={"path": "/d"}))
        endpoints = (EndpointSettings("a", "disk", "x"), EndpointSettings("b", "disk", "y"))
        stage.registry.put_sync(each, SyncSettings("both", endpoints))
        stage.vault.put(f"{each}/disk", "{}")

    assert browser.ask("DELETE", f"/api/v1/users/{owner}").status == 204
    assert ada.ask("GET", "/api/v1/session").status == 401
    assert (stage.registry.accounts(owner), stage.registry.syncs(owner)) == ([], [])
    assert stage.vault.get(f"{owner}/disk") is None
    assert owner in stage.registry.owners(), "until housekeeping has removed what was left"
    stage.clock.advance(DEAD)
    keep_house(stage.app.pipeline)
    assert stage.registry.owners() == ["me"]
    assert len(stage.registry.accounts("me")) == len(stage.registry.syncs("me")) == 1
    listed = browser.ask("GET", "/api/v1/users").json["items"]
    assert [each["id"] for each in listed] == ["me"]
    assert browser.ask("DELETE", f"/api/v1/users/{owner}").status == 404


def test_who_cannot_be_removed(browser: Browser, stage: Stage) -> None:
    """Nobody removes themselves, and nobody removes who deploys."""
    browser.log_in()
    ada = _come(stage, "ada@example.com", admin=True)
    owner = ada.ask("GET", "/api/v1/session").json["user"]["id"]
    assert browser.ask("DELETE", "/api/v1/users/me").status == 409
    assert ada.ask("DELETE", "/api/v1/users/me").status == 409
    assert ada.ask("DELETE", f"/api/v1/users/{owner}").status == 409


def test_who_is_being_removed_does_not_come_back(stage: Stage) -> None:
    """A login that was under way, or a removal that was cut off, leaves nobody in."""
    ada = _come(stage, "ada@example.com")
    owner = ada.ask("GET", "/api/v1/session").json["user"]["id"]
    user = stage.app.people.user(owner)
    assert user is not None
    stage.app.people.leave(owner)
    assert ada.ask("GET", "/api/v1/session").status == 401
    assert stage.app.sessions.begin(user) is None
    assert stage.app.people.sessions(owner) != [], "only what was there before"


def test_live_updates_end_with_the_login(browser: Browser, stage: Stage) -> None:
    """On what was opened by a login nothing is said once it has ended, however that came."""
    listeners = stage.app.listeners

    def listens(browser: Browser) -> tuple[str, str]:
        found = stage.app.sessions.find(browser.cookies[COOKIE])
        assert found is not None
        user, session = found
        now = stage.clock.now()
        listeners.put(Listener(f"c-{session.id}", user.id, session.id, now), now + 60)
        assert len(listeners.of(user.id)) == 1
        return user.id, session.id

    browser.log_in()
    ada = _come(stage, "ada@example.com")
    mine, (hers, session) = listens(browser)[0], listens(ada)
    browser.ask("POST", "/auth/logout")
    assert listeners.of(mine) == []
    stage.app.sessions.end(hers, session)
    assert listeners.of(hers) == []


def _asked(browser: Browser, name: str = "syncoxiders on desk") -> dict[str, str]:
    answer = browser.ask("POST", "/api/v1/devices", {"name": name})
    assert answer.status == 201
    return dict(answer.json)


def test_a_program_is_let_in(browser: Browser, stage: Stage) -> None:
    """It asks, a person says yes by its code, and it gets a token once; it can be ended."""
    program = Browser(stage)
    device = _asked(program)
    ask = {"device_code": device["device_code"]}
    assert device["verification_uri_complete"].endswith(f"/#/device?code={device['user_code']}")
    pending = program.ask("POST", "/api/v1/tokens", ask)
    assert (pending.status, pending.json["code"]) == (400, "authorization-pending")
    assert program.ask("POST", "/api/v1/tokens", ask).json["code"] == "slow-down"

    browser.log_in()
    typed = device["user_code"].lower().replace("-", " ")
    seen = browser.ask("GET", f"/api/v1/devices/{typed}")
    assert (seen.json["name"], seen.json["user_code"]) == (
        "syncoxiders on desk",
        device["user_code"],
    )
    decision = f"/api/v1/devices/{device['user_code']}/decision"
    assert browser.ask("POST", decision, {"allow": True}).status == 204
    assert browser.ask("POST", decision, {"allow": False}).status == 404, "it is said once"

    token = program.ask("POST", "/api/v1/tokens", ask).json["token"]
    assert program.ask("POST", "/api/v1/tokens", ask).json["code"] == "expired-token"
    bearer = {"authorization": f"Bearer {token}"}
    who = program.ask("GET", "/api/v1/session", headers=bearer, console=False).json
    assert (who["user"]["id"], who["device"]) == ("me", "syncoxiders on desk")
    assert token not in str(stage.items.everything())
    assert device["device_code"] not in str(stage.items.everything())

    (listed,) = browser.ask("GET", "/api/v1/programs").json["items"]
    assert listed["name"] == "syncoxiders on desk"
    assert browser.ask("DELETE", f"/api/v1/programs/{listed['id']}").status == 204
    assert program.ask("GET", "/api/v1/session", headers=bearer).status == 401
    assert browser.ask("DELETE", f"/api/v1/programs/{listed['id']}").status == 404


def test_a_program_is_refused(browser: Browser, stage: Stage) -> None:
    """No is no, and a program may ask for ten minutes only."""
    browser.log_in()
    program = Browser(stage)
    first, second = _asked(program), _asked(program)
    decision = f"/api/v1/devices/{first['user_code']}/decision"
    browser.ask("POST", decision, {"allow": False})
    refused = program.ask("POST", "/api/v1/tokens", {"device_code": first["device_code"]})
    assert (refused.status, refused.json["code"]) == (400, "access-denied")
    stage.clock.advance(601)
    late = program.ask("POST", "/api/v1/tokens", {"device_code": second["device_code"]})
    assert (late.status, late.json["code"]) == (400, "expired-token")
    assert browser.ask("GET", f"/api/v1/devices/{second['user_code']}").status == 404


def test_a_program_lets_no_other_in(browser: Browser, stage: Stage) -> None:
    """Only a person in a browser says who may act for them, and only they see their programs."""
    browser.log_in()
    me = stage.app.people.user("me")
    assert me is not None
    made = stage.app.sessions.begin(me, "first program")
    assert made is not None
    bearer = {"authorization": f"Bearer {made[0]}"}
    program = Browser(stage)
    device = _asked(program)
    path = f"/api/v1/devices/{device['user_code']}/decision"
    answer = program.ask("POST", path, {"allow": True}, headers=bearer, console=False)
    assert (answer.status, answer.json["code"]) == (403, "not-for-programs")
    ada = _come(stage, "ada@example.com")
    assert ada.ask("GET", "/api/v1/programs").json["items"] == []
    assert ada.ask("DELETE", f"/api/v1/programs/{made[1].id}").status == 404
    stage.clock.advance(PROGRAM.idle)
    assert browser.ask("GET", "/api/v1/session").status == 401
    assert program.ask("GET", "/api/v1/session", headers=bearer).status == 401


def test_who_guesses_codes_is_held_off(browser: Browser, stage: Stage) -> None:
    """After 20 wrong codes a person gets no more in that hour, not even a right one."""
    browser.log_in()
    device = _asked(Browser(stage))
    for _ in range(20):
        assert browser.ask("GET", "/api/v1/devices/BBBB-BBBB").status == 404
    held = browser.ask("GET", f"/api/v1/devices/{device['user_code']}")
    assert (held.status, held.headers["retry-after"]) == (429, "3600")
    stage.clock.advance(3600)
    assert browser.ask("GET", "/api/v1/devices/BBBB-BBBB").status == 404


def test_who_asks_without_end_is_held_off(stage: Stage) -> None:
    """Nobody has to be logged in to ask, so that an address may do it so often only."""
    browser = Browser(stage)
    for _ in range(60):
        _asked(browser)
    assert browser.ask("POST", "/api/v1/devices", {"name": "x"}).status == 429
    for _ in range(60):
        browser.ask("POST", "/api/v1/tokens", {"device_code": "x"})
    assert browser.ask("POST", "/api/v1/tokens", {"device_code": "x"}).status == 429
    # An IPv6 network is one subscriber's.
    for number in range(60):
        source = f"2001:db8::{number + 1:x}"
        browser.ask("POST", "/api/v1/devices", {"name": "x"}, source=source)
    source = "2001:db8::ffff:1"
    assert browser.ask("POST", "/api/v1/devices", {"name": "x"}, source=source).status == 429
