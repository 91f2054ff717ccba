"""Rules of the provider port about rescans, feeds and recovery: all of a change, nothing else."""

import pytest
from msgspec import structs

from syncoxiders.core.model import ROOT_ENTRY, Entry, EntryId, Kind
from syncoxiders.ports.errors import CursorExpired
from syncoxiders.ports.provider import Change, Feeds, Recovers, Rescans
from tests.contracts.provider_harness import ROOT_REF, World, is_same


class TestRescan:
    def test_empty_root(self, w: World) -> None:
        """An empty root yields nothing."""
        assert w.look().deltas == []

    def test_first_look(self, w: World) -> None:
        """To somebody who knows nothing, everything is told, with ids that differ."""
        w.people.write("a/b/c/file", b"content")
        w.people.write("a/file", b"other")
        w.people.mkdir("empty")
        w.look()
        assert w.known.paths().keys() == w.people.tree().keys()
        assert len({entry.id for entry in w.known.paths().values()}) == 6

    def test_nothing_changed(self, w: World) -> None:
        """Where nothing changed nothing is told, by this provider or a new one."""
        w.people.write("a/b/file", b"content")
        w.people.write("a/tool", b"#!", executable=True)
        w.people.mkdir("empty")
        w.look()
        assert w.look().deltas == []
        w.provider = w.people.open()
        assert w.look().deltas == []

    def test_reading_is_no_change(self, w: World) -> None:
        """Reading and hashing leave nothing to tell."""
        w.people.write("a/file", b"content")
        w.look()
        w.read("a/file")
        w.provider.hash(w.ref("a/file"), w.entry("a/file").version)
        assert w.look().deltas == []

    def test_new_file(self, w: World) -> None:
        """A new file is told of once, in its folder, and nothing else is."""
        w.people.write("folder/file", b"content")
        w.look()
        w.people.write("folder/new", b"new")
        look = w.look()
        assert [delta.folder for delta in look.deltas] == [w.entry("folder").id]
        assert (look.names, look.missing) == (["new"], set())

    def test_new_folder_is_descended_into(self, w: World) -> None:
        """A new folder is told of with everything in it."""
        w.people.write("folder/file", b"content")
        w.look()
        w.people.write("folder/new/inner/file", b"content")
        assert w.look().names == ["file", "inner", "new"]
        assert w.known.paths().keys() == w.people.tree().keys()

    @pytest.mark.parametrize("data", [b"different length", b"CONTENT", b""])
    def test_edited(self, w: World, data: bytes) -> None:
        """An edit in place is told of as the same entry in another version."""
        w.people.write("folder/file", b"content")
        w.people.write("folder/other", b"other")
        w.look()
        before = w.entry("folder/file")
        w.people.write("folder/file", data)
        look = w.look()
        (after,) = look.changed
        assert look.missing == set()
        assert (after.id, after.size) == (before.id, len(data))
        assert after.version != before.version

    @pytest.mark.parametrize("how", ["in place", "by replacing"])
    def test_edited_under_the_same_time(self, w: World, how: str) -> None:
        """An edit is told of though size and modified time are what they were."""
        w.people.write("file", b"content", mtime_ns=1_500_000_000_000_000_000)
        w.look()
        before = w.entry("file")
        change = w.people.write if how == "in place" else w.people.replace
        change("file", b"CONTENT", mtime_ns=1_500_000_000_000_000_000)
        look = w.look()
        (after,) = look.changed
        assert (after.id, after.version) != (before.id, before.version)
        assert w.read("file") == b"CONTENT"

    def test_replaced(self, w: World) -> None:
        """A file that took another's place is a new entry, and the old one is missing."""
        w.people.write("file", b"old")
        w.look()
        before = w.entry("file")
        w.people.replace("file", b"new")
        look = w.look()
        assert look.names == ["file"]
        assert look.missing == ({before.id} if w.traits.stable_ids else set())
        assert is_same(w.known.paths()["file"], w.entry("file"))

    def test_removed_and_made_again(self, w: World) -> None:
        """A file that was removed and made again is not the version it was."""
        w.people.write("file", b"content", mtime_ns=1_500_000_000_000_000_000)
        w.look()
        before = w.entry("file")
        w.people.remove("file")
        w.people.write("file", b"CONTENT", mtime_ns=1_600_000_000_000_000_000)
        assert w.look().names == ["file"]
        after = w.known.paths()["file"]
        assert (after.id, after.version) != (before.id, before.version)

    def test_touched(self, w: World) -> None:
        """Another modified time is told of, as another version where times are compared."""
        w.need(w.traits.keeps_mtime, "keeps no modified times")
        w.people.write("file", b"content", mtime_ns=1_500_000_000_000_000_000)
        w.look()
        before = w.entry("file")
        w.people.write("file", b"content", mtime_ns=1_600_000_000_000_000_000)
        (after,) = w.look().changed
        assert (after.version != before.version) is w.people.touching_is_a_change
        assert after.mtime_ns == 1_600_000_000_000_000_000

    def test_made_executable(self, w: World) -> None:
        """Another executable bit is told of, as another version."""
        w.need(w.traits.keeps_executable, "keeps no executable bit")
        mtime_ns = 1_500_000_000_000_000_000
        w.people.write("file", b"content", mtime_ns=mtime_ns, executable=False)
        w.look()
        before = w.entry("file")
        w.people.write("file", b"content", mtime_ns=mtime_ns, executable=True)
        (after,) = w.look().changed
        assert after.executable is True
        assert after.version != before.version

    def test_removed(self, w: World) -> None:
        """A file that was removed is missing in its folder."""
        w.people.write("folder/file", b"content")
        w.people.write("folder/other", b"other")
        w.look()
        file, folder = w.entry("folder/file"), w.entry("folder")
        w.people.remove("folder/file")
        (delta,) = w.look().deltas
        assert (delta.folder, delta.changed, delta.missing) == (folder.id, (), (file.id,))

    def test_removed_folder(self, w: World) -> None:
        """A folder that was removed is missing in its parent; nothing is told as changed."""
        w.people.write("folder/inner/file", b"content")
        w.people.write("other/file", b"other")
        w.look()
        folder = w.entry("folder")
        w.people.remove("folder")
        look = w.look()
        assert look.changed == []
        assert folder.id in look.missing
        assert w.known.paths().keys() == {"other", "other/file"}
        assert w.look().deltas == []

    def test_last_file_removed(self, w: World) -> None:
        """A folder stays when the last file in it is removed."""
        w.need(w.traits.keeps_empty_folders, "keeps no empty folders")
        w.people.write("folder/file", b"content")
        w.look()
        w.people.remove("folder/file")
        assert w.look().changed == []
        assert w.known.paths().keys() == {"folder"}

    def test_renamed(self, w: World) -> None:
        """A renamed file is the same entry under another name, in the same version."""
        w.need_ids()
        w.people.write("folder/file", b"content")
        w.look()
        before = w.entry("folder/file")
        w.people.rename("folder/file", "folder/renamed")
        look = w.look()
        (after,) = look.changed
        assert look.missing == set()
        assert (after.id, after.name, after.version) == (before.id, "renamed", before.version)

    def test_moved(self, w: World) -> None:
        """A moved file is missing in the one folder and told of in the other."""
        w.need_ids()
        w.people.write("a/file", b"content")
        w.people.write("b/other", b"other")
        w.look()
        before = w.entry("a/file")
        w.people.rename("a/file", "b/file")
        look = w.look()
        (after,) = look.changed
        assert look.missing == {before.id}
        assert (after.id, after.version) == (before.id, before.version)
        assert after.parent == w.entry("b").id
        assert w.known.paths().keys() == w.people.tree().keys()

    def test_moved_folder(self, w: World) -> None:
        """Of a moved folder nothing is told but its own place."""
        w.need_ids()
        w.people.write("a/folder/inner/file", b"content")
        w.people.mkdir("b")
        w.look()
        folder = w.entry("a/folder")
        w.people.rename("a/folder", "b/renamed")
        look = w.look()
        assert [entry.id for entry in look.changed] == [folder.id]
        assert look.missing == {folder.id}
        assert w.known.paths().keys() == w.people.tree().keys()

    def test_moved_by_path(self, w: World) -> None:
        """After any rename what is known is again what is there."""
        w.people.write("a/folder/inner/file", b"content")
        w.people.write("a/file", b"other")
        w.look()
        w.people.rename("a/folder", "folder")
        w.people.rename("a", "folder/a")
        w.look()
        assert w.known.paths().keys() == w.people.tree().keys()
        assert w.look().deltas == []

    def test_exchanged(self, w: World) -> None:
        """Two files that changed places are told of with each other's names."""
        w.people.write("a", b"A")
        w.people.write("b", b"longer")
        w.look()
        w.people.rename("a", "c")
        w.people.rename("b", "a")
        w.people.rename("c", "b")
        look = w.look()
        assert look.names == ["a", "b"]
        assert look.missing == set()
        assert (w.read("a"), w.read("b")) == (b"longer", b"A")

    @pytest.mark.parametrize("first", ["file", "folder"])
    def test_another_kind(self, w: World, first: str) -> None:
        """A folder in a file's place, or a file in a folder's, is another entry."""
        w.people.write("place" if first == "file" else "place/file", b"content")
        w.look()
        before = w.entry("place")
        w.people.remove("place")
        w.people.write("place/file" if first == "file" else "place", b"content")
        w.look()
        assert w.known.paths()["place"].id != before.id
        expected = Kind.FOLDER if first == "file" else Kind.FILE
        assert w.known.paths()["place"].kind is expected
        assert w.known.paths().keys() == w.people.tree().keys()
        assert w.look().deltas == []

    def test_many_files(self, w: World) -> None:
        """A folder of a thousand files is told of completely, and so is a change in it."""
        for number in range(1000):
            w.people.write(f"folder/{number}", b"%d" % number)
        w.look()
        assert w.known.paths().keys() == w.people.tree().keys()
        w.people.remove("folder/500")
        w.people.write("folder/501", b"edited")
        w.people.write("folder/1000", b"new")
        look = w.look()
        assert look.names == ["1000", "501"]
        assert len(look.missing) == 1

    def test_deep_tree(self, w: World) -> None:
        """A change sixty folders deep is told of."""
        deep = "/".join(["deep"] * 60)
        w.people.write(f"{deep}/file", b"content")
        w.look()
        w.people.write(f"{deep}/new", b"new")
        assert w.look().names == ["new"]

    def test_change_during_a_look(self, w: World) -> None:
        """What happens while a look goes on is told of by it or the next."""
        provider = w.provider
        assert isinstance(provider, Rescans)
        for number in range(20):
            w.people.write(f"{number}/file", b"content")
        w.people.catch_up()
        look = provider.rescan(w.known)
        w.known.apply(next(look))
        for number in range(20):
            w.people.write(f"{number}/new", b"new")
            w.people.write(f"{number}/file", b"edited")
        w.people.remove("7")
        w.people.rename("8", "renamed")
        for delta in look:
            w.known.apply(delta)
        w.look()
        assert w.known.paths().keys() == w.people.tree().keys()
        assert all(is_same(w.find(path), entry) for path, entry in w.known.paths().items())

    def test_look_that_is_given_up(self, w: World) -> None:
        """A look that nobody finishes does no harm to the next."""
        provider = w.provider
        assert isinstance(provider, Rescans)
        for number in range(5):
            w.people.write(f"{number}/file", b"content")
        w.people.catch_up()
        look = provider.rescan(w.known)
        next(look)
        del look
        w.look()
        assert w.known.paths().keys() == w.people.tree().keys()

    def test_unreadable_folder(self, w: World) -> None:
        """A folder that may not be read is a problem, and nothing in it is missing."""
        w.people.write("folder/inner/file", b"content")
        w.people.write("file", b"other")
        w.look()
        w.need(w.people.deny("folder"), "cannot deny us anything")
        look = w.look()
        assert look.missing == set()
        assert [(problem.path, problem.unreadable) for problem in look.problems] == [
            ("folder", True)
        ]


