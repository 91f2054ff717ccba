"""``syncoxiders account``: what its commands are called and what they take."""

from pathlib import Path
from typing import Any

import click

from syncoxiders.cli import options
from syncoxiders.cli.exits import Exit

EPILOG = """\b
Exit codes:
    0  done
    1  it did not work; the message says why, and nothing was changed
    2  the command line is wrong; nothing was touched
    4  a remote that was named could not be taken over
  130  interrupted (Ctrl-C); nothing was changed
"""
"""The exit codes of these commands for ``--help``."""


@click.group(invoke_without_command=True)
@click.pass_context
def account(ctx: click.Context) -> int | None:
    """Connect clouds, and say which are connected.

    A connected account stands for a cloud in all other commands, as NAME:path.
    """
    return _helped(ctx)


@account.group(invoke_without_command=True)
@click.pass_context
def add(ctx: click.Context) -> int | None:
    """Connect a cloud under a name of your choice."""
    return _helped(ctx)


def _helped(ctx: click.Context) -> int | None:
    """Print the help of a group that was called without a command."""
    if ctx.invoked_subcommand is not None:
        return None
    click.echo(ctx.get_help())
    return Exit.USAGE


_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)

_API = (
    click.option(
        "--url",
        metavar="URL",
        default="",
        help="Another address of the API and its sign-in than the vendor's.",
    ),
    click.option(
        "--ca-file",
        type=_FILE,
        metavar="FILE",
        help="Certificate authorities (PEM) to trust at that address.",
    ),
)
_RECONNECT = click.option(
    "--reconnect", is_flag=True, help="Connect an account anew that is there already."
)


def _oauth(command: Any, kind: str) -> Any:
    """Add what all accounts have that are signed in to in a browser."""
    variable = f"SYNCOXIDERS_{kind.upper()}_CLIENT"
    for option in reversed(
        (
            click.argument("name"),
            click.option(
                "--client-id",
                envvar=f"{variable}_ID",
                show_envvar=True,
                metavar="ID",
                default="",
                help="The id of your own OAuth app; docs/accounts.md says how to get one.",
            ),
            click.option(
                "--client-secret",
                envvar=f"{variable}_SECRET",
                show_envvar=True,
                metavar="SECRET",
                default="",
                help="Its secret, if it needs one. Better in the environment, or typed when "
                "asked: others on this machine can see command lines.",
            ),
            click.option(
                "--no-browser",
                is_flag=True,
                help="Print the address to open on any machine, and read what it leads to.",
            ),
            click.option(
                "--port",
                type=click.IntRange(0, 65535),
                help="The port of this machine to which the browser returns.",
            ),
            click.option(
                "--timeout",
                type=click.FloatRange(1),
                default=300.0,
                metavar="SECONDS",
                help="How long to wait for the browser. Default: 300.",
            ),
            _RECONNECT,
            *_API,
        )
    ):
        command = option(command)
    return command


def _drive(command: Any) -> Any:
    return _oauth(command, "drive")


def _dropbox(command: Any) -> Any:
    return _oauth(command, "dropbox")


def _onedrive(command: Any) -> Any:
    return _oauth(command, "onedrive")


@add.command(epilog=EPILOG)
@_drive
@click.option(
    "--client-file",
    type=_FILE,
    metavar="FILE",
    help="The JSON file with both that Google offers for download.",
)
@click.option("--shared-drive", metavar="ID", help="A shared drive, instead of My Drive.")
@click.option(
    "--documents",
    type=click.Choice(["export", "link", "skip"]),
    help="Google's own documents: as read-only files of Office (the default), as links to them, "
    "or not at all.",
)
@click.pass_context
def drive(ctx: click.Context, /, **given: Any) -> int:
    """Connect Google Drive as NAME."""
    from syncoxiders.cli import signin  # noqa: PLC0415 -- after the command line is right

    return signin.add("drive", given, ctx.obj)


