"""The ports to the index of all files: what is searched, and what it is made from.

An index is one per endpoint of a sync. It is a view of the observed tree, made from the tables and
kept up with them, that can be lost at any time and is then made anew. It may be some minutes late.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, Protocol, TypeAlias

import msgspec

from syncoxiders.core.indexed import Row
from syncoxiders.core.model import EndpointId
from syncoxiders.core.words import Wanted

Rows: TypeAlias = Mapping[int, Row | None]
"""What is known of entries by their keys; None where one is no more."""


class Place(msgspec.Struct, frozen=True, order=True):
    """An endpoint of an owner's sync."""

    owner: str
    sync: str
    endpoint: EndpointId


class Touched(msgspec.Struct, frozen=True):
    """An entry's item was written. ``name`` is what the entry is called in the tables."""

    place: Place
    name: str


class Source(Protocol):
    """The tables, as an index is made from them. Calls raise StateUnavailable."""

    @property
    def parts(self) -> int:
        """In how many parts all entries of a place are read."""

    def read(self, place: Place, names: Collection[str]) -> Rows:
        """Return what is known now of entries by these names."""

    def part(self, place: Place, part: int) -> Iterator[tuple[int, Row]]:
        """Yield the keys of all entries of a part that are there, and what is known of them."""


class Status(msgspec.Struct, frozen=True):
    """How an index is. Times are seconds since the epoch, 0 is never.

    ``count`` is how many entries there were when it was ``merged``, ``recent`` how many have
    changed since, ``took`` how long that took. All entries were read for it when it was ``built``;
    until then it answers nothing. ``parts`` of a building that is under way are done, None if none
    is. ``changed`` is when it last learned of a change.
    """

    count: int = 0
    recent: int = 0
    changed: float = 0.0
    merged: float = 0.0
    took: float = 0.0
    built: float = 0.0
    parts: frozenset[int] | None = None


Number: TypeAlias = Annotated[int, msgspec.Meta(ge=-(1 << 62), le=1 << 62)]
"""What a database can compare."""

Sort: TypeAlias = Literal["relevance", "name", "size", "modified"]


class Position(msgspec.Struct, frozen=True, order=True, array_like=True):
    """Where something stands in the order that was asked for, over all indexes.

    ``first`` and ``second`` are numbers by which it is sorted, then come names, in ``folded``
    without regard to ASCII case, then places.
    """

    first: Number
    second: Number
    folded: str
    name: str
    sync: str
    endpoint: str
    number: Number


class Query(msgspec.Struct, frozen=True):
    """What is looked for, and how it is sorted: largest and newest first, names upwards.

    Sizes are in bytes, times in microseconds since the epoch; all limits are included. What has
    no size or time is not between any, and is sorted last. By relevance names come first that have
    the words in whole, then short ones; where there are no words, it is by ``modified``. ``below``
    is a folder's number: only what stands directly in it. ``past`` leaves out what comes up to
    there.
    """

    words: Wanted | None = None
    type: int | None = None
    min_size: int | None = None
    max_size: int | None = None
    after: int | None = None
    before: int | None = None
    sort: Sort = "relevance"
    below: int | None = None
    past: Position | None = None
    limit: int = 50


class Hit(msgspec.Struct, frozen=True):
    """An entry that was found. A folder's ``size`` is -1.

    ``path`` is its names from the root down; where a folder is not known ``…`` stands for it.
    """

    position: Position
    path: str
    type: int
    size: int
    modified: int

    @property
    def name(self) -> str:
        """The entry's name."""
        return self.position.name


class Shown(msgspec.Struct, frozen=True):
    """An entry as figures show it."""

    path: str
    type: int
    size: int
    modified: int


class Figures(msgspec.Struct, frozen=True):
    """Figures of an index as of when it was merged: files and bytes by type, the largest files."""

    at: float = 0.0
    types: Mapping[int, tuple[int, int]] = {}
    largest: tuple[Shown, ...] = ()


class Same(msgspec.Struct, frozen=True):
    """Files of one content; see :class:`syncoxiders.core.duplicates.Found`."""

    size: int
    wasted: int
    files: tuple[tuple[Place, Shown], ...]


class Comparison(msgspec.Struct, frozen=True):
    """Duplicates over all of an owner's indexes, the worst first, and when they were looked for.

    ``took`` is how many seconds that took.
    """

    at: float = 0.0
    took: float = 0.0
    same: tuple[Same, ...] = ()


