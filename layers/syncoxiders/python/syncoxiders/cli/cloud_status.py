"""``syncoxiders cloud status``."""

import click
import msgspec

from syncoxiders.api.shapes.syncs import Sync
from syncoxiders.cli.asking import asked
from syncoxiders.cli.cloud_accounts import tell as tell_accounts
from syncoxiders.cli.cloud_accounts import when
from syncoxiders.cli.cloud_syncs import address, emit_sync, line
from syncoxiders.cli.exits import Exit
from syncoxiders.cli.output import emit
from syncoxiders.cli.text import counted, shown

_PROBLEMS = 10

_STATES = {
    "in-step": "in step",
    "working": "at work",
    "waiting": "waiting",
    "paused": "paused",
    "stopped": "asks you",
}


def status(ctx: click.Context, *, as_json: bool) -> Exit:
    """Print how everything is."""
    with asked(ctx) as client:
        accounts, syncs = client.accounts.list(), client.syncs.list()
    if as_json:
        for account in accounts:
            told = msgspec.to_builtins(account)
            emit("cloud-status", account=told.pop("name"), **told)
        for sync in syncs:
            emit_sync(sync)
        return Exit.DONE
    tell_accounts(accounts)
    for sync in syncs:
        click.echo()
        _tell(sync)
    return Exit.DONE


def _tell(sync: Sync) -> None:
    click.echo(line(sync))
    stopped, name = sync.stopped, shown(sync.name)
    if stopped is not None:
        word = "its first plan waits" if stopped.preview else "stopped"
        click.echo(f"  {word}: {shown(stopped.reason)}")
        if stopped.plan:
            click.echo(f"  see it: syncoxiders cloud plan {name}")
            click.echo(f"  let it through: syncoxiders cloud approve {name} {shown(stopped.plan)}")
    parts = [_STATES.get(sync.state, sync.state)]
    if sync.to_do:
        parts.append(f"{counted(sync.to_do, 'thing')} to do")
    if sync.verified_at is not None:
        parts.append(f"last known to be in step {when(sync.verified_at)}")
    click.echo(f"  {', '.join(parts)}")
    if stopped is None and sync.state != "in-step" and sync.reason:
        click.echo(f"  {shown(sync.reason)}")
    if sync.conflicts:
        many = counted(sync.conflicts, "conflict")
        click.echo(f"  {many}: see syncoxiders cloud conflicts list {name}")
    for each in sync.endpoints:
        if each.reason:
            click.echo(f"  {address(each.account, each.path)}: {shown(each.reason)}")
    for text in sync.problems[:_PROBLEMS]:
        click.echo(f"  {shown(text)}")
    more = len(sync.problems) - _PROBLEMS
    if more > 0:
        click.echo(f"  and {counted(more, 'problem')} more")
