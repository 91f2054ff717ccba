"""Alarms in memory, which ring when they are asked to."""

from collections.abc import Mapping

from syncoxiders.ports.alarm import Line
from syncoxiders.ports.clock import Clock
from syncoxiders.ports.queue import Message, Queue


class MemoryAlarms:
    """:class:`~syncoxiders.ports.alarm.Alarms` that send to ``queues``; time is the clock's."""

    def __init__(self, clock: Clock, queues: Mapping[Line, Queue]) -> None:
        self._clock = clock
        self._queues = queues
        self.waiting: dict[tuple[Line, str, float], Message] = {}

    def set(self, line: Line, message: Message, at: float) -> None:
        """Have a message sent to a queue at a time, once :meth:`ring` is called by then."""
        self.waiting[line, message.body, at] = message

    def next_at(self) -> float | None:
        """Return when the next one is due, None if there is none."""
        return min((at for _, _, at in self.waiting), default=None)

    def ring(self) -> int:
        """Send what is due, and return how many messages that were."""
        now = self._clock.now()
        due = [key for key in self.waiting if key[2] <= now]
        for key in due:
            self._queues[key[0]].send([self.waiting.pop(key)])
        return len(due)
