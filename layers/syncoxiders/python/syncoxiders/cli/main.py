"""The program: its commands, and the one place where errors become messages and exit codes."""

import io
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any

import click

from syncoxiders import __version__
from syncoxiders.cli import options, signals
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
        traceback.print_exception(error)
    if isinstance(error, click.Abort):
        if not stopping.event.is_set():
            return _say("the input ended", Exit.FAILED)
        return _say("interrupted; nothing is lost, the next run goes on from here", stopping.code)
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


@click.group(cls=Program, context_settings=_CONTEXT, epilog=EPILOG)
@click.version_option(
    __version__, "--version", prog_name="syncoxiders", message="%(prog)s %(version)s"
)
def main() -> None:
    """Keep folders in step, and lose nothing."""


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
