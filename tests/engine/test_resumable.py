"""Uploads of large files go on where they were cut off, in whatever process."""

import hashlib
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest

from syncoxiders.adapters.memory.provider import MemoryProvider
from syncoxiders.adapters.memory.quirks import Quirks
from syncoxiders.core.digests import digests_of
from syncoxiders.core.model import Entry, Ref, Traits
from syncoxiders.engine import resumable
from syncoxiders.ports.errors import Stale, Throttled, Unreachable
from syncoxiders.ports.provider import Attributes, Carry, Session
from tests.engine.world import World

DATA = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(40))
CHUNK = 100


class Cloud(MemoryProvider):
    """A provider with upload sessions; ``sent`` holds every piece that arrived.

    ``fails`` are numbers of pieces (from 0) at which the network fails; with ``arrives`` the piece
    is there by then.
    """

    def __init__(self, name: str, world: World) -> None:
        quirks = Quirks(traits=Traits(cheap_hash=False, sets_meta=True))
        super().__init__(quirks, clock=world.clock, name=name)
        self.open: dict[str, tuple[bytes, Ref, str, Attributes, tuple[Ref, str] | None]] = {}
        self.sent: list[int] = []
        self.fails: set[int] = set()
        self.arrives = False
        self.upload_hashes = ("md5",)

    def session_chunk(self, size: int) -> int:
        del size
        return CHUNK

    def begin(
        self,
        parent: Ref,
        name: str,
        *,
        size: int,
        attributes: Attributes,
        replaces: tuple[Ref, str] | None = None,
        keep: bool = False,
    ) -> Session:
        del size, keep
        token = f"session-{len(self.open)}"
        self.open[token] = (b"", parent, name, attributes, replaces)
        return Session(token)

    def append(self, session: Session, chunk: memoryview | bytes, *, last: bool) -> Session:
        data, *rest = self.open[session.token]
        if len(data) != session.offset:
            raise Stale("another offset")
        number = len(self.sent)
        self.sent.append(len(chunk))
        assert last or len(chunk) == CHUNK
        if number in self.fails and not self.arrives:
            raise Unreachable("no network")
        self.open[session.token] = (data + bytes(chunk), *rest)  # type: ignore[assignment] # as it was
        if number in self.fails:
            raise Unreachable("no answer")
        return Session(session.token, session.offset + len(chunk))

    def resume(self, session: Session) -> Session | None:
        if session.token not in self.open:
            return None
        return Session(session.token, len(self.open[session.token][0]))

    def finish(self, session: Session, hashes: str) -> Entry:
        data, parent, name, attributes, replaces = self.open.pop(session.token)
        assert hashes == digests_of([data], ["md5"]).text()
        return self.upload(
            parent, name, [data], size=len(data), attributes=attributes, replaces=replaces
        )

    def abandon(self, session: Session) -> None:
        self.open.pop(session.token, None)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(resumable, "LARGE", 1000)
    monkeypatch.setattr("syncoxiders.engine.operations.LARGE", 1000)
    world = World()
    world.providers["b"] = Cloud("b", world)
    world.rule = msgspec.structs.replace(
        world.rule,
        endpoints=tuple(
            msgspec.structs.replace(each, traits=world.providers[each.id].traits)
            for each in world.rule.endpoints
        ),
    )
    world.a.write("file", DATA)
    return world


def cloud(world: World) -> Cloud:
    provider = world.providers["b"]
    assert isinstance(provider, Cloud)
    return provider


def texts(world: World) -> str:
    """Return what is kept of uploads, as one text."""
    store = world.store.sync("me", "sync")
    return "".join(store.text(each) for each in store.texts("upload:"))


def total(pieces: Iterable[int]) -> int:
    return sum(pieces)


ITEM = Carry(Ref("a1", "file"), "version", Ref("/", ""), "large", len(DATA), Attributes())


def send(
    world: World,
    chunks: Iterator[bytes],
    item: Carry = ITEM,
    *,
    replaces: tuple[Ref, str] | None = None,
    keep: bool = False,
) -> Entry:
    """Upload what chunks bring, past the planner."""
    entry = world.providers["a"].at(Ref("/", ""), "file")
    assert entry is not None
    reader = world.providers["a"].read(Ref(entry.id, "file"), entry.version)
    uploads = resumable.Uploads(world.store.sync("me", "sync"), world.clock.now)
    return uploads.upload("b:1", cloud(world), reader, chunks, item, replaces=replaces, keep=keep)


def broken_off() -> Iterator[bytes]:
    """Yield two pieces and a byte, and fail."""
    yield DATA[: 2 * CHUNK + 1]
    raise Unreachable("no network")


