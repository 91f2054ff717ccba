"""The port to queues: messages that come at least once, in order within a group if at all."""

from collections.abc import Sequence
from typing import Protocol

import msgspec


class Message(msgspec.Struct, frozen=True):
    """A message to be sent. ``body`` is JSON; it is a hint and never the only place of a fact.

    Messages of one ``group`` are handled one after the other. A second message with the same
    ``once`` may be swallowed for five minutes, so that it names all that makes the message new.
    """

    body: str
    group: str
    once: str


class Queue(Protocol):
    """One queue."""

    def send(self, messages: Sequence[Message]) -> None:
        """Send all; raises StateUnavailable, after which some may have been sent."""
