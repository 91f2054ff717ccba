"""``syncoxiders cloud programs``, ``users``, ``invitations`` and ``invite``."""

import click
import msgspec

from syncoxiders.api.client import Client
from syncoxiders.api.shapes.people import Invitation, Program, User
from syncoxiders.cli.asking import asked
from syncoxiders.cli.cloud_accounts import when
from syncoxiders.cli.exits import Exit, Usage
from syncoxiders.cli.output import emit
from syncoxiders.cli.text import listed, shown

_SCHEMAS = {"programs": "cloud-program", "users": "cloud-user", "invitations": "cloud-invitation"}


def show(ctx: click.Context, what: str, *, as_json: bool) -> Exit:
    """Print programs, users or invitations."""
    with asked(ctx) as client:
        found = _found(client, what)
    for each in found:
        if as_json:
            emit(_SCHEMAS[what], **msgspec.to_builtins(each))
        else:
            click.echo(_line(each))
    if not found and not as_json:
        click.echo(f"No {what}.")
    return Exit.DONE


def _found(client: Client, what: str) -> list[Program] | list[User] | list[Invitation]:
    if what == "programs":
        return client.programs.list()
    return client.users.list() if what == "users" else client.invitations.list()


def _line(each: Program | User | Invitation) -> str:
    if isinstance(each, Program):
        ends = when(each.expires_at)
        return f"{shown(each.id)}  {shown(each.name)}, since {when(each.since)}, until {ends}"
    admin = ", an administrator" if each.admin else ""
    if isinstance(each, User):
        seen = f"seen {when(each.seen_at)}" if each.seen_at is not None else "not seen yet"
        return f"{shown(each.email or each.id)}{admin}, {seen}"
    return f"{shown(each.email)}{admin}, invited {when(each.invited_at)}"


def invite(ctx: click.Context, email: str, *, admin: bool, as_json: bool) -> Exit:
    """Invite somebody."""
    with asked(ctx) as client:
        made, url = client.invitations.create(email, admin=admin), client.url
    if as_json:
        emit(_SCHEMAS["invitations"], **msgspec.to_builtins(made))
    else:
        click.echo(f"{shown(made.email)} is let in at {url} once they log in there.")
    return Exit.DONE


def remove_program(ctx: click.Context, id_: str) -> Exit:
    """Let a program act no longer."""
    with asked(ctx) as client:
        client.programs.remove(id_)
    click.echo("It may act for you no longer.")
    return Exit.DONE


def remove_user(ctx: click.Context, user: str, *, yes: bool) -> Exit:
    """Let a person in no longer."""
    with asked(ctx) as client:
        found = [each for each in client.users.list() if user in {each.id, each.email}]
        if len(found) != 1:
            there = listed([shown(each.email or each.id) for each in client.users.list()])
            raise Usage(f"there is no user {shown(user)!r} (there are: {there})")
        who = shown(found[0].email or found[0].id)
        if not yes:
            click.confirm(f"Forget {who}, with all their accounts and syncs?", abort=True, err=True)
        client.users.remove(found[0].id)
    click.echo(f"{who} is let in no longer. No file was touched.")
    return Exit.DONE


def remove_invitation(ctx: click.Context, email: str) -> Exit:
    """Take an invitation back."""
    with asked(ctx) as client:
        client.invitations.remove(email)
    click.echo(f"{shown(email)} is not invited any more.")
    return Exit.DONE
