"""``syncoxiders cloud syncs``, ``pause``, ``resume``, ``run`` and ``approve``."""

from collections.abc import Mapping, Sequence
from typing import Any

import click

from syncoxiders.api.shapes.syncs import Endpoint, NewSync, Rule, SyncChange
from syncoxiders.cli import deployed, endpoints, options
from syncoxiders.cli.deployed import OWNER, address
from syncoxiders.cli.endpoints import Root
from syncoxiders.cli.exits import Exit, Usage
from syncoxiders.cli.output import complain, emit
from syncoxiders.cli.text import counted, listed, shown
from syncoxiders.cloud.app import App
from syncoxiders.engine.desk import plans, syncs
from syncoxiders.engine.pipeline.removing import remove_sync
from syncoxiders.ports.registry import SyncSettings


def show(ctx: click.Context, *, as_json: bool) -> Exit:
    """Print the syncs of a deployment."""
    app = deployed.connected(ctx)
    found = app.registry.syncs(OWNER)
    if not found and not as_json:
        click.echo("No syncs. Add one by syncoxiders cloud syncs add.")
    for each in found:
        if as_json:
            emit_settings(each)
        else:
            click.echo(line(each))
    return Exit.DONE


def line(settings: SyncSettings) -> str:
    """Return a sync in a line."""
    places = listed([address(each.account, each.root) for each in settings.endpoints])
    more = [settings.mode, f"keeps {settings.keep}"]
    if settings.auto_merge:
        more.append("merges texts")
    if settings.patterns:
        more.append(counted(len(settings.patterns), "pattern"))
    if settings.paused:
        more.append("paused")
    return f"{shown(settings.id)}: {places} ({', '.join(more)})"


def emit_settings(settings: SyncSettings, **more: Any) -> None:
    """Print a sync for a program."""
    emit(
        "cloud-sync",
        name=settings.id,
        endpoints=[
            {"id": each.id, "account": each.account, "path": each.root}
            for each in settings.endpoints
        ],
        mode=settings.mode,
        keep=settings.keep,
        auto_merge=settings.auto_merge,
        patterns=list(settings.patterns),
        max_delete=settings.max_delete,
        paused=settings.paused,
        **more,
    )


def add(ctx: click.Context, given: Mapping[str, Any]) -> Exit:
    """Add a sync, or change one."""
    name = given["name"]
    places = _places(given["paths"])
    rule = Rule(
        mode=given["mode"],
        keep=given["keep"],
        auto_merge=given["auto_merge"],
        patterns=_patterns(ctx),
        max_delete=str(given["max_delete"]),
    )
    app = deployed.connected(ctx)
    desk = deployed.desk(app)
    before = app.registry.sync(OWNER, name)
    with deployed.told():
        if before is None:
            for place in places:
                deployed.account(app, place.account)
            folders = [Endpoint(account=each.account, path=each.folder) for each in places]
            asked = NewSync(name=name, endpoints=folders, rule=rule)
            settings = syncs.create(desk, asked)
        else:
            _check_same(before, places)
            settings = syncs.change(desk, name, SyncChange(rule=rule))
    click.echo(line(settings))
    return listen(app)


def _check_same(before: SyncSettings, places: Sequence[Root]) -> None:
    """Make sure that a sync is to keep the same folders in step. Raises Usage."""
    there = [(each.account, each.root) for each in before.endpoints]
    if there != [(each.account, each.folder) for each in places]:
        folders = listed([address(*each) for each in there])
        raise Usage(
            f"{shown(before.id)} keeps {folders} in step; for other folders choose another name"
        )


def _patterns(ctx: click.Context) -> list[str]:
    patterns = list(options.read_patterns(ctx))
    try:
        "".join(patterns).encode()
    except UnicodeEncodeError as error:
        raise Usage("a pattern is not UTF-8, which a deployed sync needs") from error
    return patterns


def _places(paths: Sequence[str]) -> list[Root]:
    """Return the folders that were named. Raises Usage."""
    roots = []
    for text in paths:
        account, colon, folder = text.partition(":")
        parts = [part for part in folder.split("/") if part not in {"", "."}]
        if not colon or not account or ".." in parts:
            raise Usage(f"{shown(text)} is no folder of an account, as in: work:Photos/2024")
        folder = "/".join(parts)
        roots.append(Root(text, f"{account}:{folder}", account, folder))
    endpoints.check(roots)
    return roots


def listen(app: App) -> Exit:
    """See to push channels at once, rather than when the clock does."""
    try:
        done = syncs.listen(deployed.desk(app))
    finally:
        app.connections.close()
    if not done.failed:
        return Exit.DONE
    for each in app.registry.accounts(OWNER):
        if each.deaf:
            complain(f"{shown(each.account.name)}: no pushes come in: {shown(each.deaf)}")
    return Exit.PARTIAL


def remove(ctx: click.Context, name: str) -> Exit:
    """Forget a sync."""
    app = deployed.connected(ctx)
    left = {each.sync: each for each in app.registry.removed(OWNER)}
    if name in left and app.registry.sync(OWNER, name) is None:  # which was cut off, perhaps
        app.states.remove(OWNER, name, left[name].endpoints)
    else:
        remove_sync(app.pipeline, OWNER, deployed.sync(app, name))
    click.echo(f"{shown(name)} is kept in step no longer; no file was deleted.")
    return listen(app)


def pause(ctx: click.Context, name: str, *, paused: bool) -> Exit:
    """Pause a sync, or go on with it."""
    app = deployed.connected(ctx)
    deployed.sync(app, name)
    with deployed.told():
        settings = syncs.change(deployed.desk(app), name, SyncChange(paused=paused))
    click.echo(line(settings))
    return Exit.DONE


def run(ctx: click.Context, name: str) -> Exit:
    """Have a sync looked at now."""
    app = deployed.connected(ctx)
    if deployed.sync(app, name).paused:
        raise Usage(f"{shown(name)} is paused: go on by syncoxiders cloud resume {shown(name)}")
    with deployed.told():
        syncs.run(deployed.desk(app), name)
    click.echo(f"{shown(name)} is being looked at; see syncoxiders cloud status")
    return Exit.DONE


def approve(ctx: click.Context, name: str, plan: str) -> Exit:
    """Let a plan through that was stopped."""
    app = deployed.connected(ctx)
    settings = deployed.sync(app, name)
    with deployed.told():
        plans.approve(deployed.desk(app), settings, plan)
    click.echo(f"The plan {shown(plan)} goes on.")
    return Exit.DONE
