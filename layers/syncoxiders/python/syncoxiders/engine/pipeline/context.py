"""What the functions of the deployed system work with."""

from collections.abc import Callable
from dataclasses import dataclass

from syncoxiders.ports.alarm import Alarms
from syncoxiders.ports.clock import Clock
from syncoxiders.ports.pipeline import SharedStates
from syncoxiders.ports.provider import Providers
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
    the sweep.
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
