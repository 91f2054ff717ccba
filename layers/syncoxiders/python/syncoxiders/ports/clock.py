"""The port to time."""

from typing import Protocol


class Clock(Protocol):
    """Wall time, and waiting."""

    def now(self) -> float:
        """Return seconds since the epoch."""

    def sleep(self, seconds: float) -> None:
        """Wait."""
