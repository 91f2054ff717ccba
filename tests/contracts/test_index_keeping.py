"""Keeping indexes: what is written when, by whom, and what becomes of damage and of rivals."""

import errno
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from syncoxiders.adapters.aws.objects import S3Objects
from syncoxiders.adapters.index import _database, store
from syncoxiders.adapters.index._database import NoWordIndex
from syncoxiders.adapters.index.store import ObjectIndex
from syncoxiders.core.filetypes import TYPES
from syncoxiders.core.indexed import ROOT_KEY, Row
from syncoxiders.core.model import ROOT_ENTRY, Entry, Kind
from syncoxiders.core.words import wanted
from syncoxiders.engine import indexing
from syncoxiders.engine.indexing import heed, tend
from syncoxiders.ports.errors import StateUnavailable
from syncoxiders.ports.index import Place, Query
from tests.aws.clients import client
from tests.aws.ministack import Ministack
from tests.contracts.test_index import FOREVER, PLACE, World

OTHER = Place("me", "photos", "b")


@pytest.fixture
def world(tmp_path: Path) -> World:
    found = World(tmp_path)
    found.observe(*(file(f"{number}.txt") for number in range(5)))
    found.records.clear()
    tend(found.work, FOREVER)
    return found


def file(name: str, size: int = 1) -> Entry:
    return Entry(f"id{name}", ROOT_ENTRY, name, Kind.FILE, "1", size)


def row(name: str) -> Row:
    return Row(ROOT_KEY, name, TYPES.index("document"), 1)


def bases(world: World) -> list[str]:
    return [name for name, _ in world.objects.names("entries/me/photos/a/base-")]


def names(world: World, text: str = "txt") -> list[str]:
    return sorted(world.found(Query(words=wanted(text))))


