"""The groups of ``syncoxiders cloud``: what their commands are called and what they take."""

from typing import Any

import click

from syncoxiders.cli import options
from syncoxiders.cli.exits import Exit

EPILOG = """\b
Exit codes:
    0  done
    1  it did not work; the message says why
    2  what was asked for cannot be; nothing was touched
    4  done, but something of it did not work; the message says what
    7  the deployment cannot be reached now, or cannot answer
  130  interrupted (Ctrl-C)
"""
"""The exit codes of these commands for ``--help``."""

ON_SERVER = """\b
Exit codes:
    0  done
    1  it did not work; the message says why
    2  the command line is wrong; nothing was touched
    7  the tables of the deployment cannot be used now
"""
"""Those of commands that speak to AWS rather than to the API."""


def _remember(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    del param
    if value:
        ctx.meta[options.DEPLOYMENT] = value


deployment_option = click.option(
    "--deployment",
    envvar="SYNCOXIDERS_DEPLOYMENT",
    show_envvar=True,
    metavar="NAME",
    expose_value=False,
    callback=_remember,
    help="Which deployment, if you are logged in to several.",
)


def helped(ctx: click.Context) -> int | None:
    """Print the help of a group that was called without a command."""
    if ctx.invoked_subcommand is not None:
        return None
    click.echo(ctx.get_help())
    return Exit.USAGE


# --- accounts -------------------------------------------------------------------------------


@click.group(invoke_without_command=True)
@deployment_option
@click.pass_context
def accounts(ctx: click.Context) -> int | None:
    """Say which accounts are connected there."""
    if ctx.invoked_subcommand is not None:
        return None
    from syncoxiders.cli import cloud_accounts  # noqa: PLC0415 -- after the command line is right

    return cloud_accounts.show(ctx, as_json=False)


@accounts.command("list", epilog=EPILOG)
@options.json_option
@deployment_option
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
@options.json_option
@deployment_option
@click.pass_context
def add_account(ctx: click.Context, /, **given: Any) -> int:
    """Copy the account NAME of this machine there, with its secrets.

    An account of the name that is there already is replaced. Here it goes on as it is.
    """
    from syncoxiders.cli import cloud_accounts  # noqa: PLC0415 -- after the command line is right

    return cloud_accounts.add(ctx, **given)


@accounts.command("connect", epilog=EPILOG)
@click.argument("kind", type=click.Choice(["drive", "dropbox", "onedrive"]))
@click.argument("name")
@click.option("--shared-drive", metavar="ID", help="Of drive, a shared drive.")
@click.option(
    "--documents",
    type=click.Choice(["export", "link", "skip"]),
    help="What becomes of documents that are no files, as account add has it.",
)
@click.option("--tenant", metavar="TENANT", help="Of onedrive, who may sign in.")
@click.option("--site", metavar="URL", help="Of onedrive, a SharePoint site with the drive.")
@click.option("--no-browser", is_flag=True, help="Only print the address to open.")
@options.json_option
@deployment_option
@click.pass_context
def connect_account(ctx: click.Context, /, **given: Any) -> int:
    """Connect a cloud as NAME there, by signing in to it in a browser.

    The browser has to be logged in to the deployment's console. The provider's OAuth app has to be
    known there. An account of the name that is there is connected anew.
    """
    from syncoxiders.cli import cloud_connect  # noqa: PLC0415 -- after the command line is right

    return cloud_connect.connect(ctx, given)


@accounts.command("check", epilog=EPILOG)
@click.argument("name", required=False, default="")
@options.json_option
@deployment_option
@click.pass_context
def check_account(ctx: click.Context, name: str, as_json: bool) -> int:
    """Check that accounts let the deployment in. Exits with 1 if one does not.

    Without NAME, all of them.
    """
    from syncoxiders.cli import cloud_accounts  # noqa: PLC0415 -- after the command line is right

    return cloud_accounts.check(ctx, name, as_json=as_json)


@accounts.command("remove", epilog=EPILOG)
@click.argument("name")
@deployment_option
@click.pass_context
def remove_account(ctx: click.Context, name: str) -> int:
    """Forget the account NAME and its secrets there. No file is touched."""
    from syncoxiders.cli import cloud_accounts  # noqa: PLC0415 -- after the command line is right

    return cloud_accounts.remove(ctx, name)


# --- syncs ----------------------------------------------------------------------------------


@click.group(invoke_without_command=True)
@deployment_option
@click.pass_context
def syncs(ctx: click.Context) -> int | None:
    """Say what is kept in step there."""
    if ctx.invoked_subcommand is not None:
        return None
    from syncoxiders.cli import cloud_syncs  # noqa: PLC0415 -- after the command line is right

    return cloud_syncs.show(ctx, as_json=False)


@syncs.command("list", epilog=EPILOG)
@options.json_option
@deployment_option
@click.pass_context
def list_syncs(ctx: click.Context, as_json: bool) -> int:
    """List the syncs."""
    from syncoxiders.cli import cloud_syncs  # noqa: PLC0415 -- after the command line is right

    return cloud_syncs.show(ctx, as_json=as_json)


@syncs.command("add", cls=options.FilteredCommand, epilog=EPILOG)
@click.argument("name")
@click.argument("paths", nargs=-1, metavar="ACCOUNT1:PATH1 ACCOUNT2:PATH2 [ACCOUNT3:PATH3 …]")
@options.rule_options
@click.option(
    "--preview", is_flag=True, help="Do nothing before its first plan was let through by approve."
)
@options.json_option
@deployment_option
@click.pass_context
def add_sync(ctx: click.Context, /, **given: Any) -> int:
    """Keep two or more folders of accounts in step, under NAME."""
    from syncoxiders.cli import cloud_syncs  # noqa: PLC0415 -- after the command line is right

    return cloud_syncs.add(ctx, given)


@syncs.command("change", cls=options.FilteredCommand, epilog=EPILOG)
@click.argument("name")
@options.rule_options
@click.option(
    "--no-filters", is_flag=True, help="Take away the filters that there are, before all others."
)
@options.json_option
@deployment_option
@click.pass_context
def change_sync(ctx: click.Context, /, **given: Any) -> int:
    """Change options of the sync NAME; what is not given stays.

    Patterns that are given take the place of all that there were.
    """
    from syncoxiders.cli import cloud_syncs  # noqa: PLC0415 -- after the command line is right

    return cloud_syncs.change(ctx, given)


for _option in change_sync.params:
    if isinstance(_option, click.Option):
        _option.show_default = False  # what is not given stays as it is


@syncs.command("remove", epilog=EPILOG)
@click.argument("name")
@deployment_option
@click.pass_context
def remove_sync(ctx: click.Context, name: str) -> int:
    """Keep the folders of NAME in step no longer. No file is touched."""
    from syncoxiders.cli import cloud_syncs  # noqa: PLC0415 -- after the command line is right

    return cloud_syncs.remove(ctx, name)


# --- conflicts ------------------------------------------------------------------------------


@click.group(invoke_without_command=True)
@deployment_option
@click.pass_context
def conflicts(ctx: click.Context) -> int | None:
    """Say which conflicts wait for a decision."""
    if ctx.invoked_subcommand is not None:
        return None
    from syncoxiders.cli import cloud_conflicts  # noqa: PLC0415 -- after the command line is right

    return cloud_conflicts.list_(ctx, "", as_json=False)


@conflicts.command("list", epilog=EPILOG)
@click.argument("name", required=False, default="")
@options.json_option
@deployment_option
@click.pass_context
def list_conflicts(ctx: click.Context, name: str, as_json: bool) -> int:
    """List the conflicts: of the sync NAME, or of all."""
    from syncoxiders.cli import cloud_conflicts  # noqa: PLC0415 -- after the command line is right

    return cloud_conflicts.list_(ctx, name, as_json=as_json)


@conflicts.command("show", epilog=EPILOG)
@click.argument("name")
@click.argument("conflict")
@options.json_option
@deployment_option
@click.pass_context
def show_conflict(ctx: click.Context, name: str, conflict: str, as_json: bool) -> int:
    """Show both versions of the CONFLICT in the sync NAME, and how two texts differ."""
    from syncoxiders.cli import cloud_conflicts  # noqa: PLC0415 -- after the command line is right

    return cloud_conflicts.show(ctx, name, conflict, as_json=as_json)


@conflicts.command("resolve", epilog=EPILOG)
@click.argument("name")
@click.argument("conflict")
@click.option(
    "--take",
    type=click.Choice(["kept", "other", "both", "merged"]),
    required=True,
    help="kept: delete the other one. other: put it in place of the kept one. both: leave both. "
    "merged: put the text of --text in place of both.",
)
@click.option("--text", type=click.File("rb"), metavar="FILE", help="The merged text; - is stdin.")
@click.option(
    "--seen",
    default="",
    metavar="REVISION",
    help="Decide only if both versions are as show has shown them, with this.",
)
@deployment_option
@click.pass_context
def resolve_conflict(ctx: click.Context, /, **given: Any) -> int:
    """Decide the CONFLICT in the sync NAME."""
    from syncoxiders.cli import cloud_conflicts  # noqa: PLC0415 -- after the command line is right

    return cloud_conflicts.resolve(ctx, given)


# --- people ---------------------------------------------------------------------------------


def _listing(name: str, help_: str) -> click.Group:
    """Return a group of people or programs: by itself it lists them."""

    @click.group(name, invoke_without_command=True, help=help_)
    @deployment_option
    @click.pass_context
    def group(ctx: click.Context) -> int | None:
        return None if ctx.invoked_subcommand is not None else listed(ctx, as_json=False)

    def listed(ctx: click.Context, *, as_json: bool) -> int:
        from syncoxiders.cli import cloud_people  # noqa: PLC0415 -- after the command line is right

        return cloud_people.show(ctx, name, as_json=as_json)

    @group.command("list", epilog=EPILOG, help="List them.")
    @options.json_option
    @deployment_option
    @click.pass_context
    def list_(ctx: click.Context, as_json: bool) -> int:
        return listed(ctx, as_json=as_json)

    return group


programs = _listing("programs", "Say which programs may act for you.")
users = _listing("users", "Say who may use the deployment; for administrators.")
invitations = _listing("invitations", "Say who was invited; for administrators.")


@programs.command("remove", epilog=EPILOG)
@click.argument("program")
@deployment_option
@click.pass_context
def remove_program(ctx: click.Context, program: str) -> int:
    """Let PROGRAM (its id) act for you no longer."""
    from syncoxiders.cli import cloud_people  # noqa: PLC0415 -- after the command line is right

    return cloud_people.remove_program(ctx, program)


@users.command("remove", epilog=EPILOG)
@click.argument("user")
@click.option("--yes", is_flag=True, help="Do not ask.")
@deployment_option
@click.pass_context
def remove_user(ctx: click.Context, user: str, yes: bool) -> int:
    """Let USER (an address or id) in no longer, and forget their accounts and syncs.

    No file is touched.
    """
    from syncoxiders.cli import cloud_people  # noqa: PLC0415 -- after the command line is right

    return cloud_people.remove_user(ctx, user, yes=yes)


@invitations.command("remove", epilog=EPILOG)
@click.argument("email")
@deployment_option
@click.pass_context
def remove_invitation(ctx: click.Context, email: str) -> int:
    """Take back the invitation of EMAIL."""
    from syncoxiders.cli import cloud_people  # noqa: PLC0415 -- after the command line is right

    return cloud_people.remove_invitation(ctx, email)


ALL = (accounts, syncs, conflicts, programs, users, invitations)
