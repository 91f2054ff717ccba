"""Indexes find what a look at every entry finds, whatever happens to those who keep them.

Entries change in the tables; records of a stream come late, repeatedly and in any order; whoever
keeps the index dies at any write. Once every record was delivered, searches find what is there.
"""

import itertools
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncoxiders.adapters.index.store import ObjectIndex
from syncoxiders.adapters.items.indexed import ItemsSource, touched
from syncoxiders.adapters.items.leases import ItemsLeases
from syncoxiders.adapters.items.registry import ItemsRegistry
from syncoxiders.adapters.items.store import ItemsStates
from syncoxiders.adapters.memory.clock import MemoryClock
from syncoxiders.adapters.memory.items import MemoryItems
from syncoxiders.adapters.memory.objects import MemoryObjects
from syncoxiders.core.filetypes import FOLDER, TYPES
from syncoxiders.core.model import ROOT_ENTRY, Entry, Kind
from syncoxiders.core.words import wanted
from syncoxiders.engine import indexing
from syncoxiders.engine.indexing import Indexing, heed, tend
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.errors import StateUnavailable
from syncoxiders.ports.index import Opened, Place, Query, Touched
from syncoxiders.ports.items import Change, Put
from syncoxiders.ports.registry import EndpointSettings, SyncSettings
from syncoxiders.ports.state import Commit, Observation
from tests.contracts.index_model import Listing

PLACE = Place("me", "photos", "a")
FOREVER = 1e12
NAMES = (
    "IMG_2024-05 Holiday.JPG",
    "holiday.txt",
    "Holiday",
    "HolidayPhotos2.zip",
    "Café.pdf",
    "\udcff.bin",
    "家族旅行.mp4",
    "b",
    "B",
)
TERMS = ("holiday", "HOLI", "2024 img", "photos", "cafe", "旅行", '"2024 05"', "b", "nothing", "!")


class Death(BaseException):
    """The process was killed."""


class World:
    """Tables with an endpoint, the records of their stream, and an index in memory."""

    def __init__(self, folder: Path) -> None:
        self.clock = MemoryClock()
        self.tree = MemoryItems()
        self.tree.after = self._record
        control = MemoryItems()
        self.states = ItemsStates(self.tree, MemoryItems(), now=self.clock.now)
        self.registry = ItemsRegistry(control)
        self.leases = ItemsLeases(control, self.clock)
        self.objects = MemoryObjects(self.clock)
        self.records: list[Touched] = []
        self.folder = folder
        self._numbers = itertools.count()
        settings_ = SyncSettings("photos", (EndpointSettings("a", "a"), EndpointSettings("b", "b")))
        self.registry.put_sync("me", settings_)
        for name in "ab":
            self.registry.put_account("me", Account(name, "memory"))
        self.restart()

    def _record(self, change: Change) -> None:
        key = change.item.key if isinstance(change, Put) else change.key
        record = touched(*key)
        if record is not None:
            self.records.append(record)

    def restart(self) -> None:
        """Begin a process that knows nothing."""
        folder = self.folder / str(next(self._numbers))
        folder.mkdir()
        self.index = ObjectIndex(self.objects, self.clock.now, folder=folder, room=1 << 30)
        self.work = Indexing(
            self.index,
            ItemsSource(self.tree),
            self.states,
            self.registry,
            self.leases,
            self.clock,
        )

    def another(self, seen: list[Touched]) -> None:
        """Let more happen, and another process take in all records, and begin what is due."""
        before, index, work = self.objects.before, self.index, self.work
        self.objects.before = None
        self.restart()
        self.observe(file("id3", "renamed"), gone=("id4",))
        heed(self.work, self.records, FOREVER)
        seen += self.records
        self.records.clear()
        self.index, self.work, self.objects.before = index, work, before

    def observe(self, *entries: Entry, gone: tuple[str, ...] = ()) -> None:
        self.clock.advance(1.0)
        told = Observation("a", put=entries, gone=gone, log=False, asked=self.clock.now())
        self.states.sync("me", "photos").commit(Commit(observed=[told]))

    def listing(self) -> Listing:
        names = {item.key[1] for item in self.tree.everything() if touched(*item.key)}
        store = self.states.sync("me", "photos")
        return Listing(store.observed("a").get([name[1:] for name in names]).values())

    def deliver(self, records: list[Touched]) -> None:
        assert heed(self.work, records, FOREVER) == frozenset()

    def opened(self) -> Opened:
        ((_, opened),) = self.index.open([PLACE])
        assert opened is not None
        return opened

    def found(self, query: Query) -> list[str]:
        """Return the paths of all pages."""
        paths: list[str] = []
        past = None
        while True:
            asked = Query(
                **{
                    each: getattr(query, each) for each in query.__struct_fields__ if each != "past"
                },
                past=past,
            )
            page = self.opened().find(asked)
            paths += [each.path for each in page]
            if len(page) < query.limit:
                return paths
            past = page[-1].position


