"""The state store of one machine: a single SQLite file.

The file's layout is in :mod:`._sqlite_schema`. One process at a time writes it, held off by a
lock that dies with the process; others may read meanwhile.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from syncoxiders.adapters.state import _sqlite_runs as runs
from syncoxiders.adapters.state import limits
from syncoxiders.adapters.state._sqlite_base import SqliteBaseTree, put_nodes
from syncoxiders.adapters.state._sqlite_codec import cell, pack, text, unpack
from syncoxiders.adapters.state._sqlite_database import Database, Numbers, meaning
from syncoxiders.adapters.state._sqlite_observed import SqliteObservedTree, observe, trim
from syncoxiders.adapters.state._sqlite_schema import create, inspect
from syncoxiders.core.model import Action, EndpointId, NodeId
from syncoxiders.ports.errors import StateBusy, StateError
from syncoxiders.ports.state import Commit, Event, RunRecord, SyncRecord


class SqliteStateStore:
    """A state store in the file at ``path``, which is created with its folder if need be.

    Opening raises StateBusy where another process (or another store of this one) writes it,
    StateForeign, StateCorrupt, or StateError where it cannot be opened. With ``read_only`` the
    file has to be there, may be in use, and every change raises StateError.
    """

    def __init__(self, path: Path | str, *, read_only: bool = False) -> None:
        with ExitStack() as held:
            self._database = _open(Path(path), held, read_only=read_only)
            self._close = held.pop_all().close

    def sync(self, owner: str, name: str) -> "SqliteSync":
        """Return one owner's sync; it need not exist yet."""
        return SqliteSync(self._database, owner, name)

    def close(self) -> None:
        """Release the store. May be called twice."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _open(path: Path, held: ExitStack, *, read_only: bool) -> Database:
    """Open the database; ``held`` gets what has to be released."""
    try:
        there = inspect(path)
        if not read_only:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            held.callback(os.close, _lock(path.with_name(path.name + ".lock")))
            if not inspect(path):
                with meaning(path):
                    create(path)
        elif not there:
            raise StateError(f"There is no state at {path}.")
    except OSError as error:
        raise StateError(f"The state at {path} cannot be used: {error.strerror}.") from error
    database = Database(path, read_only=read_only)
    held.callback(database.close)
    return database


def _lock(path: Path) -> int:
    """Take the writer's lock; return the file that holds it until it is closed."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(file)
        if isinstance(error, BlockingIOError):
            raise StateBusy(f"Another run is using the state in {path.parent}.") from None
        raise
    return file


