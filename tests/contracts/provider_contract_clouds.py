"""Rules of the provider port about what mostly clouds have: sessions, copies, quota, batches."""

import gc
import sys
import threading
from collections.abc import Callable, Iterator

import msgspec
import pytest
from msgspec import structs

from syncoxiders.adapters.memory.provider import MemoryProvider
from syncoxiders.core import hashes
from syncoxiders.core.digests import ALGORITHMS, digests_of
from syncoxiders.core.model import Entry, Kind, Ref
from syncoxiders.ports.errors import Occupied, ProviderError, Refused, Stale, Vanished
from syncoxiders.ports.provider import (
    Attributes,
    Carries,
    Carry,
    Copies,
    Measures,
    Parts,
    Provider,
    Session,
    Sessions,
)
from tests.contracts.provider_contract_reading import MIB
from tests.contracts.provider_contract_uploading import at_once
from tests.contracts.provider_harness import ROOT_REF, World, is_same, pattern, sha256

MTIME = 1_600_000_000_123_456_789


class Upload:
    """An upload by a session, as an engine does it: chunk by chunk, and kept between them."""

    def __init__(
        self,
        w: World,
        path: str,
        size: int,
        *,
        replaces: Entry | None = None,
        parent: Ref | None = None,
        keep: bool = False,
        mtime_ns: int | None = MTIME,
    ) -> None:
        provider = w.provider
        if not isinstance(provider, Sessions):
            pytest.skip("this provider has no sessions")
        folder, _, name = path.rpartition("/")
        self.provider: Sessions = provider
        self.chunk = provider.session_chunk(size)
        self.session = provider.begin(
            w.ref(folder) if parent is None else parent,
            name,
            size=size,
            attributes=Attributes(mtime_ns=mtime_ns),
            replaces=None if replaces is None else (Ref(replaces.id, path), replaces.version),
            keep=keep,
        )

    def send(self, data: bytes, *, stop: int | None = None) -> None:
        """Send what is lacking, at most until ``stop``."""
        end = len(data) if stop is None else stop
        while self.session.offset < end:
            at = self.session.offset
            part = data[at : at + self.chunk]
            last = at + len(part) == len(data)
            self.session = stored(self.provider.append(self.session, part, last=last))
            assert self.session.offset == at + len(part)

    def finish(self, data: bytes) -> Entry:
        return self.provider.finish(self.session, proof(self.provider, data))

    def complete(self, data: bytes) -> Entry:
        """Send what is lacking and finish."""
        self.send(data)
        return self.finish(data)


def stored(session: Session) -> Session:
    """Return a session as it comes back from where it was kept."""
    return msgspec.json.decode(msgspec.json.encode(session), type=Session)


def proof(provider: Sessions, data: bytes) -> str:
    """Return the hashes by which an upload is proved."""
    return digests_of([data], provider.upload_hashes).text()


def need_sessions(w: World) -> Sessions:
    provider = w.provider
    if not isinstance(provider, Sessions):
        pytest.skip("this provider has no sessions")
    return provider


def three_chunks(w: World) -> bytes:
    """Return content of two chunks and a bit."""
    chunk = need_sessions(w).session_chunk(3 * MIB)
    return pattern(2 * chunk + 1007)


class TestParts:
    @pytest.mark.parametrize("order", [(2, 1, 0), (1, 0, 2), (0, 2, 1, 1)])
    def test_any_order(self, w: World, order: tuple[int, ...]) -> None:
        """Pieces may be sent in any order, and twice; the last one comes last."""
        if not isinstance(need_sessions(w), Parts):
            pytest.skip("this provider takes pieces in their order only")
        chunk = need_sessions(w).session_chunk(4 * MIB)
        data = pattern(3 * chunk + 7)
        upload = Upload(w, "file", len(data))
        for number in order:
            at = structs.replace(upload.session, offset=number * chunk)
            piece = data[at.offset : at.offset + chunk]
            upload.provider.append(at, piece, last=False)
        upload.session = structs.replace(upload.session, offset=3 * chunk)
        upload.complete(data)
        assert w.people.tree() == {"file": data}

    def test_goes_on_after_a_gap(self, w: World) -> None:
        """What arrived beyond a gap is not taken for all that is there."""
        if not isinstance(need_sessions(w), Parts):
            pytest.skip("this provider takes pieces in their order only")
        chunk = need_sessions(w).session_chunk(4 * MIB)
        data = pattern(3 * chunk + 7)
        upload = Upload(w, "file", len(data))
        for number in (0, 2):
            at = structs.replace(upload.session, offset=number * chunk)
            upload.provider.append(at, data[at.offset : at.offset + chunk], last=False)
        there = w.people.open()
        assert isinstance(there, Sessions)
        resumed = there.resume(upload.session)
        assert resumed is not None
        assert resumed.offset == chunk
        upload.session = resumed
        upload.complete(data)
        assert w.people.tree() == {"file": data}


