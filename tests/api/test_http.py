"""How the client asks: proved, repeated where that does no harm, and understood."""

import logging
import re
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest
import trustme

from syncoxiders.api.addresses import checked
from syncoxiders.api.client import Client
from syncoxiders.api.errors import AddressError, ApiError
from syncoxiders.api.http import ATTEMPTS
from syncoxiders.api.shapes.accounts import App, NewAccount
from syncoxiders.api.shapes.conflicts import Resolution
from syncoxiders.api.shapes.people import Token
from syncoxiders.api.shapes.syncs import Rule, SyncChange
from syncoxiders.ports.errors import Unreachable
from tests.api.conftest import PREFIX, TOKEN, Deployment, problem
from tests.emulators.serving import Response, Server

WHO = {
    "user": {"id": "u", "email": "ann@example.org", "admin": False, "new": "field"},
    "expires_at": "2027-01-01T00:00:00Z",
    "another": ["new", "field"],
}

KEPT = Resolution(take="kept")


class TestProof:
    def test_token(self, there: Deployment, client: Client) -> None:
        """A request is proved by the token, and says which version asks."""
        there.say("GET", "/session", WHO)
        assert client.sessions.current().user.email == "ann@example.org"
        (request,) = there.requests
        assert request.headers["authorization"] == f"Bearer {TOKEN}"
        assert request.headers["user-agent"].startswith("syncoxiders/")

    def test_without(self, there: Deployment) -> None:
        """Without a token nothing is sent in its place."""
        there.say("GET", "/deployment", {"version": "1", "login": "once"})
        with there.client("") as client:
            assert client.sessions.deployment().login == "once"
        assert "authorization" not in there.requests[0].headers

    def test_secret(
        self, there: Deployment, client: Client, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The token is in no text: of the client, of an error that quotes it, in a log."""
        there.say("GET", "/session", problem(403, "no", f"you are {TOKEN}, are you not"))
        with caplog.at_level(logging.DEBUG), pytest.raises(ApiError) as caught:
            client.sessions.current()
        texts = [repr(client), repr(client._http), str(caught.value), caplog.text]
        assert all(TOKEN not in text for text in texts)
        assert "you are …" in str(caught.value)

    def test_shapes(self) -> None:
        """What is secret in a shape is not in its text."""
        new = NewAccount(
            name="a", kind="s3", secret_access_key=TOKEN, refresh_token=TOKEN, client_secret=TOKEN
        )
        assert TOKEN not in repr(new)
        assert TOKEN not in repr(App(client_id="id", client_secret=TOKEN))
        assert TOKEN not in repr(Token(token=TOKEN, expires_at=datetime.now(UTC)))

    def test_elsewhere(self, there: Deployment, client: Client) -> None:
        """Nobody is followed elsewhere with the token."""
        there.say("GET", "/session", Response(302, b"", {"Location": f"{there.url}/other"}))
        with pytest.raises(ApiError, match="no deployment of SyncOxiders"):
            client.sessions.current()
        assert len(there.calls) == 1


class TestAddresses:
    @pytest.mark.parametrize(
        ("given", "address"),
        [
            ("https://a.example", "https://a.example"),
            ("a.example", "https://a.example"),
            (" HTTPS://A.example:8443/ ", "https://a.example:8443"),
            ("https://a.example/api/v1/", "https://a.example"),
            ("https://a.example/stage#x", "https://a.example/stage"),
            ("http://127.0.0.1:4566/_aws/x/$default", "http://127.0.0.1:4566/_aws/x/$default"),
            ("http://[::1]:80", "http://[::1]:80"),
            ("http://localhost:1", "http://localhost:1"),
        ],
    )
    def test_forms(self, given: str, address: str) -> None:
        """An address has one form; by http only what is on this machine is asked."""
        assert checked(given) == address

    @pytest.mark.parametrize(
        "given",
        [
            "",
            "http://a.example",
            "http://127.0.0.1.example",
            "http://10.0.0.1",
            "ftp://a.example",
            "https://ann:secret@a.example",
            "https://a.example:port",
            "https://",
            "https://a.example/\n",
            "https://[::1",
        ],
    )
    def test_wrong(self, given: str) -> None:
        """What is no address, or could be overheard, is refused; no password is in the text."""
        if given == "https://a.example/\n":
            assert checked(given) == "https://a.example"
            given = "https://a.exa\x1bmple"
        with pytest.raises(AddressError) as caught:
            Client(given)
        assert "ann:secret" not in str(caught.value)


class TestRepeated:
    @pytest.mark.parametrize("kind", ["drop-before", "drop-after", "cut"])
    def test_reading(self, there: Deployment, client: Client, kind: str) -> None:
        """What only reads is asked again, after a pause that grows."""
        there.say("GET", "/session", WHO)
        there.faults.add(kind, path="session", times=2)  # type: ignore[arg-type]  # one of those
        assert client.sessions.current().user.id == "u"
        assert len(there.waits) == 2
        assert 0.0 < there.waits[0] < 1.0
        assert there.waits[1] < 2.0

    @pytest.mark.parametrize("status", [429, 502, 503, 504])
    def test_busy(self, there: Deployment, client: Client, status: int) -> None:
        """A deployment that is busy is asked again."""
        there.say("GET", "/session", WHO)
        there.faults.add("status", path="session", status=status)
        assert client.sessions.current().user.id == "u"

    def test_told(self, there: Deployment, client: Client) -> None:
        """Where it says when to ask again, that is when; if that is long, a person decides."""
        there.say("GET", "/session", WHO)
        for seconds in ("7", "3600"):
            there.faults.add("status", status=503, headers={"Retry-After": seconds})
        with pytest.raises(ApiError) as caught:
            client.sessions.current()
        assert there.waits == [7.0]
        assert caught.value.retry_after == 3600.0

    def test_ends(self, there: Deployment, client: Client) -> None:
        """It is not asked for ever."""
        there.faults.add("status", status=503, times=100)
        with pytest.raises(ApiError) as caught:
            client.sessions.current()
        assert caught.value.status == 503
        assert len(there.waits) == ATTEMPTS - 1

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 412, 422, 500])
    def test_no(self, there: Deployment, client: Client, status: int) -> None:
        """A "no" is not asked for again."""
        there.say("GET", "/session", problem(status, "no"))
        with pytest.raises(ApiError):
            client.sessions.current()
        assert len(there.requests) == 1

    def test_created_once(self, there: Deployment, client: Client) -> None:
        """What is made is made once: each attempt has the same key, each thing another."""
        answer = {"email": "b@example.org", "admin": False, "invited_at": "2026-01-01T00:00:00Z"}
        there.say("POST", "/invitations", answer, 201)
        there.faults.add("drop-after", path="invitations")
        client.invitations.create("b@example.org")
        client.invitations.create("b@example.org")
        client.invitations.create("b@example.org", key="mine")
        keys = [each.headers["idempotency-key"] for each in there.requests]
        assert keys[0] == keys[1]
        assert len(set(keys)) == 3
        assert keys[-1] == "mine"

    def test_still_at_it(self, there: Deployment, client: Client) -> None:
        """While what was sent before is being done, its answer is waited for."""
        answer = {"email": "b@example.org", "admin": False, "invited_at": "2026-01-01T00:00:00Z"}
        there.say("POST", "/invitations", [problem(409, "still-at-it"), Response(201, answer)])
        assert client.invitations.create("b@example.org").email == "b@example.org"

    def test_acts(self, there: Deployment, client: Client) -> None:
        """What may do harm when it is done twice is sent once, if it may have come in."""
        there.say("POST", "/syncs/a/conflicts/c/resolve", None, 204)
        there.faults.add("drop-after", path="resolve")
        with pytest.raises(Unreachable):
            client.conflicts.resolve("a", "c", KEPT)
        assert len(there.requests) == 1
        there.faults.add("status", path="resolve", status=503)
        with pytest.raises(ApiError):
            client.conflicts.resolve("a", "c", KEPT)
        there.faults.add("status", path="resolve", status=429)
        client.conflicts.resolve("a", "c", KEPT)

    def test_not_sent(self) -> None:
        """What cannot have come in is sent again, whatever it is."""
        tried = []

        def answer(request: httpx.Request) -> httpx.Response:
            tried.append(request)
            if len(tried) == 1:
                raise httpx.ConnectError("refused")
            return httpx.Response(204)

        transport = httpx.MockTransport(answer)
        with Client("https://a.example", transport=transport, sleep=lambda _: None) as client:
            client.conflicts.resolve("a", "c", KEPT)
        assert len(tried) == 2

    def test_removed_by_us(self, there: Deployment, client: Client) -> None:
        """What is gone when it is to be removed once more was removed by us."""
        there.say("DELETE", "/accounts/a", [Response(204), problem(404, "no-such-account")])
        there.faults.add("drop-after", path="accounts")
        client.accounts.remove("a")
        there.say("DELETE", "/accounts/b", problem(404, "no-such-account"))
        with pytest.raises(ApiError):
            client.accounts.remove("b")


class TestUnderstood:
    def test_problem(self, there: Deployment, client: Client) -> None:
        """A problem is told with what to do; a program finds its code and fields."""
        fields = {"body.email": "too short"}
        there.say(
            "POST", "/invitations", problem(422, "invalid", "no", mend="do", fields=fields), 422
        )
        with pytest.raises(ApiError) as caught:
            client.invitations.create("b")
        error = caught.value
        assert (error.status, error.code, error.detail, error.mend) == (422, "invalid", "no", "do")
        assert error.fields == fields
        assert str(error) == "no: do"

    @pytest.mark.parametrize(
        ("answer", "words"),
        [
            (Response(403, {"message": "Forbidden"}), "Forbidden"),
            (Response(500, b"<html>"), "answers with status 500"),
            (Response(404, b"<html>"), "no deployment of SyncOxiders"),
            (Response(200, b"<html>"), "no deployment of SyncOxiders"),
            (Response(200, {"user": 1}), "same version"),
            (Response(403, {"detail": "a\x1b[31mb\n" + "c" * 999}), "a \\[31mb c"),
        ],
    )
    def test_others(self, there: Deployment, client: Client, answer: Response, words: str) -> None:
        """What is not an answer of a deployment of this version is told in a line."""
        there.say("GET", "/session", answer)
        with pytest.raises(ApiError, match=words) as caught:
            client.sessions.current()
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 500

    def test_fields(self, there: Deployment, client: Client) -> None:
        """A field that is not known here is left out, and one that says nothing is not sent."""
        sync = {
            "name": "a",
            "endpoints": [],
            "rule": {"mode": "copy", "new": 1},
            "state": "paused",
            "reason": "",
            "paused": True,
            "problems": [],
            "revision": "r1",
        }
        there.say("PATCH", "/syncs/a", sync)
        there.say("GET", "/syncs/a", sync)
        seen = client.syncs.get("a")
        client.syncs.change("a", SyncChange(rule=Rule(mode="copy", keep="newer")), seen=seen)
        request = there.requests[-1]
        assert request.json() == {"rule": {"mode": "copy"}}
        assert request.headers["if-match"] == '"r1"'

    def test_changed_meanwhile(self, there: Deployment, client: Client) -> None:
        """A change of some options is made anew if somebody else changed others meanwhile."""

        def sync(keep: str, revision: str) -> Response:
            body = {"name": "a", "endpoints": [], "rule": {"keep": keep}, "state": "in-step"}
            more = {"reason": "", "paused": False, "problems": [], "revision": revision}
            return Response(200, {**body, **more})

        there.say("GET", "/syncs/a", [sync("newer", "r1"), sync("older", "r2")])
        changed = problem(412, "changed-meanwhile")
        there.say("PATCH", "/syncs/a", [changed, sync("older", "r3")])
        client.syncs.change_rule("a", lambda rule: Rule(keep=rule.keep, mode="copy"))
        assert there.requests[-1].json() == {"rule": {"keep": "older", "mode": "copy"}}
        assert there.requests[-1].headers["if-match"] == '"r2"'


class TestUnreachable:
    def test_nobody(self, there: Deployment) -> None:
        """Where nobody listens it says so, with the address."""
        with Server(Deployment()) as server:
            url = server.url
        refused = re.escape(f"{url} cannot be reached: ") + ".*refused"
        client = Client(url, TOKEN, sleep=there.waits.append)
        with client, pytest.raises(Unreachable, match=refused):
            client.sessions.current()
        assert len(there.waits) == ATTEMPTS - 1

    def test_slow(self, there: Deployment) -> None:
        """Where an answer takes too long it says so."""
        there.say("GET", "/session", WHO)
        there.faults.add("slow", seconds=0.2, times=10)
        with there.client(timeout=0.05) as client, pytest.raises(Unreachable, match="in time"):
            client.sessions.current()

    @pytest.fixture
    def secured(self, there: Deployment) -> Iterator[Server]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
        with Server(there, context=context) as server:
            yield server

    def test_not_trusted(self, there: Deployment, secured: Server) -> None:
        """A certificate that is not trusted is told at once, and nothing is sent."""
        there.say("GET", "/session", WHO)
        client = Client(secured.url, TOKEN, sleep=there.waits.append)
        with client, pytest.raises(Unreachable, match=r"certificate of .* is not trusted"):
            client.sessions.current()
        assert (there.waits, there.calls) == ([], [])

    def test_prefix(self, there: Deployment) -> None:
        """A deployment may be below a path."""
        there.routes.add("GET", f"/below/$default{PREFIX}/session", lambda _: Response(200, WHO))
        with Client(f"{there.url}/below/$default", TOKEN) as client:
            assert client.sessions.current().user.id == "u"
