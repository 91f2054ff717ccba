"""Drive takes no preconditions: what happens between a check and its effect is seen afterwards."""

import dataclasses
from collections.abc import Iterator

import pytest

from syncoxiders.adapters.providers.drive._upload import SMALL
from syncoxiders.core.digests import digests_of
from syncoxiders.core.model import Ref
from syncoxiders.ports.errors import (
    NotEmpty,
    Occupied,
    ProviderError,
    Refused,
    Stale,
    Unreachable,
    Vanished,
)
from syncoxiders.ports.provider import Attributes
from tests.adapters.drive_support import PLAIN, Patience, Stage, serving, staged
from tests.contracts.provider_harness import ROOT_REF, pattern
from tests.emulators.serving import Server

CREATE = ("POST", "^/upload/drive/v3/files$")
REPLACE = ("PATCH", "^/upload/drive/v3/files/")
CHANGE = ("PATCH", "^/drive/v3/files/")
MOMENT = 1_500_000_000_123_000_000


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def s(server: Server) -> Iterator[Stage]:
    with staged(server) as stage:
        yield stage


class TestCreating:
    def test_place_is_taken(self, s: Stage) -> None:
        """A person's file that was quicker stays alone, and ours is in the trash: Occupied."""
        s.before(*CREATE, lambda: s.people.write("file", b"person's"))
        s.before(*CREATE, s.tick)
        with pytest.raises(Occupied):
            s.upload("file", b"ours")
        assert s.people.tree() == {"file": b"person's"}
        assert b"ours" in s.people.kept()

    def test_person_comes_second(self, s: Stage) -> None:
        """A person's file that came after ours takes nothing from us."""
        s.after(*CREATE, s.tick)
        s.after(*CREATE, lambda: s.people.add_duplicate("file", b"person's"))
        entry = s.upload("file", b"ours")
        assert entry.name == "file"
        assert set(s.people.tree().values()) == {b"ours", b"person's"}

    def test_two_who_know_nothing_of_each_other(self, s: Stage) -> None:
        """Of two that create one name at once, each through a process of its own, one stays."""
        other = s.open()
        s.before(*CREATE, lambda: s.upload("file", b"other", provider=other))
        s.before(*CREATE, s.tick)
        with pytest.raises(Occupied):
            s.upload("file", b"ours")
        assert s.people.tree() == {"file": b"other"}

    def test_folder_is_taken(self, s: Stage) -> None:
        """A person's folder that was quicker stays alone: Occupied."""
        s.before("POST", "^/drive/v3/files$", lambda: s.people.write("folder/file", b"person's"))
        s.before("POST", "^/drive/v3/files$", s.tick)
        with pytest.raises(Occupied):
            s.provider.make_folder(ROOT_REF, "folder")
        assert s.people.tree() == {"folder": None, "folder/file": b"person's"}

    def test_folder_is_trashed(self, s: Stage) -> None:
        """What came into a folder that is in the trash is withdrawn: Vanished."""
        s.people.mkdir("folder")
        folder = s.people.id("folder")
        s.before(*CREATE, lambda: s.people.trash("folder"))
        with pytest.raises(Vanished):
            s.upload("folder/file", b"ours")
        s.people.untrash(folder)
        assert s.people.tree() == {"folder": None}

    def test_copy_of_what_was_edited(self, s: Stage) -> None:
        """A copy that turns out to be of another version is withdrawn: Stale."""
        s.people.write("file", b"old")
        entry = s.entry("file")
        s.before("POST", "/copy$", lambda: s.people.write("file", b"edited"))
        with pytest.raises(Stale):
            s.provider.copy(Ref(entry.id, "file"), entry.version, ROOT_REF, "copy", PLAIN)
        assert s.people.tree() == {"file": b"edited"}


