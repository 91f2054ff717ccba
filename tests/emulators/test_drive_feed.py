"""The emulated Drive's feed and pushes, with their quirks."""

import http.server
import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any, Self

import pytest
from googleapiclient.errors import HttpError  # type: ignore[import-untyped]  # it has no types

from tests.emulators.drive.world import World, reason, served, upload


@pytest.fixture
def w() -> Iterator[World]:
    with served() as world:
        yield world


class TestFeed:
    def test_from_now_on(self, w: World) -> None:
        """The feed begins at its start token, and ends with the token to go on from."""
        w.people.write("before", b"")
        token = w.token()
        (page,) = w.pages(token)
        assert (page["changes"], page["newStartPageToken"]) == ([], token)
        w.people.write("after", b"")
        (page,) = w.pages(token)
        assert [each["file"]["name"] for each in page["changes"]] == ["after"]
        assert "nextPageToken" not in page
        assert w.feed(page["newStartPageToken"]) == []

    def test_current_state_not_a_log(self, w: World) -> None:
        """Of each file its latest change alone is told, in order, as it stands now."""
        token = w.token()
        w.people.write("a", b"one")
        w.people.write("b", b"")
        w.people.write("a", b"two")
        w.people.rename("a", "c")
        told = w.feed(token)
        assert [each["file"]["name"] for each in told] == ["b", "c"]
        assert told[1]["file"]["size"] == "3"
        assert [each["changeType"] for each in told] == ["file", "file"]

    def test_pages(self, w: World) -> None:
        """Pages follow each other by token; only the last one ends the feed."""
        token = w.token()
        for number in range(5):
            w.people.write(f"f{number}", b"")
        pages = list(w.pages(token, pageSize=2))
        assert [len(page["changes"]) for page in pages] == [2, 2, 1]
        assert ["newStartPageToken" in page for page in pages] == [False, False, True]

    def test_change_between_pages(self, w: World) -> None:
        """What changes while the feed is drained is told again on a later page."""
        token = w.token()
        for number in range(4):
            w.people.write(f"f{number}", b"")
        pages = w.pages(token, pageSize=2)
        first = [each["file"]["name"] for each in next(pages)["changes"]]
        w.people.rename("f0", "renamed")
        rest = [each["file"]["name"] for page in pages for each in page["changes"]]
        assert (first, rest) == (["f0", "f1"], ["f2", "f3", "renamed"])

    def test_repeats(self, w: World) -> None:
        """A feed may begin with what was told before."""
        token = w.token()
        w.people.write("a", b"")
        w.people.write("b", b"")
        (page,) = w.pages(token)
        w.people.write("c", b"")
        w.emulator.changes.repeats = 1
        told = w.feed(page["newStartPageToken"])
        assert [each["file"]["name"] for each in told] == ["b", "c"]

    def test_token_stays_good(self, w: World) -> None:
        """A token does not expire, whatever happened since."""
        token = w.token()
        w.people.write("a", b"")
        w.emulator.ahead += 400 * 86_400
        tokens = w.emulator.oauth.issue()
        answer = w.http.get(
            "/drive/v3/changes",
            params={"pageToken": token},
            headers={"Authorization": f"Bearer {tokens['access_token']}"},
        )
        assert [each["file"]["name"] for each in answer.json()["changes"]] == ["a"]

    @pytest.mark.parametrize("token", ["nonsense", "-1", "1", "999999"])
    def test_no_token_of_ours(self, w: World, token: str) -> None:
        """What was never given out is a 400."""
        with pytest.raises(HttpError) as error:
            w.feed(token)
        assert reason(error.value) == (400, "invalid")
        assert error.value.error_details[0]["location"] == "pageToken"

    def test_own_writes(self, w: World) -> None:
        """What the client itself did comes back through the feed."""
        token = w.token()
        made = w.create("file", b"data")
        (told,) = w.feed(token)
        assert told["file"]["version"] == made["version"]
        assert told["fileId"] == made["id"]


