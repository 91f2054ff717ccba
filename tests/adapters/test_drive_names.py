"""Drive's names as the engine sees them: written out, told apart, and back."""

import dataclasses
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncoxiders.adapters.providers.drive import _names as names
from syncoxiders.adapters.providers.drive._files import FOLDER, File
from syncoxiders.core.model import ROOT_ENTRY, Entry, Ref
from syncoxiders.core.names import QUOTE
from syncoxiders.ports.errors import Occupied
from tests.adapters.drive_support import Stage, serving, staged
from tests.contracts.provider_harness import ROOT_REF
from tests.emulators.serving import Server

AWKWARD = st.text(st.sampled_from(["/", "\0", ".", QUOTE, "\uff0f", "\u2400", "\uff0e", "a", "x"]))


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def s(server: Server) -> Iterator[Stage]:
    with staged(server) as stage:
        yield stage


def file(number: int, name: str, *, mime: str = "", created: str = "") -> File:
    return File(id=f"id{number}", name=name, mime_type=mime, created_time=created or f"{number:04}")


class TestWritingOut:
    @given(AWKWARD.filter(bool))
    def test_there_and_back(self, name: str) -> None:
        """Whatever the name, what is shown for it is a name, and leads back to it."""
        shown = names.written(name)
        names.check(shown)
        assert names.stored(shown) == name

    @given(AWKWARD.filter(lambda name: name not in {"", ".", ".."} and not set(name) & set("/\0")))
    def test_back_and_there(self, shown: str) -> None:
        """Whatever is asked for, what is stored is shown as that."""
        assert names.written(names.stored(shown)) == shown

    @pytest.mark.parametrize("name", ["plain", "caf\u00e9", "a\uff0fb", QUOTE, f"{QUOTE}x", "..."])
    def test_other_names_are_left_alone(self, name: str) -> None:
        """Only what cannot be a name, or looks as if it had been written out, is changed."""
        assert names.written(name) == name

    def test_slash(self, s: Stage) -> None:
        """A file that people call `a/b` is found, read, and written by a name without a slash."""
        s.people.mkdir("folder")
        s.emulator.drive.save(s.emulator.drive.new("a/b", FOLDER, s.people.id("folder")))
        assert s.look() == [f"a{QUOTE}\uff0fb", "folder"]
        inner = s.entry(f"folder/a{QUOTE}\uff0fb")
        made = s.upload(f"folder/c{QUOTE}\uff0fd", b"content")
        assert (inner.name, made.name) == (f"a{QUOTE}\uff0fb", f"c{QUOTE}\uff0fd")
        assert s.people.tree().keys() == {"folder", "folder/a/b", "folder/c/d"}
        with pytest.raises(Occupied):
            s.provider.make_folder(s.ref("folder"), f"a{QUOTE}\uff0fb")

    def test_quotes_in_queries(self, s: Stage) -> None:
        """Names that a query has to quote are found."""
        for name in ("it's", "back\\slash", "\\' or '"):
            s.people.write(name, b"content")
            assert s.entry(name).name == name


class TestTellingApart:
    def test_oldest_is_plain(self) -> None:
        """The oldest keeps the plain name, the others have their ids' digits in theirs."""
        one, two, three = file(1, "a.txt"), file(2, "a.txt"), file(3, "a.txt")
        told = names.told_apart((each, each.name) for each in (three, one, two))
        assert told == {
            "id1": "a.txt",
            "id2": names.twin("a.txt", two),
            "id3": names.twin("a.txt", three),
        }
        assert names.twin("a.txt", two).endswith(".txt")

    def test_stable(self) -> None:
        """A twin's name does not change with others that come or go, while an older one stands."""
        one, two, three = file(1, "a"), file(2, "a"), file(3, "a")
        whole = names.told_apart((each, each.name) for each in (one, two, three))
        part = names.told_apart((each, each.name) for each in (one, three))
        assert whole["id3"] == part["id3"]

    def test_reversible(self) -> None:
        """A twin name leads back to the plain one, of files and of folders."""
        for mime in ("", FOLDER):
            for plain in ("a.txt", "a", ".hidden", "a.tar.gz", "a.b c"):
                each = file(1, plain, mime=mime)
                shown = names.twin(plain, each)
                assert plain in names.related(shown)
                assert names.is_twin(shown, plain, each)
                assert not names.is_twin(shown, plain, file(2, plain, mime=mime))
        assert names.related("a.txt") == {"a.txt"}

    @given(st.lists(st.sampled_from(["a", "b", names.twin("a", file(1, "a"))]), max_size=8))
    def test_distinct(self, plain: list[str]) -> None:
        """However files are called, their names are distinct, another's twin name included."""
        files = [file(number, name) for number, name in enumerate(plain)]
        told = names.told_apart((each, each.name) for each in files)
        assert len(set(told.values())) == len(files)


