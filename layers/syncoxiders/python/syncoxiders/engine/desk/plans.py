"""Plans that wait for a person: to be looked at, and let through."""

from syncoxiders.api.shapes.syncs import Plan, PlanHead, PlannedAction, Plans, PlanTotal
from syncoxiders.engine.desk.context import Desk
from syncoxiders.engine.desk.declined import Absent
from syncoxiders.engine.pipeline import setting
from syncoxiders.engine.pipeline.hints import call
from syncoxiders.engine.pipeline.messages import Merge
from syncoxiders.engine.report import PREVIEW, Stop
from syncoxiders.engine.stopped import Kept, printable, read_kept
from syncoxiders.ports.pipeline import SharedStore
from syncoxiders.ports.registry import SyncSettings

PAGE = 200
"""So many actions make a page."""


def waiting(desk: Desk) -> Plans:
    """Return the plans of all syncs that wait to be let through."""
    heads: list[PlanHead] = []
    for settings in desk.pipeline.registry.syncs(desk.owner):
        store = desk.store(settings)
        stop = last_stop(store, settings)
        if stop is not None and stop.plan_id:
            heads.append(_head(settings, stop, read_kept(store.text(f"plan:{stop.plan_id}"))))
    return Plans(items=heads)


def last_stop(store: SharedStore, settings: SyncSettings) -> Stop | None:
    """Return what a sync asks of a person, as its health does."""
    stop = setting.planning(store).stop
    for endpoint in settings.endpoints:
        stop = stop or setting.heard(store, endpoint.id).stop
    return stop


def one_plan(desk: Desk, settings: SyncSettings, plan: str, start: int) -> tuple[Plan, int | None]:
    """Return a page of a plan, and where the next one begins. Raises Absent."""
    store = desk.store(settings)
    stop = _stop(store, settings, plan)
    kept = read_kept(store.text(f"plan:{plan}"))
    head = _head(settings, stop, kept)
    names = {each.id: each.account for each in settings.endpoints}
    shown = Plan(
        id=head.id,
        sync=head.sync,
        reason=head.reason,
        preview=head.preview,
        totals=head.totals,
        left_out=head.left_out,
        items=[
            PlannedAction(
                verb=each.verb,
                account=names.get(each.endpoint, ""),
                endpoint=each.endpoint,
                path=each.path,
                size=each.size,
            )
            for each in kept.lines[start : start + PAGE]
        ],
    )
    return shown, start + PAGE if start + PAGE < len(kept.lines) else None


def approve(desk: Desk, settings: SyncSettings, plan: str) -> None:
    """Let exactly this plan through; if things are otherwise by then it asks again. Raises Absent.

    A look that was stopped is taken again.
    """
    store = desk.store(settings)
    _stop(store, settings, plan)
    store.save_text(setting.APPROVED, plan)
    now, pipeline = desk.now(), desk.pipeline
    planned = setting.planning(store).stop
    if planned is not None and planned.plan_id == plan:
        pipeline.merges.send([Merge(desk.owner, settings.id).message(f"approved-{now:.6f}")])
    else:
        accounts = [(desk.owner, each.account) for each in settings.endpoints]
        call(pipeline.registry, pipeline.polls, accounts, now)


def _stop(store: SharedStore, settings: SyncSettings, plan: str) -> Stop:
    """Return the stop that a plan belongs to. Raises Absent where it is not the last one."""
    stop = last_stop(store, settings)
    if stop is None or not stop.plan_id or stop.plan_id != plan:
        last = stop.plan_id if stop is not None else ""
        raise Absent("plan", plan, f"the one that waits is {last}" if last else "none waits")
    return stop


def _head(settings: SyncSettings, stop: Stop, kept: Kept) -> PlanHead:
    names = {each.id: each.account for each in settings.endpoints}
    return PlanHead(
        id=stop.plan_id,
        sync=settings.id,
        reason=printable(stop.reason),
        preview=stop.kind == PREVIEW,
        totals=[
            PlanTotal(
                verb=each.verb,
                account=names.get(each.endpoint, ""),
                endpoint=each.endpoint,
                count=each.count,
                bytes=each.size,
            )
            for each in kept.totals
        ],
        left_out=kept.left_out,
    )
