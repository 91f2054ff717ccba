"""Rules of the provider port about uploads and folders: nothing torn, nothing overwritten."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from syncoxiders.core import hashes
from syncoxiders.core.model import Entry, Kind, Ref
from syncoxiders.ports.errors import Occupied, ProviderError, Refused, Stale, Vanished
from syncoxiders.ports.provider import Attributes
from tests.contracts.provider_contract_reading import MIB, SIZES
from tests.contracts.provider_harness import ROOT_REF, World, is_same, pattern, sha256, slices

ATTEMPTS = 5  # at what happens only now and then
MTIMES = [1, 1_000_000_000, 1_600_000_000_123_456_789, 4_102_444_800_999_999_999]


def at_once(*calls: Callable[[], Entry]) -> list[Entry | ProviderError]:
    """Run the calls in threads that start together; return what each brought."""
    results: list[Entry | ProviderError] = []
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], Entry]) -> None:
        barrier.wait()
        try:
            results.append(call())
        except ProviderError as exc:
            results.append(exc)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert len(results) == len(calls), "a call failed with an error that is not the port's"
    return results


def together(data: bytes, barrier: threading.Barrier) -> Iterator[memoryview]:
    """Yield the data so that the uploads which share the barrier come to their end together."""
    yield from slices(data, 1000)
    with suppress(threading.BrokenBarrierError):  # a provider may let one in after the other
        barrier.wait(timeout=0.2)


class TestCreating:
    @pytest.mark.parametrize("size", SIZES)
    def test_content_arrives(self, w: World, size: int) -> None:
        """What is uploaded stands there byte by byte, whatever its size."""
        entry = w.upload("file", pattern(size))
        assert entry.size == size
        assert w.people.tree() == {"file": pattern(size)}
        assert w.read("file") == pattern(size)

    def test_answer_describes_what_was_written(self, w: World) -> None:
        """The answer has place, kind and size, a version, and the hash of the bytes given."""
        w.people.mkdir("folder")
        entry = w.upload("folder/file", b"content")
        assert (entry.parent, entry.name) == (w.entry("folder").id, "file")
        assert (entry.kind, entry.size) == (Kind.FILE, 7)
        assert entry.version
        assert hashes.equal(entry.hashes, sha256(b"content")) is True

    def test_own_upload_is_no_change(self, w: World) -> None:
        """A point read and a rescan after an upload report just what the answer said."""
        w.look()
        entry = w.upload("file", b"content", mtime_ns=1_600_000_000_123_456_789)
        w.known.adopt(entry)
        assert is_same(w.provider.get(Ref(entry.id, "file")), entry)
        assert w.look().deltas == []

    @pytest.mark.parametrize("size", [1, 3, 1000, 1 << 16])
    def test_chunks_are_read_before_the_next(self, w: World, size: int) -> None:
        """A chunk is used up before the next is asked for: its memory may be used again."""
        entry = w.upload("file", slices(pattern(5000), size))
        assert hashes.equal(entry.hashes, sha256(pattern(5000))) is True
        assert w.people.tree() == {"file": pattern(5000)}

    def test_empty_chunks(self, w: World) -> None:
        """Empty chunks among others mean nothing, and no chunk at all is an empty file."""
        w.upload("file", [b"", b"con", b"", b"tent", b""])
        w.upload("empty", [])
        assert w.people.tree() == {"file": b"content", "empty": b""}

    @pytest.mark.parametrize("hint", [0, 3, 5_000_000])
    def test_size_is_a_hint(self, w: World, hint: int) -> None:
        """A size that is not that of the bytes does no harm."""
        entry = w.upload("file", [b"con", b"tent"], size=hint)
        assert entry.size == 7
        assert w.people.tree() == {"file": b"content"}

    def test_without_verifying(self, w: World) -> None:
        """Verifying may be left out."""
        entry = w.provider.upload(
            ROOT_REF, "file", [b"content"], size=7, attributes=Attributes(), verify=False
        )
        assert hashes.equal(entry.hashes, sha256(b"content")) is True
        assert w.people.tree() == {"file": b"content"}

    @pytest.mark.parametrize("mtime_ns", MTIMES)
    def test_mtime(self, w: World, mtime_ns: int) -> None:
        """The modified time that was given is kept to the storage's precision."""
        w.need(w.traits.keeps_mtime, "keeps no modified times")
        entry = w.upload("file", b"content", mtime_ns=mtime_ns)
        assert entry.mtime_ns == w.step(mtime_ns)
        assert w.entry("file").mtime_ns == w.step(mtime_ns)

    @pytest.mark.parametrize("executable", [True, False])
    def test_executable(self, w: World, executable: bool) -> None:
        """The executable bit is kept where the storage has one, else it is None."""
        entry = w.upload("file", b"#!", executable=executable)
        expected = executable if w.traits.keeps_executable else None
        assert entry.executable is expected
        assert w.entry("file").executable is expected

    @pytest.mark.parametrize("what", ["file", "folder", "full folder"])
    def test_place_is_occupied(self, w: World, what: str) -> None:
        """Where something stands nothing is created, and what stands there is untouched."""
        if what == "file":
            w.people.write("place", b"person's")
        elif what == "folder":
            w.people.mkdir("place")
        else:
            w.people.write("place/file", b"person's")
        before, tree = w.entry("place"), w.people.tree()
        with pytest.raises(Occupied):
            w.upload("place", b"ours")
        assert w.entry("place") == before
        assert w.people.tree() == tree

    def test_place_is_taken_meanwhile(self, w: World) -> None:
        """What a person put there while the bytes came in stays: Occupied."""

        def chunks() -> Iterator[bytes]:
            yield b"ours"
            w.people.write("file", b"person's")
            yield b" too"

        with pytest.raises(Occupied):
            w.upload("file", chunks())
        assert w.people.tree() == {"file": b"person's"}

    def test_link_at_the_place(self, w: World) -> None:
        """A link occupies its place, and is not written through."""
        w.people.write("target", b"person's")
        w.need(w.people.link("place", "target"), "has no links")
        with pytest.raises(Occupied):
            w.upload("place", b"ours")
        assert w.people.tree() == {"target": b"person's", "place": b"target"}

    @pytest.mark.parametrize("failure", [OSError, Stale, KeyboardInterrupt])
    @pytest.mark.parametrize("after", [0, 1, 3])
    def test_failing_source_leaves_nothing(
        self, w: World, failure: type[BaseException], after: int
    ) -> None:
        """An exception from the chunks comes through, and neither file nor trace is left."""

        def chunks() -> Iterator[bytes]:
            for _ in range(after):
                yield pattern(MIB)
            raise failure("the source failed")

        w.people.write("folder/file", b"person's")
        w.look()
        with pytest.raises(failure):
            w.upload("folder/new", chunks())
        assert w.people.tree() == {"folder": None, "folder/file": b"person's"}
        assert w.look().deltas == []

    def test_after_a_failure(self, w: World) -> None:
        """An upload that failed does not stand in the way of the next."""

        def chunks() -> Iterator[bytes]:
            yield b"part"
            raise OSError("the source failed")

        with pytest.raises(OSError, match="the source failed"):
            w.upload("file", chunks())
        w.upload("file", b"whole")
        assert w.people.tree() == {"file": b"whole"}

    def test_folder_is_gone(self, w: World) -> None:
        """An upload into a folder that is not there raises Vanished, and makes no folder."""
        w.people.mkdir("folder")
        folder = w.ref("folder")
        w.people.remove("folder")
        with pytest.raises(Vanished):
            w.upload("folder/file", b"content", parent=folder)
        assert w.people.tree() == {}

    def test_folder_is_a_file(self, w: World) -> None:
        """An upload into what is no folder fails and touches nothing."""
        w.people.write("file", b"content")
        with pytest.raises(Stale):
            w.upload("file/file", b"ours", parent=w.ref("file"))
        assert w.people.tree() == {"file": b"content"}

    def test_many_at_once(self, w: World) -> None:
        """Uploads of different names from several threads all arrive."""
        w.people.mkdir("folder")
        folder = w.ref("folder")

        def upload(number: int) -> Entry:
            return w.upload(f"folder/{number}", pattern(1000 + number), parent=folder)

        results = at_once(*(lambda number=number: upload(number) for number in range(8)))
        assert all(isinstance(result, Entry) for result in results)
        files = {f"folder/{number}": pattern(1000 + number) for number in range(8)}
        assert w.people.tree() == {"folder": None, **files}

    @pytest.mark.parametrize("attempt", range(ATTEMPTS))
    def test_one_name_at_once(self, w: World, attempt: int) -> None:
        """Of several uploads to one name exactly one wins, the others learn Occupied."""
        contents = [pattern(20_000 + 10 * attempt + number) for number in range(6)]
        barrier = threading.Barrier(len(contents))
        results = at_once(
            *(lambda data=data: w.upload("file", together(data, barrier)) for data in contents)
        )
        winners = [result for result in results if isinstance(result, Entry)]
        assert len(winners) == 1
        assert all(isinstance(result, (Entry, Occupied)) for result in results)
        (stands,) = w.people.tree().values()
        assert stands in contents
        assert winners[0].size == len(stands or b"")
        assert w.look().names == ["file"]