def file(ident: str, name: str) -> Entry:
    return Entry(ident, ROOT_ENTRY, name, Kind.FILE, "1", 1)


def queries() -> Iterator[Query]:
    for text in TERMS:
        yield Query(words=wanted(text), limit=2)
        yield Query(words=wanted(text), sort="name")
    for sort in ("relevance", "name", "size", "modified"):
        yield Query(sort=sort, limit=3)
    for type_ in range(len(TYPES)):
        yield Query(type=type_, sort="size")
    yield Query(min_size=10, max_size=1000, sort="size", limit=1)
    yield Query(max_size=10)
    yield Query(after=2_000_000, before=9_000_000_000)
    yield Query(words=wanted("holiday"), min_size=5, sort="modified", limit=1)


def check(world: World) -> None:
    """Compare with what a look at every entry finds."""
    listing = world.listing()
    for query in queries():
        found, expected = world.found(query), listing.found(query)
        assert len(found) == len(expected)
        assert sorted(found) == sorted(expected), query
        assert [each.rpartition("/")[2] for each in found] == [
            each.rpartition("/")[2] for each in expected
        ], query
    opened = world.opened()
    for entry in listing.entries.values():
        path = listing.path(entry)
        if entry.kind is Kind.FOLDER and not path.startswith("…"):
            folder = opened.folder(path)
            assert folder is not None
            hits = opened.find(Query(sort="name", below=folder, limit=1000))
            # of several folders of one name any is shown
            assert [each.name for each in hits] in [
                [
                    path.rpartition("/")[2]
                    for path in listing.found(Query(sort="name", below=1), id_)
                ]
                for id_, each in listing.entries.items()
                if each.kind is Kind.FOLDER and listing.path(each) == path
            ]
    assert opened.folder("no/such") is None


ids = st.sampled_from([f"id{number}" for number in range(8)])
kinds = {f"id{number}": Kind.FOLDER if number < 3 else Kind.FILE for number in range(8)}


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    ident = draw(ids)
    return Entry(
        ident,
        draw(st.sampled_from([ROOT_ENTRY, "id0", "id1", "id2", "nowhere"])),
        draw(st.sampled_from(NAMES)),
        kinds[ident],
        version=str(draw(st.integers(0, 9))),
        size=draw(st.sampled_from([-1, 0, 1, 10, 999, 10**12])) if kinds[ident] is Kind.FILE else 0,
        mtime_ns=draw(st.sampled_from([0, -5, 10**9, 10**12, 10**24])),
        hashes=draw(st.sampled_from(["", "md5:" + "a" * 32, "md5:" + "b" * 32])),
        lost=draw(st.sampled_from([False, False, False, True])),
    )


steps = st.one_of(
    st.tuples(st.just("put"), st.lists(entries(), min_size=1, max_size=3)),
    st.tuples(st.just("gone"), ids),
    st.tuples(st.just("deliver"), st.integers(0, 2**16)),
    st.tuples(st.just("repeat"), st.integers(0, 2**16)),
    st.tuples(st.just("tend"), st.sampled_from([0.0, 1000.0, 8 * 86_400.0])),
    st.tuples(st.just("die"), st.integers(0, 6)),
    st.tuples(st.just("unavailable"), st.integers(0, 6)),
    st.tuples(st.just("lose"), st.sampled_from(["head", "base", "part"])),
    st.tuples(st.just("damage"), st.sampled_from(["head", "base", "part"])),
    st.tuples(st.just("meanwhile"), st.integers(0, 2)),
    st.tuples(st.just("meanwhile"), st.integers(0, 40)),
)


