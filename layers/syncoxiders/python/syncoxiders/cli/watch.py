"""The command ``watch``: keeps folders in step by file-system events and a periodic look.

Events are hints. They say which folders to look at again; what changed there the look finds.
Whatever an event cannot say for sure, and whatever got lost, a look at everything makes up for.
Clouds are asked now and then what is new.
"""

import math
import time
from collections.abc import Iterator

import click
import watchfiles

from syncoxiders.cli import signals
from syncoxiders.cli.bootstrap import Session, opened
from syncoxiders.cli.events import Batch, Changes, Mapper
from syncoxiders.cli.exits import Exit
from syncoxiders.cli.options import Request
from syncoxiders.cli.output import (
    Sides,
    complain,
    emit_outcome,
    emit_sync,
    exit_code,
    print_outcome,
    print_stop,
    troubles,
)
from syncoxiders.cli.progress import Narrator, Objects, Tally, reporting
from syncoxiders.cli.text import duration
from syncoxiders.core.model import EndpointId
from syncoxiders.engine.report import Outcome
from syncoxiders.ports.provider import Feeds

TICK = 0.2
"""Seconds after which watching looks at the clock."""

ROOTS_SECONDS = 2.0
"""How often to see whether the roots are still the same folders."""

RETRY = 15.0
"""Seconds until what could not be brought into step is tried again."""

ASK = 10.0
"""Seconds between asking the accounts what is new."""

BLIND_INTERVAL = 30.0
"""Seconds between looks, at most, where there are no events."""


def watch(request: Request, stopping: signals.Stopping) -> Exit:
    """Keep the folders in step until somebody stops it, or a guard does."""
    with opened(request, stopping.event) as session:
        return Watch(session, stopping).run()


class Watch:
    """A watch over the folders of a session."""

    def __init__(self, session: Session, stopping: signals.Stopping) -> None:
        self._session = session
        self._stopping = stopping
        self._request = session.request
        self._output = session.request.output
        self._sides = Sides(session.endpoints, session.addresses, session.request.mode)
        self._roots = [root.path for root in self._request.roots if not root.account]
        self._clouds: list[EndpointId] = [
            each.id for each in session.endpoints if isinstance(session.providers[each.id], Feeds)
        ]
        self._next_ask = 0.0
        self._mapper = Mapper(session.store, session.addresses)
        self._batch = Batch()
        self._interval = self._request.interval
        self._next_look = 0.0  # never, while it waits for a folder to come back
        self._told: set[str] = set()
        self._first = True

    def run(self) -> Exit:
        """Watch; events are listened to before the first look, so that none is missed."""
        if self._output.json:
            emit_sync(self._sides, dry_run=False)
        elif not self._output.quiet:
            click.echo(
                f"Watching {self._sides.all()}, and looking at everything every "
                f"{duration(self._interval)}. Ctrl-C stops."
            )
        self._stopping.farewell = "not watching any more"
        while True:
            standing = self._standing()
            code = self._follow(standing)
            if code is not None:
                return code

    # -- listening -----------------------------------------------------------------------------

    def _follow(self, standing: tuple[object, ...]) -> Exit | None:
        """Follow the events of the roots as they stand; None to begin again."""
        self._next_look = 0.0
        self._interval = self._request.interval
        checked = time.monotonic()
        for changes in self._ticks():
            now = time.monotonic()
            self._batch.add(changes, now)
            if now - checked > ROOTS_SECONDS:
                checked = now
                if self._standing() != standing:
                    return None
            code = None
            if now >= self._next_look:
                code = self._look()
            elif self._next_look < math.inf and self._batch.due(now):
                code = self._look() if self._batch.doubtful else self._hear()
            elif self._next_look < math.inf and self._clouds and now >= self._next_ask:
                code = self._hear()
            if code is not None:
                return code
        return None

    def _ticks(self) -> Iterator[Changes]:
        """Yield changes as they come, and nothing now and then; ends where they got lost."""
        there = [root for root in self._roots if root.is_dir()]
        heard = False
        if not self._roots:
            yield from self._clock()
        try:
            for changes in watchfiles.watch(
                *there,
                watch_filter=None,
                debounce=500,
                rust_timeout=int(TICK * 1000),
                yield_on_timeout=True,
                ignore_permission_denied=True,
            ):
                heard = True
                yield changes
        except (OSError, RuntimeError) as error:
            if heard:  # a name that it cannot decode, say
                self._session.clock.sleep(1.0)
                return
            yield from self._blind(str(error))

    def _blind(self, reason: str) -> Iterator[Changes]:
        """Yield nothing now and then: without events there is only looking."""
        self._interval = min(self._interval, BLIND_INTERVAL)
        complain(
            f"no file-system events ({reason}); looking every {duration(self._interval)} instead"
        )
        yield from self._clock()

    def _clock(self) -> Iterator[Changes]:
        """Yield nothing now and then."""
        while True:
            self._session.clock.sleep(TICK)
            if self._stopping.event.is_set():
                raise KeyboardInterrupt
            yield set()

    def _standing(self) -> tuple[object, ...]:
        """Return which folders stand at the roots now."""
        found: list[object] = []
        for root in self._roots:
            try:
                status = root.stat()
            except OSError:
                found.append(None)
            else:
                found.append((status.st_dev, status.st_ino))
        return tuple(found)

    # -- looking -------------------------------------------------------------------------------

    def _look(self) -> Exit | None:
        """Look at everything."""
        self._batch.take()
        if not self._first:
            return self._took(self._session.run(self._narrator()))
        self._first = False
        began = time.monotonic()
        with reporting(self._output, self._sides, self._stopping.event) as reporter:
            outcome = self._session.run(reporter)
        if not self._output.json and outcome.stop is None:
            print_outcome(outcome, self._sides, self._output, time.monotonic() - began)
            self._told = set(troubles(outcome, self._sides))
        return self._took(outcome)

    def _hear(self) -> Exit | None:
        """Look at the folders that events speak of, and ask the accounts what is new."""
        only = self._mapper.folders(self._batch.take())
        only |= dict.fromkeys(self._clouds, ())
        self._next_ask = time.monotonic() + ASK
        if not only:
            return None
        planned = self._next_look
        code = self._took(self._session.run(self._narrator(), only))
        self._next_look = min(self._next_look, planned)
        return code

    def _narrator(self) -> Tally:
        if self._output.json:
            return Objects(self._stopping.event)
        if self._output.quiet:
            return Tally(self._stopping.event)
        return Narrator(self._stopping.event, self._sides)

    def _took(self, outcome: Outcome) -> Exit | None:
        """Take what a run said; returns the exit code if that is the end."""
        code = exit_code(outcome, fail_on_conflict=self._request.fail_on_conflict)
        if self._output.json and (outcome.counts or outcome.word != "done"):
            emit_outcome(outcome, code)
        stop = outcome.stop
        if stop is not None:
            if self._told != {stop.reason}:
                print_stop(stop, self._request)
                self._told = {stop.reason}
            if stop.kind not in {"lost", "exchanged"}:
                return code
            complain("waiting for the folder to come back")
            self._next_look = math.inf
            return None
        told = set(troubles(outcome, self._sides))
        for text in sorted(told - self._told):
            complain(text)
        if self._told and not told:
            complain("all is well again")
        self._told = told
        self._next_look = time.monotonic() + (
            self._interval if outcome.word == "done" else min(RETRY, self._interval)
        )
        return code if code is Exit.CONFLICTS else None
