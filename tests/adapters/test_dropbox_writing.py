"""Writing to a Dropbox: strong preconditions, proof of what arrived, one commit for many files."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest

from syncoxiders.adapters.memory.provider import MemoryProvider
from syncoxiders.adapters.providers.dropbox import Limits
from syncoxiders.core.model import Ref
from syncoxiders.ports.errors import (
    NotEmpty,
    Occupied,
    RootLost,
    Stale,
    Vanished,
)
from syncoxiders.ports.provider import Attributes
from tests.adapters.dropbox_support import MIB, MTIME, ROOT, Box, item, served
from tests.emulators.dropbox import committing, uploading
from tests.emulators.serving import Request, Response


@pytest.fixture
def box() -> Iterator[Box]:
    with served() as box:
        yield box


class TestPreconditions:
    """A person acts between the connector's look and its write."""

    def test_edited_before_it_is_replaced(self, box: Box) -> None:
        """A revision that came meanwhile is not replaced: Stale."""
        old = box.upload("file", b"old")
        box.when("upload", lambda: box.people.write("file", b"person's"))
        with pytest.raises(Stale):
            box.upload("file", b"ours", replaces=old)
        assert box.people.tree() == {"file": b"person's"}

    def test_deleted_before_it_is_replaced(self, box: Box) -> None:
        """What was deleted meanwhile is not brought back: Stale."""
        old = box.upload("file", b"old")
        box.when("upload", lambda: box.people.remove("file"))
        with pytest.raises(Stale):
            box.upload("file", b"ours", replaces=old)
        assert box.people.tree() == {}

    def test_edited_to_what_is_brought(self, box: Box) -> None:
        """A revision of equal content is another one all the same: Stale."""
        old = box.upload("file", b"old")
        box.when("upload", lambda: box.people.write("file", b"ours", mtime_ns=MTIME - 10**12))
        with pytest.raises(Stale):
            box.upload("file", b"ours", replaces=old)

    def test_taken_by_equal_content(self, box: Box) -> None:
        """Where a file of equal content came meanwhile nothing was created: Occupied."""
        box.when("upload", lambda: box.people.write("file", b"same"))
        with pytest.raises(Occupied):
            box.upload("file", b"same")

    @pytest.mark.parametrize("size", [10, 3 * MIB])
    def test_folder_goes(self, box: Box, size: int) -> None:
        """A folder that is deleted meanwhile is not made again by an upload: Vanished."""
        box.people.mkdir("folder")
        folder = box.ref("folder")
        route = "upload" if size < MIB else "finish"
        box.when(route, lambda: box.people.remove("folder"))
        with pytest.raises(Vanished):
            box.provider.upload(folder, "file", [bytes(size)], size=size, attributes=Attributes())
        assert box.people.tree() == {}

    @pytest.mark.parametrize("size", [10, 3 * MIB])
    def test_folder_is_moved(self, box: Box, size: int) -> None:
        """A file arrives in its folder, wherever that was moved to meanwhile."""
        box.people.mkdir("folder")
        folder = box.ref("folder")
        route = "upload" if size < MIB else "finish"
        box.when(route, lambda: box.people.rename("folder", "moved"))
        entry = box.provider.upload(
            folder, "file", [bytes(size)], size=size, attributes=Attributes()
        )
        assert entry.parent == folder.id
        assert box.people.tree() == {"moved": None, "moved/file": bytes(size)}

    def test_root_goes(self, box: Box) -> None:
        """A root that is deleted meanwhile is not made again: RootLost."""
        box.when("upload", box.people.lose_root)
        with pytest.raises(RootLost):
            box.upload("file", b"content")
        assert box.emulator.tree.find("/Root") is None

    def test_edited_before_it_is_deleted(self, box: Box) -> None:
        """A revision that came meanwhile is not deleted: Stale."""
        old = box.upload("file", b"old")
        box.when("delete_v2", lambda: box.people.write("file", b"person's"))
        with pytest.raises(Stale) as caught:
            box.provider.delete(Ref(old.id, "file"), old.version)
        assert type(caught.value) is Stale  # nothing occupies a place
        assert box.people.tree() == {"file": b"person's"}

    def test_folder_is_listed_before_it_is_deleted(self, box: Box) -> None:
        """A folder is deleted only if nothing is in it, be it what is left out of looks."""
        box.people.mkdir("folder")
        folder = box.ref("folder")
        box.people.add_paper("folder/Notes.paper", b"# Notes")
        with pytest.raises(NotEmpty):
            box.provider.delete(folder, "")
        assert set(box.people.tree()) == {"folder", "folder/Notes.paper"}

    def test_folder_is_filled_while_it_is_deleted(self, box: Box) -> None:
        """What came into a folder at the last moment goes with it, and Dropbox keeps it."""
        box.people.mkdir("folder")
        folder = box.ref("folder")
        box.when("delete_v2", lambda: box.people.write("folder/file", b"person's"))
        box.provider.delete(folder, "")
        assert box.people.tree() == {}
        assert box.people.kept() == [b"person's"]

    def test_edited_before_it_is_moved(self, box: Box) -> None:
        """What was edited just before its move is moved, and is not what was expected: Stale."""
        old = box.upload("file", b"old")
        box.when("move_v2", lambda: box.people.write("file", b"person's"))
        with pytest.raises(Stale):
            box.provider.move(Ref(old.id, "file"), old.version, ROOT, "moved")
        assert box.people.tree() == {"moved": b"person's"}

    def test_edited_before_it_is_copied(self, box: Box) -> None:
        """What was edited just before it was copied is not left as a copy of its version."""
        old = box.upload("file", b"old")
        box.when("copy_v2", lambda: box.people.write("file", b"person's"))
        with pytest.raises(Stale):
            box.provider.copy(Ref(old.id, "file"), old.version, ROOT, "copy", Attributes())
        assert box.people.tree() == {"file": b"person's"}

    def test_a_moves_revision_is_no_version(self, box: Box) -> None:
        """A move gives a file another revision; its version stays, and can be replaced by it."""
        old = box.upload("file", b"old")
        before = box.emulator.tree.by_rev.keys()
        count = len(before)
        moved = box.provider.move(Ref(old.id, "file"), old.version, ROOT, "moved")
        assert len(box.emulator.tree.by_rev) == count + 1
        assert moved.version == old.version
        box.upload("moved", b"new", replaces=moved)
        assert box.people.tree() == {"moved": b"new"}


