"""What the commands of ``syncoxiders cloud`` work with."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from syncoxiders.cli import options
from syncoxiders.cli.exits import Usage
from syncoxiders.cli.text import listed, shown
from syncoxiders.cloud.app import App
from syncoxiders.cloud.desks import desk_of
from syncoxiders.cloud.outputs import from_file, from_stack
from syncoxiders.engine.desk.context import Desk
from syncoxiders.engine.desk.declined import Declined
from syncoxiders.ports.registry import Connected, SyncSettings

OWNER = "me"
"""Whose accounts and syncs they are; there is nobody else until there are users."""


def connected(ctx: click.Context) -> App:
    """Return the deployment that the command line names. Raises SettingsError."""
    stack, outputs = ctx.meta[options.DEPLOYED]
    return App(from_file(outputs) if outputs is not None else from_stack(stack))


def account(app: App, name: str) -> Connected:
    """Return an account. Raises Usage where there is none."""
    found = app.registry.account(OWNER, name)
    if found is None:
        there = [shown(each.account.name) for each in app.registry.accounts(OWNER)]
        raise Usage(
            f"no account {shown(name)!r} is connected there "
            f"(there are: {listed(there) or 'none'}); "
            "copy yours by syncoxiders cloud accounts add"
        )
    return found


def sync(app: App, name: str) -> SyncSettings:
    """Return a sync. Raises Usage where there is none."""
    found = app.registry.sync(OWNER, name)
    if found is None:
        there = [shown(each.id) for each in app.registry.syncs(OWNER)]
        raise Usage(f"there is no sync {shown(name)!r} (there are: {listed(there) or 'none'})")
    return found


def desk(app: App) -> Desk:
    """Return what use cases work with."""
    return desk_of(app, OWNER)


@contextmanager
def told() -> Iterator[None]:
    """Tell a person what is declined."""
    try:
        yield
    except Declined as declined:
        more = f": {declined.mend}" if declined.mend else ""
        raise Usage(shown(f"{declined.detail}{more}")) from declined


def address(account_: str, root: str) -> str:
    """Return a folder of an account for a person."""
    return shown(f"{account_}:{root}")
