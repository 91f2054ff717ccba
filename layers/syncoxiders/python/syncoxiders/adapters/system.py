"""The machine's own clock."""

import threading
import time


class SystemClock:
    """Wall time; waiting ends early once ``stop`` is set."""

    def __init__(self, stop: threading.Event | None = None) -> None:
        self._stop = stop or threading.Event()

    def now(self) -> float:
        """Return seconds since the epoch."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self._stop.wait(seconds)
