"""``syncoxiders cloud syncs``, ``pause``, ``resume``, ``run`` and ``approve``."""

import re
import string
from collections.abc import Mapping, Sequence
from typing import Any

import click
from msgspec import structs

from syncoxiders.adapters.providers import kinds
from syncoxiders.cli import deployed, endpoints, options
from syncoxiders.cli.deployed import OWNER, address
from syncoxiders.cli.endpoints import Root
from syncoxiders.cli.exits import Exit, Usage
from syncoxiders.cli.output import complain, emit
from syncoxiders.cli.text import counted, listed, shown
from syncoxiders.cloud.app import App
from syncoxiders.engine.pipeline import setting
from syncoxiders.engine.pipeline.channels import renew
from syncoxiders.engine.pipeline.health import health
from syncoxiders.engine.pipeline.hints import call
from syncoxiders.engine.pipeline.messages import Merge
from syncoxiders.engine.pipeline.removing import remove_sync, tidy_up
from syncoxiders.ports.errors import StateBusy
from syncoxiders.ports.registry import EndpointSettings, SyncSettings

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LINES = 100_000
"""Bytes of patterns that a sync may have: it is kept in one item of a table."""


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
    if not _NAME.fullmatch(name):
        raise Usage(
            f"{shown(name)!r} cannot name a sync: use up to 64 letters, digits and . _ -, with a "
            "letter or digit in front"
        )
    patterns = _patterns(ctx)
    places = _places(given["paths"])
    if given["keep"].startswith("path") and int(given["keep"][4:]) > len(places):
        raise Usage(f"--keep {given['keep']}: there are only {counted(len(places), 'folder')}")
    app = deployed.connected(ctx)
    if given["auto_merge"] and not app.settings.texts:
        raise Usage("--auto-merge: the deployment has no bucket to keep texts in; deploy it anew")
    before = app.registry.sync(OWNER, name)
    if before is None and name in tidy_up(app.pipeline, OWNER):
        raise Usage(
            f"{shown(name)} was removed only just, and functions may still be at work on it: take "
            "another name, or wait for a quarter of an hour"
        )
    settings = SyncSettings(
        id=name,
        endpoints=_endpoints(app, places, before),
        mode=given["mode"],
        keep=given["keep"],
        auto_merge=given["auto_merge"],
        patterns=patterns,
        max_delete=str(given["max_delete"]).replace(" ", ""),
        paused=before is not None and before.paused,
        changed_at=app.clock.now(),
    )
    app.registry.put_sync(OWNER, settings)
    click.echo(line(settings))
    _wake(app, settings)
    return listen(app)


def _patterns(ctx: click.Context) -> tuple[str, ...]:
    patterns = options.read_patterns(ctx)
    try:
        size = sum(len(each.encode()) for each in patterns)
    except UnicodeEncodeError as error:
        raise Usage("a pattern is not UTF-8, which a deployed sync needs") from error
    if size > _LINES:
        raise Usage(f"the patterns have {size:,} bytes, over {_LINES:,}")
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


def _endpoints(
    app: App, places: Sequence[Root], before: SyncSettings | None
) -> tuple[EndpointSettings, ...]:
    """Return the endpoints, under the ids that they had. Raises Usage."""
    for place in places:
        found = deployed.account(app, place.account)
        bucket = place.folder.partition("/")[0]
        if kinds.kind_of(found.account).called != "root":
            continue
        if not bucket:
            raise Usage(
                f"{shown(place.given)}: name the bucket, as in {shown(place.account)}:bucket"
            )
        if bucket not in found.vendor_ids:
            app.registry.put_account(OWNER, found.account, found.vendor_ids | {bucket})
    made = tuple(
        EndpointSettings(each, place.account, place.folder)
        for each, place in zip(string.ascii_lowercase, places, strict=False)
    )
    if len(made) < len(places):
        raise Usage(f"a sync has at most {len(made)} folders")
    if before is not None and before.endpoints != made:
        folders = listed([address(each.account, each.root) for each in before.endpoints])
        raise Usage(
            f"{shown(before.id)} keeps {folders} in step; for other folders choose another name"
        )
    return made


def _wake(app: App, settings: SyncSettings) -> None:
    """Have a sync's accounts looked at, and the sync planned, for a person asks for it."""
    now = app.clock.now()
    accounts = [(OWNER, each.account) for each in settings.endpoints]
    call(app.registry, app.polls, accounts, now)
    app.merges.send([Merge(OWNER, settings.id).message(f"asked-{now:.6f}")])


def listen(app: App) -> Exit:
    """See to push channels at once, rather than when the clock does."""
    if not app.settings.url:
        return Exit.DONE
    try:
        done = renew(app.pipeline, app.settings.url)
    except StateBusy:
        return Exit.DONE  # somebody does just that
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
    settings = deployed.sync(app, name)
    settings = structs.replace(settings, paused=paused)
    app.registry.put_sync(OWNER, settings)
    click.echo(line(settings))
    if not paused:
        _wake(app, settings)
    return Exit.DONE


def run(ctx: click.Context, name: str) -> Exit:
    """Have a sync looked at now."""
    app = deployed.connected(ctx)
    settings = deployed.sync(app, name)
    if settings.paused:
        raise Usage(f"{shown(name)} is paused: go on by syncoxiders cloud resume {shown(name)}")
    _wake(app, settings)
    click.echo(f"{shown(name)} is being looked at; see syncoxiders cloud status")
    return Exit.DONE


def approve(ctx: click.Context, name: str, plan: str) -> Exit:
    """Let a plan through that was stopped."""
    app = deployed.connected(ctx)
    settings = deployed.sync(app, name)
    stop = health(app.pipeline, OWNER, settings).stop
    if stop is None or not stop.plan_id or stop.plan_id != plan:
        last = f"the one that was stopped last is {stop.plan_id}" if stop and stop.plan_id else ""
        raise Usage(f"there is no plan {shown(plan)} to approve; {last or 'none was stopped'}")
    store = app.states.sync(OWNER, name)
    store.save_text(setting.APPROVED, plan)
    now = app.clock.now()
    planned = setting.planning(store).stop
    if planned is not None and planned.plan_id == plan:
        app.merges.send([Merge(OWNER, name).message(f"approved-{now:.6f}")])
    else:  # it was a look that stopped, and has to be taken again
        call(app.registry, app.polls, [(OWNER, each.account) for each in settings.endpoints], now)
    click.echo(f"The plan {shown(plan)} goes on.")
    return Exit.DONE
