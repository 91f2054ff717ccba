"""One connection to the state file: statements, transactions, and what SQLite's errors mean."""

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, MutableSequence, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

from syncoxiders.adapters.state._sqlite_codec import Cell, Row, cell, text
from syncoxiders.adapters.state._sqlite_schema import REMEDY, check
from syncoxiders.core.model import EndpointId
from syncoxiders.ports.errors import StateBusy, StateCorrupt, StateError

_CHUNK = 512

_TOGETHER = 128
"""So many rows are inserted by one statement."""

_SETTINGS = """
PRAGMA cache_size = -32768;
PRAGMA wal_autocheckpoint = 4096;
"""

_WRITER_SETTINGS = """
PRAGMA synchronous = NORMAL;
PRAGMA secure_delete = OFF;
PRAGMA temp_store = MEMORY;
"""
# NORMAL: a power loss may take the last commits with it, never a part of one, and never an
# earlier one without the later. An effect whose journal is lost that way is found by the next
# look and adopted; what a commit says of files was settled on their disk before it.
# MEMORY: what would undo a statement that inserts many rows is no larger than these.


# A message, or a text, that a damaged file brings about need not be valid UTF-8.
_ERRORS = (sqlite3.Error, UnicodeDecodeError)

_OUTSIDE = (
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_NOLFS,
    sqlite3.SQLITE_AUTH,
)
"""Errors that do not tell of the file's content. All others do: the statements are ours."""


class Database:
    """A connection that several threads may use, one statement or transaction at a time.

    Opening it raises StateCorrupt where the file's skeleton is damaged.
    """

    def __init__(self, path: Path, *, read_only: bool) -> None:
        self._path = path
        self._read_only = read_only
        self._lock = threading.RLock()
        with meaning(path):
            self.connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rw'}",
                uri=True,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=256,
            )
            try:
                self.connection.executescript(
                    _SETTINGS if read_only else _SETTINGS + _WRITER_SETTINGS
                )
                check(self.connection, path)
            except BaseException:
                self.connection.close()
                raise

    def close(self) -> None:
        """Close the connection; the log is folded into the file where this is the last one."""
        with self._lock, meaning(self._path):
            self.connection.close()

    def rows(self, sql: str, parameters: Row = ()) -> list[Any]:
        """Return all rows of a query."""
        with self._lock:
            try:
                return self.connection.execute(sql, parameters).fetchall()
            except _ERRORS as error:
                raise _meant(self._path, error) from error

    def value(self, sql: str, parameters: Row = ()) -> Any:
        """Return the first column of the first row, or None."""
        found = self.rows(sql, parameters)
        return found[0][0] if found else None

    def collect(self, into: MutableSequence[int], sql: str, parameters: Row) -> None:
        """Append the first column of each row, of which there may be many."""
        with self._lock, meaning(self._path):
            cursor = self.connection.execute(sql, parameters)
            while rows := cursor.fetchmany(_CHUNK):
                into.extend([row[0] for row in rows])

    def among(self, sql: str, first: Cell, among: Sequence[Cell]) -> Iterator[Any]:
        """Yield the rows of a query that ends in ``= ? ... IN ({})``, for values of any number."""
        for whole, parameters in _in_parts(sql, first, among):
            yield from self.rows(whole, parameters)

    def run(self, sql: str, parameters: Row = ()) -> int:
        """Execute one statement inside a transaction; return how many rows it touched."""
        return self.connection.execute(sql, parameters).rowcount

    def run_among(self, sql: str, first: Cell, among: Sequence[Cell]) -> int:
        """Execute what ends as :meth:`among` says, in a transaction; return the rows touched."""
        return sum(self.run(*part) for part in _in_parts(sql, first, among))

    def insert(self, into: str, rows: Sequence[Row], then: str = "") -> None:
        """Insert rows, inside a transaction; ``into`` ends before ``VALUES``, ``then`` comes after.

        Many go with one statement: what is done between two, letting go of the interpreter and
        taking it up again above all, costs about as much as the insertion itself.
        """
        if not rows:
            return
        row = f"({','.join('?' * len(rows[0]))})"
        whole = len(rows) - len(rows) % _TOGETHER
        together = f"{into} VALUES {','.join([row] * _TOGETHER)} {then}"
        for start in range(0, whole, _TOGETHER):
            part = rows[start : start + _TOGETHER]
            self.connection.execute(together, [*chain.from_iterable(part)])
        self.connection.executemany(f"{into} VALUES {row} {then}", rows[whole:])

    def many(self, sql: str, rows: Iterable[Row]) -> int:
        """Execute a statement for each row, inside a transaction; return the rows touched."""
        return max(self.connection.executemany(sql, rows).rowcount, 0)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make what is done inside durable together, or not at all."""
        if self._read_only:
            raise StateError(f"{self._path} was opened for reading only.")
        with self._lock, meaning(self._path):
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.connection.execute("COMMIT")
            except BaseException:
                # SQLite itself has already rolled back where the disk is full or fails.
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise


def _in_parts(sql: str, first: Cell, among: Sequence[Cell]) -> Iterator[tuple[str, Row]]:
    """Yield statements for a list of any length, with their parameters.

    Lists are filled up to a power of two, so that few statements have to be prepared.
    """
    for start in range(0, len(among), _CHUNK):
        part = among[start : start + _CHUNK]
        size = 1 << (len(part) - 1).bit_length()
        filled = (*part, *[part[-1]] * (size - len(part)))
        yield sql.format(",".join("?" * size)), (first, *filled)


@contextmanager
def meaning(path: Path) -> Iterator[None]:
    """Raise SQLite's errors as what they mean for the state at ``path``."""
    try:
        yield
    except _ERRORS as error:
        raise _meant(path, error) from error


