"""``syncoxiders cloud``: what its commands are called and what they take.

Those that are about something of which there are many are in :mod:`syncoxiders.cli.cloud_groups`.
"""

from pathlib import Path
from typing import Any, get_args

import click

from syncoxiders.api.shapes.files import Type
from syncoxiders.cli import cloud_groups, options
from syncoxiders.cli.cloud_groups import EPILOG, ON_SERVER, deployment_option, helped

_TYPES = get_args(Type)
_SORTS = ("relevance", "name", "size", "modified")
_DAY = click.DateTime(["%Y-%m-%d"])


@click.group(invoke_without_command=True)
@deployment_option
@click.pass_context
def cloud(ctx: click.Context) -> int | None:
    """See and configure what is deployed in an AWS account, through its API."""
    return helped(ctx)


for each in cloud_groups.ALL:
    cloud.add_command(each)


@cloud.command(epilog=EPILOG)
@click.argument("url", required=False, default="")
@click.option("--no-browser", is_flag=True, help="Only print the address at which to allow it.")
@deployment_option
@click.pass_context
def login(ctx: click.Context, url: str, no_browser: bool) -> int:
    """Log in to the deployment whose console is at URL, by allowing it in a browser.

    Without URL, anew to one that is known. --deployment gives it a name, if there are several.
    """
    from syncoxiders.cli import cloud_login  # noqa: PLC0415 -- after the command line is right

    name = ctx.meta.get(options.DEPLOYMENT, "")
    return cloud_login.login(url, name, ctx.obj, no_browser=no_browser)


@cloud.command(epilog=EPILOG)
@deployment_option
@click.pass_context
def logout(ctx: click.Context) -> int:
    """End the login, there and here."""
    from syncoxiders.cli import cloud_login  # noqa: PLC0415 -- after the command line is right

    return cloud_login.logout(ctx.meta.get(options.DEPLOYMENT, ""))


@cloud.command(epilog=EPILOG)
@options.json_option
@deployment_option
@click.pass_context
def whoami(ctx: click.Context, as_json: bool) -> int:
    """Say who is logged in, and where."""
    from syncoxiders.cli import cloud_login  # noqa: PLC0415 -- after the command line is right

    return cloud_login.whoami(ctx, as_json=as_json)


@cloud.command(epilog=EPILOG)
@options.json_option
def deployments(as_json: bool) -> int:
    """List the deployments that there is a login of on this machine."""
    from syncoxiders.cli import cloud_login  # noqa: PLC0415 -- after the command line is right

    return cloud_login.deployments(as_json=as_json)


@cloud.command(epilog=EPILOG)
@click.argument("name")
@options.json_option
@deployment_option
@click.pass_context
def pause(ctx: click.Context, name: str, as_json: bool) -> int:
    """Plan nothing more for the sync NAME. What was begun is finished."""
    from syncoxiders.cli import cloud_syncs  # noqa: PLC0415 -- after the command line is right

    return cloud_syncs.pause(ctx, name, paused=True, as_json=as_json)


@cloud.command(epilog=EPILOG)
@click.argument("name")
@options.json_option
@deployment_option
@click.pass_context
def resume(ctx: click.Context, name: str, as_json: bool) -> int:
    """Go on with the sync NAME."""
    from syncoxiders.cli import cloud_syncs  # noqa: PLC0415 -- after the command line is right

    return cloud_syncs.pause(ctx, name, paused=False, as_json=as_json)


@cloud.command(epilog=EPILOG)
@click.argument("name")
@options.json_option
@deployment_option
@click.pass_context
def run(ctx: click.Context, name: str, as_json: bool) -> int:
    """Look at the folders of the sync NAME now, whatever the vendors tell."""
    from syncoxiders.cli import cloud_syncs  # noqa: PLC0415 -- after the command line is right

    return cloud_syncs.run(ctx, name, as_json=as_json)


@cloud.command(epilog=EPILOG)
@options.json_option
@deployment_option
@click.pass_context
def plans(ctx: click.Context, as_json: bool) -> int:
    """List the plans that wait to be let through."""
    from syncoxiders.cli import cloud_plans  # noqa: PLC0415 -- after the command line is right

    return cloud_plans.waiting(ctx, as_json=as_json)


@cloud.command(epilog=EPILOG)
@click.argument("name")
@click.argument("plan", required=False, default="")
@options.json_option
@deployment_option
@click.pass_context
def plan(ctx: click.Context, name: str, plan: str, as_json: bool) -> int:
    """Show the PLAN of the sync NAME that waits to be let through; there is one at most."""
    from syncoxiders.cli import cloud_plans  # noqa: PLC0415 -- after the command line is right

    return cloud_plans.show(ctx, name, plan, as_json=as_json)


@cloud.command(epilog=EPILOG)
@click.argument("name")
@click.argument("plan")
@options.json_option
@deployment_option
@click.pass_context
def approve(ctx: click.Context, name: str, plan: str, as_json: bool) -> int:
    """Let the PLAN through that was stopped in the sync NAME; see plan."""
    from syncoxiders.cli import cloud_plans  # noqa: PLC0415 -- after the command line is right

    return cloud_plans.approve(ctx, name, plan, as_json=as_json)


@cloud.command(epilog=EPILOG)
@options.json_option
@deployment_option
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> int:
    """Say how accounts and syncs are: what is to be done, and what holds it up."""
    from syncoxiders.cli import cloud_status  # noqa: PLC0415 -- after the command line is right

    return cloud_status.status(ctx, as_json=as_json)


