"""A limit to the bytes carried each second, shared by all transfers."""

import threading

from syncoxiders.ports.clock import Clock


class Throttle:
    """Lets through ``rate`` bytes a second on average, with bursts of one second."""

    def __init__(self, rate: float | None, clock: Clock) -> None:
        self._rate = rate
        self._clock = clock
        self._lock = threading.Lock()
        self._free_at = 0.0

    def wait(self, count: int) -> None:
        """Wait until so many bytes may pass."""
        if self._rate is None:
            return
        with self._lock:
            now = self._clock.now()
            self._free_at = max(self._free_at, now - 1.0) + count / self._rate
            pause = self._free_at - now
        if pause > 0:
            self._clock.sleep(pause)
