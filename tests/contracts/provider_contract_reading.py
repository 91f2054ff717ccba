"""Rules of the provider port about the root, and about finding and reading what stands there."""

from contextlib import suppress

import pytest

from syncoxiders.core import hashes
from syncoxiders.core.digests import ALGORITHMS
from syncoxiders.core.model import Kind, Ref
from syncoxiders.ports.errors import Changing, Denied, ProviderError, RootLost, Stale, Vanished
from syncoxiders.ports.provider import Rescans
from tests.contracts.provider_harness import ROOT_REF, World, is_same, pattern, sha256

MIB = 1 << 20
SIZES = [0, 1, 2, MIB - 1, MIB, MIB + 1, 3 * MIB + 7]


class TestRoot:
    def test_mark_is_steady(self, w: World) -> None:
        """The root's mark is the same at every look, whatever happens inside."""
        mark = w.provider.root()
        w.people.write("folder/file", b"content")
        w.people.rename("folder", "other")
        w.people.remove("other")
        assert w.provider.root() == mark
        assert w.people.open().root() == mark

    def test_lost_root(self, w: World) -> None:
        """A root that is missing raises RootLost."""
        w.provider.root()
        w.need(w.people.lose_root(), "cannot lose its root")
        with pytest.raises(RootLost):
            w.provider.root()

    def test_lost_root_deletes_nothing(self, w: World) -> None:
        """A look at a root that is missing raises RootLost and tells of no deletion."""
        provider = w.provider
        assert isinstance(provider, Rescans)
        w.people.write("file", b"content")
        w.look()
        w.need(w.people.lose_root(), "cannot lose its root")
        with pytest.raises(RootLost):
            list(provider.rescan(w.known))

    def test_root_is_lost_during_a_look(self, w: World) -> None:
        """A look from under which the root is taken tells of no deletion."""
        provider = w.provider
        assert isinstance(provider, Rescans)
        for number in range(20):
            w.people.write(f"{number}/file", b"content")
        w.look()
        for number in range(20):
            w.people.write(f"{number}/new", b"new")
        w.people.catch_up()
        look = provider.rescan(w.known)
        assert next(look).missing == ()
        w.need(w.people.lose_root(), "cannot lose its root")
        with suppress(RootLost):
            assert all(delta.missing == () for delta in look)

    def test_exchanged_root(self, w: World) -> None:
        """Another folder in the root's place has another mark."""
        mark = w.provider.root()
        w.need(w.people.exchange_root(), "cannot exchange its root")
        assert w.people.open().root() != mark

    def test_settle(self, w: World) -> None:
        """What was written can be settled, at any time and more than once."""
        w.provider.settle()
        w.upload("file", b"content")
        w.make_folder("folder")
        w.provider.settle()
        w.provider.settle()
        assert w.people.tree() == {"file": b"content", "folder": None}


