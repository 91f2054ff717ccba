"""``syncoxiders cloud accounts``."""

import os
from contextlib import suppress

import click
from msgspec import structs

from syncoxiders.adapters.accounts import Accounts
from syncoxiders.adapters.accounts.records import check_name
from syncoxiders.adapters.accounts.secret import Secret
from syncoxiders.adapters.aws.tokens import forget_access
from syncoxiders.adapters.providers import kinds
from syncoxiders.cli import cloud_syncs, deployed
from syncoxiders.cli.deployed import OWNER
from syncoxiders.cli.exits import Exit, Usage
from syncoxiders.cli.output import complain, emit
from syncoxiders.cli.signin import usage
from syncoxiders.cli.text import listed, moment, shown
from syncoxiders.cloud.app import App
from syncoxiders.cloud.secrets import of_account, of_app, secret_of
from syncoxiders.engine.pipeline.hints import call
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.errors import AccountError, Revoked, Unreachable
from syncoxiders.ports.registry import Connected

_HERE_ONLY = ("profile", "ca")
"""Settings that name something on this machine."""


def show(ctx: click.Context, *, as_json: bool) -> Exit:
    """Print the accounts of a deployment."""
    app = deployed.connected(ctx)
    found = app.registry.accounts(OWNER)
    if not found and not as_json:
        click.echo("No accounts. Copy one of this machine by syncoxiders cloud accounts add.")
    width = max((len(shown(each.account.name)) for each in found), default=0)
    for each in found:
        if as_json:
            _emit(each)
        else:
            click.echo(f"{shown(each.account.name):<{width}}  {facts(each, app.clock.now())}")
            for text in complaints(each):
                click.echo(f"{'':<{width}}  {text}")
    return Exit.DONE


def complaints(connected: Connected) -> list[str]:
    """Return what is wrong with an account, in a line each."""
    found = [shown(connected.trouble)] if connected.trouble else []
    if connected.deaf:
        found.append(f"no pushes come in: {shown(connected.deaf)}")
    return found


def facts(connected: Connected, now: float) -> str:
    """Return in a line what is to be said of an account."""
    account = connected.account
    parts = [account.kind, account.identity or account.settings.get("path", "")]
    if connected.polled_at:
        parts.append(f"looked at {moment(connected.polled_at)}")
    else:
        parts.append("not looked at yet")
    if waiting := connected.hints - connected.polled:
        parts.append(f"{waiting} hint{'s' if waiting > 1 else ''} to answer")
    if connected.not_before > now:
        parts.append(f"left alone until {moment(connected.not_before)}")
    return ", ".join(shown(part) for part in parts if part)


def _emit(connected: Connected) -> None:
    account = connected.account
    emit(
        "cloud-account",
        name=account.name,
        kind=account.kind,
        identity=account.identity or None,
        settings=dict(account.settings),
        hints=connected.hints,
        polled=connected.polled,
        polled_at=connected.polled_at or None,
        not_before=connected.not_before or None,
        trouble=connected.trouble or None,
        deaf=connected.deaf or None,
    )


def add(ctx: click.Context, *, name: str, app_secret: str, folder: str) -> Exit:
    """Copy an account of this machine, or make one of a folder."""
    if folder:
        with usage():
            check_name(name)
        account, secret = Account(name, "folder", settings={"path": os.path.realpath(folder)}), None
    else:
        account, secret = _local(name)
    app = deployed.connected(ctx)
    kind = kinds.kind_of(account)
    vendor_ids = _vendor_ids(app, account, secret)
    if secret is not None:
        # The access token stays here: its like will be fetched there, and hidden.
        secret_of(app.vault, OWNER, name).put(structs.replace(secret, access="", expires=0.0))
    if kind.called == "id" and (proof := app_secret or (secret.client_secret if secret else "")):
        app.vault.put(of_app(account.kind), proof)
    app.registry.put_account(OWNER, account, vendor_ids)
    call(app.registry, app.polls, [(OWNER, name)], app.clock.now())  # it may have been left out
    click.echo(f"{shown(name)} is connected there: {account.kind}")
    if kind.called == "id":
        _tell_webhook(app, account)
    return Exit.DONE


def _local(name: str) -> tuple[Account, Secret | None]:
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
    return account, secret


def _vendor_ids(app: App, account: Account, secret: Secret | None) -> frozenset[str]:
    """Return what a vendor's pushes call an account; what was known of roots stays known."""
    kind = kinds.kind_of(account)
    if kind.called == "id" and secret is not None:
        from syncoxiders.adapters import accounts, oauth  # noqa: PLC0415 -- an HTTP client

        token = accounts.tokens(account).access()
        identity = oauth.vendor(account).whoami(token)
        return frozenset({identity.id} - {""})
    before = app.registry.account(OWNER, account.name)
    if kind.called == "root" and before is not None and before.account.kind == account.kind:
        return before.vendor_ids
    return frozenset()


def _tell_webhook(app: App, account: Account) -> None:
    known = False
    with suppress(AccountError):
        known = bool(app.vault.get(of_app(account.kind)))
    if not known:
        complain(
            f"the secret of {account.kind}'s app is not known there, so that its pushes cannot be "
            "believed: give it by --app-secret. Until then changes are found by the clock."
        )
    elif app.settings.url:
        click.echo(f"Its app's webhook has to be {app.settings.url}/push/{account.kind}")


def remove(ctx: click.Context, name: str) -> Exit:
    """Forget an account."""
    app = deployed.connected(ctx)
    account = deployed.account(app, name).account
    used = [
        each.id
        for each in app.registry.syncs(OWNER)
        if any(endpoint.account == name for endpoint in each.endpoints)
    ]
    if used:
        there = listed([shown(each) for each in used])
        raise Usage(f"{there} keeps a folder of {shown(name)} in step: remove that first")
    cloud_syncs.listen(app)  # channels that are open yet can only be closed with it
    left = _revoked(app, account)
    app.registry.remove_account(OWNER, name)
    app.vault.delete(of_account(OWNER, name))
    forget_access(app.control, OWNER, name)
    click.echo(f"{shown(name)} is not connected there any more.")
    if left:
        click.echo(f"Note: {shown(left)}", err=True)
    return Exit.DONE


def _revoked(app: App, account: Account) -> str:
    """End the access at the vendor; return ``""``, or what is left of it.

    What was copied from this machine is one grant, which goes on being used here.
    """
    if kinds.kind_of(account).opened != "tokens":
        return ""
    from syncoxiders.adapters import oauth  # noqa: PLC0415 -- an HTTP client
    from syncoxiders.adapters.oauth.http import Expired, Rejected  # noqa: PLC0415 -- an HTTP client

    secret = secret_of(app.vault, OWNER, account.name).get()
    if secret is None or not secret.refresh:
        return ""
    with suppress(AccountError):
        here = Accounts().secret(account.name)
        if here is not None and here.refresh == secret.refresh:
            return "its access goes on, for this machine has the same"
    vendor = oauth.vendor(account)
    try:
        return vendor.revoke(vendor.refresh(secret))  # to revoke may take a token that is valid
    except (Revoked, Expired):
        return ""  # that has happened already
    except (AccountError, Unreachable, Rejected) as error:
        return (
            f"the access could not be ended at the provider ({error}); it may have to be taken out "
            "of the connected apps there"
        )
