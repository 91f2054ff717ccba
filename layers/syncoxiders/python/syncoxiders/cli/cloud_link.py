"""``syncoxiders cloud login-link``."""

import click

from syncoxiders.cli import deployed
from syncoxiders.cli.exits import Exit
from syncoxiders.cloud.people import login_link as made


def login_link(ctx: click.Context) -> Exit:
    """Print a link that lets the first administrator in, once. Raises SettingsError."""
    app = deployed.connected(ctx)
    with deployed.reached():
        link = made(app)
    click.echo(
        "Whoever opens this is let in as the administrator, once, within an hour:\n", err=True
    )
    click.echo(link)
    return Exit.DONE
