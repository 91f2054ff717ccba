"""What is particular to looking at a bucket: keys that are no paths, folders, and what it costs."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from syncoxiders.adapters.providers.s3._keys import OWN
from syncoxiders.core.model import Kind, Ref
from syncoxiders.ports.errors import Denied, NotEmpty, Occupied, Refused, RootLost, Vanished
from syncoxiders.ports.provider import Attributes
from tests.adapters.s3_support import (
    BUCKET,
    MTIME,
    TRASH,
    World,
    entry_at,
    look,
    people,
    ref,
    served,
    upload,
    w,
)
from tests.contracts.provider_harness import ROOT_REF, KnownTree

__all__ = ["people", "served", "w"]


def aged(key: str, seconds: int = 3600) -> None:
    """Let an object have been written long ago."""
    found = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets[BUCKET].keys[key]
    found.last_modified -= timedelta(seconds=seconds)


class TestOddKeys:
    @pytest.mark.parametrize(
        ("key", "path", "above"),
        [
            ("a//b", "a//b", ["a"]),
            ("/a", "/a", []),
            ("//", "/", []),
            ("a/../b", "a/../b", ["a"]),
            (".", ".", []),
            ("a/..", "a/..", ["a"]),
            ("a/./", "a/.", ["a"]),
        ],
    )
    def test_no_path(self, w: World, key: str, path: str, above: list[str]) -> None:
        """A key that is no path is a problem, told at each look; what is above it stands."""
        w.write(key, b"odd")
        w.write("good", b"good")
        known = KnownTree()
        for names in (sorted([*above, "good"]), []):
            changed, problems = look(w.open(), known)
            assert changed == names
            assert [(each.path, each.unreadable) for each in problems] == [(path, True)]
        assert w.tree() == {key: b"odd", "good": b"good"}

    def test_folder_of_odd_keys_is_not_empty(self, w: World) -> None:
        """A folder that holds nothing but a key that is no path is not deleted."""
        w.write("a//b", b"odd")
        with pytest.raises(NotEmpty):
            w.open().delete(Ref("/a/", "a"), "")

    def test_file_and_folder_of_one_name(self, w: World) -> None:
        """Neither is told of, neither counts as missing, until one of them is renamed."""
        w.write("both/inner/file", b"in the folder")
        w.write("both-not", b"between them in the order of keys")
        provider, known = w.open(), KnownTree()
        look(provider, known)
        before = set(known.paths())
        w.write("both", b"the file")
        changed, problems = look(provider, known)
        assert changed == []
        assert [(each.path, each.unreadable) for each in problems] == [("both", True)]
        assert set(known.paths()) == before
        delta = next(iter(provider.rescan(known, [ROOT_REF])))
        assert [each.path for each in delta.problems] == ["both"]
        assert (delta.changed, delta.missing) == ((), ())
        w.remove("both/inner/file")
        changed, problems = look(provider, known)
        assert (changed, problems) == (["both"], [])
        assert set(known.paths()) == {"both", "both-not"}
        assert known.paths()["both"].kind is Kind.FILE

    def test_file_where_a_folder_is(self, w: World) -> None:
        """The conditions of S3 allow it; we do not: no file goes where a folder stands."""
        w.write("place/file", b"1")
        w.write("other", b"2")
        provider = w.open()
        other = entry_at(provider, "other")
        with pytest.raises(Occupied):
            upload(provider, "place", b"ours")
        with pytest.raises(Occupied):
            provider.move(ref(other), other.version, ROOT_REF, "place")
        with pytest.raises(Occupied):
            provider.copy(ref(other), other.version, ROOT_REF, "place", Attributes())
        with pytest.raises(Occupied):
            provider.begin(ROOT_REF, "place", size=1, attributes=Attributes())
        assert w.tree() == {"place/file": b"1", "other": b"2"}

    def test_marker_that_holds_bytes(self, w: World) -> None:
        """A folder whose marker holds bytes is a folder; they are told of and never deleted."""
        w.write("folder/", b"bytes")
        provider, known = w.open(), KnownTree()
        changed, problems = look(provider, known)
        assert changed == ["folder"]
        assert [(each.path, each.unreadable) for each in problems] == [("folder", False)]
        with pytest.raises(NotEmpty):
            provider.delete(Ref("/folder/", "folder"), "")
        assert w.tree() == {"folder/": b"bytes"}

    def test_longest_key(self, w: World) -> None:
        """A key of more than 1,024 bytes is refused with its length, wherever it would come up."""
        provider = w.open()
        parent = ROOT_REF
        for depth in range(4):
            name = str(depth) * 250
            entry = provider.make_folder(parent, name)
            parent = ref(entry)
        provider.upload(parent, "f" * 20, [b"1"], size=1, attributes=Attributes())
        file = entry_at(provider, f"{parent.path}/{'f' * 20}")
        acts: list[Callable[[], object]] = [
            lambda: provider.upload(parent, "f" * 21, [b"1"], size=1, attributes=Attributes()),
            lambda: provider.make_folder(parent, "f" * 20),
            lambda: provider.move(ref(file), file.version, parent, "f" * 21),
            lambda: provider.move(Ref(f"/{'0' * 250}/", "0" * 250), "", ROOT_REF, "0" * 251),
        ]
        for act in acts:
            with pytest.raises(Refused, match="1024 bytes, this one has 1025"):
                act()
        provider.delete(ref(file), file.version)
        assert w.kept() == [b"1"], "even where the key in the trash would be too long"


class TestFolders:
    def test_last_file_deleted(self, w: World) -> None:
        """A folder without a marker gets one when we delete the last file in it."""
        w.write("folder/file", b"1")
        provider, known = w.open(), KnownTree()
        look(provider, known)
        file = entry_at(provider, "folder/file")
        provider.delete(ref(file), file.version)
        assert w.tree() == {"folder/": b""}
        look(provider, known)
        assert known.paths().keys() == {"folder"}

    def test_last_file_deleted_by_others(self, w: World) -> None:
        """A folder that was nothing but its files goes with the last of them."""
        w.write("folder/inner/file", b"1")
        provider, known = w.open(), KnownTree()
        look(provider, known)
        w.remove("folder/inner/file")
        assert provider.get(Ref("/folder/", "folder")) is None
        look(provider, known)
        assert known.paths() == {}

    def test_root_that_is_a_folder(self, w: World) -> None:
        """A root below a prefix is there as long as something begins so; else it is lost."""
        w.write("some/where/file", b"1")
        w.write("some/whereever", b"2")
        provider, known = w.open(f"{BUCKET}/some/where/"), KnownTree()
        assert provider.root() == "s3:bucket/some/where/"
        assert look(provider, known)[0] == ["file"]
        file = entry_at(provider, "file")
        provider.delete(ref(file), file.version)
        provider.root()
        assert look(provider, known) == ([], [])
        for key in w.listed():
            if key.startswith("some/where/"):
                w.remove(key)
        with pytest.raises(RootLost, match="some/where/"):
            provider.root()
        with pytest.raises(RootLost):
            list(provider.rescan(known, [ROOT_REF]))

    def test_own_folder(self, w: World) -> None:
        """What we keep is nobody's entry: it is not listed, found, or written to."""
        w.write(f"{TRASH}2020-01-01/file", b"kept")
        w.write("file", b"1")
        provider, known = w.open(), KnownTree()
        assert look(provider, known) == (["file"], [])
        assert [each.name for each in next(iter(provider.rescan(KnownTree(), [ROOT_REF]))).changed]
        assert provider.at(ROOT_REF, OWN) is None
        assert provider.get(Ref(f"/{TRASH}", OWN)) is None
        acts: list[Callable[[], object]] = [
            lambda: provider.make_folder(ROOT_REF, OWN),
            lambda: upload(provider, OWN, b"ours"),
        ]
        for act in acts:
            with pytest.raises(Refused):
                act()

    def test_new_folder_in_a_look_at_one(self, w: World) -> None:
        """The folder of ours is not descended into when the root alone is looked at."""
        w.write(f"{TRASH}2020-01-01/file", b"kept")
        w.write("new/file", b"1")
        deltas = list(w.open().rescan(KnownTree(), [ROOT_REF]))
        assert sorted(entry.name for delta in deltas for entry in delta.changed) == ["file", "new"]