class TestReplacing:
    @pytest.mark.parametrize("size", [100, SMALL + 1])
    def test_edited(self, s: Stage, size: int) -> None:
        """A person's edit that slipped in stands there again, with its time: Stale."""
        s.people.write("file", b"old")
        old = s.entry("file")
        edited = pattern(size)
        s.before(*REPLACE, lambda: s.people.write("file", edited, mtime_ns=MOMENT))
        with pytest.raises(Stale):
            s.upload("file", b"ours", replaces=old)
        assert s.people.tree() == {"file": edited}
        assert s.entry("file").mtime_ns == MOMENT
        assert b"ours" in s.people.kept()

    def test_edited_while_a_large_one_ends(self, s: Stage) -> None:
        """So it is with an upload in chunks, whose last one replaces."""
        s.people.write("file", b"old")
        old = s.entry("file")
        s.before("PUT", "^/upload/", lambda: s.people.write("file", b"person's"))
        with pytest.raises(Stale):
            s.upload("file", pattern(SMALL + 1), replaces=old)
        assert s.people.tree() == {"file": b"person's"}

    def test_edited_several_times(self, s: Stage) -> None:
        """The latest of a person's edits stands there again, the others are among the revisions."""
        s.people.write("file", b"old")
        old = s.entry("file")

        def edit() -> None:
            s.people.write("file", b"first")
            s.people.write("file", b"second")

        s.before(*REPLACE, edit)
        with pytest.raises(Stale):
            s.upload("file", b"ours", replaces=old)
        assert s.people.tree() == {"file": b"second"}
        assert {b"old", b"first", b"ours"} <= set(s.people.kept())

    def test_edited_again_before_it_is_put_back(self, s: Stage) -> None:
        """What a person wrote over ours is not replaced by what they wrote before."""
        s.people.write("file", b"old")
        old = s.entry("file")
        s.before(*REPLACE, lambda: s.people.write("file", b"first"))
        s.after(*REPLACE, lambda: s.people.write("file", b"second"))
        with pytest.raises(Stale):
            s.upload("file", b"ours", replaces=old)
        assert s.people.tree() == {"file": b"second"}
        assert b"first" in s.people.kept()

    def test_edited_while_it_is_put_back(self, s: Stage) -> None:
        """An edit that slips in before the restoring is itself put back on top."""
        s.people.write("file", b"old")
        old = s.entry("file")

        def edit() -> None:
            s.people.write("file", b"first")
            s.after(*REPLACE, lambda: s.before(*REPLACE, again))

        def again() -> None:
            s.people.write("file", b"second")

        s.before(*REPLACE, edit)
        with pytest.raises(Stale):
            s.upload("file", b"ours", replaces=old)
        assert s.people.tree() == {"file": b"second"}

    def test_equal_edit(self, s: Stage) -> None:
        """A person who wrote the same bytes lost nothing."""
        s.people.write("file", b"old")
        old = s.entry("file")
        s.before(*REPLACE, lambda: s.people.write("file", b"ours"))
        s.upload("file", b"ours", replaces=old)
        assert s.people.tree() == {"file": b"ours"}

    def test_trashed(self, s: Stage) -> None:
        """What a person brought to the trash meanwhile stays there: Vanished."""
        s.people.write("file", b"old")
        old = s.entry("file")
        s.before(*REPLACE, lambda: s.people.trash("file"))
        with pytest.raises(Vanished):
            s.upload("file", b"ours", replaces=old)
        assert s.people.tree() == {}

    def test_revisions_that_are_purged(self, s: Stage) -> None:
        """Where Drive has purged what was replaced, nothing more can be known, and ours stands."""
        s.people.write("file", b"old")
        old = s.entry("file")
        s.after(*REPLACE, lambda: s.people.purge_revisions("file"))
        s.upload("file", b"ours", replaces=old)
        assert s.people.tree() == {"file": b"ours"}

    def test_session(self, s: Stage) -> None:
        """An edit before a session's last chunk has arrived is back when it is finished: Stale."""
        s.people.write("file", b"old")
        old = s.entry("file")
        replaces = (Ref(old.id, "file"), old.version)
        session = s.provider.begin(ROOT_REF, "file", size=4, attributes=PLAIN, replaces=replaces)
        s.before("PUT", "^/upload/", lambda: s.people.write("file", b"person's"))
        session = s.provider.append(session, b"ours", last=True)
        with pytest.raises(Stale):
            s.provider.finish(session, digests_of([b"ours"]).text())
        assert s.people.tree() == {"file": b"person's"}

    def test_session_that_somebody_wrote_after(self, s: Stage) -> None:
        """An edit after a session's last chunk stays, and is not taken for ours: Stale."""
        s.people.write("file", b"old")
        old = s.entry("file")
        replaces = (Ref(old.id, "file"), old.version)
        session = s.provider.begin(ROOT_REF, "file", size=4, attributes=PLAIN, replaces=replaces)
        session = s.provider.append(session, b"ours", last=True)
        s.people.write("file", b"person's")
        with pytest.raises(Stale):
            s.provider.finish(session, digests_of([b"ours"]).text())
        assert s.people.tree() == {"file": b"person's"}


