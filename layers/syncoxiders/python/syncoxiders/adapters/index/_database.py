"""The database of an index: entries in the order of their folders, and their names' words.

Entries go by small numbers, of which there is one for each key that was ever seen; a folder's
number is there before its entry. Words are kept by number alone, without the text that they are
from, nor where in it they stand: names tell that.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

from syncoxiders.adapters.index._head import FORM
from syncoxiders.core import words
from syncoxiders.core.filetypes import FOLDER
from syncoxiders.core.indexed import ROOT_KEY, Row
from syncoxiders.ports.errors import StateError

ROOT = 0
"""The root folder's number."""

_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
"""Primary codes; their extended forms have them in the last byte (https://sqlite.org/rescode.html)."""

_CACHE = 64 << 10
"""Kibibytes of a database that is written are kept in memory."""

_TABLES = f"""
PRAGMA page_size = 8192;
PRAGMA user_version = {FORM};
CREATE TABLE keys (key INTEGER PRIMARY KEY, num INTEGER NOT NULL);
CREATE TABLE entries (
    num INTEGER PRIMARY KEY,
    parent INTEGER NOT NULL,
    name TEXT NOT NULL,
    type INTEGER NOT NULL,
    size INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    node INTEGER NOT NULL
);
CREATE TABLE contents (
    num INTEGER, content INTEGER, PRIMARY KEY (num, content)
) WITHOUT ROWID;
CREATE TABLE folders (num INTEGER PRIMARY KEY, bytes INTEGER NOT NULL);
CREATE VIRTUAL TABLE words USING fts5(
    text, content='', columnsize=0, detail=none, prefix='1 2', tokenize='ascii'
);
"""

# Rows are gathered, then numbered folder by folder: like that they take less room compressed.
# The root is 0 as a key and as a number.
_GATHER = """
CREATE TEMP TABLE raw (
    key INTEGER PRIMARY KEY, parent INTEGER, name TEXT, type INTEGER, size INTEGER,
    modified INTEGER, node INTEGER
);
CREATE TEMP TABLE raw_contents (key INTEGER, content INTEGER);
"""
_NUMBER = """
INSERT INTO keys SELECT key, row_number() OVER (ORDER BY parent, name) FROM raw;
INSERT INTO keys
    SELECT parent, (SELECT count(*) FROM raw) + row_number() OVER (ORDER BY parent)
    FROM (SELECT DISTINCT parent FROM raw)
    WHERE parent != 0 AND parent NOT IN (SELECT key FROM raw);
INSERT INTO entries
    SELECT own.num, coalesce(above.num, 0), name, type, size, modified, node
    FROM raw JOIN keys own USING (key) LEFT JOIN keys above ON above.key = raw.parent
    ORDER BY own.num;
INSERT OR IGNORE INTO contents
    SELECT num, content FROM raw_contents JOIN keys USING (key) ORDER BY num, content;
INSERT INTO words (rowid, text) SELECT num, words_of(name) FROM entries;
CREATE INDEX children ON entries (parent);
"""


class NoWordIndex(StateError):  # noqa: N818 -- named after what it says
    """This Python's SQLite has no FTS5."""


def check() -> None:
    """Make sure that this Python's SQLite can do what is needed. Raises NoWordIndex."""
    try:
        with closing(sqlite3.connect(":memory:")) as database:
            create(database)
    except sqlite3.OperationalError as error:
        raise NoWordIndex(
            f"the index of files needs an SQLite with FTS5; this one ({sqlite3.sqlite_version}) "
            f"has none: {error}"
        ) from error


