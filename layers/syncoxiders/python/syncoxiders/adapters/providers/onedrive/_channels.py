"""Push channels: subscriptions to what changes in the root, or in the whole drive.

A subscription has an id of Graph's. Our own id of the channel goes, with the secret, in its
``clientState``, which comes back with each notification. Subscriptions to any folder are to be had
on personal drives; on others only to the root.
Source: https://learn.microsoft.com/graph/api/resources/subscription
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from msgspec import structs

from syncoxiders.adapters.providers.onedrive._client import Client
from syncoxiders.adapters.providers.onedrive._items import nanoseconds
from syncoxiders.adapters.providers.onedrive._places import Places
from syncoxiders.adapters.providers.onedrive.push import client_state
from syncoxiders.ports.errors import Vanished
from syncoxiders.ports.push import Channel

LONGEST = 42_300 * 60.0
"""Seconds; less a minute, since clocks differ."""

_MINUTE = 60.0


class Channels:
    """The channels of one root."""

    def __init__(
        self, client: Client, places: Places, now: Callable[[], float] = time.time
    ) -> None:
        self._client = client
        self._places = places
        self._now = now

    def open(self, address: str, channel: str, secret: str, expires: float) -> Channel:
        """Open a channel; the address is asked at once to prove that it wants to hear."""
        told = self._client.call(
            "POST",
            "/subscriptions",
            json={
                "changeType": "updated",
                "notificationUrl": address,
                "lifecycleNotificationUrl": address,
                "resource": self._resource(),
                "expirationDateTime": self._until(expires),
                "clientState": client_state(channel, secret),
            },
            repeatable=False,
        )
        return Channel(channel, secret, _expiry(told), str(told["id"]))

    def renew(self, channel: Channel, address: str, expires: float) -> Channel:
        """Let a channel live longer, and authorise it anew; one that ended is opened again."""
        try:
            told = self._client.call(
                "PATCH",
                f"/subscriptions/{channel.token}",
                json={"expirationDateTime": self._until(expires)},
            )
        except Vanished:
            return self.open(address, channel.id, channel.secret, expires)
        return structs.replace(channel, expires=_expiry(told))

    def close(self, channel: Channel) -> None:
        """Close a channel; it need not be there any more."""
        try:
            self._client.call("DELETE", f"/subscriptions/{channel.token}")
        except Vanished:
            return

    def _resource(self) -> str:
        root = self._places.root()
        if root.place and self._places.personal:
            return self._places.address(root.id)
        return f"{self._places.base}/root"

    def _until(self, expires: float) -> str:
        until = min(expires, self._now() + LONGEST - _MINUTE)
        return datetime.fromtimestamp(until, UTC).isoformat().replace("+00:00", "Z")


def _expiry(told: dict[str, object]) -> float:
    return (nanoseconds(str(told.get("expirationDateTime", ""))) or 0) / 1e9