def _meant(path: Path, error: Exception) -> StateError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if isinstance(error, sqlite3.ProgrammingError):
        return StateError(f"{path}: {error}")
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StateBusy(f"{path} is in use by another program.")
    if code == sqlite3.SQLITE_FULL:
        return StateError(f"No room is left for {path}. The last step was not recorded.")
    if code in _OUTSIDE:
        return StateError(f"{path} cannot be read or written ({error}).")
    return StateCorrupt(f"{path} is damaged ({error}). {REMEDY}")


class Numbers:
    """The short numbers under which the file knows one sync and its endpoints.

    0 stands for what the file does not know yet, and is nobody's number.
    """

    def __init__(self, database: Database, owner: str, name: str) -> None:
        self._database = database
        self._owner = owner
        self._name = name
        self._sync = 0
        self._trees: dict[EndpointId, int] = {}
        self._endpoints: dict[int, EndpointId] = {}

    def sync(self) -> int:
        """Return the sync's number, or 0."""
        if not self._sync:
            self._sync = (
                self._database.value(
                    "SELECT id FROM sync WHERE owner = ? AND name = ?",
                    (cell(self._owner), cell(self._name)),
                )
                or 0
            )
        return self._sync

    def tree(self, endpoint: EndpointId) -> int:
        """Return the number of the endpoint's trees in this sync, or 0."""
        if endpoint not in self._trees:
            self._load()
        return self._trees.get(endpoint, 0)

    def endpoint(self, tree: int) -> EndpointId:
        """Return the endpoint of a number. Raises KeyError where there is none."""
        if tree not in self._endpoints:
            self._load()
        return self._endpoints[tree]

    def _load(self) -> None:
        found = self._database.rows("SELECT endpoint, id FROM tree WHERE sync = ?", (self.sync(),))
        self._trees = {text(endpoint): number for endpoint, number in found}
        self._endpoints = {number: endpoint for endpoint, number in self._trees.items()}

    def make_sync(self) -> int:
        """Return the sync's number, made up if need be. Inside a transaction."""
        if not self.sync():
            self._database.run(
                "INSERT INTO sync (owner, name) VALUES (?, ?)",
                (cell(self._owner), cell(self._name)),
            )
        return self.sync()

    def make_trees(self, endpoints: Iterable[EndpointId]) -> Mapping[EndpointId, int]:
        """Return the number of each endpoint, made up if need be. Inside a transaction."""
        new = {endpoint for endpoint in endpoints if endpoint not in self._trees}
        if new:
            sync = self.make_sync()
            self._database.many(
                "INSERT OR IGNORE INTO tree (sync, endpoint) VALUES (?, ?)",
                [(sync, cell(endpoint)) for endpoint in sorted(new)],
            )
            self._load()
        return self._trees

    def forget(self) -> None:
        """Drop what was learnt in a transaction that failed."""
        self._sync = 0
        self._trees = {}
        self._endpoints = {}
