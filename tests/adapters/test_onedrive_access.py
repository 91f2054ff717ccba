"""Tokens, pauses and broken connections of the OneDrive connector: errors that say what to do."""

import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from syncoxiders.adapters.providers.onedrive import _client
from syncoxiders.core.model import Ref
from syncoxiders.ports.errors import (
    CursorExpired,
    Denied,
    Full,
    Occupied,
    ProviderError,
    Refused,
    Revoked,
    Stale,
    Throttled,
    Unreachable,
    Vanished,
)
from syncoxiders.ports.provider import Attributes
from tests.adapters.onedrive_support import MTIME, ROOT, Cloud, NotedPace, served

JSON = {"Content-Type": "application/json"}
UPLOAD = "/_upload/"


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with served() as cloud:
        yield cloud


def refusal(code: str, *inner: str) -> dict[str, Any]:
    """Return the body of an error of Graph's, with more detailed codes within."""
    error: dict[str, Any] = {"code": code, "message": "a message with s3cret in it"}
    level = error
    for each in inner:
        level["innerError"] = {"code": each}
        level = level["innerError"]
    return {"error": error}


class TestTokens:
    def test_expired(self, cloud: Cloud) -> None:
        """A token that has expired is told of once; the request is made with the next."""
        cloud.emulator.oauth.expire()
        assert cloud.provider.root()
        assert cloud.provider.root()
        assert cloud.tokens.refusals == 1

    def test_expired_in_the_middle_of_a_write(self, cloud: Cloud) -> None:
        """What was refused for its token was not done, and is done once with another."""
        cloud.provider.root()
        cloud.emulator.oauth.expire()
        cloud.upload("file", b"content")
        assert cloud.people.tree() == {"file": b"content"}
        assert cloud.tokens.refusals == 1

    def test_expired_again(self, cloud: Cloud) -> None:
        """Where the next token is refused as well the account is out: Revoked, and no third."""
        body = refusal("InvalidAuthenticationToken")
        cloud.emulator.faults.add("status", status=401, body=body, headers=JSON, times=9)
        with pytest.raises(Revoked, match="connect the account megan again"):
            cloud.provider.root()
        assert cloud.tokens.refusals == 1
        assert [fault.times for fault in cloud.emulator.faults._faults] == [7]

    def test_revoked_by_the_person(self, cloud: Cloud) -> None:
        """A grant that was taken back is Revoked, once no other token can be had."""
        cloud.emulator.oauth.revoke_all()
        cloud.tokens.revoked = True
        with pytest.raises(Revoked):
            cloud.provider.root()
        assert cloud.tokens.refusals == 1

    def test_sessions_are_not_about_tokens(self, cloud: Cloud) -> None:
        """A session's address that is not taken any more says nothing of our token."""
        cloud.emulator.faults.add(
            "status", path=UPLOAD, status=401, body=refusal("unauthenticated"), headers=JSON
        )
        with pytest.raises(Stale):
            cloud.upload("file", b"content")
        assert cloud.tokens.refusals == 0


class TestSecrets:
    def everything(self, error: BaseException | None) -> str:
        told = ""
        while error is not None:
            told += f"{error!r} {error}"
            error = error.__cause__ or error.__context__
        return told

    def test_token(self, cloud: Cloud) -> None:
        """No error's text holds a token."""
        cloud.emulator.oauth.revoke_all()
        cloud.tokens.keep = True
        with pytest.raises(Revoked) as caught:
            cloud.provider.root()
        assert cloud.tokens.token not in self.everything(caught.value)

    @pytest.mark.parametrize("kind", ["drop-before", "drop-after", "cut", "status"])
    def test_session_address(self, cloud: Cloud, kind: Any) -> None:
        """No error's text holds the address of an upload."""
        cloud.emulator.faults.add(kind, path=UPLOAD, method="PUT", body=refusal("generalException"))
        with pytest.raises(Unreachable) as caught:
            cloud.upload("file", b"content")
        assert UPLOAD not in self.everything(caught.value)

    def test_message_of_the_service(self, cloud: Cloud) -> None:
        """What a service's message says is not repeated."""
        for status, code in ((400, "somethingNew"), (403, "accessDenied"), (418, "teapot")):
            cloud.emulator.faults.add("status", status=status, body=refusal(code), headers=JSON)
            with pytest.raises(ProviderError) as caught:
                cloud.provider.root()
            assert "s3cret" not in self.everything(caught.value)

    def test_logs(self, cloud: Cloud, caplog: pytest.LogCaptureFixture) -> None:
        """No log holds an address that opens to anybody, or a token, at any level."""
        with caplog.at_level(logging.DEBUG):
            entry = cloud.upload("file", b"content")
            cloud.read(entry)
        assert UPLOAD not in caplog.text
        assert "_download" not in caplog.text
        assert cloud.tokens.token not in caplog.text


