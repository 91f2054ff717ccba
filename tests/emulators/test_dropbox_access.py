"""The Dropbox emulator's tokens, its wire format, limits and faults."""

import base64
import hashlib
import inspect
import json
import re
import threading
from collections.abc import Iterator
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

import dropbox  # type: ignore[import-untyped]  # the SDK has no types
import httpx
import pytest
from dropbox import files
from dropbox.exceptions import (  # type: ignore[import-untyped]  # the SDK has no types
    AuthError,
    BadInputError,
    InternalServerError,
    PathRootError,
    RateLimitError,
)

from tests.emulators.dropbox import DropboxEmulator, create
from tests.emulators.dropbox.client import connected, refused, session
from tests.emulators.dropbox.routes import SCOPES
from tests.emulators.dropbox.tree import NAMESPACE
from tests.emulators.serving import Server


@pytest.fixture
def emulator() -> DropboxEmulator:
    emulator = create()
    emulator.strict = True
    return emulator


@pytest.fixture
def box(emulator: DropboxEmulator) -> Iterator[Any]:
    with connected(emulator) as box:
        yield box


@pytest.fixture
def plain(emulator: DropboxEmulator) -> Iterator[httpx.Client]:
    """A client for what the SDK would not send."""
    with Server(emulator) as server:
        headers = {"Authorization": f"Bearer {emulator.token}"}
        with httpx.Client(base_url=server.url, headers=headers, trust_env=False) as client:
            yield client


class TestTokens:
    def test_account(self, box: Any) -> None:
        """The account says who it is, and that it is a personal one."""
        account = box.users_get_current_account()
        assert len(account.account_id) == 40
        assert account.account_type.is_basic()
        assert box.users_get_space_usage().allocation.is_individual()

    def test_expired(self, emulator: DropboxEmulator, box: Any) -> None:
        """A token lasts four hours, and its end is told apart from a wrong one."""
        emulator.ahead += 4 * 3600 - 60
        box.users_get_current_account()
        emulator.ahead += 60
        with pytest.raises(AuthError) as raised:
            box.users_get_current_account()
        assert raised.value.error.is_expired_access_token()

    def test_ended_on_demand(self, emulator: DropboxEmulator, box: Any) -> None:
        """Every token can be let expire, or be revoked, at any time."""
        emulator.oauth.expire()
        with pytest.raises(AuthError) as raised:
            box.users_get_current_account()
        assert raised.value.error.is_expired_access_token()
        emulator.oauth.revoke_all()
        with pytest.raises(AuthError) as raised:
            box.users_get_current_account()
        assert raised.value.error.is_invalid_access_token()

    @pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")
    def test_refreshed(self, emulator: DropboxEmulator) -> None:
        """The SDK gets another token for one that expired, and no new refresh token."""
        issued = emulator.oauth.issue()
        with connected(
            emulator,
            oauth2_access_token=issued["access_token"],
            oauth2_refresh_token=issued["refresh_token"],
            app_key="client",
        ) as box:
            box.users_get_current_account()
            emulator.oauth.expire()
            box.users_get_current_account()
        assert emulator.oauth.refreshes == 2  # the SDK refreshes first when it is not told the end

    def test_revoked(self, box: Any) -> None:
        """A token can end itself."""
        box.auth_token_revoke()
        with pytest.raises(AuthError) as raised:
            box.users_get_current_account()
        assert raised.value.error.is_invalid_access_token()

    def test_wrong(self, box: Any, plain: httpx.Client) -> None:
        """A token that never was is invalid; none at all is bad input."""
        with pytest.raises(AuthError) as raised:
            box.clone(oauth2_access_token="wrong").users_get_current_account()  # noqa: S106 -- made up
        assert raised.value.error.is_invalid_access_token()
        address = "/2/users/get_current_account"
        assert plain.post(address, headers={"Authorization": ""}).status_code == 400
        assert plain.post(address, headers={"Authorization": "Basic x"}).status_code == 400

    def test_missing_scope(self, emulator: DropboxEmulator, box: Any) -> None:
        """A token may do what its scopes say; the refusal names the one that is lacking."""
        token = emulator.oauth.issue("files.metadata.read account_info.read")["access_token"]
        narrow = box.clone(oauth2_access_token=token)
        narrow.files_list_folder("/Root")
        with pytest.raises(AuthError) as raised:
            narrow.files_upload(b"", "/Root/file")
        assert raised.value.error.get_missing_scope().required_scope == "files.content.write"
        assert emulator.people.tree() == {}

    def test_scopes(self, emulator: DropboxEmulator) -> None:
        """Every route asks for the scope that its documentation names."""
        for route in emulator._routes.values():
            method = getattr(dropbox.Dropbox, re.sub("[/:]", "_", route.function))
            documented = re.search(r"scope: ([\w.]+)", inspect.getdoc(method) or "")
            assert documented is not None
            assert route.scope == documented[1]

    def test_path_root(self, box: Any) -> None:
        """The account's own root may be named as the root of paths; any other is refused."""
        root = dropbox.common.PathRoot
        info = box.users_get_current_account().root_info
        assert info.root_namespace_id == str(NAMESPACE)
        for same in (root.home, root.root(str(NAMESPACE)), root.namespace_id(str(NAMESPACE))):
            box.with_path_root(same).files_list_folder("/Root")
        with pytest.raises(PathRootError) as raised:
            box.with_path_root(root.root("1")).files_list_folder("/Root")
        assert raised.value.error.is_invalid_root()
        with pytest.raises(PathRootError) as raised:
            box.with_path_root(root.namespace_id("1")).files_list_folder("/Root")
        assert raised.value.error.is_no_permission()
        assert box.files_get_metadata(f"ns:{NAMESPACE}/Root").name == "Root"


