"""What the functions of the deployed system work with."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from syncoxiders.core.model import EndpointId
from syncoxiders.engine.pipeline.hints import TEMPO, Tempo
from syncoxiders.ports.alarm import Alarms
from syncoxiders.ports.clock import Clock
from syncoxiders.ports.errors import AccountError, Revoked
from syncoxiders.ports.index import Index
from syncoxiders.ports.pipeline import SharedStates
from syncoxiders.ports.provider import Provider, Providers
from syncoxiders.ports.queue import Queue
from syncoxiders.ports.registry import Leases, Registry, SyncSettings
from syncoxiders.ports.state import BlobStore

Connect = Callable[[str, SyncSettings], Providers]
"""Connects an owner's sync: returns the providers of its endpoints, which are made when asked for.

Looking one up raises AccountError, and ProviderError where making it asks the provider.
"""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The ports, the same for all owners and syncs.

    ``polls``, ``merges`` and ``applies`` carry the messages of those names
    (:mod:`syncoxiders.engine.pipeline.messages`). Without ``alarms`` what was put off is found by
    the sweep. ``tempo`` bounds how often an account is looked at for hints. ``index`` gives the
    index of all files, where there is one: only what removes a sync needs it.
    """

    states: SharedStates
    registry: Registry
    leases: Leases
    polls: Queue
    merges: Queue
    applies: Queue
    clock: Clock
    providers: Connect
    blobs: BlobStore | None = None
    alarms: Alarms | None = None
    index: Callable[[], Index] | None = None
    tempo: Tempo = TEMPO

    def connect(self, owner: str, settings: SyncSettings) -> Providers:
        """Return the providers of a sync's endpoints; looking one up raises ProviderError alone."""
        return _Connected(self.providers(owner, settings))


class _Connected(Mapping[EndpointId, Provider]):
    """Providers, of which one that cannot be opened without a person is as good as revoked."""

    def __init__(self, providers: Providers) -> None:
        self._providers = providers

    def __getitem__(self, endpoint: EndpointId) -> Provider:
        try:
            return self._providers[endpoint]
        except AccountError as error:
            raise Revoked(str(error)) from error

    def __iter__(self) -> Iterator[EndpointId]:
        return iter(self._providers)

    def __len__(self) -> int:
        return len(self._providers)
