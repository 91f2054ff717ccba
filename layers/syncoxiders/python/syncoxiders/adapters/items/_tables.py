"""What the parts of a store share: the tables, the clock, and how much is asked for at once."""

import queue
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from syncoxiders.ports.items import Item, Items, Put, Raced

T = TypeVar("T")

BATCH = 1_000
"""So many ids are handed out at once by what reads everything."""

DAY = 86_400

_AHEAD = 4


def _token() -> str:
    return secrets.token_hex(6)


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of a store.

    ``token`` gives a text that was never given before, by anybody. With ``threads`` full reads
    ask for so many partitions at once.
    """

    tree: Items
    journal: Items
    now: Callable[[], float] = time.time
    token: Callable[[], str] = _token
    threads: int = 0

    def stamp(self) -> int:
        """Return the time in microseconds."""
        return micros(self.now())

    def later(self, days: int) -> int:
        """Return when something may go, for its attribute ``expires``."""
        return int(self.now()) + days * DAY


def micros(seconds: float) -> int:
    """Return a time in microseconds."""
    return round(seconds * 1e6)


def put_all(items: Items, puts: Iterable[Put]) -> None:
    """Put items whatever is there."""
    if changes := list(puts):
        items.write(changes)


def one(results: Sequence[Item | Raced | None]) -> Item | Raced | None:
    """Return what became of the only change."""
    (found,) = results
    return found


def batched(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield lists of at most so many values."""
    values = iter(values)
    while batch := list(islice(values, size)):
        yield batch


def together(sources: Sequence[Callable[[], Iterator[T]]], threads: int) -> Iterator[list[T]]:
    """Yield, in batches and in no particular order, what all sources yield.

    Threads read ahead by a few batches, and end when nobody wants more.
    """
    if not threads:
        yield from batched((each for source in sources for each in source()), BATCH)
        return
    ready: queue.Queue[list[T] | BaseException | None] = queue.Queue(_AHEAD + threads)
    todo = iter(list(sources))
    stopped = threading.Event()
    lock = threading.Lock()

    def work() -> None:
        try:
            while not stopped.is_set():
                with lock:
                    source = next(todo, None)
                if source is None:
                    return
                for batch in batched(source(), BATCH):
                    ready.put(batch)
                    if stopped.is_set():
                        return
        except BaseException as error:  # noqa: BLE001 -- the reader of the batches raises it
            ready.put(error)
        finally:
            ready.put(None)

    workers = [
        threading.Thread(target=work, name="full-read", daemon=True)
        for _ in range(min(threads, len(sources)))
    ]
    for worker in workers:
        worker.start()
    running = len(workers)
    try:
        while running:
            batch = ready.get()
            if batch is None:
                running -= 1
            elif isinstance(batch, BaseException):
                raise batch
            else:
                yield batch
    finally:
        stopped.set()
        while any(worker.is_alive() for worker in workers):
            with suppress(queue.Empty):
                ready.get(timeout=0.01)
