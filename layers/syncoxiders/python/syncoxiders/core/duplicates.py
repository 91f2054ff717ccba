"""Finding files of equal content in whole trees, in one pass over them by size."""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from heapq import heappush, heappushpop
from itertools import groupby

import msgspec


class Copy(msgspec.Struct, frozen=True, gc=False):
    """A file somewhere. ``file`` names it, wherever it is come upon; ``of`` is its node.

    Those of one node are kept in step: they are one file to a person.
    """

    size: int
    file: Hashable
    of: Hashable
    contents: tuple[int, ...]


class Found(msgspec.Struct, frozen=True):
    """Files of one content that nobody keeps in step, each named once.

    ``wasted`` is what would be free if only one of them was kept, with its replicas.
    """

    size: int
    wasted: int
    copies: tuple[Copy, ...]


def duplicates(copies: Iterable[Copy], most: int) -> list[Found]:
    """Return the duplicates that waste most, the worst first; copies come in order of size.

    Contents are equal if the copies, or replicas of theirs, share a hash: so a hash that one
    provider has and one that another has tell of the same content, where a file is at both.
    """
    best: list[tuple[int, int, Found]] = []
    number = 0
    for _, same in groupby(copies, key=lambda each: each.size):
        group = list(same)
        if len(group) == 1:
            continue
        for found in _alike(group):
            number -= 1  # of equals the first one stays
            item = (found.wasted, number, found)
            if len(best) < most:
                heappush(best, item)
            else:
                heappushpop(best, item)
    return [found for _, _, found in sorted(best, reverse=True)]


class _Sets:
    """Disjoint sets of numbers, which are joined by marks that they share."""

    def __init__(self, count: int) -> None:
        self._leaders = list(range(count))
        self._first: dict[Hashable, int] = {}

    def leader(self, index: int) -> int:
        leaders = self._leaders
        while leaders[index] != index:
            leaders[index] = leaders[leaders[index]]
            index = leaders[index]
        return index

    def mark(self, index: int, mark: Hashable) -> None:
        other = self._first.setdefault(mark, index)
        if other != index:
            self._leaders[self.leader(index)] = self.leader(other)


def _alike(group: Sequence[Copy]) -> Iterator[Found]:
    """Yield the duplicates among copies of one size."""
    kept, equal = _Sets(len(group)), _Sets(len(group))
    for index, copy in enumerate(group):
        for mark in (("of", copy.of), ("file", copy.file)):
            kept.mark(index, mark)
            equal.mark(index, mark)
        for content in copy.contents:
            equal.mark(index, content)
    sets: dict[int, dict[int, dict[Hashable, Copy]]] = {}
    for index, copy in enumerate(group):
        members = sets.setdefault(equal.leader(index), {})
        members.setdefault(kept.leader(index), {}).setdefault(copy.file, copy)
    for members in sets.values():
        if len(members) > 1:
            counts = [len(files) for files in members.values()]
            size = group[0].size
            copies = tuple(copy for files in members.values() for copy in files.values())
            yield Found(size, (sum(counts) - max(counts)) * size, copies)
