"""``syncoxiders cloud conflicts``: list, show and resolve."""

import difflib
from collections.abc import Mapping
from typing import Any

import click
import msgspec

from syncoxiders.api.client import Client
from syncoxiders.api.shapes.conflicts import Conflict, Resolution, Version
from syncoxiders.cli.asking import asked
from syncoxiders.cli.cloud_accounts import when
from syncoxiders.cli.exits import Exit, Usage
from syncoxiders.cli.output import emit
from syncoxiders.cli.text import counted, shown, size

_RESOLVED = {
    "kept": "the other version is deleted",
    "other": "the other version takes its place",
    "both": "both stay as they are",
    "merged": "the merged text takes the place of both",
}


def list_(ctx: click.Context, name: str, *, as_json: bool) -> Exit:
    """Print the conflicts of a sync, ``""`` for all of them."""
    total = 0
    with asked(ctx) as client:
        for each in client.conflicts.list(name):
            total += 1
            if as_json:
                _emit(each)
            else:
                _tell(each)
    if as_json:
        return Exit.DONE
    if total:
        click.echo(
            f"\n{counted(total, 'conflict')}.\n"
            "See one:    syncoxiders cloud conflicts show SYNC ID\n"
            "Decide it:  syncoxiders cloud conflicts resolve SYNC ID --take kept|other|both"
        )
    else:
        click.echo("No conflicts.")
    return Exit.DONE


def _tell(conflict: Conflict) -> None:
    click.echo(f"{shown(conflict.sync)} {shown(conflict.id)}  {shown(conflict.kept.path)}")
    click.echo(f"    kept   {_facts(conflict.kept)}")
    click.echo(f"    other  {_facts(conflict.other)}, as {shown(conflict.other.path)}")


def _facts(version: Version) -> str:
    parts = [f"the version of {version.account or version.endpoint}"]
    if version.size is not None:
        parts.append(size(version.size))
    if version.modified_at is not None:
        parts.append(when(version.modified_at))
    if version.deleted:
        parts.append("deleted since")
    return ", ".join(shown(part) for part in parts)


def _emit(conflict: Conflict, **more: Any) -> None:
    other, modified = conflict.other, conflict.other.modified_at
    emit(
        "conflict",
        sync=conflict.sync,
        id=conflict.id,
        path=other.path,
        of=conflict.kept.path,
        endpoint=other.endpoint,
        label=other.account,
        size=other.size,
        mtime_ns=int(modified.timestamp() * 1e6) * 1000 if modified is not None else None,
        kept=msgspec.to_builtins(conflict.kept),
        other=msgspec.to_builtins(other),
        **more,
    )


def show(ctx: click.Context, name: str, id_: str, *, as_json: bool) -> Exit:
    """Print both versions' facts, and how two texts differ."""
    with asked(ctx) as client:
        found, revision = client.conflicts.seen(name, id_)
        if as_json:
            _emit(found, revision=revision or None)
            return Exit.DONE
        _tell(found)
        if revision:
            click.echo(f"    seen   {shown(revision)}  (to decide only if it still is so: --seen)")
        both = (found.kept, found.other)
        if all(each.media == "text" and not each.deleted for each in both):
            click.echo()
            _print_difference(client, found)
    return Exit.DONE


def _print_difference(client: Client, conflict: Conflict) -> None:
    kept, other = (
        client.conflicts.content(conflict.sync, conflict.id, each)
        .decode("utf-8-sig", "surrogateescape")
        .splitlines()
        for each in ("kept", "other")
    )
    lines = difflib.unified_diff(kept, other, "kept", "other", lineterm="")
    none = True
    for text in lines:
        none = False
        click.echo(shown(text.replace("\t", "    ")))
    if none:
        click.echo("The texts are equal, line by line.")


def resolve(ctx: click.Context, given: Mapping[str, Any]) -> Exit:
    """Decide a conflict."""
    take, file = given["take"], given["text"]
    if (take == "merged") is not (file is not None):
        raise Usage("--take merged needs the merged text in --text FILE, and nothing else does")
    text = _text(file.read()) if file is not None else None
    with asked(ctx) as client:
        resolution = Resolution(take=take, text=text)
        client.conflicts.resolve(
            given["name"], given["conflict"], resolution, revision=given["seen"]
        )
    click.echo(f"Decided: {_RESOLVED[take]}.")
    return Exit.DONE


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise Usage("--text: the file is not a text in UTF-8") from error