class TestTrashAndRemoval:
    def test_trash(self, w: World) -> None:
        """What is trashed is told as a file that is trashed, not as removed."""
        w.people.write("file", b"")
        token = w.token()
        w.people.trash("file")
        (told,) = w.feed(token)
        assert (told["removed"], told["file"]["trashed"]) == (False, True)
        assert told["file"]["explicitlyTrashed"] is True

    @pytest.mark.parametrize("everything", [False, True])
    def test_trashed_folder(self, w: World, everything: bool) -> None:
        """Of a trashed folder the content may be told of, or not; a read shows it trashed."""
        w.people.write("folder/file", b"")
        file = w.people.id("folder/file")
        w.emulator.drive.trash_tells_all = everything
        token = w.token()
        w.people.trash("folder")
        told = {each["file"]["name"]: each["file"] for each in w.feed(token)}
        assert set(told) == ({"folder", "file"} if everything else {"folder"})
        if everything:
            assert told["file"]["trashed"] is True
            assert told["file"]["explicitlyTrashed"] is False
        assert w.get(file, "trashed") == {"trashed": True}

    def test_moved_folder(self, w: World) -> None:
        """Of a folder that moves, what is in it is not told."""
        w.people.write("from/folder/file", b"")
        w.people.mkdir("to")
        token = w.token()
        w.people.rename("from/folder", "to/folder")
        assert [each["file"]["name"] for each in w.feed(token)] == ["folder"]

    def test_deleted_folder(self, w: World) -> None:
        """What is deleted is told as removed, without a word of what it was; content too."""
        w.people.write("folder/file", b"")
        ids = {w.people.id("folder"), w.people.id("folder/file")}
        token = w.token()
        w.people.remove("folder")
        told = w.feed(token)
        assert {each["fileId"] for each in told} == ids
        assert all(each["removed"] and "file" not in each for each in told)
        assert w.feed(token, includeRemoved=False) == []

    def test_emptied_trash(self, w: World) -> None:
        """When the trash is emptied, what was told as trashed is told again, as removed."""
        w.people.write("file", b"")
        file = w.people.id("file")
        token = w.token()
        w.people.trash("file")
        (trashed,) = w.feed(token)
        w.files.emptyTrash().execute()
        (removed,) = w.feed(token)
        assert (trashed["fileId"], trashed["removed"]) == (file, False)
        assert (removed["fileId"], removed["removed"]) == (file, True)

    def test_lost_access_looks_like_deletion(self, w: World) -> None:
        """Access that is lost is told as removed, in the same words as a deletion."""
        theirs = w.people.share_in("theirs", b"data")
        w.people.write("ours", b"data")
        ours = w.people.id("ours")
        token = w.token()
        w.people.unshare(theirs)
        w.people.remove("ours")
        lost, deleted = w.feed(token)
        assert (lost.pop("fileId"), deleted.pop("fileId")) == (theirs, ours)
        assert {**lost, "time": ""} == {**deleted, "time": ""}

    def test_shared_with_me(self, w: World) -> None:
        """The feed tells of files that stand nowhere in My Drive, unless it is told not to."""
        token = w.token()
        w.people.share_with_me("theirs", b"data")
        w.people.write("ours", b"data")
        (theirs, ours) = w.feed(token)
        assert "parents" not in theirs["file"]
        assert w.feed(token, restrictToMyDrive=True) == [ours]


class TestLag:
    def test_held(self, w: World) -> None:
        """While listings are held they and the feed are old, and a point read is not."""
        w.people.write("old", b"one")
        token = w.token()
        w.emulator.drive.held = True
        w.people.write("old", b"two")
        made = w.create("new", b"data")
        assert w.children() == ["old"]
        query = "name = 'old'"
        (old,) = w.files.list(q=query, fields="files(size,md5Checksum)").execute()["files"]
        assert w.read(w.people.id("old")) == b"two"
        assert old["md5Checksum"] != w.get(w.people.id("old"))["md5Checksum"]
        assert w.get(made["id"])["name"] == "new"
        assert w.feed(token) == []
        assert w.token() == token
        w.people.catch_up()
        assert w.children() == ["new", "old"]
        assert [each["file"]["name"] for each in w.feed(token)] == ["old", "new"]

    def test_delayed(self, w: World) -> None:
        """With a lag, each change shows that much later."""
        w.emulator.drive.lag = 60.0
        w.people.write("first", b"")
        token = w.token()
        w.emulator.ahead += 50
        w.people.write("second", b"")
        assert w.children() == []
        w.emulator.ahead += 11
        assert w.children() == ["first"]
        assert [each["file"]["name"] for each in w.feed(token)] == ["first"]
        w.emulator.ahead += 50
        assert w.children() == ["first", "second"]

    def test_deleted_but_listed(self, w: World) -> None:
        """An old listing shows what is gone."""
        w.people.write("file", b"")
        file = w.people.id("file")
        w.people.catch_up()
        w.emulator.drive.held = True
        w.people.remove("file")
        assert w.children() == ["file"]
        with pytest.raises(HttpError) as error:
            w.get(file)
        assert reason(error.value) == (404, "notFound")

    def test_by_control_request(self, w: World) -> None:
        """A test in another process sets what lags by requests."""
        assert w.http.post("/_control/listings", json={"held": True}).status_code == 204
        w.people.write("file", b"")
        assert w.children() == []
        assert w.http.post("/_control/catch-up").status_code == 204
        assert w.children() == ["file"]