class TestAuthorization:
    VERIFIER = "v" * 43
    CHALLENGE = (
        base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
    )

    def authorize(
        self, plain: httpx.Client, choice: str = "allow", *, offline: bool = False, **more: str
    ) -> dict[str, str]:
        """Go through the consent page, and return what the browser brings back."""
        query = {
            "client_id": "client",
            "response_type": "code",
            "redirect_uri": "http://127.0.0.1/back",
            "code_challenge": self.CHALLENGE,
            "code_challenge_method": "S256",
            "state": "mine",
            "token_access_type": "offline" if offline else "online",
            **more,
        }
        answer = plain.get("/oauth2/authorize", params={**query, "_choice": choice})
        returned = parse_qs(urlsplit(answer.headers["Location"]).query)
        return {key: values[0] for key, values in returned.items()}

    def exchange(self, plain: httpx.Client, code: str, **more: str) -> httpx.Response:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": "client",
            "redirect_uri": "http://127.0.0.1/back",
            "code_verifier": self.VERIFIER,
            **more,
        }
        return plain.post("/oauth2/token", data=form)

    def test_offline(self, emulator: DropboxEmulator, plain: httpx.Client) -> None:
        """With ``token_access_type=offline`` a code gives a token for good, by PKCE."""
        returned = self.authorize(plain, offline=True)
        assert returned["state"] == "mine"
        tokens = self.exchange(plain, returned["code"]).json()
        assert (tokens["expires_in"], tokens["token_type"]) == (4 * 3600, "bearer")
        assert tokens["account_id"] == emulator.account.id
        assert tokens["scope"].split() == list(SCOPES)
        form = {
            "grant_type": "refresh_token",
            "refresh_token": tokens["refresh_token"],
            "client_id": "client",
        }
        again = plain.post("/oauth2/token", data=form).json()
        assert "refresh_token" not in again
        with connected(emulator, oauth2_access_token=again["access_token"]) as box:
            box.users_get_current_account()

    def test_online(self, plain: httpx.Client) -> None:
        """Without it the token cannot be refreshed."""
        code = self.authorize(plain)["code"]
        assert "refresh_token" not in self.exchange(plain, code).json()

    def test_scopes(self, emulator: DropboxEmulator, plain: httpx.Client) -> None:
        """A token has the scopes that were asked for."""
        code = self.authorize(plain, scope="account_info.read")["code"]
        tokens = self.exchange(plain, code).json()
        assert tokens["scope"] == "account_info.read"
        with connected(emulator, oauth2_access_token=tokens["access_token"]) as box:
            box.users_get_current_account()
            with pytest.raises(AuthError):
                box.files_list_folder("")

    def test_refused(self, plain: httpx.Client) -> None:
        """A person may say no; a code works once, and only with its verifier."""
        assert self.authorize(plain, "deny")["error"] == "access_denied"
        code = self.authorize(plain)["code"]
        assert self.exchange(plain, code, code_verifier="x" * 43).status_code == 400
        code = self.authorize(plain)["code"]
        assert self.exchange(plain, code).is_success
        assert self.exchange(plain, code).json()["error"] == "invalid_grant"

    def test_revoked(self, emulator: DropboxEmulator, plain: httpx.Client) -> None:
        """Revoking a token ends its refresh token too."""
        issued = emulator.oauth.issue()
        headers = {"Authorization": f"Bearer {issued['access_token']}"}
        assert plain.post("/2/auth/token/revoke", headers=headers).text == "null"
        form = {
            "grant_type": "refresh_token",
            "refresh_token": str(issued["refresh_token"]),
            "client_id": "client",
        }
        assert plain.post("/oauth2/token", data=form).json()["error"] == "invalid_grant"


