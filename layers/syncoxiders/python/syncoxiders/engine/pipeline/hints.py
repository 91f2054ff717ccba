"""Hints: reasons to look at an account, counted, and the messages about them.

A hint is counted first, and a message sent after, which is named by how many hints had been
answered by then: those that one look will answer share one message. A look that ends stores what
it has answered and then goes by the count once more; a hint that comes after that has a message
of its own, and none is swallowed. Where a look failed, so that nothing was answered, the first hint
of each minute tries again.

So there are never more messages than looks, and how often an account is looked at is bounded by
its :class:`Tempo`: a message that comes too soon is told to come again.
"""

from collections.abc import Iterable

import msgspec

from syncoxiders.engine.pipeline.messages import Poll
from syncoxiders.ports.queue import Message, Queue
from syncoxiders.ports.registry import Connected, Registry

_MINUTE = 60.0


class Tempo(msgspec.Struct, frozen=True):
    """How often hints have an account looked at.

    Each look counts for ``pause`` seconds. While no more than ``free`` of them count, the next one
    is at once; from there on the pause between two grows, to ``pause`` when ``most`` count. So
    somebody who saves and saves waits for a second or two, and whoever repeats a push without
    end makes us ask the vendor once every ``pause`` seconds.
    """

    free: int = 60
    most: int = 360
    pause: float = 5.0

    def due(self, connected: Connected, now: float) -> float:
        """Return when an account may be looked at next."""
        count = (connected.busy - now) / self.pause
        share = (count - self.free) / (self.most - self.free)
        return connected.polled_at + self.pause * min(max(share, 0.0), 1.0)

    def busy(self, connected: Connected, now: float) -> float:
        """Return until when looks count, the one that ends now included."""
        return min(max(connected.busy, now) + self.pause, now + self.most * self.pause)


TEMPO = Tempo()


def told(owner: str, connected: Connected, now: float) -> Message:
    """Return the message by which the hints of an account are answered that are not yet."""
    poll = Poll(owner, connected.account.name, after=connected.polled)
    return poll.message(f"after-{connected.polled}-{now // _MINUTE:.0f}")


def call(registry: Registry, polls: Queue, accounts: Iterable[tuple[str, str]], now: float) -> int:
    """Count a reason to look at each account (owner and name), and send messages about it.

    Returns how many of them there are. Raises StateUnavailable.
    """
    messages: list[Message] = []
    for owner, account in dict.fromkeys(accounts):
        found = registry.hint(owner, account)
        if found is not None:
            messages.append(told(owner, found, now))
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
