"""The layout of the SQLite state file, its creation, and the look at a file before it is used.

Rows are clustered for how they are read. ``observed`` lies in the order of folders, so that a
folder's entries are one range; ``observed_id`` covers what the comparison with base needs, so
that a full plan reads two sorted ranges and nothing else. ``fp`` is the fingerprint of version
and place, see :func:`._sqlite_codec.fingerprint`. A node's replicas live in its ``body``;
``bound`` is the way from an entry to its node, with the fingerprint that the replica stands for,
or NULL where nothing should be observed any more.

Statements name the index they mean: SQLite, which has no statistics of these tables, else prefers
the beginning of a primary key (all rows of a sync) to the whole of an index (a few).
"""

import os
import re
import sqlite3
import struct
from pathlib import Path

from syncoxiders.ports.errors import StateCorrupt, StateForeign

APPLICATION_ID = 0x53594F58  # "SYOX"
VERSION = 1

_MAGIC = b"SQLite format 3\0"
_HEADER = 100
_PAGE_SIZE = 16
_PAGE_COUNT = 28
_USER_VERSION = 60
_APPLICATION_ID = 68

_PAGE = 8192

REMEDY = (
    "Nothing was changed. Move it away and run again: what the folders hold is then compared "
    "afresh, and nothing is deleted."
)

_TABLES = """
CREATE TABLE sync (
    id INTEGER PRIMARY KEY,
    owner NOT NULL,
    name NOT NULL,
    record,
    highest INTEGER NOT NULL DEFAULT 0,
    nodes INTEGER NOT NULL DEFAULT 0,
    events INTEGER NOT NULL DEFAULT 0,
    runs INTEGER NOT NULL DEFAULT 0,
    UNIQUE (owner, name)
);
CREATE TABLE tree (
    id INTEGER PRIMARY KEY,
    sync INTEGER NOT NULL,
    endpoint NOT NULL,
    entries INTEGER NOT NULL DEFAULT 0,
    logged INTEGER NOT NULL DEFAULT 0,
    UNIQUE (sync, endpoint)
);
CREATE TABLE observed (
    tree INTEGER NOT NULL,
    parent NOT NULL,
    key NOT NULL,
    id NOT NULL,
    name,
    fp INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (tree, parent, key, id)
) WITHOUT ROWID;
CREATE INDEX observed_id ON observed (tree, id, fp);
CREATE TABLE change (
    tree INTEGER NOT NULL,
    upto INTEGER NOT NULL,
    ids NOT NULL,
    PRIMARY KEY (tree, upto)
) WITHOUT ROWID;
CREATE TABLE node (
    sync INTEGER NOT NULL,
    id INTEGER NOT NULL,
    parent INTEGER NOT NULL,
    key NOT NULL,
    name,
    flags INTEGER NOT NULL,
    reach TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (sync, id)
) WITHOUT ROWID;
CREATE INDEX node_place ON node (sync, parent, key);
CREATE INDEX node_reach ON node (sync, reach);
CREATE INDEX node_conflict ON node (sync) WHERE flags & 16;
CREATE TABLE bound (
    tree INTEGER NOT NULL,
    entry NOT NULL,
    node INTEGER NOT NULL,
    fp INTEGER,
    PRIMARY KEY (tree, entry, node)
) WITHOUT ROWID;
CREATE TABLE action (
    seq INTEGER PRIMARY KEY,
    sync INTEGER NOT NULL,
    id NOT NULL,
    body NOT NULL,
    UNIQUE (sync, id)
);
CREATE TABLE loss (
    sync INTEGER NOT NULL,
    at REAL NOT NULL,
    nodes INTEGER NOT NULL,
    PRIMARY KEY (sync, at)
) WITHOUT ROWID;
CREATE TABLE run (
    sync INTEGER NOT NULL,
    id INTEGER NOT NULL,
    body NOT NULL,
    PRIMARY KEY (sync, id)
) WITHOUT ROWID;
CREATE TABLE event (
    seq INTEGER PRIMARY KEY,
    sync INTEGER NOT NULL,
    run INTEGER NOT NULL,
    count INTEGER NOT NULL,
    body BLOB NOT NULL
);
CREATE INDEX event_run ON event (sync, run);
CREATE TABLE text (
    sync INTEGER NOT NULL,
    key NOT NULL,
    body NOT NULL,
    PRIMARY KEY (sync, key)
) WITHOUT ROWID;
"""


def inspect(path: Path) -> bool:
    """Say whether there is a state file, without touching anything.

    Raises StateForeign for a file that is not ours or of another version, StateCorrupt for one
    that was cut off. It reads the file's header itself, because SQLite would recover (write to)
    another program's database.
    """
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER)
            length = file.seek(0, os.SEEK_END)
    except FileNotFoundError:
        return False
    if len(header) < _HEADER or not header.startswith(_MAGIC):
        raise StateForeign(
            f"{path} is not a state of SyncOxiders. Nothing was touched: "
            "move it away, or choose another place for the state."
        )
    (version,) = struct.unpack_from(">I", header, _USER_VERSION)
    (application,) = struct.unpack_from(">I", header, _APPLICATION_ID)
    if application != APPLICATION_ID:
        raise StateForeign(
            f"{path} is the database of another program. Nothing was touched: "
            "choose another place for the state."
        )
    if version != VERSION:
        raise StateForeign(
            f"{path} was written by another version of SyncOxiders (its layout is {version}, this "
            f"version knows {VERSION}). Nothing was touched: use the version that wrote it."
        )
    (size,) = struct.unpack_from(">H", header, _PAGE_SIZE)
    (pages,) = struct.unpack_from(">I", header, _PAGE_COUNT)
    if length < size * pages and not _side(path, "-wal").exists():
        raise StateCorrupt(f"{path} is damaged: it was cut off. {REMEDY}")
    return True


def _side(path: Path, end: str) -> Path:
    return path.with_name(path.name + end)


def create(path: Path) -> None:
    """Create an empty state file in one step: it is there whole, or not at all."""
    new = _side(path, ".new")
    # A write-ahead log that a deleted state left behind would be replayed into the new one.
    for stale in (new, _side(path, "-wal"), _side(path, "-shm")):
        stale.unlink(missing_ok=True)
    os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    database = sqlite3.connect(new, isolation_level=None)
    try:
        database.executescript(
            f"PRAGMA page_size = {_PAGE}; PRAGMA synchronous = FULL; BEGIN;"
            f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION};"
            f"{_TABLES} COMMIT; PRAGMA journal_mode = WAL;"
        )
    finally:
        database.close()
    new.replace(path)


def check(database: sqlite3.Connection, path: Path) -> None:
    """Raise StateCorrupt, or SQLite's own error, where the file's skeleton is damaged.

    It reads the schema and both ends of every table, so it costs the same whatever their size.
    """
    held = {name for (name,) in database.execute("SELECT name FROM sqlite_schema")}
    if lost := set(re.findall(r"CREATE (?:TABLE|INDEX) (\w+)", _TABLES)) - held:
        raise StateCorrupt(f"{path} is damaged: it lacks {', '.join(sorted(lost))}. {REMEDY}")
    for table in re.findall(r"CREATE TABLE (\w+)", _TABLES):
        columns = database.execute(
            "SELECT name FROM pragma_table_info(?) WHERE pk ORDER BY pk", (table,)
        ).fetchall()
        for direction in ("ASC", "DESC"):
            order = ", ".join(f"{name} {direction}" for (name,) in columns)
            sql = f"SELECT * FROM {table} ORDER BY {order} LIMIT 1"  # noqa: S608 -- our own names
            database.execute(sql).fetchall()