class TestCost:
    """What a look asks for."""

    def count(self, w: World, known: KnownTree, **policies: Any) -> tuple[int, int]:
        """Return how many listings and how many HEADs a look makes."""
        w.app.calls.clear()
        look(w.open(**policies), known)
        heads = sum(call.startswith("HEAD") for call in w.app.calls)
        return len(w.app.calls) - heads, heads

    def test_of_one_change(self, w: World) -> None:
        """Where nothing changed a look is one listing; what changed costs one HEAD each."""
        known = KnownTree()
        for number in range(10):
            w.write(f"folder/{number}", b"1")
            aged(f"folder/{number}")
        assert self.count(w, known) == (1, 10)
        assert self.count(w, known) == (1, 0)
        w.write("folder/5", b"changed")
        aged("folder/5", 1800)
        assert self.count(w, known) == (1, 1)
        assert self.count(w, known) == (1, 0)

    def test_of_what_is_young(self, w: World) -> None:
        """What was written in the last minute is asked for again; once it is old, once more."""
        known = KnownTree()
        w.write("file", b"1")
        assert self.count(w, known) == (1, 1)
        assert self.count(w, known) == (1, 1)
        assert self.count(w, known, settling=0) == (1, 1)
        assert self.count(w, known, settling=0) == (1, 0)

    def test_change_that_a_listing_does_not_show(self, w: World) -> None:
        """Another time, set within the second of the last write, is found at the next look."""
        w.write("file", b"1", Metadata={"mtime": "1"})
        provider, known = w.open(), KnownTree()
        look(provider, known)
        w.write("file", b"1", Metadata={"mtime": "2"})
        assert look(provider, known)[0] == ["file"]
        assert known.paths()["file"].mtime_ns == 2_000_000_000

    def test_trash_is_passed(self, w: World) -> None:
        """However much is in the trash, a look passes it with one listing more."""
        backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
        for number in range(3500):
            backend.put_object(BUCKET, f"{TRASH}2020-01-01/{number:05}", b"")
        w.write("file", b"1")
        w.write("!before", b"1")
        known = KnownTree()
        listings, _heads = self.count(w, known)
        assert known.paths().keys() == {"file", "!before"}
        assert listings == 2

    def test_of_an_upload(self, w: World) -> None:
        """A small new file costs four requests, two of which write or list."""
        provider = w.open()
        provider.make_folder(ROOT_REF, "folder")
        w.app.calls.clear()
        parent = Ref("/folder/", "folder")
        provider.upload(parent, "file", [b"1"], size=1, attributes=Attributes(mtime_ns=MTIME))
        asked = [call.split()[0] for call in w.app.calls]
        assert asked == ["HEAD", "GET", "PUT", "HEAD"]


