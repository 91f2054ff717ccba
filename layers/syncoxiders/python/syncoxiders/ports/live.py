"""The ports to people who have the console open: which connections are theirs, and speaking there.

What is said is a hint. To lose one costs a person some seconds, so nothing waits for it.
"""

from typing import Literal, Protocol

import msgspec

Topic = Literal["sync", "account", "conflict", "plan"]
"""Of what something is new; conflicts and plans are named by their sync."""


class Listener(msgspec.Struct, frozen=True):
    """An open connection: its id, whose it is, by which login, and since when (seconds)."""

    connection: str
    owner: str
    session: str
    since: float


class Listeners(Protocol):
    """Who listens, and tickets to do so. Calls raise StateUnavailable."""

    def put_ticket(self, word: str, owner: str, session: str, expires: float) -> None:
        """Keep a ticket; ``word`` itself is not kept."""

    def take_ticket(self, word: str, now: float) -> tuple[str, str] | None:
        """Return the owner and login of a ticket and forget it, None if there is none (any more).

        Of several who bring the same one gets it.
        """

    def put(self, listener: Listener, expires: float) -> None:
        """Keep a connection for no longer than until then."""

    def of(self, owner: str) -> list[Listener]:
        """Return an owner's connections; one that was just made or closed may be told wrongly."""

    def remove(self, connection: str) -> None:
        """Forget a connection; it need not be there."""

    def end(self, owner: str, session: str) -> None:
        """Forget all connections of a login, so that nothing is said there any more."""


class Speech(Protocol):
    """Speaks on connections."""

    def say(self, connection: str, text: str) -> bool:
        """Send a text; False if there is no such connection (yet, or any more).

        Raises StateUnavailable if it is not known whether it was sent.
        """
