"""Rules of the provider port about moves, deletions and metadata."""

import pytest

from syncoxiders.core import hashes
from syncoxiders.core.model import Entry, EntryId, Kind, Ref
from syncoxiders.ports.errors import NotEmpty, Occupied, ProviderError, Refused, Stale, Vanished
from syncoxiders.ports.provider import Attributes, SetsMeta
from tests.contracts.provider_contract_uploading import at_once
from tests.contracts.provider_harness import ROOT_REF, World, is_same, sha256


class TestMoving:
    @pytest.mark.parametrize("to", ["renamed", "there/file", "there/renamed"])
    def test_file(self, w: World, to: str) -> None:
        """A file is brought to its place, and the answer is what looks then report."""
        w.people.mkdir("there")
        before = w.upload("file", b"content", mtime_ns=1_600_000_000_000_000_000, executable=True)
        w.look()
        after = w.move("file", to)
        assert w.people.tree() == {"there": None, to: b"content"}
        assert (after.version, after.size) == (before.version, before.size)
        assert (after.mtime_ns, after.executable) == (before.mtime_ns, before.executable)
        if w.traits.stable_ids:
            assert after.id == before.id
        w.known.forget(before.id)
        w.known.adopt(after)
        assert is_same(w.provider.get(Ref(after.id, to)), after)
        assert w.look().deltas == []

    def test_folder_with_content(self, w: World) -> None:
        """A folder is brought to its place with everything in it."""
        w.people.write("folder/file", b"content")
        w.people.write("folder/inner/deep", b"deep")
        w.people.mkdir("there")
        moved = w.move("folder", "there/renamed")
        assert (moved.kind, moved.name, moved.version) == (Kind.FOLDER, "renamed", "")
        assert w.people.tree() == {
            "there": None,
            "there/renamed": None,
            "there/renamed/file": b"content",
            "there/renamed/inner": None,
            "there/renamed/inner/deep": b"deep",
        }

    def test_folder_keeps_the_ids_in_it(self, w: World) -> None:
        """After a folder's move nothing in it is news."""
        w.need_ids()
        w.people.write("folder/inner/file", b"content")
        w.people.mkdir("there")
        w.look()
        before = w.entry("folder/inner/file")
        moved = w.move("folder", "there/folder")
        w.known.adopt(moved)
        assert w.look().deltas == []
        assert is_same(w.entry("there/folder/inner/file"), before)

    @pytest.mark.parametrize("what", ["file", "folder"])
    @pytest.mark.parametrize("onto", ["file", "folder", "full folder"])
    def test_onto_something(self, w: World, what: str, onto: str) -> None:
        """Where something stands nothing is moved to: Occupied, both are untouched."""
        if what == "file":
            w.people.write("source", b"moving")
        else:
            w.people.write("source/file", b"moving")
        if onto == "file":
            w.people.write("target", b"standing")
        elif onto == "folder":
            w.people.mkdir("target")
        else:
            w.people.write("target/file", b"standing")
        tree, source, target = w.people.tree(), w.entry("source"), w.entry("target")
        with pytest.raises(Occupied):
            w.move("source", "target")
        assert w.people.tree() == tree
        assert (w.entry("source"), w.entry("target")) == (source, target)

    def test_wrong_version(self, w: World) -> None:
        """A file that was edited is not moved: Stale."""
        w.people.write("file", b"old")
        old = w.entry("file")
        w.people.write("file", b"edited")
        with pytest.raises(Stale):
            w.provider.move(Ref(old.id, "file"), old.version, ROOT_REF, "moved")
        assert w.people.tree() == {"file": b"edited"}

    @pytest.mark.parametrize("kind", ["file", "folder"])
    def test_another_stands_there(self, w: World, kind: str) -> None:
        """What took the place of the entry is not moved in its stead: Stale."""
        w.need_ids()
        if kind == "file":
            w.people.write("old", b"old")
            entry = w.entry("old")
            w.people.rename("old", "away")
            w.people.write("old", b"newcomer")
        else:
            w.people.write("old/file", b"old")
            entry = w.entry("old")
            w.people.rename("old", "away")
            w.people.write("old/file", b"newcomer")
        tree = w.people.tree()
        try:
            w.provider.move(Ref(entry.id, "old"), entry.version, ROOT_REF, "moved")
        except Stale:
            assert w.people.tree() == tree
        else:  # a provider that has ids may know where the entry is
            assert {path.replace("moved", "away") for path in w.people.tree()} == tree.keys()

    def test_gone(self, w: World) -> None:
        """What is not there is not moved: Vanished."""
        w.people.write("file", b"content")
        entry = w.entry("file")
        w.people.remove("file")
        with pytest.raises(Vanished):
            w.provider.move(Ref(entry.id, "file"), entry.version, ROOT_REF, "moved")
        assert w.people.tree() == {}

    def test_folder_to_move_to_is_gone(self, w: World) -> None:
        """Into a folder that is not there nothing is moved: Vanished."""
        w.people.write("file", b"content")
        w.people.mkdir("folder")
        entry, folder = w.entry("file"), w.ref("folder")
        w.people.remove("folder")
        with pytest.raises(Vanished):
            w.provider.move(Ref(entry.id, "file"), entry.version, folder, "file")
        assert w.people.tree() == {"file": b"content"}

    @pytest.mark.parametrize("to", ["folder/self", "folder/inner/self"])
    def test_into_itself(self, w: World, to: str) -> None:
        """A folder is not moved into itself, or into what is in it."""
        w.people.write("folder/inner/file", b"content")
        tree = w.people.tree()
        with pytest.raises(ProviderError):
            w.move("folder", to)
        assert w.people.tree() == tree

    @pytest.mark.parametrize("kind", ["file", "folder"])
    def test_case_only(self, w: World, kind: str) -> None:
        """A rename that changes only the case of letters is done everywhere."""
        w.people.write("name" if kind == "file" else "name/file", b"content")
        before = w.entry("name")
        after = w.move("name", "NAME")
        assert after.name == "NAME"
        assert after.version == before.version
        assert sorted(w.people.tree()) == (["NAME"] if kind == "file" else ["NAME", "NAME/file"])

    def test_unicode_form_only(self, w: World) -> None:
        """A rename that changes only the Unicode form leaves one entry, with its content."""
        w.people.write("caf\u00e9", b"content")
        after = w.move("caf\u00e9", "cafe\u0301")
        assert list(w.people.tree().values()) == [b"content"]
        assert [after.name] == list(w.people.tree())

    def test_exchange_by_three_moves(self, w: World) -> None:
        """Two files change places by way of a third."""
        w.people.write("a", b"A")
        w.people.write("b", b"B")
        w.move("a", "c")
        w.move("b", "a")
        w.move("c", "b")
        assert w.people.tree() == {"a": b"B", "b": b"A"}

    def test_one_place_at_once(self, w: World) -> None:
        """Of several that are moved to one place exactly one gets there, the others stay."""
        names = [f"file {number}" for number in range(5)]
        for name in names:
            w.people.write(name, name.encode())
        entries = [w.entry(name) for name in names]

        def move(entry: Entry) -> Entry:
            ref = Ref(entry.id, entry.name)
            return w.provider.move(ref, entry.version, ROOT_REF, "place")

        results = at_once(*(lambda entry=entry: move(entry) for entry in entries))
        assert sum(isinstance(result, Entry) for result in results) == 1
        assert sum(isinstance(result, Occupied) for result in results) == 4
        tree = w.people.tree()
        assert len(tree) == 5
        assert sorted(data or b"" for data in tree.values()) == [name.encode() for name in names]