class TestPauses:
    @pytest.mark.parametrize("status", [429, 503])
    def test_too_many_requests(self, cloud: Cloud, status: int) -> None:
        """A pause is Throttled, as long as Microsoft asks for, and not tried again here."""
        cloud.emulator.throttle(seconds=17, status=status)
        with pytest.raises(Throttled) as caught:
            cloud.provider.root()
        assert caught.value.retry_after == 17.0

    @pytest.mark.parametrize("path", ["/v1.0/", UPLOAD, "/_download/"])
    def test_waiting_is_the_paces(self, cloud: Cloud, path: str) -> None:
        """Whoever asks for the pause, the engine's pace waits, and the request is made again."""
        provider = cloud.open(pace=cloud.pacer())
        cloud.emulator.throttle(2, seconds=5, path=path)
        entry = cloud.upload("file", b"content", provider=provider)
        assert cloud.read(entry, provider=provider) == b"content"
        assert cloud.clock.slept == pytest.approx(10.0)

    @pytest.mark.parametrize(
        ("told", "seconds"),
        [
            ({}, 0.0),
            ({"Retry-After": "3"}, 3.0),
            ({"Retry-After": "soon"}, 0.0),
            ({"Retry-After": "-3"}, 0.0),
            ({"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0.0),
        ],
    )
    def test_how_long(self, cloud: Cloud, told: dict[str, str], seconds: float) -> None:
        """A pause may be told in several forms, or not at all."""
        cloud.emulator.faults.add("status", status=429, body=b"wait", headers=told)
        with pytest.raises(Throttled) as caught:
            cloud.provider.root()
        assert caught.value.retry_after == seconds

    def test_until_a_date(self, cloud: Cloud) -> None:
        """A pause may be told as the moment of its end."""
        told = {"Retry-After": "Fri, 31 Dec 2100 23:59:59 GMT"}
        cloud.emulator.faults.add("status", status=503, body=b"wait", headers=told)
        with pytest.raises(Throttled) as caught:
            cloud.provider.root()
        assert caught.value.retry_after > 86400


class TestConnection:
    @pytest.mark.parametrize("status", [500, 502, 504])
    def test_server_errors(self, cloud: Cloud, status: int) -> None:
        """A 5xx is Unreachable."""
        cloud.emulator.faults.add("status", status=status, body=b"<h1>no</h1>")
        with pytest.raises(Unreachable, match=str(status)):
            cloud.provider.root()

    @pytest.mark.parametrize("kind", ["drop-before", "drop-after", "cut"])
    def test_broken_connection(self, cloud: Cloud, kind: Any) -> None:
        """A connection that breaks, at any point, is Unreachable."""
        cloud.emulator.faults.add(kind, path="/v1.0/")
        with pytest.raises(Unreachable):
            cloud.provider.root()
        assert cloud.provider.root()

    def test_nobody_is_there(self) -> None:
        """Where nothing listens OneDrive is Unreachable."""
        with served() as cloud:
            provider = cloud.open()
        with pytest.raises(Unreachable):
            provider.root()
        provider.close()

    def test_slow(self, cloud: Cloud) -> None:
        """An answer that does not come in time is Unreachable."""
        provider = cloud.open(timeout=0.2)
        cloud.emulator.faults.add("slow", path="/v1.0/", seconds=1.0)
        with pytest.raises(Unreachable, match="in time"):
            provider.root()

    @pytest.mark.parametrize(
        ("status", "body", "headers"),
        [
            (200, b"<h1>Sign in to this network</h1>", {"Content-Type": "text/html"}),
            (302, b"", {"Location": "http://127.0.0.1:9/login"}),
            (200, b"{", JSON),
            (200, b"[]", JSON),
            (401, b"<h1>who are you</h1>", {}),
            (403, b"<h1>forbidden</h1>", {}),
            (404, b"<h1>not here</h1>", {}),
            (409, b"{}", JSON),
            (404, b'{"error": "no"}', JSON),
        ],
    )
    def test_somebody_else_answers(
        self, cloud: Cloud, status: int, body: bytes, headers: dict[str, str]
    ) -> None:
        """What is not Graph's answer (a hotel's page, say) is Unreachable, never "not there"."""
        cloud.people.write("file", b"content")
        cloud.provider.root()
        cloud.emulator.faults.add("status", status=status, body=body, headers=headers)
        with pytest.raises(Unreachable):
            cloud.provider.at(ROOT, "file")

    def test_close(self, cloud: Cloud) -> None:
        """Connections are closed as often as one likes, and come back when they are needed."""
        for _ in range(2):
            assert cloud.provider.root()
            cloud.provider.close()
            cloud.provider.close()

    def test_one_client_for_all(self, cloud: Cloud) -> None:
        """Connections are kept, not opened for each request."""
        cloud.provider.root()
        before = cloud.provider._client._http()
        cloud.provider.root()
        assert cloud.provider._client._http() is before

    def test_proxies_are_left_alone(self, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
        """Another address of the API is asked directly, whatever proxy is for the vendor's."""
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        assert cloud.open().root()

    def test_redirects_are_not_followed(self, cloud: Cloud) -> None:
        """No redirect takes our token along."""
        cloud.provider.root()
        there = {"Location": f"{cloud.url}/v1.0/elsewhere"}
        cloud.emulator.faults.add("status", status=307, headers=there)
        with cloud.requests() as made, pytest.raises(Unreachable):
            cloud.provider.root()
        assert made == []

    def test_microsofts_address(self, cloud: Cloud) -> None:
        """Without another address it is Microsoft's, by TLS, with a certificate that is checked."""
        provider = cloud.open(settings={"drive_id": "x", "drive_type": "personal"})
        assert provider._client.base == "https://graph.microsoft.com/v1.0"
        assert _client._trust().check_hostname


class TestLostAnswers:
    """The work is done, the answer does not come: nothing is done twice, and it can be found."""

    @pytest.mark.parametrize("what", ["make_folder", "upload", "move", "delete", "set_meta"])
    def test_writes(self, cloud: Cloud, what: str) -> None:
        """No write is repeated whose repetition would not tell from somebody else's work."""
        provider = cloud.open(pace=cloud.pacer())
        file = cloud.upload("file", b"content")
        ref = Ref(file.id, "file")
        acts: dict[str, tuple[str, Callable[[], object]]] = {
            "make_folder": ("POST", lambda: provider.make_folder(ROOT, "new")),
            "upload": (
                "PUT",
                lambda: cloud.upload("new", b"new", mtime_ns=None, provider=provider),
            ),
            "move": ("PATCH", lambda: provider.move(ref, file.version, ROOT, "new")),
            "delete": ("DELETE", lambda: provider.delete(ref, file.version)),
            "set_meta": (
                "PATCH",
                lambda: provider.set_meta(ref, file.version, Attributes(mtime_ns=MTIME)),
            ),
        }
        method, act = acts[what]
        cloud.emulator.faults.add("drop-after", method=method)
        with pytest.raises(Unreachable):
            act()
        done: dict[str, dict[str, bytes | None]] = {
            "make_folder": {"file": b"content", "new": None},
            "upload": {"file": b"content", "new": b"new"},
            "move": {"new": b"content"},
            "delete": {},
            "set_meta": {"file": b"content"},
        }
        assert cloud.people.tree() == done[what]

    def test_replacing(self, cloud: Cloud) -> None:
        """What was replaced is not taken for what is to be replaced again: Stale."""
        old = cloud.upload("file", b"old")
        cloud.emulator.faults.add("drop-after", path=UPLOAD)
        with pytest.raises(Unreachable):
            cloud.upload("file", b"new", replaces=old)
        with pytest.raises(Stale):
            cloud.upload("file", b"new", replaces=old)
        assert cloud.people.tree() == {"file": b"new"}
        assert cloud.people.kept() == [b"old"]

    def test_looks_are_repeated(self, cloud: Cloud) -> None:
        """Whatever only looks is asked again."""
        provider = cloud.open(pace=cloud.pacer())
        cloud.people.write("file", b"content")
        cloud.emulator.faults.add("drop-after", method="GET", times=2)
        assert provider.at(ROOT, "file") is not None

    def test_marks(self, cloud: Cloud) -> None:
        """Looks are marked as repeatable, changes are not."""
        pace = NotedPace()
        provider = cloud.open(pace=pace)
        provider.root()
        assert pace.repeatable == [True]
        pace.repeatable.clear()
        provider.make_folder(ROOT, "folder")
        assert pace.repeatable == [False]


@pytest.mark.parametrize(
    ("status", "codes", "expected"),
    [
        (507, ("quotaLimitReached", "insufficientStorage"), Full),
        (507, ("somethingNew",), Full),
        (403, ("quotaLimitReached",), Full),
        (403, ("accessDenied",), Denied),
        (403, ("somethingNew",), Denied),
        (423, ("notAllowed", "resourceLocked"), Denied),
        (423, ("somethingNew",), Denied),
        (409, ("nameAlreadyExists",), Occupied),
        (412, ("resourceModified",), Stale),
        (412, ("somethingNew",), Stale),
        (404, ("itemNotFound",), Refused),
        (400, ("invalidRequest", "invalidPath"), Refused),
        (400, ("invalidRequest", "somethingNew"), Refused),
        (413, ("invalidRequest", "maxStreamSizeExceeded"), Refused),
        (400, ("somethingNew",), Refused),
        (501, ("notSupported",), Refused),
        (500, ("generalException",), Unreachable),
        (418, ("somethingNew",), ProviderError),
    ],
    ids=str,
)
def test_what_a_write_may_hear(
    cloud: Cloud, status: int, codes: tuple[str, ...], expected: type[ProviderError]
) -> None:
    """Each refusal of a write has its meaning, and its sentence names what it is about."""
    cloud.provider.root()
    cloud.emulator.faults.add(
        "status", method="POST", status=status, body=refusal(*codes), headers=JSON
    )
    with pytest.raises(ProviderError) as caught:
        cloud.provider.make_folder(ROOT, "folder")
    if status == 404:
        assert type(caught.value) is Vanished  # the root is there, so that something in it is not
        return
    assert type(caught.value) is expected
    if expected is not Unreachable:
        assert str(caught.value).startswith("folder: ")


@pytest.mark.parametrize(
    ("status", "code"),
    [(410, "resyncRequired"), (410, "somethingNew"), (400, "invalidRequest")],
)
def test_what_a_feed_may_hear(cloud: Cloud, status: int, code: str) -> None:
    """Whatever a feed says that cannot be followed, the cursor is lost."""
    cursor = cloud.provider.start_cursor()
    cloud.emulator.faults.add(
        "status", path="/delta", status=status, body=refusal(code), headers=JSON
    )
    with pytest.raises(CursorExpired):
        cloud.provider.changes(cursor)


def test_quota(cloud: Cloud) -> None:
    """What is used is told with what there is; a drive without a bound has none."""
    cloud.people.write("file", bytes(1000))
    told = cloud.provider.quota()
    assert (told.used, told.total) == (1000, cloud.emulator.drive.quota)
    cloud.emulator.faults.add("status", status=200, body={"id": "x"}, headers=JSON)
    assert cloud.provider.quota().total == 0


def test_httpx_is_imported_when_it_is_needed() -> None:
    """To know how to connect, and to check a push, costs nothing of httpx."""
    code = (
        "import sys\n"
        "import syncoxiders.adapters.providers.onedrive\n"
        "import syncoxiders.adapters.providers.onedrive.push\n"
        "sys.exit('httpx' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_requests_never_wait_for_ever(cloud: Cloud) -> None:
    """Every request has a time-out."""
    told = cloud.open(timeout=7.0)._client._http().timeout
    assert told == httpx.Timeout(7.0, connect=7.0, pool=None)
