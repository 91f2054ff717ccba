"""Housekeeping: what nobody waits for, and the heartbeat of each sync.

What the tables hold for a while goes by itself. What lies at providers does not: uploads that
were given up, and trash of our own whose time is over.
"""

from contextlib import suppress

import msgspec

from syncoxiders.engine.pipeline.context import Pipeline
from syncoxiders.engine.pipeline.health import Health, verify
from syncoxiders.engine.pipeline.removing import tidy_up
from syncoxiders.engine.resumable import Uploads
from syncoxiders.ports.errors import AccountError, ProviderError
from syncoxiders.ports.provider import Provider, Recovers
from syncoxiders.ports.registry import SyncSettings
from syncoxiders.ports.state import Event


class Heartbeat(msgspec.Struct, frozen=True):
    """How a sync is, and for how many seconds it has not been known to be in step.

    For one that never was it is since its settings changed; for a paused one it is 0.
    """

    owner: str
    sync: str
    silent: float
    health: Health


def keep_house(pipeline: Pipeline) -> list[Heartbeat]:
    """See to all syncs of all owners. Raises StateUnavailable."""
    beats: list[Heartbeat] = []
    for owner in pipeline.registry.owners():
        tidy_up(pipeline, owner)
        for settings in pipeline.registry.syncs(owner):
            found = verify(pipeline, owner, settings)
            since = found.verified or settings.changed_at
            silent = max(pipeline.clock.now() - since, 0.0) if since else 0.0
            beats.append(Heartbeat(owner, settings.id, 0.0 if settings.paused else silent, found))
            if found.in_step and not settings.paused:
                _tidy(pipeline, owner, settings)
    return beats


def _tidy(pipeline: Pipeline, owner: str, settings: SyncSettings) -> None:
    """Clear away what nothing will come back for: nothing is left to be done."""
    store = pipeline.states.sync(owner, settings.id)
    providers = pipeline.providers(owner, settings)
    there: dict[str, Provider] = {}
    rescued: list[Event] = []
    for endpoint in settings.endpoints:
        with suppress(AccountError, ProviderError):  # poll tells what is wrong with it
            provider = there[endpoint.id] = providers[endpoint.id]
            if isinstance(provider, Recovers):
                texts: list[str] = []
                provider.recover(texts.append)
                rescued.extend(Event("rescued", endpoint.id, "", each) for each in texts)
    Uploads(store, pipeline.clock.now).tidy(there)
    if rescued and (runs := store.runs(1)):
        store.log(runs[0].id, rescued)