@cloud.command(epilog=EPILOG)
@click.argument("name", required=False, default="")
@click.option("--run", type=click.IntRange(1), metavar="N", help="Say all that this run did.")
@click.option("--plan", default="", metavar="PLAN", help="Show this plan, which was stopped.")
@click.option("-f", "--follow", is_flag=True, help="Go on, and say what is done as it is done.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="So many runs. Default: 20.")
@options.json_option
@deployment_option
@click.pass_context
def log(ctx: click.Context, /, **given: Any) -> int:
    """Show the runs of the sync NAME, newest last, or what one of them did.

    Without NAME, of all syncs.
    """
    from syncoxiders.cli import cloud_log  # noqa: PLC0415 -- after the command line is right

    return cloud_log.log(ctx, **given)


@cloud.command(epilog=EPILOG)
@click.argument("name", required=False, default="")
@click.option("--verb", default="", metavar="VERB", help="Only what is of this sort, as delete.")
@click.option("--about", default="", metavar="TEXT", help="Only paths and notes with this text.")
@click.option(
    "--limit", type=click.IntRange(1), default=50, metavar="N", help="So many. Default: 50."
)
@options.json_option
@deployment_option
@click.pass_context
def activity(ctx: click.Context, /, **given: Any) -> int:
    """Say what was done last, newest last: in the sync NAME, or in all of them."""
    from syncoxiders.cli import cloud_log  # noqa: PLC0415 -- after the command line is right

    return cloud_log.activity(ctx, **given)


@cloud.command(epilog=EPILOG)
@click.argument("words", nargs=-1)
@click.option("--account", default="", metavar="NAME", help="Of this account only.")
@click.option("--sync", default="", metavar="NAME", help="Of this sync only.")
@click.option("--type", "type_", type=click.Choice(_TYPES), help="Of this type only.")
@options.size_options
@click.option("--after", type=_DAY, help="Changed on this day or later.")
@click.option("--before", type=_DAY, help="Changed before this day.")
@click.option(
    "--sort",
    type=click.Choice(_SORTS),
    default="relevance",
    show_default=True,
    help="What comes first; the largest, the newest.",
)
@click.option(
    "--limit", type=click.IntRange(1), default=50, metavar="N", help="So many. Default: 50."
)
@options.json_option
@deployment_option
@click.pass_context
def search(ctx: click.Context, /, **given: Any) -> int:
    """Search over all accounts for names with all WORDS, or what begins with them."""
    from syncoxiders.cli import cloud_files  # noqa: PLC0415 -- after the command line is right

    return cloud_files.search(ctx, given)


@cloud.command(epilog=EPILOG)
@options.json_option
@deployment_option
@click.pass_context
def stats(ctx: click.Context, as_json: bool) -> int:
    """Say how much there is: by account and type, the largest, duplicates, changes a day."""
    from syncoxiders.cli import cloud_files  # noqa: PLC0415 -- after the command line is right

    return cloud_files.statistics(ctx, as_json=as_json)


@cloud.command(epilog=EPILOG)
@click.argument("email")
@click.option("--admin", is_flag=True, help="As somebody who may invite others.")
@options.json_option
@deployment_option
@click.pass_context
def invite(ctx: click.Context, email: str, admin: bool, as_json: bool) -> int:
    """Let in whoever proves the address EMAIL to be theirs; for administrators."""
    from syncoxiders.cli import cloud_people  # noqa: PLC0415 -- after the command line is right

    return cloud_people.invite(ctx, email, admin=admin, as_json=as_json)


def _stack_options(command: Any) -> Any:
    for option in (
        click.option(
            "--outputs",
            envvar="SYNCOXIDERS_OUTPUTS",
            show_envvar=True,
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            metavar="FILE",
            help="The file of its outputs that cdk deploy --outputs-file wrote, instead.",
        ),
        click.option(
            "--stack",
            envvar="SYNCOXIDERS_STACK",
            show_envvar=True,
            default="SyncOxiders",
            show_default=True,
            metavar="NAME",
            help="The stack that was deployed, in the region and account of AWS's own settings.",
        ),
    ):
        command = option(command)
    return command


@cloud.command(epilog=ON_SERVER)
@_stack_options
@click.option(
    "--again",
    is_flag=True,
    help="Take them away, and find out from the tables what is to be done. They are not repeated.",
)
@options.json_option
@click.pass_context
def aside(ctx: click.Context, stack: str, outputs: Path | None, again: bool, as_json: bool) -> int:
    """Show messages between functions that failed each time and were put aside.

    Why they failed is in the log of the function that they were for. This needs no login, but
    credentials of the AWS account.
    """
    from syncoxiders.cli import cloud_aside  # noqa: PLC0415 -- after the command line is right

    ctx.meta[options.DEPLOYED] = (stack, outputs)
    return cloud_aside.aside(ctx, again=again, as_json=as_json)


@cloud.command(epilog=ON_SERVER)
@_stack_options
@click.pass_context
def login_link(ctx: click.Context, stack: str, outputs: Path | None) -> int:
    """Print a link that lets who opens it in as the first administrator, once, within an hour.

    This needs no login, but credentials of the AWS account.
    """
    from syncoxiders.cli import cloud_link  # noqa: PLC0415 -- after the command line is right

    ctx.meta[options.DEPLOYED] = (stack, outputs)
    return cloud_link.login_link(ctx)
