"""``syncoxiders cloud``: what its commands are called and what they take."""

from pathlib import Path
from typing import Any

import click

from syncoxiders.cli import options
from syncoxiders.cli.exits import Exit

EPILOG = """\b
Exit codes:
    0  done
    1  it did not work; the message says why
    2  the command line is wrong; nothing was touched
    4  done, but something of it did not work; the message says what
    7  the tables of the deployment cannot be used now
"""
"""The exit codes of these commands for ``--help``."""


@click.group(invoke_without_command=True)
@click.option(
    "--stack",
    envvar="SYNCOXIDERS_STACK",
    show_envvar=True,
    default="SyncOxiders",
    show_default=True,
    metavar="NAME",
    help="The stack that was deployed, in the region and account of AWS's own settings.",
)
@click.option(
    "--outputs",
    envvar="SYNCOXIDERS_OUTPUTS",
    show_envvar=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The file of its outputs that cdk deploy --outputs-file wrote, instead.",
)
@click.pass_context
def cloud(ctx: click.Context, stack: str, outputs: Path | None) -> int | None:
    """See and configure what is deployed in your AWS account."""
    ctx.meta[options.DEPLOYED] = (stack, outputs)
    return _helped(ctx)


def _helped(ctx: click.Context) -> int | None:
    """Print the help of a group that was called without a command."""
    if ctx.invoked_subcommand is not None:
        return None
    click.echo(ctx.get_help())
    return Exit.USAGE


@cloud.group(invoke_without_command=True)
@click.pass_context
def accounts(ctx: click.Context) -> int | None:
    """Say which accounts are connected there."""
    return _listed(ctx, as_json=False)


def _listed(ctx: click.Context, *, as_json: bool) -> int | None:
    if ctx.invoked_subcommand is not None:
        return None
    from syncoxiders.cli import cloud_accounts  # noqa: PLC0415 -- after the command line is right

    return cloud_accounts.show(ctx, as_json=as_json)


@accounts.command("list", epilog=EPILOG)
@options.json_option
@click.pass_context
def list_accounts(ctx: click.Context, as_json: bool) -> int:
    """List the accounts."""
    from syncoxiders.cli import cloud_accounts  # noqa: PLC0415 -- after the command line is right

    return cloud_accounts.show(ctx, as_json=as_json)


@accounts.command("add", epilog=EPILOG)
@click.argument("name")
@click.option(
    "--app-secret",
    envvar="SYNCOXIDERS_DROPBOX_CLIENT_SECRET",
    show_envvar=True,
    default="",
    metavar="SECRET",
    help="Of Dropbox, the app's secret, by which its pushes are known to be genuine. Better in "
    "the environment: others on this machine can see command lines.",
)
@click.option(
    "--folder",
    default="",
    metavar="PATH",
    help="Not an account, but a folder of a disk that the functions can reach.",
)
@click.pass_context
def add_account(ctx: click.Context, /, **given: Any) -> int:
    """Copy the account NAME of this machine there, with its secrets.

    An account of the name that is there already is replaced. Here it goes on as it is.
    """
    from syncoxiders.cli import cloud_accounts  # noqa: PLC0415 -- after the command line is right

    return cloud_accounts.add(ctx, **given)


@accounts.command("remove", epilog=EPILOG)
@click.argument("name")
@click.pass_context
def remove_account(ctx: click.Context, name: str) -> int:
    """Forget the account NAME and its secrets there. No file is touched."""
    from syncoxiders.cli import cloud_accounts  # noqa: PLC0415 -- after the command line is right

    return cloud_accounts.remove(ctx, name)


@cloud.group(invoke_without_command=True)
@click.pass_context
def syncs(ctx: click.Context) -> int | None:
    """Say what is kept in step there."""
    if ctx.invoked_subcommand is not None:
        return None
    from syncoxiders.cli import cloud_syncs  # noqa: PLC0415 -- after the command line is right

    return cloud_syncs.show(ctx, as_json=False)


