"""``syncoxiders cloud syncs``, ``pause``, ``resume`` and ``run``."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import click
import msgspec
from click.core import ParameterSource

from syncoxiders.api.client import Client
from syncoxiders.api.errors import ApiError
from syncoxiders.api.shapes.accounts import Account
from syncoxiders.api.shapes.syncs import Endpoint, NewSync, Rule, Sync
from syncoxiders.cli import endpoints, options
from syncoxiders.cli.asking import asked
from syncoxiders.cli.config import FILTERS
from syncoxiders.cli.endpoints import Root
from syncoxiders.cli.exits import Exit, Usage
from syncoxiders.cli.output import complain, emit
from syncoxiders.cli.text import counted, listed, shown
from syncoxiders.ports.errors import Unreachable

_PLAIN = ("mode", "keep", "auto_merge", "min_size", "max_size")
_TEXTS = ("min_age", "max_age", "max_delete")
_SIZES = ("min_size", "max_size", "min_age", "max_age")


def show(ctx: click.Context, *, as_json: bool) -> Exit:
    """Print the syncs of a deployment."""
    with asked(ctx) as client:
        found = client.syncs.list()
    if not found and not as_json:
        click.echo("No syncs. Add one by syncoxiders cloud syncs add.")
    for each in found:
        if as_json:
            emit_sync(each)
        else:
            click.echo(line(each))
    return Exit.DONE


def line(sync: Sync) -> str:
    """Return a sync in a line."""
    rule = sync.rule
    more = [rule.mode, f"keeps {rule.keep}"]
    if rule.auto_merge:
        more.append("merges texts")
    if rule.patterns:
        more.append(counted(len(rule.patterns), "pattern"))
    if any(getattr(rule, each) for each in _SIZES):
        more.append("of some sizes or ages")
    if sync.paused:
        more.append("paused")
    places = listed([address(each.account, each.path) for each in sync.endpoints])
    return f"{shown(sync.name)}: {places} ({', '.join(more)})"


def address(account: str, path: str) -> str:
    """Return a folder of an account for a person."""
    return shown(f"{account}:{path}")


def emit_sync(sync: Sync) -> None:
    """Print a sync for a program."""
    emit("cloud-sync", **msgspec.to_builtins(sync))


def _told(sync: Sync, *, as_json: bool) -> None:
    if as_json:
        emit_sync(sync)
    else:
        click.echo(line(sync))


def add(ctx: click.Context, given: Mapping[str, Any]) -> Exit:
    """Add a sync."""
    new = NewSync(
        name=given["name"],
        endpoints=_places(given["paths"]),
        rule=_changes(ctx, given, everything=True)(Rule()),
        preview=given["preview"],
    )
    _check_keep(new.rule.keep, len(new.endpoints))
    with asked(ctx) as client:
        made = client.syncs.create(new)
        _told(made, as_json=given["as_json"])
        if new.preview and not given["as_json"]:
            click.echo(
                "Nothing is done before its first plan was let through; see syncoxiders cloud plan "
                f"{shown(made.name)}"
            )
        deaf = _deaf(client, made)
    for each in deaf:
        complain(f"{shown(each.name)}: {shown(each.reason)}")
    return Exit.PARTIAL if deaf else Exit.DONE


def _deaf(client: Client, sync: Sync) -> list[Account]:
    """Return a sync's accounts of which no pushes come in, as far as can be told."""
    names = {each.account for each in sync.endpoints}
    with suppress(ApiError, Unreachable):  # the sync is made, whatever becomes of this
        return [
            each for each in client.accounts.list() if each.health == "deaf" and each.name in names
        ]
    return []


def _check_keep(keep: str, count: int) -> None:
    if keep.startswith("path") and int(keep[4:]) > count:
        raise Usage(f"--keep {keep}: there are only {counted(count, 'folder')}")


def _places(paths: Sequence[str]) -> list[Endpoint]:
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
    return [Endpoint(account=each.account, path=each.folder) for each in roots]


def change(ctx: click.Context, given: Mapping[str, Any]) -> Exit:
    """Change what was given of a sync's rule."""
    changes = _changes(ctx, given, everything=False)
    with asked(ctx) as client:
        seen = client.syncs.get(given["name"])
        _check_keep(changes(seen.rule).keep, len(seen.endpoints))
        changed = client.syncs.change_rule(given["name"], changes)
    _told(changed, as_json=given["as_json"])
    return Exit.DONE


def _changes(
    ctx: click.Context, given: Mapping[str, Any], *, everything: bool
) -> Callable[[Rule], Rule]:
    """Return what the options do to a rule; unless ``everything``, those that were given.

    Raises Usage.
    """
    patterns = options.read_patterns(ctx, given)
    if any(not each.isascii() and _surrogates(each) for each in patterns):
        raise Usage("a pattern is not UTF-8, which a deployed sync needs")

    def named(name: str) -> bool:
        return everything or ctx.get_parameter_source(name) is not ParameterSource.DEFAULT

    changes: dict[str, Any] = {each: given[each] for each in _PLAIN if named(each)}
    changes |= {
        each: str(given[each]).replace(" ", "") if given[each] is not None else ""
        for each in _TEXTS
        if named(each)
    }
    if any(named(each) for each in FILTERS):
        changes["patterns"] = patterns or None
    clear = {"patterns": None, "min_size": None, "max_size": None, "min_age": "", "max_age": ""}
    if given.get("no_filters"):
        changes = clear | changes
    if not changes:
        raise Usage("say what is to be otherwise; syncoxiders cloud syncs change --help")
    return lambda rule: replace(rule, **changes)


def _surrogates(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def remove(ctx: click.Context, name: str) -> Exit:
    """Forget a sync."""
    with asked(ctx) as client:
        client.syncs.remove(name)
    click.echo(f"{shown(name)} is kept in step no longer; no file was deleted.")
    return Exit.DONE


def pause(ctx: click.Context, name: str, *, paused: bool, as_json: bool) -> Exit:
    """Pause a sync, or go on with it."""
    with asked(ctx) as client:
        changed = client.syncs.pause(name) if paused else client.syncs.resume(name)
    _told(changed, as_json=as_json)
    return Exit.DONE


def run(ctx: click.Context, name: str, *, as_json: bool) -> Exit:
    """Have a sync looked at now."""
    with asked(ctx) as client:
        found = client.syncs.run(name)
    if as_json:
        emit_sync(found)
    else:
        click.echo(f"{shown(name)} is being looked at; see syncoxiders cloud status")
    return Exit.DONE
