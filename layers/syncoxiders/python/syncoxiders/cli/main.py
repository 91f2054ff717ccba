"""The program: its commands, and the one place where errors become messages and exit codes."""

import gc
import io
import os
import sys
import time
from collections.abc import Sequence
from typing import Any

import click

from syncoxiders import __version__
from syncoxiders.cli import endpoints, options, signals
from syncoxiders.cli.account import account
from syncoxiders.cli.cloud import cloud
from syncoxiders.cli.exits import EPILOG, Exit, Usage
from syncoxiders.cli.text import shown
from syncoxiders.ports.errors import StateBusy, StateError, SyncError

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class Program(click.Group):
    """A group of commands whose errors are one line for a person, and never a traceback.

    ``SYNCOXIDERS_DEBUG=1`` shows the traceback as well.
    """

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command line and exit."""
        del standalone_mode
        # Nearly all that a run makes is plain values in no cycle: looking for some is in vain.
        gc.set_threshold(100_000, 20, 20)
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):  # names may hold what it cannot encode
                stream.reconfigure(errors="backslashreplace")
        with signals.taken() as stopping:
            try:
                code = super().main(
                    args, prog_name, complete_var, standalone_mode=False, obj=stopping, **extra
                )
            except Exception as error:  # noqa: BLE001 -- the last place that can tell the person
                code = _told(error, stopping)
        sys.exit(code)


def _told(error: Exception, stopping: signals.Stopping) -> int:
    """Tell the person what went wrong; return the exit code."""
    if os.environ.get("SYNCOXIDERS_DEBUG", "0") not in ("", "0"):
        import traceback  # noqa: PLC0415 -- nobody else needs it

        traceback.print_exception(error)
    if isinstance(error, click.Abort):
        if not stopping.event.is_set():
            return _say("the input ended", Exit.FAILED)
        return _say(stopping.farewell, stopping.code)
    if isinstance(error, click.ClickException):
        hint = ""
        if isinstance(error, click.UsageError) and not isinstance(error, Usage) and error.ctx:
            hint = f" (try {error.ctx.command_path} --help)"
        return _say(shown(error.format_message().rstrip(".")) + hint, Exit.USAGE)
    if isinstance(error, StateBusy):
        return _say(str(error), Exit.BUSY)
    if isinstance(error, StateError):
        return _say(str(error), Exit.STATE)
    if isinstance(error, SyncError):
        return _say(str(error), Exit.FAILED)
    if isinstance(error, OSError) and error.strerror:
        where = f": {shown(os.fsdecode(error.filename))}" if error.filename else ""
        return _say(f"{error.strerror}{where}", Exit.FAILED)
    text = shown(f"{type(error).__name__}: {error}")
    return _say(f"unexpected error ({text}); SYNCOXIDERS_DEBUG=1 shows where", Exit.FAILED)


def _say(text: str, code: Exit) -> Exit:
    click.echo(f"syncoxiders: {text}", err=True)
    return code


@click.group(cls=Program, context_settings=_CONTEXT, epilog=EPILOG, invoke_without_command=True)
@click.version_option(
    __version__, "--version", prog_name="syncoxiders", message="%(prog)s %(version)s"
)
@click.pass_context
def main(ctx: click.Context) -> int | None:
    """Keep folders in step, and lose nothing."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
        return Exit.USAGE
    return None


main.add_command(account)
main.add_command(cloud)


@main.command(cls=options.FilteredCommand, epilog=EPILOG)
@options.paths_argument
@options.dry_run_option
@options.sync_options
@click.pass_context
def sync(ctx: click.Context, /, **given: Any) -> int:
    """Bring two or more folders into step, once.

    What changed in one since the last run is brought to the others. Where both changed, one
    version keeps the name and the other is kept beside it.
    """
    request = options.read_request(ctx, given)
    from syncoxiders.cli.run import sync as run  # noqa: PLC0415 -- after the command line is right

    return run(request, ctx.obj.event)


@main.command(cls=options.FilteredCommand, epilog=EPILOG)
@options.paths_argument
@options.interval_option
@options.sync_options
@click.pass_context
def watch(ctx: click.Context, /, **given: Any) -> int:
    """Keep two or more folders in step until it is stopped.

    It follows the file system's events, and looks at everything now and then.
    """
    request = options.read_request(ctx, given)
    from syncoxiders.cli.watch import watch as run  # noqa: PLC0415 -- after the command line is right

    return run(request, ctx.obj)


@main.command(epilog=EPILOG)
@options.sync_choice
@click.option("--run", type=click.IntRange(1), metavar="N", help="Say all that this run did.")
@click.option("--plan", default="", metavar="PLAN", help="Show this plan, which was stopped.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="So many runs. Default: 20.")
@options.json_option
@click.pass_context
def log(ctx: click.Context, /, **given: Any) -> int:
    """Show the runs of a sync, newest last, or what one of them did.

    Without folders, of all syncs. Runs in a row that had nothing to do share a line.
    """
    roots, state = options.read_choice(ctx, given)
    from syncoxiders.cli import queries  # noqa: PLC0415 -- after the command line is right

    return queries.log(
        queries.choose(roots, state),
        run=given["run"],
        plan=given["plan"],
        limit=given["limit"],
        as_json=given["as_json"],
    )


@main.command(epilog=EPILOG)
@options.sync_choice
@options.json_option
@click.pass_context
def conflicts(ctx: click.Context, /, **given: Any) -> int:
    """List the conflict copies that are there: where, whose, of what.

    Without folders, of all syncs.
    """
    roots, state = options.read_choice(ctx, given)
    from syncoxiders.cli import queries  # noqa: PLC0415 -- after the command line is right

    return queries.conflicts(queries.choose(roots, state), as_json=given["as_json"])


@main.command(cls=options.FilteredCommand, epilog=EPILOG)
@options.paths_argument
@options.filter_options
@options.links_option
@options.transfers_option
@options.output_options
@click.pass_context
def check(ctx: click.Context, /, **given: Any) -> int:
    """Compare two or more folders by content; change nothing.

    Exits with 8 if they differ.
    """
    output = options.read_output(given)
    roots = options.read_roots(given["paths"])
    endpoints.check(roots, writable=False)
    found = options.read_filters(ctx, given).at(time.time())
    from syncoxiders.cli.check import check as run  # noqa: PLC0415 -- after the command line is right

    return run(
        roots,
        filter_=found,
        links=given["links"],
        transfers=given["transfers"],
        output=output,
        stop=ctx.obj.event,
    )
