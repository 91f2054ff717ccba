"""The bases that a process has at hand: decompressed, in files, as far as there is room."""

import shutil
import sqlite3
from functools import cached_property
from pathlib import Path

from syncoxiders.adapters.index import _database, _files
from syncoxiders.adapters.index._head import FORM
from syncoxiders.ports.errors import StateUnavailable
from syncoxiders.ports.index import IndexBroken, Objects


class Base:
    """A base in a file that nobody changes. It is for one thread.

    Opening raises IndexBroken if it is damaged or of another form, else sqlite3's errors.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.database = sqlite3.connect(
            f"{path.as_uri()}?immutable=1", uri=True, isolation_level=None
        )
        self.size = path.stat().st_size
        try:
            ((form,),) = self.database.execute("PRAGMA user_version")
            self.following = _database.following(self.database)
            self.database.execute(f"PRAGMA mmap_size = {self.size}")
            self.database.execute("CREATE TEMP TABLE hidden (num INTEGER PRIMARY KEY)")
        except sqlite3.Error as error:
            self.database.close()
            if _database.is_damage(error):
                raise IndexBroken("the base of an index is damaged") from error
            raise
        if form != FORM:
            self.database.close()
            raise IndexBroken("the base of an index is of another form")

    def close(self) -> None:
        """Let go of the file, and remove it."""
        self.database.close()
        self.path.unlink(missing_ok=True)


class Bases:
    """Bases by the names of their objects, which begin with ``prefix``; those used last stay."""

    def __init__(self, objects: Objects, folder: Path | None, room: int) -> None:
        self._objects = objects
        self._given = folder
        self._given_room = room
        self._held: dict[str, Base] = {}

    @cached_property
    def folder(self) -> Path:
        """Where they lie, and whatever else is worked on."""
        return _files.working_folder() if self._given is None else self._given

    @cached_property
    def _room(self) -> int:
        return self._given_room or _files.room(self.folder)

    @property
    def size(self) -> int:
        """How many bytes they have."""
        return sum(each.size for each in self._held.values())

    def add(self, name: str, base: Base) -> None:
        """Have one at hand that lies in the folder."""
        self._held[name] = base

    def get(self, prefix: str, name: str) -> Base | None:
        """Return a base, fetched if need be; None if there is none, or it is damaged."""
        found = self._held.pop(name, None)
        if found is None:
            path = self.folder / name
            try:
                self._fetch(prefix, name, path)
                found = Base(path)
            except IndexBroken:
                path.unlink(missing_ok=True)
                return None
            except (sqlite3.Error, OSError) as error:
                path.unlink(missing_ok=True)
                raise _unreadable(error) from error
        self._held[name] = found
        return found

    def copy(self, prefix: str, name: str, path: Path) -> None:
        """Write a base into a file. Raises IndexBroken, OSError, StateUnavailable."""
        known = self._held.get(name)
        if known is None:
            self._fetch(prefix, name, path)
        else:
            self._make_room(known.size, keep=name)
            shutil.copyfile(known.path, path)

    def let_go(self, name: str) -> None:
        """Remove one that is at hand; it need not be."""
        base = self._held.pop(name, None)
        if base is not None:
            base.close()

    def _fetch(self, prefix: str, name: str, path: Path) -> None:
        small = path.with_suffix(".zst")
        try:
            if not self._objects.fetch(f"{prefix}{name}", small):
                raise IndexBroken("the base of an index is not there")
            size = _files.target_size(small)
            if size is not None:
                self._make_room(size)
            if size is None or not _files.unpack(small, path):
                raise IndexBroken("the base of an index is damaged")
        finally:
            small.unlink(missing_ok=True)

    def _make_room(self, size: int, keep: str = "") -> None:
        """Let go of bases that were not used for long, until there is room for one more."""
        held = self.size
        for name in list(self._held):
            if held + size <= self._room:
                return
            if name != keep:
                held -= self._held[name].size
                self.let_go(name)


def _unreadable(error: Exception) -> StateUnavailable:
    if isinstance(error, OSError):
        return StateUnavailable(
            "there is no room for the index of files: give the function more ephemeral storage"
        )
    return StateUnavailable(f"an index cannot be read now: {error}")
