r"""What is printed, for people and for programs.

For programs each line is a JSON object whose ``schema`` says what it is, and in which version.
Names are as the system has them: a byte that is no UTF-8 is a lone surrogate (``\udcff``).
"""

import json
import shlex
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click
import msgspec

from syncoxiders.cli.exits import Exit
from syncoxiders.cli.options import Output, Request
from syncoxiders.cli.text import counted, duration, listed, shown, size
from syncoxiders.core.model import Action, ActionKind, Endpoint, EndpointId, Mode
from syncoxiders.engine.report import Outcome, Stop
from syncoxiders.ports.state import Event

VERBS = {
    ActionKind.PROBE: "compare",
    ActionKind.MAKE_FOLDER: "new",
    ActionKind.CREATE: "new",
    ActionKind.UPDATE: "update",
    ActionKind.META: "attributes",
    ActionKind.MOVE: "move",
    ActionKind.DELETE: "delete",
}
CARRIES = {ActionKind.CREATE, ActionKind.UPDATE}

FEW = 20
"""So many lines of a kind are shown unless more is asked for."""

ALIKE = 3
"""So many notes that say the same are shown one by one."""

_DONE = (
    ("make-folder", "folder made", "folders made"),
    ("create", "file copied", "files copied"),
    ("update", "file updated", "files updated"),
    ("move", "moved", "moved"),
    ("delete", "deleted", "deleted"),
    ("meta", "attribute set", "attributes set"),
)


def emit(schema: str, **fields: Any) -> None:
    """Print an object for a program."""
    click.echo(json.dumps({"schema": f"syncoxiders.{schema}/1", **fields}))


def complain(text: str) -> None:
    """Print a line about what went wrong."""
    click.echo(f"syncoxiders: {text}", err=True)


def summed(counts: Mapping[str, int]) -> str:
    """Return what was done, ``""`` if nothing."""
    return ", ".join(
        counted(counts[kind], one, many) for kind, one, many in _DONE if counts.get(kind)
    )


class Sides(msgspec.Struct, frozen=True):
    """The endpoints as they are called in what is printed."""

    endpoints: tuple[Endpoint, ...]
    addresses: Mapping[EndpointId, str]
    mode: Mode

    def label(self, endpoint: EndpointId) -> str:
        """Return an endpoint's short name."""
        for each in self.endpoints:
            if each.id == endpoint:
                return shown(each.label)
        return endpoint

    def origin(self, action: Action) -> EndpointId:
        """Return the endpoint that an action follows, ``""`` if that is not one."""
        for reason in (action.source, action.because):
            if reason is not None and reason.endpoint != action.endpoint:
                return reason.endpoint
        if action.kind is ActionKind.MOVE:  # to make room where it stands
            return ""
        others = [each.id for each in self.endpoints if each.id != action.endpoint]
        return others[0] if len(others) == 1 else ""

    def way(self, origin: EndpointId, endpoint: EndpointId) -> str:
        """Return ``left → right``."""
        return f"{self.label(origin)} → {self.label(endpoint)}" if origin else self.label(endpoint)

    def all(self) -> str:
        """Return all endpoints with an arrow for the mode."""
        names = [shown(each.label) for each in self.endpoints]
        if self.mode is Mode.TWO_WAY:
            return " ⇄ ".join(names)
        return f"{names[0]} → {listed(names[1:])}"

    def action(self, action: Action, path: str) -> str:
        """Return an action as one line."""
        folder = "/" if action.kind is ActionKind.MAKE_FOLDER else ""
        tail = f"  ({size(action.size)})" if action.kind in CARRIES else ""
        way = self.way(self.origin(action), action.endpoint)
        return f"{VERBS[action.kind]:<10} {way}  {shown(path)}{folder}{tail}"

    def event(self, event: Event) -> str:
        """Return an event as one line, without its verb."""
        label = self.label(event.endpoint) if event.endpoint else ""
        path = shown(event.path)
        where = f"{path} ({label})" if path and label else path or label
        detail = shown(event.detail).removeprefix(f"{path}: ")
        return f"{where}: {detail}" if where else detail


# --- for programs ---------------------------------------------------------------------------


def emit_sync(sides: Sides, *, dry_run: bool) -> None:
    """Print what is kept in step, before anything else."""
    emit(
        "sync",
        mode=sides.mode.value,
        dry_run=dry_run,
        endpoints=[
            {"id": each.id, "label": each.label, "address": sides.addresses[each.id]}
            for each in sides.endpoints
        ],
    )


def emit_action(action: Action, path: str, **more: Any) -> None:
    """Print an action that is planned, or has ended."""
    emit(
        "action",
        kind=action.kind.value,
        endpoint=action.endpoint,
        path=path,
        size=action.size,
        source=action.source.endpoint if action.source is not None else None,
        **more,
    )


