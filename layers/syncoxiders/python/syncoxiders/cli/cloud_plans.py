"""``syncoxiders cloud plans``, ``plan`` and ``approve``."""

from dataclasses import asdict

import click
import msgspec

from syncoxiders.api.client import Client
from syncoxiders.api.shapes.syncs import PlanHead, PlanTotal
from syncoxiders.cli.asking import asked
from syncoxiders.cli.cloud_syncs import emit_sync
from syncoxiders.cli.exits import Exit, Usage
from syncoxiders.cli.output import emit
from syncoxiders.cli.text import counted, shown, size


def waiting(ctx: click.Context, *, as_json: bool) -> Exit:
    """Print the plans that wait to be let through."""
    with asked(ctx) as client:
        found = client.plans.list()
    if as_json:
        for each in found:
            emit("cloud-plan", **msgspec.to_builtins(each))
        return Exit.DONE
    if not found:
        click.echo("No plan waits for you.")
    for each in found:
        _tell(each)
        click.echo(f"  see it: syncoxiders cloud plan {shown(each.sync)}")
    return Exit.DONE


def _tell(plan: PlanHead) -> None:
    what = "its first plan" if plan.preview else "stopped"
    reason = f"{what}: {shown(plan.reason)}" if plan.reason else what
    click.echo(f"{shown(plan.sync)}, {reason.rstrip('.')}.")
    for each in plan.totals:
        click.echo(f"  {_total(each)}")


def _total(total: PlanTotal) -> str:
    carried = f", {size(total.bytes)}" if total.bytes else ""
    return f"{total.verb:<12} {shown(total.account)}  {total.count:,}{carried}"


def show(ctx: click.Context, name: str, plan: str, *, as_json: bool) -> Exit:
    """Print a plan that waits, all of it."""
    with asked(ctx) as client:
        print_plan(client, name, plan or _only(client, name), as_json=as_json)
    return Exit.DONE


def _only(client: Client, name: str) -> str:
    """Return the plan of a sync that waits. Raises Usage."""
    stopped = client.syncs.get(name).stopped
    if stopped is None:
        raise Usage(f"no plan of {shown(name)} waits for you")
    if not stopped.plan:
        raise Usage(f"{shown(name)} was stopped, without a plan: {shown(stopped.reason)}")
    return stopped.plan


def print_plan(client: Client, name: str, plan: str, *, as_json: bool) -> None:
    """Print a plan as it comes, page by page."""
    head: PlanHead | None = None
    for page in client.plans.get(name, plan).pages():
        if head is None:
            head = page
            if as_json:
                emit(
                    "stop",
                    plan=page.id,
                    reason=page.reason,
                    sync=page.sync,
                    preview=page.preview,
                    left_out=page.left_out,
                    totals=msgspec.to_builtins(page.totals),
                )
            else:
                _tell(page)
                click.echo()
        for each in page.items:
            if as_json:
                emit("planned", **asdict(each))
            else:
                carried = f"  ({size(each.size)})" if each.size is not None else ""
                where = shown(each.account)
                click.echo(f"  {each.verb:<12} {where}  {shown(each.path)}{carried}")
    if head is not None and not as_json:
        if head.left_out:
            click.echo(f"  … and {counted(head.left_out, 'more of them', 'more of them')}")
        click.echo(f"\nTo let it through: syncoxiders cloud approve {shown(name)} {shown(plan)}")


def approve(ctx: click.Context, name: str, plan: str, *, as_json: bool) -> Exit:
    """Let a plan through."""
    with asked(ctx) as client:
        found = client.plans.approve(name, plan)
    if as_json:
        emit_sync(found)
    else:
        click.echo(f"The plan {shown(plan)} goes on.")
    return Exit.DONE
