"""The port to alarms: messages that are sent at a time to come."""

from typing import Literal, Protocol

from syncoxiders.ports.queue import Message

Line = Literal["poll", "merge", "apply"]
"""A queue, by what its messages ask for."""


class Alarms(Protocol):
    """Sends messages later. Like all messages one may come late, twice or never."""

    def set(self, line: Line, message: Message, at: float) -> None:
        """Have a message sent to a queue at a time (seconds since the epoch), or soon after.

        The same message for the same time is sent once. Raises StateUnavailable.
        """
