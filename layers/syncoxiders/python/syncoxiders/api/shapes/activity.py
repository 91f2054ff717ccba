"""Runs, and what they did."""

from datetime import datetime
from typing import Literal

from syncoxiders.api.shapes.base import shape


@shape
class Run:
    """One pass of planning and doing."""

    sync: str
    number: int
    started_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: Literal["", "done", "partial", "stopped", "failed", "interrupted"]
    """``""`` while it goes on."""
    counts: dict[str, int]
    """How much was done, by kind."""
    message: str = ""


@shape
class Runs:
    """Runs, newest first."""

    items: list[Run]
    next: str | None = None


@shape
class Event:
    """What was done to one file or folder, or has to be said of it."""

    sync: str
    run: int
    number: int
    """Its place in the run's log."""
    at: datetime | None = None
    """When the run ended that did it, or began if it goes on."""
    verb: str
    """An action's kind, or ``note``, ``error``, ``conflict``, ``rescued``."""
    endpoint: str
    account: str
    path: str
    detail: str = ""


@shape
class Events:
    """What happened: newest first, but for the log of one run, which is in its order."""

    items: list[Event]
    next: str | None = None