class TestProof:
    def spoil(self, box: Box, route: str) -> None:
        """Flip a bit of the next request's body on its way."""
        inner = box.emulator.handle
        left = [1]

        def handle(request: Request) -> Response:
            if left[0] and request.path.endswith(f"/{route}") and request.body:
                left[0] -= 1
                body = bytes([request.body[0] ^ 1]) + request.body[1:]
                request = dataclasses.replace(request, body=body)
            return inner(request)

        box.emulator.handle = handle  # type: ignore[method-assign]  # a bad line

    @pytest.mark.parametrize(
        ("route", "size"),
        [("upload", 10), ("start", 3 * MIB), ("append_v2", 5 * MIB), ("append_batch", 10)],
    )
    def test_bytes_that_are_damaged_on_the_way(self, box: Box, route: str, size: int) -> None:
        """What does not arrive as it was sent is committed nowhere, not even for a moment."""
        self.spoil(box, route)
        with box.requests() as made:
            if route == "append_batch":
                memory = MemoryProvider()
                items = [item(memory, f"{number}", bytes(size)) for number in range(3)]
                assert [type(each) for each in box.provider.carry(memory, items)] == [Stale] * 3
            else:
                with pytest.raises(Stale):
                    box.upload("file", bytes(size))
        assert box.people.tree() == {}
        assert "delete_v2" not in made

    def lie(self, box: Box) -> None:
        """Let Dropbox store something else than was sent."""
        inner = box.emulator.tree.write

        def write(path: str, data: bytes, modified: float | None = None) -> Any:
            return inner(path, data[:-1] + b"!", modified)

        box.emulator.tree.write = write  # type: ignore[method-assign]  # a bad disk

    def test_new_file_that_is_wrong(self, box: Box) -> None:
        """A new file that is not what was sent is taken back."""
        self.lie(box)
        with pytest.raises(Stale, match="file did not arrive"):
            box.upload("file", b"content")
        assert box.people.tree() == {}

    def test_wrong_new_file_that_was_edited_since(self, box: Box) -> None:
        """What a person made of a new file that is not what was sent is not taken back."""
        genuine = box.emulator.tree.write
        self.lie(box)

        def edit() -> None:
            box.emulator.tree.write = genuine  # type: ignore[method-assign]  # repaired
            box.people.write("file", b"person's")

        box.when("delete_v2", edit)
        with pytest.raises(Stale):
            box.upload("file", b"content")
        assert box.people.tree() == {"file": b"person's"}

    def test_replacement_that_is_wrong(self, box: Box) -> None:
        """Where a replacement is not what was sent the old content is back."""
        old = box.upload("file", b"old")
        genuine = box.emulator.tree.write
        self.lie(box)
        box.when("restore", lambda: setattr(box.emulator.tree, "write", genuine))
        with pytest.raises(Stale):
            box.upload("file", b"new", replaces=old)
        assert box.people.tree() == {"file": b"old"}

    def test_wrong_but_edited_since(self, box: Box) -> None:
        """What a person wrote since is not undone with it."""
        old = box.upload("file", b"old")
        genuine = box.emulator.tree.write
        self.lie(box)

        def edit() -> None:
            box.emulator.tree.write = genuine  # type: ignore[method-assign]  # repaired
            box.people.write("file", b"person's")

        box.when("get_metadata", edit, skip=1)
        with pytest.raises(Stale):
            box.upload("file", b"new", replaces=old)
        assert box.people.tree() == {"file": b"person's"}

    def test_without_verifying(self, box: Box) -> None:
        """Where no proof is asked for none is made."""
        self.lie(box)
        box.provider.upload(
            ROOT, "file", [b"content"], size=7, attributes=Attributes(), verify=False
        )
        assert box.people.tree() == {"file": b"conten!"}


