"""``syncoxiders cloud status`` and ``log``."""

import click
import msgspec

from syncoxiders.cli import deployed
from syncoxiders.cli.cloud_accounts import complaints, facts
from syncoxiders.cli.cloud_syncs import emit_settings, line
from syncoxiders.cli.deployed import OWNER, address
from syncoxiders.cli.exits import Exit, Usage
from syncoxiders.cli.output import emit
from syncoxiders.cli.queries import run_line, run_lines
from syncoxiders.cli.text import counted, listed, moment, shown
from syncoxiders.cloud.app import App
from syncoxiders.engine.pipeline.health import Health, health
from syncoxiders.engine.stopped import read_kept
from syncoxiders.ports.registry import SyncSettings
from syncoxiders.ports.state import Event, RunRecord

_MANY = 1_000_000
_PROBLEMS = 10


def status(ctx: click.Context, *, as_json: bool) -> Exit:
    """Print how everything is."""
    app = deployed.connected(ctx)
    accounts = app.registry.accounts(OWNER)
    now = app.clock.now()
    if as_json:
        for each in accounts:
            emit(
                "cloud-status",
                account=each.account.name,
                hints=each.hints,
                polled=each.polled,
                polled_at=each.polled_at or None,
                not_before=each.not_before or None,
                trouble=each.trouble or None,
                deaf=each.deaf or None,
            )
    else:
        _tell_accounts(app, now)
    for settings in app.registry.syncs(OWNER):
        found = health(app.pipeline, OWNER, settings)
        if as_json:
            _emit(settings, found)
        else:
            click.echo()
            _tell(settings, found)
    return Exit.DONE


def _tell_accounts(app: App, now: float) -> None:
    found = app.registry.accounts(OWNER)
    listening = {each.account for each in app.registry.channels(OWNER) if each.channel.token}
    if not found:
        click.echo("No accounts. Copy one of this machine by syncoxiders cloud accounts add.")
    width = max((len(shown(each.account.name)) for each in found), default=0)
    for each in found:
        name = each.account.name
        pushes = "" if name not in listening else ", pushes come in"
        click.echo(f"{shown(name):<{width}}  {facts(each, now)}{pushes}")
        for text in complaints(each):
            click.echo(f"{'':<{width}}  {text}")


def _tell(settings: SyncSettings, found: Health) -> None:
    click.echo(line(settings))
    places = {each.id: address(each.account, each.root) for each in settings.endpoints}
    if found.stop is not None:
        click.echo(f"  stopped: {shown(found.stop.reason)}")
        if found.stop.plan_id:
            plan = found.stop.plan_id
            name = shown(settings.id)
            click.echo(f"  see it: syncoxiders cloud log {name} --plan {plan}")
            click.echo(f"  let it through: syncoxiders cloud approve {name} {plan}")
    left = []
    if found.behind:
        left.append(f"news of {listed([places[each] for each in found.behind])} to be planned")
    if found.batches:
        left.append(f"{counted(found.batches, 'batch', 'batches')} under way")
    if found.waiting:
        left.append(f"{counted(found.waiting, 'file')} waiting for others")
    verified = f"last known to be in step {moment(found.verified)}" if found.verified else ""
    if found.in_step:
        click.echo(f"  in step{f', {verified}' if verified else ''}")
    else:
        click.echo(f"  {', '.join([*left, *([verified] if verified else [])]) or 'asks you'}")
    for endpoint, text in found.problems[:_PROBLEMS]:
        click.echo(f"  {places.get(endpoint, endpoint)}: {shown(text)}")
    more = len(found.problems) - _PROBLEMS
    if more > 0:
        click.echo(f"  and {counted(more, 'problem')} more")


def _emit(settings: SyncSettings, found: Health) -> None:
    stop = found.stop
    emit_settings(
        settings,
        verified=found.verified or None,
        in_step=found.in_step,
        batches=found.batches,
        waiting=found.waiting,
        behind=list(found.behind),
        stop={"reason": stop.reason, "plan": stop.plan_id or None} if stop is not None else None,
        problems=[{"endpoint": each, "text": text} for each, text in found.problems],
    )


def log(
    ctx: click.Context, *, name: str, run: int | None, plan: str, limit: int, as_json: bool
) -> Exit:
    """Print a sync's runs, or what one of them did, or a plan that was stopped."""
    app = deployed.connected(ctx)
    settings = deployed.sync(app, name)
    if plan:
        _print_plan(app, settings, plan, as_json=as_json)
    elif run is not None:
        _print_run(app, settings, run, as_json=as_json)
    else:
        _print_runs(app, settings, limit, as_json=as_json)
    return Exit.DONE


def _print_runs(app: App, settings: SyncSettings, limit: int, *, as_json: bool) -> None:
    runs = app.states.sync(OWNER, settings.id).runs(limit)
    if as_json:
        for record in reversed(runs):
            _emit_run(settings, record)
        return
    click.echo(line(settings))
    if not runs:
        click.echo("  no runs yet")
    for each in run_lines(runs):
        click.echo(f"  {each}")


def _print_run(app: App, settings: SyncSettings, number: int, *, as_json: bool) -> None:
    store = app.states.sync(OWNER, settings.id)
    records = [record for record in store.runs(_MANY) if record.id == number]
    if not records:
        raise Usage(f"there is no run {number} any more, or not yet")
    events = store.events(number)
    if as_json:
        _emit_run(settings, records[0])
        for event in events:
            emit("event", **msgspec.structs.asdict(event))
        return
    click.echo(line(settings))
    click.echo(run_line(records[0]))
    for event in events:
        click.echo(f"  {_event_line(settings, event)}")


def _print_plan(app: App, settings: SyncSettings, plan: str, *, as_json: bool) -> None:
    stop = health(app.pipeline, OWNER, settings).stop
    text = app.states.sync(OWNER, settings.id).text(f"plan:{plan}")
    if stop is None or stop.plan_id != plan:
        raise Usage(f"there is no stopped plan {shown(plan)}; only the last one of a sync is kept")
    kept = read_kept(text)
    lines = kept.lines
    if as_json:
        emit("stop", plan=plan, reason=stop.reason, sync=settings.id)
        for each in lines:
            emit("planned", **msgspec.structs.asdict(each))
        return
    click.echo(f"{line(settings)}\nStopped: {shown(stop.reason)}.\n")
    names = {each.id: each.account for each in settings.endpoints}
    for each in lines:
        where = shown(names.get(each.endpoint, each.endpoint))
        click.echo(f"  {each.verb:<12} {where}  {shown(each.path)}")
    if kept.left_out:
        click.echo(f"  and {kept.left_out:,} more")
    if lines:
        click.echo()
    click.echo(f"To let it through: syncoxiders cloud approve {shown(settings.id)} {plan}")


def _emit_run(settings: SyncSettings, record: RunRecord) -> None:
    emit(
        "run",
        run=record.id,
        sync=settings.id,
        started=record.started or None,
        ended=record.ended or None,
        outcome=record.outcome or None,
        counts=dict(record.counts),
        message=record.message or None,
    )


def _event_line(settings: SyncSettings, event: Event) -> str:
    names = {each.id: each.account for each in settings.endpoints}
    where = f"{shown(names.get(event.endpoint, event.endpoint))}: " if event.endpoint else ""
    detail = f"  ({shown(event.detail)})" if event.detail else ""
    return f"{event.verb:<12} {where}{shown(event.path)}{detail}"