class TestRescanFolders:
    def test_only_these(self, w: World) -> None:
        """Asked for some folders, a look tells of these and of no other."""
        for folder in ("a", "b", "c"):
            w.people.write(f"{folder}/file", b"content")
        w.look()
        for folder in ("a", "b", "c"):
            w.people.write(f"{folder}/new", b"new")
        look = w.look(w.ref("a"), w.ref("c"))
        assert {delta.folder for delta in look.deltas} == {w.entry("a").id, w.entry("c").id}
        assert look.names == ["new", "new"]
        assert w.look().names == ["new"]

    def test_nothing_changed_in_these(self, w: World) -> None:
        """A folder in which nothing changed yields nothing."""
        w.people.write("a/file", b"content")
        w.people.write("b/file", b"content")
        w.look()
        w.people.write("b/file", b"edited")
        assert w.look(w.ref("a")).deltas == []

    def test_known_folders_are_not_descended_into(self, w: World) -> None:
        """What is in a folder that is known in these is not looked at."""
        w.people.write("a/inner/file", b"content")
        w.look()
        w.people.write("a/inner/file", b"edited")
        w.people.write("a/new", b"new")
        assert w.look(w.ref("a")).names == ["new"]
        assert w.look().names == ["file"]

    def test_new_folders_are_descended_into(self, w: World) -> None:
        """What is in a folder that is new in these is told of, however deep."""
        w.people.write("a/file", b"content")
        w.look()
        w.people.write("a/new/inner/file", b"content")
        assert w.look(w.ref("a")).names == ["file", "inner", "new"]
        assert w.known.paths().keys() == w.people.tree().keys()

    def test_root_alone(self, w: World) -> None:
        """The root can be asked for like any folder."""
        w.people.write("folder/file", b"content")
        w.look()
        w.people.write("folder/file", b"edited")
        w.people.write("new", b"new")
        assert w.look(ROOT_REF).names == ["new"]

    def test_moved_between_these(self, w: World) -> None:
        """A file moved between two folders that are asked for is told of in both."""
        w.need_ids()
        w.people.write("a/file", b"content")
        w.people.write("b/other", b"other")
        w.look()
        before = w.entry("a/file")
        w.people.rename("a/file", "b/file")
        look = w.look(w.ref("a"), w.ref("b"))
        assert [entry.id for entry in look.changed] == [before.id]
        assert look.missing == {before.id}

    def test_gone_meanwhile(self, w: World) -> None:
        """A folder that is not there any more is no error; its parent tells of it."""
        w.people.write("a/file", b"content")
        w.people.write("b/file", b"content")
        w.look()
        gone = w.ref("a")
        w.people.remove("a")
        w.people.write("b/new", b"new")
        look = w.look(gone, w.ref("b"))
        assert look.names == ["new"]
        w.look()
        assert w.known.paths().keys() == w.people.tree().keys()