def test_reads_on_while_it_sends(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A piece is on its way while the next one is read."""
    reading_on = threading.Event()
    append = Cloud.append

    def slow(self: Cloud, session: Session, chunk: bytes, **options: Any) -> Session:
        assert reading_on.wait(20), "the next piece is not read before this one has arrived"
        return append(self, session, chunk, **options)

    monkeypatch.setattr(Cloud, "append", slow)

    def chunks() -> Iterator[bytes]:
        yield DATA[:CHUNK]
        yield DATA[CHUNK : CHUNK + 1]
        reading_on.set()
        yield DATA[CHUNK + 1 :]

    assert send(world, chunks()).size == len(DATA)


@pytest.mark.parametrize(("held", "pieces"), [(64 << 20, 4), (3 * CHUNK, 3), (1, 2)])
def test_pieces_in_memory(
    world: World, monkeypatch: pytest.MonkeyPatch, held: int, pieces: int
) -> None:
    """No more is read than may be on its way, or, of large pieces, than may be in memory."""
    parts: dict[int, bytes] = {}
    read: list[int] = []
    stuck, go_on = threading.Event(), threading.Event()
    finish = Cloud.finish

    def append(self: Cloud, session: Session, chunk: bytes, *, last: bool) -> Session:
        del self, last
        assert go_on.wait(20)
        parts[session.offset] = chunk
        return msgspec.structs.replace(session, offset=session.offset + len(chunk))

    def join(self: Cloud, session: Session, hashes: str) -> Entry:
        _, *rest = self.open[session.token]
        self.open[session.token] = (b"".join(parts[at] for at in sorted(parts)), *rest)  # type: ignore[assignment] # as it was
        return finish(self, session, hashes)

    def chunks() -> Iterator[bytes]:
        for start in range(0, len(DATA), CHUNK):
            read.append(start)
            if len(read) == pieces + 1:  # one more than was gathered tells that there are more
                stuck.set()
            yield DATA[start : start + CHUNK]

    monkeypatch.setattr(resumable, "HELD", held)
    monkeypatch.setattr(Cloud, "at_once", 4, raising=False)
    monkeypatch.setattr(Cloud, "append", append)
    monkeypatch.setattr(Cloud, "finish", join)
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(send, world, chunks())
        try:
            assert stuck.wait(20)
            with pytest.raises(TimeoutError):
                sending.result(0.05)
            assert len(read) == pieces + 1
        finally:
            go_on.set()
        assert sending.result(20).size == len(DATA)


def test_reading_fails_while_it_sends(world: World) -> None:
    """When reading breaks off, what was on its way is remembered as sent."""
    with pytest.raises(Unreachable):
        send(world, broken_off())
    assert cloud(world).sent == [CHUNK, CHUNK]
    assert '"offset":200' in texts(world)
    assert send(world, iter([DATA])).size == len(DATA)
    assert total(cloud(world).sent) == len(DATA)


@pytest.mark.parametrize(
    "changes",
    [
        {"source": Ref("a2", "file")},
        {"version": "newer"},
        {"parent": Ref("b1", "folder")},
        {"parent": Ref("/", "as it is called now")},
        {"name": "other"},
        {"attributes": Attributes(mtime_ns=1_000_000_000)},
    ],
)
def test_is_another_upload(world: World, changes: dict[str, Any]) -> None:
    """Only what would be begun as it was is gone on with: a session ends as it was begun to end."""
    world.b.write("folder/inside", b"theirs")
    assert world.b.entry("folder").id == "b1"
    with pytest.raises(Unreachable):
        send(world, broken_off())
    item = msgspec.structs.replace(ITEM, **changes)
    entry = send(world, iter([DATA]), item)
    assert (entry.parent, entry.name) == (item.parent.id, item.name)
    assert item.attributes.mtime_ns in {None, entry.mtime_ns}
    check_was_begun_anew(world)


@pytest.mark.parametrize("keep", [False, True])
def test_is_to_replace_something(world: World, keep: bool) -> None:
    """Whether it replaces what stands there, and how, is part of what an upload is."""
    world.b.write("large", b"theirs")
    there = world.b.entry("large")
    replaces = (Ref(there.id, "large"), there.version)
    with pytest.raises(Unreachable):
        send(world, broken_off(), replaces=replaces if keep else None)
    assert send(world, iter([DATA]), replaces=replaces, keep=keep).id == there.id
    check_was_begun_anew(world)


def check_was_begun_anew(world: World) -> None:
    assert total(cloud(world).sent) == len(DATA) + 2 * CHUNK
    assert not cloud(world).open
    assert texts(world) == ""


def test_source_moved_meanwhile(world: World) -> None:
    """What has only moved where it comes from need not be sent again."""
    with pytest.raises(Unreachable):
        send(world, broken_off())
    send(world, iter([DATA]), msgspec.structs.replace(ITEM, source=Ref("a1", "elsewhere")))
    assert total(cloud(world).sent) == len(DATA)


def test_renamed_meanwhile(world: World) -> None:
    """A file that was renamed while it was on its way arrives under its new name."""
    cloud(world).fails = {5, 6}
    world.run()
    world.a.rename("file", "other")
    assert world.run().word == "done"
    assert world.agreed() == {"other": DATA}
    assert not cloud(world).open


def test_a_pause_is_asked_for_while_reading_fails(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks for a pause is heard, though the upload could not have gone on anyhow."""

    def append(self: Cloud, session: Session, chunk: bytes, *, last: bool) -> Session:
        del self, session, chunk, last
        raise Throttled("slower", 60.0)

    with monkeypatch.context() as patch:
        patch.setattr(Cloud, "append", append)
        with pytest.raises(Throttled):
            send(world, broken_off())
    assert send(world, iter([DATA])).size == len(DATA)


def test_in_one_go(world: World) -> None:
    """A large file goes in pieces of the provider's size, and leaves nothing to remember."""
    assert world.run().word == "done"
    assert world.agreed() == {"file": DATA}
    assert cloud(world).sent == [100] * 12 + [80]
    assert texts(world) == ""
    assert not cloud(world).open


def test_goes_on_in_the_next_run(world: World) -> None:
    """What a failed run has sent is not sent again."""
    cloud(world).fails = {5, 6}
    assert world.run().word == "partial"
    assert world.b.tree() == {}
    assert "session-0" in texts(world)
    assert world.run().word == "done"
    assert world.agreed() == {"file": DATA}
    assert total(cloud(world).sent) == len(DATA) + 2 * CHUNK  # the pieces that were lost
    assert texts(world) == ""


def test_two_workers(world: World) -> None:
    """Workers of one sync, each with an upload of its own, do not lose each other's."""
    provider = cloud(world)
    store = world.store.sync("me", "sync")
    ref = Ref("/", "")
    entry = world.providers["a"].at(ref, "file")
    assert entry is not None
    item = Carry(ref, entry.version, ref, "large", len(DATA), Attributes())
    turns = threading.Barrier(2, timeout=20)
    append = provider.append

    def in_turn(session: Session, chunk: memoryview | bytes, *, last: bool) -> Session:
        sent = append(session, chunk, last=last)
        turns.wait()
        return sent

    provider.append = in_turn  # type: ignore[method-assign] # so that both are kept at once

    def work(key: str) -> None:
        uploads = resumable.Uploads(store, world.clock.now)
        reader = world.providers["a"].read(Ref(entry.id, "file"), entry.version)
        with pytest.raises(Unreachable):
            uploads.upload(key, provider, reader, broken_off(), item, replaces=None, keep=False)

    workers = [threading.Thread(target=work, args=(key,)) for key in ("b:1", "b:2")]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert sorted(store.texts("upload:")) == ["upload:b:1", "upload:b:2"]
    assert texts(world).count('"offset":200') == 2
    assert len(provider.open) == 2
    resumable.Uploads(store, world.clock.now).tidy(world.providers)
    assert not provider.open
    assert texts(world) == ""


def test_is_over(world: World) -> None:
    """A session whose time is over is not asked for, and nothing is kept of it."""
    cloud(world).fails = {5, 6}
    world.run()
    store = world.store.sync("me", "sync")
    (key,) = store.texts("upload:")
    upload = msgspec.json.decode(store.text(key), type=resumable.Upload)
    ended = msgspec.structs.replace(
        upload, session=msgspec.structs.replace(upload.session, expires=world.clock.now())
    )
    store.save_text(key, msgspec.json.encode(ended).decode())
    assert world.run().word == "done"
    assert world.agreed() == {"file": DATA}
    assert total(cloud(world).sent) == len(DATA) + 7 * CHUNK
    assert texts(world) == ""


def test_an_answer_that_was_lost(world: World) -> None:
    """A piece whose answer was lost is asked about, and not sent twice."""
    cloud(world).fails, cloud(world).arrives = {3}, True
    assert world.run().word == "done"
    assert total(cloud(world).sent) == len(DATA)


def test_source_changed_meanwhile(world: World) -> None:
    """An upload of a version that is no more is given up, and begun anew."""
    cloud(world).fails = {5, 6}
    world.run()
    newer = DATA[::-1]
    world.a.write("file", newer)
    assert world.run().word == "done"
    assert world.agreed() == {"file": newer}
    assert not cloud(world).open


def test_session_that_is_no_more(world: World) -> None:
    """Where the provider has forgotten the session the upload begins anew."""
    cloud(world).fails = {5, 6}
    world.run()
    cloud(world).open.clear()
    assert world.run().word == "done"
    assert world.agreed() == {"file": DATA}


def test_place_was_taken_meanwhile(world: World) -> None:
    """Content is put in its place only if nothing stands there by then; nothing is lost."""
    cloud(world).fails = {5, 6}
    world.run()
    world.b.write("file", b"theirs")
    world.run()
    world.run()
    assert set(world.agreed().values()) == {DATA, b"theirs"}
    assert not cloud(world).open
    assert texts(world) == ""


def test_replaces_what_was_edited(world: World) -> None:
    """An edit of a large file replaces exactly the version that was known."""
    world.run()
    newer = DATA[::-1]
    world.a.write("file", newer)
    assert world.run().word == "done"
    assert world.agreed() == {"file": newer}