class TestDeleting:
    def test_file(self, w: World) -> None:
        """A deleted file is gone from its place and from the next look."""
        w.people.write("folder/file", b"content")
        w.people.write("folder/other", b"other")
        w.look()
        entry = w.entry("folder/file")
        w.delete("folder/file")
        assert w.people.tree() == {"folder": None, "folder/other": b"other"}
        assert w.provider.get(Ref(entry.id, "folder/file")) is None
        look = w.look()
        assert (look.changed, look.missing) == ([], {entry.id})

    def test_trash_keeps(self, w: World) -> None:
        """What is deleted is in the trash, each one of it, and in no look."""
        w.need(w.traits.keeps_replaced, "has no trash")
        for data in (b"one", b"two"):
            w.people.write("folder/file", data)
            w.delete("folder/file")
        assert {b"one", b"two"} <= set(w.people.kept())
        assert w.look().names == ["folder"]

    @pytest.mark.parametrize("how", ["edited", "replaced"])
    def test_wrong_version(self, w: World, how: str) -> None:
        """What a person changed is not deleted: Stale."""
        w.people.write("file", b"old")
        old = w.entry("file")
        change = w.people.write if how == "edited" else w.people.replace
        change("file", b"person's")
        with pytest.raises(Stale):
            w.provider.delete(Ref(old.id, "file"), old.version)
        assert w.people.tree() == {"file": b"person's"}

    def test_another_stands_there(self, w: World) -> None:
        """What was made where the entry had been is not deleted in its stead."""
        w.people.write("file", b"old")
        old = w.entry("file")
        w.people.remove("file")
        w.people.write("file", b"newcomer")
        with pytest.raises(Stale):
            w.provider.delete(Ref(old.id, "file"), old.version)
        assert w.people.tree() == {"file": b"newcomer"}

    def test_already_gone(self, w: World) -> None:
        """What is not there any more raises Vanished."""
        w.people.write("file", b"content")
        w.people.mkdir("folder")
        file, folder = w.entry("file"), w.entry("folder")
        w.delete("file")
        w.delete("folder")
        with pytest.raises(Vanished):
            w.provider.delete(Ref(file.id, "file"), file.version)
        with pytest.raises(Vanished):
            w.provider.delete(Ref(folder.id, "folder"), "")

    def test_empty_folder(self, w: World) -> None:
        """An empty folder is deleted, its neighbours are not."""
        w.people.mkdir("folder/empty")
        w.people.mkdir("folder/other")
        w.delete("folder/empty")
        assert w.people.tree() == {"folder": None, "folder/other": None}

    @pytest.mark.parametrize("content", ["file", ".hidden", "inner/file"])
    def test_folder_that_is_not_empty(self, w: World, content: str) -> None:
        """A folder that holds anything is not deleted: NotEmpty."""
        w.people.write(f"folder/{content}", b"person's")
        tree = w.people.tree()
        with pytest.raises(NotEmpty):
            w.delete("folder")
        assert w.people.tree() == tree

    def test_folder_in_a_folder(self, w: World) -> None:
        """A folder that holds an empty folder is not empty."""
        w.people.mkdir("folder/inner")
        with pytest.raises(NotEmpty):
            w.delete("folder")
        assert w.people.tree() == {"folder": None, "folder/inner": None}

    def test_folder_became_a_file(self, w: World) -> None:
        """A file where a folder was expected is not deleted."""
        w.people.mkdir("place")
        folder = w.entry("place")
        w.people.remove("place")
        w.people.write("place", b"person's")
        with pytest.raises(Stale):
            w.provider.delete(Ref(folder.id, "place"), "")
        assert w.people.tree() == {"place": b"person's"}


