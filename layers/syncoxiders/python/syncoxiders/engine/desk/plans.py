"""Plans that wait for a person: to be looked at, and let through."""

from collections.abc import Sequence

from syncoxiders.api.shapes.syncs import Plan, PlanHead, PlannedAction, Plans, PlanTotal
from syncoxiders.engine.desk.context import Desk
from syncoxiders.engine.desk.declined import Absent
from syncoxiders.engine.pipeline import approvals, setting
from syncoxiders.engine.pipeline.hints import call
from syncoxiders.engine.pipeline.messages import Merge
from syncoxiders.engine.report import PREVIEW, Stop
from syncoxiders.engine.stopped import Kept, parts, printable, read_kept, together
from syncoxiders.ports.pipeline import SharedStore
from syncoxiders.ports.registry import SyncSettings

PAGE = 200
"""So many actions make a page."""


def waiting(desk: Desk) -> Plans:
    """Return the plans of all syncs that wait to be let through."""
    heads: list[PlanHead] = []
    for settings in desk.pipeline.registry.syncs(desk.owner):
        store = desk.store(settings)
        stop = together(found := _asked(store, settings))
        if stop is not None:
            heads.append(_head(settings, stop, _kept(store, found)))
    return Plans(items=heads)


def _asked(store: SharedStore, settings: SyncSettings) -> list[Stop]:
    """Return all that a sync asks of a person, as its health does."""
    setting.read_ahead(store, settings, setting.PLANNING)
    heard = [setting.heard(store, each.id) for each in settings.endpoints]
    return setting.stops(setting.planning(store), heard)


def _kept(store: SharedStore, stops: Sequence[Stop]) -> Kept:
    """Return what would be done: of these stops at most one is for a plan, and has a text."""
    kept = (read_kept(store.text(f"plan:{each.plan_id}")) for each in stops)
    return next((each for each in kept if each.totals), Kept())


def one_plan(desk: Desk, settings: SyncSettings, plan: str, start: int) -> tuple[Plan, int | None]:
    """Return a page of a plan, and where the next one begins. Raises Absent."""
    store = desk.store(settings)
    found = _named(store, settings, plan)
    stop, kept = together(found) or found[0], _kept(store, found)
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
    """Let through exactly what is asked under this id. Raises Absent.

    If things are otherwise by then it asks again. A look that was stopped is taken again.
    """
    store = desk.store(settings)
    named = {each.plan_id for each in _named(store, settings, plan)}
    now, pipeline = desk.now(), desk.pipeline
    accounts: list[tuple[str, str]] = []
    for endpoint in settings.endpoints:
        stop = setting.heard(store, endpoint.id).stop
        if stop is not None and stop.plan_id in named:
            approvals.approve(store, stop)
            accounts.append((desk.owner, endpoint.account))
    planned = setting.planning(store).stop
    if planned is not None and planned.plan_id in named:
        approvals.approve(store, planned)
        pipeline.merges.send([Merge(desk.owner, settings.id).message(f"approved-{now:.6f}")])
    call(pipeline.registry, pipeline.polls, accounts, now)


def _named(store: SharedStore, settings: SyncSettings, plan: str) -> list[Stop]:
    """Return what is asked under an id, of which some may have been decided. Raises Absent."""
    asked = _asked(store, settings)
    found = [each for each in asked if each.plan_id in parts(plan)]
    if not found:
        stop = together(asked)
        last = f"the one that waits is {stop.plan_id}" if stop is not None else "none waits"
        raise Absent("plan", plan, last)
    return found


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
