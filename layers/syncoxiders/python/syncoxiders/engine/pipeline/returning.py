"""Who comes back: before it takes part again it has to be known what was done there."""

from collections.abc import Container

from syncoxiders.core.model import EndpointId
from syncoxiders.engine.pipeline.context import Pipeline
from syncoxiders.engine.pipeline.handing import send
from syncoxiders.engine.pipeline.messages import Merge
from syncoxiders.engine.pipeline.times import DEAD
from syncoxiders.ports.pipeline import Batch, SharedStore
from syncoxiders.ports.registry import SyncSettings


def untold(
    pipeline: Pipeline,
    message: Merge,
    settings: SyncSettings,
    store: SharedStore,
    back: Container[EndpointId],
) -> frozenset[EndpointId]:
    """Return those who are back of whom that is not known yet; it is found out at once.

    A worker that is at it has found out first of all.
    """
    now = pipeline.clock.now()
    asked = [
        each
        for each in store.batches()
        if each.endpoint in back and each.begun and (each.again or not _is_at_work(each, now))
    ]
    late = [each for each in asked if each.put_off > now]
    for each in late:
        store.put_off_batch(each.id, now)
    send(pipeline, message, settings, late)
    return frozenset(each.endpoint for each in asked)


def _is_at_work(batch: Batch, now: float) -> bool:
    return not batch.put_off and batch.begun + DEAD > now