class TestMeta:
    def setter(self, w: World) -> SetsMeta:
        provider = w.provider
        w.need(w.traits.sets_meta, "sets no metadata without a transfer")
        assert isinstance(provider, SetsMeta)
        return provider

    def test_mtime(self, w: World) -> None:
        """The modified time is set, the bytes are not touched, and the version is another.

        Where only contents are compared it is the same version.
        """
        provider = self.setter(w)
        w.need(w.traits.keeps_mtime, "keeps no modified times")
        old = w.upload("file", b"content", mtime_ns=1_000_000_000)
        w.look()
        meta = Attributes(mtime_ns=1_600_000_000_123_456_789)
        new = provider.set_meta(Ref(old.id, "file"), old.version, meta)
        assert new.mtime_ns == w.step(1_600_000_000_123_456_789)
        assert (new.version != old.version) is w.people.touching_is_a_change
        assert (new.id, new.size) == (old.id, 7)
        assert hashes.equal(new.hashes, sha256(b"content")) is not False
        assert w.people.tree() == {"file": b"content"}
        w.known.adopt(new)
        assert is_same(w.provider.get(Ref(new.id, "file")), new)
        assert w.look().deltas == []

    @pytest.mark.parametrize("executable", [True, False])
    def test_executable(self, w: World, executable: bool) -> None:
        """The executable bit is set, and the modified time stays."""
        provider = self.setter(w)
        w.need(w.traits.keeps_executable, "keeps no executable bit")
        old = w.upload("file", b"#!", mtime_ns=1_000_000_000, executable=not executable)
        meta = Attributes(executable=executable)
        new = provider.set_meta(Ref(old.id, "file"), old.version, meta)
        assert new.executable is executable
        assert new.mtime_ns == old.mtime_ns
        assert new.version != old.version
        assert is_same(w.entry("file"), new)

    def test_wrong_version(self, w: World) -> None:
        """Metadata of a file that a person changed is not set: Stale."""
        provider = self.setter(w)
        old = w.upload("file", b"old")
        w.people.write("file", b"person's")
        before = w.entry("file")
        with pytest.raises(Stale):
            provider.set_meta(Ref(old.id, "file"), old.version, Attributes(mtime_ns=1_000_000_000))
        assert is_same(w.entry("file"), before)

    def test_gone(self, w: World) -> None:
        """Metadata of what is not there raises Vanished."""
        provider = self.setter(w)
        old = w.upload("file", b"old")
        w.people.remove("file")
        with pytest.raises(Vanished):
            provider.set_meta(Ref(old.id, "file"), old.version, Attributes(mtime_ns=1_000_000_000))


