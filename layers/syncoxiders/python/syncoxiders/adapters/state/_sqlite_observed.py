"""Observed trees and their change logs in the SQLite state file."""

from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter
from typing import Any

from syncoxiders.adapters.state._sqlite_codec import (
    Cell,
    cell,
    entries,
    entry_row,
    pack,
    text,
    unpack,
)
from syncoxiders.adapters.state._sqlite_database import Database, Numbers
from syncoxiders.core.model import EndpointId, Entry, EntryId
from syncoxiders.ports.state import Observation

_LOG_ROW = 1_000


class SqliteObservedTree:
    """The observed tree of one endpoint."""

    def __init__(self, database: Database, numbers: Numbers, endpoint: EndpointId) -> None:
        self._database = database
        self._numbers = numbers
        self._endpoint = endpoint

    @property
    def _tree(self) -> int:
        return self._numbers.tree(self._endpoint)

    def get(self, ids: Iterable[EntryId]) -> dict[EntryId, Entry]:
        """Return those that are there."""
        found: dict[EntryId, Entry] = {}
        rows = self._database.among(
            "SELECT parent, id, key, name, body FROM observed INDEXED BY observed_id"
            " WHERE tree = ? AND id IN ({})",
            self._tree,
            [cell(ident) for ident in ids],
        )
        # Ids that follow each other are often of one folder, and are read together.
        for parent, siblings in groupby(rows, key=itemgetter(0)):
            for entry in entries(text(parent), [row[1:] for row in siblings]):
                found[entry.id] = entry
        return found

    def children(self, folder: EntryId) -> list[Entry]:
        """Return the entries in a folder, in no particular order."""
        return entries(
            folder,
            self._database.rows(
                "SELECT id, key, name, body FROM observed WHERE tree = ? AND parent = ?",
                (self._tree, cell(folder)),
            ),
        )

    def at(self, folder: EntryId, key: str) -> list[Entry]:
        """Return the entries in a folder whose name has this ``names.key``."""
        return entries(
            folder,
            self._database.rows(
                "SELECT id, key, name, body FROM observed"
                " WHERE tree = ? AND parent = ? AND key = ?",
                (self._tree, cell(folder), cell(key)),
            ),
        )

    def count(self) -> int:
        """Return how many entries there are."""
        found: int = (
            self._database.value("SELECT entries FROM tree WHERE id = ?", (self._tree,)) or 0
        )
        return found

    def changes(self, after: int, limit: int) -> tuple[list[EntryId], int]:
        """Return ids touched since a change-log position, and the position reached.

        A position is the number of ids that were ever logged before it. Many ids lie in one row,
        which is known by the position of its end.
        """
        ids: list[EntryId] = []
        tree = self._tree
        while len(ids) < limit:
            found = self._database.rows(
                "SELECT upto, ids FROM change WHERE tree = ? AND upto > ? ORDER BY upto LIMIT 1",
                (tree, after),
            )
            if not found:
                break
            upto, packed = found[0]
            logged = unpack(packed, list[str])
            start = max(len(logged) - (upto - after), 0)
            part = logged[start : start + limit - len(ids)]
            ids += part
            after = upto - len(logged) + start + len(part)
        if not ids:
            end = self._database.value("SELECT logged FROM tree WHERE id = ?", (tree,)) or 0
            return [], end
        return ids, after


def observe(database: Database, tree: int, seen: Observation) -> None:
    """Write an observation, inside a transaction."""
    put = {entry.id: entry for entry in seen.put}
    for gone in seen.gone:
        put.pop(gone, None)
    touched = [cell(ident) for ident in (*put, *seen.gone)]
    # The place is part of the key, so that what moved is not simply replaced. Most of what is
    # written is new: looking for many at once costs less than for each in vain.
    grown = len(put) - database.run_among(
        "DELETE FROM observed INDEXED BY observed_id WHERE tree = ? AND id IN ({})", tree, touched
    )
    database.insert(
        "INSERT INTO observed (tree, parent, key, id, name, fp, body)",
        [entry_row(tree, entry) for entry in put.values()],
    )
    logged: list[str] = []
    if seen.log:
        logged = [entry.id for entry in seen.put]
        logged += seen.gone
    database.run(
        "UPDATE tree SET entries = entries + ?, logged = logged + ? WHERE id = ?",
        (grown, len(logged), tree),
    )
    if logged:
        _log(database, tree, logged)


def _log(database: Database, tree: int, ids: list[str]) -> None:
    end: Any = database.value("SELECT logged FROM tree WHERE id = ?", (tree,))
    begin = end - len(ids)
    rows: list[tuple[Cell, ...]] = []
    for start in range(0, len(ids), _LOG_ROW):
        part = ids[start : start + _LOG_ROW]
        rows.append((tree, begin + start + len(part), pack(part)))
    database.many("INSERT INTO change (tree, upto, ids) VALUES (?, ?, ?)", rows)


def trim(database: Database, tree: int, position: int) -> None:
    """Drop the rows of the change log that end at or before a position, in a transaction."""
    database.run("DELETE FROM change WHERE tree = ? AND upto <= ?", (tree, position))