class TestDuplicates:
    @pytest.fixture
    def twins(self, s: Stage) -> tuple[Entry, Entry]:
        """Return two entries that people called by one name, the older first."""
        s.people.add_duplicate("file.txt", b"old")
        s.tick()
        second = s.people.add_duplicate("file.txt", b"young")
        s.look()
        entries = s.known.paths()
        (name,) = entries.keys() - {"file.txt"}
        assert entries[name].id == second
        return entries["file.txt"], entries[name]

    def test_both_are_found_and_read(self, s: Stage, twins: tuple[Entry, Entry]) -> None:
        """Both are reported alike by rescan, by id and by name, and each has its own bytes."""
        for entry, data in zip(twins, (b"old", b"young"), strict=True):
            assert s.provider.get(Ref(entry.id, entry.name)) == entry
            assert s.provider.get(Ref(entry.id, "elsewhere")) == entry
            assert s.provider.at(ROOT_REF, entry.name) == entry
            assert s.read(entry.name) == data
        assert s.look() == []

    def test_twin_is_replaced(self, s: Stage, twins: tuple[Entry, Entry]) -> None:
        """What is written to a twin is not written to the other, and it keeps its names."""
        new = s.upload(twins[1].name, b"new", replaces=twins[1])
        assert (new.id, new.name) == (twins[1].id, twins[1].name)
        assert sorted(s.people.tree().values(), key=str) == [b"new", b"old"]
        s.known.adopt(new)
        assert s.look() == []
        assert {each.name for each in s.emulator.drive.children(s.people.root)} == {"file.txt"}

    def test_feed(self, s: Stage, twins: tuple[Entry, Entry]) -> None:
        """The feed tells of each by the name under which it is known."""
        cursor = s.provider.start_cursor()
        drive = s.emulator.drive
        for each in twins:
            drive.save(drive.need(each.id))
        assert [change.entry for change in s.drain(cursor)] == list(twins)

    def test_newcomer(self, s: Stage) -> None:
        """A second file of a name leaves the first one's alone, in the feed and in a rescan."""
        s.people.write("file", b"old")
        s.look()
        cursor = s.provider.start_cursor()
        s.tick()
        young = s.people.add_duplicate("file", b"young")
        told = [change.entry for change in s.drain(cursor)]
        (name,) = s.look()
        assert told == [s.known.paths()[name], s.known.paths()["file"]]
        assert told[0].id == young
        assert name.startswith("file.twin-")

    def test_oldest_goes(self, s: Stage, twins: tuple[Entry, Entry]) -> None:
        """When the oldest goes, the next is what stands under the name, wherever one asks."""
        s.provider.delete(Ref(twins[0].id, "file.txt"), twins[0].version)
        assert s.entry("file.txt").id == twins[1].id
        assert s.provider.at(ROOT_REF, twins[1].name) is None
        now = s.provider.get(Ref(twins[1].id, twins[1].name))
        assert now is not None
        assert now.name == "file.txt"
        with pytest.raises(Occupied):
            s.upload("file.txt", b"ours")
        assert s.look() == ["file.txt"]
        assert s.known.paths().keys() == {"file.txt"}
        assert now.version == twins[1].version

    def test_oldest_goes_by_the_feed(self, s: Stage, twins: tuple[Entry, Entry]) -> None:
        """The feed tells of the next one, too, when the oldest goes to the trash."""
        cursor = s.provider.start_cursor()
        s.people.trash("file.txt")
        gone, heir = s.drain(cursor)
        assert (gone.id, gone.entry) == (twins[0].id, None)
        assert (heir.entry.id, heir.entry.name) == (twins[1].id, "file.txt")
        assert heir.entry == s.entry("file.txt")

    def test_oldest_is_renamed(self, s: Stage, twins: tuple[Entry, Entry]) -> None:
        """Of a name that was left it can be asked what is shown under it by now."""
        s.people.mkdir("gone")
        gone = s.people.id("gone")
        cursor = s.provider.start_cursor()
        s.people.rename("file.txt", "other.txt")
        s.people.remove("gone")
        told = {change.entry.id for change in s.drain(cursor) if change.entry is not None}
        assert told == {twins[0].id}
        before = len(s.emulator.calls)
        (heir,) = s.provider.heirs([(ROOT_ENTRY, "file.txt"), (ROOT_ENTRY, "none"), (gone, "x")])
        assert len(s.emulator.calls) - before <= 3
        assert (heir.id, heir.name) == (twins[1].id, "file.txt")
        assert heir == s.entry("file.txt")

    def test_older_one_comes_by_the_feed(self, s: Stage) -> None:
        """When an older file comes, the feed tells of both by their names of now."""
        s.people.write("folder/file", b"old")
        s.tick()
        s.people.write("file", b"young")
        cursor = s.provider.start_cursor()
        drive, old = s.emulator.drive, s.people.id("folder/file")
        drive.save(dataclasses.replace(drive.need(old), parent=s.people.root))
        told = {change.entry.name: change.entry.id for change in s.drain(cursor)}
        assert told["file"] == old
        s.look()
        assert told.keys() == s.known.paths().keys() - {"folder"}

    def test_twin_is_moved(self, s: Stage, twins: tuple[Entry, Entry]) -> None:
        """A twin that is moved under its twin name is called so from then on."""
        s.people.mkdir("folder")
        moved = s.provider.move(
            Ref(twins[1].id, twins[1].name), twins[1].version, s.ref("folder"), twins[1].name
        )
        assert moved.name == twins[1].name
        assert f"folder/{moved.name}" in s.people.tree()

    def test_place_of_a_twin(self, s: Stage, twins: tuple[Entry, Entry]) -> None:
        """Under a twin's name nothing else can be created: Occupied."""
        with pytest.raises(Occupied):
            s.upload(twins[1].name, b"ours")
        with pytest.raises(Occupied):
            s.provider.move(Ref(twins[0].id, "file.txt"), twins[0].version, ROOT_REF, twins[1].name)

    def test_file_that_has_a_twins_name(self, s: Stage, twins: tuple[Entry, Entry]) -> None:
        """If people call a file as a twin is shown, all three have names of their own."""
        s.tick()
        third = s.people.add_duplicate(twins[1].name, b"third")
        s.look()
        entries = s.known.paths()
        assert len(entries) == 3
        assert entries[twins[1].name].id == third
        for name, entry in entries.items():
            assert s.provider.get(Ref(entry.id, "elsewhere")) == entry
            assert s.provider.at(ROOT_REF, name) == entry

    def test_folders(self, s: Stage) -> None:
        """Two folders of one name both stand, each with what is in it."""
        drive = s.emulator.drive
        for number in range(2):
            s.tick()
            folder = drive.save(drive.new("folder", FOLDER, s.people.root))
            drive.save(drive.new(f"inner {number}", FOLDER, folder.id))
        s.look()
        twin = next(iter(s.known.paths().keys() - {"folder", "folder/inner 0"})).partition("/")[0]
        assert s.known.paths().keys() == {"folder", "folder/inner 0", twin, f"{twin}/inner 1"}

    def test_letters_of_another_case(self, s: Stage) -> None:
        """Drive finds names in any case; what is not exactly the name does not count."""
        s.people.write("File", b"content")
        assert s.provider.at(ROOT_REF, "file") is None
        cursor = s.provider.start_cursor()
        other = s.upload("file", b"other")
        assert s.people.tree() == {"File": b"content", "file": b"other"}
        assert [change.entry.id for change in s.drain(cursor)] == [other.id]