NAMES = [
    " leading space",
    "trailing space ",
    "in  between",
    ".leading dot",
    "trailing dot.",
    "trailing dots..",
    "...",
    "~leading tilde",
    "-rf",
    "--help",
    "percent %2e%2F%46",
    "plus+and&ampersand=equal#hash?question",
    "quotes ' \" `back` $HOME",
    "back\\slash",
    'colon: *star <less> |pipe "',
    "[brackets] {braces} (parens)",
    "new\nline",
    "carriage\rreturn",
    "tab\tand \x01 \x1f \x7f",
    "caf\u00e9 composed",
    "cafe\u0301 decomposed",
    "\u2126 ohm \u212b angstrom",
    "stra\u00dfe STRASSE \u0130",
    "\u4e16\u754c \u0645\u0631\u062d\u0628\u0627",
    "\U0001f469\u200d\U0001f680 \U0001f600",
    "zero\u200bwidth \ufeffmark",
    "CON",
    "nul.txt",
    "desktop.ini",
    "name.conflict-a-2024-01-01T000000Z.txt",
    "a" * 255,
    "\u00e9" * 127,
    "bytes \udcff\udcfe that are no text",
]


def fits(w: World, name: str) -> bool:
    """Say whether the traits promise that a name can be held."""
    traits = w.traits
    try:
        length = len(name.encode())
    except UnicodeEncodeError:
        if not traits.accepts_any_bytes:
            return False
        length = len(name.encode("utf-8", "surrogateescape"))
    reserved = {word.casefold() for word in traits.reserved}
    return (
        length <= traits.max_name
        and not set(name) & set(traits.forbidden)
        and name[0] not in traits.leading
        and not (traits.trims and name[-1] in ". ")
        and not (traits.bmp_only and max(name) > "\uffff")
        and reserved.isdisjoint({name.casefold(), name.partition(".")[0].casefold()})
    )


