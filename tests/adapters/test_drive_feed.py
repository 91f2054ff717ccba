"""Google Drive's change feed, its pushes, and what asking for them costs."""

import dataclasses
import time
import urllib.parse
from collections.abc import Iterator, Mapping

import pytest

from syncoxiders.adapters.providers.drive import verify
from syncoxiders.core.model import ROOT_ENTRY
from syncoxiders.ports.errors import CursorExpired, Refused, RootLost
from syncoxiders.ports.push import Channel, Forged, Push, Verifier
from tests.adapters.drive_support import Stage, serving, staged
from tests.emulators.serving import Emulator, Request, Response, Server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def s(server: Server) -> Iterator[Stage]:
    with staged(server) as stage:
        yield stage


class TestFeed:
    def test_trashed_is_gone(self, s: Stage) -> None:
        """What was trashed is gone for certain, what was removed may be lost only."""
        s.people.write("trashed", b"")
        s.people.write("removed", b"")
        ids = {name: s.people.id(name) for name in ("trashed", "removed")}
        cursor = s.provider.start_cursor()
        s.people.trash("trashed")
        s.people.remove("removed")
        told = {change.id: change.lost for change in s.drain(cursor)}
        assert told == {ids["trashed"]: False, ids["removed"]: True}

    def test_untrashed(self, s: Stage) -> None:
        """What is back from the trash is told of as it stands."""
        s.people.write("file", b"content")
        entry = s.entry("file")
        s.people.trash("file")
        cursor = s.provider.start_cursor()
        s.people.untrash(entry.id)
        assert [change.entry for change in s.drain(cursor)] == [entry]

    def test_parents(self, s: Stage) -> None:
        """What stands in the root folder has the root's id as its parent, as everywhere."""
        cursor = s.provider.start_cursor()
        s.people.write("folder/file", b"content")
        told = {change.entry.name: change.entry for change in s.drain(cursor)}
        assert told["folder"].parent == ROOT_ENTRY
        assert told["file"].parent == told["folder"].id

    def test_outside_the_root(self, s: Stage) -> None:
        """What stands outside the root is passed on, in a folder that leads nowhere."""
        drive = s.emulator.drive
        cursor = s.provider.start_cursor()
        drive.save(drive.new("outside", "text/plain", drive.root.id))
        shared = s.people.share_with_me("shared", b"content")
        told = {change.entry.name: change.entry for change in s.drain(cursor)}
        assert told["outside"].parent == drive.root.id
        assert told["shared"].id == shared
        assert told["shared"].parent not in {ROOT_ENTRY, "", drive.root.id}

    def test_moved_out_of_the_root(self, s: Stage) -> None:
        """What left the root is told of at its new place."""
        s.people.write("file", b"content")
        file_id = s.people.id("file")
        cursor = s.provider.start_cursor()
        drive = s.emulator.drive
        drive.save(dataclasses.replace(drive.need(file_id), parent=drive.root.id))
        (change,) = s.drain(cursor)
        assert (change.entry.id, change.entry.parent) == (file_id, drive.root.id)

    def test_root_itself(self, s: Stage) -> None:
        """Of the root folder the feed tells nothing: whether it stands its own check tells."""
        s.provider.root()
        cursor = s.provider.start_cursor()
        drive = s.emulator.drive
        drive.save(dataclasses.replace(drive.need(s.people.root), starred=True))
        assert s.drain(cursor) == []
        s.people.lose_root()
        assert s.drain(cursor) == []
        with pytest.raises(RootLost):
            s.provider.root()

    def test_only_what_is_kept_in_step(self, s: Stage) -> None:
        """A star, and what Drive does of its own accord, is no other version."""
        s.people.write("file", b"content")
        entry = s.entry("file")
        cursor = s.provider.start_cursor()
        s.people.star("file")
        s.people.disturb("file")
        assert [change.entry for change in s.drain(cursor)] == [entry]

    def test_repeats(self, s: Stage) -> None:
        """A feed that tells again what it told before is told on."""
        s.emulator.changes.repeats = 3
        s.people.write("before", b"")
        cursor = s.provider.start_cursor()
        s.people.write("after", b"")
        names = [change.entry.name for change in s.drain(cursor) if change.entry]
        assert {"before", "after"} <= set(names)

    def test_what_a_change_costs(self, s: Stage) -> None:
        """One change is one page and one query for its name, whatever the size of the tree."""
        for number in range(100):
            s.people.write(f"folder {number % 10}/{number}", b"")
        cursor = s.provider.start_cursor()
        s.people.write("folder 3/3", b"edited")
        asked = s.requests(lambda: s.drain(cursor))
        assert asked == ["GET /drive/v3/changes", "GET /drive/v3/files"]

    def test_what_many_changes_cost(self, s: Stage) -> None:
        """Names of many changes are asked for with few queries."""
        s.provider.root()
        cursor = s.provider.start_cursor()
        for number in range(100):
            s.people.write(f"folder {number % 10}/{number}", b"")
        queries: list[str] = []
        s.watch(lambda request: queries.append(request.query.get("q", "")))
        asked = s.requests(lambda: s.drain(cursor))
        assert len(asked) <= 5
        assert all(len(urllib.parse.quote_plus(query)) < 1700 for query in queries)
        assert not [each for each in asked if each.startswith("POST")]

    def test_what_many_names_in_one_folder_cost(self, s: Stage) -> None:
        """Names in one folder are asked for without naming it each time."""
        s.provider.root()
        cursor = s.provider.start_cursor()
        for number in range(100):
            s.people.write(str(number), b"")
        assert len(s.requests(lambda: s.drain(cursor))) <= 4

    def test_folder_that_went_meanwhile(self, s: Stage) -> None:
        """A folder that goes while names in it are asked for does not stop the feed."""
        cursor = s.provider.start_cursor()
        s.people.write("folder/file", b"content")
        s.people.write("other/file", b"content")
        s.after("GET", "/changes$", lambda: s.people.remove("folder"))
        told = [change.entry.name for change in s.drain(cursor) if change.entry]
        assert sorted(told) == ["file", "file", "folder", "other"]

    def test_cursor_that_never_was(self, s: Stage) -> None:
        """A cursor that Drive does not know raises CursorExpired, naming the account."""
        with pytest.raises(CursorExpired, match="work"):
            s.provider.changes("999999")


