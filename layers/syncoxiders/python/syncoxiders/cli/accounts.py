"""``syncoxiders account list``, ``check`` and ``remove``."""

import os
from typing import Any

import click
import msgspec

from syncoxiders.adapters import oauth
from syncoxiders.adapters.accounts import Accounts
from syncoxiders.adapters.accounts.records import Record, reconnect
from syncoxiders.adapters.oauth.http import Expired, Rejected
from syncoxiders.adapters.oauth.joining import whoami
from syncoxiders.cli import home
from syncoxiders.cli.exits import Exit, Usage
from syncoxiders.cli.output import complain, emit
from syncoxiders.cli.signin import life, usage
from syncoxiders.cli.text import listed, shown, size
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.errors import AccountError, Revoked, SyncError, Unreachable


class _Found(msgspec.Struct, frozen=True):
    """What a check found out of an account that lets us in."""

    identity: str
    used: int | None = None
    total: int | None = None
    note: str = ""


def show(*, as_json: bool) -> Exit:
    """Print the accounts."""
    accounts = Accounts()
    records = accounts.all()
    if not records and not as_json:
        click.echo("No accounts. Connect one by syncoxiders account add.")
    width = max((len(shown(name)) for name in records), default=0)
    for name, record in records.items():
        account = record.account
        if as_json:
            emit(
                "account",
                name=name,
                kind=account.kind,
                client=account.client or None,
                identity=account.identity or None,
                settings=dict(account.settings),
                vault=record.vault or None,
                connected=_connected(record),
            )
            continue
        facts = [account.kind, account.identity or "whose is not known yet"]
        if account.settings.get("url"):
            facts.append(f"at {account.settings['url']}")
        click.echo(f"{shown(name):<{width}}  {', '.join(shown(fact) for fact in facts)}")
        click.echo(f"{'':<{width}}  {shown(_kept(accounts, record))}")
    return Exit.DONE


def _kept(accounts: Accounts, record: Record) -> str:
    if not _connected(record):
        return f"not connected: {reconnect(record.account)}"
    if not record.vault:
        return "no secrets of its own: AWS's settings are used"
    return f"secrets in {accounts.where(record)}"


def _connected(record: Record) -> bool:
    return bool(record.vault) or record.account.kind not in oauth.KINDS


def check(name: str, *, as_json: bool) -> Exit:
    """Check an account, or all; return FAILED if one does not let us in."""
    accounts = Accounts()
    records = accounts.all()
    if name:
        with usage():
            records = {name: accounts.record(name)}
    if not records and not as_json:
        click.echo("No accounts. Connect one by syncoxiders account add.")
    failed = False
    for each, record in records.items():
        try:
            found = _looked_at(accounts, record.account)
        except SyncError as error:
            failed = True
            if as_json:
                emit("account-check", name=each, ok=False, message=str(error))
            else:
                complain(f"{shown(each)}: {shown(str(error))}")
            continue
        if found.identity not in {"", record.account.identity}:
            accounts.update(msgspec.structs.replace(record.account, identity=found.identity))
        if as_json:
            emit("account-check", name=each, ok=True, **_facts(found))
        else:
            _tell(each, found)
    return Exit.FAILED if failed else Exit.DONE


def _facts(found: _Found) -> dict[str, Any]:
    return {
        "identity": found.identity or None,
        "used": found.used,
        "total": found.total,
        "message": found.note or None,
    }


def _tell(name: str, found: _Found) -> None:
    facts = [f"lets us in as {shown(found.identity)}" if found.identity else "lets us in"]
    if found.used is not None:
        of = f" of {size(found.total)}" if found.total else ""
        facts.append(f"{size(found.used)}{of} used")
    click.echo(f"{shown(name)}: {', '.join(facts)}.")
    if found.note:
        click.echo(f"  {found.note}")


def _looked_at(accounts: Accounts, account: Account) -> _Found:
    """Return what an account lets us see. Raises AccountError, Revoked, Unreachable."""
    if account.kind == "s3":
        from syncoxiders.adapters.accounts import s3  # noqa: PLC0415 -- brings boto3

        secret = accounts.secret(account.name)
        return _Found(s3.whoami(account, secret.keys if secret is not None else {}))
    tokens = accounts.tokens(account)
    # An old access token would not show that the refresh token is still good.
    tokens.refused(tokens.access())
    access = tokens.access()
    vendor = oauth.vendor(account)
    identity = whoami(vendor, access)
    secret = accounts.secret(account.name)
    if secret is not None and (lacking := vendor.lacking(secret.scopes)):
        raise AccountError(
            f"{vendor.traits.title} has not granted {listed(lacking)}: {vendor.traits.mend} "
            f"({reconnect(account)})"
        )
    note = life(account, secret) if secret is not None else ""
    return _Found(identity.name, identity.used, identity.total, note)


def remove(name: str, *, force: bool) -> Exit:
    """Disconnect an account: at the provider as far as that is possible, and here."""
    accounts = Accounts()
    with usage():
        record = accounts.record(name)
    users = _users(name)
    if users and not force:
        raise Usage(
            f"{shown(name)} is used by the sync of {shown(users[0])}; to remove it nevertheless, "
            "add --force (that sync stops until an account of this name is there again)"
        )
    if record.account.kind in oauth.KINDS and record.vault:
        left = _revoked(accounts, record.account)
        if left:
            click.echo(f"Note: {shown(left)}", err=True)
    accounts.remove(name, force=force)
    click.echo(f"Removed {shown(name)}. No file was touched.")
    return Exit.DONE


def _revoked(accounts: Accounts, account: Account) -> str:
    """End the access at the provider; return ``""``, or what is left for the person to do."""
    by_hand = "it may have to be taken out of the connected apps there"
    try:
        vendor = oauth.vendor(account)
        accounts.tokens(account).access()  # to revoke may take one that is valid
        secret = accounts.secret(account.name)
        return vendor.revoke(secret) if secret is not None else ""
    except (Revoked, Expired):
        return ""  # that has happened already
    except (AccountError, Unreachable, Rejected) as error:
        return f"the access could not be ended at the provider ({error}); {by_hand}"


def _users(name: str) -> list[str]:
    """Return the syncs that have an endpoint in an account, each as its endpoints."""
    return [
        listed(sorted(each.addresses))
        for each in home.everything()
        if any(_is_in(address, name) for address in each.addresses)
    ]


def _is_in(address: str, name: str) -> bool:
    account, colon, _ = address.partition(":")
    return bool(colon) and account == name and os.sep not in account