class TestName:
    @pytest.mark.parametrize("name", NAMES, ids=ascii)
    def test_unusual_name(self, w: World, name: str) -> None:
        """A name is held exactly, of a file and of a folder, or refused as the traits say."""
        if not fits(w, name):
            with pytest.raises(Refused):
                w.provider.make_folder(ROOT_REF, name)
            with pytest.raises(Refused):
                w.upload(name, b"content")
            assert w.people.tree() == {}
            return
        w.look()
        folder = w.provider.make_folder(ROOT_REF, name)
        stored = folder.name
        w.known.adopt(folder)
        w.known.adopt(w.upload(f"{stored}/{name}", b"content", parent=Ref(folder.id, stored)))
        if not w.traits.normalizing:
            assert stored == name
        assert w.people.tree() == {stored: None, f"{stored}/{stored}": b"content"}
        assert w.look().deltas == []
        assert w.read(f"{stored}/{stored}") == b"content"
        w.move(f"{stored}/{stored}", "plain")
        w.move("plain", f"{stored}/{name}")
        assert w.people.tree() == {stored: None, f"{stored}/{stored}": b"content"}
        w.delete(f"{stored}/{stored}")
        w.delete(stored)
        assert w.people.tree() == {}

    @pytest.mark.parametrize("name", NAMES, ids=ascii)
    def test_unusual_name_of_people(self, w: World, name: str) -> None:
        """What a person named unusually is found, reported and read."""
        w.need(fits(w, name), "cannot hold this name")
        w.people.write(f"{name}/{name}", b"content")
        assert len(w.look().names) == 2
        assert w.known.paths().keys() == w.people.tree().keys()
        (path,) = (path for path in w.known.paths() if "/" in path)
        assert w.read(path) == b"content"

    @pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/", "nul\0byte", "x" * 100_000])
    def test_impossible_name(self, w: World, name: str) -> None:
        """What is no name is refused, and nothing is written, there or elsewhere."""
        w.people.write("folder/file", b"content")
        parent, entry = w.ref("folder"), w.entry("folder/file")
        tree = w.people.tree()
        with pytest.raises(Refused):
            w.provider.make_folder(parent, name)
        with pytest.raises(Refused):
            w.provider.upload(parent, name, [b"ours"], size=4, attributes=Attributes())
        with pytest.raises(Refused):
            w.provider.move(Ref(entry.id, "folder/file"), entry.version, parent, name)
        assert w.people.tree() == tree

    def test_name_that_is_too_long(self, w: World) -> None:
        """A name of one byte more than the longest is refused, one of the longest is held."""
        longest = "n" * w.traits.max_name
        w.upload(longest, b"content")
        with pytest.raises(Refused):
            w.upload(longest + "n", b"content")
        assert w.people.tree() == {longest: b"content"}

    @pytest.mark.parametrize(
        ("one", "other", "trait"),
        [
            ("name", "NAME", "case_insensitive"),
            ("\u00e9t\u00e9", "\u00c9T\u00c9", "case_insensitive"),
            ("caf\u00e9", "cafe\u0301", "normalizing"),
        ],
        ids=ascii,
    )
    def test_names_that_are_alike(self, w: World, one: str, other: str, trait: str) -> None:
        """Names of which the traits say that they are one are Occupied; others stand together."""
        first = w.upload(one, b"one")
        if getattr(w.traits, trait):
            with pytest.raises(Occupied):
                w.upload(other, b"other")
            with pytest.raises(Occupied):
                w.provider.make_folder(ROOT_REF, other)
            assert list(w.people.tree().values()) == [b"one"]
            return
        second = w.upload(other, b"other")
        ids: set[EntryId] = {first.id, second.id}
        assert len(ids) == 2
        assert w.people.tree() == {one: b"one", other: b"other"}
        assert w.read(one) == b"one"
        assert w.read(other) == b"other"
