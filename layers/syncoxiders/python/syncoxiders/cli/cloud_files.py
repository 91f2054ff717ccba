"""``syncoxiders cloud search`` and ``stats``."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import click
import msgspec

from syncoxiders.api.shapes.files import Amount, File, Statistics
from syncoxiders.cli.asking import asked
from syncoxiders.cli.cloud_accounts import when
from syncoxiders.cli.exits import Exit
from syncoxiders.cli.output import emit
from syncoxiders.cli.text import counted, listed, shown, size

_SOME = 10
_PAGE = 200
"""So many are on a page at most."""
_WEEKS = 14


def search(ctx: click.Context, given: Mapping[str, Any]) -> Exit:
    """Print the files and folders that fit."""
    as_json, limit = given["as_json"], given["limit"]
    after, before = (
        given[each].astimezone() if given[each] is not None else None
        for each in ("after", "before")
    )
    with asked(ctx) as client:
        found = client.files.search(
            " ".join(given["words"]),
            account=given["account"],
            sync=given["sync"],
            type_=given["type_"],
            min_size=given["min_size"],
            max_size=given["max_size"],
            after=after,
            before=before,
            sort=given["sort"],
            limit=min(limit, _PAGE),
        )
        first = None
        items: list[File] = []
        for page in found.pages():
            first = first or page
            items.extend(islice(page.items, limit - len(items)))
            more = page.next is not None or len(page.items) > len(items)
            if len(items) >= limit:
                break
    if as_json:
        for each in items:
            emit("cloud-file", **msgspec.to_builtins(each))
        return Exit.DONE
    _print(items)
    if not items:
        click.echo("Nothing was found.")
    if more:
        click.echo("… and more: --limit N shows them")
    if first is not None:
        _tell_pending(first.pending)
    return Exit.DONE


def _print(files: Sequence[File]) -> None:
    for each in files:
        folder = "/" if each.type == "folder" else ""
        facts = [size(each.size)] if each.size is not None and not folder else []
        if each.modified_at is not None:
            facts.append(when(each.modified_at))
        tail = f"  ({', '.join(facts)})" if facts else ""
        click.echo(f"{shown(each.account)}:{shown(each.path)}{folder}{tail}")


def _tell_pending(pending: Sequence[str]) -> None:
    if pending:
        there = listed([shown(each) for each in pending])
        click.echo(f"Note: what is in {there} is not all in the index yet.", err=True)


def statistics(ctx: click.Context, *, as_json: bool) -> Exit:
    """Print figures over everything."""
    with asked(ctx) as client:
        found = client.files.statistics()
    if as_json:
        emit("cloud-statistics", **msgspec.to_builtins(found))
        return Exit.DONE
    _amounts("By account", found.by_account)
    _amounts("By type", _joined(found.by_type))
    _tell_largest(found)
    _tell_days(found)
    if found.as_of is not None:
        click.echo(f"As of {when(found.as_of)}.")
    _tell_pending(found.pending)
    return Exit.DONE


def _joined(amounts: Sequence[Amount]) -> list[Amount]:
    """Return amounts over all accounts, largest first."""
    sums: dict[str, tuple[int, int]] = {}
    for each in amounts:
        files, bytes_ = sums.get(each.key, (0, 0))
        sums[each.key] = files + each.files, bytes_ + each.bytes
    joined = [
        Amount(key=key, account="", files=files, bytes=bytes_)
        for key, (files, bytes_) in sums.items()
    ]
    return sorted(joined, key=lambda each: each.bytes, reverse=True)


def _amounts(title: str, amounts: Sequence[Amount]) -> None:
    click.echo(f"{title}:")
    width = max((len(shown(each.key)) for each in amounts), default=0)
    for each in amounts:
        files = counted(each.files, "file")
        click.echo(f"  {shown(each.key):<{width}}  {size(each.bytes):>10}  {files}")
    if not amounts:
        click.echo("  nothing yet")
    click.echo()


def _tell_largest(found: Statistics) -> None:
    if found.largest:
        click.echo("Largest:")
        for each in found.largest[:_SOME]:
            click.echo(f"  {size(each.size or 0):>10}  {shown(each.account)}:{shown(each.path)}")
        click.echo()
    if found.duplicates:
        wasted = sum(each.wasted for each in found.duplicates)
        click.echo(f"Duplicates, {size(wasted)} in vain:")
        for each_ in found.duplicates[:_SOME]:
            places = [f"{shown(one.account)}:{shown(one.path)}" for one in each_.files]
            click.echo(f"  {size(each_.size):>10}  {listed(places)}")
        click.echo()


def _tell_days(found: Statistics) -> None:
    days = [each for each in found.days if any(each.counts.values())][-_WEEKS:]
    if not days:
        return
    click.echo("Changes a day (UTC):")
    for day in days:
        parts = [f"{count:,} {kind}" for kind, count in day.counts.items() if count]
        click.echo(f"  {day.day}  {', '.join(parts)}")
    click.echo()
