"""Heeding: what providers say instead of doing what they are asked is passed on.

Whom a provider tells to wait, or that it lets nobody in any more, is noted at the account, for all
syncs and workers; why others fail is found out by a look.
"""

from collections.abc import Collection, Container, Mapping

from syncoxiders.core.model import EndpointId
from syncoxiders.engine.pipeline import setting
from syncoxiders.engine.pipeline.context import Pipeline
from syncoxiders.engine.pipeline.hints import call
from syncoxiders.engine.pipeline.messages import Poll
from syncoxiders.engine.pipeline.waking import wake_at
from syncoxiders.ports.errors import ProviderError, Revoked, Throttled
from syncoxiders.ports.registry import SyncSettings

LEFT_ALONE = "its provider wants to be left alone"


class Heeding:
    """Passes on what the providers of a sync say."""

    def __init__(self, pipeline: Pipeline, owner: str, settings: SyncSettings) -> None:
        self._pipeline = pipeline
        self._owner = owner
        self._settings = settings

    def heed(self, refused: Mapping[EndpointId, ProviderError]) -> None:
        """Leave alone whom providers said to leave alone; have it looked at why others fail."""
        owner, registry = self._owner, self._pipeline.registry
        accounts = {each.id: each.account for each in self._settings.endpoints}
        for endpoint, error in refused.items():
            if isinstance(error, Throttled):
                until = self._pipeline.clock.now() + error.retry_after
                registry.pause(owner, accounts[endpoint], until)
                poll = Poll(owner, accounts[endpoint]).message(f"paused-{until:.0f}")
                wake_at(self._pipeline, "poll", poll, until)
            elif isinstance(error, Revoked):
                registry.trouble(owner, accounts[endpoint], str(error))
            else:
                self.hint({endpoint})

    def hint(self, endpoints: Collection[EndpointId]) -> None:
        """Give a reason to look at endpoints."""
        accounts = [each.account for each in self._settings.endpoints if each.id in endpoints]
        owners = [(self._owner, each) for each in accounts]
        pipeline = self._pipeline
        call(pipeline.registry, pipeline.polls, owners, pipeline.clock.now())

    def paused(self) -> frozenset[EndpointId]:
        """Return the endpoints, needed or not, whose providers want to be left alone."""
        known = [each.id for each in self._settings.endpoints]
        return frozenset(pauses(self._pipeline, self._owner, self._settings, known))


def pauses(
    pipeline: Pipeline, owner: str, settings: SyncSettings, needs: Container[EndpointId]
) -> dict[EndpointId, float]:
    """Return until when the providers that are needed want to be left alone, where they do."""
    accounts = setting.accounts(pipeline, owner)
    found: dict[EndpointId, float] = {}
    for endpoint in settings.endpoints:
        connected = accounts.get(endpoint.account)
        if endpoint.id in needs and connected is not None:
            found[endpoint.id] = connected.not_before
    now = pipeline.clock.now()
    return {endpoint: until for endpoint, until in found.items() if until > now}
