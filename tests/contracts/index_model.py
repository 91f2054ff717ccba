"""What an index has to find, by looking at every observed entry: the model of its tests."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

from syncoxiders.core import words
from syncoxiders.core.filetypes import type_of
from syncoxiders.core.indexed import shown
from syncoxiders.core.model import ROOT_ENTRY, Entry, EntryId, Kind
from syncoxiders.ports.index import Query

LAST = round(datetime.max.replace(tzinfo=UTC).timestamp() * 1e6)


class Listing:
    """The entries of one endpoint."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries: Mapping[EntryId, Entry] = {each.id: each for each in entries if not each.lost}

    def path(self, entry: Entry) -> str:
        names = [shown(entry.name)]
        seen = set[str]()
        while entry.parent != ROOT_ENTRY:
            if entry.parent in seen:
                return f"…/{names[-1]}"
            if entry.parent not in self.entries:
                return "/".join(["…", *names])
            seen.add(entry.parent)
            entry = self.entries[entry.parent]
            names.insert(0, shown(entry.name))
        return "/".join(names)

    def found(self, query: Query, below: EntryId | None = None) -> list[str]:
        """Return the paths of what matches, in order; of equal names in that of their paths."""
        hits = [
            each
            for each in self.entries.values()
            if _fits(each, query) and below in (None, each.parent)
        ]
        return [self.path(each) for each in sorted(hits, key=lambda each: self._key(each, query))]

    def _key(self, entry: Entry, query: Query) -> tuple[int, int, str, str, str]:
        name = shown(entry.name)
        first = second = 0
        if query.sort == "name":
            first = int(entry.kind is not Kind.FOLDER) if query.below is not None else 0
        elif query.sort == "size":
            first = -_size(entry)
        elif query.sort == "modified" or query.words is None:
            first = -_modified(entry)
        else:
            first, second = int(not words.is_exact(name, query.words)), len(name)
        return first, second, _lower(name), name, self.path(entry)

    def amount(self, folder: EntryId) -> int:
        """Return the bytes in a folder and below."""
        return sum(
            max(_size(each), 0)
            for each in self.entries.values()
            if folder in set(self._above(each))
        )

    def _above(self, entry: Entry) -> Iterator[EntryId]:
        seen = set[str]()
        while entry.parent not in seen:
            yield entry.parent
            seen.add(entry.parent)
            if entry.parent not in self.entries:
                return
            entry = self.entries[entry.parent]


def _size(entry: Entry) -> int:
    return -1 if entry.kind is Kind.FOLDER else max(entry.size, -1)


def _modified(entry: Entry) -> int:
    micros = entry.mtime_ns // 1000
    return micros if entry.kind is not Kind.FOLDER and 0 < micros <= LAST else 0


def _lower(name: str) -> str:
    return "".join(each.lower() if each.isascii() else each for each in name)


def _fits(entry: Entry, query: Query) -> bool:
    name, size, modified = shown(entry.name), _size(entry), _modified(entry)
    return (
        (query.words is None or words.matches(name, query.words))
        and query.type in (None, type_of(name, entry.kind))
        and (query.min_size is None or size >= max(query.min_size, 0))
        and (query.max_size is None or 0 <= size <= query.max_size)
        and (query.after is None or modified >= max(query.after, 1))
        and (query.before is None or 1 <= modified <= query.before)
    )
