"""Tokens, pauses and broken connections of the Dropbox connector: errors that say what to do."""

import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
import trustme

from syncoxiders.core.model import Ref
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.errors import (
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
from syncoxiders.ports.provider import Attributes, Reader
from tests.adapters.dropbox_support import MIB, ROOT, Box, NotedPace, served
from tests.emulators import dropbox, rclone
from tests.emulators.relay import relay
from tests.emulators.serving import Server

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def box() -> Iterator[Box]:
    with served() as box:
        yield box


def refusal(*tags: str) -> dict[str, object]:
    """Return the body of a route's error."""
    body: dict[str, object] = {".tag": tags[-1]}
    for tag in reversed(tags[:-1]):
        body = {".tag": tag, tag: body}
    return {"error_summary": "/".join(tags), "error": body}


def named(value: object) -> str:
    return "/".join(value) if isinstance(value, tuple) else getattr(value, "__name__", "")


def gather(reader: Reader, read: bytearray) -> None:
    for chunk in reader.chunks(1 << 16):
        read += chunk


class TestTokens:
    def test_expired(self, box: Box) -> None:
        """A token that has expired is told of once; the request is made with the next."""
        box.emulator.oauth.expire()
        assert box.provider.root()
        assert box.provider.root()
        assert box.tokens.refusals == 1

    def test_expired_in_the_middle_of_a_write(self, box: Box) -> None:
        """What was refused for its token was not done, and is done once with another."""
        root = box.provider.root()
        box.emulator.oauth.expire()
        box.upload("file", b"content")
        assert box.people.tree() == {"file": b"content"}
        assert box.tokens.refusals == 1
        assert box.provider.root() == root

    def test_expired_again(self, box: Box) -> None:
        """Where the next token is refused as well the account is out: Revoked, and no third."""
        body = refusal("expired_access_token")
        box.emulator.faults.add("status", status=401, body=body, headers=JSON, times=9)
        with box.requests(), pytest.raises(Revoked, match="connect the account again"):
            box.provider.root()
        assert box.tokens.refusals == 1
        left = [fault.times for fault in box.emulator.faults._faults]
        assert left == [7], "a refused token was tried more than twice"

    def test_revoked_by_the_person(self, box: Box) -> None:
        """A grant that was taken back is Revoked, once no other token can be had."""
        box.emulator.oauth.revoke_all()
        box.tokens.revoked = True
        with pytest.raises(Revoked):
            box.provider.root()
        assert box.tokens.refusals == 1

    def test_missing_scope(self, box: Box) -> None:
        """A permission that was not given is named, and no other token is asked for."""
        box.tokens.token = str(box.emulator.oauth.issue("files.metadata.read")["access_token"])
        with pytest.raises(Revoked, match=r"files\.content\.write"):
            box.upload("file", b"content")
        assert box.tokens.refusals == 0

    @pytest.mark.parametrize(
        "tag", ["user_suspended", "invalid_select_user", "other", "something new"]
    )
    def test_other_refusals(self, box: Box, tag: str) -> None:
        """Whatever else a 401 says, the account has to be seen to by a person."""
        box.emulator.faults.add("status", status=401, body=refusal(tag), headers=JSON)
        with pytest.raises(Revoked):
            box.provider.root()
        assert box.tokens.refusals == 0

    def test_secrets_stay_secret(self, box: Box) -> None:
        """No error's text holds a token."""
        token = box.tokens.token
        box.emulator.oauth.revoke_all()
        box.tokens.keep = True
        with pytest.raises(Revoked) as caught:
            box.provider.root()
        error: BaseException | None = caught.value
        while error is not None:
            assert token not in f"{error!r} {error}"
            error = error.__cause__ or error.__context__


class TestPauses:
    def test_too_many_requests(self, box: Box) -> None:
        """A 429 is Throttled, with the pause that Dropbox asks for, and not tried again here."""
        box.emulator.throttle(seconds=17)
        with pytest.raises(Throttled) as caught:
            box.provider.root()
        assert caught.value.retry_after == 17.0

    def test_waiting_is_the_paces(self, box: Box) -> None:
        """The engine's pace waits as long as was asked for, and the request is made again."""
        provider = box.open(pace=box.pacer())
        box.emulator.throttle(2, seconds=5)
        assert provider.root()
        assert box.clock.slept == pytest.approx(10.0)

    def test_plain_429(self, box: Box) -> None:
        """A pause may be asked for by a header alone, or without saying how long."""
        box.emulator.faults.add("status", status=429, body=b"wait", headers={"Retry-After": "3"})
        with pytest.raises(Throttled) as caught:
            box.provider.root()
        assert caught.value.retry_after == 3.0
        box.emulator.faults.add("status", status=429, body=b"wait")
        with pytest.raises(Throttled) as caught:
            box.provider.root()
        assert caught.value.retry_after == 0.0

    @pytest.mark.parametrize("form", ["429", "409"])
    def test_write_lock(self, box: Box, form: str) -> None:
        """A namespace that is being written to is Throttled, in either form; then it goes on."""
        provider = box.open(pace=box.pacer())
        box.emulator.write_lock.refuse(2, "429" if form == "429" else "409")
        box.upload("file", b"content", provider=provider)
        assert box.people.tree() == {"file": b"content"}
        assert box.clock.slept > 0

    def test_every_write_is_marked(self, box: Box) -> None:
        """What takes the namespace's lock goes through the pace as a write, and only that."""
        pace = NotedPace()
        provider = box.open(pace=pace)

        def writes(act: Callable[[], object]) -> int:
            pace.writes.clear()
            act()
            return sum(pace.writes)

        assert writes(provider.root) == 0
        assert writes(lambda: provider.make_folder(ROOT, "folder")) == 1
        assert writes(lambda: box.upload("file", b"content", provider=provider)) == 1
        assert writes(lambda: box.upload("large", bytes(5 * MIB), provider=provider)) == 1
        file = box.entry("file")
        ref = Ref(file.id, "file")
        assert writes(lambda: provider.copy(ref, file.version, ROOT, "copy", Attributes())) == 1
        assert writes(lambda: provider.move(ref, file.version, ROOT, "moved")) == 1
        assert writes(lambda: provider.delete(ref, file.version)) == 1
        assert writes(lambda: box.read(box.entry("copy"), provider=provider)) == 0


class TestConnection:
    @pytest.mark.parametrize("status", [500, 502, 503, 504])
    def test_server_errors(self, box: Box, status: int) -> None:
        """A 5xx is Unreachable."""
        box.emulator.faults.add("status", status=status, body=b"<h1>no</h1>")
        with pytest.raises(Unreachable, match=str(status)):
            box.provider.root()

    @pytest.mark.parametrize("kind", ["drop-before", "drop-after", "cut"])
    def test_broken_connection(self, box: Box, kind: str) -> None:
        """A connection that breaks, at any point, is Unreachable."""
        box.people.write("file", b"content")
        box.emulator.faults.add(kind, path="/2/")  # type: ignore[arg-type]  # one of the kinds
        with pytest.raises(Unreachable):
            box.provider.root()
        assert box.provider.root()

    def test_nobody_is_there(self) -> None:
        """Where nothing listens Dropbox is Unreachable."""
        with served() as box:
            provider = box.open()
        with pytest.raises(Unreachable):
            provider.root()

    def test_slow(self, box: Box) -> None:
        """An answer that does not come in time is Unreachable."""
        provider = box.open(timeout=0.2)
        box.emulator.faults.add("slow", path="/2/", seconds=1.0)
        with pytest.raises(Unreachable):
            provider.root()

    @pytest.mark.parametrize(
        ("status", "body", "headers"),
        [
            (200, b"<h1>Sign in to this network</h1>", {"Content-Type": "text/html"}),
            (200, b"", {}),
            (200, b"{", JSON),
            (200, b"[]", JSON),
            (200, b'{".tag": "file"}', JSON),
            (401, b"<h1>who are you</h1>", {"Content-Type": "text/html"}),
            (403, b"<h1>forbidden</h1>", {"Content-Type": "text/html"}),
            (409, b"<h1>conflict</h1>", {"Content-Type": "text/html"}),
            (409, b"{}", JSON),
        ],
    )
    def test_somebody_else_answers(
        self, box: Box, status: int, body: bytes, headers: dict[str, str]
    ) -> None:
        """What is not Dropbox's answer (a hotel's page, say) is Unreachable, never "not there"."""
        box.people.write("file", b"content")
        box.emulator.faults.add("status", status=status, body=body, headers=headers)
        with pytest.raises(Unreachable):
            box.provider.at(ROOT, "file")

    def test_read_that_breaks_off(self, box: Box) -> None:
        """A download that breaks off is Unreachable, and is continued from where it was."""
        data = bytes(range(256)) * 8192
        box.people.write("file", data)
        entry = box.entry("file")
        box.emulator.faults.add("cut", path="/download")
        read = bytearray()
        reader = box.provider.read(Ref(entry.id, "file"), entry.version)
        with pytest.raises(Unreachable):
            gather(reader, read)
        assert 0 < len(read) < len(data)
        read += box.read(entry, len(read))
        assert bytes(read) == data

    def test_hosts_are_rewritten_only_where_that_is_asked_for(self, box: Box) -> None:
        """Without another address the SDK's own session is used, which pins TLS."""
        elsewhere = box.provider._client._session.get_adapter("https://api.dropboxapi.com")
        box.account = Account("d", "dropbox")
        genuine = box.open()._client._session.get_adapter("https://api.dropboxapi.com")
        assert type(elsewhere).__module__.startswith("syncoxiders.")
        assert type(genuine).__module__ == "dropbox.session"

    def test_over_tls_to_the_vendors_hosts(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Without another address Dropbox's own hosts are asked, over TLS, through a proxy."""
        authority, certificate = trustme.CA(), tmp_path / "ca.pem"
        authority.cert_pem.write_to_path(str(certificate))
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert(*rclone.HOSTS).configure_cert(context)
        emulator = dropbox.create()
        with Server(emulator, context=context) as server, relay(lambda _: server.port) as port:
            monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
            monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
            box = Box(emulator, "")
            box.account = Account("d", "dropbox")
            box.provider = box.open()
            assert box.read(box.upload("file", b"content")) == b"content"

    def test_proxies_are_left_alone(self, box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
        """Another address of the API is asked directly, whatever proxy is for the vendor's."""
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
        assert box.open().root()


class TestLostAnswers:
    """The work is done, the answer does not come: nothing is done twice, and it can be found."""

    def test_upload(self, box: Box) -> None:
        """An upload is not repeated: Unreachable, and what stands there is found by its hash."""
        provider = box.open(pace=box.pacer())
        box.emulator.faults.add("drop-after", path="files/upload$")
        with pytest.raises(Unreachable):
            box.upload("file", b"content", provider=provider)
        assert box.people.tree() == {"file": b"content"}
        with pytest.raises(Occupied):
            box.upload("file", b"content", provider=provider)

    def test_replacing(self, box: Box) -> None:
        """What was replaced is not taken for what is to be replaced again: Stale."""
        old = box.upload("file", b"old")
        box.emulator.faults.add("drop-after", path="files/upload$")
        with pytest.raises(Unreachable):
            box.upload("file", b"new", replaces=old)
        with pytest.raises(Stale):
            box.upload("file", b"new", replaces=old)
        assert box.people.tree() == {"file": b"new"}
        assert box.people.kept() == [b"old"]

    @pytest.mark.parametrize("what", ["make_folder", "move", "delete", "copy"])
    def test_other_writes(self, box: Box, what: str) -> None:
        """No write without a precondition that tells is repeated by the pace."""
        provider = box.open(pace=box.pacer())
        file = box.upload("file", b"content")
        ref = Ref(file.id, "file")
        box.emulator.faults.add("drop-after", path="_v2$")

        def act() -> object:
            match what:
                case "make_folder":
                    return provider.make_folder(ROOT, "new")
                case "move":
                    return provider.move(ref, file.version, ROOT, "new")
                case "copy":
                    return provider.copy(ref, file.version, ROOT, "new", Attributes())
            provider.delete(ref, file.version)
            return None

        with pytest.raises(Unreachable):
            act()
        done = {
            "make_folder": {"file": b"content", "new": None},
            "move": {"new": b"content"},
            "copy": {"file": b"content", "new": b"content"},
            "delete": {},
        }
        assert box.people.tree() == done[what]

    def test_looks_are_repeated(self, box: Box) -> None:
        """Whatever only looks is asked again."""
        provider = box.open(pace=box.pacer())
        box.people.write("file", b"content")
        box.emulator.faults.add("drop-after", path="get_metadata", times=2)
        assert provider.at(ROOT, "file") is not None

    def test_piece_of_a_large_file(self, box: Box) -> None:
        """A piece whose answer was lost is sent again, and is in the file once."""
        provider = box.open(pace=box.pacer())
        data = bytes(range(256)) * (9 * MIB // 256)
        box.emulator.faults.add("drop-after", path="append_v2", times=1)
        box.upload("file", data, provider=provider)
        assert box.people.tree() == {"file": data}


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (("path", "insufficient_space"), Full),
        (("path", "team_folder_insufficient_space"), Full),
        (("path", "upload_traffic_limit_reached"), Full),
        (("path", "no_write_permission"), Denied),
        (("path", "access_restricted"), Denied),
        (("path", "operation_suppressed"), Denied),
        (("path", "disallowed_name"), Refused),
        (("path", "malformed_path"), Refused),
        (("path", "conflict", "file"), Occupied),
        (("path", "conflict", "folder"), Occupied),
        (("path", "conflict", "file_ancestor"), Stale),
        (("path", "too_many_write_operations"), Throttled),
        (("path", "something_new"), ProviderError),
        (("payload_too_large",), Refused),
        (("content_hash_mismatch",), Stale),
    ],
    ids=named,
)
def test_what_an_upload_may_hear(
    box: Box, tags: tuple[str, ...], expected: type[ProviderError]
) -> None:
    """Each refusal of a write has its meaning, and its sentence names the file."""
    body = refusal(*tags)
    if tags[0] == "path":
        error = {
            ".tag": "path",
            "reason": refusal(*tags[1:])["error"],
            "upload_session_id": "s3cret",
        }
        body = {"error_summary": "", "error": error}
    box.provider.root()
    box.emulator.faults.add("status", path="files/upload$", status=409, body=body, headers=JSON)
    with pytest.raises(expected) as caught:
        box.upload("file", b"content")
    assert type(caught.value) is expected
    assert str(caught.value).startswith("file: ")
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (("path", "restricted_content"), Denied),
        (("path", "not_found"), Vanished),
        (("path", "not_file"), Stale),
        (("path", "locked"), Denied),
        (("unsupported_file",), Stale),
        (("path", "unsupported_content_type"), Refused),
    ],
    ids=named,
)
def test_what_a_download_may_hear(
    box: Box, tags: tuple[str, ...], expected: type[ProviderError]
) -> None:
    """Each refusal of a download has its meaning."""
    box.people.write("file", b"content")
    entry = box.entry("file")
    box.emulator.faults.add(
        "status", path="download", status=409, body=refusal(*tags), headers=JSON
    )
    with pytest.raises(expected) as caught:
        box.read(entry)
    assert type(caught.value) is expected