class TestReplacing:
    def test_replaces_what_was_expected(self, w: World) -> None:
        """The expected version is replaced, and the answer is what looks then report."""
        w.people.write("folder/file", b"old")
        old = w.entry("folder/file")
        w.look()
        new = w.upload("folder/file", pattern(MIB), replaces=old)
        assert new.version != old.version
        assert (new.parent, new.name) == (old.parent, old.name)
        assert hashes.equal(new.hashes, sha256(pattern(MIB))) is True
        assert w.people.tree() == {"folder": None, "folder/file": pattern(MIB)}
        w.known.forget(old.id)
        w.known.adopt(new)
        assert is_same(w.provider.get(Ref(new.id, "folder/file")), new)
        assert w.look().deltas == []

    def test_equal_content_again(self, w: World) -> None:
        """Replacing by equal bytes is an upload like any other."""
        old = w.upload("file", b"content")
        new = w.upload("file", b"content", replaces=old)
        again = w.upload("file", b"content", replaces=new)
        assert is_same(w.entry("file"), again)
        assert w.people.tree() == {"file": b"content"}

    def test_attributes(self, w: World) -> None:
        """Replacing sets modified time and executable bit."""
        old = w.upload("file", b"old", executable=False, mtime_ns=1_000_000_000)
        new = w.upload("file", b"new", replaces=old, executable=True, mtime_ns=2_000_000_000)
        assert new.executable is (True if w.traits.keeps_executable else None)
        if w.traits.keeps_mtime:
            assert new.mtime_ns == w.step(2_000_000_000)
        assert is_same(w.entry("file"), new)

    @pytest.mark.parametrize("how", ["edited", "replaced", "removed", "turned into a folder"])
    @pytest.mark.parametrize("when", ["before", "meanwhile"])
    def test_not_what_was_expected(self, w: World, how: str, when: str) -> None:
        """Where the expected version no longer stands, what stands there stays: Stale."""
        w.people.write("file", b"old")
        old = w.entry("file")

        def change() -> None:
            if how == "edited":
                w.people.write("file", b"person's")
            elif how == "replaced":
                w.people.replace("file", b"person's")
            else:
                w.people.remove("file")
                if how == "turned into a folder":
                    w.people.write("file/inner", b"person's")

        def chunks() -> Iterator[bytes]:
            yield b"ours"
            if when == "meanwhile":
                change()
            yield b" too"

        if when == "before":
            change()
        with pytest.raises(Stale):
            w.upload("file", chunks(), replaces=old)
        expected: dict[str, dict[str, bytes | None]] = {
            "edited": {"file": b"person's"},
            "replaced": {"file": b"person's"},
            "removed": {},
            "turned into a folder": {"file": None, "file/inner": b"person's"},
        }
        assert w.people.tree() == expected[how]

    def test_another_stands_there(self, w: World) -> None:
        """An entry that was moved away is not replaced at its old place by what came there."""
        w.people.write("file", b"old")
        old = w.entry("file")
        w.people.rename("file", "moved")
        w.people.write("file", b"person's")
        with pytest.raises(Stale):
            w.upload("file", b"ours", replaces=old)
        assert w.people.tree() == {"moved": b"old", "file": b"person's"}

    @pytest.mark.parametrize("after", [0, 1, 3])
    def test_failing_source_changes_nothing(self, w: World, after: int) -> None:
        """An exception from the chunks leaves the old content and no trace."""

        def chunks() -> Iterator[bytes]:
            for _ in range(after):
                yield pattern(MIB)
            raise OSError("the source failed")

        w.people.write("file", b"old")
        w.look()
        old = w.entry("file")
        with pytest.raises(OSError, match="the source failed"):
            w.upload("file", chunks(), replaces=old, keep=True)
        assert w.people.tree() == {"file": b"old"}
        assert w.entry("file") == old
        assert w.look().deltas == []

    def test_keep(self, w: World) -> None:
        """With `keep` the replaced bytes are in trash or versions, and in no look."""
        w.need(w.traits.keeps_replaced, "has neither trash nor versions")
        w.people.write("folder/file", b"precious")
        w.look()
        old = w.entry("folder/file")
        new = w.upload("folder/file", b"new", replaces=old, keep=True)
        assert b"precious" in w.people.kept()
        w.known.forget(old.id)
        w.known.adopt(new)
        assert w.look().deltas == []

    def test_keep_each(self, w: World) -> None:
        """Every replaced content is kept, not only the last."""
        w.need(w.traits.keeps_replaced, "has neither trash nor versions")
        entry = w.upload("file", b"0")
        for number in range(1, 4):
            entry = w.upload("file", b"%d" % number, replaces=entry, keep=True)
        assert {b"0", b"1", b"2"} <= set(w.people.kept())

    @pytest.mark.parametrize("attempt", range(ATTEMPTS))
    def test_one_version_at_once(self, w: World, attempt: int) -> None:
        """Of several uploads that replace one version exactly one wins, the others learn Stale."""
        old = w.upload("file", b"old")
        contents = [pattern(20_000 + 10 * attempt + number) for number in range(6)]
        barrier = threading.Barrier(len(contents))

        def upload(data: bytes) -> Entry:
            return w.upload("file", together(data, barrier), replaces=old)

        results = at_once(*(lambda data=data: upload(data) for data in contents))
        winners = [result for result in results if isinstance(result, Entry)]
        assert len(winners) == 1
        assert all(isinstance(result, (Entry, Stale)) for result in results)
        (stands,) = w.people.tree().values()
        assert stands in contents
        assert is_same(w.entry("file"), winners[0])


