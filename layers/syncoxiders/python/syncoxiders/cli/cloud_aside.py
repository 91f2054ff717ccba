"""``syncoxiders cloud aside``."""

import click

from syncoxiders.adapters.aws.aside import PutAside
from syncoxiders.cli import deployed
from syncoxiders.cli.deployed import OWNER
from syncoxiders.cli.exits import Exit
from syncoxiders.cli.output import emit
from syncoxiders.cli.text import counted, moment, shown
from syncoxiders.cloud.app import App
from syncoxiders.engine.pipeline.sweep import sweep

_FEW = 200
"""So many characters are shown of what a message says."""


def aside(ctx: click.Context, *, again: bool, as_json: bool) -> Exit:
    """Print what was put aside; with ``again`` take it away and have everything planned anew.

    A message is a hint, so that none is repeated: accounts are looked at, syncs planned, and
    batches sent that were never done.
    """
    app = deployed.connected(ctx)
    with deployed.reached():
        total = _gone_through(app, again=again, as_json=as_json)
        if total and again:
            _plan(app)
    if not as_json:
        _conclude(total, again=again)
    return Exit.DONE


def _gone_through(app: App, *, again: bool, as_json: bool) -> int:
    """Print what was put aside, with ``again`` take it away; return how much it was."""
    total = 0
    for line in app.lines:
        queue = app.aside(line)
        while found := queue.messages():
            total += len(found)
            for each in found:
                _show(line, each, as_json=as_json)
            if not again:
                break
            queue.forget(found)  # which lets those behind them come out
    return total


def _show(line: str, message: PutAside, *, as_json: bool) -> None:
    if as_json:
        emit("aside", to=line, group=message.group, sent=message.sent or None, message=message.body)
        return
    text = shown(message.body)
    text = text if len(text) <= _FEW else f"{text[:_FEW]}…"
    click.echo(f"{line:<5}  {moment(message.sent)}  {text}")


def _plan(app: App) -> None:
    """Have what is to be done read from the tables, and every account looked at."""
    for each in app.registry.accounts(OWNER):
        app.registry.hint(OWNER, each.account.name)
    sweep(app.pipeline)


def _conclude(total: int, *, again: bool) -> None:
    if not total:
        click.echo("Nothing was put aside.")
    elif again:
        click.echo(f"{counted(total, 'message')} taken away; everything is looked at again.")
    else:
        click.echo("\nTo have it all planned anew: syncoxiders cloud aside --again")