class Faults:
    """Lets one of the next writes fail: before it is made, or after."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.left = -1
        self.error: type[BaseException] = Death
        self.late = False

    def arm(self, error: type[BaseException], count: int) -> None:
        self.error, self.left, self.late = error, count // 2, bool(count % 2)
        self.world.objects.before = lambda _: self._step(late=False)
        self.world.objects.after = lambda _: self._step(late=True)

    def _step(self, *, late: bool) -> None:
        if late is not self.late or self.left < 0:
            return
        self.left -= 1
        if self.left < 0:
            raise self.error

    def others(self, count: int, act: Callable[[], None]) -> None:
        """Have somebody else act just before one of the next writes."""

        def before(_: str) -> None:
            nonlocal count
            count -= 1
            if count == 0:
                act()

        count += 1
        self.world.objects.before = before

    def disarm(self) -> None:
        self.world.objects.before = self.world.objects.after = None


def act(world: World, step: tuple[str, object], faults: Faults, seen: list[Touched]) -> None:
    kind, value = step
    if kind == "put":
        assert isinstance(value, list)
        world.observe(*{each.id: each for each in value}.values())
    elif kind == "gone":
        world.observe(gone=(str(value),))
    elif kind in ("deliver", "repeat"):
        assert isinstance(value, int)
        rng = random.Random(value)
        pool = world.records if kind == "deliver" else seen
        some = rng.sample(pool, rng.randint(0, len(pool)))
        failed = heed(world.work, some, FOREVER)
        for each in some:
            if each.place not in failed and each in world.records and kind == "deliver":
                world.records.remove(each)
                seen.append(each)
    elif kind == "tend":
        assert isinstance(value, float)
        world.clock.advance(value)
        tend(world.work, FOREVER)
    elif kind == "meanwhile":
        assert isinstance(value, int)
        world.observe(*(file(ident, "before") for ident in ("id3", "id4", "id5", "id6")))
        faults.others(value // 2, lambda: world.another(seen))
        world.clock.advance(indexing.SOON + 1.0)
        if value % 2:
            tend(world.work, FOREVER)
        else:
            some = random.Random(value).sample(world.records, len(world.records) // 2)
            heed(world.work, some, FOREVER)
        faults.disarm()
    elif kind == "damage":
        for name in [name for name, _ in world.objects.names("entries/") if str(value) in name][:1]:
            found = world.objects.get(name)
            assert found is not None
            world.objects.put(name, found.data[:-5] + b"wrong")
    elif kind == "lose":
        names = [name for name, _ in world.objects.names("entries/") if str(value) in name]
        world.objects.delete(names[:1])
    else:
        assert isinstance(value, int)
        faults.arm(Death if kind == "die" else StateUnavailable, value)


@settings(max_examples=40, deadline=None)
@given(st.lists(steps, max_size=16))
def test_like_a_look_at_everything(
    tmp_path_factory: pytest.TempPathFactory, history: list[tuple[str, object]]
) -> None:
    """Whatever happens on the way: once all records came, the index finds what is there."""
    world = World(tmp_path_factory.mktemp("index"))
    faults = Faults(world)
    seen: list[Touched] = []
    tend(world.work, FOREVER)
    for step in history:
        try:
            act(world, step, faults, seen)
        except Death:
            faults.disarm()
            world.restart()
        except StateUnavailable:
            faults.disarm()
    faults.disarm()
    world.clock.advance(indexing.BUSY + 1)
    world.deliver(world.records)
    tend(world.work, FOREVER)
    list(world.index.open([PLACE]))  # one that lost its base is dropped
    assert tend(world.work, FOREVER) == 0
    check(world)
    world.clock.advance(indexing.LATE + 1)
    tend(world.work, FOREVER)
    check(world)
    status = world.index.status(PLACE)
    assert status is not None
    assert (status.recent, status.parts) == (0, None)
    assert status.count == len(world.listing().entries)
    opened = world.opened()
    listing = world.listing()
    for hit in opened.find(Query(type=FOLDER, limit=1000)):
        folder = [each for each in listing.entries.values() if listing.path(each) == hit.path]
        amounts = {listing.amount(each.id) for each in folder}
        assert opened.amount(hit.position.number) in amounts
