"""Hints: reasons to look at an account, counted, and the messages about them.

A hint is counted first, and a message sent after, which is named by how many hints had been
answered by then: those that one look will answer share one message. A look that ends stores what
it has answered and then goes by the count once more; a hint that comes after that has a message
of its own, and none is swallowed. Where a look failed, so that nothing was answered, the first hint
of each minute tries again.
"""

import threading
from collections.abc import Iterable

from syncoxiders.engine.pipeline.messages import Poll
from syncoxiders.ports.queue import Message, Queue
from syncoxiders.ports.registry import Registry

PER_MINUTE = 12
"""So many messages a minute one process sends for an account; of further hints in that minute only
the first sends one, so that nobody who repeats a push makes us ask the vendor without end."""

_MINUTE = 60.0


class Meter:
    """Counts the messages for each account in the current minute, in this process only."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._minute = 0.0
        self._counts: dict[tuple[str, str], int] = {}

    def passes(self, account: tuple[str, str], now: float) -> bool:
        """Count one; False if there were enough."""
        with self._lock:
            minute = now // _MINUTE
            if minute != self._minute:
                self._minute, self._counts = minute, {}
            self._counts[account] = self._counts.get(account, 0) + 1
            return self._counts[account] <= PER_MINUTE


def call(
    registry: Registry,
    polls: Queue,
    accounts: Iterable[tuple[str, str]],
    now: float,
    meter: Meter | None = None,
) -> int:
    """Count a reason to look at each account (owner and name), and send messages about it.

    Returns how many of them there are. Raises StateUnavailable.
    """
    messages: list[Message] = []
    for owner, account in dict.fromkeys(accounts):
        found = registry.hint(owner, account)
        if found is not None:
            few = meter is None or meter.passes((owner, account), now)
            minute = f"{now // _MINUTE:.0f}"
            once = f"after-{found.polled}-{minute}" if few else f"minute-{minute}"
            messages.append(Poll(owner, account).message(once))
    polls.send(messages)
    return len(messages)


def wake(registry: Registry, polls: Queue, now: float) -> int:
    """Have every account looked at that may be, whether or not there was a hint.

    Returns how many they are. Raises StateUnavailable.
    """
    messages = [
        Poll(owner, connected.account.name).message(f"timer-{now // _MINUTE:.0f}")
        for owner in registry.owners()
        for connected in registry.accounts(owner)
        if connected.not_before <= now
    ]
    polls.send(messages)
    return len(messages)
