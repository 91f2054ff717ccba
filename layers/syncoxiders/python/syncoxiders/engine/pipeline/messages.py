"""What the functions tell each other: look here.

A message names a place and never a fact, so that it may be lost, repeated, delayed or overtaken.
"""

from typing import TypeVar

import msgspec

from syncoxiders.ports.queue import Message


class Malformed(ValueError):  # noqa: N818 -- named after what it says
    """A message's body is not what its queue carries. It holds what was wrong, not the body."""


class NotYet(Exception):  # noqa: N818 -- an answer, not an error
    """A message was not handled, and is to come again after so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__("it is too soon")
        self.seconds = seconds


class Poll(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Look at what is new in an account, or only into some ``folders`` of it.

    These are named as the roots of endpoints are: ``bucket/folder``. One that is sent for hints
    tells how many had been answered: ``after`` a look that answered more there is no need for it.
    """

    owner: str
    account: str
    folders: tuple[str, ...] = ()
    after: int | None = None

    def message(self, once: str) -> Message:
        """Return it to be sent; ``once`` names what gave reason to look."""
        group = f"{self.owner}#{self.account}"
        return Message(_body(self), group, f"{group}#{once}")


class Merge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Plan what a sync's change log holds."""

    owner: str
    sync: str

    def message(self, once: str) -> Message:
        """Return it to be sent; ``once`` names what gave reason to plan (a log's position)."""
        group = f"{self.owner}#{self.sync}"
        return Message(_body(self), group, f"{group}#{once}")


class Apply(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Do the actions of a batch."""

    owner: str
    sync: str
    batch: str

    def message(self, account: str, lane: int, once: str = "") -> Message:
        """Return it to be sent, in a lane of the account where the actions are to be done.

        ``once`` tells one sending from an earlier one that is not to swallow it.
        """
        group = f"{self.owner}#{account}#{lane}"
        return Message(_body(self), group, f"{self.owner}#{self.sync}#{self.batch}#{once}")


T = TypeVar("T", Poll, Merge, Apply)


def read(body: str | bytes, of: type[T]) -> T:
    """Return what a message's body says. Raises Malformed."""
    try:
        return msgspec.json.decode(body, type=of)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise Malformed(f"this is no message to {of.__name__.lower()}: {error}") from error


def _body(message: Poll | Merge | Apply) -> str:
    return msgspec.json.encode(message).decode()
