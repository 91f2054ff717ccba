"""A simulated FIFO queue that does to messages what real ones may do, by chance but repeatably."""

import random
import threading
from collections.abc import Callable, Sequence

import msgspec

from syncoxiders.ports.clock import Clock
from syncoxiders.ports.errors import StateUnavailable
from syncoxiders.ports.queue import Message

WINDOW = 300.0
"""Seconds in which a second message with the same ``once`` is swallowed."""


class Faults(msgspec.Struct, frozen=True):
    """How often (0 to 1) a queue does what it may, and for how many seconds a message may wait.

    ``loss`` drops a message that was sent, which no queue does, but which hints must bear;
    ``repeat`` delivers it twice; ``undeleted`` forgets a deletion; ``refusal`` fails to send,
    after some of the messages were taken.
    """

    loss: float = 0.0
    repeat: float = 0.0
    undeleted: float = 0.0
    refusal: float = 0.0
    delay: float = 0.0


class Received(msgspec.Struct, frozen=True):
    """A delivery: ``receipt`` is good for this one only, ``count`` is how many there have been."""

    message: Message
    receipt: str
    count: int
    sent: float


class _Waiting(msgspec.Struct, eq=False):
    message: Message
    sent: float
    visible: float
    count: int = 0
    receipt: str = ""


class MemoryQueue:
    """A queue whose receiver asks for batches, as the poller before a function does.

    Of a group nothing is delivered while a delivery of it is neither deleted nor over; it is over
    ``visibility`` seconds later. Which groups come first is left to chance. What was delivered
    ``receives`` times without being deleted goes to ``dead`` instead of once more. Time is that
    of ``clock``. One seed and one order of calls give one history.
    """

    def __init__(
        self,
        clock: Clock,
        seed: int | str = 0,
        *,
        faults: Faults | None = None,
        visibility: float = 360.0,
        receives: int = 5,
        lose: Callable[[Message], bool] = lambda _: False,
    ) -> None:
        self._clock = clock
        self._random = random.Random(seed)  # noqa: S311 -- chance that can be repeated
        self._lock = threading.Lock()
        self._groups: dict[str, list[_Waiting]] = {}
        self._seen: dict[str, float] = {}
        self._deliveries = 0
        self.faults = faults or Faults()
        self.visibility = visibility
        self.receives = receives
        self.lose = lose
        self.dead: list[Message] = []
        self.sent = 0
        self.swallowed = 0

    def send(self, messages: Sequence[Message]) -> None:
        """Send all; raises StateUnavailable, after which some may have been sent."""
        with self._lock:
            taken = len(messages)
            refused = self._chance(self.faults.refusal)
            if refused:
                taken = self._random.randrange(len(messages) + 1)
            for message in messages[:taken]:
                self._take(message)
            if refused:
                raise StateUnavailable("the queue takes no messages")

    def receive(self, limit: int = 10) -> list[Received]:
        """Deliver up to so many messages, in order within each group; none if nothing is due."""
        with self._lock:
            now = self._clock.now()
            self._bury(now)
            groups = [group for group in self._groups if self._due(group, now)]
            self._random.shuffle(groups)
            found: list[Received] = []
            for group in groups:
                for each in self._groups[group]:
                    if len(found) == limit or each.visible > now:
                        break
                    found.append(self._deliver(each, now))
            return found

    def delete(self, receipt: str) -> None:
        """Let go of a message; a receipt of an earlier delivery, or after its time, is nothing."""
        with self._lock:
            found = self._find(receipt)
            if found is not None and not self._chance(self.faults.undeleted):
                self._remove(found)

    def give_back(self, receipt: str, seconds: float = 0.0) -> None:
        """Let a delivery be over in so many seconds, instead of after its time."""
        with self._lock:
            found = self._find(receipt)
            if found is not None:
                found.visible = self._clock.now() + seconds

    def purge(self) -> None:
        """Forget all messages."""
        with self._lock:
            self._groups.clear()

    def next_at(self) -> float | None:
        """Return when something will be due, at once if it is; None if the queue is empty."""
        with self._lock:
            now = self._clock.now()
            times = [
                max(each.visible for each in waiting if each is waiting[0] or each.receipt)
                for waiting in self._groups.values()
            ]
            return max(min(times), now) if times else None

    def __len__(self) -> int:
        """Return how many messages there are, those that are being handled included."""
        with self._lock:
            return sum(len(waiting) for waiting in self._groups.values())

    def redrive(self) -> list[Message]:
        """Return what went to the dead, and forget it there."""
        with self._lock:
            dead, self.dead = self.dead, []
            return dead

    def _take(self, message: Message) -> None:
        now = self._clock.now()
        self.sent += 1
        self._seen = {once: end for once, end in self._seen.items() if end > now}
        if message.once in self._seen:
            self.swallowed += 1
            return
        self._seen[message.once] = now + WINDOW
        if self.lose(message) or self._chance(self.faults.loss):
            return
        visible = now + self._random.uniform(0.0, self.faults.delay)
        waiting = self._groups.setdefault(message.group, [])
        for _ in range(1 + self._chance(self.faults.repeat)):
            waiting.append(_Waiting(message, now, visible))

    def _due(self, group: str, now: float) -> bool:
        """Say whether a group has something to deliver, and nothing of it is being handled."""
        waiting = self._groups[group]
        return waiting[0].visible <= now and not any(
            each.receipt and each.visible > now for each in waiting
        )

    def _bury(self, now: float) -> None:
        """Put aside what was delivered often enough."""
        for each in [each for waiting in self._groups.values() for each in waiting]:
            if each.count >= self.receives and each.visible <= now:
                self.dead.append(each.message)
                self._remove(each)

    def _deliver(self, waiting: _Waiting, now: float) -> Received:
        self._deliveries += 1
        waiting.count += 1
        waiting.visible = now + self.visibility
        waiting.receipt = f"{self._deliveries}"
        return Received(waiting.message, waiting.receipt, waiting.count, waiting.sent)

    def _find(self, receipt: str) -> _Waiting | None:
        for waiting in self._groups.values():
            for each in waiting:
                if each.receipt == receipt and each.visible > self._clock.now():
                    return each
        return None

    def _remove(self, waiting: _Waiting) -> None:
        group = self._groups[waiting.message.group]
        group.remove(waiting)
        if not group:
            del self._groups[waiting.message.group]

    def _chance(self, probability: float) -> bool:
        return probability > 0.0 and self._random.random() < probability