class TestWire:
    def test_error(self, plain: httpx.Client) -> None:
        """An error of a route is a 409 with a summary and tagged unions."""
        answer = plain.post("/2/files/get_metadata", json={"path": "/none"})
        assert answer.status_code == 409
        body = answer.json()
        assert body["error_summary"].startswith("path/not_found/")
        assert body["error"] == {".tag": "path", "path": {".tag": "not_found"}}
        assert len(answer.headers["X-Dropbox-Request-Id"]) == 32

    def test_bad_input(self, plain: httpx.Client) -> None:
        """What is not as documented is a 400 with plain text that names the function."""
        for answer in (
            plain.post("/2/files/get_metadata", json={"path": "no slash"}),
            plain.post("/2/files/get_metadata", json={"path": "/a", "unknown": 1}),
            plain.post("/2/files/get_metadata", content=b"{", headers={"Content-Type": "text/x"}),
            plain.post("/2/files/upload", json={"path": "/a"}),
            plain.post("/2/files/upload", headers={"Content-Type": "application/octet-stream"}),
        ):
            assert answer.status_code == 400
            assert answer.text.startswith("Error in call to API function ")
        assert plain.post("/2/files/none", json=None).status_code == 400

    def test_download_by_get(self, emulator: DropboxEmulator, plain: httpx.Client) -> None:
        """A download can be a GET with its argument in the address, and be cached by ETag."""
        emulator.people.write("file ü", b"content")
        query = {"arg": json.dumps({"path": "/Root/file ü"}, ensure_ascii=False)}
        answer = plain.get("/2/files/download", params=query)
        assert answer.content == b"content"
        result = answer.headers["Dropbox-API-Result"]
        assert result.isascii()
        assert json.loads(result)["name"] == "file ü"
        tag = {"If-None-Match": answer.headers["ETag"]}
        assert plain.get("/2/files/download", params=query, headers=tag).status_code == 304
        emulator.people.write("file ü", b"changed")
        assert plain.get("/2/files/download", params=query, headers=tag).status_code == 200
        assert plain.get("/2/files/upload", params=query).status_code == 404

    def test_any_host(self, plain: httpx.Client) -> None:
        """Every host is answered by the one server."""
        for host in ("api.dropboxapi.com", "content.dropboxapi.com", "notify.dropboxapi.com"):
            answer = plain.post(
                "/2/files/list_folder", json={"path": "/Root"}, headers={"Host": host}
            )
            assert answer.status_code == 200


