"""Moves and copies: killed at whatever request they lose nothing, and are brought to their end."""

from collections import Counter
from collections.abc import Callable

import pytest

from syncoxiders.adapters.providers.s3.provider import S3Provider
from syncoxiders.core.model import Ref
from syncoxiders.ports.errors import Denied, Occupied, Stale, Unreachable
from syncoxiders.ports.provider import Attributes
from tests.adapters.s3_support import (
    BUCKET,
    MTIME,
    TRASH,
    CutPace,
    Dead,
    World,
    entry_at,
    look,
    people,
    ref,
    served,
    upload,
    w,
)
from tests.contracts.provider_harness import ROOT_REF, KnownTree, pattern

__all__ = ["people", "served", "w"]

FILES = {"folder/one": b"1", "folder/inner/two": b"22", "folder/inner/three": b"333"}


def a_file(provider: S3Provider) -> None:
    entry = entry_at(provider, "folder/one")
    provider.move(ref(entry), entry.version, ROOT_REF, "moved")


def a_folder(provider: S3Provider) -> None:
    provider.move(Ref("/folder/", "folder"), "", ROOT_REF, "moved")


def fill(w: World, *, marked: bool = False) -> None:
    for key, data in FILES.items():
        w.write(key, data)
    if marked:
        w.write("folder/")
        w.write("folder/inner/")


class TestKilled:
    @pytest.mark.parametrize("move", [a_file, a_folder])
    @pytest.mark.parametrize("marked", [False, True])
    def test_at_any_request(
        self, w: World, move: Callable[[S3Provider], None], marked: bool
    ) -> None:
        """Killed before its Nth request, for any N, a move loses nothing; then it is finished."""
        done, after = False, 0
        while not done:
            fill(w, marked=marked)
            pace = CutPace()
            provider = w.open(pace=pace)
            pace.left = after
            try:
                move(provider)
                done = True
            except Dead:
                after += 1
            assert set(FILES.values()) <= set(w.tree().values()), f"lost at {after}"
            w.open().finish_interrupted()
            contents = Counter(data for data in w.tree().values() if data)
            assert contents == Counter(FILES.values()), f"not finished after {after}"
            assert not [key for key in w.listed() if key.startswith(TRASH)]
            for key in w.listed():
                w.remove(key)
        assert after > 5

    def test_finished_move_is_whole(self, w: World) -> None:
        """After a folder's move was finished by another run, it is at one place, with all in it."""
        fill(w)
        pace = CutPace()
        provider = w.open(pace=pace)
        w.just_before("DELETE", "/folder/", lambda: setattr(pace, "left", 0))
        with pytest.raises(Dead):
            a_folder(provider)
        assert "moved" in {key.split("/")[0] for key in w.tree()}
        other = w.open()
        other.finish_interrupted()
        known = KnownTree()
        look(other, known)
        assert known.paths().keys() == {
            "moved",
            "moved/one",
            "moved/inner",
            "moved/inner/two",
            "moved/inner/three",
        }

    def test_looking_finishes_nothing(self, w: World) -> None:
        """Whoever may only look finds a move half done, and leaves it so."""
        fill(w)
        pace = CutPace()
        provider = w.open(pace=pace)
        w.just_before("DELETE", "/folder/", lambda: setattr(pace, "left", 0))
        with pytest.raises(Dead):
            a_folder(provider)
        before = w.listed()
        other = w.open()
        other.root()
        look(other, KnownTree())
        assert w.listed() == before

    def test_edited_since(self, w: World) -> None:
        """What a person has edited since stays as it is, where it is; the copy goes."""
        w.write("file", b"old")
        pace = CutPace()
        provider = w.open(pace=pace)
        entry = entry_at(provider, "file")
        w.just_before("DELETE", "/file", lambda: setattr(pace, "left", 0))
        with pytest.raises(Dead):
            provider.move(ref(entry), entry.version, ROOT_REF, "moved")
        w.write("file", b"edited")
        w.open().finish_interrupted()
        assert w.tree(trash=True) == {"file": b"edited"}
        assert not [key for key in w.listed() if key.startswith(TRASH)]

    def test_note_that_is_none(self, w: World) -> None:
        """What a person puts where moves are written down harms nobody."""
        w.write(f"{TRASH}moving/nonsense", b"[1, 2")
        w.open().finish_interrupted()
        assert w.read(f"{TRASH}moving/nonsense") == b"[1, 2"

    def test_two_at_once(self, w: World) -> None:
        """A move that another run finishes in the middle of it comes to the same end."""
        fill(w)
        provider, other = w.open(), w.open()
        w.just_before("DELETE", "/folder/", other.finish_interrupted)
        a_folder(provider)
        assert set(w.tree().values()) >= set(FILES.values())
        assert {key for key in w.tree() if not key.endswith("/")} == {
            key.replace("folder", "moved") for key in FILES
        }

    def test_network_that_goes_away(self, w: World) -> None:
        """Where it is not known whether it was done the move stays written down."""
        fill(w)
        provider = w.open()
        w.app.faults.add("drop-before", method="DELETE", path="/folder/one", times=2)
        with pytest.raises(Unreachable):
            a_file(provider)
        assert [key for key in w.listed() if key.startswith(f"{TRASH}moving/")]
        w.open().finish_interrupted()
        assert Counter(w.tree().values())[b"1"] == 1