class TestSession:
    @pytest.mark.parametrize("size", [1, 1 << 30, 50 << 30])
    def test_chunks_have_a_size(self, w: World, size: int) -> None:
        """Whatever an upload's size, its chunks have one."""
        assert need_sessions(w).session_chunk(size) > 0

    def test_hashes_can_be_computed(self, w: World) -> None:
        """An upload is proved by hashes that can be computed while bytes go by."""
        assert set(need_sessions(w).upload_hashes) <= set(ALGORITHMS)

    @pytest.mark.parametrize("more", [-1, 0, 1])
    def test_content_arrives(self, w: World, more: int) -> None:
        """What is sent chunk by chunk stands there, and the answer is what looks report."""
        data = pattern(2 * need_sessions(w).session_chunk(MIB) + more)
        w.people.mkdir("folder")
        w.look()
        upload = Upload(w, "folder/file", len(data))
        entry = upload.complete(data)
        assert w.people.tree() == {"folder": None, "folder/file": data}
        assert (entry.parent, entry.name) == (w.entry("folder").id, "file")
        assert (entry.kind, entry.size) == (Kind.FILE, len(data))
        assert hashes.equal(entry.hashes, sha256(data)) is True
        if w.traits.keeps_mtime:
            assert entry.mtime_ns == w.step(MTIME)
        assert is_same(w.provider.get(Ref(entry.id, "folder/file")), entry)
        w.known.adopt(entry)
        assert w.look().deltas == []

    def test_small_content(self, w: World) -> None:
        """Content of a single byte can be sent so, too."""
        Upload(w, "file", 1).complete(b"1")
        assert w.people.tree() == {"file": b"1"}

    def test_nothing_stands_there_before_the_last_chunk(self, w: World) -> None:
        """An upload under way shows nowhere."""
        data = three_chunks(w)
        w.look()
        upload = Upload(w, "file", len(data))
        upload.send(data, stop=upload.chunk)
        assert w.people.tree() == {}
        assert w.find("file") is None
        assert w.look().deltas == []
        upload.complete(data)
        assert w.people.tree() == {"file": data}

    def test_chunk_may_be_used_again(self, w: World) -> None:
        """A chunk is used up when the call is back: its memory may be used again."""
        data = three_chunks(w)
        upload = Upload(w, "file", len(data))
        buffer = bytearray(upload.chunk)
        while upload.session.offset < len(data):
            at = upload.session.offset
            part = data[at : at + upload.chunk]
            buffer[: len(part)] = part
            upload.session = upload.provider.append(
                upload.session, memoryview(buffer)[: len(part)], last=at + len(part) == len(data)
            )
            buffer[:] = bytes(upload.chunk)
        upload.finish(data)
        assert w.people.tree() == {"file": data}

    @pytest.mark.parametrize("chunks", [0, 1, 2])
    def test_another_process_goes_on(self, w: World, chunks: int) -> None:
        """An upload is continued by another provider from what was kept of it."""
        data = three_chunks(w)
        upload = Upload(w, "file", len(data))
        upload.send(data, stop=chunks * upload.chunk)
        other = w.people.open()
        assert isinstance(other, Sessions)
        resumed = other.resume(stored(upload.session))
        assert resumed is not None
        assert resumed.offset == chunks * upload.chunk
        upload.provider, upload.session = other, stored(resumed)
        entry = upload.complete(data)
        assert w.people.tree() == {"file": data}
        if w.traits.keeps_mtime:
            assert entry.mtime_ns == w.step(MTIME)

    def test_resume_tells_what_is_there(self, w: World) -> None:
        """Whoever lost the answer to a chunk learns that it is there, and goes on after it."""
        data = three_chunks(w)
        upload = Upload(w, "file", len(data))
        before = upload.session
        upload.send(data, stop=upload.chunk)
        resumed = upload.provider.resume(before)
        assert resumed is not None
        assert resumed.offset == upload.chunk
        upload.session = resumed
        upload.complete(data)
        assert w.people.tree() == {"file": data}

    def test_chunk_that_is_sent_twice(self, w: World) -> None:
        """A chunk that is there already is not there twice: Stale, unless it took its place."""
        data = three_chunks(w)
        upload = Upload(w, "file", len(data))
        before = upload.session
        upload.send(data, stop=upload.chunk)
        try:
            again = upload.provider.append(before, data[: upload.chunk], last=False)
        except Stale:
            again = before
        resumed = upload.provider.resume(again)
        assert resumed is not None
        assert resumed.offset == upload.chunk
        upload.session = resumed
        upload.complete(data)
        assert w.people.tree() == {"file": data}

    def test_chunk_is_let_go(self, w: World) -> None:
        """What was sent is not held any more, though no garbage is collected."""
        data = three_chunks(w)
        upload = Upload(w, "file", len(data))
        chunk = data[: upload.chunk]
        collects = gc.isenabled()
        gc.disable()
        try:
            before = sys.getrefcount(chunk)
            upload.provider.append(upload.session, chunk, last=False)
            assert sys.getrefcount(chunk) == before
        finally:
            if collects:
                gc.enable()

    def test_chunk_that_is_left_out(self, w: World) -> None:
        """Bytes that were never sent are noticed: Stale, at the latest when it is finished."""
        data = three_chunks(w)
        upload = Upload(w, "file", len(data))
        upload.send(data, stop=upload.chunk)
        ahead = msgspec.structs.replace(upload.session, offset=2 * upload.chunk)
        with pytest.raises(Stale):  # noqa: PT012 -- either of them may be the one that finds out
            beyond = upload.provider.append(ahead, data[2 * upload.chunk :], last=True)
            upload.provider.finish(beyond, proof(upload.provider, data))
        assert w.people.tree() == {}

    @pytest.mark.parametrize("known", ["name", "chunks"])
    def test_place_is_taken(self, w: World, known: str) -> None:
        """Where somebody has put something nothing is created: Occupied, and it stays."""
        data = three_chunks(w)
        if known == "name":
            w.people.write("file", b"person's")
        with pytest.raises(Occupied):  # noqa: PT012 -- it may show at once, or when it is finished
            upload = Upload(w, "file", len(data))
            upload.send(data, stop=upload.chunk)
            w.people.write("file", b"person's")
            upload.complete(data)
        assert w.people.tree() == {"file": b"person's"}

    def test_folder_is_gone(self, w: World) -> None:
        """Into a folder that went meanwhile nothing is written, and it is not made again."""
        data = three_chunks(w)
        w.people.mkdir("folder")
        upload = Upload(w, "folder/file", len(data))
        upload.send(data, stop=upload.chunk)
        w.people.remove("folder")
        with pytest.raises(Vanished):
            upload.complete(data)
        assert w.people.tree() == {}

    @pytest.mark.parametrize("name", ["", ".", "..", "a/b", "x" * 100_000])
    def test_impossible_name(self, w: World, name: str) -> None:
        """What is no name is refused before any byte is sent."""
        provider = need_sessions(w)
        with pytest.raises(Refused):
            provider.begin(ROOT_REF, name, size=MIB, attributes=Attributes())
        assert w.people.tree() == {}

    @pytest.mark.parametrize("keep", [True, False])
    def test_replaces_what_was_expected(self, w: World, keep: bool) -> None:
        """The expected version is replaced, and kept if that was asked for."""
        data = three_chunks(w)
        w.people.write("folder/file", b"precious")
        w.look()
        old = w.entry("folder/file")
        entry = Upload(w, "folder/file", len(data), replaces=old, keep=keep).complete(data)
        assert w.people.tree() == {"folder": None, "folder/file": data}
        assert entry.version != old.version
        if keep and w.traits.keeps_replaced:
            assert b"precious" in w.people.kept()
        w.known.forget(old.id)
        w.known.adopt(entry)
        assert w.look().deltas == []

    @pytest.mark.parametrize("when", ["before", "meanwhile"])
    @pytest.mark.parametrize("how", ["edited", "replaced", "removed", "moved away"])
    def test_not_what_was_expected(self, w: World, when: str, how: str) -> None:
        """Where the expected version no longer stands, what stands there stays: Stale."""
        data = three_chunks(w)
        w.people.write("file", b"old")
        old = w.entry("file")

        def change() -> None:
            if how == "edited":
                w.people.write("file", b"person's")
            elif how == "replaced":
                w.people.replace("file", b"person's")
            elif how == "removed":
                w.people.remove("file")
            else:
                w.people.rename("file", "elsewhere")
                w.people.write("file", b"person's")

        if when == "before":
            change()
        with pytest.raises(Stale):  # noqa: PT012 -- it may show at once, or when it is finished
            upload = Upload(w, "file", len(data), replaces=old)
            upload.send(data, stop=upload.chunk)
            if when == "meanwhile":
                change()
            upload.complete(data)
        expected = {} if how == "removed" else {"file": b"person's"}
        kept = {"elsewhere": b"old"} if how == "moved away" else {}
        assert w.people.tree() == {**expected, **kept}

    def test_what_arrived_is_proved(self, w: World) -> None:
        """Content that is not what the hashes say is no file: an error, and nothing is there."""
        data = three_chunks(w)
        upload = Upload(w, "file", len(data))
        upload.send(data)
        wrong = proof(upload.provider, data[:-1] + b"!")
        with pytest.raises(ProviderError):
            upload.provider.finish(upload.session, wrong)
        assert w.people.tree() == {}

    def test_abandoned(self, w: World) -> None:
        """What was given up leaves nothing, as often as it is given up, and nobody goes on."""
        data = three_chunks(w)
        w.look()
        upload = Upload(w, "file", len(data))
        upload.send(data, stop=upload.chunk)
        upload.provider.abandon(upload.session)
        upload.provider.abandon(upload.session)
        with pytest.raises(Stale):
            upload.complete(data)
        assert upload.provider.resume(upload.session) is None
        assert w.people.tree() == {}
        assert w.look().deltas == []
        Upload(w, "file", len(data)).complete(data)
        assert w.people.tree() == {"file": data}

    def test_abandoned_when_it_is_there(self, w: World) -> None:
        """Giving up what is finished does nothing to the file."""
        upload = Upload(w, "file", 7)
        upload.complete(b"content")
        upload.provider.abandon(upload.session)
        assert w.people.tree() == {"file": b"content"}

    def test_finished_twice(self, w: World) -> None:
        """Whoever lost the last answer finds nothing to go on with, or finishes to the same."""
        data = three_chunks(w)
        upload = Upload(w, "file", len(data))
        entry = upload.complete(data)
        resumed = upload.provider.resume(upload.session)
        if resumed is not None:
            again = upload.provider.finish(resumed, proof(upload.provider, data))
            assert is_same(again, entry)
        assert w.people.tree() == {"file": data}
        assert is_same(w.entry("file"), entry)

    def test_two_at_once(self, w: World) -> None:
        """Uploads to different places do not get into each other's way."""
        one = three_chunks(w)
        two = one[::-1]
        first, second = Upload(w, "one", len(one)), Upload(w, "two", len(two))
        first.send(one, stop=first.chunk)
        second.send(two, stop=second.chunk)
        assert first.complete(one).name == "one"
        assert second.complete(two).name == "two"
        assert w.people.tree() == {"one": one, "two": two}

    def test_one_place_at_once(self, w: World) -> None:
        """Of several uploads to one place exactly one gets there, the others learn Occupied."""
        data = three_chunks(w)
        barrier = threading.Barrier(3)

        def put(content: bytes) -> Callable[[], Entry]:
            upload = Upload(w, "file", len(content))
            upload.send(content, stop=upload.chunk)

            def complete() -> Entry:
                barrier.wait()
                return upload.complete(content)

            return complete

        contents = [data, data[::-1], data[1:] + data[:1]]
        results = at_once(*[put(content) for content in contents])
        winners = [result for result in results if isinstance(result, Entry)]
        assert len(winners) == 1
        assert sum(isinstance(result, Occupied) for result in results) == 2
        assert next(iter(w.people.tree().values())) in contents
        assert is_same(w.entry("file"), winners[0])


