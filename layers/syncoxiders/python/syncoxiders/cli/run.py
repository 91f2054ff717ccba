"""The command ``sync``: one run, from what was asked for to an exit code."""

import threading
import time

from syncoxiders.cli.bootstrap import Session, opened
from syncoxiders.cli.exits import Exit
from syncoxiders.cli.options import Request
from syncoxiders.cli.output import (
    Sides,
    emit_outcome,
    emit_sync,
    exit_code,
    print_errors,
    print_outcome,
    print_stop,
)
from syncoxiders.cli.plans import emit_plan, print_plan
from syncoxiders.cli.progress import reporting
from syncoxiders.engine.report import Outcome


def sync(request: Request, stop: threading.Event) -> Exit:
    """Bring the folders into step once, or say what that would take."""
    with opened(request, stop) as session:
        sides = Sides(session.endpoints, session.addresses, request.mode)
        if request.output.json:
            emit_sync(sides, dry_run=request.dry_run)
        began = time.monotonic()
        with reporting(request.output, sides, stop) as reporter:
            outcome = session.run(reporter)
        code = exit_code(outcome, fail_on_conflict=request.fail_on_conflict)
        if request.dry_run:
            _tell_plan(outcome, session, sides)
        elif not request.output.json:
            print_outcome(outcome, sides, request.output, time.monotonic() - began)
        if outcome.stop is not None:
            print_stop(outcome.stop, request)
        if request.output.json:
            emit_outcome(outcome, code)
        return code


def _tell_plan(outcome: Outcome, session: Session, sides: Sides) -> None:
    output = session.request.output
    if output.json:
        emit_plan(outcome, session)
        return
    if not output.quiet and outcome.plan is not None:
        print_plan(outcome, session, sides, verbose=output.verbose)
    print_errors(outcome, sides, verbose=output.verbose)
