"""Runs and their logs in the SQLite state file."""

from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from syncoxiders.adapters.state import limits
from syncoxiders.adapters.state._sqlite_codec import pack, unpack
from syncoxiders.adapters.state._sqlite_database import Database
from syncoxiders.ports.state import Event, RunRecord

_CHUNK = 1_000
_Fields: TypeAlias = list[tuple[str, str, str, str]]


def begin(database: Database, sync: int, started: float) -> int:
    """Open a run and return its number; close those left open, drop those too old."""
    for run in newest(database, sync, limits.KEEP_RUNS):
        if not run.outcome:
            put(database, sync, msgspec.structs.replace(run, ended=started, outcome="interrupted"))
    database.run("UPDATE sync SET runs = runs + 1 WHERE id = ?", (sync,))
    number: int = database.value("SELECT runs FROM sync WHERE id = ?", (sync,))
    database.run(
        "INSERT INTO run (sync, id, body) VALUES (?, ?, ?)",
        (sync, number, pack(RunRecord(number, started))),
    )
    oldest = number - limits.KEEP_RUNS
    database.run("DELETE FROM run WHERE sync = ? AND id <= ?", (sync, oldest))
    _dropped(
        database,
        sync,
        database.rows(
            "DELETE FROM event WHERE sync = ? AND run <= ? RETURNING count", (sync, oldest)
        ),
    )
    return number


def put(database: Database, sync: int, run: RunRecord) -> None:
    """Replace a run's record."""
    database.run("UPDATE run SET body = ? WHERE sync = ? AND id = ?", (pack(run), sync, run.id))


def newest(database: Database, sync: int, limit: int) -> list[RunRecord]:
    """Return the newest runs, newest first."""
    found = database.rows(
        "SELECT body FROM run WHERE sync = ? ORDER BY id DESC LIMIT ?", (sync, limit)
    )
    return [unpack(body, RunRecord) for (body,) in found]


def append(database: Database, sync: int, run: int, events: Sequence[Event]) -> None:
    """Append to a run's log; the oldest events give way where there are too many."""
    if not database.rows("SELECT 1 FROM run WHERE sync = ? AND id = ?", (sync, run)):
        return
    for start in range(0, len(events), _CHUNK):
        part = events[start : start + _CHUNK]
        database.run(
            "INSERT INTO event (sync, run, count, body) VALUES (?, ?, ?, ?)",
            (sync, run, len(part), pack([msgspec.structs.astuple(event) for event in part])),
        )
    database.run("UPDATE sync SET events = events + ? WHERE id = ?", (len(events), sync))
    while database.value("SELECT events FROM sync WHERE id = ?", (sync,)) > limits.KEEP_EVENTS:
        _dropped(
            database,
            sync,
            database.rows(
                "DELETE FROM event WHERE seq = (SELECT seq FROM event WHERE sync = ?"
                " ORDER BY run, seq LIMIT 1) RETURNING count",
                (sync,),
            ),
        )


def events(database: Database, sync: int, run: int) -> list[Event]:
    """Return a run's log in order."""
    found = database.rows(
        "SELECT body FROM event WHERE sync = ? AND run = ? ORDER BY seq", (sync, run)
    )
    return [Event(*fields) for (body,) in found for fields in unpack(body, _Fields)]


def _dropped(database: Database, sync: int, counts: list[tuple[int]]) -> None:
    database.run(
        "UPDATE sync SET events = events - ? WHERE id = ?", (sum(n for (n,) in counts), sync)
    )
