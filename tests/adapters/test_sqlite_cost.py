"""What the SQLite state costs: as much as is asked for, however much it holds."""

import itertools
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncoxiders.adapters.state.sqlite import SqliteStateStore
from syncoxiders.core.model import Content, Entry, Kind, Node
from syncoxiders.ports.state import Commit, Event, Observation, SyncRecord, SyncStore
from tests.contracts.state_harness import action, replica

FOLDER = 50


def seen(endpoint: str, number: int, version: str = "1") -> Entry:
    parent, name = f"{endpoint}-folder-{number // FOLDER}", f"Name {number % FOLDER}"
    return Entry(f"{endpoint}-{number}", parent, name, Kind.FILE, version)


def agreed(number: int, *, gone: bool = False) -> Node:
    entries = {endpoint: seen(endpoint, number) for endpoint in ("a", "b")}
    replicas = {endpoint: replica(entry, gone=gone) for endpoint, entry in entries.items()}
    name, parent = entries["a"].name, number // FOLDER
    return Node(number, parent, name, Kind.FILE, Content(1), gone=gone, replicas=replicas)


def fill(sync: SyncStore, count: int) -> None:
    for start in range(1, count + 1, 1_000):
        numbers = range(start, min(start + 1_000, count + 1))
        sync.commit(
            Commit(
                nodes=[agreed(number) for number in numbers],
                observed=[Observation(e, [seen(e, n) for n in numbers]) for e in ("a", "b")],
            )
        )


def incremental(sync: SyncStore, count: int) -> None:
    """Ask and write what an incremental run of a hundred changes does."""
    base, tree = sync.base(), sync.observed("a")
    changed = range(count // 2, count // 2 + 100)
    run = sync.begin_run(1.0)
    assert (tree.count(), base.count(), base.next_id()) == (count, count, count + 1)
    _, before = tree.changes(count, 1)
    new = [seen("a", number, "2") for number in changed]
    sync.commit(Commit(observed=[Observation("a", new)]))
    ids, end = tree.changes(before, 1_000)
    assert len(tree.get(ids)) == len(base.of("a", ids)) == len(base.get(changed)) == 100
    base.at(count // 2 // FOLDER, "name 1")
    base.conflicts()
    tree.at(new[0].parent, "name 1")
    sync.commit(
        Commit(
            nodes=[agreed(number) for number in changed],
            forget=[1],
            opened=[action(str(number)) for number in changed],
            observed=[Observation("b", [seen("b", n) for n in changed], ["b-1"], log=False)],
            record=SyncRecord({}, planned={"a": end}),
            at=1.0,
            losses=1,
        )
    )
    assert len(sync.open_actions()) == 100
    sync.commit(Commit(closed=[str(number) for number in changed]))
    sync.trim({"a": end})
    sync.log(run, [Event("note", "a", "path")])
    sync.end_run(sync.runs(1)[0])
    assert (sync.losses(0), sync.text("key"), len(sync.events(run))) == (1, "", 1)


def full(sync: SyncStore, count: int) -> None:
    """Ask what a full run over unchanged trees asks."""
    base = sync.base()
    assert not list(base.suspects(["a", "b"]))
    assert not list(base.unbound("a"))
    assert len([*itertools.chain(*base.suspects(["a", "b", "c"]))]) == count
    assert sum(map(len, base.ids())) == count
    for number in range(0, count, FOLDER):
        sync.observed("a").children(seen("a", number).parent)
        base.children(number // FOLDER)


class Watched:
    """A filled store whose statements are recorded."""

    def __init__(self, path: Path, count: int) -> None:
        self.count = count
        self.store = SqliteStateStore(path)
        self.sync = self.store.sync("owner", "work")
        # Another sync's rows in front, so that no statement is right by chance.
        fill(self.store.sync("another", "work"), 2_000)
        fill(self.sync, count)
        self.connection: sqlite3.Connection = self.store._database.connection
        self.statements: list[str] = []
        self.work = 0

    def watch(self) -> None:
        self.connection.set_trace_callback(self.statements.append)
        self.connection.set_progress_handler(self._step, 10)

    def _step(self) -> int:
        self.work += 1
        return 0

    def plans(self) -> dict[str, list[str]]:
        """Return how SQLite executes each statement that was recorded."""
        self.connection.set_trace_callback(None)
        return {
            sql: [row[3] for row in self.connection.execute(f"EXPLAIN QUERY PLAN {sql}")]
            for sql in set(self.statements)
            if sql.startswith(("SELECT", "UPDATE", "DELETE", "INSERT"))
        }


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    watched = Watched(tmp_path / "state.db", 1_000)
    watched.watch()
    yield watched
    watched.store.close()


@pytest.mark.parametrize("asks", [incremental, full])
def test_by_index(watched: Watched, asks: type) -> None:
    """No statement goes through a table or an index from its beginning, or sorts by itself."""
    asks(watched.sync, watched.count)
    plans = watched.plans()
    assert len(plans) > 5
    for sql, steps in plans.items():
        # The open actions, which are few, are sorted.
        assert "FROM action" in sql or not any("TEMP B-TREE" in step for step in steps), (
            sql,
            steps,
        )
        assert not any("SCAN" in step for step in steps), (sql, steps)


SMALL = ("SEARCH action", "SEARCH run", "SEARCH node USING INDEX node_conflict")
ENDS = "SELECT min("


def test_by_enough_of_the_index(watched: Watched) -> None:
    """An incremental run reads no whole sync or tree, except of what is few."""
    incremental(watched.sync, watched.count)
    for sql, steps in watched.plans().items():
        for step in steps:
            whole = step.endswith(("(tree=?)", "(sync=?)"))
            assert not whole or sql.startswith(ENDS) or step.startswith(SMALL), (sql, step)


def test_same_in_any_tree(tmp_path: Path) -> None:
    """A hundred changes cost the same statements, and the same work, in trees of any size."""
    statements, work = [], []
    for count in (2_000, 40_000):
        watched = Watched(tmp_path / f"{count}.db", count)
        watched.watch()
        incremental(watched.sync, count)
        watched.store.close()
        statements.append(len(watched.statements))
        work.append(watched.work)
    assert statements[0] == statements[1]
    assert work[1] <= work[0] * 1.05


def test_threads(tmp_path: Path) -> None:
    """Threads may ask while another commits, and see each commit whole."""
    with SqliteStateStore(tmp_path / "state.db") as store:
        sync = store.sync("owner", "work")
        stop = threading.Event()
        torn: list[int] = []

        def look() -> None:
            while not stop.is_set():
                found = sync.observed("a").children("folder")
                if len({entry.version for entry in found}) > 1:
                    torn.append(len(found))

        threads = [threading.Thread(target=look) for _ in range(2)]
        for thread in threads:
            thread.start()
        for version in range(30):
            entries = [Entry(f"{n}", "folder", f"{n}", Kind.FILE, f"{version}") for n in range(60)]
            sync.commit(Commit(observed=[Observation("a", entries)]))
        stop.set()
        for thread in threads:
            thread.join()
        assert torn == []
