"""What opening a SQLite state does to its file, to other files, and to other processes."""

import os
import random
import sqlite3
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from syncoxiders.adapters.state._sqlite_schema import APPLICATION_ID, VERSION
from syncoxiders.adapters.state.sqlite import SqliteStateStore
from syncoxiders.ports.errors import StateBusy, StateCorrupt, StateError, StateForeign
from syncoxiders.ports.state import Commit, Event, Observation, SyncRecord, SyncStore
from tests.contracts.state_harness import action, agree, entry, node, observe


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "state.db"


def holding(folder: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def run(script: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def reads(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


class TestPlace:
    def test_created(self, path: Path) -> None:
        """The state and its folder are created, for their owner's eyes only."""
        with SqliteStateStore(path) as store:
            store.sync("owner", "work").commit(Commit(record=SyncRecord({})))
            assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
            files = list(path.parent.iterdir())
            assert path in files
            assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}

    def test_closed(self, path: Path) -> None:
        """A closed state is one file, beside its lock; it may be closed twice."""
        store = SqliteStateStore(path)
        store.sync("owner", "work").commit(Commit(nodes=[node(1)]))
        store.close()
        store.close()
        assert {file.name for file in path.parent.iterdir()} == {"state.db", "state.db.lock"}

    def test_odd_path(self, tmp_path: Path) -> None:
        """Any path will do, also one that means something in a URI, or is not valid UTF-8."""
        path = tmp_path / "a?mode=ro#%41" / "caf\udce9" / "state.db"
        with SqliteStateStore(path) as store:
            store.sync("owner", "work").commit(Commit(nodes=[node(1)]))
        with SqliteStateStore(str(path), read_only=True) as store:
            assert store.sync("owner", "work").base().count() == 1

    @pytest.mark.parametrize("place", ["file/state.db", "folder", "x" * 300])
    def test_impossible(self, tmp_path: Path, place: str) -> None:
        """Where no state can be, the message names the place."""
        (tmp_path / "file").touch()
        (tmp_path / "folder").mkdir()
        with pytest.raises(StateError, match=place):
            SqliteStateStore(tmp_path / place)

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
    def test_no_permission(self, tmp_path: Path) -> None:
        """A folder that may not be written is refused with a clear message."""
        tmp_path.chmod(0o500)
        with pytest.raises(StateError, match=r"state\.db cannot be used: Permission denied"):
            SqliteStateStore(tmp_path / "state.db")

    def test_half_created(self, path: Path) -> None:
        """A creation that was interrupted is begun again."""
        path.parent.mkdir()
        path.with_name("state.db.new").write_bytes(b"half")
        with SqliteStateStore(path) as store:
            assert store.sync("owner", "work").record() is None

    def test_deleted(self, path: Path) -> None:
        """A deleted state is gone, though its write-ahead log was left behind."""
        store = SqliteStateStore(path)
        store.sync("owner", "work").commit(Commit(nodes=[node(1)]))
        log = path.with_name("state.db-wal").read_bytes()
        store.close()
        path.unlink()
        path.with_name("state.db-wal").write_bytes(log)
        with SqliteStateStore(path) as store:
            assert store.sync("owner", "work").base().count() == 0


class TestForeign:
    @pytest.mark.parametrize(
        "content",
        [b"", b"text", b"SQLite format 3\0", b"\0" * 8192],
        ids=["empty", "text", "a header's beginning", "zeros"],
    )
    @pytest.mark.parametrize("read_only", [False, True])
    def test_no_database(self, path: Path, content: bytes, read_only: bool) -> None:
        """A file that is no database is left alone, and so is its folder."""
        path.parent.mkdir()
        path.write_bytes(content)
        with pytest.raises(StateForeign, match=str(path)):
            SqliteStateStore(path, read_only=read_only)
        assert holding(path.parent) == {str(path): content}

    @pytest.mark.parametrize(
        ("application", "version"),
        [(0, 0), (1, VERSION), (APPLICATION_ID, VERSION + 1), (APPLICATION_ID, 0)],
        ids=["unmarked", "another program", "newer", "older"],
    )
    @pytest.mark.parametrize("journal", ["WAL", "DELETE"])
    def test_other_database(self, path: Path, application: int, version: int, journal: str) -> None:
        """Another program's database, or another version's, is left alone."""
        path.parent.mkdir()
        database = sqlite3.connect(path)
        database.executescript(
            f"PRAGMA journal_mode = {journal}; CREATE TABLE theirs (x);"
            f"PRAGMA application_id = {application}; PRAGMA user_version = {version};"
        )
        database.close()
        before = holding(path.parent)
        for read_only in (False, True):
            with pytest.raises(StateForeign, match="Nothing was touched"):
                SqliteStateStore(path, read_only=read_only)
        assert holding(path.parent) == before


def ask(sync: SyncStore) -> None:
    """Read everything that a sync holds, and write some."""
    base, tree = sync.base(), sync.observed("a")
    sync.record(), sync.open_actions(), sync.runs(9), sync.events(1), sync.losses(0), sync.text("t")
    base.get(range(100)), base.conflicts(), base.at(0, "name"), base.count(), base.next_id()
    base.of("a", [f"e{number}" for number in range(100)]), base.children(0)
    list(base.suspects(["a", "b"])), list(base.unbound("a")), list(base.ids())
    tree.get([f"e{number}" for number in range(100)]), tree.count(), tree.changes(0, 100)
    tree.children("/"), tree.at("/", "name of e1")
    observe(sync, *(entry(f"e{number}") for number in range(30)))
    sync.commit(Commit(nodes=[node(number) for number in range(20, 40)], closed=["x"]))


class TestDamaged:
    @pytest.fixture
    def data(self, path: Path) -> bytes:
        with SqliteStateStore(path) as store:
            sync = store.sync("owner", "work")
            agree(sync, *range(1, 60))
            observe(sync, *(entry(f"x{number}", str(number % 9)) for number in range(300)))
            sync.commit(Commit(opened=[action("x")], record=SyncRecord({"a": "/a"}), losses=1))
            sync.log(sync.begin_run(1.0), [Event("note", "a", "path")] * 50)
            sync.save_text("t", "text")
        return path.read_bytes()

    @pytest.mark.parametrize("left", [100, 5_000, 0.5, 0.99])
    def test_truncated(self, path: Path, data: bytes, left: float) -> None:
        """A file that was cut off is recognised when it is opened, and left as it is."""
        part = data[: int(left if left > 1 else left * len(data))]
        path.write_bytes(part)
        with pytest.raises(StateCorrupt, match="Nothing was changed"):
            SqliteStateStore(path)
        assert path.read_bytes() == part

    def test_incomplete(self, path: Path, data: bytes) -> None:
        """A file that lacks a table is recognised when it is opened."""
        database = sqlite3.connect(path)
        database.execute("DROP TABLE bound")
        database.close()
        assert data
        with pytest.raises(StateCorrupt, match="bound"):
            SqliteStateStore(path)

    @pytest.mark.parametrize("seed", range(40))
    def test_bytes(self, path: Path, data: bytes, seed: int) -> None:
        """Whatever bytes are wrong, work goes on or ends with an error that says what to do."""
        chance = random.Random(seed)
        damaged = bytearray(data)
        for _ in range(chance.choice((1, 10, 1_000))):
            damaged[chance.randrange(100, len(damaged))] = chance.randrange(256)
        path.write_bytes(damaged)
        try:
            with SqliteStateStore(path) as store:
                ask(store.sync("owner", "work"))
        except StateError as error:
            assert "damaged" in str(error)  # noqa: PT017 -- no error is fine as well


class TestBusy:
    HOLD = """
        import sys
        from syncoxiders.adapters.state.sqlite import SqliteStateStore
        from syncoxiders.core.model import Kind, Node
        from syncoxiders.ports.state import Commit
        store = SqliteStateStore(sys.argv[1])
        store.sync("owner", "work").commit(Commit(nodes=[Node(1, 0, "name", Kind.FILE)]))
        print("held", flush=True)
        sys.stdin.read()
    """

    def test_here(self, path: Path) -> None:
        """A second store in one process is refused too, until the first is closed."""
        with SqliteStateStore(path), pytest.raises(StateBusy, match="Another run"):
            SqliteStateStore(path)
        SqliteStateStore(path).close()

    def test_elsewhere(self, path: Path) -> None:
        """Another process's run is noticed at once, can be read, and frees the state by dying."""
        with run(self.HOLD, path) as other:
            assert reads(other) == "held"
            with pytest.raises(StateBusy):
                SqliteStateStore(path)
            with SqliteStateStore(path, read_only=True) as store:
                assert store.sync("owner", "work").base().count() == 1
            other.kill()
        with SqliteStateStore(path) as store:
            assert store.sync("owner", "work").base().count() == 1

    def test_read_after_kill(self, path: Path) -> None:
        """What a killed run had committed can be read without opening for writing."""
        with run(self.HOLD, path) as other:
            assert reads(other) == "held"
            other.kill()
        with SqliteStateStore(path, read_only=True) as store:
            assert store.sync("owner", "work").base().count() == 1


class TestReadOnly:
    def test_missing(self, path: Path) -> None:
        """There is nothing to read where there is no state, and nothing is created."""
        with pytest.raises(StateError, match="no state"):
            SqliteStateStore(path, read_only=True)
        assert not path.parent.exists()

    def test_follows(self, path: Path) -> None:
        """A reader sees each commit, endpoints that join included, and delays none."""
        with SqliteStateStore(path) as store, SqliteStateStore(path, read_only=True) as reader:
            writes, looks = store.sync("owner", "work"), reader.sync("owner", "work")
            assert looks.base().get([1]) == {}
            agree(writes, 1)
            assert looks.base().get([1]) == writes.base().get([1])
            observe(writes, entry("x"), at="new")
            assert looks.observed("new").count() == 1
            writes.commit(Commit(nodes=[node(2, replicas=writes.base().get([1])[1].replicas)]))
            assert list(looks.base().get([2])[2].replicas) == ["a", "b"]

    def test_refuses(self, path: Path) -> None:
        """A reader changes nothing."""
        SqliteStateStore(path).close()
        with SqliteStateStore(path, read_only=True) as reader:
            sync = reader.sync("owner", "work")
            for change in (
                lambda: sync.commit(Commit()),
                lambda: sync.trim({}),
                lambda: sync.begin_run(1.0),
                lambda: sync.save_text("key", "text"),
            ):
                with pytest.raises(StateError, match="reading only"):
                    change()


class TestInterrupted:
    WRITE = """
        import sys
        from syncoxiders.adapters.state.sqlite import SqliteStateStore
        from syncoxiders.core.model import Content, Entry, Kind, Node, Replica
        from syncoxiders.ports.state import Commit, Observation, SyncRecord
        sync = SqliteStateStore(sys.argv[1]).sync("owner", "work")
        first = sync.base().next_id()
        print("begun", flush=True)
        for start in range(first, first + 1_000_000, 50):
            numbers = range(start, start + 50)
            entries = [Entry(f"{n}", "/", f"Name {n}", Kind.FILE, "1") for n in numbers]
            sync.commit(Commit(
                nodes=[
                    Node(n, 0, e.name, Kind.FILE, Content(1), replicas={
                        "a": Replica(e.id, e.version, e.parent, e.name, 1, 1)
                    })
                    for n, e in zip(numbers, entries)
                ],
                observed=[Observation("a", entries)],
                record=SyncRecord({}, rule=str(numbers[-1])),
            ))
    """

    def test_killed(self, path: Path) -> None:
        """A process may be killed at any instant: each of its commits is there whole, or not."""
        for wait in (0, 1, 7, 20):
            with run(self.WRITE, path) as other:
                assert reads(other) == "begun"
                with SqliteStateStore(path, read_only=True) as reader:
                    looks = reader.sync("owner", "work").base()
                    begun = looks.count()
                    while looks.count() < begun + wait * 50:
                        pass
                other.kill()
            with SqliteStateStore(path) as store:
                sync = store.sync("owner", "work")
                count = sync.base().count()
                record = sync.record()
                assert count % 50 == 0
                assert (record.rule if record else "0") == str(count)
                assert sync.observed("a").count() == count
                assert not list(sync.base().suspects(["a"]))
                assert not list(sync.base().unbound("a"))
                assert sync.base().next_id() == count + 1

    def test_full(self, path: Path) -> None:
        """When the disk is full a commit fails as a whole, says so, and later ones succeed."""
        with SqliteStateStore(path) as store:
            sync = store.sync("owner", "work")
            agree(sync, 1)
            database = store._database.connection
            (pages,) = database.execute("PRAGMA page_count").fetchone()
            database.execute(f"PRAGMA max_page_count = {pages + 3}")
            many = [node(number, name="x" * 200) for number in range(2, 1_000)]
            new = store.sync("owner", "new")
            with pytest.raises(StateError, match="No room is left"):
                new.commit(Commit(nodes=many, observed=[Observation("new")]))
            with pytest.raises(StateError, match="No room is left"):
                sync.commit(Commit(nodes=many, record=SyncRecord({})))
            assert sync.base().count() == 1
            assert sync.record() is None
            database.execute("PRAGMA max_page_count = 1000000")
            sync.commit(Commit(nodes=many, record=SyncRecord({})))
            assert sync.base().count() == 999
            agree(new, 1)
            assert new.base().get([1]) == {1: sync.base().get([1])[1]}