class TestControl:
    @pytest.mark.parametrize(
        ("path", "knob", "value"),
        [
            ("listings", "lag", 5.0),
            ("listings", "empty_groups", 2),
            ("feed", "repeats", 3),
            ("feed", "trash_tells_all", True),
            ("pushes", "lost", 4),
            ("pushes", "repeated", 5),
            ("uploads", "short", 6),
            ("exports", "vary", True),
            ("signin", "testing", True),
            ("quota", "limit", 7),
        ],
    )
    def test_knobs(self, w: World, path: str, knob: str, value: object) -> None:
        """What can be made to go wrong can be set by a request, whatever holds it."""
        assert w.http.post(f"/_control/{path}", json={knob: value}).status_code == 204
        parts = vars(w.emulator).values()
        assert [vars(each)[knob] for each in parts if knob in getattr(each, "__dict__", {})] == [
            value
        ]

    def test_what_ends(self, w: World) -> None:
        """Tokens, grants, channels and pages can be ended by a request."""
        token = w.token()
        body = {"id": "one", "type": "web_hook", "address": "http://127.0.0.1:9/"}
        told = w.changes.watch(pageToken=token, body=body).execute()
        w.people.write("a", b"")
        w.people.write("b", b"")
        page = w.files.list(pageSize=1).execute()["nextPageToken"]
        ends = {"channels": True, "pages": True, "sessions": False}
        assert w.http.post("/_control/expire", json=ends).status_code == 204
        with pytest.raises(HttpError) as error:
            w.api.channels().stop(body={"id": "one", "resourceId": told["resourceId"]}).execute()
        assert reason(error.value) == (404, "notFound")
        with pytest.raises(HttpError) as error:
            w.files.list(pageSize=1, pageToken=page).execute()
        assert reason(error.value) == (400, "invalid")
        assert w.http.get("/drive/v3/files").status_code == 200
        w.http.post("/_control/expire", json={"tokens": True})
        assert w.http.get("/drive/v3/files").status_code == 401


