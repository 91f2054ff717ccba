"""Leases in the table ``control``: ``#lease#name``, ``lease``, with ``fence`` and ``until``.

Taking one is a single conditional update, so that of several at once exactly one succeeds. The
item stays, for fences must grow for ever. Clocks that differ let a lease end early or late; what
is written under it is safe all the same, by the fence.
"""

from syncoxiders.adapters.items.registry import milliseconds
from syncoxiders.ports.clock import Clock
from syncoxiders.ports.items import AtMost, Equals, Items, Key, Raced, Update


class ItemsLeases:
    """:class:`~syncoxiders.ports.registry.Leases` in a table of items."""

    def __init__(self, control: Items, clock: Clock) -> None:
        self._items = control
        self._clock = clock

    def take(self, name: str, seconds: float) -> int | None:
        """Take a lease that nobody holds, or whose time is over; returns its fence."""
        now = self._clock.now()
        update = Update(
            _key(name),
            put={"until": milliseconds(now + seconds)},
            add={"fence": 1},
            when=AtMost("until", milliseconds(now)),
        )
        (taken,) = self._items.write([update])
        if taken is None or isinstance(taken, Raced):
            return None
        fence = taken.attributes["fence"]
        return fence if isinstance(fence, int) else None

    def extend(self, name: str, fence: int, seconds: float) -> bool:
        """Hold on for longer; False if the lease was lost.

        One whose time is over is not lost until somebody else has taken it.
        """
        return self._until(name, fence, milliseconds(self._clock.now() + seconds))

    def release(self, name: str, fence: int) -> None:
        """Give a lease back, if it is still held."""
        self._until(name, fence, 0)

    def _until(self, name: str, fence: int, until: int) -> bool:
        update = Update(_key(name), put={"until": until}, when=Equals("fence", fence))
        (held,) = self._items.write([update])
        return not isinstance(held, Raced)


def _key(name: str) -> Key:
    return f"#lease#{name}", "lease"
