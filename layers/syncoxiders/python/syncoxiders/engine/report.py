"""What the engine tells while it works, and what it says in the end."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from syncoxiders.core.model import Action, EndpointId
from syncoxiders.core.plan import Plan
from syncoxiders.ports.state import Event


class Reporter(Protocol):
    """Hears of progress. Calls may come from several threads."""

    def phase(self, name: str) -> None:
        """Hear what is being done now: ``looking``, ``planning``, ``comparing``, ``applying``."""

    def expected(self, count: int) -> None:
        """Hear how many entries are to be planned, some of which will need no action."""

    def planned(self, actions: Sequence[Action]) -> None:
        """Hear of actions that are about to be run."""

    def moved(self, count: int) -> None:
        """Hear of bytes that have been carried."""

    def finished(self, action: Action, path: str, *, ok: bool) -> None:
        """Hear that an action has ended."""

    def failed(self, action: Action, error: Exception) -> None:
        """Hear of an error of ours that stopped an action, while it is being handled."""

    def event(self, event: Event) -> None:
        """Hear of something for the log."""


class Quiet:
    """A reporter that does not care."""

    def phase(self, name: str) -> None:
        """Ignore it."""

    def expected(self, count: int) -> None:
        """Ignore it."""

    def planned(self, actions: Sequence[Action]) -> None:
        """Ignore it."""

    def moved(self, count: int) -> None:
        """Ignore it."""

    def finished(self, action: Action, path: str, *, ok: bool) -> None:
        """Ignore it."""

    def failed(self, action: Action, error: Exception) -> None:
        """Ignore it."""

    def event(self, event: Event) -> None:
        """Ignore it."""


PREVIEW = "preview"
"""The kind of stop at which the first plan of a sync is shown."""


class Stop(msgspec.Struct, frozen=True):
    """A guard stopped the sync: what it saw, and the plan that a person can let through.

    ``kind`` is ``losses``, ``conflicts``, ``emptied``, ``exchanged``, ``lost`` or ``preview``.
    ``question`` tells it from an earlier stop for the same plan, where that is kept in mind.
    """

    kind: str
    reason: str
    plan_id: str = ""
    question: str = ""


class Outcome(msgspec.Struct):
    """How a run ended.

    ``counts`` counts finished actions by kind, ``files`` and ``bytes`` carried. ``errors`` are
    entries that could not be brought into step, ``left`` what changed under the run's hands and
    is left for the next one, ``notes`` all else that a person should hear of. ``plan`` is set by
    a dry run.
    """

    run: int = 0
    counts: dict[str, int] = {}
    bytes: int = 0
    conflicts: int = 0
    errors: list[Event] = []
    left: list[Event] = []
    notes: list[Event] = []
    away: dict[EndpointId, str] = {}
    stop: Stop | None = None
    plan: Plan | None = None

    @property
    def word(self) -> str:
        """The outcome as a word for the run's record."""
        if self.stop is not None:
            return "stopped"
        return "partial" if self.errors or self.left or self.away else "done"