def emit_event(event: Event) -> None:
    """Print an event."""
    emit(
        "event",
        verb=event.verb,
        endpoint=event.endpoint,
        path=event.path,
        detail=event.detail,
    )


def emit_outcome(outcome: Outcome, code: Exit) -> None:
    """Print how a run ended, after all else."""
    stop = outcome.stop
    emit(
        "outcome",
        run=outcome.run,
        outcome=outcome.word,
        exit=int(code),
        counts=outcome.counts,
        bytes=outcome.bytes,
        conflicts=outcome.conflicts,
        errors=len(outcome.errors),
        left=len(outcome.left),
        away=outcome.away,
        stop={"plan": stop.plan_id, "reason": stop.reason} if stop is not None else None,
    )


# --- for people -----------------------------------------------------------------------------


def print_outcome(outcome: Outcome, sides: Sides, output: Output, seconds: float) -> None:
    """Print how a run ended; with ``quiet`` only what went wrong."""
    if not output.quiet:
        for line in notes(outcome.notes, sides, verbose=output.verbose):
            click.echo(line)
    print_errors(outcome, sides, verbose=output.verbose)
    if output.quiet or outcome.stop is not None:
        return
    done = summed(outcome.counts)
    if done:
        carried = f"{size(outcome.bytes)} in " if outcome.bytes else ""
        click.echo(f"{sides.all()}: {done} ({carried}{duration(seconds)}).")
    elif outcome.word == "done":
        click.echo(f"{sides.all()}: in step, nothing to do.")
    if outcome.conflicts:
        click.echo(f"{counted(outcome.conflicts, 'conflict')}: see syncoxiders conflicts.")


def notes(events: Sequence[Event], sides: Sides, *, verbose: bool) -> list[str]:
    """Return conflicts and other notes as lines, the conflicts first.

    Unless ``verbose``, what is the same for many is said once.
    """
    alike: dict[tuple[str, EndpointId, str], list[Event]] = {}
    for event in sorted(events, key=lambda event: event.verb != "conflict"):
        alike.setdefault((event.verb, event.endpoint, event.detail), []).append(event)
    lines: list[str] = []
    for (verb, endpoint, detail), each in alike.items():
        if verbose or len(each) <= ALIKE:
            lines += [f"{verb:<10} {sides.event(event)}" for event in each]
        else:
            label = sides.label(endpoint) if endpoint else ""
            where = f" in {label}" if label else ""
            lines.append(f"{verb:<10} {len(each):,} times{where}: {shown(detail)} (-v shows all)")
    return _some(lines, verbose=verbose)


def print_errors(outcome: Outcome, sides: Sides, *, verbose: bool) -> None:
    """Print what could not be brought into step."""
    lines = troubles(outcome, sides)
    for line in _some(lines, verbose=verbose):
        complain(line)
    if len(lines) > 1:
        complain(f"{len(lines):,} things were not brought into step.")


def troubles(outcome: Outcome, sides: Sides) -> list[str]:
    """Return what could not be brought into step, as lines."""
    lines = [sides.event(event) for event in (*outcome.errors, *outcome.left)]
    told = "\n".join(lines)
    if outcome.stop is None:
        lines += [
            f"{sides.label(each)}: {shown(reason)}"
            for each, reason in outcome.away.items()
            if shown(reason) not in told
        ]
    return lines


def _some(lines: list[str], *, verbose: bool) -> list[str]:
    if verbose or len(lines) <= FEW:
        return lines
    return [*lines[:FEW], f"… and {len(lines) - FEW:,} more (-v shows all)"]


def print_stop(stop: Stop, request: Request) -> None:
    """Print why a guard stopped the sync, and how to go on."""
    if request.dry_run:
        complain(f"this would be stopped: {shown(stop.reason)}.")
        return
    complain(f"stopped: {shown(stop.reason)}.")
    if not stop.plan_id:
        return
    look = ["syncoxiders", "log", *request.locate, "--plan", stop.plan_id]
    again = ["syncoxiders", *sys.argv[1:], "--approve", stop.plan_id]
    click.echo(f"  plan            {stop.plan_id}", err=True)
    click.echo(f"  look at it      {shown(shlex.join(look))}", err=True)
    click.echo(f"  let it through  {shown(shlex.join(again))}", err=True)


def exit_code(outcome: Outcome, *, fail_on_conflict: bool) -> Exit:
    """Return the exit code of a run."""
    if outcome.stop is not None:
        return Exit.STOPPED
    if outcome.word != "done":
        return Exit.PARTIAL
    return Exit.CONFLICTS if fail_on_conflict and outcome.conflicts else Exit.DONE