class TestFinding:
    def test_get_tells_what_a_look_tells(self, w: World) -> None:
        """A point read and a rescan report the same entry, in every field."""
        w.people.write("folder/file", b"content", executable=True)
        w.people.mkdir("folder/inner")
        w.look()
        known = w.known.paths()
        assert known.keys() == {"folder", "folder/file", "folder/inner"}
        for path, entry in known.items():
            assert is_same(w.provider.get(Ref(entry.id, path)), entry)
            assert is_same(w.find(path), entry)

    def test_fields_of_a_file(self, w: World) -> None:
        """A file has its folder's id, its name and size, a version, and no wrong hash."""
        w.people.write("folder/file.txt", b"content")
        entry = w.entry("folder/file.txt")
        assert entry.parent == w.entry("folder").id
        assert (entry.name, entry.kind, entry.size) == ("file.txt", Kind.FILE, 7)
        assert entry.version
        assert hashes.equal(entry.hashes, sha256(b"content")) is not False

    def test_fields_of_a_folder(self, w: World) -> None:
        """A folder in the root has the root's id as its parent, no version and no hash."""
        w.people.mkdir("folder")
        entry = w.entry("folder")
        assert entry.parent == ROOT_REF.id
        assert (entry.name, entry.kind) == ("folder", Kind.FOLDER)
        assert (entry.version, entry.hashes) == ("", "")

    def test_content_of_a_folder_is_not_in_its_entry(self, w: World) -> None:
        """A folder's entry does not change when something in it does."""
        w.people.mkdir("folder")
        before = w.entry("folder")
        w.people.write("folder/file", b"content")
        w.people.remove("folder/file")
        assert w.entry("folder") == before

    def test_mtime_of_people(self, w: World) -> None:
        """The modified time that a person's program set is reported to the kept precision."""
        w.need(w.traits.keeps_mtime, "keeps no modified times")
        w.people.write("file", b"content", mtime_ns=1_500_000_000_123_456_789)
        assert w.entry("file").mtime_ns == w.step(1_500_000_000_123_456_789)

    def test_executable_of_people(self, w: World) -> None:
        """The executable bit is reported where it is kept, and is None where not."""
        w.people.write("tool", b"#!", executable=True)
        w.people.write("text", b"hello", executable=False)
        kept = w.traits.keeps_executable
        assert w.entry("tool").executable is (True if kept else None)
        assert w.entry("text").executable is (False if kept else None)

    def test_gone_is_none(self, w: World) -> None:
        """A point read of what was removed returns None."""
        w.people.write("folder/file", b"content")
        file, folder = w.ref("folder/file"), w.ref("folder")
        w.people.remove("folder")
        assert w.provider.get(file) is None
        assert w.provider.get(folder) is None

    def test_edited_keeps_its_id(self, w: World) -> None:
        """An edit in place gives the same entry a new version."""
        w.people.write("file", b"one")
        before = w.entry("file")
        w.people.write("file", b"two")
        after = w.provider.get(Ref(before.id, "file"))
        assert after is not None
        assert after.id == before.id
        assert after.version != before.version

    def test_replaced_is_another(self, w: World) -> None:
        """The id of a file that another has replaced is not answered with the other's entry."""
        w.people.write("file", b"one")
        before = w.entry("file")
        w.people.replace("file", b"two")
        now = w.provider.get(Ref(before.id, "file"))
        if w.traits.stable_ids:
            assert now is None
            assert w.entry("file").id != before.id
        else:
            assert now is not None
            assert now.version != before.version

    def test_moved_is_found_at_its_new_place(self, w: World) -> None:
        """A moved entry has the same id and version at its new place."""
        w.need_ids()
        w.people.write("a/file", b"content")
        w.people.mkdir("b")
        before = w.entry("a/file")
        w.people.rename("a/file", "b/renamed")
        after = w.provider.get(Ref(before.id, "b/renamed"))
        assert after is not None
        assert (after.id, after.version) == (before.id, before.version)
        assert (after.parent, after.name) == (w.entry("b").id, "renamed")

    def test_moved_is_not_mistaken_at_its_old_place(self, w: World) -> None:
        """Asked for where a moved entry was, a provider finds the entry or nothing."""
        w.people.write("file", b"content")
        before = w.entry("file")
        w.people.rename("file", "renamed")
        w.people.write("file", b"newcomer")
        now = w.provider.get(Ref(before.id, "file"))
        if w.traits.stable_ids:
            assert now is None or (now.id, now.name) == (before.id, "renamed")
        else:
            assert now is not None
            assert now.version != before.version

    def test_content_of_a_moved_folder_keeps_its_ids(self, w: World) -> None:
        """Moving a folder changes neither id nor version of what is in it."""
        w.need_ids()
        w.people.write("folder/inner/file", b"content")
        before = w.entry("folder/inner/file")
        w.people.rename("folder", "other")
        assert is_same(w.entry("other/inner/file"), before)
        assert is_same(w.provider.get(Ref(before.id, "other/inner/file")), before)

    def test_nothing_stands_there(self, w: World) -> None:
        """A place where nothing stands is None, in a folder that is there or not."""
        w.people.mkdir("folder")
        folder = w.ref("folder")
        assert w.provider.at(ROOT_REF, "file") is None
        assert w.provider.at(folder, "file") is None
        w.people.remove("folder")
        assert w.provider.at(folder, "file") is None

    @pytest.mark.parametrize("kind", ["file", "folder"])
    def test_case_of_a_name(self, w: World, kind: str) -> None:
        """A name in another case finds what stands there exactly where case does not matter."""
        if kind == "file":
            w.people.write("Name", b"content")
        else:
            w.people.mkdir("Name")
        found = w.provider.at(ROOT_REF, "nAME")
        if w.traits.case_insensitive:
            assert found == w.entry("Name")
            assert found is not None
            assert found.name == "Name"
        else:
            assert found is None

    def test_unicode_form_of_a_name(self, w: World) -> None:
        """A name in another Unicode form finds what stands there where forms are equal."""
        w.people.write("caf\u00e9", b"content")
        found = w.provider.at(ROOT_REF, "cafe\u0301")
        if w.traits.normalizing:
            assert found is not None
            assert found == w.entry("caf\u00e9")
        else:
            assert found is None