class TestCopy:
    def copies(self, w: World) -> Copies:
        provider = w.provider
        if not isinstance(provider, Copies):
            pytest.skip("this provider copies nothing by itself")
        return provider

    def test_whom_it_copies_from(self, w: World) -> None:
        """A provider copies what is in its own storage, and nobody else's."""
        copies = self.copies(w)
        assert copies.can_copy(w.people.open())
        assert not copies.can_copy(MemoryProvider())

    def test_file(self, w: World) -> None:
        """A copy is a new file of the same content; the source is untouched."""
        copies = self.copies(w)
        w.people.write("file", pattern(MIB), mtime_ns=MTIME)
        w.people.mkdir("folder")
        source, folder = w.entry("file"), w.ref("folder")
        w.look()
        attributes = Attributes(mtime_ns=source.mtime_ns)
        made = copies.copy(Ref(source.id, "file"), source.version, folder, "copy", attributes)
        assert w.people.tree() == {
            "file": pattern(MIB),
            "folder": None,
            "folder/copy": pattern(MIB),
        }
        assert (made.parent, made.name, made.size) == (folder.id, "copy", MIB)
        assert made.id != source.id
        assert hashes.equal(made.hashes, source.hashes) is not False
        if w.traits.keeps_mtime:
            assert made.mtime_ns == w.step(source.mtime_ns)
        assert is_same(w.entry("file"), source)
        assert is_same(w.entry("folder/copy"), made)
        w.known.adopt(made)
        assert w.look().deltas == []

    def test_place_is_taken(self, w: World) -> None:
        """Where something stands nothing is copied to: Occupied."""
        copies = self.copies(w)
        w.people.write("file", b"content")
        w.people.write("place", b"person's")
        source = w.entry("file")
        with pytest.raises(Occupied):
            copies.copy(Ref(source.id, "file"), source.version, ROOT_REF, "place", Attributes())
        assert w.people.tree() == {"file": b"content", "place": b"person's"}

    def test_wrong_version(self, w: World) -> None:
        """What was edited is not copied as if it had not been: Stale."""
        copies = self.copies(w)
        w.people.write("file", b"old")
        source = w.entry("file")
        w.people.write("file", b"edited")
        with pytest.raises(Stale):
            copies.copy(Ref(source.id, "file"), source.version, ROOT_REF, "copy", Attributes())
        assert w.people.tree() == {"file": b"edited"}

    def test_source_is_gone(self, w: World) -> None:
        """What is not there is not copied: Vanished."""
        copies = self.copies(w)
        w.people.write("file", b"content")
        source = w.entry("file")
        w.people.remove("file")
        with pytest.raises(Vanished):
            copies.copy(Ref(source.id, "file"), source.version, ROOT_REF, "copy", Attributes())
        assert w.people.tree() == {}

    def test_folder_to_copy_to_is_gone(self, w: World) -> None:
        """Into a folder that is not there nothing is copied: Vanished."""
        copies = self.copies(w)
        w.people.write("file", b"content")
        w.people.mkdir("folder")
        source, folder = w.entry("file"), w.ref("folder")
        w.people.remove("folder")
        with pytest.raises(Vanished):
            copies.copy(Ref(source.id, "file"), source.version, folder, "copy", Attributes())
        assert w.people.tree() == {"file": b"content"}

    @pytest.mark.parametrize("name", ["", "..", "a/b"])
    def test_impossible_name(self, w: World, name: str) -> None:
        """What is no name is refused."""
        copies = self.copies(w)
        w.people.write("file", b"content")
        source = w.entry("file")
        with pytest.raises(Refused):
            copies.copy(Ref(source.id, "file"), source.version, ROOT_REF, name, Attributes())
        assert w.people.tree() == {"file": b"content"}