class Hook:
    """A web hook on loopback that remembers what it was sent."""

    def __init__(self) -> None:
        self.messages: list[dict[str, str]] = []
        self.answers: list[int] = []
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.rfile.read(int(self.headers.get("Content-Length", "0"))) == b""
                hook.messages.append({k.lower(): v for k, v in self.headers.items()})
                self.send_response(hook.answers.pop(0) if hook.answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base's
                """Keep quiet."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}/hook?x=1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def states(self) -> list[str]:
        return [each["x-goog-resource-state"] for each in self.messages]


class TestPushes:
    @pytest.fixture
    def hook(self) -> Iterator[Hook]:
        with Hook() as hook:
            yield hook

    def watch(self, w: World, hook: Hook, **more: Any) -> dict[str, Any]:
        body = {"id": str(uuid.uuid4()), "type": "web_hook", "address": hook.address, **more}
        told: dict[str, Any] = w.changes.watch(pageToken=w.token(), body=body).execute()
        assert w.emulator.channels.flush()
        return told

    def test_handshake(self, w: World, hook: Hook) -> None:
        """The first message is a ``sync``, and every one names channel, resource and token."""
        channel = self.watch(w, hook, token="secret")  # noqa: S106 -- no password
        assert (channel["kind"], channel["token"]) == ("api#channel", "secret")
        (message,) = hook.messages
        told = {name: value for name, value in message.items() if name.startswith("x-goog-")}
        expiration = told.pop("x-goog-channel-expiration")
        assert expiration.endswith(" GMT")
        assert told == {
            "x-goog-channel-id": channel["id"],
            "x-goog-channel-token": "secret",
            "x-goog-message-number": "1",
            "x-goog-resource-id": channel["resourceId"],
            "x-goog-resource-state": "sync",
            "x-goog-resource-uri": channel["resourceUri"],
        }

    def test_changes(self, w: World, hook: Hook) -> None:
        """Each change is pushed, without a word of what it was; numbers grow."""
        self.watch(w, hook)
        w.people.write("file", b"")
        w.create("other", b"")
        w.people.catch_up()
        assert hook.states() == ["sync", "change", "change"]
        assert [each["x-goog-message-number"] for each in hook.messages] == ["1", "2", "3"]
        assert "x-goog-channel-token" not in hook.messages[0]

    def test_reads_are_no_news(self, w: World, hook: Hook) -> None:
        """Nothing is pushed when nothing changes."""
        self.watch(w, hook)
        w.children()
        w.people.catch_up()
        assert hook.states() == ["sync"]

    def test_stop(self, w: World, hook: Hook) -> None:
        """A channel that is stopped is silent; stopping it again is a 404."""
        channel = self.watch(w, hook)
        body = {"id": channel["id"], "resourceId": channel["resourceId"]}
        with pytest.raises(HttpError) as error:
            w.api.channels().stop(body={**body, "resourceId": "another"}).execute()
        assert reason(error.value) == (404, "notFound")
        w.api.channels().stop(body=body).execute()
        w.people.write("file", b"")
        w.people.catch_up()
        assert hook.states() == ["sync"]
        with pytest.raises(HttpError) as error:
            w.api.channels().stop(body=body).execute()
        assert reason(error.value) == (404, "notFound")

    def test_lifetime(self, w: World, hook: Hook) -> None:
        """A channel lasts an hour, at most seven days if more is asked for, and then ends."""
        now = time.time()
        usual = self.watch(w, hook)
        assert int(usual["expiration"]) / 1000 == pytest.approx(now + 3600, abs=60)
        longest = self.watch(w, hook, expiration=str(int((now + 30 * 86_400) * 1000)))
        assert int(longest["expiration"]) / 1000 == pytest.approx(now + 7 * 86_400, abs=60)
        w.emulator.ahead += 3700
        w.people.write("file", b"")
        w.people.catch_up()
        assert [each["x-goog-channel-id"] for each in hook.messages[2:]] == [longest["id"]]

    def test_two_channels(self, w: World, hook: Hook) -> None:
        """While two channels are open both are told."""
        ids = {self.watch(w, hook)["id"] for _ in range(2)}
        w.people.write("file", b"")
        w.people.catch_up()
        assert {each["x-goog-channel-id"] for each in hook.messages[2:]} == ids

    def test_lost_and_repeated(self, w: World, hook: Hook) -> None:
        """A message can be lost, which leaves a gap in the numbers, or come twice."""
        self.watch(w, hook)
        w.emulator.channels.lost = 1
        w.people.write("file", b"")
        w.emulator.channels.repeated = 1
        w.people.write("file", b"again")
        w.people.catch_up()
        assert [each["x-goog-message-number"] for each in hook.messages] == ["1", "3", "3"]

    def test_tried_again(self, w: World, hook: Hook) -> None:
        """A message that is answered by 503 is sent again; one that is refused is not."""
        self.watch(w, hook)
        hook.answers = [503, 200, 404]
        w.people.write("file", b"")
        w.people.write("file", b"again")
        w.people.catch_up()
        assert [each["x-goog-message-number"] for each in hook.messages] == ["1", "2", "2", "3"]

    def test_push_before_the_feed(self, w: World, hook: Hook) -> None:
        """A push may come before the feed tells anything."""
        self.watch(w, hook)
        token = w.token()
        w.emulator.drive.held = True
        w.people.write("file", b"")
        assert w.emulator.channels.flush()
        assert hook.states() == ["sync", "change"]
        assert w.feed(token) == []

    @pytest.mark.parametrize(
        ("wrong", "expected"),
        [
            ({"address": "http://example.com/hook"}, (400, "push.webhookUrlNotHttps")),
            ({"type": "carrier_pigeon"}, (400, "invalid")),
            ({"id": ""}, (400, "required")),
            ({"id": "x" * 65}, (400, "invalid")),
            ({"token": "x" * 257}, (400, "invalid")),
            ({"expiration": "1000"}, (400, "invalid")),
        ],
    )
    def test_channels_that_cannot_be(
        self, w: World, hook: Hook, wrong: dict[str, str], expected: tuple[int, str]
    ) -> None:
        """A channel needs an id of its own, a web hook under TLS, and a time to come."""
        with pytest.raises(HttpError) as error:
            self.watch(w, hook, **wrong)
        assert reason(error.value) == expected
        assert hook.messages == []

    def test_id_is_used_once(self, w: World, hook: Hook) -> None:
        """Two open channels cannot have one id."""
        channel = self.watch(w, hook)
        with pytest.raises(HttpError) as error:
            self.watch(w, hook, id=channel["id"])
        assert reason(error.value) == (400, "channelIdNotUnique")

    def test_dead_hook(self, w: World) -> None:
        """A hook that does not answer does no harm."""
        with Hook() as hook:
            self.watch(w, hook)
        w.people.write("file", b"")
        w.people.catch_up()
        assert w.files.update(fileId=w.people.id("file"), media_body=upload(b"x")).execute()