class TestFolders:
    def test_newcomer_at_the_new_place(self, w: World) -> None:
        """What comes to the new place meanwhile stays, and so does what would go there."""
        fill(w)
        w.just_before("PUT", "/moved/one", lambda: w.write("moved/one", b"person's"))
        a_folder(w.open())
        assert w.tree()["moved/one"] == b"person's"
        assert w.tree()["folder/one"] == b"1"
        assert w.tree()["moved/inner/two"] == b"22"

    def test_edited_meanwhile(self, w: World) -> None:
        """A file that is edited while its folder is moved arrives as it was edited."""
        fill(w)
        w.just_before("DELETE", "/folder/one", lambda: w.write("folder/one", b"edited"))
        a_folder(w.open())
        assert w.tree()["moved/one"] == b"edited"
        assert "folder/one" not in w.tree()

    def test_archived_content(self, w: World) -> None:
        """A folder with archived content in it is not moved half-way: Denied, before it begins."""
        fill(w)
        w.write("folder/old", b"cold", StorageClass="GLACIER")
        before = w.listed()
        with pytest.raises(Denied, match="archived"):
            a_folder(w.open())
        assert w.listed() == before

    def test_odd_keys_go_along(self, w: World) -> None:
        """Keys that are no paths are moved with the folder that they begin with."""
        fill(w)
        w.write("folder//odd", b"odd")
        a_folder(w.open())
        assert w.tree()["moved//odd"] == b"odd"

    def test_place_is_taken_meanwhile(self, w: World) -> None:
        """Where another made the same folder in the last moment it is Occupied."""
        fill(w)
        w.just_before("PUT", "/moved/", lambda: w.write("moved/"))
        before = w.tree()
        with pytest.raises(Occupied):
            a_folder(w.open())
        assert {**before, "moved/": b""} == w.tree(trash=True)

    def test_folder_that_held_nothing_else(self, w: World) -> None:
        """The folder that a file or folder is moved out of stays."""
        w.write("outer/folder/file", b"1")
        provider = w.open()
        provider.move(Ref("/outer/folder/", "outer/folder"), "", ROOT_REF, "moved")
        assert w.tree() == {"outer/": b"", "moved/": b"", "moved/file": b"1"}
        entry = entry_at(provider, "moved/file")
        provider.move(ref(entry), entry.version, ROOT_REF, "file")
        assert w.tree() == {"outer/": b"", "moved/": b"", "file": b"1"}

    def test_last_file_moved_out(self, w: World) -> None:
        """A folder without a marker gets one when we move the last file out of it."""
        w.write("folder/file", b"1")
        provider = w.open()
        entry = entry_at(provider, "folder/file")
        provider.move(ref(entry), entry.version, ROOT_REF, "file")
        assert w.tree() == {"folder/": b"", "file": b"1"}


