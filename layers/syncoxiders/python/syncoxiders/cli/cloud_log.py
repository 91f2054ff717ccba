"""``syncoxiders cloud log``: what was done, and what is being done."""

from itertools import islice

import click

from syncoxiders.api.client import Client
from syncoxiders.api.shapes.activity import Event, Run
from syncoxiders.api.shapes.syncs import Sync
from syncoxiders.cli.asking import asked
from syncoxiders.cli.cloud_accounts import when
from syncoxiders.cli.cloud_plans import print_plan
from syncoxiders.cli.cloud_syncs import line
from syncoxiders.cli.exits import Exit, Usage
from syncoxiders.cli.output import emit
from syncoxiders.cli.queries import run_line, run_lines
from syncoxiders.cli.text import shown
from syncoxiders.ports.state import RunRecord

_OF_ONE, _OF_EACH = 20, 5


def log(
    ctx: click.Context,
    *,
    name: str,
    run: int | None,
    plan: str,
    follow: bool,
    limit: int | None,
    as_json: bool,
) -> Exit:
    """Print runs, or what one of them did, or a plan that was stopped."""
    if (run is not None or plan) and not name:
        raise Usage("say of which sync, as in: syncoxiders cloud log NAME --run 7")
    if bool(plan) + (run is not None) + follow > 1:
        raise Usage("--run, --plan and --follow contradict each other")
    with asked(ctx) as client:
        if plan:
            print_plan(client, name, plan, as_json=as_json)
        elif run is not None:
            _print_run(client, name, run, as_json=as_json)
        else:
            found = [client.syncs.get(name)] if name else client.syncs.list()
            for index, each in enumerate(found):
                if index and not as_json:
                    click.echo()
                _print_runs(client, each, limit or (_OF_ONE if name else _OF_EACH), as_json=as_json)
            if follow:
                from syncoxiders.cli import cloud_follow  # noqa: PLC0415 -- brings a WebSocket

                ctx.obj.farewell = "no longer followed; there all goes on"
                cloud_follow.follow(client, found, name, ctx.obj.event, as_json=as_json)
            elif not found and not as_json:
                click.echo("No syncs. Add one by syncoxiders cloud syncs add.")
    return Exit.DONE


def activity(
    ctx: click.Context, *, name: str, verb: str, about: str, limit: int, as_json: bool
) -> Exit:
    """Print what was done last."""
    with asked(ctx) as client:
        found = list(islice(client.activity.list(sync=name, verb=verb, q=about), limit))
    for each in reversed(found):
        if as_json:
            emit_event(each)
        else:
            at = when(each.at) if each.at is not None else "now"
            click.echo(f"{at:<19}  {shown(each.sync)}  {told_event(each)}")
    if not found and not as_json:
        click.echo("Nothing was done.")
    return Exit.DONE


def _print_runs(client: Client, sync: Sync, limit: int, *, as_json: bool) -> None:
    runs = list(islice(client.syncs.runs(sync.name), limit))
    if as_json:
        for each in reversed(runs):
            emit_run(each)
        return
    click.echo(line(sync))
    if not runs:
        click.echo("  no runs yet")
    for text in run_lines([_record(each) for each in runs]):
        click.echo(f"  {text}")


def _print_run(client: Client, name: str, number: int, *, as_json: bool) -> None:
    run = client.syncs.run_of(name, number)
    if as_json:
        emit_run(run)
    else:
        click.echo(f"{shown(name)}\n{told_run(run)}")
    for event in client.syncs.events(name, number):
        if as_json:
            emit_event(event)
        else:
            click.echo(f"  {told_event(event)}")


def _record(run: Run) -> RunRecord:
    return RunRecord(
        id=run.number,
        started=run.started_at.timestamp() if run.started_at is not None else 0.0,
        ended=run.ended_at.timestamp() if run.ended_at is not None else 0.0,
        outcome=run.outcome,
        counts=run.counts,
        message=run.message,
    )


def told_run(run: Run) -> str:
    """Return a run in a line."""
    return run_line(_record(run))


def told_event(event: Event) -> str:
    """Return what was done to something in a line."""
    where = f"{shown(event.account or event.endpoint)}: " if event.endpoint else ""
    detail = f"  ({shown(event.detail)})" if event.detail else ""
    return f"{event.verb:<12} {where}{shown(event.path)}{detail}"


def emit_run(run: Run) -> None:
    """Print a run for a program."""
    record = _record(run)
    emit(
        "run",
        run=run.number,
        sync=run.sync,
        started=record.started or None,
        ended=record.ended or None,
        outcome=run.outcome or None,
        counts=dict(run.counts),
        message=run.message or None,
    )


def emit_event(event: Event) -> None:
    """Print what was done to something for a program."""
    emit(
        "event",
        sync=event.sync,
        run=event.run,
        number=event.number,
        at=event.at.timestamp() if event.at is not None else None,
        verb=event.verb,
        endpoint=event.endpoint,
        account=event.account,
        path=event.path,
        detail=event.detail,
    )