class TestQuota:
    def test_what_is_used(self, w: World) -> None:
        """What is written counts, and there is no more used than there is."""
        provider = w.provider
        if not isinstance(provider, Measures):
            pytest.skip("this provider does not know how full it is")
        before = provider.quota()
        w.upload("file", pattern(100_000))
        w.people.catch_up()
        after = provider.quota()
        assert before.used >= 0
        assert after.used >= before.used + 100_000
        assert after.total == 0 or after.total >= after.used


class Origin:
    """Somewhere that files are carried from: other storage, or else the provider's own."""

    def __init__(self, w: World) -> None:
        provider = w.provider
        if not isinstance(provider, Carries):
            pytest.skip("this provider takes files one by one")
        self.w = w
        self.carries: Carries = provider
        self.memory = MemoryProvider()
        self.foreign = provider.can_carry(self.memory)
        self.source: Provider = self.memory if self.foreign else w.people.open()
        assert provider.can_carry(self.source), "it takes files from nobody"
        self.made = 0

    def item(self, data: bytes, parent: Ref, name: str, *, mtime_ns: int | None = MTIME) -> Carry:
        """Return how a new file of this content is to be made."""
        self.made += 1
        path = f"origin/{self.made}"
        if self.foreign:
            entry = self.memory.write(path, data)
        else:
            self.w.people.write(path, data)
            entry = self.w.entry(path)
        return Carry(
            source=Ref(entry.id, path),
            version=entry.version,
            parent=parent,
            name=name,
            size=len(data),
            attributes=Attributes(mtime_ns=mtime_ns),
        )

    def spoil(self, item: Carry) -> None:
        """Let a person edit an item's source."""
        if self.foreign:
            self.memory.write(item.source.path, b"edited")
        else:
            self.w.people.write(item.source.path, b"edited")

    def carry(self, items: list[Carry], *, verify: bool = True) -> list[Entry | ProviderError]:
        results = self.carries.carry(self.source, items, verify=verify)
        assert len(results) == len(items)
        return results

    def arrived(self) -> dict[str, bytes | None]:
        """Return what stands at the destination."""
        tree = self.w.people.tree()
        return {path: data for path, data in tree.items() if not path.startswith("origin")}