class TestRecovery:
    def test_nothing_to_recover(self, w: World) -> None:
        """Where nothing was interrupted recovering rescues nothing and changes nothing."""
        provider = w.provider
        if not isinstance(provider, Recovers):
            pytest.skip("this provider leaves nothing behind")
        told: list[str] = []
        provider.recover(told.append)
        w.upload("folder.txt", b"content")
        w.people.write("folder/file", b"person's")
        w.look()
        tree = w.people.tree()
        for _ in range(2):
            provider.recover(told.append)
        assert told == []
        assert w.people.tree() == tree
        assert w.look().deltas == []


class TestFeed:
    def drain(self, w: World, cursor: str) -> tuple[dict[EntryId, Entry | None], str]:
        """Return what the feed tells last of each id, and where it ends."""
        provider = w.provider
        assert isinstance(provider, Feeds)
        w.people.catch_up()
        told: dict[EntryId, Entry | None] = {}
        while True:
            page = provider.changes(cursor)
            for change in page.changes:
                if change.entry is not None:
                    told[change.entry.id] = self.placed(w, change)
                elif change.id:
                    told[change.id] = None
                else:
                    told[f"at {change.path}"] = None
            cursor = page.cursor
            if not page.more:
                return told, cursor

    def placed(self, w: World, change: Change) -> Entry:
        """Return an entry of a feed that speaks of paths as it is told of elsewhere."""
        assert change.entry is not None
        if change.entry.parent:
            return change.entry
        folder, _, name = change.path.rpartition("/")
        assert name == change.entry.name
        found = w.find(folder) if folder else None
        return structs.replace(change.entry, parent=found.id if found else ROOT_ENTRY)

    def start(self, w: World) -> str:
        w.need(isinstance(w.provider, Feeds), "has no feed")
        provider = w.provider
        assert isinstance(provider, Feeds)
        w.people.catch_up()
        return provider.start_cursor()

    def test_from_now_on(self, w: World) -> None:
        """A new cursor tells of nothing that was before."""
        w.need(isinstance(w.provider, Feeds), "has no feed")
        w.people.write("folder/file", b"content")
        told, _ = self.drain(w, self.start(w))
        assert told == {}

    def test_everything_is_told(self, w: World) -> None:
        """New, edited, moved and deleted entries are told of, as they are now."""
        w.need(isinstance(w.provider, Feeds), "has no feed")
        for name in ("edited", "moved", "deleted", "untouched"):
            w.people.write(f"folder/{name}", b"content")
        ids = {name: w.entry(f"folder/{name}").id for name in ("deleted", "untouched")}
        cursor = self.start(w)
        w.people.write("folder/new", b"new")
        w.people.write("folder/edited", b"edited")
        w.people.rename("folder/moved", "moved")
        w.people.remove("folder/deleted")
        told, cursor = self.drain(w, cursor)
        for path in ("folder/new", "folder/edited", "moved"):
            assert is_same(told.get(w.entry(path).id), w.entry(path))
        assert told.get(ids["deleted"], told.get("at folder/deleted", w)) is None
        assert ids["untouched"] not in told

    def test_many_pages(self, w: World) -> None:
        """Many changes come in pages, none of them left out."""
        cursor = self.start(w)
        for number in range(250):
            w.people.write(f"folder/{number}", b"content")
        told, _ = self.drain(w, cursor)
        expected = {w.entry(f"folder/{number}").id for number in range(250)}
        assert expected <= told.keys()

    def test_own_writes_come_back(self, w: World) -> None:
        """What the provider did is told of as its answers said."""
        cursor = self.start(w)
        folder = w.make_folder("folder")
        first = w.upload("folder/file", b"content")
        second = w.upload("folder/file", b"again", replaces=first)
        told, _ = self.drain(w, cursor)
        assert is_same(told[folder.id], folder)
        assert is_same(told[second.id], second)

    def test_cursor_can_be_used_again(self, w: World) -> None:
        """The same cursor tells the same changes again, until the new one is kept."""
        cursor = self.start(w)
        w.people.write("file", b"content")
        once, _ = self.drain(w, cursor)
        again, _ = self.drain(w, cursor)
        # the folder that a change is in may be told of with it
        assert once.keys() == again.keys()
        assert once.keys() - {ROOT_ENTRY} == {w.entry("file").id}

    def test_unknown_cursor(self, w: World) -> None:
        """A cursor that the feed does not know raises CursorExpired."""
        provider = w.provider
        if not isinstance(provider, Feeds):
            pytest.skip("this provider has no feed")
        with pytest.raises(CursorExpired):
            provider.changes("not a cursor")
