"""The port to push channels: how an endpoint's provider tells that there is something new."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import msgspec


class Channel(msgspec.Struct, frozen=True):
    """An open push channel.

    ``secret`` proves that a push comes from it; ``expires`` is in seconds since the epoch, 0 if
    it does not end. ``token`` is the provider's own, for renewing and closing.
    """

    id: str
    secret: str
    expires: float = 0.0
    token: str = ""


class Push(msgspec.Struct, frozen=True):
    """What a genuine push says.

    ``reply`` is to be answered as text, where the provider wants to hear it (a challenge);
    ``channels`` and ``accounts`` are those that there is something new in; ``renew`` names
    channels that have to be renewed now, or will end.
    """

    reply: str | None = None
    channels: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    renew: tuple[str, ...] = ()


class Forged(Exception):  # noqa: N818 -- named after what it says
    """A push that is not what it pretends to be, or is malformed. Its text holds no secret."""


class Verifier(Protocol):
    """A pure function that tells a genuine push from a forged one.

    ``headers`` have lower-case names, ``body`` is raw. ``secret`` is looked up by channel id, or
    is the one of the app, by ``""``; an unknown id gives None. Raises Forged.
    """

    def __call__(
        self,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes,
        secret: "Secrets",
    ) -> Push:
        """Return what the push says."""


class Secrets(Protocol):
    """Where a verifier looks up the secret of a channel."""

    def __call__(self, channel: str) -> str | None:
        """Return the secret, None for a channel that is not known."""


@runtime_checkable
class Pushes(Protocol):
    """A provider that can be asked to push to an address, per endpoint."""

    def open_channel(self, address: str, channel: str, secret: str, expires: float) -> Channel:
        """Open a channel under an id and a secret of ours; it may end before ``expires``."""

    def renew_channel(self, channel: Channel, address: str, expires: float) -> Channel:
        """Return a channel that lives longer: the same one, or one that overlaps with it."""

    def close_channel(self, channel: Channel) -> None:
        """Close a channel; it need not be there any more."""
