"""What is shown while a run works: a display on a terminal, else plain lines, or nothing."""

import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click

from syncoxiders.cli.options import Output
from syncoxiders.cli.output import Sides, emit_action, emit_event
from syncoxiders.cli.text import size
from syncoxiders.core.model import Action
from syncoxiders.engine.report import Quiet, Reporter
from syncoxiders.ports.state import Event

STATUS_SECONDS = 10.0
"""How often a long run says on a plain stream how far it has come."""


_PART = 5_000
"""From so many actions on there may be more that are not planned yet."""


class Interrupted(KeyboardInterrupt):
    """The person wants to stop: whatever is being carried is dropped."""


class Tally(Quiet):
    """Counts what a run does. Ends transfers once ``stop`` is set."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._lock = threading.Lock()
        self.doing = ""
        self.actions = self.ended = self.entries = 0
        self.bytes = self.carried = 0

    def total(self) -> tuple[int, int]:
        """Return how many actions, and bytes, there will be, about: much is planned in parts."""
        if self.actions < _PART or self.entries <= self.actions:
            return self.actions, self.bytes
        return self.entries, self.bytes * self.entries // self.actions

    def phase(self, name: str) -> None:
        """Note what is being done."""
        self.doing = name

    def expected(self, count: int) -> None:
        """Note how much may come: a first sync is planned in parts."""
        self.entries = count

    def planned(self, actions: Sequence[Action]) -> None:
        """Add to what there is to do."""
        self.actions += len(actions)
        self.bytes += sum(action.size for action in actions if action.source is not None)

    def moved(self, count: int) -> None:
        """Add to what has been carried. Raises Interrupted."""
        if self._stop.is_set():
            raise Interrupted
        with self._lock:
            self.carried += count

    def finished(self, action: Action, path: str, *, ok: bool) -> None:
        """Add to what has ended."""
        del action, path, ok
        self.ended += 1


class Lines(Tally):
    """Prints a line for each action if ``verbose``, else now and then how far it has come."""

    def __init__(
        self, stop: threading.Event, sides: Sides, *, verbose: bool, status: bool = True
    ) -> None:
        super().__init__(stop)
        self._sides = sides
        self._verbose = verbose
        self._status = status
        self._told = time.monotonic()

    def finished(self, action: Action, path: str, *, ok: bool) -> None:
        """Print the action, if it went well: what went wrong is told in the end."""
        super().finished(action, path, ok=ok)
        if self._verbose and ok:
            click.echo(self._sides.action(action, path))
        elif self._status and time.monotonic() - self._told > STATUS_SECONDS:
            self._told = time.monotonic()
            actions, total = self.total()
            click.echo(f"{self.ended:,} of {actions:,} done, {size(self.carried)} of {size(total)}")


class Narrator(Tally):
    """Prints a line, with the time, for each change and event as it happens."""

    def __init__(self, stop: threading.Event, sides: Sides) -> None:
        super().__init__(stop)
        self._sides = sides

    def finished(self, action: Action, path: str, *, ok: bool) -> None:
        """Print the action, if it went well."""
        super().finished(action, path, ok=ok)
        if ok:
            self._say(self._sides.action(action, path))

    def event(self, event: Event) -> None:
        """Print the event, unless it is an error: these are told in the end."""
        if event.verb != "error":
            self._say(f"{event.verb:<10} {self._sides.event(event)}")

    @staticmethod
    def _say(text: str) -> None:
        click.echo(f"{time.strftime('%H:%M:%S')}  {text}")
        sys.stdout.flush()


class Objects(Tally):
    """Prints an object for each action and event."""

    def finished(self, action: Action, path: str, *, ok: bool) -> None:
        """Print the action."""
        super().finished(action, path, ok=ok)
        emit_action(action, path, ok=ok)

    def event(self, event: Event) -> None:
        """Print the event."""
        emit_event(event)


@contextmanager
def reporting(output: Output, sides: Sides, stop: threading.Event) -> Iterator[Reporter]:
    """Yield the reporter that suits where the output goes."""
    if output.json:
        yield Objects(stop)
        return
    if output.quiet:
        yield Tally(stop)
        return
    status = not sys.stderr.isatty()
    tally = Lines(stop, sides, verbose=output.verbose, status=status)
    with displayed(tally, sides.all(), output):
        yield tally


@contextmanager
def displayed(tally: Tally, title: str, output: Output) -> Iterator[None]:
    """Show a tally on the terminal, if there is one and it is wanted."""
    if output.json or output.quiet or not sys.stderr.isatty():
        yield
        return
    from syncoxiders.cli.display import Display  # noqa: PLC0415 -- rich is slow to import

    with Display(tally, title):
        yield