class TestFolder:
    def test_answer_describes_the_folder(self, w: World) -> None:
        """A new folder is empty, has an id, and is no change for the next look."""
        w.look()
        outer = w.make_folder("outer")
        inner = w.make_folder("outer/inner")
        assert (outer.kind, outer.parent, outer.name) == (Kind.FOLDER, ROOT_REF.id, "outer")
        assert (inner.kind, inner.parent, inner.name) == (Kind.FOLDER, outer.id, "inner")
        assert w.people.tree() == {"outer": None, "outer/inner": None}
        w.known.adopt(outer)
        w.known.adopt(inner)
        assert is_same(w.provider.get(Ref(inner.id, "outer/inner")), inner)
        assert w.look().deltas == []

    @pytest.mark.parametrize("what", ["file", "folder", "full folder"])
    def test_place_is_occupied(self, w: World, what: str) -> None:
        """Where something stands no folder is made: Occupied, and nothing is touched."""
        if what == "file":
            w.people.write("place", b"person's")
        elif what == "folder":
            w.people.mkdir("place")
        else:
            w.people.write("place/file", b"person's")
        before, tree = w.entry("place"), w.people.tree()
        with pytest.raises(Occupied):
            w.make_folder("place")
        assert w.entry("place") == before
        assert w.people.tree() == tree

    def test_parent_is_gone(self, w: World) -> None:
        """A folder in a folder that is not there raises Vanished, and makes neither."""
        w.people.mkdir("folder")
        folder = w.ref("folder")
        w.people.remove("folder")
        with pytest.raises(Vanished):
            w.provider.make_folder(folder, "inner")
        assert w.people.tree() == {}

    def test_deep(self, w: World) -> None:
        """Folders can stand sixty deep, and what is at the bottom is found and read."""
        path = "/".join(f"level {number}" for number in range(60))
        parent, way = ROOT_REF, ""
        for name in path.split("/"):
            entry = w.provider.make_folder(parent, name)
            way = f"{way}/{name}" if way else name
            parent = Ref(entry.id, way)
        w.upload(f"{path}/file", b"content", parent=parent)
        w.look()
        assert w.known.paths().keys() == w.people.tree().keys()
        assert w.read(f"{path}/file") == b"content"

    def test_one_name_at_once(self, w: World) -> None:
        """Of several who make one folder exactly one does, the others learn Occupied."""
        results = at_once(*[lambda: w.make_folder("folder")] * 6)
        assert sum(isinstance(result, Entry) for result in results) == 1
        assert sum(isinstance(result, Occupied) for result in results) == 5
        assert w.people.tree() == {"folder": None}


