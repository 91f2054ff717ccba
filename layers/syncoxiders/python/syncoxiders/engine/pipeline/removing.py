"""Removing syncs: what is held of one goes, and goes again once nobody can be at work on it.

A worker that had begun when its sync was removed may write for as long as it lives.
"""

from collections.abc import Iterable

from syncoxiders.core.model import EndpointId
from syncoxiders.engine.pipeline.context import Pipeline
from syncoxiders.engine.pipeline.times import DEAD
from syncoxiders.ports.registry import Removed, SyncSettings

MANY = 5_000
"""A sync of more files and folders is not removed while somebody waits for it."""


def is_large(pipeline: Pipeline, owner: str, sync: str, endpoints: Iterable[EndpointId]) -> bool:
    """Say whether removing what is held of a sync takes longer than a person waits."""
    store = pipeline.states.sync(owner, sync)
    held = [store.observed(each).count() for each in endpoints]
    return max(store.base().count(), *held) > MANY


def forget_sync(pipeline: Pipeline, owner: str, settings: SyncSettings) -> None:
    """Forget a sync; housekeeping removes what is held of it. Raises StateUnavailable."""
    endpoints = tuple(each.id for each in settings.endpoints)
    removed = Removed(settings.id, endpoints, pipeline.clock.now())
    pipeline.registry.put_removed(owner, removed)
    pipeline.registry.remove_sync(owner, settings.id)
    _remove_index(pipeline, owner, settings.id)


def remove_sync(pipeline: Pipeline, owner: str, settings: SyncSettings) -> None:
    """Forget a sync and its state; housekeeping does what is left. Raises StateUnavailable."""
    forget_sync(pipeline, owner, settings)
    endpoints = tuple(each.id for each in settings.endpoints)
    pipeline.states.remove(owner, settings.id, endpoints)


def tidy_up(pipeline: Pipeline, owner: str) -> list[str]:
    """Remove what is left of removed syncs; returns those that may not be there again yet."""
    early: list[str] = []
    for each in pipeline.registry.removed(owner):
        if each.at + DEAD > pipeline.clock.now():
            early.append(each.sync)
            continue
        pipeline.states.remove(owner, each.sync, each.endpoints)
        _remove_index(pipeline, owner, each.sync)
        pipeline.registry.forget_removed(owner, each.sync)
    return early


def _remove_index(pipeline: Pipeline, owner: str, sync: str) -> None:
    """Remove what a sync is searched by, and with an owner's last one all that there is."""
    if pipeline.index is not None:
        left = pipeline.registry.syncs(owner)
        pipeline.index().remove(owner, sync if left else "")
