"""Logging in by an OpenID provider: who is let in, and what is not believed."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from syncoxiders.adapters.oidc import OpenIdIssuer
from syncoxiders.cloud.secrets import of_app
from syncoxiders.ports.errors import Unreachable
from syncoxiders.ports.people import NotLetIn
from tests.emulators.openid import CLIENT, OpenId
from tests.emulators.serving import Server
from tests.functions.stage import Stage
from tests.web.conftest import Answer, Browser


@pytest.fixture
def openid() -> Iterator[OpenId]:
    emulator = OpenId()
    with Server(emulator) as server:
        emulator.url = server.url
        yield emulator


@pytest.fixture
def stage(openid: OpenId) -> Stage:
    found = Stage()
    found.settle(issuer=openid.url, client=CLIENT, administrator="Boss@example.com")
    found.app.admissions.invite("ada@example.com", admin=False)
    return found


def _sent_away(browser: Browser, then: str = "") -> str:
    """Begin a login; return where the provider leads back to."""
    answer = browser.ask("GET", f"/auth/login?next={then}" if then else "/auth/login")
    assert answer.status == 303
    back = httpx.get(answer.headers["location"]).headers["location"]
    assert back.startswith("https://hooks.example/auth/callback?")
    return str(back.removeprefix("https://hooks.example"))


def _log_in(browser: Browser, then: str = "") -> Answer:
    return browser.ask("GET", _sent_away(browser, then))


def _problem(answer: Answer) -> str:
    where = answer.headers["location"]
    assert where.startswith("/#/?login-problem="), where
    return where.partition("problem=")[2]


def test_who_was_invited_is_let_in(browser: Browser) -> None:
    """The whole way: to the provider, back, and in, to where they wanted to go."""
    answer = _log_in(browser, "/%23/syncs/photos")
    assert (answer.status, answer.headers["location"]) == (303, "/#/syncs/photos")
    who = browser.ask("GET", "/api/v1/session").json["user"]
    assert (who["email"], who["admin"]) == ("ada@example.com", False)
    assert browser.ask("GET", "/api/v1/deployment").json["login"] == "oidc"


def test_they_are_the_same_the_next_time(browser: Browser, stage: Stage, openid: OpenId) -> None:
    """Known by what the provider calls them, whatever their address is by then."""
    _log_in(browser)
    first = browser.ask("GET", "/api/v1/session").json["user"]
    openid.claims["email"] = "ada@new.example"
    other = Browser(stage)
    _log_in(other)
    second = other.ask("GET", "/api/v1/session").json["user"]
    assert second["id"] == first["id"]
    assert second["email"] == "ada@new.example"
    openid.claims |= {"sub": "somebody-else", "email": "ada@example.com"}
    third = Browser(stage)
    assert _problem(_log_in(third)) == "not-invited", "an invitation is used up"


def test_who_deploys_comes_by_the_provider_too(browser: Browser, openid: OpenId) -> None:
    """The administrator's address is the first user's, whose the accounts are that were there."""
    openid.claims["email"] = "BOSS@example.com"
    _log_in(browser)
    who = browser.ask("GET", "/api/v1/session").json["user"]
    assert (who["id"], who["admin"]) == ("me", True)


def test_what_the_browser_is_given(browser: Browser) -> None:
    """Its word is in a cookie for ten minutes; neither it nor what is derived is in the address."""
    answer = browser.ask("GET", "/auth/login")
    (cookie,) = answer.cookies
    for part in ("__Host-login=", "; Max-Age=600", "; HttpOnly", "; Secure", "; SameSite=Lax"):
        assert part in cookie
    query = httpx.URL(answer.headers["location"]).params
    assert query["code_challenge_method"] == "S256"
    assert browser.cookies["__Host-login"] not in answer.headers["location"]
    assert len({query["state"], query["nonce"], query["code_challenge"]}) == 3


@pytest.mark.parametrize("then", ["https://evil.example", "//evil.example", "/\\evil", "x", "/a b"])
def test_it_leads_to_our_own_pages_only(browser: Browser, then: str) -> None:
    """What would lead elsewhere leads to the beginning."""
    assert _log_in(browser, then).headers["location"] == "/"


def test_an_answer_is_for_the_browser_that_began(
    browser: Browser, stage: Stage, openid: OpenId
) -> None:
    """In another browser, with another state, for the second time, or too late it is not used."""
    back = _sent_away(browser)
    other = Browser(stage)
    assert _problem(other.ask("GET", back)) == "wrong-state"
    wrong = back.replace("state=", "state=x")
    assert _problem(browser.ask("GET", wrong)) == "wrong-state"
    assert not any(call.endswith("/token") for call in openid.calls), "nothing was asked for it"
    assert browser.ask("GET", back).headers["location"] == "/"
    assert _problem(browser.ask("GET", back)) == "wrong-state"
    late = _sent_away(browser)
    stage.clock.advance(601)
    assert _problem(browser.ask("GET", late)) == "wrong-state"
    assert _problem(browser.ask("GET", "/auth/callback")) == "wrong-state"


def test_who_says_no(browser: Browser, openid: OpenId) -> None:
    """A person who does not go on, or a provider that does not, lets nobody in."""
    openid.answer = {"error": "access_denied"}
    assert _problem(_log_in(browser)) == "denied"
    openid.answer = {"error": "server_error", "error_description": "secret"}
    assert _problem(_log_in(browser)) == "refused"
    assert browser.ask("GET", "/api/v1/session").status == 401


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"email_verified": False}, "not-verified"),
        ({"email_verified": None}, "not-verified"),
        ({"email": "eve@example.com"}, "not-invited"),
        ({"email": None}, "not-verified"),
        ({"iss": "https://evil.example"}, "refused"),
        ({"aud": "another"}, "refused"),
        ({"aud": [CLIENT, "another"], "azp": "another"}, "refused"),
        ({"exp": 1_000_000}, "refused"),
        ({"exp": None}, "refused"),
        ({"nonce": "x"}, "refused"),
        ({"nonce": None}, "refused"),
        ({"sub": None}, "refused"),
    ],
)
def test_what_is_not_believed(
    browser: Browser, stage: Stage, openid: OpenId, claims: dict[str, Any], code: str
) -> None:
    """An answer that is of somebody else, for somebody else, over, or unproven lets nobody in."""
    openid.claims |= claims
    assert _problem(_log_in(browser)) == code
    assert stage.app.people.users() == []
    assert "subject-1" not in stage.log.getvalue()


def test_whose_signature_it_is_not(browser: Browser, openid: OpenId) -> None:
    """Neither another key, nor no signature, nor one that we could make ourselves will do."""
    openid.signs_with = rsa.generate_private_key(65537, 2048)
    assert _problem(_log_in(browser)) == "refused"
    openid.signs_with, openid.algorithm = None, "none"  # type: ignore[assignment]  # as forged
    assert _problem(_log_in(browser)) == "refused"
    openid.signs_with, openid.algorithm = "x" * 64, "HS256"  # type: ignore[assignment]  # as forged
    assert _problem(_log_in(browser)) == "refused"


def test_who_is_known_by_asking_once_more(browser: Browser, openid: OpenId) -> None:
    """An address that is not in the token is asked for, but has to be the same person's."""
    openid.claims |= {"email": None, "email_verified": None}
    openid.beside = {"sub": "other", "email": "ada@example.com", "email_verified": True}
    assert _problem(_log_in(browser)) == "not-verified"
    openid.beside["sub"] = "subject-1"
    assert _log_in(browser).headers["location"] == "/"