class TestTimes:
    def test_to_the_second(self, box: Box) -> None:
        """A modified time is kept to the second, downwards, before 1970 as well."""
        assert box.upload("a", b"", mtime_ns=1_999_999_999).mtime_ns == 1_000_000_000
        assert box.upload("b", b"", mtime_ns=-1).mtime_ns == -1_000_000_000

    @pytest.mark.parametrize("mtime_ns", [None, -(10**21), 10**21, -(5 * 10**19)])
    def test_time_that_cannot_be_said(self, box: Box, mtime_ns: int | None) -> None:
        """A time that Dropbox cannot be told is left to it."""
        entry = box.upload("file", b"content", mtime_ns=mtime_ns)
        assert abs(entry.mtime_ns / 1e9 - box.emulator.now()) < 60

    def test_equal_content_makes_no_revision(
        self, box: Box, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Where Dropbox writes nothing for equal content the answer tells the time that stands."""
        genuine = committing.commit

        def commit(storage: Any, info: Any, data: bytes) -> Any:
            info.strict_conflict = False  # as the real one may do with a matching revision
            return genuine(storage, info, data)

        old = box.upload("file", b"content", mtime_ns=MTIME)
        monkeypatch.setattr(uploading, "commit", commit)
        new = box.upload("file", b"content", replaces=old, mtime_ns=MTIME + 10**10)
        assert new == old
        assert box.entry("file").mtime_ns == MTIME

    def test_traits_say_so(self, box: Box) -> None:
        """A time alone cannot be set, so that nobody plans to."""
        assert not box.provider.traits.sets_meta
        assert box.provider.traits.keeps_mtime

    def test_copy_keeps_its_sources(self, box: Box) -> None:
        """A copy has its source's modified time, whatever was asked for."""
        file = box.upload("file", b"content", mtime_ns=MTIME)
        wanted = Attributes(mtime_ns=MTIME + 10**10)
        copy = box.provider.copy(Ref(file.id, "file"), file.version, ROOT, "copy", wanted)
        assert (copy.mtime_ns, copy.version) == (MTIME, file.version)


class TestSizes:
    @pytest.mark.parametrize(
        ("size", "sent"),
        [
            (MIB, ["upload"]),
            (MIB + 1, ["upload_session/start", "upload_session/finish"]),
            (4 * MIB, ["upload_session/start", "upload_session/finish"]),
            (
                4 * MIB + 1,
                ["upload_session/start", "upload_session/append_v2", "upload_session/finish"],
            ),
        ],
    )
    def test_requests(self, box: Box, size: int, sent: list[str]) -> None:
        """What fits in one request goes by one, else by a session in pieces of 4 MiB."""
        box.provider.make_folder(ROOT, "folder")
        data = bytes(range(256)) * (size // 256) + bytes(size % 256)
        with box.requests() as made:
            box.upload("file", data)
        assert made == sent
        assert box.people.tree()["file"] == data

    @pytest.mark.parametrize(
        "limits",
        [
            {"single": 17 * MIB},
            {"chunk": 5 * MIB},
            {"chunk": 0},
            {"chunk": 152 * MIB},
            {"batch": 0},
            {"batch_files": 1001},
        ],
        ids=str,
    )
    def test_limits_are_dropboxs(self, limits: dict[str, int]) -> None:
        """Limits that Dropbox would refuse are refused at once."""
        with pytest.raises(ValueError, match=r"MiB|piece"):
            Limits(**limits)


class TestSessions:
    def test_they_end(self, box: Box) -> None:
        """A session says until when it can be continued, and is no more afterwards."""
        session = box.provider.begin(ROOT, "file", size=MIB, attributes=Attributes())
        box.emulator.ahead = 7 * 86400.0 - 60
        assert box.provider.resume(session) is not None
        box.emulator.ahead = 7 * 86400.0 + 60
        assert box.provider.resume(session) is None
        with pytest.raises(Stale):
            box.provider.append(session, b"content", last=True)
        assert abs(session.expires - (box.emulator.now() - 60)) < 30

    def test_foreign_token(self, box: Box) -> None:
        """What is no session's token raises Stale."""
        session = box.provider.begin(ROOT, "file", size=MIB, attributes=Attributes())
        broken = type(session)("no session of ours")
        for act in (box.provider.resume, box.provider.abandon):
            with pytest.raises(Stale):
                act(broken)

    def test_no_access_token_in_it(self, box: Box) -> None:
        """What is kept of a session lets nobody in."""
        session = box.provider.begin(ROOT, "file", size=MIB, attributes=Attributes())
        assert box.tokens.token not in session.token

    @pytest.mark.parametrize("replaces", [True, False])
    def test_in_vain(self, box: Box, replaces: bool) -> None:
        """An upload that would end in vain is not begun."""
        box.people.write("place", b"old")
        old = box.entry("place")
        box.people.write("place", b"person's")
        expected = (Ref(old.id, "place"), old.version) if replaces else None
        with box.requests() as made, pytest.raises(Stale if replaces else Occupied):
            box.provider.begin(ROOT, "place", size=MIB, attributes=Attributes(), replaces=expected)
        assert "upload_session/start" not in made

    def test_replacing_in_vain(self, box: Box) -> None:
        """What was moved away from its place is not replaced there: nothing is begun."""
        old = box.upload("file", b"old")
        box.people.rename("file", "moved")
        box.people.write("file", b"person's")
        expected = (Ref(old.id, "file"), old.version)
        with box.requests() as made, pytest.raises(Stale):
            box.provider.begin(ROOT, "file", size=MIB, attributes=Attributes(), replaces=expected)
        assert "upload_session/start" not in made

    def test_piece_that_is_there(self, box: Box) -> None:
        """A piece that another call has sent raises Stale: only a lost answer is overlooked."""
        session = box.provider.begin(ROOT, "file", size=MIB, attributes=Attributes())
        box.provider.append(session, b"content", last=False)
        with pytest.raises(Stale):
            box.provider.append(session, b"CONTENT", last=False)

    def test_abandoned_though_more_arrived(self, box: Box) -> None:
        """A session is given up also by somebody who does not know how much has arrived."""
        first = box.provider.begin(ROOT, "file", size=MIB, attributes=Attributes())
        box.provider.append(first, b"content", last=False)
        box.provider.abandon(first)
        assert box.provider.resume(first) is None


def test_quota_of_a_person(box: Box) -> None:
    """A personal account has its own room."""
    box.upload("file", bytes(1000))
    assert (box.provider.quota().used, box.provider.quota().total) == (1000, 2 << 30)


@pytest.mark.parametrize(
    ("allocation", "expected"),
    [
        (
            {
                ".tag": "team",
                "used": 700,
                "allocated": 9000,
                "user_within_team_space_allocated": 0,
                "user_within_team_space_limit_type": {".tag": "off"},
                "user_within_team_space_used_cached": 5,
            },
            (700, 9000),
        ),
        (
            {
                ".tag": "team",
                "used": 700,
                "allocated": 9000,
                "user_within_team_space_allocated": 50,
                "user_within_team_space_limit_type": {".tag": "stop_sync"},
                "user_within_team_space_used_cached": 5,
            },
            (5, 50),
        ),
        ({".tag": "something_new"}, (5, 0)),
    ],
    ids=["the team's", "a member's", "unknown"],
)
def test_quota_of_others(
    box: Box, allocation: dict[str, object], expected: tuple[int, int]
) -> None:
    """In a team the team's room counts, unless the member has a bound; else there is none."""
    box.emulator.faults.add(
        "status",
        path="get_space_usage",
        status=200,
        body={"used": 5, "allocation": allocation},
        headers={"Content-Type": "application/json"},
    )
    quota = box.provider.quota()
    assert (quota.used, quota.total) == expected
