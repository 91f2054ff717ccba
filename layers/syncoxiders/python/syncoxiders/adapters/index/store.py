"""Indexes in a store of objects.

Of each index there are its head and its base (a database, compressed), and while it is built the
parts that were read. Bases are never changed: a new one is put under a name of its own, the head
names it, and the old one goes. So whoever dies leaves what was there before, and at most an object
that nobody names, which the next one clears away.
"""

import secrets
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import msgspec
import zstandard

from syncoxiders.adapters.index import _database, _files
from syncoxiders.adapters.index._bases import Base, Bases
from syncoxiders.adapters.index._comparing import Comparing
from syncoxiders.adapters.index._head import (
    Build,
    Head,
    comparison_name,
    owner_prefix,
    packed,
    prefix,
    sync_prefix,
    tallies_name,
    unpacked,
)
from syncoxiders.adapters.index._opened import OpenedIndex
from syncoxiders.core.indexed import Row
from syncoxiders.ports.errors import StateUnavailable
from syncoxiders.ports.index import (
    Comparison,
    Figures,
    IndexBroken,
    Objects,
    Opened,
    Place,
    Rows,
    Status,
    Tally,
)

T = TypeVar("T")

ROUNDS = 30
"""So often a head is written anew where others are faster."""

AT_ONCE = 16
"""So many heads are asked for at once."""

FORGOTTEN = 3600.0
"""Seconds after which an object that no head names is cleared away."""


def _token() -> str:
    return secrets.token_hex(8)


