"""A dry run's plan, for people and for programs."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import click

from syncoxiders.cli.bootstrap import Session
from syncoxiders.cli.output import CARRIES, FEW, VERBS, Sides, emit_action, notes
from syncoxiders.cli.text import counted, shown, size
from syncoxiders.core.model import Action, ActionKind, EndpointId, NodeId
from syncoxiders.core.plan import Plan
from syncoxiders.engine.places import Places
from syncoxiders.engine.report import Outcome
from syncoxiders.ports.errors import Vanished

_WIDTH = 60

Row = tuple[str, str, str]
"""Verb, path and a note."""


def print_plan(outcome: Outcome, session: Session, sides: Sides, *, verbose: bool) -> None:
    """Print the plan by where its content comes from and goes to.

    Unless ``verbose``, a folder that is new or deleted stands for all that is in it, and long
    lists are cut.
    """
    plan = outcome.plan or Plan()
    click.echo("Dry run: nothing is touched.\n")
    groups: dict[tuple[EndpointId, EndpointId], list[Action]] = {}
    for action in plan.actions:
        groups.setdefault((sides.origin(action), action.endpoint), []).append(action)
    before = _before(session)
    for (origin, endpoint), actions in groups.items():
        click.echo(sides.way(origin, endpoint))
        folders = set() if verbose else _folders(actions, plan.paths)
        rows = list(_rows(actions, plan.paths, folders, before))
        some = rows if verbose else rows[:FEW]
        width = min(max(len(path) for _, path, _ in some), _WIDTH)
        for verb, path, note in some:
            click.echo(f"  {verb:<10} {path:<{width}}  {note}".rstrip())
        if len(rows) > len(some):
            click.echo(f"  … and {len(rows) - len(some):,} more (-v shows all)")
        click.echo()
    lines = notes(outcome.notes, sides, verbose=verbose)
    if lines:
        click.echo("\n".join([*lines, ""]))
    click.echo(_summary(plan, sides))


def emit_plan(outcome: Outcome, session: Session) -> None:
    """Print the plan's actions; the events were printed as they came."""
    plan = outcome.plan or Plan()
    before = _before(session)
    for action in plan.actions:
        moved = {"before": before(action)} if action.kind is ActionKind.MOVE else {}
        emit_action(action, plan.paths.get(action.node, action.name), **moved)


def _before(session: Session) -> Callable[[Action], str]:
    """Return a function that says where what is moved stands now."""
    places = Places(session.store)

    def before(action: Action) -> str:
        try:
            return places.ref(action.endpoint, action.entry).path
        except Vanished:
            return ""

    return before


def _summary(plan: Plan, sides: Sides) -> str:
    if not plan.actions:
        return f"{sides.all()}: in step, nothing to do."
    counts: dict[str, int] = {}
    for action in plan.actions:
        verb = VERBS[action.kind]
        counts[verb] = counts.get(verb, 0) + 1
    carried = sum(action.size for action in plan.actions if action.kind in CARRIES)
    parts = ", ".join(f"{count:,} {verb}" for verb, count in counts.items())
    return f"To do: {parts}; {size(carried)} to carry."


def _folders(actions: Iterable[Action], paths: Mapping[NodeId, str]) -> set[tuple[str, str]]:
    """Return, with their verb, the folders that may stand for what is in them."""
    return {
        (VERBS[action.kind], paths.get(action.node, action.name))
        for action in actions
        if action.kind in {ActionKind.MAKE_FOLDER, ActionKind.DELETE}
    }


def _rows(
    actions: Sequence[Action],
    paths: Mapping[NodeId, str],
    folders: set[tuple[str, str]],
    before: Callable[[Action], str],
) -> Iterable[Row]:
    """Return the lines of a group in order of path."""
    single: dict[tuple[str, str], Action] = {}
    inside: dict[tuple[str, str], list[Action]] = {}
    for action in actions:
        verb, path = VERBS[action.kind], paths.get(action.node, action.name)
        top = _top(verb, path, folders)
        if top is None:
            single[verb, path] = action
        else:
            inside.setdefault((verb, top), []).append(action)
    for (verb, path), action in sorted(single.items(), key=lambda item: item[0][1]):
        held = inside.get((verb, path), [])
        if action.kind is ActionKind.MOVE:
            yield verb, f"{shown(before(action))} → {shown(path)}", ""
        elif action.kind is ActionKind.MAKE_FOLDER or held:
            yield verb, f"{shown(path)}/", _held(held)
        else:
            yield verb, shown(path), size(action.size) if action.kind in CARRIES else ""


def _top(verb: str, path: str, folders: set[tuple[str, str]]) -> str | None:
    """Return the topmost folder above a path that stands for it."""
    at = path.find("/")
    while at >= 0:
        if (verb, path[:at]) in folders:
            return path[:at]
        at = path.find("/", at + 1)
    return None


def _held(actions: Sequence[Action]) -> str:
    files = [action for action in actions if action.kind is not ActionKind.MAKE_FOLDER]
    if not files:
        return f"with {counted(len(actions), 'folder')}" if actions else ""
    if files[0].kind is ActionKind.DELETE:
        return f"with {counted(len(files), 'entry', 'entries')}"
    return f"with {counted(len(files), 'file')}, {size(sum(each.size for each in files))}"