class TestWhatCannotBeSeen:
    def test_one_object(self, w: World) -> None:
        """An object that may not be asked for is a problem, not missing; the others are told."""
        w.write("secret", b"1")
        provider, known = w.open(), KnownTree()
        look(provider, known)
        w.write("secret", b"2")
        w.write("public", b"3")
        w.app.denied.add(f"{BUCKET}/secret")
        changed, problems = look(provider, known)
        assert changed == ["public"]
        assert [(each.path, each.unreadable) for each in problems] == [("secret", True)]
        assert known.paths().keys() == {"secret", "public"}

    def test_gone_between_listing_and_head(self, w: World) -> None:
        """What is removed while we look is left out."""
        w.write("file", b"1")
        w.just_before("HEAD", "/file", lambda: w.remove("file"))
        assert look(w.open(), KnownTree()) == ([], [])

    def test_archived(self, w: World) -> None:
        """What is archived is an entry like others, until somebody reads it: Denied, and why."""
        w.write("file", b"cold", StorageClass="GLACIER")
        provider, known = w.open(), KnownTree()
        assert look(provider, known) == (["file"], [])
        entry = known.paths()["file"]
        acts: list[Callable[[], object]] = [
            lambda: provider.read(ref(entry), entry.version),
            lambda: provider.read(ref(entry), entry.version, 1),
            lambda: provider.hash(ref(entry), entry.version, ("quickxor",)),
            lambda: provider.move(ref(entry), entry.version, ROOT_REF, "new"),
            lambda: provider.set_meta(ref(entry), entry.version, Attributes(mtime_ns=1)),
            lambda: provider.delete(ref(entry), entry.version),
        ]
        for act in acts:
            with pytest.raises(Denied, match="archived"):
                act()
        assert look(provider, known) == ([], [])
        assert w.listed() == ["file"]

    def test_bucket_that_went(self, w: World) -> None:
        """An object is not taken for deleted because the bucket is gone, which a HEAD hides."""
        w.write("file", b"1")
        provider = w.open()
        entry = entry_at(provider, "file")
        w.remove("file")
        w.client.delete_bucket(Bucket=BUCKET)
        acts: list[Callable[[], object]] = [
            lambda: provider.get(ref(entry)),
            lambda: provider.at(ROOT_REF, "file"),
            lambda: provider.get(Ref("/folder/", "folder")),
            lambda: provider.delete(ref(entry), entry.version),
            lambda: provider.read(ref(entry), entry.version),
            lambda: upload(provider, "new", b"1"),
        ]
        for act in acts:
            with pytest.raises(RootLost):
                act()

    def test_just_made(self, w: World) -> None:
        """What comes between the HEAD and the listing that confirms it is there."""
        w.just_before("GET", "prefix=file", lambda: w.write("file", b"1"))
        assert entry_at(w.open(), "file").size == 1

    def test_gone_while_it_is_read(self, w: World) -> None:
        """Reading from the middle of what is gone raises Vanished."""
        w.write("file", b"content")
        provider = w.open()
        entry = entry_at(provider, "file")
        w.remove("file")
        with pytest.raises(Vanished):
            provider.read(ref(entry), entry.version, 3)
