"""The index of all files: how long it takes to build, what it weighs, and how soon it answers.

So many entries lie at the two endpoints of a sync. The index is built, searched by a mix of
searches as people make them (and some that no index likes), changed, and merged, in a process of
its own (``searching.py ENTRIES``). Objects are in memory: what S3 takes comes on top.
"""

import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from functools import partial
from pathlib import Path
from statistics import quantiles

import msgspec

from syncoxiders.adapters.index.store import ObjectIndex
from syncoxiders.adapters.memory.objects import MemoryObjects
from syncoxiders.adapters.system import SystemClock
from syncoxiders.core import filetypes
from syncoxiders.core.indexed import ROOT_KEY, Row, key_of
from syncoxiders.core.model import Kind
from syncoxiders.engine.desk.search import Asked, search
from syncoxiders.engine.desk.statistics import statistics
from syncoxiders.engine.indexing import MANY
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.index import Place
from tests.benchmarks.measure import launched

TARGET = 1.5
"""Seconds within which 95 of 100 searches are answered at 1,000,000 entries."""

IN_FOLDER = 50
PARTS = 16
ROUNDS = 5
ENDINGS = ("jpg", "pdf", "txt", "mp4", "docx", "py", "zip", "xlsx")
PLACES = {Place("me", "photos", each): Account(each, "memory") for each in ("a", "b")}


class Answers(msgspec.Struct, frozen=True):
    """How long searches took: the median, and what 95 of 100 took at most, in seconds.

    ``cpu`` is of the latter what it took of a processor: other work here counts for the rest.
    """

    kind: str
    count: int
    middle: float
    most: float
    cpu: float


class Spent(msgspec.Struct, frozen=True):
    """Seconds by the clock, and of a processor."""

    seconds: float
    cpu: float


class Searched(msgspec.Struct, frozen=True):
    """An index of so many entries; sizes are in bytes, times in seconds."""

    entries: int
    built: Spent
    stored: int
    opened: int
    answers: list[Answers]
    change: Spent
    change_bytes: int
    full_change_bytes: int
    merged: Spent
    compared: Spent
    peak: int = 0
    problem: str = ""


NONE = Spent(0.0, 0.0)


def measure(scratch: Path, entries: int) -> Searched:
    """Build an index of so many entries, and use it."""
    command = [sys.executable, "-m", "tests.benchmarks.searching", str(entries)]
    took = launched(command, {**os.environ, "TMPDIR": str(scratch)}, scratch)
    if took.code:
        said = took.said[-1] if took.said else "-"
        return Searched(entries, NONE, 0, 0, [], NONE, 0, 0, NONE, NONE, took.peak, said)
    found = msgspec.json.decode(took.said[-1], type=Searched)
    return msgspec.structs.replace(found, peak=took.peak)


class Names:
    """Names as people and cameras give them, the same ones each time."""

    def __init__(self) -> None:
        self.rng = random.Random(1)
        letters = "bcdfghjklmnprstvw", "aeiou"
        self.words = [
            "".join(self.rng.choice(letters[each % 2]) for each in range(self.rng.randint(3, 9)))
            for _ in range(20_000)
        ]

    def one(self) -> str:
        rng = self.rng
        if rng.random() < 0.4:
            day = f"{rng.randint(2005, 2026)}{rng.randint(1, 12):02}{rng.randint(1, 28):02}"
            return f"IMG_{day}_{rng.randint(0, 999_999):06}.jpg"
        some = " ".join(rng.choice(self.words) for _ in range(rng.randint(1, 4)))
        return f"{some}.{rng.choice(ENDINGS)}"

    def rows(self, count: int) -> Iterator[tuple[int, Row]]:
        """Yield entries in trees of folders of fifty each."""
        rng = self.rng
        for number in range(1, count + 1):
            above = number // IN_FOLDER
            parent = key_of(str(above)) if above else ROOT_KEY
            if number * IN_FOLDER <= count:  # it has something in it
                name = rng.choice(self.words)
                yield key_of(str(number)), Row(parent, name, filetypes.FOLDER, node=number)
            else:
                yield key_of(str(number)), self.file(parent, number)

    def file(self, parent: int, number: int) -> Row:
        name, rng = self.one(), self.rng
        return Row(
            parent,
            name,
            filetypes.type_of(name, Kind.FILE),
            int(10 ** rng.uniform(2, 8)),
            1_700_000_000_000_000 + rng.randrange(10**14),
            number,
            (rng.getrandbits(63),),
        )

    def searches(self) -> Iterator[Asked]:
        """Yield searches: for words, for beginnings as one types them, and for everything."""
        for _ in range(40):
            word = self.rng.choice(self.words)
            yield Asked(q=word)
            yield Asked(q=f"{word[:3]} {self.rng.choice(ENDINGS)}")
        for text in ("i", "im", "img", "img 2024", "jpg", "2024", "b", "pdf ba", "20240", "a"):
            yield Asked(q=text)
            yield Asked(q=text, sort="size")
            yield Asked(q=text, sort="name", type="image")
        yield Asked()
        yield Asked(sort="size")
        yield Asked(sort="name")
        yield Asked(type="video", min_size=10_000_000, sort="modified")


