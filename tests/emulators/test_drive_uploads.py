"""The emulated Drive's uploads, and who may come in, with their rules and errors."""

import urllib.parse
from collections.abc import Iterator

import httpx
import pytest
from googleapiclient.errors import HttpError  # type: ignore[import-untyped]  # it has no types

from tests.emulators.drive.errors import THROTTLES
from tests.emulators.drive.world import World, reason, served, upload

GRANULE = 256 << 10
UPLOAD = "/upload/drive/v3/files"


@pytest.fixture
def w() -> Iterator[World]:
    with served() as world:
        yield world


def data_of(granules: float) -> bytes:
    size = int(granules * GRANULE)
    return bytes(range(251)) * (size // 251) + bytes(range(size % 251))


class TestSimple:
    @pytest.mark.parametrize(
        "data", [b"", b"\r\n", b"\r", b"\n", b"--\r\n--x", bytes(range(256)), b"a\n\nb\r\n\r\n"]
    )
    def test_multipart(self, w: World, data: bytes) -> None:
        """Metadata and bytes come in one request, and the bytes are just those."""
        made = w.create("file", data)
        assert (made["size"], w.read(made["id"])) == (str(len(data)), data)

    @pytest.mark.parametrize("ending", ["\r\n", "\n"])
    def test_line_endings(self, w: World, ending: str) -> None:
        """The parts may be divided by either kind of line ending."""
        lines = [
            "--frontier",
            "Content-Type: application/json",
            "",
            '{"name": "file"}',
            "--frontier",
            "content-type: text/x-odd",
            "",
            "data\r",
            "--frontier--",
            "",
        ]
        answer = w.http.post(
            f"{UPLOAD}?uploadType=multipart&fields=name,mimeType,size",
            content=ending.join(lines).encode(),
            headers={"Content-Type": 'multipart/related; boundary="frontier"'},
        )
        assert answer.json() == {"name": "file", "mimeType": "text/x-odd", "size": "5"}

    def test_media_only(self, w: World) -> None:
        """Bytes alone make a file without a name, in My Drive."""
        answer = w.http.post(
            f"{UPLOAD}?uploadType=media&fields=*",
            content=b"data",
            headers={"Content-Type": "text/plain"},
        )
        made = answer.json()
        assert (made["name"], made["mimeType"]) == ("Untitled", "text/plain")
        assert made["parents"] == [w.get("root", "id")["id"]]

    @pytest.mark.parametrize("kind", ["", "smoke-signals"])
    def test_unknown_type(self, w: World, kind: str) -> None:
        """An upload of no known type is a 400."""
        answer = w.http.post(f"{UPLOAD}?uploadType={kind}", content=b"data")
        assert answer.status_code == 400

    def test_without_bytes(self, w: World) -> None:
        """A file that is made of metadata alone is empty."""
        made = w.files.create(body={"name": "file.txt"}, fields="*").execute()
        assert (made["size"], made["mimeType"]) == ("0", "text/plain")
        assert made["md5Checksum"] == "d41d8cd98f00b204e9800998ecf8427e"


class TestResumable:
    def begin(self, w: World, size: int | None = None, file: str = "", **metadata: object) -> str:
        """Open a session; returns its address."""
        headers = {"X-Upload-Content-Type": "text/x-odd"}
        if size is not None:
            headers["X-Upload-Content-Length"] = str(size)
        answer = w.http.request(
            "PATCH" if file else "POST",
            f"{UPLOAD}{'/' if file else ''}{file}?uploadType=resumable&fields=id,size,md5Checksum",
            json={"name": "file", **metadata} if not file else metadata,
            headers=headers,
        )
        assert answer.status_code == 200, answer.text
        return answer.headers["location"]

    def put(
        self, session: str, data: bytes, start: int | None = None, size: int | str = "*"
    ) -> httpx.Response:
        """Send bytes without a token: the address is enough. Without a start, ask."""
        told = f"bytes */{size}"
        if start is not None:
            told = f"bytes {start}-{start + len(data) - 1}/{size}"
        with httpx.Client(trust_env=False) as http:
            return http.put(session, content=data, headers={"Content-Range": told})

    def test_chunks(self, w: World) -> None:
        """Chunks are answered by 308 and how much there is, the last one by the file."""
        data = data_of(2.5)
        session = self.begin(w, len(data))
        first = self.put(session, data[:GRANULE], 0, len(data))
        assert (first.status_code, first.headers["range"]) == (308, f"bytes=0-{GRANULE - 1}")
        second = self.put(session, data[GRANULE : 2 * GRANULE], GRANULE, len(data))
        assert second.headers["range"] == f"bytes=0-{2 * GRANULE - 1}"
        assert w.children() == []
        last = self.put(session, data[2 * GRANULE :], 2 * GRANULE, len(data))
        assert (last.status_code, last.json()["size"]) == (200, str(len(data)))
        assert w.read(last.json()["id"]) == data

    def test_status(self, w: World) -> None:
        """An empty request asks how far it is: no ``Range`` is nothing; when done, the file."""
        data = data_of(1.5)
        session = self.begin(w, len(data))
        asked = self.put(session, b"", size=len(data))
        assert asked.status_code == 308
        assert "range" not in asked.headers
        self.put(session, data[:GRANULE], 0, len(data))
        assert self.put(session, b"").headers["range"] == f"bytes=0-{GRANULE - 1}"
        made = self.put(session, data[GRANULE:], GRANULE, len(data)).json()
        again = self.put(session, b"", size=len(data))
        assert (again.status_code, again.json()) == (200, made)
        assert len(w.people.kept()) == 0

    def test_odd_chunk(self, w: World) -> None:
        """Of a chunk that is no multiple of 256 KiB and not the last, the odd rest is not kept."""
        data = data_of(3)
        session = self.begin(w, len(data))
        answer = self.put(session, data[: GRANULE + 100], 0, len(data))
        assert answer.headers["range"] == f"bytes=0-{GRANULE - 1}"
        gap = self.put(session, data[GRANULE + 100 :], GRANULE + 100, len(data))
        assert gap.status_code == 503
        assert "exceeds already uploaded size of 262144 byte(s)" in gap.text
        assert self.put(session, data[GRANULE:], GRANULE, len(data)).status_code == 200

    def test_less_than_a_granule(self, w: World) -> None:
        """Of a chunk of less than 256 KiB nothing is kept."""
        session = self.begin(w, 1000)
        answer = self.put(session, b"x" * 100, 0, 1000)
        assert answer.status_code == 308
        assert "range" not in answer.headers

    def test_kept_in_part(self, w: World) -> None:
        """Google may keep less than was sent: ``Range`` tells; Google's client goes on from it."""
        w.emulator.uploads.short = 2
        data = data_of(8)
        media = upload(data, chunksize=4 * GRANULE, resumable=True)
        made = w.files.create(body={"name": "file"}, media_body=media, fields="id").execute()
        assert w.read(made["id"]) == data
        sent = [call for call in w.emulator.calls if call.startswith("PUT")]
        assert len(sent) == 3

    def test_repeated_bytes(self, w: World) -> None:
        """Bytes that are there already are passed over, so a chunk may be sent again."""
        data = data_of(2)
        session = self.begin(w, len(data))
        self.put(session, data[:GRANULE], 0, len(data))
        again = self.put(session, data[:GRANULE], 0, len(data))
        assert again.headers["range"] == f"bytes=0-{GRANULE - 1}"
        made = self.put(session, data, 0, len(data))
        assert w.read(made.json()["id"]) == data

    def test_unknown_size(self, w: World) -> None:
        """The size may be told with the last chunk only."""
        data = data_of(1.5)
        session = self.begin(w)
        assert self.put(session, data[:GRANULE], 0).status_code == 308
        made = self.put(session, data[GRANULE:], GRANULE, len(data))
        assert made.json()["size"] == str(len(data))

    def test_all_at_once(self, w: World) -> None:
        """Without a range the body is everything."""
        session = self.begin(w, 4)
        with httpx.Client(trust_env=False) as http:
            made = http.put(session, content=b"data")
        assert (made.status_code, made.json()["size"]) == (200, "4")

    def test_empty_file(self, w: World) -> None:
        """Nothing can be uploaded in a session, too."""
        media = upload(b"", resumable=True)
        made = w.files.create(body={"name": "file"}, media_body=media, fields="size").execute()
        assert made == {"size": "0"}

    @pytest.mark.parametrize(
        ("told", "complaint"),
        [
            ("bytes 0-9/4", "should have been 10"),
            ("bytes 0-1/4", "should have been 2"),
            ("lines 0-3/4", "parse"),
            ("bytes 0-3/5", "announced"),
        ],
    )
    def test_wrong_ranges(self, w: World, told: str, complaint: str) -> None:
        """A range that does not fit the body, or the size told before, is a 400."""
        session = self.begin(w, 4)
        with httpx.Client(trust_env=False) as http:
            answer = http.put(session, content=b"data", headers={"Content-Range": told})
        assert answer.status_code == 400
        assert complaint in answer.text
        assert w.names("name = 'file'") == []

    def test_expired_session(self, w: World) -> None:
        """A session lasts a week, then it is a 404: begin again."""
        session = self.begin(w, 2 * GRANULE)
        w.emulator.ahead += 6.9 * 86_400
        assert self.put(session, data_of(1), 0, 2 * GRANULE).status_code == 308
        w.emulator.ahead += 0.2 * 86_400
        assert self.put(session, b"").status_code == 404

    def test_expired_by_control_request(self, w: World) -> None:
        """A test can let sessions end."""
        session = self.begin(w, 4)
        w.http.post("/_control/expire", json={"sessions": True})
        assert self.put(session, b"data", 0, 4).status_code == 404

    def test_unknown_session(self, w: World) -> None:
        """An address with another id is a 404."""
        address = urllib.parse.urlsplit(self.begin(w, 4))
        wrong = address._replace(query="uploadType=resumable&upload_id=x").geturl()
        assert self.put(wrong, b"data", 0, 4).status_code == 404

    def test_cancelled_session(self, w: World) -> None:
        """A session that was given up is gone."""
        session = self.begin(w, 4)
        with httpx.Client(trust_env=False) as http:
            assert http.delete(session).status_code == 499
        assert self.put(session, b"data", 0, 4).status_code == 410
        assert w.names("name = 'file'") == []

    def test_new_content(self, w: World) -> None:
        """A session for a file that is there replaces its bytes when it ends, not before."""
        made = w.create("file", b"old")
        session = self.begin(w, GRANULE + 1, made["id"], modifiedTime="2020-02-02T02:02:02.002Z")
        self.put(session, data_of(1), 0, GRANULE + 1)
        assert w.people.tree() == {"file": b"old"}
        w.people.write("file", b"person's")
        assert self.put(session, b"x", GRANULE, GRANULE + 1).status_code == 200
        told = w.get(made["id"])
        assert (told["modifiedTime"], told["size"]) == (
            "2020-02-02T02:02:02.002Z",
            str(GRANULE + 1),
        )
        assert {b"old", b"person's"} <= set(w.people.kept())

    def test_file_deleted_meanwhile(self, w: World) -> None:
        """If the file is gone when the session ends, there is nothing to write to."""
        made = w.create("file", b"old")
        session = self.begin(w, 4, made["id"])
        w.people.remove("file")
        assert self.put(session, b"data", 0, 4).status_code == 404

    def test_folder_deleted_meanwhile(self, w: World) -> None:
        """If the folder is gone when the session ends, nothing is made."""
        w.people.mkdir("folder")
        session = self.begin(w, 4, parents=[w.people.id("folder")])
        w.people.remove("folder")
        assert self.put(session, b"data", 0, 4).status_code == 404

    def test_id_taken_meanwhile(self, w: World) -> None:
        """Of two sessions under one generated id the second to end is a 409."""
        (new,) = w.files.generateIds(count=1).execute()["ids"]
        sessions = [self.begin(w, 4, id=new) for _ in range(2)]
        assert self.put(sessions[0], b"data", 0, 4).status_code == 200
        late = self.put(sessions[1], b"late", 0, 4)
        assert late.status_code == 409
        assert late.json()["error"]["errors"][0]["reason"] == "fileIdInUse"
        with pytest.raises(AssertionError, match="fileIdInUse"):
            self.begin(w, 4, id=new)

    def test_refused_at_once(self, w: World) -> None:
        """What can be known at the beginning is: a folder, a file or a token that is not there."""
        with pytest.raises(AssertionError, match="notFound"):
            self.begin(w, 4, parents=["nothing"])
        with pytest.raises(AssertionError, match="notFound"):
            self.begin(w, 4, "nothing")
        w.emulator.oauth.expire()
        with pytest.raises(AssertionError, match="authError"):
            self.begin(w, 4)

    def test_token_ends_meanwhile(self, w: World) -> None:
        """A session goes on without a token, but not with one that has ended."""
        session = self.begin(w, 4)
        w.emulator.oauth.expire()
        answer = w.http.put(session, content=b"data")
        assert answer.status_code == 401
        assert self.put(session, b"data", 0, 4).status_code == 200


class TestQuota:
    def test_full(self, w: World) -> None:
        """What does not fit is refused, at once if its size is known."""
        w.emulator.drive.limit = 10
        w.create("file", b"12345")
        with pytest.raises(HttpError) as error:
            w.create("more", b"123456")
        assert reason(error.value) == (403, "storageQuotaExceeded")
        media = upload(b"123456", resumable=True)
        with pytest.raises(HttpError) as error:
            w.files.create(body={"name": "more"}, media_body=media).execute()
        assert reason(error.value) == (403, "storageQuotaExceeded")
        assert w.people.tree() == {"file": b"12345"}


class TestWhoMay:
    def test_expired_token(self, w: World) -> None:
        """A token that has ended is a 401 that says so; a fresh one goes on."""
        w.emulator.ahead += 3601
        answer = w.http.get("/drive/v3/files/root")
        assert answer.status_code == 401
        (detail,) = answer.json()["error"]["errors"]
        assert (detail["reason"], detail["message"]) == ("authError", "Invalid Credentials")
        form = {
            "grant_type": "refresh_token",
            "refresh_token": w.emulator.refresh_token,
            "client_id": "client",
            "client_secret": "secret",
        }
        token = w.http.post("/token", data=form).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        assert w.http.get("/drive/v3/files/root", headers=headers).status_code == 200

    def test_no_token(self, w: World) -> None:
        """Without one nothing is answered."""
        with httpx.Client(base_url=w.url, trust_env=False) as http:
            answer = http.get("/drive/v3/files")
        assert answer.status_code == 401
        assert answer.json()["error"]["errors"][0]["reason"] == "required"

    def test_revoked(self, w: World) -> None:
        """Revoking ends access and refresh; again it is a 400."""
        token = {"token": w.emulator.refresh_token}
        assert w.http.post("/revoke", data=token).status_code == 200
        assert w.http.get("/drive/v3/files/root").status_code == 401
        form = {
            "grant_type": "refresh_token",
            "refresh_token": w.emulator.refresh_token,
            "client_id": "client",
        }
        answer = w.http.post("/token", data=form)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
        nothing = w.http.post("/revoke", data={"token": "nothing"})
        assert (nothing.status_code, nothing.json()["error"]) == (400, "invalid_token")

    def test_scopes(self, w: World) -> None:
        """A token to read does not write."""
        scope = "https://www.googleapis.com/auth/drive.readonly"
        token = w.emulator.oauth.issue(scope)["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        assert w.http.get("/drive/v3/files/root", headers=headers).status_code == 200
        answer = w.http.post("/drive/v3/files", json={"name": "x"}, headers=headers)
        assert answer.status_code == 403
        assert answer.json()["error"]["errors"][0]["reason"] == "insufficientPermissions"


class TestSignIn:
    REDIRECT = "http://127.0.0.1:1/back"

    def tokens(self, w: World, **asked: str) -> dict[str, object]:
        """Let a person allow it, and return what the code is exchanged for."""
        query = {
            "client_id": "client",
            "response_type": "code",
            "redirect_uri": self.REDIRECT,
            "scope": "https://www.googleapis.com/auth/drive",
            "_choice": "allow",
            **asked,
        }
        sent = w.http.get("/o/oauth2/v2/auth", params=query).headers["location"]
        code = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(sent).query))["code"]
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": "client",
            "client_secret": "secret",
            "redirect_uri": self.REDIRECT,
        }
        found: dict[str, object] = w.http.post("/token", data=form).json()
        return found

    def test_refresh_token_for_offline_access(self, w: World) -> None:
        """A refresh token is given when offline access is asked for, and once unless prompted."""
        assert "refresh_token" not in self.tokens(w)
        assert "refresh_token" in self.tokens(w, access_type="offline")
        assert "refresh_token" not in self.tokens(w, access_type="offline")
        assert "refresh_token" in self.tokens(w, access_type="offline", prompt="consent")

    def test_app_in_testing(self, w: World) -> None:
        """The refresh token of an app in testing says that it ends after a week, and does."""
        w.emulator.signin.testing = True
        told = self.tokens(w, access_type="offline")
        assert told["refresh_token_expires_in"] == 604_799
        form = {
            "grant_type": "refresh_token",
            "refresh_token": told["refresh_token"],
            "client_id": "client",
        }
        w.emulator.ahead += 6 * 86_400
        assert w.http.post("/token", data=form).status_code == 200
        w.emulator.ahead += 2 * 86_400
        answer = w.http.post("/token", data=form)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