class TestCarry:
    def test_nothing(self, w: World) -> None:
        """Nothing is carried to nowhere."""
        origin = Origin(w)
        assert origin.carry([]) == []
        assert origin.arrived() == {}

    @pytest.mark.parametrize("verify", [True, False])
    def test_content_arrives(self, w: World, verify: bool) -> None:
        """Every file arrives; the answers are in order, and what looks then report."""
        origin = Origin(w)
        w.people.mkdir("one")
        w.people.mkdir("two")
        contents = {
            f"{folder}/{number}": pattern(1000 * number)
            for number in range(12)
            for folder in ("one", "two")
        }
        items = [
            origin.item(data, w.ref(path.partition("/")[0]), path.partition("/")[2])
            for path, data in contents.items()
        ]
        w.look()
        results = origin.carry(items, verify=verify)
        assert origin.arrived() == {"one": None, "two": None, **contents}
        for (path, data), entry in zip(contents.items(), results, strict=True):
            assert isinstance(entry, Entry)
            assert (entry.name, entry.size) == (path.partition("/")[2], len(data))
            assert hashes.equal(entry.hashes, sha256(data)) is True
            if w.traits.keeps_mtime:
                assert entry.mtime_ns == w.step(MTIME)
            assert is_same(w.entry(path), entry)
            w.known.adopt(entry)
        assert w.look().deltas == []

    def test_each_on_its_own(self, w: World) -> None:
        """What goes wrong with one of them does not keep the others from arriving."""
        origin = Origin(w)
        w.people.write("place", b"person's")
        w.people.mkdir("gone")
        gone = w.ref("gone")
        items = [
            origin.item(b"first", ROOT_REF, "first"),
            origin.item(b"occupied", ROOT_REF, "place"),
            origin.item(b"spoiled", ROOT_REF, "spoiled"),
            origin.item(b"lost", gone, "lost"),
            origin.item(b"refused", ROOT_REF, ".."),
            origin.item(b"last", ROOT_REF, "last"),
        ]
        w.people.remove("gone")
        origin.spoil(items[2])
        results = origin.carry(items)
        wanted = [Entry, Occupied, Stale, Vanished, Refused, Entry]
        assert [type(r) for r in results if isinstance(r, Entry)] == [Entry, Entry]
        assert all(isinstance(r, kind) for r, kind in zip(results, wanted, strict=True)), results
        assert origin.arrived() == {"place": b"person's", "first": b"first", "last": b"last"}

    def test_failing_source_is_told_from_the_destination(self, w: World) -> None:
        """What went wrong with reading says so."""
        origin = Origin(w)
        items = [origin.item(b"spoiled", ROOT_REF, "spoiled"), origin.item(b"x", ROOT_REF, "..")]
        origin.spoil(items[0])
        spoiled, refused = origin.carry(items)
        assert isinstance(spoiled, ProviderError)
        assert isinstance(refused, ProviderError)
        assert (spoiled.reading, refused.reading) == (True, False)

    def test_two_to_one_place(self, w: World) -> None:
        """Of two that go to one place one arrives, the other learns Occupied."""
        origin = Origin(w)
        items = [origin.item(data, ROOT_REF, "file") for data in (b"content", b"CONTENT")]
        results = origin.carry(items)
        assert sum(isinstance(result, Entry) for result in results) == 1
        assert sum(isinstance(result, Occupied) for result in results) == 1
        expected = b"content" if isinstance(results[0], Entry) else b"CONTENT"
        assert origin.arrived() == {"file": expected}

    def test_without_times(self, w: World) -> None:
        """A file whose modified time nobody knows is carried like any other."""
        origin = Origin(w)
        (entry,) = origin.carry([origin.item(b"content", ROOT_REF, "file", mtime_ns=None)])
        assert isinstance(entry, Entry)
        assert is_same(w.entry("file"), entry)


