"""The sweep: messages are hints and get lost; what is to be done is read from the tables."""

from syncoxiders.engine.pipeline import approvals, setting
from syncoxiders.engine.pipeline.context import Pipeline
from syncoxiders.engine.pipeline.handing import send
from syncoxiders.engine.pipeline.hints import told
from syncoxiders.engine.pipeline.messages import Apply, Merge
from syncoxiders.engine.pipeline.times import DEAD
from syncoxiders.ports.pipeline import Batch, SharedStore
from syncoxiders.ports.registry import Connected, SyncSettings

LATE = 60.0
"""Seconds after which a message about a batch, which was never begun, is taken for lost."""


def sweep(pipeline: Pipeline) -> None:
    """Send again what is to be done, of all owners."""
    for owner in pipeline.registry.owners():
        for connected in pipeline.registry.accounts(owner):
            _account(pipeline, owner, connected)
        for settings in pipeline.registry.syncs(owner):
            if not settings.paused:
                _sync(pipeline, owner, settings)


def _account(pipeline: Pipeline, owner: str, connected: Connected) -> None:
    """Have an account looked at of which hints are not answered."""
    now = pipeline.clock.now()
    if connected.hints > connected.polled and connected.not_before <= now:
        pipeline.polls.send([told(owner, connected, now)])


def _sync(pipeline: Pipeline, owner: str, settings: SyncSettings) -> None:
    store = pipeline.states.sync(owner, settings.id)
    now = pipeline.clock.now()
    merge = Merge(owner, settings.id)
    batches = store.batches()
    if _is_behind(pipeline, owner, store, settings, batches):
        pipeline.merges.send([merge.message(f"sweep-{now:.0f}")])
    late = [each for each in _freed(store, batches) if _is_late(each, now)]
    send(pipeline, Apply(owner, settings.id, ""), settings, late)


def _is_behind(
    pipeline: Pipeline,
    owner: str,
    store: SharedStore,
    settings: SyncSettings,
    batches: list[Batch],
) -> bool:
    """Say whether there is something to be planned, or a run to be ended."""
    now = pipeline.clock.now()
    heard = {each.id: setting.heard(store, each.id) for each in settings.endpoints}
    away = setting.who_is_away(pipeline, owner, settings, heard)
    here = [each for each in heard if each not in away]
    if len(here) < 2:  # noqa: PLR2004 -- a sync has two
        return False
    planning, record = setting.planning(store), store.record()
    if away and setting.is_first(settings, planning, record):
        return False  # what is shown is to be all of it
    if planning.stop is not None:
        outdated = planning.rule != setting.version(settings)
        return outdated or bool(approvals.approved(store, planning.stop))
    if planning.rule != setting.version(settings):
        return True
    if (planning.due and planning.due <= now) or (
        planning.run and all(each.again for each in batches)
    ):
        return True
    if not planning.settled.endswith(f"|{','.join(here)}"):
        return True  # somebody is back, or has gone, of which nobody has told
    if not setting.exchanged(record, heard).isdisjoint(here):
        return True
    planned = record.planned if record is not None else {}
    return any(setting.has_news(store, each, planned.get(each)) for each in here)


def _freed(store: SharedStore, batches: list[Batch]) -> list[Batch]:
    """Return the batches that wait for none that is still there.

    A worker that died in the middle may have let go of a batch, and not told all that waited.
    """
    there = {each.id for each in batches}
    free: list[Batch] = []
    for batch in batches:
        if batch.waits and batch.waits.isdisjoint(there):
            free.extend(store.finish_batch(min(batch.waits), ()))
        elif not batch.waits:
            free.append(batch)
    return free


def _is_late(batch: Batch, now: float) -> bool:
    if batch.put_off:
        return batch.put_off <= now
    if batch.begun:
        return batch.begun + DEAD <= now
    return batch.opened + LATE <= now
