"""An index opened: its base in a file, and in memory what is known since."""

import heapq
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice

from syncoxiders.adapters.index import _database, _search
from syncoxiders.adapters.index._bases import Base
from syncoxiders.adapters.index._head import Head, Noted
from syncoxiders.core.filetypes import FOLDER
from syncoxiders.core.indexed import Row
from syncoxiders.ports.errors import StateUnavailable
from syncoxiders.ports.index import Figures, Hit, IndexBroken, Place, Query, Shown

UNKNOWN = "…"
"""In a path in place of folders that are not known."""

LARGEST = 50
"""So many of the largest files are among the figures."""

_FOLDERS = 50_000
"""So many paths of folders are kept in mind."""


class OpenedIndex:
    """:class:`~syncoxiders.ports.index.Opened`: a base, and a head that goes with it.

    ``drop`` is called where the base turns out to be damaged.
    """

    def __init__(self, place: Place, base: Base, head: Head, drop: Callable[[], None]) -> None:
        self.base = base
        self._place = place
        self._drop = drop
        self._hides = False
        self._paths: dict[int, str] = {_database.ROOT: ""}
        self._recent = sqlite3.connect(":memory:", isolation_level=None)
        self._number = _database.numbering(base.database, base.following)
        self._rows: Mapping[int, Noted] = {}
        self.changed = 0.0
        with self._sound():
            _database.create(self._recent)
            base.database.execute("DELETE FROM hidden")
        self.follow(head)

    def close(self) -> None:
        """Let go of what is in memory; the base stays."""
        self._recent.close()

    def follow(self, head: Head) -> None:
        """Go on to a later head of the same base: only what it knows besides is taken in."""
        if head.rows is self._rows:
            return
        with self._sound():
            new = [key for key, noted in head.rows.items() if self._rows.get(key) != noted]
            self._recent.execute("BEGIN")
            for key in sorted(new):
                self._take(self._number(key), head.rows[key][1])
            self._recent.execute("COMMIT")
        if new:
            self._paths = {_database.ROOT: ""}
        self._rows, self.changed = head.rows, head.changed

    def _take(self, num: int, row: Row | None) -> None:
        if num < self.base.following:
            self._hides = True
            self.base.database.execute("INSERT OR IGNORE INTO hidden VALUES (?)", (num,))
        parent = _database.ROOT if row is None else self._number(row.parent)
        _database.put(self._recent, num, parent, row)

    # -- what is asked ---------------------------------------------------------------------------

    def find(self, query: Query) -> list[Hit]:
        """Return what matches, in order."""
        with self._sound():
            entries = heapq.merge(
                _search.find(self.base.database, self._place, query, hidden=self._hides),
                _search.find(self._recent, self._place, query, hidden=False),
                key=lambda each: each.position,
            )
            return [
                Hit(
                    each.position,
                    self._path(each.parent, each.position.name),
                    each.type,
                    each.size,
                    each.modified,
                )
                for each in islice(entries, query.limit)
            ]

    def folder(self, path: str) -> int | None:
        """Return the number of a folder by its path, None if there is none."""
        folder = _database.ROOT
        with self._sound():
            for name in path.split("/") if path else ():
                found = next(self._named(folder, name), None)
                if found is None:
                    return None
                folder = found
        return folder

    def amount(self, folder: int) -> int:
        """Return how many bytes are in a folder and all below it, as of when it was merged."""
        with self._sound():
            found = self.base.database.execute(
                "SELECT bytes FROM folders WHERE num = ?", (folder,)
            ).fetchone()
            return int(found[0]) if found is not None else 0

    def shown(self, num: int) -> Shown | None:
        """Return an entry by its number."""
        with self._sound():
            found = self._one(num)
            if found is None:
                return None
            parent, name, type_, size, modified = found
            return Shown(self._path(parent, name), type_, size, modified)

    def survey(self, at: float) -> tuple[int, Figures]:
        """Return how many entries the base has, and figures of its files, as of a time."""
        base = self.base.database
        found = base.execute(
            "SELECT type, count(*), sum(max(size, 0)) FROM entries GROUP BY type"
        ).fetchall()
        largest = base.execute(
            "SELECT num FROM entries WHERE size > 0 ORDER BY size DESC, num LIMIT ?", (LARGEST,)
        ).fetchall()
        shown = [each for (num,) in largest if (each := self.shown(num)) is not None]
        types = {type_: (count, size) for type_, count, size in found if type_ != FOLDER}
        return sum(count for _, count, _ in found), Figures(at, types, tuple(shown))

    def contents(self) -> Iterator[tuple[int, int, int, int, int]]:
        """Yield the base's files as size, number, node, key and one of its hashes, by size."""
        with self._sound():
            yield from self.base.database.execute(
                "SELECT size, num, node, key, content FROM entries JOIN contents USING (num) "
                "JOIN keys USING (num) ORDER BY size DESC, num"
            )

    # -- entries one by one ----------------------------------------------------------------------

    def _named(self, folder: int, name: str) -> Iterator[int]:
        """Yield the numbers of the folders of a name in a folder."""
        asked = "SELECT num FROM entries WHERE parent = ? AND name = ? AND type = ?"
        values = (folder, name, FOLDER)
        yield from (num for (num,) in self._recent.execute(asked, values))
        if self._hides:
            asked += " AND num NOT IN hidden"
        yield from (num for (num,) in self.base.database.execute(asked, values))

    def _one(self, num: int) -> tuple[int, str, int, int, int] | None:
        asked = "SELECT parent, name, type, size, modified FROM entries WHERE num = ?"
        found: tuple[int, str, int, int, int] | None
        found = self._recent.execute(asked, (num,)).fetchone()
        if found is None:
            if self._hides:
                asked += " AND num NOT IN hidden"
            found = self.base.database.execute(asked, (num,)).fetchone()
        return found

    def _path(self, parent: int, name: str) -> str:
        above = self._folder_path(parent)
        return f"{above}/{name}" if above else name

    def _folder_path(self, folder: int) -> str:
        """Return the path of a folder, and keep in mind those on the way."""
        below: dict[int, str] = {}
        path = UNKNOWN
        while folder not in self._paths:
            found = self._one(folder)
            if found is None:
                break
            if folder in below:  # a circle, until what is wrong with it is known
                below = dict.fromkeys(below, "")
                break
            below[folder] = found[1]
            folder = found[0]
        else:
            path = self._paths[folder]
        if len(self._paths) > _FOLDERS:
            self._paths = {_database.ROOT: ""}
        for num, name in reversed(below.items()):
            if name:
                path = f"{path}/{name}" if path else name
            self._paths[num] = path
        return path

    @contextmanager
    def _sound(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if not _database.is_damage(error):
                raise StateUnavailable(f"an index cannot be read now: {error}") from error
            self._drop()
            raise IndexBroken(f"the index of {self._place.endpoint} is damaged") from error
