"""Searching a database of an index, within bounds: the words' lists, or one pass over entries."""

import sqlite3
from collections.abc import Iterator
from typing import Any, NamedTuple

from syncoxiders.core import words
from syncoxiders.core.filetypes import FOLDER
from syncoxiders.core.words import Wanted
from syncoxiders.ports.index import Place, Position, Query

_LOWER = {ord(capital): capital.lower() for capital in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}

_LAST = 1 << 62
"""Above all numbers."""


class Entry(NamedTuple):
    """An entry that was found: its place in the order, and what is known of it."""

    position: Position
    parent: int
    type: int
    size: int
    modified: int


class _Among(NamedTuple):
    """What is searched: a clause, and its values."""

    clause: str
    values: tuple[str, ...] = ()


class _Order(NamedTuple):
    """Two expressions by which it is sorted, before names."""

    first: str
    second: str


_BY_NAME = _Order("0", "0")
_FOLDERS_FIRST = _Order(f"type != {FOLDER}", "0")
_BY_SIZE = _Order("-size", "0")
_BY_TIME = _Order("-modified", "0")
_WHOLE, _BEGUN = _Order("0", "length(name)"), _Order("1", "length(name)")


def find(
    database: sqlite3.Connection, place: Place, query: Query, *, hidden: bool
) -> Iterator[Entry]:
    """Yield what matches, in order.

    ``hidden`` says that a table of that name holds numbers that are to be left out.
    """
    if query.words is None:
        everything = _Among("FROM entries")
        yield from _rows(database, place, query, everything, order=_order(query), hidden=hidden)
        return
    asked = query.words
    if not asked.terms:
        return
    database.create_function(
        "has_phrases", 1, lambda name: words.has(name, asked.phrases), deterministic=True
    )
    exact, beginning = _match(asked, whole=True), _match(asked, whole=False)
    among = "FROM words JOIN entries ON num = words.rowid WHERE words MATCH ?"
    if asked.phrases:
        among += " AND has_phrases(name)"
    if query.sort != "relevance":
        begun = _Among(among, (beginning,))
        yield from _rows(database, place, query, begun, order=_order(query), hidden=hidden)
        return
    # Names with the words in whole go first: mostly these are enough.
    left = query.limit
    if query.past is None or query.past.first == 0:
        whole = _Among(among, (exact,))
        for entry in _rows(database, place, query, whole, order=_WHOLE, hidden=hidden):
            left -= 1
            yield entry
    if left > 0:
        among += " AND num NOT IN (SELECT rowid FROM words WHERE words MATCH ?)"
        begun = _Among(among, (beginning, exact))
        yield from _rows(database, place, query, begun, order=_BEGUN, hidden=hidden)


def folded(name: str) -> str:
    """Return a name as SQLite compares it without regard to case."""
    return name.translate(_LOWER)


def _order(query: Query) -> _Order:
    if query.sort == "name":
        return _BY_NAME if query.below is None else _FOLDERS_FIRST
    return _BY_SIZE if query.sort == "size" else _BY_TIME


def _match(asked: Wanted, *, whole: bool) -> str:
    """Return what FTS5 is asked: all terms, as whole words or as the beginnings of some."""
    return " AND ".join(f'"{term}"' if whole else f'"{term}"*' for term in asked.terms)


def _rows(
    database: sqlite3.Connection,
    place: Place,
    query: Query,
    among: _Among,
    *,
    order: _Order,
    hidden: bool,
) -> Iterator[Entry]:
    conditions, limits = _conditions(query)
    if hidden:
        conditions.append("num NOT IN hidden")
    if query.past is not None:
        conditions.append(
            f"({order.first}, {order.second}, name COLLATE NOCASE, name, num) > (?, ?, ?, ?, ?)"
        )
        limits += _past(query.past, place)
    clause = among.clause
    if conditions:
        clause += " AND " if "WHERE" in clause else " WHERE "
        clause += " AND ".join(conditions)
    found = database.execute(
        f"SELECT num, parent, name, type, size, modified, {order.first} AS x, {order.second} AS y "
        f"{clause} ORDER BY x, y, name COLLATE NOCASE, name, num LIMIT ?",
        [*among.values, *limits, query.limit],
    )
    for num, parent, name, type_, size, modified, first, second in found:
        position = Position(first, second, folded(name), name, place.sync, place.endpoint, num)
        yield Entry(position, parent, type_, size, modified)


def _conditions(query: Query) -> tuple[list[str], list[Any]]:
    asked: list[tuple[str, Any]] = [
        ("type = ?", query.type),
        ("size >= ?", None if query.min_size is None else max(query.min_size, 0)),
        ("size BETWEEN 0 AND ?", query.max_size),
        ("modified >= ?", None if query.after is None else max(query.after, 1)),
        ("modified BETWEEN 1 AND ?", query.before),
        ("parent = ?", query.below),
    ]
    there = [(condition, value) for condition, value in asked if value is not None]
    return [condition for condition, _ in there], [value for _, value in there]


def _past(past: Position, place: Place) -> list[Any]:
    """Return behind what it goes on in a place: of equals those of earlier places were there."""
    here, there = (place.sync, place.endpoint), (past.sync, past.endpoint)
    number = past.number if here == there else _LAST if here < there else -1
    return [past.first, past.second, past.folded, past.name, number]