class TestMoving:
    def test_place_is_taken(self, s: Stage) -> None:
        """What was moved onto a person's new file is back: Occupied."""
        s.people.write("file", b"ours")
        s.people.mkdir("folder")
        before, folder = s.entry("file"), s.ref("folder")
        s.before(*CHANGE, lambda: s.people.write("folder/place", b"person's"))
        with pytest.raises(Occupied):
            s.provider.move(Ref(before.id, "file"), before.version, folder, "place")
        assert s.people.tree() == {"folder": None, "folder/place": b"person's", "file": b"ours"}
        assert s.entry("file") == before

    def test_edited(self, s: Stage) -> None:
        """What was edited meanwhile is back where it was, with the edit's time: Stale."""
        s.people.write("file", b"old")
        old = s.entry("file")
        s.before(*CHANGE, lambda: s.people.write("file", b"person's", mtime_ns=MOMENT))
        with pytest.raises(Stale):
            s.provider.move(Ref(old.id, "file"), old.version, ROOT_REF, "moved")
        assert s.people.tree() == {"file": b"person's"}
        assert s.entry("file").mtime_ns == MOMENT

    def test_moved_on(self, s: Stage) -> None:
        """What a person moved on after us is left where they put it."""
        s.people.write("file", b"ours")
        old = s.entry("file")

        drive = s.emulator.drive

        def move_on() -> None:
            drive.save(dataclasses.replace(drive.need(old.id), name="theirs"))

        s.before(*CHANGE, lambda: s.people.write("place", b"person's"))
        s.after(*CHANGE, move_on)
        with pytest.raises(Occupied):
            s.provider.move(Ref(old.id, "file"), old.version, ROOT_REF, "place")
        assert s.people.tree() == {"place": b"person's", "theirs": b"ours"}

    def test_folder_is_trashed(self, s: Stage) -> None:
        """What was moved into a folder that went to the trash is back: Vanished."""
        s.people.write("file", b"ours")
        s.people.mkdir("folder")
        old, folder = s.entry("file"), s.ref("folder")
        s.before(*CHANGE, lambda: s.people.trash("folder"))
        with pytest.raises(Vanished):
            s.provider.move(Ref(old.id, "file"), old.version, folder, "file")
        assert s.people.tree() == {"file": b"ours"}

    def test_time_stays(self, s: Stage) -> None:
        """A rename is told the modified time, which Drive would set to now."""
        s.people.write("file", b"content", mtime_ns=MOMENT)
        old = s.entry("file")
        moved = s.provider.move(Ref(old.id, "file"), old.version, ROOT_REF, "moved")
        assert (moved.mtime_ns, moved.version) == (MOMENT, old.version)


class TestDeleting:
    def test_edited(self, s: Stage) -> None:
        """What was edited just before it went to the trash is back: Stale."""
        s.people.write("file", b"old")
        old = s.entry("file")
        s.before(*CHANGE, lambda: s.people.write("file", b"person's"))
        with pytest.raises(Stale):
            s.provider.delete(Ref(old.id, "file"), old.version)
        assert s.people.tree() == {"file": b"person's"}

    def test_folder_that_filled(self, s: Stage) -> None:
        """A folder into which something came just before is back with it: NotEmpty."""
        s.people.mkdir("folder")
        folder = s.ref("folder")
        s.before(*CHANGE, lambda: s.people.write("folder/inner/file", b"person's"))
        with pytest.raises(NotEmpty):
            s.provider.delete(folder, "")
        assert s.people.tree() == {
            "folder": None,
            "folder/inner": None,
            "folder/inner/file": b"person's",
        }

    def test_folder_with_trash_in_it(self, s: Stage) -> None:
        """A folder that holds nothing but what was trashed before is empty."""
        s.people.write("folder/file", b"content")
        s.people.trash("folder/file")
        s.provider.delete(s.ref("folder"), "")
        assert s.people.tree() == {}

    def test_folder_with_what_is_not_shown(self, s: Stage) -> None:
        """A folder that holds what no look tells of stays, and one is told what is in the way."""
        s.people.write("file", b"content")
        s.people.add_shortcut("folder/shortcut", "file")
        with pytest.raises(Refused, match="is a shortcut"):
            s.provider.delete(s.ref("folder"), "")
        s.people.write("folder/file", b"content")
        with pytest.raises(NotEmpty):
            s.provider.delete(s.ref("folder"), "")
        assert {"folder/shortcut", "folder/file"} <= s.people.tree().keys()


class TestMeta:
    def test_edited(self, s: Stage) -> None:
        """An edit that slipped in has its own modified time again: Stale."""
        s.people.write("file", b"old")
        old = s.entry("file")
        s.before(*CHANGE, lambda: s.people.write("file", b"person's", mtime_ns=MOMENT))
        with pytest.raises(Stale):
            s.provider.set_meta(Ref(old.id, "file"), old.version, Attributes(mtime_ns=10**18))
        assert s.entry("file").mtime_ns == MOMENT


