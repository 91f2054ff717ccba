"""From a sync's settings to the providers of its endpoints, in the deployed system."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from syncoxiders.adapters.providers import kinds
from syncoxiders.adapters.providers.kinds import Credentials, Kind
from syncoxiders.core.model import EndpointId
from syncoxiders.engine.pacing import Pacer
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.clock import Clock
from syncoxiders.ports.errors import AccountError
from syncoxiders.ports.provider import Provider, Providers
from syncoxiders.ports.registry import Registry, SyncSettings

KEPT = 300.0
"""Seconds for which a connected provider serves: keys that were changed hold from then on."""

MOST = 64
"""So many of them are kept."""

Open = Callable[[str, Account, Kind], Credentials]
"""Finds what an owner's account is opened by. Raises AccountError."""


class Connections:
    """The providers of one process; all in one account share its pace."""

    def __init__(
        self, registry: Registry, credentials: Open, clock: Clock, *, patience: float
    ) -> None:
        self._registry = registry
        self._credentials = credentials
        self._clock = clock
        self._patience = patience
        self._paces: dict[tuple[str, str], Pacer] = {}
        self._kept: dict[tuple[str, bytes, str], _Kept] = {}

    def __call__(self, owner: str, settings: SyncSettings) -> Providers:
        """Return the providers of a sync's endpoints, which are connected when asked for."""
        return _Lazy(self, owner, settings)

    def provider(self, owner: str, name: str, root: str) -> Provider:
        """Return the provider of a folder in an account. Raises AccountError, ProviderError."""
        connected = self._registry.account(owner, name)
        if connected is None:
            raise AccountError(f"there is no account called {name!r}")
        account = connected.account
        now = self._clock.now()
        place = (owner, msgspec.json.encode(account, order="sorted"), root)
        kept = self._kept.get(place)
        if kept is None or not 0 <= now - kept.since < KEPT:
            kind = kinds.kind_of(account)
            credentials = self._credentials(owner, account, kind)
            pace = self._pace(owner, name, kind)
            kept = _Kept(kinds.connect(account, credentials, root, pace=pace), now)
            if len(self._kept) >= MOST:
                self.close()
            elif place in self._kept:
                self._kept[place].provider.close()
            self._kept[place] = kept
        return kept.provider

    def close(self) -> None:
        """Release what the providers hold; whoever still uses one opens its connections anew."""
        for kept in self._kept.values():
            kept.provider.close()
        self._kept.clear()

    def _pace(self, owner: str, name: str, kind: Kind) -> Pacer:
        if (owner, name) not in self._paces:
            pacer = Pacer(self._clock, patience=self._patience, one_writer=kind.one_writer)
            self._paces[owner, name] = pacer
        return self._paces[owner, name]


class _Lazy(Mapping[EndpointId, Provider]):
    """The endpoints of a sync, each connected when it is asked for, and once."""

    def __init__(self, connections: Connections, owner: str, settings: SyncSettings) -> None:
        self._connections = connections
        self._owner = owner
        self._endpoints = {each.id: each for each in settings.endpoints}
        self._made: dict[EndpointId, Provider] = {}

    def __getitem__(self, endpoint: EndpointId) -> Provider:
        if endpoint not in self._made:
            found = self._endpoints[endpoint]
            provider = self._connections.provider(self._owner, found.account, found.root)
            self._made[endpoint] = provider
        return self._made[endpoint]

    def __iter__(self) -> Iterator[EndpointId]:
        return iter(self._endpoints)

    def __len__(self) -> int:
        return len(self._endpoints)


class _Kept(NamedTuple):
    provider: Provider
    since: float