class SqliteSync:
    """One owner's sync in a :class:`SqliteStateStore`."""

    def __init__(self, database: Database, owner: str, name: str) -> None:
        self._database = database
        self._numbers = Numbers(database, owner, name)

    def record(self) -> SyncRecord | None:
        """Return the sync's record, or None if it is new."""
        packed = self._database.value("SELECT record FROM sync WHERE id = ?", (self._sync,))
        return None if packed is None else unpack(packed, SyncRecord)

    def observed(self, endpoint: EndpointId) -> SqliteObservedTree:
        """Return the observed tree of an endpoint."""
        return SqliteObservedTree(self._database, self._numbers, endpoint)

    def base(self) -> SqliteBaseTree:
        """Return the base tree."""
        return SqliteBaseTree(self._database, self._numbers)

    def commit(self, change: Commit) -> frozenset[NodeId]:
        """Apply all of it or nothing, in the order: nodes, journal, observed, record."""
        with self._change() as sync:
            if change.nodes or change.forget:
                put_nodes(self._database, self._numbers, change.nodes, change.forget)
            self._journal(sync, change)
            if change.observed:
                trees = self._numbers.make_trees(seen.endpoint for seen in change.observed)
                for seen in change.observed:
                    observe(self._database, trees[seen.endpoint], seen)
            if change.record is not None:
                self._database.run(
                    "UPDATE sync SET record = ? WHERE id = ?", (pack(change.record), sync)
                )
            if change.losses:
                self._count_losses(sync, change)
        return frozenset()

    def trim(self, planned: Mapping[EndpointId, int]) -> None:
        """Drop the change log up to these positions."""
        with self._change():
            for endpoint, position in planned.items():
                trim(self._database, self._numbers.tree(endpoint), position)

    def open_actions(self) -> list[Action]:
        """Return the actions that were opened and not closed, in the order of opening."""
        found = self._database.rows(
            "SELECT body FROM action WHERE sync = ? ORDER BY seq", (self._sync,)
        )
        return [unpack(body, Action) for (body,) in found]

    def losses(self, since: float) -> int:
        """Return how many base nodes were deleted or overwritten since a time."""
        found: int | None = self._database.value(
            "SELECT sum(nodes) FROM loss WHERE sync = ? AND at >= ?", (self._sync, since)
        )
        return found or 0

    def begin_run(self, started: float) -> int:
        """Open a run and return its number. Runs left open by a dead process are ended."""
        with self._change() as sync:
            return runs.begin(self._database, sync, started)

    def log(self, run: int, events: Sequence[Event]) -> None:
        """Append to a run's log."""
        with self._change() as sync:
            runs.append(self._database, sync, run, events)

    def end_run(self, run: RunRecord) -> None:
        """Close a run."""
        with self._change() as sync:
            runs.put(self._database, sync, run)

    def runs(self, limit: int) -> list[RunRecord]:
        """Return the newest runs, newest first."""
        return runs.newest(self._database, self._sync, limit)

    def events(self, run: int) -> list[Event]:
        """Return a run's log in order."""
        return runs.events(self._database, self._sync, run)

    def save_text(self, key: str, text: str) -> None:
        """Keep a small text under a key; ``""`` removes it."""
        with self._change() as sync:
            self._database.run("DELETE FROM text WHERE sync = ? AND key = ?", (sync, cell(key)))
            if text:
                self._database.run(
                    "INSERT INTO text (sync, key, body) VALUES (?, ?, ?)",
                    (sync, cell(key), cell(text)),
                )

    def text(self, key: str) -> str:
        """Return a kept text, ``""`` if there is none."""
        found = self._database.value(
            "SELECT body FROM text WHERE sync = ? AND key = ?", (self._sync, cell(key))
        )
        return "" if found is None else text(found)

    def texts(self, prefix: str) -> list[str]:
        """Return the keys of the kept texts that begin so."""
        found = self._database.rows("SELECT key FROM text WHERE sync = ?", (self._sync,))
        keys = [text(key) for (key,) in found]
        return [key for key in keys if key.startswith(prefix)]

    @property
    def _sync(self) -> int:
        return self._numbers.sync()

    @contextmanager
    def _change(self) -> Iterator[int]:
        """Begin a transaction and yield the sync's number."""
        try:
            with self._database.transaction():
                yield self._numbers.make_sync()
        except BaseException:
            self._numbers.forget()
            raise

    def _journal(self, sync: int, change: Commit) -> None:
        self._database.insert(
            "INSERT INTO action (sync, id, body)",
            [(sync, cell(action.id), pack(action)) for action in change.opened],
            "ON CONFLICT (sync, id) DO UPDATE SET body = excluded.body",
        )
        self._database.run_among(
            "DELETE FROM action WHERE sync = ? AND id IN ({})",
            sync,
            [cell(closed) for closed in change.closed],
        )

    def _count_losses(self, sync: int, change: Commit) -> None:
        self._database.run(
            "INSERT INTO loss (sync, at, nodes) VALUES (?, ?, ?)"
            " ON CONFLICT (sync, at) DO UPDATE SET nodes = nodes + excluded.nodes",
            (sync, change.at, change.losses),
        )
        self._database.run(
            "DELETE FROM loss WHERE sync = ? AND at < ?", (sync, change.at - limits.KEEP_LOSSES)
        )