@pytest.mark.parametrize("methods", [["client_secret_basic"], ["client_secret_post"]])
def test_a_client_with_a_secret(
    browser: Browser, stage: Stage, openid: OpenId, methods: list[str]
) -> None:
    """It is in the vault, and sent as the provider takes it."""
    openid.secret, openid.methods = "s3cr3t+/&", methods
    stage.vault.put(of_app("oidc"), openid.secret)
    assert _log_in(browser).headers["location"] == "/"


def test_a_provider_that_does_not_answer(browser: Browser, openid: OpenId) -> None:
    """It is said, and a second try goes well."""
    openid.faults.add("status", path="/.well-known/.*", status=503)
    assert _problem(browser.ask("GET", "/auth/login")) == "unreachable"
    openid.faults.add("status", path="/token", status=500)
    assert _problem(_log_in(browser)) == "unreachable"
    openid.faults.add("drop-before", path="/token")
    assert _problem(_log_in(browser)) == "unreachable"
    assert _log_in(browser).headers["location"] == "/"


def test_keys_that_were_changed(browser: Browser, stage: Stage, openid: OpenId) -> None:
    """A key of a new name is asked for at once; another one of the same name is not believed."""
    _log_in(browser)
    openid.signs_with = openid.key = rsa.generate_private_key(65537, 2048)
    assert _problem(_log_in(Browser(stage))) == "refused"
    openid.kid = "k2"
    assert _log_in(Browser(stage)).headers["location"] == "/"


def test_a_provider_is_asked_over_tls() -> None:
    """Without TLS anybody on the way could say who somebody is."""
    with pytest.raises(NotLetIn, match="TLS"):
        OpenIdIssuer("http://issuer.example", CLIENT).address("r", "s", "n", "v")


def test_a_provider_that_calls_itself_otherwise(openid: OpenId) -> None:
    """A discovery document of another issuer is not used; one that is none is told."""
    found = OpenIdIssuer(openid.url.replace("127.0.0.1", "localhost"), CLIENT)
    with pytest.raises(NotLetIn):
        found.address("r", "s", "n", "v")
    openid.faults.add("status", path="/.well-known/.*", status=200, body=b"[]")
    with pytest.raises(Unreachable):
        OpenIdIssuer(openid.url, CLIENT).address("r", "s", "n", "v")


def test_time_is_taken_from_the_token(openid: OpenId) -> None:
    """Clocks may differ by a minute, not by two."""
    issuer = OpenIdIssuer(openid.url, CLIENT)

    def come() -> str:
        away = issuer.address("https://here.example/cb", "s", "n", "v" * 43)
        back = httpx.get(away).headers["location"]
        code = httpx.URL(back).params["code"]
        return issuer.person("https://here.example/cb", code, "n", "v" * 43).email

    openid.claims["exp"] = int(time.time()) - 50
    assert come() == "Ada@Example.com"
    openid.claims["exp"] = int(time.time()) - 120
    with pytest.raises(NotLetIn):
        come()


def test_who_begins_without_end_is_held_off(browser: Browser) -> None:
    """Nobody has to be logged in to begin, so that an address may do it so often only."""
    for _ in range(100):
        assert browser.ask("GET", "/auth/login").status == 303
    assert browser.ask("GET", "/auth/login").status == 429


def test_who_only_looks_begins_and_ends_nothing(browser: Browser, stage: Stage) -> None:
    """HEAD, by which programs look what is behind a link, is not GET where that does something."""
    back = _sent_away(browser)
    for path in ("/auth/login", back, "/auth/once?code=x", "/oauth/callback?state=x"):
        assert browser.ask("HEAD", path).status == 405
    assert browser.ask("GET", back).headers["location"] == "/"
    assert len(stage.app.people.users()) == 1