@add.command(epilog=EPILOG)
@_dropbox
@click.option(
    "--documents",
    type=click.Choice(["skip", "export"]),
    help="Paper documents and their like: not at all (the default), or exported.",
)
@click.pass_context
def dropbox(ctx: click.Context, /, **given: Any) -> int:
    """Connect Dropbox as NAME."""
    from syncoxiders.cli import signin  # noqa: PLC0415 -- after the command line is right

    return signin.add("dropbox", given, ctx.obj)


@add.command(epilog=EPILOG)
@_onedrive
@click.option(
    "--tenant",
    metavar="TENANT",
    help="Who may sign in: common (the default), consumers, organizations or a tenant's id.",
)
@click.option("--drive-id", metavar="ID", help="The drive, if it is not the account's own.")
@click.option("--site", metavar="URL", help="The address of a SharePoint site with the drive.")
@click.pass_context
def onedrive(ctx: click.Context, /, **given: Any) -> int:
    """Connect OneDrive, or a SharePoint library, as NAME."""
    from syncoxiders.cli import signin  # noqa: PLC0415 -- after the command line is right

    return signin.add("onedrive", given, ctx.obj)


@add.command(epilog=EPILOG)
@click.argument("name")
@click.option(
    "--access-key-id",
    envvar=["SYNCOXIDERS_S3_ACCESS_KEY_ID"],
    show_envvar=True,
    metavar="ID",
    default="",
    help="The key's id. Without it, AWS's own settings are used, and no secret is kept.",
)
@click.option(
    "--secret-access-key",
    envvar=["SYNCOXIDERS_S3_SECRET_ACCESS_KEY"],
    show_envvar=True,
    metavar="SECRET",
    default="",
    help="The key itself. Better in the environment, or typed when asked: others on this machine "
    "can see command lines.",
)
@click.option("--region", metavar="REGION", help="The region of the buckets.")
@click.option("--endpoint-url", metavar="URL", help="Where it is, if it is not AWS.")
@click.option("--profile", metavar="NAME", help="A profile of AWS's own settings with the keys.")
@click.option(
    "--addressing",
    type=click.Choice(["path", "virtual"]),
    help="Where in addresses a bucket's name stands. Default: in the path, except at AWS.",
)
@_API[1]
@_RECONNECT
def s3(**given: Any) -> int:
    """Connect S3, or what speaks like it, as NAME."""
    from syncoxiders.cli import signin  # noqa: PLC0415 -- after the command line is right

    return signin.add_s3(given)


@account.command("list", epilog=EPILOG)
@options.json_option
def list_(as_json: bool) -> int:
    """List the accounts: whose they are, and where their secrets are kept."""
    from syncoxiders.cli import accounts  # noqa: PLC0415 -- after the command line is right

    return accounts.show(as_json=as_json)


@account.command(epilog=EPILOG)
@click.argument("name", required=False, default="")
@options.json_option
def check(name: str, as_json: bool) -> int:
    """Check that accounts let us in, with all that is needed. Exits with 1 if one does not.

    Without NAME, all of them.
    """
    from syncoxiders.cli import accounts  # noqa: PLC0415 -- after the command line is right

    return accounts.check(name, as_json=as_json)


@account.command(epilog=EPILOG)
@click.argument("name")
@click.option("--force", is_flag=True, help="Also if a sync uses it, or its secrets are lost.")
def remove(name: str, force: bool) -> int:
    """Disconnect NAME: end its access at the provider and forget its secrets.

    No file is touched, here or there.
    """
    from syncoxiders.cli import accounts  # noqa: PLC0415 -- after the command line is right

    return accounts.remove(name, force=force)


@account.command("import-rclone", epilog=EPILOG)
@click.argument("what", nargs=-1, metavar="[FILE] [REMOTE…]")
def import_rclone(what: tuple[str, ...]) -> int:
    """Take over the accounts of rclone: Google Drive, Dropbox, OneDrive and S3.

    From FILE, or where rclone has its settings; the REMOTEs that are named, or all. Nothing of
    rclone's is changed.
    """
    from syncoxiders.cli import imports  # noqa: PLC0415 -- after the command line is right

    return imports.import_rclone(what)
