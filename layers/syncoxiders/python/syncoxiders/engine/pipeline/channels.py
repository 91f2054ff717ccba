"""Push channels: opened, renewed before they lapse, and closed when nobody wants to hear.

A channel is kept in the registry before it is opened, for it may speak at once. One that was
renewed under another id goes on beside the new one until the next time, so that nothing is missed
between them. What a vendor will not open costs only time: the schedule looks all the same.
"""

import secrets
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import msgspec
from msgspec import structs

from syncoxiders.engine.pipeline.context import Pipeline
from syncoxiders.engine.pipeline.hints import call
from syncoxiders.engine.pipeline.times import LEASE
from syncoxiders.ports.errors import AccountError, ProviderError, StateBusy
from syncoxiders.ports.provider import Provider
from syncoxiders.ports.push import Channel, Pushes
from syncoxiders.ports.registry import Connected, EndpointSettings, OpenChannel, SyncSettings

MARGIN = 86_400.0
"""Seconds before its end in which a channel is renewed."""

_LONG = 365 * 86_400.0
"""So long a channel is asked for; each vendor gives what it gives."""


class Renewal(msgspec.Struct):
    """What was done, and in how many seconds the next channel lapses (None if there is none)."""

    opened: int = 0
    renewed: int = 0
    closed: int = 0
    failed: int = 0
    lapses: float | None = None


def renew(pipeline: Pipeline, base: str, owners: Iterable[str] | None = None) -> Renewal:
    """See to all channels; pushes go to ``base`` (an https address) plus ``/push/KIND``.

    With ``owners`` only to theirs. Raises StateUnavailable, and StateBusy where somebody else has
    taken over.
    """
    done = Renewal()
    address = f"{base.rstrip('/')}/push"
    for owner in pipeline.registry.owners() if owners is None else owners:
        lease = f"{owner}#channels"
        fence = pipeline.leases.take(lease, LEASE)
        if fence is not None:  # else somebody is at it
            _Owner(pipeline, owner, address, done, hold=(lease, fence)).renew()
            pipeline.leases.release(lease, fence)
    return done