class Listener(Emulator):
    """Where pushes arrive."""

    def __init__(self) -> None:
        super().__init__()
        self.pushes: list[Request] = []
        self.routes.add("POST", "/push", self._take)

    def _take(self, request: Request) -> Response:
        self.pushes.append(request)
        return Response(200)


@pytest.fixture
def listener() -> Iterator[tuple[Listener, str]]:
    listener = Listener()
    with Server(listener) as server:
        yield listener, f"{server.url}/push"


def secret(channel: str) -> str | None:
    return {"channel": "secret"}.get(channel)


VERIFIER: Verifier = verify


def said(push: Request) -> Push:
    return VERIFIER(push.query, push.headers, push.body, secret)


class TestPush:
    @pytest.fixture
    def pushed(self, s: Stage, listener: tuple[Listener, str]) -> list[Request]:
        """Return what arrives of a channel: its opening, and a change."""
        s.provider.open_channel(listener[1], "channel", "secret", time.time() + 3600)
        s.people.write("file", b"content")
        s.people.catch_up()
        return listener[0].pushes

    def test_genuine(self, pushed: list[Request]) -> None:
        """The opening says nothing new, a change says that there is something new."""
        assert said(pushed[0]) == Push()
        assert said(pushed[1]) == Push(channels=("channel",))

    def test_forged(self, pushed: list[Request]) -> None:
        """Another token, none, or a channel that nobody knows: Forged, and no secret is told."""
        headers = dict(pushed[1].headers)
        wrong: list[Mapping[str, str]] = [
            {**headers, "x-goog-channel-token": "secrets"},
            {**headers, "x-goog-channel-token": ""},
            {**headers, "x-goog-channel-token": "s\u00e9cret"},
            {name: value for name, value in headers.items() if name != "x-goog-channel-token"},
            {**headers, "x-goog-channel-id": "other"},
        ]
        for each in wrong:
            with pytest.raises(Forged) as caught:
                verify({}, each, b"", secret)
            assert "secret" not in str(caught.value)

    @pytest.mark.parametrize("lacking", ["channel-id", "resource-state", "message-number"])
    def test_malformed(self, pushed: list[Request], lacking: str) -> None:
        """What lacks a header that every notification has is Forged."""
        headers = dict(pushed[1].headers)
        del headers[f"x-goog-{lacking}"]
        with pytest.raises(Forged):
            verify({}, headers, b"", secret)
        with pytest.raises(Forged):
            verify({}, {}, b"", secret)

    def test_lasts_a_week_at_most(self, s: Stage, listener: tuple[Listener, str]) -> None:
        """A channel tells when it ends: as asked, but not later than in a week."""
        now = time.time()
        long = s.provider.open_channel(listener[1], "long", "secret", now + 365 * 86_400)
        short = s.provider.open_channel(listener[1], "short", "secret", now + 60)
        assert now + 6 * 86_400 < long.expires <= now + 7 * 86_400 + 5
        assert now + 50 < short.expires < now + 70

    def test_renewed(self, s: Stage, listener: tuple[Listener, str]) -> None:
        """A renewed channel is another that overlaps with the old one, under the same secret."""
        old = s.provider.open_channel(listener[1], "channel", "secret", time.time() + 60)
        new = s.provider.renew_channel(old, listener[1], time.time() + 3600)
        assert new.id != old.id
        assert (new.secret, new.expires > old.expires) == (old.secret, True)
        s.people.catch_up()
        listener[0].pushes.clear()
        s.people.write("file", b"content")
        s.people.catch_up()
        channels = {push.headers["x-goog-channel-id"] for push in listener[0].pushes}
        assert channels == {old.id, new.id}

    def test_closed(self, s: Stage, listener: tuple[Listener, str]) -> None:
        """A closed channel is silent, and can be closed again."""
        channel = s.provider.open_channel(listener[1], "channel", "secret", time.time() + 60)
        s.provider.close_channel(channel)
        s.provider.close_channel(channel)
        s.provider.close_channel(Channel("never was", "secret", token="none"))  # noqa: S106 -- none
        s.people.catch_up()
        listener[0].pushes.clear()
        s.people.write("file", b"content")
        s.people.catch_up()
        assert listener[0].pushes == []

    def test_address_that_google_does_not_take(self, s: Stage) -> None:
        """An address without TLS is refused with Google's reason."""
        with pytest.raises(Refused, match="HTTPS"):
            s.provider.open_channel("http://example.com/", "channel", "secret", time.time() + 60)