class TestLostAnswers:
    """An answer that is lost is looked for: what was done is not done twice, nor taken for not."""

    @pytest.mark.parametrize("size", [7, SMALL + 1])
    @pytest.mark.parametrize("patient", [False, True])
    def test_create(self, s: Stage, patient: bool, size: int) -> None:
        """A file that came into being stands there once, whether or not it is asked for again."""
        provider = s.open(pace=Patience() if patient else None)
        method, path = ("PUT", "^/upload/") if size > SMALL else CREATE
        s.emulator.faults.add("drop-after", method=method, path=path)
        entry = s.upload("file", pattern(size), provider=provider)
        assert s.people.tree() == {"file": pattern(size)}
        assert s.entry("file").id == entry.id

    @pytest.mark.parametrize("patient", [False, True])
    def test_create_that_did_not_happen(self, s: Stage, patient: bool) -> None:
        """Where nothing came of it, it is Unreachable, or done when it is asked for again."""
        provider = s.open(pace=Patience() if patient else None)
        s.emulator.faults.add("drop-before", method="POST", path="^/upload/")
        if patient:
            s.upload("file", b"content", provider=provider)
        else:
            with pytest.raises(Unreachable):
                s.upload("file", b"content", provider=provider)
        assert s.people.tree() == ({"file": b"content"} if patient else {})

    @pytest.mark.parametrize("patient", [False, True])
    def test_folder(self, s: Stage, patient: bool) -> None:
        """A folder that came into being stands there once."""
        provider = s.open(pace=Patience() if patient else None)
        s.emulator.faults.add("drop-after", method="POST", path="^/drive/v3/files$")
        entry = provider.make_folder(ROOT_REF, "folder")
        assert s.people.tree() == {"folder": None}
        assert s.entry("folder").id == entry.id

    @pytest.mark.parametrize("patient", [False, True])
    def test_replace(self, s: Stage, patient: bool) -> None:
        """Content that was replaced, even twice, is not taken for somebody else's edit."""
        s.people.write("file", b"old")
        old = s.entry("file")
        provider = s.open(pace=Patience() if patient else None)
        s.emulator.faults.add("drop-after", method="PATCH", path="^/upload/")
        entry = s.upload("file", b"ours", replaces=old, provider=provider)
        assert s.people.tree() == {"file": b"ours"}
        assert s.entry("file").version == entry.version

    @pytest.mark.parametrize("patient", [False, True])
    @pytest.mark.parametrize("what", ["file", "folder"])
    def test_move(self, s: Stage, what: str, patient: bool) -> None:
        """What was moved is where it was to go, though nobody said so."""
        s.people.write("file" if what == "file" else "folder/file", b"content")
        s.people.mkdir("there")
        old, there = s.entry(what), s.ref("there")
        provider = s.open(pace=Patience() if patient else None)
        s.emulator.faults.add("drop-after", method="PATCH", path="^/drive/v3/files/")
        moved = provider.move(Ref(old.id, what), old.version, there, "moved")
        assert (moved.parent, moved.name) == (there.id, "moved")
        assert "there/moved" in s.people.tree()

    @pytest.mark.parametrize("patient", [False, True])
    def test_copy(self, s: Stage, patient: bool) -> None:
        """A copy that came into being stands there once."""
        s.people.write("file", b"content")
        old = s.entry("file")
        provider = s.open(pace=Patience() if patient else None)
        s.emulator.faults.add("drop-after", method="POST", path="/copy$")
        provider.copy(Ref(old.id, "file"), old.version, ROOT_REF, "copy", PLAIN)
        assert s.people.tree() == {"file": b"content", "copy": b"content"}

    def test_delete(self, s: Stage) -> None:
        """A deletion that is asked for again is done."""
        s.people.write("file", b"content")
        old = s.entry("file")
        s.emulator.faults.add("drop-after", method="PATCH", path="^/drive/v3/files/")
        s.open(pace=Patience()).delete(Ref(old.id, "file"), old.version)
        assert s.people.tree() == {}

    def test_middle_of_a_large_one(self, s: Stage) -> None:
        """An upload goes on after a chunk whose answer was lost."""
        data = pattern(20 << 20)
        s.emulator.faults.add("drop-after", method="PUT", path="^/upload/")
        s.emulator.faults.add("status", method="PUT", path="^/upload/", status=503, skip=2)
        s.upload("file", data, provider=s.open(pace=Patience()))
        assert s.people.tree() == {"file": data}

    def test_that_stays_lost(self, s: Stage) -> None:
        """Where Drive goes on being silent the error is Unreachable, and comes through."""
        s.people.write("file", b"old")
        old = s.entry("file")
        s.emulator.faults.add("drop-before", path="upload|/files/", times=9, skip=1)
        with pytest.raises(ProviderError):
            s.upload("file", b"ours", replaces=old)
        s.emulator.faults.clear()
        assert s.people.tree() == {"file": b"old"}