def is_damage(error: sqlite3.Error) -> bool:
    """Say whether an error tells that a file is no sound database, rather than of a full disk."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED


def create(database: sqlite3.Connection) -> None:
    """Make the tables in an empty database."""
    database.executescript(_TABLES)
    database.create_function("words_of", 1, words_of, deterministic=True)


def writable(path: Path) -> sqlite3.Connection:
    """Open a file to be written by nobody else, and made anew where that fails."""
    database = sqlite3.connect(path, isolation_level=None)
    database.executescript(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;"
        f"PRAGMA cache_size = -{_CACHE};"
    )
    database.create_function("words_of", 1, words_of, deterministic=True)
    return database


def words_of(name: str) -> str:
    """Return what the words of a name are found by."""
    return " ".join(words.words(name))


def build(path: Path, rows: Iterable[tuple[int, Row]]) -> None:
    """Make a database of all rows; of one key the last one counts."""
    with closing(writable(path)) as database:
        create(database)
        database.executescript(_GATHER)
        database.execute("BEGIN")
        for key, row in rows:
            database.execute(
                "INSERT OR REPLACE INTO raw VALUES (?, ?, ?, ?, ?, ?, ?)",
                (key, row.parent, row.name, row.type, row.size, row.modified, row.node),
            )
            for content in row.contents:
                database.execute("INSERT INTO raw_contents VALUES (?, ?)", (key, content))
        database.execute("COMMIT")
        database.executescript(f"BEGIN; {_NUMBER} COMMIT;")
        database.execute("BEGIN")
        _sum_up(database)
        database.execute("COMMIT")


def change(path: Path, rows: Mapping[int, Row | None]) -> None:
    """Change a database by what is known of some keys."""
    with closing(writable(path)) as database:
        database.execute("BEGIN")
        number = numbering(database, following(database))
        given: dict[int, int] = {}

        def numbered(key: int) -> int:
            found = number(key)
            given.setdefault(key, found)
            return found

        for key, row in rows.items():
            put(database, numbered(key), ROOT if row is None else numbered(row.parent), row)
        database.executemany(
            "INSERT OR IGNORE INTO keys VALUES (?, ?)",
            [(key, num) for key, num in given.items() if key != ROOT_KEY],
        )
        _sum_up(database)
        database.execute("COMMIT")


def following(database: sqlite3.Connection) -> int:
    """Return a number above all that are used."""
    ((highest,),) = database.execute("SELECT max(num) FROM keys")
    return (highest or ROOT) + 1


def numbering(database: sqlite3.Connection, first: int) -> Callable[[int], int]:
    """Return what gives the numbers of keys: those that are new get some from ``first`` on."""
    new: dict[int, int] = {ROOT_KEY: ROOT}

    def number(key: int) -> int:
        if key in new:
            return new[key]
        found = database.execute("SELECT num FROM keys WHERE key = ?", (key,)).fetchone()
        if found is not None:
            return int(found[0])
        return new.setdefault(key, first + len(new) - 1)

    return number


def put(database: sqlite3.Connection, num: int, parent: int, row: Row | None) -> None:
    """Put an entry in place of the one of this number, or remove that."""
    old = database.execute("SELECT name FROM entries WHERE num = ?", (num,)).fetchone()
    worded = old is not None
    if old is not None:
        if row is None or old[0] != row.name:
            worded = False
            database.execute(
                "INSERT INTO words (words, rowid, text) VALUES ('delete', ?, ?)",
                (num, words_of(old[0])),
            )
        database.execute("DELETE FROM entries WHERE num = ?", (num,))
        database.execute("DELETE FROM contents WHERE num = ?", (num,))
    if row is None:
        return
    database.execute(
        "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?)",
        (num, parent, row.name, row.type, row.size, row.modified, row.node),
    )
    for content in set(row.contents):
        database.execute("INSERT INTO contents VALUES (?, ?)", (num, content))
    if not worded:
        database.execute("INSERT INTO words (rowid, text) VALUES (?, ?)", (num, words_of(row.name)))


def _sum_up(database: sqlite3.Connection) -> None:
    """Note how many bytes there are in each folder and all below it."""
    above = dict(
        database.execute("SELECT num, parent FROM entries WHERE type = ?", (FOLDER,)).fetchall()
    )
    amounts: defaultdict[int, int] = defaultdict(int)
    direct = database.execute(
        "SELECT parent, sum(size) FROM entries WHERE size > 0 GROUP BY parent"
    )
    for folder, size in direct:
        for each in chain(folder, above):
            amounts[each] += size
    database.execute("DELETE FROM folders")
    database.executemany("INSERT INTO folders VALUES (?, ?)", amounts.items())


def chain(folder: int, above: Mapping[int, int]) -> Iterator[int]:
    """Yield a folder and all folders above it, the root included."""
    seen = set[int]()
    while folder not in seen:
        yield folder
        seen.add(folder)
        if folder == ROOT or folder not in above:
            return
        folder = above[folder]