class TestCopies:
    """What a copy carries on."""

    def test_what_describes_it(self, w: World) -> None:
        """A moved object keeps its media type, its metadata, its class and its time."""
        w.write(
            "file",
            b"content",
            ContentType="text/x-own",
            CacheControl="no-store",
            ContentEncoding="gzip",
            StorageClass="STANDARD_IA",
            Metadata={"own": "word"},
        )
        before = w.head("file")
        provider = w.open()
        entry = entry_at(provider, "file")
        moved = provider.move(ref(entry), entry.version, ROOT_REF, "moved")
        after = w.head("moved")
        for name in ("ContentType", "CacheControl", "ContentEncoding", "StorageClass", "ETag"):
            assert after[name] == before[name]
        assert after["Metadata"]["own"] == "word"
        assert moved.mtime_ns == int(before["LastModified"].timestamp()) * 10**9
        assert moved.version == entry.version

    @pytest.mark.parametrize("act", ["move", "copy", "set_meta", "delete"])
    def test_beyond_what_one_request_copies(self, w: World, act: str) -> None:
        """What is too large for one request is copied in parts."""
        provider = w.open()
        provider._copier._largest = 1 << 20
        provider._copier._part = 5 << 20
        data = pattern((11 << 20) + 3)
        w.write("file", data, Metadata={"mtime": "1600000000.5", "own": "word"})
        entry = entry_at(provider, "file")
        if act == "move":
            provider.move(ref(entry), entry.version, ROOT_REF, "new")
            assert w.tree() == {"new": data}
            assert w.head("new")["Metadata"]["own"] == "word"
        elif act == "copy":
            made = provider.copy(ref(entry), entry.version, ROOT_REF, "new", Attributes())
            assert w.tree() == {"file": data, "new": data}
            assert made.mtime_ns == 1_600_000_000_500_000_000
        elif act == "set_meta":
            attributes = Attributes(mtime_ns=MTIME)
            assert provider.set_meta(ref(entry), entry.version, attributes).mtime_ns == MTIME
            assert w.tree() == {"file": data}
        else:
            provider.delete(ref(entry), entry.version)
            assert w.kept() == [data]
        assert any("partNumber=3" in call for call in w.app.calls)
        assert "Uploads" not in w.client.list_multipart_uploads(Bucket=BUCKET)

    def test_large_copy_that_fails(self, w: World) -> None:
        """A copy in parts that fails leaves no parts behind."""
        provider = w.open()
        provider._copier._largest = 1
        w.write("file", b"content")
        entry = entry_at(provider, "file")
        w.just_before("PUT", "partNumber=1", lambda: w.write("file", b"edited"))
        with pytest.raises(Stale):
            provider.copy(ref(entry), entry.version, ROOT_REF, "new", Attributes())
        assert w.tree() == {"file": b"edited"}
        assert "Uploads" not in w.client.list_multipart_uploads(Bucket=BUCKET)

    def test_of_another_root(self, w: World) -> None:
        """What is below another root is not copied: its paths would mean something else here."""
        assert not w.open().can_copy(w.open(f"{BUCKET}/folder"))
        assert w.open().can_copy(w.open())

    def test_version_of_what_was_sent_in_parts(self, w: World) -> None:
        """What was sent in parts is the same version after a move, though its ETag is another."""
        provider = w.open()
        entry = upload(provider, "file", pattern((5 << 20) + 7))
        moved = provider.move(ref(entry), entry.version, ROOT_REF, "moved")
        w.whole_etag("moved")
        assert moved.version == entry.version
        assert entry_at(provider, "moved").version == entry.version