class _Owner:
    """The channels of one owner."""

    def __init__(
        self,
        pipeline: Pipeline,
        owner: str,
        address: str,
        done: Renewal,
        *,
        hold: tuple[str, int],
    ) -> None:
        self._pipeline = pipeline
        self._registry = pipeline.registry
        self._owner = owner
        self._address = address
        self._lease, self._fence = hold
        self._done = done
        self._now = pipeline.clock.now()
        self._deaf: dict[str, str] = {}

    def renew(self) -> None:
        """See to the channels of all endpoints, and to those of endpoints that are no more."""
        accounts = {each.account.name: each for each in self._registry.accounts(self._owner)}
        rest: dict[tuple[str, str, str], list[Channel]] = {}
        for opened in self._registry.channels(self._owner):
            place = (opened.sync, opened.endpoint, opened.account)
            rest.setdefault(place, []).append(opened.channel)
        for sync in self._registry.syncs(self._owner):
            providers = self._pipeline.providers(self._owner, sync)
            for endpoint in sync.endpoints:
                connected = accounts.get(endpoint.account)
                if connected is not None:
                    channels = rest.pop((sync.id, endpoint.id, endpoint.account), [])
                    if self._is_well(channels):
                        continue  # nothing is asked of a provider, nor made for it
                    self._hold()
                    with self._told(endpoint.account, channels):
                        self._see_to(sync, endpoint, connected, providers[endpoint.id], channels)
        for (sync_id, endpoint_id, account), channels in rest.items():
            self._hold()
            self._drop(sync_id, endpoint_id, account, channels)
        self._report(accounts)

    def _is_well(self, channels: list[Channel]) -> bool:
        """Say whether an endpoint has one channel, and that goes on for long."""
        if len(channels) != 1 or not channels[0].token:
            return False
        (channel,) = channels
        if channel.expires and channel.expires - self._now < MARGIN:
            return False
        self._alive(channel)
        return True

    def _hold(self) -> None:
        """Hold on to the lease; who lost it has nothing to do here any more."""
        if not self._pipeline.leases.extend(self._lease, self._fence, LEASE):
            raise StateBusy("somebody else sees to the channels by now")

    def _see_to(
        self,
        sync: SyncSettings,
        endpoint: EndpointSettings,
        connected: Connected,
        provider: Provider,
        channels: list[Channel],
    ) -> None:
        """Open or renew the channel of an endpoint, and close those that it replaced."""
        if not isinstance(provider, Pushes):
            return
        address = f"{self._address}/{connected.account.kind}"
        channels.sort(key=_life)
        current = channels.pop() if channels else None
        for old in channels:
            self._close(provider, old)
        found = OpenChannel(
            current or Channel("", ""), self._owner, endpoint.account, sync.id, endpoint.id
        )
        if current is None or not current.token:
            if current is not None:  # we were cut off before it was open, or before we knew
                self._registry.remove_channel(current.id)
            channel = self._open(provider, address, found)
        elif not self._is_well([current]):
            channel = provider.renew_channel(current, address, self._now + _LONG)
            self._registry.put_channel(structs.replace(found, channel=channel))
            self._done.renewed += 1
            if current.expires <= self._now:  # it may have missed something
                call(
                    self._registry,
                    self._pipeline.polls,
                    [(self._owner, endpoint.account)],
                    self._now,
                )
        else:
            channel = current
        self._alive(channel)

    def _open(self, provider: Pushes, address: str, found: OpenChannel) -> Channel:
        draft = Channel(str(uuid.uuid4()), secrets.token_urlsafe(32), self._now + MARGIN)
        self._registry.put_channel(structs.replace(found, channel=draft))
        try:
            channel = provider.open_channel(address, draft.id, draft.secret, self._now + _LONG)
        except ProviderError:
            self._registry.remove_channel(draft.id)
            raise
        self._registry.put_channel(structs.replace(found, channel=channel))
        self._done.opened += 1
        call(self._registry, self._pipeline.polls, [(self._owner, found.account)], self._now)
        return channel

    def _drop(self, sync: str, endpoint: str, account: str, channels: list[Channel]) -> None:
        """Close the channels of an endpoint that is not synced any more.

        Where that cannot be, they are forgotten: they lapse, and nobody listens to them.
        """
        settings = SyncSettings(sync, (EndpointSettings(endpoint, account),))
        try:
            provider: object = self._pipeline.providers(self._owner, settings)[endpoint]
        except (AccountError, ProviderError):
            provider = None
        for channel in channels:
            if isinstance(provider, Pushes):
                self._close(provider, channel)
            else:  # whoever removed the account has closed its doors, too
                self._registry.remove_channel(channel.id)

    def _close(self, provider: Pushes, channel: Channel) -> None:
        """Close a channel and forget it; one that cannot be closed is tried again until it ends."""
        try:
            if channel.token:
                provider.close_channel(channel)
        except (AccountError, ProviderError):
            if not 0 < channel.expires <= self._now:
                self._done.failed += 1
                return
        self._registry.remove_channel(channel.id)
        self._done.closed += 1

    @contextmanager
    def _told(self, account: str, channels: list[Channel]) -> Iterator[None]:
        """Keep what cannot be done for the account's report, and go on.

        While a channel goes on for long enough it may just as well succeed the next time.
        """
        current = max(channels, key=_life, default=None)
        try:
            yield
        except (AccountError, ProviderError) as error:
            self._done.failed += 1
            if current is not None and current.token:
                self._alive(current)
                if not 0 < current.expires < self._now + MARGIN / 2:
                    return
            self._deaf[account] = str(error)

    def _alive(self, channel: Channel) -> None:
        if channel.expires:
            left = channel.expires - self._now
            self._done.lapses = left if self._done.lapses is None else min(self._done.lapses, left)

    def _report(self, accounts: Mapping[str, Connected]) -> None:
        """Note of which accounts nothing is heard, and why."""
        for name, connected in accounts.items():
            text = self._deaf.get(name, "")
            if text != connected.deaf:
                self._registry.deaf(self._owner, name, text)


def _life(channel: Channel) -> tuple[bool, float]:
    """Return what says which of an endpoint's channels lives longest, open ones first."""
    return bool(channel.token), channel.expires or float("inf")
