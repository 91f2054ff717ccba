"""What is particular to looking at folders: identity, links, what cannot be read, odd trees."""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncoxiders.adapters.providers.folder import FolderProvider, _identity
from syncoxiders.adapters.providers.folder._trash import remove_tree
from syncoxiders.core.model import Entry, Kind, Ref
from syncoxiders.ports.errors import Denied, RootLost, Stale
from syncoxiders.ports.provider import Attributes
from tests.adapters.folder_support import (
    LONG_AGO,
    Side,
    mounted,
    open_to_all,
    side,
    unprivileged,
)
from tests.contracts.provider_harness import ROOT_REF, is_same, sha256

__all__ = ["side"]


_PLAIN = Attributes()
OPEN = Path("/proc/self/fd")


class TestIdentity:
    def test_reused_inode(self, side: Side) -> None:
        """A file that got the inode number of a deleted one is another entry."""
        place = side.write("file", b"content", LONG_AGO)
        before, inode = side.entry("file"), place.stat().st_ino
        for _ in range(50):
            place.unlink()
            time.sleep(0.02)  # a birth time is no finer than the kernel's tick
            side.write("file", b"content", LONG_AGO)
            after = side.entry("file")
            assert after.id != before.id
            if place.stat().st_ino == inode:
                return
        pytest.skip("this file system gave the number to nobody else")

    def test_hard_links(self, side: Side) -> None:
        """Two names of one file are two entries, and neither is lost when the other goes."""
        side.write("one", b"content", LONG_AGO)
        alone = side.entry("one")
        side.look()
        os.link(side.root / "one", side.root / "two")
        side.look()
        assert sorted(side.known.paths()) == ["one", "two"]
        assert len({side.entry(name).id for name in ("one", "two")} | {alone.id}) == 3
        for name in ("one", "two"):
            entry = side.entry(name)
            assert side.provider.get(Ref(entry.id, name)) == entry
            assert side.read(name) == b"content"
        assert side.look().deltas == []
        (side.root / "two").unlink()
        side.look()
        assert side.known.paths() == {"one": side.entry("one")}
        assert side.entry("one").id == alone.id

    def test_one_of_several_names_is_deleted(self, side: Side) -> None:
        """Deleting and replacing an entry with several names leaves the other names alone."""
        for name in ("one", "two", "three"):
            if name == "one":
                side.write(name, b"content", LONG_AGO)
            else:
                os.link(side.root / "one", side.root / name)
        side.delete("one")
        side.upload("two", b"new", side.entry("two"))
        assert side.files() == {"two": b"new", "three": b"content"}

    def test_untrusted_file_system(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where inode numbers cannot be trusted, the path is the id and says so."""
        monkeypatch.setattr(_identity, "_TRUSTED", frozenset())
        side = Side(tmp_path / "root")
        side.write("folder/file", b"content", LONG_AGO)
        assert not side.provider.traits.stable_ids
        side.look()
        assert {path: entry.id for path, entry in side.known.paths().items()} == {
            "folder": "/folder/",
            "folder/file": "/folder/file",
        }
        assert side.look().deltas == []
        side.write("folder/file", b"another", LONG_AGO + 1)
        assert side.look().names == ["file"]

    def test_other_device(self, side: Side) -> None:
        """What stands on another device has ids that tell so, and is compared like the rest."""
        with mounted(side.root / "disk", "1m"):
            side.write("disk/folder/file", b"content", LONG_AGO)
            side.write("file", b"content", LONG_AGO)
            side.look()
            assert "@" in side.entry("disk").id
            assert "@" in side.entry("disk/folder/file").id
            assert "@" not in side.entry("file").id
            assert side.look().deltas == []
            assert side.look(side.ref("disk/folder")).deltas == []

    def test_unmounted_device(self, side: Side) -> None:
        """When a device inside the root is unmounted its folder is another."""
        with mounted(side.root / "disk", "1m"):
            side.write("disk/file", b"content", LONG_AGO)
            side.look()
            disk = side.entry("disk")
        look = side.look()
        assert look.missing == {disk.id}
        assert look.names == ["disk"]

    def test_unmounted_root(self, tmp_path: Path) -> None:
        """A root whose device is unmounted has another mark."""
        root = tmp_path / "root"
        with mounted(root, "1m"):
            mark = FolderProvider(root).root()
        assert FolderProvider(root).root() != mark


class TestVersion:
    def test_recent_time_is_not_trusted(self, side: Side) -> None:
        """A file written within two seconds of the look is provisional, and has its hash."""
        side.write("file", b"content", LONG_AGO)
        side.now = LONG_AGO / 1e9 + 1
        side.look()
        entry = side.known.paths()["file"]
        assert entry.provisional
        assert entry.hashes == sha256(b"content")

    def test_recent_time_grows_old(self, side: Side) -> None:
        """A later look reads the content, and trusts the time from then on."""
        side.write("file", b"content", LONG_AGO)
        side.now = LONG_AGO / 1e9 + 1
        side.look()
        before = side.known.paths()["file"]
        side.now += 10
        (after,) = side.look().changed
        assert not after.provisional
        assert (after.version, after.hashes) == (before.version, before.hashes)
        assert side.look().deltas == []

    def test_unseen_edit(self, side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
        """An edit that a recent modified time hid is another version, to all calls."""
        # As on a file system that shows no change at all.
        monkeypatch.setattr(_identity, "mark_of", lambda _st: "")
        monkeypatch.setattr("syncoxiders.adapters.providers.folder._look.mark_of", lambda _st: "")
        side.write("file", b"content", LONG_AGO)
        side.now = LONG_AGO / 1e9 + 1
        side.look()
        before = side.known.paths()["file"]
        side.write("file", b"CONTENT", LONG_AGO)
        side.now += 10
        (after,) = side.look().changed
        assert after.id == before.id
        assert after.version != before.version
        assert after.hashes == sha256(b"CONTENT")
        self.check_version(side, before, after)

    def check_version(self, side: Side, before: Entry, after: Entry) -> None:
        assert side.look().deltas == []
        ref = Ref(after.id, "file")
        assert side.entry("file").version == after.version
        assert side.read("file", after) == b"CONTENT"
        with pytest.raises(Stale):
            side.read("file", before)
        side.provider = side.open()
        assert side.read("file", after) == b"CONTENT"  # proved by its content
        with pytest.raises(Stale):
            side.provider.hash(ref, after.version.replace(after.version[1:5], "0000"))
        assert side.look().deltas == []
        assert side.entry("file").version == after.version
        moved = side.provider.move(ref, after.version, ROOT_REF, "moved")
        assert moved.version == after.version
        assert side.look().missing == set()
        assert side.known.paths()["moved"].version == after.version

    def test_time_that_was_set_back(self, side: Side) -> None:
        """An edit whose modified time was set back is another version, to all calls."""
        side.write("file", b"content", LONG_AGO)
        side.look()
        before = side.known.paths()["file"]
        side.write("file", b"CONTENT", LONG_AGO)
        (after,) = side.look().changed
        assert after.version != before.version
        self.check_version(side, before, after)

    def test_inode_that_was_touched(self, side: Side) -> None:
        """Other permissions, or another owner, are no other version of known content."""
        entry = side.upload("file", b"content", mtime_ns=LONG_AGO)
        side.known.adopt(entry)
        place = side.root / "file"
        place.chmod(0o600)
        (after,) = side.look().changed
        assert (after.version, after.hashes) == (entry.version, entry.hashes)
        assert side.look().deltas == []

    @pytest.mark.parametrize(
        ("compare", "seen"),
        [
            ({"size"}, {"size"}),
            ({"modtime"}, {"modtime", "content"}),
            ({"hash"}, {"size", "content"}),
            ({"size", "modtime"}, {"size", "modtime", "content"}),
            ({"size", "hash"}, {"size", "content"}),
            ({"modtime", "hash"}, {"size", "modtime", "content"}),
            ({"size", "modtime", "hash"}, {"size", "modtime", "content"}),
        ],
        ids=lambda each: ",".join(sorted(each)),
    )
    @pytest.mark.parametrize("change", ["size", "modtime", "content"])
    def test_compare(self, tmp_path: Path, compare: set[str], seen: set[str], change: str) -> None:
        """What is compared, and nothing else, makes another version."""
        side = Side(tmp_path / "root", compare=frozenset(compare))
        side.write("file", b"content", LONG_AGO)
        side.look()
        before = side.known.paths()["file"]
        if change == "size":
            side.write("file", b"longer content", LONG_AGO)
        elif change == "modtime":
            side.write("file", b"content", LONG_AGO + 1)
        else:
            side.write("file", b"CONTENT", LONG_AGO)
        side.look()
        after = side.known.paths()["file"]
        assert (after.version != before.version) is (
            change in seen or (change == "size" and compare == {"modtime"})
        )
        assert side.entry("file").version == after.version
        assert side.look().deltas == []

    def test_compare_by_nothing(self, tmp_path: Path) -> None:
        """What is not size, modtime or hash is refused."""
        for compare in (set(), {"colour"}):
            with pytest.raises(ValueError, match="compare by"):
                FolderProvider(tmp_path, compare=frozenset(compare))

    def test_unreadable_file_compared_by_hash(self) -> None:
        """A file that can no longer be read stays the version that it was."""
        with open_to_all() as place, unprivileged():
            side = Side(place / "root", compare=frozenset({"hash"}))
            side.write("file", b"content", LONG_AGO)
            side.look()
            version = side.known.paths()["file"].version
            (side.root / "file").chmod(0)
            side.look()
            assert side.known.paths()["file"].version == version


class TestLeftOut:
    def test_own_names(self, side: Side) -> None:
        """Trash and temporary names are no entries, and cannot be made ones."""
        side.write(".syncoxiders-trash/2024-01-01/file", b"deleted")
        side.write("folder/.syncoxiders-tmp-xabc-0", b"on its way")
        assert side.look().names == ["folder"]
        assert side.provider.at(ROOT_REF, ".syncoxiders-trash") is None

    def test_links_are_skipped(self, side: Side) -> None:
        """Links are left out by default, with a word about each."""
        side.write("file", b"content")
        (side.root / "link").symlink_to("file")
        look = side.look()
        assert look.names == ["file"]
        assert [(each.path, each.unreadable) for each in look.problems] == [("link", False)]

    def test_link_in_a_files_place(self, side: Side) -> None:
        """A file whose place a link took is missing."""
        side.write("file", b"content")
        side.look()
        before = side.entry("file")
        (side.root / "file").unlink()
        (side.root / "file").symlink_to("nowhere")
        assert side.look().missing == {before.id}

    def test_special_files(self, side: Side) -> None:
        """A pipe is left out with a word, and never opened."""
        os.mkfifo(side.root / "pipe")
        look = side.look()
        assert look.changed == []
        assert [(each.path, each.unreadable) for each in look.problems] == [("pipe", False)]
        assert side.provider.at(ROOT_REF, "pipe") is None

    def test_unreadable_folder(self) -> None:
        """What is in a folder that cannot be read is not missing, before and after."""
        with open_to_all() as place, unprivileged():
            side = Side(place / "root")
            side.write("folder/inner/file", b"content")
            side.write("file", b"other")
            side.look()
            known = side.known.paths()
            for mode in (0o000, 0o300, 0o600):
                (side.root / "folder").chmod(mode)
                side.provider = side.open()
                look = side.look()
                assert look.missing == set()
                assert {each.path.split("/")[0] for each in look.problems} == {"folder"}
                assert all(each.unreadable for each in look.problems)
            (side.root / "folder").chmod(0o700)
            side.look()
            assert side.known.paths() == known

    def test_unreadable_file(self) -> None:
        """A file that cannot be read is an entry all the same; reading it is denied."""
        with open_to_all() as place, unprivileged():
            side = Side(place / "root")
            side.write("file", b"secret").chmod(0)
            assert side.look().names == ["file"]
            with pytest.raises(Denied):
                side.read("file")
            with pytest.raises(Denied):
                side.provider.hash(side.ref("file"), side.entry("file").version)

    def test_unreadable_root(self) -> None:
        """A root that cannot be read is lost."""
        with open_to_all() as place, unprivileged():
            side = Side(place / "root")
            side.root.chmod(0)
            with pytest.raises(RootLost):
                side.provider.root()
            side.root.chmod(0o700)

    def test_root_that_is_missing(self, tmp_path: Path) -> None:
        """A root that is missing is lost to every call, and has traits all the same."""
        lost = FolderProvider(tmp_path / "missing")
        assert lost.traits.stable_ids
        for call in (
            lost.root,
            lambda: lost.at(ROOT_REF, "file"),
            lambda: lost.make_folder(ROOT_REF, "folder"),
            lambda: lost.read(Ref("1.1", "file"), "version"),
        ):
            with pytest.raises(RootLost):
                call()

    def test_root_is_a_file(self, tmp_path: Path) -> None:
        """A root that is no folder is lost."""
        (tmp_path / "file").write_bytes(b"")
        with pytest.raises(RootLost):
            FolderProvider(tmp_path / "file").root()

    def test_root_that_is_a_link(self, tmp_path: Path) -> None:
        """The root itself may be a link."""
        Side(tmp_path / "folder").write("file", b"content")
        (tmp_path / "root").symlink_to("folder")
        assert Side(tmp_path / "root").look().names == ["file"]


class TestFollowedLinks:
    @pytest.fixture
    def side(self, tmp_path: Path) -> Side:
        (tmp_path / "outside/inner").mkdir(parents=True)
        (tmp_path / "outside/file").write_bytes(b"outside")
        (tmp_path / "outside/inner/deep").write_bytes(b"deep")
        return Side(tmp_path / "root", links="follow")

    def test_file(self, side: Side) -> None:
        """A link to a file is a file, and writing to it leaves the link."""
        (side.root / "link").symlink_to("../outside/file")
        side.look()
        entry = side.known.paths()["link"]
        assert (entry.kind, entry.size) == (Kind.FILE, 7)
        assert side.read("link", entry) == b"outside"
        assert side.provider.get(Ref(entry.id, "link")) == entry
        new = side.upload("link", b"new", entry, mtime_ns=LONG_AGO, keep=True)
        assert (side.root / "link").is_symlink()
        assert (side.root.parent / "outside/file").read_bytes() == b"new"
        side.known.adopt(new)
        assert side.look().deltas == []

    def test_folder(self, side: Side) -> None:
        """A link to a folder is a folder with everything in it."""
        (side.root / "link").symlink_to("../outside")
        side.look()
        assert sorted(side.known.paths()) == ["link", "link/file", "link/inner", "link/inner/deep"]
        assert side.read("link/inner/deep") == b"deep"
        assert side.look().deltas == []
        new = side.upload("link/inner/new", b"new", mtime_ns=LONG_AGO)
        side.known.adopt(new)
        assert side.look().deltas == []
        assert side.look(side.ref("link/inner")).deltas == []
        side.delete("link/inner/new")
        assert not (side.root.parent / "outside/inner/new").exists()

    def test_deleting_the_link(self, side: Side) -> None:
        """Deleting what a link leads to deletes the link, and moving it moves the link."""
        (side.root / "link").symlink_to("../outside/file")
        entry = side.entry("link")
        side.provider.move(Ref(entry.id, "link"), entry.version, ROOT_REF, "moved")
        assert (side.root / "moved").is_symlink()
        side.delete("moved")
        assert not (side.root / "moved").is_symlink()
        assert (side.root.parent / "outside/file").read_bytes() == b"outside"

    @pytest.mark.parametrize("target", [".", "..", "../root", "folder", "folder/..", "/"])
    def test_round_in_circles(self, side: Side, target: str) -> None:
        """A link into the root, or to what holds it, is left out."""
        side.write("folder/file", b"content")
        (side.root / "folder/link").symlink_to(side.root / target)
        look = side.look()
        assert look.names == ["file", "folder"]
        assert [each.path for each in look.problems] == ["folder/link"]

    def test_links_behind_links(self, side: Side) -> None:
        """Behind a link no link to a folder is followed."""
        (side.root.parent / "outside/again").symlink_to("inner")
        (side.root / "link").symlink_to("../outside")
        look = side.look()
        assert look.names == ["deep", "file", "inner", "link"]
        assert [each.path for each in look.problems] == ["link/again"]

    def test_target_that_is_gone(self, side: Side) -> None:
        """What stood behind a link that leads nowhere now is not taken for deleted."""
        (side.root / "link").symlink_to("../outside")
        side.look()
        (side.root.parent / "outside").rename(side.root.parent / "unplugged")
        look = side.look()
        assert look.missing == set()
        assert [(each.path, each.unreadable) for each in look.problems] == [("link", True)]


class TestOddTrees:
    def test_very_deep(self, side: Side) -> None:
        """Two thousand folders in each other, far beyond the longest path, are one tree."""
        depth = 2000
        fd = os.open(side.root, os.O_RDONLY)
        for _ in range(depth):
            os.mkdir("deep", dir_fd=fd)
            inner = os.open("deep", os.O_RDONLY, dir_fd=fd)
            os.close(fd)
            fd = inner
        file = os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=fd)
        os.write(file, b"content")
        os.close(file)
        os.close(fd)
        assert len(side.look().changed) == depth + 1
        assert side.look().deltas == []
        deepest = "/".join(["deep"] * depth)
        entry = next(entry for entry in self.everything(side) if entry.name == "file")
        assert side.read(f"{deepest}/file", entry) == b"content"
        folder = Ref(entry.parent, deepest)
        written = side.provider.at(folder, "file")
        assert written is not None
        side.provider.delete(Ref(written.id, f"{deepest}/file"), written.version)
        assert side.provider.at(folder, "file") is None
        self.remove(side.root)

    def everything(self, side: Side) -> Iterator[Entry]:
        todo = [ROOT_REF.id]
        while todo:
            for entry in side.known.children(todo.pop()):
                yield entry
                todo.append(entry.id)

    def remove(self, root: Path) -> None:
        """Remove what is too deep for those who tidy up after the tests."""
        for top in ("deep", ".syncoxiders-trash"):
            fd = os.open(root, os.O_RDONLY)
            os.rename(top, ".gone", src_dir_fd=fd, dst_dir_fd=fd)
            remove_tree(fd, ".gone")
            os.close(fd)

    def test_long_path(self, side: Side) -> None:
        """Everything can be done at a path of more than 4,096 bytes."""
        parent, way = ROOT_REF, ""
        for _ in range(20):
            name = "n" * 250
            folder = side.provider.make_folder(parent, name)
            way = f"{way}/{name}" if way else name
            parent = Ref(folder.id, way)
        assert len(way) > 4096
        entry = side.provider.upload(parent, "file", [b"content"], size=7, attributes=_PLAIN)
        ref = Ref(entry.id, f"{way}/file")
        assert is_same(side.provider.get(ref), entry)
        entry = side.provider.upload(
            parent, "file", [b"new"], size=3, attributes=_PLAIN, replaces=(ref, entry.version)
        )
        ref = Ref(entry.id, f"{way}/file")
        moved = side.provider.move(ref, entry.version, parent, "moved")
        side.provider.delete(Ref(moved.id, f"{way}/moved"), moved.version)
        assert side.provider.at(parent, "moved") is None
        assert len(side.look().changed) == 20

    def test_descriptors_are_bounded(self, side: Side) -> None:
        """However many folders there are, few are open at once, and none after settling."""
        if not sys.platform.startswith("linux"):
            pytest.skip("descriptors cannot be counted here")
        for number in range(300):
            side.write(f"{number}/inner/file", b"content", LONG_AGO)
        before = len(list(OPEN.iterdir()))
        side.look()
        for number in range(300):
            side.read(f"{number}/inner/file")
        assert len(list(OPEN.iterdir())) - before < 120
        side.provider.settle()
        assert len(list(OPEN.iterdir())) <= before

    def test_bytes_that_are_no_text(self, side: Side) -> None:
        """A name of any bytes is reported, read, and told to a person as text."""
        name = os.fsdecode(b"\xff\xfe name")
        side.write(f"{name}/{name}", b"content")
        (side.root / name / "link").symlink_to("nowhere")
        look = side.look()
        assert look.names == [name, name]
        assert side.read(f"{name}/{name}") == b"content"
        with pytest.raises(Stale) as failure:
            side.provider.read(Ref("1.1", f"{name}/{name}"), "version")
        assert str(failure.value).encode()

    @pytest.mark.slow
    def test_many_files_in_one_folder(self, side: Side) -> None:
        """A hundred thousand files in one folder are told of, once."""
        fd = os.open(side.root, os.O_RDONLY)
        for number in range(100_000):
            os.close(os.open(f"{number}", os.O_CREAT | os.O_WRONLY, dir_fd=fd))
        os.close(fd)
        assert len(side.look().changed) == 100_000
        assert side.look().deltas == []


class TestWhileLooking:
    def test_successor_beside_its_predecessor(self, side: Side) -> None:
        """What was replaced is missing in every look until that is believed."""
        side.write("file", b"old", LONG_AGO)
        side.look()
        before = side.entry("file")
        side.write("draft", b"new", LONG_AGO).rename(side.root / "file")
        look = list(side.provider.rescan(side.known))
        assert [delta.missing for delta in look] == [(before.id,)]
        side.known.adopt(look[0].changed[0])
        again = list(side.provider.rescan(side.known))
        assert [(delta.changed, delta.missing) for delta in again] == [((), (before.id,))]

    def test_root_goes_away(self, side: Side) -> None:
        """A root that is exchanged during a look raises RootLost instead of deletions."""
        for number in range(5):
            side.write(f"{number}/file", b"content", LONG_AGO)
        side.look()
        for number in range(5):
            side.write(f"{number}/new", b"content", LONG_AGO)
        look = side.provider.rescan(side.known)
        next(look)
        side.root.rename(side.root.with_name("elsewhere"))
        side.root.mkdir()
        with pytest.raises(RootLost):
            list(look)

    def test_folder_goes_away(self, side: Side) -> None:
        """A folder that vanishes during a look is no error, and nothing in it is missing."""
        for number in range(3):
            side.write(f"{number}/inner/file", b"content", LONG_AGO)
        look = side.provider.rescan(side.known)
        deltas = [next(look)]
        for number in range(3):
            (side.root / f"{number}").rename(side.root.parent / f"{number}")
        deltas.extend(look)
        assert all(delta.missing == () for delta in deltas)

    def test_folder_exchanged_for_a_link(self, side: Side) -> None:
        """A folder that becomes a link during a look is not followed out of the root."""
        (side.root.parent / "outside").mkdir()
        (side.root.parent / "outside/secret").write_bytes(b"secret")
        side.write("folder/file", b"content", LONG_AGO)
        look = side.provider.rescan(side.known)
        deltas = [next(look)]
        (side.root / "folder").rename(side.root / "moved")
        (side.root / "folder").symlink_to("../outside")
        deltas.extend(look)
        names = {entry.name for delta in deltas for entry in delta.changed}
        assert "secret" not in names