OFFSETS = [0, 1, MIB - 1, MIB, MIB + 1, 2 * MIB, 3 * MIB + 6, 3 * MIB + 7, 3 * MIB + 8, 9 * MIB]


class TestReadingOn:
    @pytest.mark.parametrize("offset", OFFSETS)
    def test_across_chunks(self, w: World, offset: int) -> None:
        """Reading from any byte on gives the rest, wherever the chunks' borders are."""
        data = pattern(3 * MIB + 7)
        w.people.write("file", data)
        entry = w.entry("file")
        reader = w.provider.read(Ref(entry.id, "file"), entry.version, offset)
        assert b"".join(bytes(chunk) for chunk in reader.chunks(MIB)) == data[offset:]
        reader.close()

    def test_where_it_stopped(self, w: World) -> None:
        """What was read in part is read on by another reader, and is whole."""
        data = pattern(2 * MIB + 7)
        w.people.write("file", data)
        entry = w.entry("file")
        read = bytearray()
        while len(read) < len(data):
            provider = w.people.open()
            reader = provider.read(Ref(entry.id, "file"), entry.version, len(read))
            chunks: Iterator[memoryview | bytes] = reader.chunks(700_001)
            read += next(chunks)
            reader.close()
        assert bytes(read) == data

    def test_past_version(self, w: World) -> None:
        """A version that no longer stands cannot be read on: Stale."""
        w.people.write("file", pattern(MIB))
        entry = w.entry("file")
        w.people.write("file", pattern(MIB)[::-1])
        with pytest.raises(Stale):
            w.provider.read(Ref(entry.id, "file"), entry.version, MIB // 2)