class TestClosing:
    def test_at_any_time(self, w: World) -> None:
        """A provider can be closed before it was used and after, and twice; others go on."""
        w.people.open().close()
        w.people.write("file", b"content")
        other = w.people.open()
        entry = w.entry("file")
        assert other.get(Ref(entry.id, "file")) is not None
        other.close()
        other.close()
        assert w.read("file") == b"content"


class TestReading:
    @pytest.mark.parametrize("size", SIZES)
    def test_content_of_people(self, w: World, size: int) -> None:
        """What a person wrote is read byte by byte, whatever its size."""
        w.people.write("file", pattern(size))
        assert w.entry("file").size == size
        assert w.read("file") == pattern(size)

    @pytest.mark.parametrize("size", [1, 7, 4096, 1 << 16, 1 << 22])
    def test_chunks_are_as_small_as_asked(self, w: World, size: int) -> None:
        """No chunk is larger than asked for, or empty, and together they are the content."""
        data = pattern(20_000)
        w.people.write("file", data)
        entry = w.entry("file")
        reader = w.provider.read(Ref(entry.id, "file"), entry.version)
        parts = [bytes(chunk) for chunk in reader.chunks(size)]
        reader.close()
        assert b"".join(parts) == data
        assert all(0 < len(part) <= size for part in parts)

    def test_reader_tells_its_entry(self, w: World) -> None:
        """A reader's entry is the entry as it was when reading began."""
        w.people.write("file", b"content")
        entry = w.entry("file")
        reader = w.provider.read(Ref(entry.id, "file"), entry.version)
        assert is_same(reader.entry, entry)
        reader.close()

    def test_close_at_any_time(self, w: World) -> None:
        """A reader can be closed before, while and after it is read, and twice."""
        w.people.write("file", pattern(100))
        entry = w.entry("file")
        for pieces in (0, 1, 10):
            reader = w.provider.read(Ref(entry.id, "file"), entry.version)
            for _, _chunk in zip(range(pieces), reader.chunks(10), strict=False):
                pass
            reader.close()
            reader.close()

    def test_readers_do_not_disturb_each_other(self, w: World) -> None:
        """Two readers of one file each get all of it."""
        w.people.write("file", pattern(1000))
        entry = w.entry("file")
        one = w.provider.read(Ref(entry.id, "file"), entry.version)
        two = w.provider.read(Ref(entry.id, "file"), entry.version)
        pairs = zip(one.chunks(100), two.chunks(100), strict=True)
        both = [(bytes(left), bytes(right)) for left, right in pairs]
        one.close()
        two.close()
        assert b"".join(left for left, _ in both) == pattern(1000)
        assert b"".join(right for _, right in both) == pattern(1000)

    @pytest.mark.parametrize("offset", [0, 1, 999, 1000, 1001])
    def test_from_a_byte_on(self, w: World, offset: int) -> None:
        """Reading can begin anywhere; at the end and beyond there is nothing."""
        w.people.write("file", pattern(1000))
        entry = w.entry("file")
        reader = w.provider.read(Ref(entry.id, "file"), entry.version, offset)
        assert b"".join(bytes(chunk) for chunk in reader.chunks(100)) == pattern(1000)[offset:]
        reader.close()

    @pytest.mark.parametrize("how", ["in place", "by replacing"])
    def test_version_that_is_past(self, w: World, how: str) -> None:
        """A version that no longer stands cannot be read: Stale."""
        w.people.write("file", b"one")
        entry = w.entry("file")
        change = w.people.write if how == "in place" else w.people.replace
        change("file", b"two")
        with pytest.raises(Stale):
            w.provider.read(Ref(entry.id, "file"), entry.version)

    def test_read_what_is_gone(self, w: World) -> None:
        """Reading what is not there raises Vanished."""
        w.people.write("file", b"one")
        entry = w.entry("file")
        w.people.remove("file")
        with pytest.raises(Vanished):
            w.provider.read(Ref(entry.id, "file"), entry.version)

    def test_read_a_folder(self, w: World) -> None:
        """A folder has no bytes."""
        w.people.mkdir("folder")
        with pytest.raises(ProviderError):
            w.provider.read(w.ref("folder"), "")

    def test_read_after_a_move(self, w: World) -> None:
        """A version is the same version after a move."""
        w.need_ids()
        w.people.write("file", b"content")
        entry = w.entry("file")
        w.people.rename("file", "moved")
        reader = w.provider.read(Ref(entry.id, "moved"), entry.version)
        assert b"".join(bytes(chunk) for chunk in reader.chunks()) == b"content"
        reader.close()

    @pytest.mark.parametrize("how", ["edited", "grown", "cut", "replaced", "removed"])
    def test_change_during_a_read(self, w: World, how: str) -> None:
        """Content that changes while it is read raises Changing at the end, at the latest."""
        data = pattern(5 * MIB)
        w.people.write("file", data)
        entry = w.entry("file")
        reader = w.provider.read(Ref(entry.id, "file"), entry.version)
        chunks = reader.chunks(MIB)
        next(chunks)
        if how == "edited":
            w.people.write("file", pattern(5 * MIB)[::-1])
        elif how == "grown":
            w.people.write("file", data + b"more")
        elif how == "cut":
            w.people.write("file", data[:10])
        elif how == "replaced":
            w.people.replace("file", b"other")
        else:
            w.people.remove("file")
        with pytest.raises(Changing):
            list(chunks)
        reader.close()

    def test_read_what_is_denied(self, w: World) -> None:
        """A file that may not be read raises Denied."""
        w.people.write("file", b"secret")
        entry = w.entry("file")
        w.need(w.people.deny("file"), "cannot deny us anything")
        with pytest.raises(Denied):
            w.provider.read(Ref(entry.id, "file"), entry.version)


