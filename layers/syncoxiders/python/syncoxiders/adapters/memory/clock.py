"""A clock that stands still until it is told to move."""

import threading

DEFAULT_START = 1_700_000_000.0


class MemoryClock:
    """Time that moves by :meth:`advance` and :meth:`sleep`, and by ``tick`` at each look.

    ``slept`` adds up what was waited for, so that a test can ask for it.
    """

    def __init__(self, start: float = DEFAULT_START, *, tick: float = 0.0) -> None:
        self._now = start
        self._tick = tick
        self._lock = threading.Lock()
        self.slept = 0.0

    def now(self) -> float:
        """Return seconds since the epoch."""
        with self._lock:
            self._now += self._tick
            return self._now

    def sleep(self, seconds: float) -> None:
        """Let the time pass at once."""
        with self._lock:
            self._now += seconds
            self.slept += seconds

    def advance(self, seconds: float) -> None:
        """Move the time on, or back, as somebody who sets a clock does."""
        with self._lock:
            self._now += seconds