class Store(MemoryObjects):
    """Objects that count what is written."""

    def __init__(self) -> None:
        super().__init__(SystemClock())
        self.written = 0

    def put(self, name: str, data: bytes | Path, *, over: str | None = None) -> str:
        self.written += len(data) if isinstance(data, bytes) else data.stat().st_size
        return super().put(name, data, over=over)

    def bytes(self, names: Collection[str]) -> int:
        return sum(len(self._held[name][0]) for name in names)


def main(entries: int) -> Searched:
    names, store = Names(), Store()
    index = ObjectIndex(store)
    built = clocked(lambda: build(index, names, entries // len(PLACES)))
    stored = store.bytes([name for name, _ in store.names("entries/")])
    answers = [timed("cold", lambda: cold(store), ROUNDS)]
    answers.append(mix("warm", index, names))
    first = next(iter(PLACES))
    before = store.written
    change = clocked(lambda: index.note(first, lambda: {5: names.file(ROOT_KEY, 5)}))
    small = store.written - before
    more = {key: names.file(ROOT_KEY, key) for key in range(10, 10 + MANY)}
    index.note(first, lambda: more)
    before = store.written
    index.note(first, lambda: {6: names.file(ROOT_KEY, 6)})
    full = store.written - before
    answers += [
        timed(f"after a change beside {MANY:,}", lambda: changed(index, names), ROUNDS),
        mix(f"warm beside {MANY:,} changes", index, names),
    ]
    answers.append(timed("statistics", lambda: statistics(index, "me", PLACES), ROUNDS))
    merged = clocked(lambda: index.merge(first))
    compared = clocked(
        lambda: index.compare("me", {place: each.name for place, each in PLACES.items()})
    )
    opened = index._bases.size
    return Searched(entries, built, stored, opened, answers, change, small, full, merged, compared)


def build(index: ObjectIndex, names: Names, entries: int) -> None:
    for place in PLACES:
        index.begin(place)
        rows = list(names.rows(entries))
        for part in range(PARTS):
            index.keep(place, part, rows[part::PARTS])
        index.finish(place)


def ask(index: ObjectIndex, asked: Asked) -> None:
    page = search(index, PLACES, asked, past=None, limit=50)
    if page.pending:
        raise SystemExit("the index is not there")


def cold(store: Store) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ask(ObjectIndex(store, folder=Path(folder)), Asked(q="img 2024"))


def changed(index: ObjectIndex, names: Names) -> None:
    row = names.file(ROOT_KEY, 7)
    index.note(next(iter(PLACES)), lambda: {7: row})
    ask(index, Asked(q="img 2024"))


def mix(kind: str, index: ObjectIndex, names: Names) -> Answers:
    return told(kind, [clocked(partial(ask, index, asked)) for asked in names.searches()])


def timed(kind: str, act: Callable[[], object], rounds: int) -> Answers:
    return told(kind, [clocked(act) for _ in range(rounds)])


def told(kind: str, times: list[Spent]) -> Answers:
    parts = quantiles([each.seconds for each in times], n=20, method="inclusive")
    cpu = quantiles([each.cpu for each in times], n=20, method="inclusive")
    return Answers(kind, len(times), parts[9], parts[18], cpu[18])


def clocked(act: Callable[[], object]) -> Spent:
    began, worked = time.perf_counter(), time.process_time()
    act()
    return Spent(time.perf_counter() - began, time.process_time() - worked)


if __name__ == "__main__":
    sys.stdout.write(msgspec.json.encode(main(int(sys.argv[1]))).decode() + "\n")
