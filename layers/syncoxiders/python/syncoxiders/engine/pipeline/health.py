"""How a sync is: what is still to be done, what holds it up, and when it was last in step."""

from collections.abc import Mapping

import msgspec

from syncoxiders.core.model import EndpointId
from syncoxiders.engine.pipeline import setting
from syncoxiders.engine.pipeline.context import Pipeline
from syncoxiders.engine.report import Stop
from syncoxiders.engine.stopped import together
from syncoxiders.ports.pipeline import SharedStore
from syncoxiders.ports.registry import Connected, SyncSettings

MANY = 300
"""So many batches are counted: more of them is much to do, however many they are."""

_VERIFIED = "verified"


class Health(msgspec.Struct, frozen=True):
    """A sync as it is now.

    ``verified`` is a time (seconds since the epoch, 0 is never) at which all endpoints had been
    looked at, and everything that was found had been done. ``batches`` are handed out and not
    done (at least so many, if they are :data:`MANY`), with ``actions`` in them; if all of them are
    put off, they are until ``asleep``. ``waiting`` entries and folders wait for others; ``behind``
    are endpoints that have news that was not planned yet, or were not looked at yet. ``stop`` is
    all that a person has to decide, as one; ``problems`` is what a person should know, by endpoint,
    ``heard`` what is known of the endpoints.
    """

    verified: float
    batches: int
    waiting: int
    behind: tuple[EndpointId, ...]
    stop: Stop | None
    problems: tuple[tuple[EndpointId, str], ...]
    actions: int = 0
    asleep: float = 0.0
    heard: Mapping[EndpointId, setting.Heard] = {}

    @property
    def in_step(self) -> bool:
        """Say whether nothing is left to be done, as far as is known."""
        return not (self.batches or self.waiting or self.behind or self.stop)


def health(pipeline: Pipeline, owner: str, settings: SyncSettings) -> Health:
    """Return how a sync is. Raises StateUnavailable."""
    store = pipeline.states.sync(owner, settings.id)
    setting.read_ahead(store, settings, setting.PLANNING, _VERIFIED)
    planning = setting.planning(store)
    record = store.record()
    planned = record.planned if record is not None else {}
    behind: list[EndpointId] = []
    problems: list[tuple[EndpointId, str]] = []
    known: dict[EndpointId, setting.Heard] = {}
    for endpoint in settings.endpoints:
        heard = known[endpoint.id] = setting.heard(store, endpoint.id)
        problems.extend((endpoint.id, each) for each in heard.problems)
        news = setting.has_news(store, endpoint.id, planned.get(endpoint.id))
        if news or not heard.looked:
            behind.append(endpoint.id)
    batches = store.batches(limit=MANY)
    return Health(
        verified=_verified(store),
        batches=len(batches),
        waiting=len(planning.entries) + len(planning.nodes),
        behind=tuple(behind),
        stop=together(setting.stops(planning, known.values())),
        problems=tuple(problems),
        actions=sum(len(each.actions) for each in batches),
        asleep=min((each.put_off for each in batches), default=0.0),
        heard=known,
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