class TestLimits:
    def test_too_many_requests(self, emulator: DropboxEmulator, box: Any) -> None:
        """A throttled request says how long to wait, in its header and its body."""
        emulator.throttle(seconds=300)
        with pytest.raises(RateLimitError) as raised:
            box.files_list_folder("")
        assert raised.value.error.reason.is_too_many_requests()
        assert raised.value.backoff == 300
        emulator.throttle(seconds=7, plain=True)
        with pytest.raises(RateLimitError) as raised:
            box.files_list_folder("")
        assert (raised.value.error, raised.value.backoff) == (None, 7)
        assert box.files_list_folder("").entries

    def test_write_lock(self, emulator: DropboxEmulator, box: Any) -> None:
        """While something is written another write is refused; reading goes on."""
        emulator.write_lock.seconds = 0.01
        session = box.files_upload_session_start(b"").session_id
        with emulator.write_lock.held():
            for write in (
                partial(box.files_upload, b"", "/Root/a"),
                partial(box.files_create_folder_v2, "/Root/b"),
            ):
                with pytest.raises(RateLimitError) as raised:
                    write()
                assert raised.value.error.reason.is_too_many_write_operations()
                assert raised.value.backoff == 1
            box.files_list_folder("/Root")
            cursor = files.UploadSessionCursor(session, 0)
            box.files_upload_session_append_v2(b"content", cursor)
        assert emulator.people.tree() == {}
        box.files_upload(b"", "/Root/a")

    def test_writes_take_turns(self, emulator: DropboxEmulator, box: Any) -> None:
        """Unless writes are made to take long they wait for each other."""
        threads = [
            threading.Thread(target=partial(box.files_upload, b"", f"/Root/{number}"))
            for number in range(20)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(emulator.people.tree()) == 20

    def test_write_lock_on_demand(self, emulator: DropboxEmulator, box: Any) -> None:
        """The next writes can be refused, as requests or in the way of each route."""
        emulator.people.write("file", b"")
        emulator.write_lock.refuse(1)
        with pytest.raises(RateLimitError):
            box.files_delete_v2("/Root/file")
        busy = "too_many_write_operations"
        emulator.write_lock.refuse(6, "409")
        assert refused(lambda: box.files_upload(b"", "/Root/a")) == ["path", busy]
        assert refused(lambda: box.files_create_folder_v2("/Root/a")) == ["path", busy]
        assert refused(lambda: box.files_move_v2("/Root/file", "/Root/a")) == ["to", busy]
        assert refused(lambda: box.files_copy_v2("/Root/file", "/Root/a")) == ["to", busy]
        assert refused(lambda: box.files_delete_v2("/Root/file")) == [busy]
        cursor = files.UploadSessionCursor(box.files_upload_session_start(b"").session_id, 0)
        finish = box.files_upload_session_finish
        assert refused(lambda: finish(b"", cursor, files.CommitInfo("/Root/a"))) == [busy]
        assert emulator.people.tree() == {"file": b""}
        finish(b"", cursor, files.CommitInfo("/Root/a"))

    def test_lost_answer(self, emulator: DropboxEmulator, box: Any) -> None:
        """A connection may break after the work was done."""
        emulator.faults.add("drop-after", path="create_folder")
        with pytest.raises(OSError, match="Connection aborted"):
            box.files_create_folder_v2("/Root/folder")
        assert emulator.people.tree() == {"folder": None}

    def test_server_error(self, emulator: DropboxEmulator, box: Any) -> None:
        """A request may fail on the server's side before anything is done."""
        emulator.faults.add("status", status=503, path="upload")
        with pytest.raises(InternalServerError):
            box.files_upload(b"", "/Root/file")
        assert emulator.people.tree() == {}


class TestControl:
    """Who has only the emulator's address can make it misbehave, too."""

    def test_cursors(self, box: Any, plain: httpx.Client) -> None:
        """Every cursor can be lost."""
        cursor = box.files_list_folder("/Root").cursor
        assert plain.post("/_control/reset-cursors").status_code == 204
        assert refused(lambda: box.files_list_folder_continue(cursor)) == ["reset"]

    def test_arguments(self, box: Any, plain: httpx.Client) -> None:
        """What is to happen is described in the body."""
        assert plain.post("/_control/throttle", json={"times": 2, "seconds": 9}).is_success
        assert plain.post("/_control/refuse-writes", json={"times": 1, "form": "409"}).is_success
        for _ in range(2):
            with pytest.raises(RateLimitError) as raised:
                box.files_create_folder_v2("/Root/folder")
            assert raised.value.backoff == 9
        assert plain.post("/_control/allot", json={"size": 1 << 40}).is_success
        assert box.users_get_space_usage().allocation.get_individual().allocated == 1 << 40
        busy = ["path", "too_many_write_operations"]
        assert refused(lambda: box.files_create_folder_v2("/Root/folder")) == busy

    def test_unknown(self, plain: httpx.Client) -> None:
        """What it cannot do is not silently ignored."""
        assert plain.post("/_control/explode").status_code == 404


def test_session_for_the_sdk(emulator: DropboxEmulator) -> None:
    """The SDK talks to the emulator through a session alone, which a connector can be given."""
    with Server(emulator) as server, session(server.url) as rerouted:
        box = dropbox.Dropbox(emulator.token, session=rerouted)
        assert box.users_get_current_account().email == emulator.account.email
        with pytest.raises(BadInputError):
            box.files_list_folder("/")