def test_full(box: Box) -> None:
    """A Dropbox without room left is Full, for uploads, sessions and copies."""
    file = box.upload("file", bytes(1000))
    box.emulator.tree.quota = 1500
    with pytest.raises(Full):
        box.upload("other", bytes(1000))
    with pytest.raises(Full):
        box.upload("large", bytes(2 * MIB))
    with pytest.raises(Full):
        box.provider.copy(Ref(file.id, "file"), file.version, ROOT, "copy", Attributes())
    assert box.people.tree() == {"file": bytes(1000)}


def test_the_sdk_is_imported_when_it_is_needed() -> None:
    """To know how to connect, and to check a push, costs nothing of the SDK."""
    code = (
        "import sys\n"
        "import syncoxiders.adapters.providers.dropbox.push\n"
        "sys.exit('dropbox' in sys.modules or 'requests' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_is_not_used_of_the_sdk_is_not_loaded() -> None:
    """The administration of teams, by far the most of the SDK, stays unloaded, and can be had."""
    code = (
        "import sys\n"
        "import syncoxiders.adapters.providers.dropbox.provider\n"
        "later = sys.modules['dropbox.team_log']\n"
        "assert type(later).__name__ == '_LazyModule', type(later)\n"
        "assert later.EventCategory.logins.is_logins()\n"
        "assert type(later).__name__ == 'module', type(later)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_requests_never_wait_for_ever() -> None:
    """Every request has a time-out."""
    seen: list[object] = []

    class Spy(requests.Session):
        def post(self, *args: object, **options: object) -> requests.Response:
            del args
            seen.append(options["timeout"])
            raise requests.ConnectionError

    with served() as box:
        provider = box.open(timeout=7.0)
        provider._client._session = Spy()
        with pytest.raises(Unreachable):
            provider.root()
    assert seen == [7.0]
