"""``syncoxiders cloud accounts``: list, add, check and remove."""

import os
from contextlib import suppress
from datetime import datetime

import click
import msgspec

from syncoxiders.adapters.accounts import Accounts
from syncoxiders.adapters.accounts.records import check_name
from syncoxiders.adapters.accounts.secret import Secret
from syncoxiders.adapters.providers import kinds
from syncoxiders.api.client import Client
from syncoxiders.api.errors import ApiError
from syncoxiders.api.shapes.accounts import Account, Check, NewAccount
from syncoxiders.cli.asking import asked
from syncoxiders.cli.exits import Exit, Usage
from syncoxiders.cli.output import complain, emit
from syncoxiders.cli.signin import usage
from syncoxiders.cli.text import listed, moment, shown, size
from syncoxiders.ports.errors import Unreachable

_HERE_ONLY = ("profile", "ca")
"""Settings that name something on this machine."""

_CALLED = {("drive", "drive_id"): "shared_drive"}
"""What a setting of an account's record is called in the API, where that is otherwise."""

NONE = (
    "No accounts. Copy one of this machine by syncoxiders cloud accounts add, or sign in to one by "
    "syncoxiders cloud accounts connect."
)


def show(ctx: click.Context, *, as_json: bool) -> Exit:
    """Print the accounts of a deployment."""
    with asked(ctx) as client:
        found = client.accounts.list()
    if as_json:
        for each in found:
            emit("cloud-account", **msgspec.to_builtins(each))
    else:
        tell(found)
    return Exit.DONE


def tell(found: list[Account]) -> None:
    """Print accounts for people."""
    if not found:
        click.echo(NONE)
    width = max((len(shown(each.name)) for each in found), default=0)
    for each in found:
        click.echo(f"{shown(each.name):<{width}}  {facts(each)}")
        if each.reason:
            click.echo(f"{'':<{width}}  {shown(each.reason)}")


def facts(account: Account) -> str:
    """Return in a line what is to be said of an account."""
    settings = account.settings or {}
    parts = [account.kind, account.identity or settings.get("path", "")]
    if account.looked_at is not None:
        parts.append(f"looked at {when(account.looked_at)}")
    else:
        parts.append("not looked at yet")
    if account.paused_until is not None:
        parts.append(f"left alone until {when(account.paused_until)}")
    if account.pushes:
        parts.append("pushes come in")
    if account.health == "broken":
        parts.append("does not work")
    return ", ".join(shown(part) for part in parts if part)


def when(instant: datetime) -> str:
    """Return an instant in local time."""
    return moment(instant.timestamp())


def add(ctx: click.Context, *, name: str, app_secret: str, folder: str, as_json: bool) -> Exit:
    """Copy an account of this machine, or make one of a folder."""
    if folder:
        with usage():
            check_name(name)
        new = NewAccount(name=name, kind="folder", settings={"path": os.path.realpath(folder)})
    else:
        new = _local(name, app_secret)
    with asked(ctx) as client:
        made = client.accounts.create(new)
        if as_json:
            emit("cloud-account", **msgspec.to_builtins(made))
            return Exit.DONE
        click.echo(f"{shown(made.name)} is connected there: {shown(made.kind)}")
        with suppress(ApiError, Unreachable):  # the account is made, whatever becomes of this
            _tell_webhook(client, new)
    return Exit.DONE


def _local(name: str, app_secret: str) -> NewAccount:
    accounts = Accounts()
    with usage():
        account, secret = accounts.record(name).account, accounts.secret(name)
    wrong = [each for each in _HERE_ONLY if each in account.settings]
    if wrong:
        raise Usage(
            f"the account {shown(name)} needs the {listed(wrong)} of this machine, which the "
            "functions do not have: add it again without"
        )
    if secret is None and kinds.kind_of(account).opened == "tokens":
        raise Usage(f"the account {shown(name)} is not connected on this machine yet")
    secret = secret or Secret()
    # The access token stays here: its like will be fetched there, and hidden.
    return msgspec.convert(
        {
            "name": name,
            "kind": account.kind,
            "client_id": account.client,
            "settings": {
                _CALLED.get((account.kind, each), each): value
                for each, value in account.settings.items()
            }
            or None,
            "access_key_id": secret.keys.get("access_key_id", ""),
            "secret_access_key": secret.keys.get("secret_access_key", ""),
            "refresh_token": secret.refresh,
            "client_secret": app_secret or secret.client_secret,
        },
        NewAccount,
    )


def _tell_webhook(client: Client, new: NewAccount) -> None:
    """Say what has to be registered for pushes, where the provider asks for that."""
    provider = next((each for each in client.providers.list() if each.kind == new.kind), None)
    if provider is None or not provider.push:
        return
    if not new.client_secret and not provider.ready:
        complain(
            f"the secret of {new.kind}'s app is not known there, so that its pushes cannot be "
            "believed: give it by --app-secret. Until then changes are found by the clock."
        )
    else:
        click.echo(f"Its app's webhook has to be {provider.push}")


def check(ctx: click.Context, name: str, *, as_json: bool) -> Exit:
    """Check an account, or all; return FAILED if one does not let the deployment in."""
    failed = False
    with asked(ctx) as client:
        names = [name] if name else [each.name for each in client.accounts.list()]
        if not names and not as_json:
            click.echo(NONE)
        for each in names:
            found = client.accounts.check(each)
            failed = failed or not found.working
            if as_json:
                emit("cloud-account-check", name=each, **msgspec.to_builtins(found))
            else:
                _tell_check(each, found)
    return Exit.FAILED if failed else Exit.DONE


def _tell_check(name: str, found: Check) -> None:
    if not found.working:
        complain(f"{shown(name)}: {shown(found.reason)}")
        return
    facts = [f"lets it in as {shown(found.identity)}" if found.identity else "lets it in"]
    quota = found.quota
    if quota is not None and quota.used is not None:
        of = f" of {size(quota.total)}" if quota.total else ""
        facts.append(f"{size(quota.used)}{of} used")
    click.echo(f"{shown(name)}: {', '.join(facts)}.")


def remove(ctx: click.Context, name: str) -> Exit:
    """Forget an account."""
    with asked(ctx) as client:
        client.accounts.remove(name)
    click.echo(f"{shown(name)} is not connected there any more.")
    return Exit.DONE