@syncs.command("list", epilog=EPILOG)
@options.json_option
@click.pass_context
def list_syncs(ctx: click.Context, as_json: bool) -> int:
    """List the syncs."""
    from syncoxiders.cli import cloud_syncs  # noqa: PLC0415 -- after the command line is right

    return cloud_syncs.show(ctx, as_json=as_json)


@syncs.command("add", cls=options.FilteredCommand, epilog=EPILOG)
@click.argument("name")
@click.argument("paths", nargs=-1, metavar="ACCOUNT1:PATH1 ACCOUNT2:PATH2 [ACCOUNT3:PATH3 …]")
@options.rule_options
@click.pass_context
def add_sync(ctx: click.Context, /, **given: Any) -> int:
    """Keep two or more folders of accounts in step, under NAME.

    A sync of the name that is there already is changed; it must have the same folders.
    """
    from syncoxiders.cli import cloud_syncs  # noqa: PLC0415 -- after the command line is right

    return cloud_syncs.add(ctx, given)


@syncs.command("remove", epilog=EPILOG)
@click.argument("name")
@click.pass_context
def remove_sync(ctx: click.Context, name: str) -> int:
    """Keep the folders of NAME in step no longer. No file is touched."""
    from syncoxiders.cli import cloud_syncs  # noqa: PLC0415 -- after the command line is right

    return cloud_syncs.remove(ctx, name)


@cloud.command(epilog=EPILOG)
@click.argument("name")
@click.pass_context
def pause(ctx: click.Context, name: str) -> int:
    """Plan nothing more for the sync NAME. What was begun is finished."""
    from syncoxiders.cli import cloud_syncs  # noqa: PLC0415 -- after the command line is right

    return cloud_syncs.pause(ctx, name, paused=True)


@cloud.command(epilog=EPILOG)
@click.argument("name")
@click.pass_context
def resume(ctx: click.Context, name: str) -> int:
    """Go on with the sync NAME."""
    from syncoxiders.cli import cloud_syncs  # noqa: PLC0415 -- after the command line is right

    return cloud_syncs.pause(ctx, name, paused=False)


@cloud.command(epilog=EPILOG)
@click.argument("name")
@click.pass_context
def run(ctx: click.Context, name: str) -> int:
    """Look at the folders of the sync NAME now, whatever the vendors tell."""
    from syncoxiders.cli import cloud_syncs  # noqa: PLC0415 -- after the command line is right

    return cloud_syncs.run(ctx, name)


@cloud.command(epilog=EPILOG)
@click.argument("name")
@click.argument("plan")
@click.pass_context
def approve(ctx: click.Context, name: str, plan: str) -> int:
    """Let the PLAN through that was stopped in the sync NAME; see log --plan."""
    from syncoxiders.cli import cloud_syncs  # noqa: PLC0415 -- after the command line is right

    return cloud_syncs.approve(ctx, name, plan)


@cloud.command(epilog=EPILOG)
@options.json_option
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> int:
    """Say how accounts and syncs are: what is to be done, and what holds it up."""
    from syncoxiders.cli import cloud_status  # noqa: PLC0415 -- after the command line is right

    return cloud_status.status(ctx, as_json=as_json)


@cloud.command(epilog=EPILOG)
@click.argument("name")
@click.option("--run", type=click.IntRange(1), metavar="N", help="Say all that this run did.")
@click.option("--plan", default="", metavar="PLAN", help="Show this plan, which was stopped.")
@click.option(
    "--limit", type=click.IntRange(1), default=20, metavar="N", help="So many runs. Default: 20."
)
@options.json_option
@click.pass_context
def log(ctx: click.Context, /, **given: Any) -> int:
    """Show the runs of the sync NAME, newest last, or what one of them did."""
    from syncoxiders.cli import cloud_status  # noqa: PLC0415 -- after the command line is right

    return cloud_status.log(ctx, **given)