class TestThrottling:
    @pytest.mark.parametrize("name", THROTTLES)
    def test_bodies(self, w: World, name: str) -> None:
        """Drive throttles by 403 with a reason, or 429, without saying for how long."""
        w.emulator.throttle(name, path="files/root")
        answer = w.http.get("/drive/v3/files/root")
        status, message = THROTTLES[name]
        (detail,) = answer.json()["error"]["errors"]
        assert (answer.status_code, detail["message"]) == (status, message)
        assert (detail["domain"], "retry-after" in answer.headers) == ("usageLimits", False)
        assert w.http.get("/drive/v3/files/root").status_code == 200

    def test_by_control_request(self, w: World) -> None:
        """A test in another process throttles by a request."""
        asked = {"name": "dailyLimitExceeded", "times": 2, "method": "GET"}
        w.http.post("/_control/throttle", json=asked)
        answers = [w.http.get("/drive/v3/files/root") for _ in range(3)]
        assert [each.status_code for each in answers] == [403, 403, 200]

    def test_answer_that_is_lost(self, w: World) -> None:
        """A create whose answer is lost was done all the same."""
        w.emulator.faults.add("drop-after", path="/upload/")
        with pytest.raises(httpx.RemoteProtocolError):
            w.http.post(f"{UPLOAD}?uploadType=media", content=b"data")
        assert w.names("name = 'Untitled'") == ["Untitled"]
