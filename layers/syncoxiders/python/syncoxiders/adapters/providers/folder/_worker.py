"""Processes that carry small files, so that more than one processor is put to use.

:func:`serve` answers jobs from standard input until that ends, as it does when the process that
started it is gone, or nothing has come for a while. A message is its length in four bytes and
MessagePack.
"""

import os
import select
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Literal, NamedTuple

import msgspec

from syncoxiders.core.model import Entry
from syncoxiders.ports import errors
from syncoxiders.ports.errors import ProviderError
from syncoxiders.ports.provider import Carry

_LENGTH = 4
_PATIENCE = 10.0
"""A process ends after so many seconds without work."""

_STEP = 16
"""After so many items a process makes sure that it is still wanted."""

_PROGRAM = f"from {__name__} import serve; serve()"


class Config(msgspec.Struct, frozen=True):
    """What makes a folder provider, as a message: ``root`` is the path's bytes."""

    root: bytes
    trash: bool
    links: Literal["skip", "follow", "copy"]
    compare: frozenset[str]


class Job(msgspec.Struct, frozen=True):
    """Items to carry from one folder to another."""

    source: Config
    target: Config
    verify: bool
    items: list[Carry]


class Done(msgspec.Struct, frozen=True, gc=False):
    """What became of one item: the entry, or the error's name and text."""

    entry: Entry | None = None
    error: str = ""
    text: str = ""
    reading: bool = False


class Answer(msgspec.Struct, frozen=True):
    """What became of each item of a job.

    ``written`` are the devices that hold what was written, each with the path of a folder there.
    """

    done: list[Done]
    written: dict[int, str]


class Results(NamedTuple):
    """What a job came to: for each item the entry or error, and :attr:`Answer.written`."""

    entries: list[Entry | ProviderError]
    written: Mapping[int, str]


_to_bytes = msgspec.msgpack.Encoder().encode
_to_job = msgspec.msgpack.Decoder(Job).decode
_to_answer = msgspec.msgpack.Decoder(Answer).decode


class Worker:
    """One such process. Used by one thread at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the one who started it
        )

    def run(self, job: bytes) -> Results:
        """Have a job done. Raises OSError if the process is gone."""
        requests, answers = self._process.stdin, self._process.stdout
        if requests is None or answers is None:
            raise BrokenPipeError
        _send(requests.fileno(), job)
        message = _receive(answers.fileno())
        if message is None:
            raise BrokenPipeError
        answer = _to_answer(message)
        return Results([_result(each) for each in answer.done], answer.written)

    def close(self) -> None:
        """End the process once it has nothing to do."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        with suppress(OSError, subprocess.TimeoutExpired):
            self._process.wait(timeout=10)


class Workers:
    """As many processes as there are processors, started when they are needed."""

    def __init__(self, most: int) -> None:
        self._free: list[Worker] = []
        self._room = most
        self._busy = 0
        self._lock = threading.Condition()

    def run(self, job: Job) -> Results | None:
        """Have a job done; None if no process can do it, which then has not begun it.

        It waits for one that is at work: doing it here would take the time of the one
        interpreter that plans and keeps the books. A process that dies while at it has done
        some of it: what stands there by then is for the caller to find out.
        """
        try:
            message = _to_bytes(job)
        except UnicodeEncodeError:
            return None  # a name that is no text
        worker = self._take()
        if worker is None:
            return None
        results = None
        try:
            results = worker.run(message)
        except (OSError, msgspec.DecodeError):
            worker.close()
        finally:
            self._give_back(worker, alive=results is not None)
        return results

    def close(self) -> None:
        """End all processes that have nothing to do."""
        with self._lock:
            free, self._free = self._free, []
            self._room += len(free)
        for worker in free:
            worker.close()

    def _take(self) -> Worker | None:
        with self._lock:
            while not self._free and not self._room and self._busy:
                self._lock.wait()
            if self._free:
                self._busy += 1
                return self._free.pop()
            if not self._room:
                return None
            self._room -= 1
            self._busy += 1
        try:
            return Worker()
        except OSError:
            with self._lock:
                self._busy -= 1  # no more processes can be had: its place stays empty
                self._lock.notify_all()
            return None

    def _give_back(self, worker: Worker, *, alive: bool) -> None:
        """Let others have a process, or the place of one that is gone."""
        with self._lock:
            self._busy -= 1
            if alive:
                self._free.append(worker)
            else:
                self._room += 1
            self._lock.notify()


def _result(done: Done) -> Entry | ProviderError:
    if done.entry is not None:
        return done.entry
    kind = getattr(errors, done.error, ProviderError)
    error: ProviderError = kind(done.text)
    error.reading = done.reading
    return error


def _send(fd: int, message: bytes) -> None:
    rest = memoryview(len(message).to_bytes(_LENGTH, "big") + message)
    while rest:
        rest = rest[os.write(fd, rest) :]


def _receive(fd: int) -> bytes | None:
    length = _read(fd, _LENGTH)
    return None if length is None else _read(fd, int.from_bytes(length, "big"))


def _read(fd: int, count: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < count:
        part = os.read(fd, count - len(parts))
        if not part:
            return None
        parts += part
    return bytes(parts)


def _answer(result: Entry | ProviderError) -> Done:
    if isinstance(result, Entry):
        return Done(result)
    return Done(error=type(result).__name__, text=str(result), reading=result.reading)


def serve() -> None:
    """Answer jobs until there are no more."""
    # Here, because the provider itself uses this module.
    from syncoxiders.adapters.providers.folder.provider import FolderProvider  # noqa: PLC0415 -- it imports this

    parent = os.getppid()
    made: dict[Config, FolderProvider] = {}
    while select.select([0], [], [], _PATIENCE)[0] and (message := _receive(0)) is not None:
        job = _to_job(message)
        for each in (job.source, job.target):
            if each not in made:
                made[each] = FolderProvider(
                    os.fsdecode(each.root), trash=each.trash, links=each.links, compare=each.compare
                )
        results: list[Entry | ProviderError] = []
        for start in range(0, len(job.items), _STEP):
            if os.getppid() != parent:
                return  # nobody waits for it any more, and somebody else may be at work
            results += made[job.target].carry_here(
                made[job.source], job.items[start : start + _STEP], verify=job.verify
            )
        written = made[job.target].take_written()
        _send(1, _to_bytes(Answer([_answer(each) for each in results], written)))
        for provider in made.values():
            provider.rest()