class ObjectIndex:
    """:class:`~syncoxiders.ports.index.Index` in a store of objects. It is for one thread.

    Bases lie, decompressed, in ``folder``, by default a temporary one, as far as there is
    ``room`` (bytes); those that were used last stay. Raises NoWordIndex where SQLite cannot do it.
    """

    def __init__(
        self,
        objects: Objects,
        now: Callable[[], float] = time.time,
        *,
        folder: Path | None = None,
        room: int = 0,
        token: Callable[[], str] = _token,
    ) -> None:
        _database.check()
        self._objects = objects
        self._now = now
        self._token = token
        self._bases = Bases(objects, folder, room)
        self._opened: dict[Place, OpenedIndex] = {}
        self._heads: dict[Place, tuple[str, Head]] = {}
        self._pool: ThreadPoolExecutor | None = None

    # -- heads -----------------------------------------------------------------------------------

    def status(self, place: Place) -> Status | None:
        """Return how an index is, None where there is none and none is being built."""
        _, head = self._head(place)
        return None if head is None else head.status

    def _head(self, place: Place) -> tuple[str, Head | None]:
        """Return the head of an index and its tag; a damaged one counts as none, under its tag."""
        known = self._heads.get(place)
        found = self._objects.get(_head_name(place), "" if known is None else known[0])
        if found is None:
            self._heads.pop(place, None)
            return "", None
        if known is not None and found.tag == known[0]:
            return known
        head = unpacked(found.data)
        if head is not None:
            self._heads[place] = found.tag, head
        return found.tag, head

    def _change(self, place: Place, change: Callable[[Head | None], Head | None]) -> Head | None:
        """Write a head as it is to be (None: not at all), however it is meanwhile."""
        for _ in range(ROUNDS):
            tag, old = self._head(place)
            new = change(old)
            if new is None or new is old:
                return new
            written = self._objects.put(_head_name(place), packed(new), over=tag)
            if written:
                self._heads[place] = written, new
                return new
        raise StateUnavailable("others keep writing the same index; try again later")

    # -- writing ---------------------------------------------------------------------------------

    def note(self, place: Place, read: Callable[[], Rows]) -> Status | None:
        """Take in what ``read`` returns; returns how the index then is, None if there is none."""

        def noted(head: Head | None) -> Head | None:
            if head is None:
                return None
            turn = head.turn + 1
            rows = dict(head.rows)
            for key, row in read().items():
                if key not in rows or rows[key][1] != row:
                    rows[key] = turn, row
            if rows == head.rows:
                return head
            return msgspec.structs.replace(head, turn=turn, rows=rows, changed=self._now())

        head = self._change(place, noted)
        return None if head is None else head.status

    def begin(self, place: Place) -> None:
        """Begin to build an index; one that is there answers until it is finished."""

        def begun(head: Head | None) -> Head:
            if head is None:
                head = Head(changed=self._now())
            elif head.build is not None:
                return head
            turn = head.turn + 1
            return msgspec.structs.replace(head, turn=turn, build=Build(self._token(), turn))

        self._change(place, begun)

    def keep(self, place: Place, part: int, rows: Iterable[tuple[int, Row]]) -> None:
        """Keep one part of the building that is under way, if one is."""
        _, head = self._head(place)
        build = None if head is None else head.build
        if build is None or part in build.done:
            return
        path = self._bases.folder / f"part-{self._token()}"
        try:
            with path.open("wb") as file, zstandard.ZstdCompressor().stream_writer(file) as writer:
                encoder = msgspec.msgpack.Encoder()
                for each in rows:
                    data = encoder.encode(each)
                    writer.write(len(data).to_bytes(4, "big") + data)
            self._objects.put(_part_name(place, build, part), path)
        finally:
            path.unlink(missing_ok=True)

        def kept(head: Head | None) -> Head | None:
            if head is None or head.build is None or head.build.id != build.id:
                return head
            done = msgspec.structs.replace(head.build, done=head.build.done | {part})
            return msgspec.structs.replace(head, turn=head.turn + 1, build=done)

        self._change(place, kept)

    def finish(self, place: Place) -> None:
        """Make an index of the parts and of what was noted since it was begun."""
        _, head = self._head(place)
        build = None if head is None else head.build
        if head is None or build is None:
            return
        self._replace(
            place,
            head.base,
            build.turn,
            lambda path: _database.build(path, self._parts(place, build)),
            build,
        )

    def _parts(self, place: Place, build: Build) -> Iterator[tuple[int, Row]]:
        decoder = msgspec.msgpack.Decoder(tuple[int, Row])
        path = self._bases.folder / f"part-{self._token()}"
        try:
            for part in sorted(build.done):
                if not self._objects.fetch(_part_name(place, build, part), path):
                    self._abandon(place, build)
                    raise StateUnavailable("a part of an index was lost; it is built anew")
                with path.open("rb") as file:
                    reader = zstandard.ZstdDecompressor().stream_reader(file)
                    while length := reader.read(4):
                        yield decoder.decode(reader.read(int.from_bytes(length, "big")))
        except (zstandard.ZstdError, msgspec.MsgspecError) as error:
            self._abandon(place, build)
            raise StateUnavailable("a part of an index is damaged; it is built anew") from error
        finally:
            path.unlink(missing_ok=True)

    def _abandon(self, place: Place, build: Build) -> None:
        def without(head: Head | None) -> Head | None:
            if head is None or head.build != build:
                return head
            return msgspec.structs.replace(head, turn=head.turn + 1, build=None)

        self._change(place, without)

    def merge(self, place: Place) -> None:
        """Make what was noted part of what is searched fast, and figures of it."""
        _, head = self._head(place)
        if head is None or not head.base:
            return
        rows = {key: row for key, (_, row) in head.rows.items()}
        base = head.base

        def merged(path: Path) -> None:
            try:
                self._bases.copy(prefix(place), base, path)
                _database.change(path, rows)
            except (IndexBroken, sqlite3.Error) as error:
                if isinstance(error, sqlite3.Error) and not _database.is_damage(error):
                    raise
                _, now = self._head(place)
                if now is not None and now.base == base:  # else it was replaced meanwhile
                    self._drop(place)
                raise StateUnavailable(
                    "the base of an index is gone; another one goes on"
                ) from error

        self._replace(place, base, head.turn, merged, None)

    def _replace(
        self,
        place: Place,
        old: str,
        turn: int,
        make: Callable[[Path], None],
        build: Build | None,
    ) -> None:
        """Put a new base, which holds what was noted up to a turn, in place of the old one."""
        began = time.monotonic()
        name = f"base-{self._token()}"
        path, small = self._bases.folder / name, self._bases.folder / f"{name}.zst"
        base: Base | None = None
        kept = False
        try:
            make(path)
            at = self._now()
            base = Base(path)
            opened = OpenedIndex(place, base, Head(), lambda: None)
            count, figures = opened.survey(at)
            opened.close()
            _files.pack(path, small)
            self._objects.put(f"{prefix(place)}{name}", small)

            def replaced(head: Head | None) -> Head | None:
                if head is None or head.base == name:  # ours, if an answer was lost
                    return head
                fits = head.build is None if build is None else head.build == build
                if head.base != old or not fits:
                    return head
                return msgspec.structs.replace(
                    head,
                    turn=head.turn + 1,
                    base=name,
                    count=count,
                    merged=at,
                    took=time.monotonic() - began,
                    built=head.built if build is None else at,
                    build=None,
                    figures=figures,
                    rows=head.since(turn),
                )

            head = self._change(place, replaced)
            if head is not None and head.base == name:
                self._bases.add(name, base)
                base, kept = None, True
                self._clear(place, old, build)
            else:  # others were faster
                self._objects.delete([f"{prefix(place)}{name}"])
        except (sqlite3.Error, OSError, IndexBroken) as error:
            raise StateUnavailable(f"an index could not be made: {error}") from error
        finally:
            small.unlink(missing_ok=True)
            if base is not None:
                base.close()
            elif not kept:
                path.unlink(missing_ok=True)

    def _clear(self, place: Place, old: str, build: Build | None) -> None:
        """Remove an old base, the parts of a building, and what else no head names."""
        _, head = self._head(place)
        begins = prefix(place)
        kept = [_head_name(place)]
        if head is not None:
            kept.append(f"{begins}{head.base}")
            if head.build is not None:
                kept.append(_parts_name(place, head.build))
        gone = [f"{begins}{old}"] if old else []
        if build is not None:
            gone.append(_parts_name(place, build))
        late = self._now() - FORGOTTEN
        self._objects.delete(
            [
                name
                for name, at in self._objects.names(begins)
                if name.startswith(tuple(gone)) or (at < late and not name.startswith(tuple(kept)))
            ]
        )
        self._bases.let_go(old)

    def remove(self, owner: str, sync: str = "") -> None:
        """Remove the indexes of a sync, or of all of an owner's with what is known besides."""
        begins = sync_prefix(owner, sync) if sync else owner_prefix(owner)
        names = [name for name, _ in self._objects.names(begins)]
        # Whoever finds no head writes none, so heads go first.
        self._objects.delete(sorted(names, key=lambda name: not name.endswith("/head")))
        if not sync:
            self._objects.delete([comparison_name(owner), tallies_name(owner)])
        for place in [each for each in self._heads if each.owner == owner]:
            if not sync or place.sync == sync:
                del self._heads[place]

    # -- reading ---------------------------------------------------------------------------------

    def open(self, places: Sequence[Place]) -> Iterator[tuple[Place, Opened | None]]:
        """Yield the indexes of places as they are now, None for those that are not built yet."""
        for place, (tag, head) in zip(places, self._heads_of(places), strict=True):
            yield place, self._open(place, tag, head)

    def figures(self, places: Sequence[Place]) -> Iterator[tuple[Place, Figures | None]]:
        """Yield the figures of indexes, None for those that are not built yet."""
        for place, (_, head) in zip(places, self._heads_of(places), strict=True):
            yield place, head.figures if head is not None and head.base else None

    def _heads_of(self, places: Sequence[Place]) -> list[tuple[str, Head | None]]:
        if len(places) < 2:  # noqa: PLR2004 -- one needs no other threads
            return [self._head(place) for place in places]
        if self._pool is None:
            self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="heads")
        return list(self._pool.map(self._head, places))

    def _open(self, place: Place, tag: str, head: Head | None) -> OpenedIndex | None:
        for _ in range(ROUNDS):
            if head is None and tag:  # damaged
                self._drop(place)
                return None
            if head is None or not head.base:
                return None
            base = self._bases.get(prefix(place), head.base)
            if base is not None:
                return self._upon(place, base, head)
            # It was replaced since its head was read, or is damaged, or was lost.
            newer, now = self._head(place)
            if newer == tag:
                self._drop(place)
                return None
            tag, head = newer, now
        raise StateUnavailable("an index keeps being replaced; try again later")

    def _upon(self, place: Place, base: Base, head: Head) -> OpenedIndex | None:
        """Return an index by its base and head, None if it turns out to be damaged."""
        known = self._opened.get(place)
        try:
            if known is not None and known.base is base:
                known.follow(head)
                return known
            if known is not None:
                known.close()
            self._opened.pop(place, None)
            opened = OpenedIndex(place, base, head, lambda: self._drop(place))
        except IndexBroken:
            self._opened.pop(place, None)
            return None
        self._opened[place] = opened
        return opened

    def _drop(self, place: Place) -> None:
        """Drop a damaged index: it will be built anew."""
        _, head = self._head(place)
        self._objects.delete([_head_name(place)])
        self._heads.pop(place, None)
        if head is not None:
            self._bases.let_go(head.base)

    # -- comparing -------------------------------------------------------------------------------

    def compare(self, owner: str, places: Mapping[Place, str]) -> None:
        """Look for duplicates in an owner's indexes, which are at these accounts, and keep them."""
        began = time.monotonic()
        at = self._now()
        with Comparing(self._bases.folder, places) as comparing:
            for place, opened in self.open(list(places)):
                if isinstance(opened, OpenedIndex):
                    comparing.take(place, opened)
            found = comparing.found()
            wanted = list(dict.fromkeys(place for each in found for place, _ in each.copies))
            for place, opened in self.open(wanted):
                if isinstance(opened, OpenedIndex):
                    comparing.show(place, opened, found)
        result = comparing.result(found, at, time.monotonic() - began)
        self._objects.put(comparison_name(owner), msgspec.msgpack.encode(result))

    def comparison(self, owner: str) -> Comparison:
        """Return what was found last."""
        return self._read(comparison_name(owner), Comparison) or Comparison()

    # -- what runs did ---------------------------------------------------------------------------

    def tallies(self, owner: str) -> Mapping[str, Tally]:
        """Return what the runs of an owner's syncs did, by sync."""
        return self._read(tallies_name(owner), dict[str, Tally]) or {}

    def keep_tallies(self, owner: str, tallies: Mapping[str, Tally]) -> None:
        """Keep what the runs of an owner's syncs did."""
        self._objects.put(tallies_name(owner), msgspec.msgpack.encode(tallies))

    def _read(self, name: str, kind: type[T]) -> T | None:
        """Return what an object holds; one that is damaged is as good as none, and made anew."""
        found = self._objects.get(name)
        try:
            return None if found is None else msgspec.msgpack.decode(found.data, type=kind)
        except (msgspec.MsgspecError, UnicodeError):
            return None


def _head_name(place: Place) -> str:
    return f"{prefix(place)}head"


def _parts_name(place: Place, build: Build) -> str:
    return f"{prefix(place)}part-{build.id}-"


def _part_name(place: Place, build: Build, part: int) -> str:
    return f"{_parts_name(place, build)}{part}"