class TestLink:
    def test_link_is_kept_as_a_link(self, w: World) -> None:
        """A link's bytes are its target; it is never followed, and may point nowhere."""
        w.need(w.traits.keeps_links, "keeps no links")
        w.look()
        entry = w.upload("link", b"../no/where", kind=Kind.LINK)
        assert entry.kind is Kind.LINK
        assert entry.version
        assert hashes.equal(entry.hashes, sha256(b"../no/where")) is True
        assert w.people.tree() == {"link": b"../no/where"}
        assert w.read("link") == b"../no/where"
        w.known.adopt(entry)
        assert w.look().deltas == []

    def test_link_of_people(self, w: World) -> None:
        """A person's link is found, read and hashed as a link."""
        w.need(w.traits.keeps_links, "keeps no links")
        w.people.write("folder/file", b"content")
        w.need(w.people.link("link", "folder"), "has no links")
        entry = w.entry("link")
        assert (entry.kind, entry.size) == (Kind.LINK, 6)
        assert w.read("link") == b"folder"
        told = w.provider.hash(Ref(entry.id, "link"), entry.version)
        assert hashes.equal(told, sha256(b"folder")) is not False
        assert w.look().names == ["file", "folder", "link"]

    def test_link_is_replaced_moved_and_deleted(self, w: World) -> None:
        """Whatever happens to a link does not happen to its target."""
        w.need(w.traits.keeps_links, "keeps no links")
        w.people.write("target", b"person's")
        old = w.upload("link", b"target", kind=Kind.LINK)
        new = w.upload("link", b"./target", kind=Kind.LINK, replaces=old)
        assert new.version != old.version
        w.move("link", "moved")
        assert w.people.tree() == {"target": b"person's", "moved": b"./target"}
        w.delete("moved")
        assert w.people.tree() == {"target": b"person's"}

    @pytest.mark.parametrize("first", [Kind.FILE, Kind.LINK])
    def test_another_kind(self, w: World, first: Kind) -> None:
        """A link that replaces a file, or a file a link, is an entry with another id."""
        w.need(w.traits.keeps_links, "keeps no links")
        then = Kind.LINK if first is Kind.FILE else Kind.FILE
        w.look()
        old = w.upload("place", b"before", kind=first)
        new = w.upload("place", b"after", kind=then, replaces=old)
        assert (new.kind, new.id == old.id) == (then, False)
        assert w.people.tree() == {"place": b"after"}
        w.known.adopt(new)
        assert w.look().deltas == []

    def test_links_that_are_not_kept(self, w: World) -> None:
        """Storage that keeps no links refuses them, and says of a person's that it left it out."""
        w.need(not w.traits.keeps_links, "keeps links")
        with pytest.raises(Refused):
            w.upload("link", b"target", kind=Kind.LINK)
        assert w.people.tree() == {}
        w.need(w.people.link("link", "target"), "has no links")
        look = w.look()
        assert look.changed == []
        assert [(problem.path, problem.unreadable) for problem in look.problems] == [
            ("link", False)
        ]
