"""Holding on to a lease while work goes on, and stopping when it is lost or time is over."""

import math
from collections.abc import Callable

from syncoxiders.engine.interrupted import OutOfTime
from syncoxiders.engine.pipeline.times import LEASE
from syncoxiders.ports.errors import StateBusy
from syncoxiders.ports.registry import Leases

_OFTEN = LEASE / 4
"""Seconds after which the lease is extended: three attempts may come late."""


class Hold:
    """A lease that was taken. Work calls it at every step that may take a while.

    It lapses where nobody calls, and whoever takes it then goes on; the first one hears of that
    at its next step.
    """

    def __init__(
        self,
        leases: Leases,
        name: str,
        fence: int,
        now: Callable[[], float],
        until: float = math.inf,
    ) -> None:
        self._leases = leases
        self._name = name
        self._now = now
        self._until = until
        self._extended = now()
        self.fence = fence

    def __call__(self) -> None:
        """Hold on. Raises StateBusy if somebody else has taken over, OutOfTime at the end."""
        now = self._now()
        if now - self._extended >= _OFTEN:
            if not self._leases.extend(self._name, self.fence, LEASE):
                raise StateBusy("somebody else has taken over")
            self._extended = now
        if now >= self._until:
            raise OutOfTime("another worker goes on")

    def release(self) -> None:
        """Give the lease back, if it is still held."""
        self._leases.release(self._name, self.fence)


def take(
    leases: Leases, name: str, now: Callable[[], float], until: float = math.inf
) -> Hold | None:
    """Take a lease, None if somebody holds it; the work has to end by the time ``until``."""
    fence = leases.take(name, LEASE)
    return None if fence is None else Hold(leases, name, fence, now, until)
