"""Comparing whole indexes: each is gone through once, and its hashes put aside in a file by size.

So only one of them has to be there at a time.
"""

import heapq
import struct
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

import msgspec

from syncoxiders.adapters.index._opened import OpenedIndex
from syncoxiders.core.duplicates import Copy, Found, duplicates
from syncoxiders.ports.index import Comparison, Place, Same, Shown

MOST, FILES = 100, 20
"""So many duplicates are kept, and so many files of each."""

_RECORD = struct.Struct(">5q")
_READ = 4096


class Candidate(msgspec.Struct, frozen=True):
    """A duplicate, as yet without names: ``copies`` are numbers at places."""

    size: int
    wasted: int
    copies: tuple[tuple[Place, int], ...]


class Comparing:
    """One comparison; ``accounts`` says where the places are."""

    def __init__(self, folder: Path, accounts: Mapping[Place, str]) -> None:
        self._accounts = accounts
        self._aside = TemporaryDirectory(prefix="compare-", dir=folder)
        self._files: dict[Place, Path] = {}
        self._shown: dict[tuple[Place, int], Shown] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._aside.cleanup()

    def take(self, place: Place, opened: OpenedIndex) -> None:
        """Put aside what an index has."""
        path = Path(self._aside.name) / str(len(self._files))
        with path.open("wb") as file:
            for record in opened.contents():
                file.write(_RECORD.pack(*record))
        self._files[place] = path

    def found(self) -> list[Candidate]:
        """Return the duplicates among all that was put aside."""
        sources = [self._copies(place, path) for place, path in self._files.items()]
        merged = heapq.merge(*sources, key=lambda copy: -copy.size)
        return [self._candidate(each) for each in duplicates(merged, MOST)]

    def _copies(self, place: Place, path: Path) -> Iterator["_At"]:
        account = self._accounts[place]
        for (size, num, node, key), same in groupby(_records(path), key=lambda each: each[:4]):
            of = (place.sync, node) if node else (place, num)
            contents = tuple(each[4] for each in same)
            yield _At(size, (account, key), of, contents, place, num)

    def _candidate(self, found: Found) -> Candidate:
        copies = [each for each in found.copies if isinstance(each, _At)]
        return Candidate(
            found.size, found.wasted, tuple((each.place, each.num) for each in copies[:FILES])
        )

    def show(self, place: Place, opened: OpenedIndex, found: Sequence[Candidate]) -> None:
        """Look up what an index says of the duplicates in it."""
        for each in found:
            for there, num in each.copies:
                if there == place and (shown := opened.shown(num)) is not None:
                    self._shown[place, num] = shown

    def result(self, found: Sequence[Candidate], at: float, took: float) -> Comparison:
        """Return the duplicates with names; files that are no more by now are left out."""
        same = [
            Same(
                each.size,
                each.wasted,
                tuple((copy[0], self._shown[copy]) for copy in each.copies if copy in self._shown),
            )
            for each in found
        ]
        return Comparison(at, took, tuple(each for each in same if len(each.files) > 1))


class _At(Copy, frozen=True, gc=False):
    """A copy, and where it is."""

    place: Place
    num: int


def _records(path: Path) -> Iterator[tuple[int, int, int, int, int]]:
    with path.open("rb") as file:
        while data := file.read(_RECORD.size * _READ):
            yield from _RECORD.iter_unpack(data)