class TestWriting:
    def test_a_change_writes_little(self, world: World) -> None:
        """A change writes the head alone, once; the base stays as it is for a while."""
        before = bases(world)
        writes = world.objects.writes
        world.observe(file("new.txt"))
        world.deliver(world.records)
        assert world.objects.writes == writes + 1
        assert bases(world) == before
        assert "new.txt" in names(world)

    def test_a_repetition_writes_nothing(self, world: World) -> None:
        """What is told again, and still is as it was, writes nothing."""
        world.observe(file("new.txt"))
        world.deliver(world.records)
        writes = world.objects.writes
        world.deliver(world.records)
        assert world.objects.writes == writes

    def test_many_are_merged(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        """Many changes become a new base, of which there is always one, and an empty head."""
        monkeypatch.setattr(indexing, "FEW", 3)
        before = bases(world)
        for number in range(4):
            world.observe(file(f"new{number}.txt"))
        world.deliver(world.records)
        assert len(bases(world)) == 1
        assert bases(world) != before
        status = world.index.status(PLACE)
        assert status is not None
        assert (status.count, status.recent) == (9, 0)

    def test_few_are_merged_later(self, world: World) -> None:
        """Few changes are merged by the clock, when that was long enough ago."""
        world.observe(file("new.txt"))
        world.deliver(world.records)
        before = bases(world)
        world.clock.advance(indexing.SOON / 2)
        tend(world.work, FOREVER)
        assert bases(world) == before
        world.clock.advance(indexing.SOON)
        tend(world.work, FOREVER)
        assert bases(world) != before

    def test_proved(self, world: World) -> None:
        """After a week an index is built anew: what the stream has missed is found."""
        world.observe(file("missed.txt"), gone=("id0.txt",))
        world.clock.advance(indexing.RENEWED - 100.0)
        tend(world.work, FOREVER)
        assert "missed.txt" not in names(world)
        world.clock.advance(200.0)
        tend(world.work, FOREVER)
        assert "missed.txt" in names(world)
        assert "0.txt" not in names(world)

    def test_one_works(self, world: World) -> None:
        """While somebody works on an index nobody else does; changes are taken in all the same."""
        fence = world.leases.take("index#me#photos#a", indexing.BUSY)
        assert fence
        world.objects.delete([name for name, _ in world.objects.names("entries/me/photos/a/")])
        assert tend(world.work, FOREVER) == 1
        world.leases.release("index#me#photos#a", fence)
        assert tend(world.work, FOREVER) == 0

    def test_what_cannot_be_made(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        """What cannot be merged is told, holds up no change, and is merged once it can be."""
        told: list[Place] = []
        world.work = replace(world.work, trouble=lambda place, _: told.append(place))
        world.index.note(PLACE, lambda: {1: row("one.txt")})
        world.clock.advance(indexing.SOON + 1.0)

        def full(*_: object) -> None:
            raise sqlite3.OperationalError("database or disk is full")

        with monkeypatch.context() as patch:
            patch.setattr(_database, "change", full)
            assert tend(world.work, FOREVER) == 0
        assert told == [PLACE]
        assert "one.txt" in names(world)
        tend(world.work, FOREVER)
        status = world.index.status(PLACE)
        assert status is not None
        assert status.recent == 0


class TestRivals:
    def test_noted_while_merged(self, world: World) -> None:
        """What is noted while a base is made is there when it is, newer or gone."""
        other = ObjectIndex(world.objects, world.clock.now, folder=world.folder)
        world.index.note(PLACE, lambda: {1: row("one.txt"), 2: row("two.txt"), 3: row("three.txt")})

        def meanwhile(name: str) -> None:
            if "base-" in name:
                world.objects.before = None
                other.note(PLACE, lambda: {1: row("newer.txt"), 2: None, 4: row("four.txt")})

        world.objects.before = meanwhile
        world.index.merge(PLACE)
        found = names(world)
        assert {"newer.txt", "three.txt", "four.txt"} <= set(found)
        assert not {"one.txt", "two.txt"} & set(found)
        world.index.merge(PLACE)
        assert names(world) == found

    def test_merged_twice(self, world: World) -> None:
        """Of two who merge at once one succeeds, and nothing is left of the other's work."""
        other = ObjectIndex(world.objects, world.clock.now, folder=world.folder)
        world.index.note(PLACE, lambda: {1: row("one.txt")})

        def meanwhile(name: str) -> None:
            if "base-" in name:
                world.objects.before = None
                other.merge(PLACE)

        world.objects.before = meanwhile
        world.index.merge(PLACE)
        assert len(bases(world)) == 1
        assert "one.txt" in names(world)

    def test_noted_at_once(self, world: World) -> None:
        """Who is overtaken reads again: what was true before the other one is not written."""
        other = ObjectIndex(world.objects, world.clock.now, folder=world.folder)
        truths = [{1: row("old.txt")}, {1: row("new.txt")}]

        def meanwhile(_: str) -> None:
            world.objects.before = None
            truths.pop(0)
            other.note(PLACE, lambda: {**truths[0], 2: row("others.txt")})

        world.objects.before = meanwhile
        world.index.note(PLACE, lambda: truths[0])
        assert "old.txt" not in names(world)
        assert {"new.txt", "others.txt"} <= set(names(world))

    def test_lost_answer(self, world: World) -> None:
        """A base whose head was written, and the answer lost, is not taken for a rival's."""
        world.index.note(PLACE, lambda: {1: row("one.txt")})

        def lost(name: str) -> None:
            if name.endswith("head"):
                world.objects.after = None
                raise StateUnavailable("no answer")

        world.objects.after = lost
        with pytest.raises(StateUnavailable):
            world.index.merge(PLACE)
        world.restart()
        assert "one.txt" in names(world)
        assert len(bases(world)) == 2
        world.clock.advance(store.FORGOTTEN + 1.0)
        world.index.note(PLACE, lambda: {2: row("two.txt")})
        world.index.merge(PLACE)
        assert len(bases(world)) == 1

    def test_removed_while_noted(self, world: World) -> None:
        """Who is about to note something when an index is removed does not bring it back."""

        def meanwhile(_: str) -> None:
            world.objects.before = None
            world.index.remove("me", "photos")

        world.objects.before = meanwhile
        assert world.index.note(PLACE, lambda: {1: row("one.txt")}) is None
        assert world.objects.names("entries/") == []


class TestReading:
    def test_room(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        """There are no more bases in the folder than there is room for: those used last stay."""
        world.restart()
        monkeypatch.setattr(world.index._bases, "_room", 100_000)
        for _ in range(2):
            for _place, opened in world.index.open([PLACE, OTHER]):
                assert opened is not None
                assert opened.find(Query()) is not None
                assert len(list(world.index._bases.folder.glob("base-*"))) == 1

    def test_no_room(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where a base has no room that is said; nothing is dropped, and no half of it is left."""
        world.restart()

        def full(*_: object) -> bool:
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(world.objects, "fetch", full)
            with pytest.raises(StateUnavailable, match="more ephemeral storage"):
                list(world.index.open([PLACE]))
        assert list(world.index._bases.folder.iterdir()) == []
        assert len(names(world)) == 5

    def test_replaced(self, world: World) -> None:
        """A base that was replaced since its head was read is not missed."""
        world.restart()
        other = ObjectIndex(world.objects, world.clock.now, folder=world.folder)
        world.index.status(PLACE)
        other.note(PLACE, lambda: {1: row("one.txt")})
        other.merge(PLACE)
        assert "one.txt" in names(world)

    @pytest.mark.parametrize("what", ["head", "base-"])
    @pytest.mark.parametrize("damage", ["cut", "empty", "other", "lost"])
    def test_damaged(self, world: World, what: str, damage: str) -> None:
        """What is damaged is dropped, told as lacking, and built anew."""
        expected = names(world)
        (name,) = (name for name, _ in world.objects.names(f"entries/me/photos/a/{what}"))
        found = world.objects.get(name)
        assert found is not None
        if damage == "lost":
            world.objects.delete([name])
        else:
            data = {"cut": found.data[:-9], "empty": b"", "other": b"other" * 99}[damage]
            world.objects.put(name, data)
        world.restart()
        assert [opened for _, opened in world.index.open([PLACE])] == [None]
        assert tend(world.work, FOREVER) == 0
        assert names(world) == expected

    def test_no_word_index(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where SQLite cannot search for words that is said at once."""
        monkeypatch.setattr(_database, "_TABLES", "CREATE VIRTUAL TABLE a USING fts99(b)")
        with pytest.raises(NoWordIndex, match="FTS5"):
            _database.check()


@pytest.fixture
def bucket(ministack: Ministack) -> Iterator[S3Objects]:
    account = ministack.account()
    s3 = client(ministack, account, "s3")
    s3.create_bucket(Bucket=f"index-{account}")
    yield S3Objects(lambda: s3, f"index-{account}")
    s3.close()


def test_in_a_bucket(bucket: S3Objects, tmp_path: Path) -> None:
    """In a bucket it is built, searched, changed, merged and removed just the same."""
    world = World(tmp_path)
    index = ObjectIndex(bucket, world.clock.now, folder=tmp_path)
    world.index, world.work = (
        index,
        indexing.Indexing(
            index, world.work.source, world.states, world.registry, world.leases, world.clock
        ),
    )
    world.observe(file("Holiday.txt"), file("Plan.txt"))
    assert tend(world.work, FOREVER) == 0
    assert names(world) == ["Holiday.txt", "Plan.txt"]
    world.records.clear()
    world.observe(file("New plan.txt"), gone=("idPlan.txt",))
    assert heed(world.work, world.records, FOREVER) == frozenset()
    assert names(world, "plan") == ["New plan.txt"]
    index.merge(PLACE)
    assert names(world) == ["Holiday.txt", "New plan.txt"]
    index.compare("me", {PLACE: "a", OTHER: "b"})
    assert index.comparison("me").at
    index.remove("me")
    assert bucket.names("") == []
