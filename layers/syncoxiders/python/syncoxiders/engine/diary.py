"""What a run says of itself: at once, in its outcome, and in the log that the store keeps."""

from collections.abc import Sequence

from syncoxiders.core.model import EndpointId
from syncoxiders.engine.context import Context
from syncoxiders.engine.report import Outcome
from syncoxiders.ports.state import Event, RunRecord


class Diary:
    """A run's log. A run that has nothing to say, and ends well, leaves no record.

    ``number`` is that of a run which is under way already.
    """

    def __init__(self, context: Context, outcome: Outcome, number: int = 0) -> None:
        self._context = context
        self._outcome = outcome
        self._started = context.clock.now()
        self._number = number

    def begin(self) -> None:
        """Open the run in the log, now that it has something to say."""
        if not self._number and not self._context.options.dry_run:
            self._number = self._outcome.run = self._context.store.begin_run(self._started)

    def end(self, word: str) -> None:
        """Close the run with the outcome as a word."""
        outcome = self._outcome
        if word != "done":
            self.begin()
        if not self._number:
            return
        self._context.store.end_run(
            RunRecord(
                id=self._number,
                started=self._started,
                ended=self._context.clock.now(),
                outcome=word,
                counts={**outcome.counts, "conflicts": outcome.conflicts, "bytes": outcome.bytes},
                message=outcome.stop.reason if outcome.stop else "",
            )
        )

    def note(self, verb: str, endpoint: EndpointId, path: str, detail: str) -> None:
        """Say something that is no error."""
        self.say(Event(verb, endpoint, path, detail))

    def error(self, endpoint: EndpointId, path: str, detail: str) -> None:
        """Say what went wrong."""
        self.say(Event("error", endpoint, path, detail))

    def say(self, event: Event) -> None:
        """Tell of something: in the outcome, at once, and in the log."""
        (self._outcome.errors if event.verb == "error" else self._outcome.notes).append(event)
        self._context.reporter.event(event)
        self.log([event])

    def log(self, events: Sequence[Event]) -> None:
        """Append to the log."""
        if events and not self._context.options.dry_run:
            self.begin()
            self._context.store.log(self._number, events)