class Tally(msgspec.Struct, frozen=True):
    """What the runs of a sync did, by day (``2026-11-25``, UTC) and kind.

    ``run`` is the last one that is counted.
    """

    run: int = 0
    days: Mapping[str, Mapping[str, int]] = {}


class Opened(Protocol):
    """An index as it is now, for one request. Calls raise IndexBroken."""

    @property
    def changed(self) -> float:
        """When it last learned of a change, in seconds since the epoch."""

    def find(self, query: Query) -> list[Hit]:
        """Return what matches, in order."""

    def folder(self, path: str) -> int | None:
        """Return the number of a folder by its path (``""`` is the root), None if there is none."""

    def amount(self, folder: int) -> int:
        """Return how many bytes are in a folder and all below it, as of when it was merged."""


class IndexBroken(Exception):  # noqa: N818 -- named after what it says
    """An index cannot be read, and was dropped: it will be made anew."""


class Index(Protocol):
    """The indexes of all places. Calls raise StateUnavailable.

    Any number of processes may call at once, and die at any moment: what one has written no other
    one loses. Only :meth:`merge` and :meth:`finish` of one place are work for one at a time, or
    some of it is done in vain.
    """

    def status(self, place: Place) -> Status | None:
        """Return how an index is, None where there is none and none is being built."""

    def note(self, place: Place, read: Callable[[], Rows]) -> Status | None:
        """Take in what ``read`` returns; returns how the index then is, None if there is none.

        It is called once it is known what the index holds, and again if others wrote meanwhile:
        so, if it tells what the tables hold now, nothing older ever replaces what is newer. Where
        there is no index it is not called: all that is in the tables will be read.
        """

    def begin(self, place: Place) -> None:
        """Begin to build an index; one that is there answers until it is finished.

        What is read from now on is newer than what was noted until now.
        """

    def keep(self, place: Place, part: int, rows: Iterable[tuple[int, Row]]) -> None:
        """Keep one part of the building that is under way, if one is."""

    def finish(self, place: Place) -> None:
        """Make an index of the parts and of what was noted since it was begun."""

    def merge(self, place: Place) -> None:
        """Make what was noted part of what is searched fast, and figures of it."""

    def remove(self, owner: str, sync: str = "") -> None:
        """Remove the indexes of a sync, or of all of an owner's with what is known besides."""

    def compare(self, owner: str, places: Mapping[Place, str]) -> None:
        """Look for duplicates in an owner's indexes, which are at these accounts, and keep them."""

    def comparison(self, owner: str) -> Comparison:
        """Return what was found last."""

    def tallies(self, owner: str) -> Mapping[str, Tally]:
        """Return what the runs of an owner's syncs did, by sync."""

    def keep_tallies(self, owner: str, tallies: Mapping[str, Tally]) -> None:
        """Keep what the runs of an owner's syncs did."""

    def figures(self, places: Sequence[Place]) -> Iterator[tuple[Place, Figures | None]]:
        """Yield the figures of indexes, None for those that are not built yet."""

    def open(self, places: Sequence[Place]) -> Iterator[tuple[Place, Opened | None]]:
        """Yield the indexes of places as they are now, None for those that are not built yet.

        Each is to be used before the next one is asked for.
        """


class Stored(msgspec.Struct, frozen=True):
    """An object, and the tag of this version of it."""

    data: bytes
    tag: str


class Objects(Protocol):
    """A store of objects with conditional writes, as S3 has them. Calls raise StateUnavailable."""

    def get(self, name: str, unless: str = "") -> Stored | None:
        """Return an object, None where there is none.

        If its tag is ``unless`` its data is not read, and empty.
        """

    def fetch(self, name: str, into: Path) -> bool:
        """Write an object into a file; False where there is none."""

    def put(self, name: str, data: bytes | Path, *, over: str | None = None) -> str:
        """Write an object, or a file as one; returns its tag.

        With ``over`` only in place of the version of this tag (``""``: if there is none); ``""`` is
        returned if there is another. After StateUnavailable it may have been written.
        """

    def delete(self, names: Collection[str]) -> None:
        """Remove objects; they need not be there."""

    def names(self, prefix: str) -> list[tuple[str, float]]:
        """Return the names that begin so, and when each was written (seconds since the epoch)."""