class TestHash:
    @pytest.mark.parametrize("size", [0, 1, MIB + 1])
    def test_hash_is_of_the_content(self, w: World, size: int) -> None:
        """A content's hash never contradicts the bytes, and tells other bytes apart."""
        w.people.write("file", pattern(size))
        w.people.write("other", pattern(size) + b"!")
        one, two = w.entry("file"), w.entry("other")
        first = w.provider.hash(Ref(one.id, "file"), one.version)
        second = w.provider.hash(Ref(two.id, "other"), two.version)
        assert first
        assert hashes.equal(first, sha256(pattern(size))) is not False
        assert hashes.equal(first, second) is False
        assert hashes.equal(first, one.hashes) is not False

    @pytest.mark.parametrize("algorithm", ALGORITHMS)
    def test_hash_by_any_algorithm(self, w: World, algorithm: str) -> None:
        """Every algorithm can be asked for, the vendors' own ones included."""
        data = pattern(5 * MIB)
        w.people.write("file", data)
        entry = w.entry("file")
        told = w.provider.hash(Ref(entry.id, "file"), entry.version, (algorithm,))
        hasher = ALGORITHMS[algorithm]()
        hasher.update(data)
        assert hashes.decode(told)[algorithm] == hasher.hexdigest()

    def test_hash_of_a_past_version(self, w: World) -> None:
        """The hash of a version that no longer stands is refused: Stale."""
        w.people.write("file", b"one")
        entry = w.entry("file")
        w.people.write("file", b"two")
        with pytest.raises(Stale):
            w.provider.hash(Ref(entry.id, "file"), entry.version)

    def test_hash_of_what_is_gone(self, w: World) -> None:
        """The hash of what is not there raises Vanished."""
        w.people.write("file", b"one")
        entry = w.entry("file")
        w.people.remove("file")
        with pytest.raises(Vanished):
            w.provider.hash(Ref(entry.id, "file"), entry.version)
