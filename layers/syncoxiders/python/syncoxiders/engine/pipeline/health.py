"""How a sync is: what is still to be done, what holds it up, and when it was last in step."""

import msgspec

from syncoxiders.core.model import EndpointId
from syncoxiders.engine.pipeline import setting
from syncoxiders.engine.pipeline.context import Pipeline
from syncoxiders.engine.report import Stop
from syncoxiders.ports.pipeline import SharedStore
from syncoxiders.ports.registry import Connected, SyncSettings

_VERIFIED = "verified"


class Health(msgspec.Struct, frozen=True):
    """A sync as it is now.

    ``verified`` is a time (seconds since the epoch, 0 is never) at which all endpoints had been
    looked at, and everything that was found had been done. ``batches`` are handed out and not
    done, ``waiting`` entries and folders wait for others; ``behind`` are endpoints that have news
    that was not planned yet, or were not looked at yet. ``stop`` is what a person has to decide,
    ``problems`` what a person should know, by endpoint.
    """

    verified: float
    batches: int
    waiting: int
    behind: tuple[EndpointId, ...]
    stop: Stop | None
    problems: tuple[tuple[EndpointId, str], ...]

    @property
    def in_step(self) -> bool:
        """Say whether nothing is left to be done, as far as is known."""
        return not (self.batches or self.waiting or self.behind or self.stop)


def health(pipeline: Pipeline, owner: str, settings: SyncSettings) -> Health:
    """Return how a sync is. Raises StateUnavailable."""
    store = pipeline.states.sync(owner, settings.id)
    planning = setting.planning(store)
    record = store.record()
    planned = record.planned if record is not None else {}
    stop, behind = planning.stop, list[EndpointId]()
    problems: list[tuple[EndpointId, str]] = []
    for endpoint in settings.endpoints:
        heard = setting.heard(store, endpoint.id)
        stop = stop or heard.stop
        problems.extend((endpoint.id, each) for each in heard.problems)
        position = planned.get(endpoint.id)
        news = position is None or store.observed(endpoint.id).changes(position, 1)[0]
        if news or not heard.looked:
            behind.append(endpoint.id)
    return Health(
        verified=_verified(store),
        batches=len(store.batches()),
        waiting=len(planning.entries) + len(planning.nodes),
        behind=tuple(behind),
        stop=stop,
        problems=tuple(problems),
    )


def verify(pipeline: Pipeline, owner: str, settings: SyncSettings) -> Health:
    """Note when a sync was in step last, if it is; returns how it is.

    The looks that prove it are older than what they proved: the accounts are read first.
    """
    found = {
        each.account: pipeline.registry.account(owner, each.account) for each in settings.endpoints
    }
    now = health(pipeline, owner, settings)
    looks = [_looked(each) for each in found.values()]
    if now.in_step and all(looks) and min(looks) > now.verified:
        store = pipeline.states.sync(owner, settings.id)
        store.save_text(_VERIFIED, repr(min(looks)))
        return msgspec.structs.replace(now, verified=min(looks))
    return now


def _looked(connected: Connected | None) -> float:
    """Return when an account was looked at last, 0 if there is something that it was not for."""
    if connected is None or connected.trouble or connected.hints > connected.polled:
        return 0.0
    return connected.polled_at


def _verified(store: SharedStore) -> float:
    return float(store.text(_VERIFIED) or 0.0)
