"""Accounts of a deployment: what takes a vendor's server or the vault, beside the tables."""

import ipaddress
import os
import shutil
import urllib.parse
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from msgspec import structs

from syncoxiders.adapters.accounts.secret import Secret
from syncoxiders.adapters.providers import kinds
from syncoxiders.api.shapes.accounts import Check, NewAccount, Quota
from syncoxiders.cloud.app import App
from syncoxiders.cloud.desks import desk_of
from syncoxiders.cloud.secrets import of_account, of_app, secret_of
from syncoxiders.engine.desk.accounts import check_name, check_unused, find
from syncoxiders.engine.desk.declined import Conflicting, Unfit
from syncoxiders.engine.pipeline.channels import renew
from syncoxiders.engine.pipeline.hints import call
from syncoxiders.engine.pipeline.removing import forget_sync, is_large, remove_sync
from syncoxiders.ports.accounts import Account, Tokens
from syncoxiders.ports.errors import (
    AccountError,
    ProviderError,
    Revoked,
    StateBusy,
    Unreachable,
)

_LONGEST = 512
"""Characters of a setting."""

_SETTINGS: Mapping[str, frozenset[str]] = {
    "drive": frozenset({"shared_drive", "documents"}),
    "dropbox": frozenset({"documents"}),
    "onedrive": frozenset({"tenant", "site", "drive_id", "drive_type", "documents"}),
    "s3": frozenset({"url", "region", "storage_class", "style"}),
    "folder": frozenset({"path"}),
}
_STORED = {"shared_drive": "drive_id"}
"""What a setting is called in an account's record."""
ELSEWHERE = "elsewhere"
"""The setting of an account that was signed in to elsewhere, where it may go on being used."""
_CHOICES = {"documents": ("export", "link", "skip"), "style": ("path", "virtual")}


# Making


def settings_of(app: App, kind: str, given: Mapping[str, str] | None) -> dict[str, str]:
    """Return the settings of an account as they are stored. Raises Unfit.

    An address that somebody names is asked by our functions: outside of a machine of one's own it
    has to be one on the network, under TLS.
    """
    known = _SETTINGS[kind] | ({"url"} if app.settings.local else frozenset())
    found: dict[str, str] = {}
    for name, value in (given or {}).items():
        field = f"settings.{name}"
        if name not in known:
            raise Unfit(field, f"there is no such setting; there are: {', '.join(sorted(known))}")
        if len(value) > _LONGEST or not value.isprintable():
            raise Unfit(field, f"up to {_LONGEST} characters, all of them printable")
        if name in _CHOICES and value not in _CHOICES[name]:
            raise Unfit(field, f"one of {', '.join(_CHOICES[name])}")
        if name == "url" and not app.settings.local:
            _check_url(field, value)
        if value:
            found[_STORED.get(name, name)] = value
    return found


def before(app: App, owner: str, name: str, kind: str) -> Account | None:
    """Return the account that is to be connected anew, None for a new name.

    Raises Unfit, Conflicting where it is of another kind.
    """
    check_name(name)
    connected = app.registry.account(owner, name)
    if connected is None:
        return None
    if connected.account.kind != kind:
        raise Conflicting(
            "name-taken",
            f"{name} is an account of another kind",
            "choose another name",
        )
    return connected.account


def create(app: App, owner: str, asked: NewAccount, *, admin: bool) -> Account:
    """Make an account that needs no sign-in here, or give one that is there new keys.

    Raises Unfit, Conflicting, StateUnavailable.
    """
    known = before(app, owner, asked.name, asked.kind)
    settings = settings_of(app, asked.kind, asked.settings)
    account = Account(asked.name, asked.kind, asked.client_id, settings=settings)
    opened = kinds.kind_of(account).opened
    try:
        if opened == "tokens":
            return _of_elsewhere(app, owner, account, known, asked, admin=admin)
        if opened == "keys":
            if not asked.access_key_id and not asked.secret_access_key:
                return _of_role(app, owner, account, admin=admin)
            return _of_keys(app, owner, account, known, asked)
    except (AccountError, Revoked) as error:
        raise Unfit("", str(error)) from error
    except ProviderError as error:
        raise Conflicting("unreachable", str(error), "try again later") from error
    return _of_folder(app, owner, account)


def keep(
    app: App,
    owner: str,
    account: Account,
    secret: Secret | None,
    vendor_ids: frozenset[str] = frozenset(),
) -> Account:
    """Keep an account, its secret before it, and have it looked at; it may have been left out.

    An access token is not kept: the functions fetch one, and hide it.
    """
    kind = kinds.kind_of(account)
    if secret is not None:
        lasting = structs.replace(secret, access="", expires=0.0)
        secret_of(app.lasting, owner, account.name).put(lasting)
    known = app.registry.account(owner, account.name)
    if kind.called == "root" and known is not None and known.account.kind == account.kind:
        vendor_ids |= known.vendor_ids
    app.registry.put_account(owner, account, vendor_ids)
    call(app.registry, app.polls, [(owner, account.name)], app.clock.now())
    return account


def _of_elsewhere(
    app: App,
    owner: str,
    account: Account,
    known: Account | None,
    asked: NewAccount,
    *,
    admin: bool,
) -> Account:
    """Make an account that was signed in to elsewhere."""
    from syncoxiders.adapters import oauth  # noqa: PLC0415 -- an HTTP client
    from syncoxiders.adapters.oauth.http import Rejected  # noqa: PLC0415 -- an HTTP client
    from syncoxiders.adapters.oauth.joining import is_another, whoami  # noqa: PLC0415 -- an HTTP client

    if not asked.refresh_token or not asked.client_id:
        raise Unfit(
            "refresh_token" if asked.client_id else "client_id",
            "is needed for an account that was signed in to elsewhere",
            "to sign in here, begin a connection",
        )
    vendor = oauth.vendor(account)
    given = Secret(client_secret=asked.client_secret, refresh=asked.refresh_token)
    try:
        secret = vendor.refresh(given)
    except Rejected as error:
        raise Unfit("refresh_token", f"{vendor.traits.title} does not take it: {error}") from error
    identity = whoami(vendor, secret.access)
    if known is not None and is_another(known.identity, identity.name):
        raise another_person(account.name)
    called_by_id = kinds.kind_of(account).called == "id"
    if called_by_id and admin and asked.client_secret and not app.vault.get(of_app(account.kind)):
        app.lasting.put(of_app(account.kind), asked.client_secret)  # its pushes are signed by it
    ids = frozenset({identity.id} - {""}) if called_by_id else frozenset[str]()
    settings = {**account.settings, ELSEWHERE: "yes"}
    account = structs.replace(account, identity=identity.name, settings=settings)
    return keep(app, owner, account, secret, ids)


def _of_keys(
    app: App, owner: str, account: Account, known: Account | None, asked: NewAccount
) -> Account:
    from syncoxiders.adapters.accounts import s3  # noqa: PLC0415 -- brings boto3

    if not asked.access_key_id or not asked.secret_access_key:
        lacking = "secret_access_key" if asked.access_key_id else "access_key_id"
        raise Unfit(lacking, "both halves of a key are needed")
    keys = {
        "access_key_id": asked.access_key_id,
        "secret_access_key": asked.secret_access_key,
    }
    identity = s3.whoami(account, keys)
    if known is not None and known.settings.get("url") != account.settings.get("url"):
        raise another_person(account.name)
    return keep(app, owner, structs.replace(account, identity=identity), Secret(keys=keys))


def _of_role(app: App, owner: str, account: Account, *, admin: bool) -> Account:
    """Make an account of buckets that the functions' own role has leave for.

    Whoever has such an account may use all of these buckets, so that it is for administrators. What
    the role signs goes to AWS and nowhere else.
    """
    if not admin:
        raise Unfit(
            "access_key_id",
            "only an administrator may make an account without keys",
            "give keys of your own",
        )
    if account.settings.get("url"):
        raise Unfit("settings.url", "without keys there is no other address than AWS's own")
    made = keep(app, owner, account, None)
    secret_of(app.lasting, owner, account.name).delete()  # of what it was before
    return made


def _of_folder(app: App, owner: str, account: Account) -> Account:
    """Make an account of a folder of a disk, where that is allowed, and below what is allowed."""
    base, path = app.settings.folders, account.settings.get("path", "")
    if not base:
        raise Unfit("kind", "a deployment has no folders of its own: they are for an emulator only")
    found = Path(os.path.realpath(path))
    if not Path(path).is_absolute() or not found.is_relative_to(os.path.realpath(base)):
        raise Unfit("settings.path", f"name a folder below {base}")
    if not found.is_dir():
        raise Unfit("settings.path", "there is no such folder")
    return keep(app, owner, structs.replace(account, settings={"path": str(found)}), None)


def another_person(name: str) -> Conflicting:
    """Return that an account is of somebody else."""
    return Conflicting(
        "another-person",
        f"{name} is of somebody else; nothing was changed",
        "connect the other one under a name of its own",
    )


def _check_url(field: str, value: str) -> None:
    try:
        parts = urllib.parse.urlsplit(value)
        host = parts.hostname or ""
        fits = parts.scheme == "https" and not parts.username and "." in host
    except ValueError:
        fits, host = False, ""
    with suppress(ValueError):
        fits = fits and ipaddress.ip_address(host).is_global
    if not fits or host.endswith((".localhost", ".local", ".internal")):
        raise Unfit(field, "an address as https://s3.example.com")


# Asking


def check(app: App, owner: str, name: str) -> Check:
    """Ask the provider whether it lets us in, and how full it is. Raises Absent.

    What was wrong and is well again is noted, and looked at.
    """
    connected = find(desk_of(app, owner), name)
    account = connected.account
    try:
        identity, quota = _asked(app, owner, account)
    except (AccountError, ProviderError) as error:
        return Check(working=False, identity=account.identity, reason=str(error))
    if connected.trouble:
        app.registry.trouble(owner, name, "")
        call(app.registry, app.polls, [(owner, name)], app.clock.now())
    return Check(working=True, identity=identity or account.identity, quota=quota)


def _asked(app: App, owner: str, account: Account) -> tuple[str, Quota | None]:
    """Return whose account it is, and its quota. Raises AccountError, ProviderError."""
    kind = kinds.kind_of(account)
    if not kind.opened:
        path = account.settings.get("path", "")
        try:
            disk = shutil.disk_usage(path)
        except OSError as error:
            raise AccountError(f"{path} cannot be reached: {error.strerror}") from error
        return path, Quota(used=disk.used, total=disk.total)
    credentials = app.credentials(owner, account, kind)
    if isinstance(credentials, Mapping):
        from syncoxiders.adapters.accounts import s3  # noqa: PLC0415 -- brings boto3

        return s3.whoami(account, credentials), None
    return _asked_by_token(account, credentials)


def _asked_by_token(account: Account, tokens: Tokens | None) -> tuple[str, Quota | None]:
    from syncoxiders.adapters import oauth  # noqa: PLC0415 -- an HTTP client
    from syncoxiders.adapters.oauth.http import Expired, Rejected  # noqa: PLC0415 -- an HTTP client

    if tokens is None:
        raise AccountError(f"the account {account.name} has no tokens: connect it again")
    vendor = oauth.vendor(account)
    for again in (True, False):
        token = tokens.access()
        try:
            found = vendor.whoami(token)
        except Expired as error:
            if not again:
                raise Revoked(
                    f"{vendor.traits.title} does not take new access tokens either: connect the "
                    f"account {account.name} again"
                ) from error
            tokens.refused(token)
        except Rejected as error:
            title = vendor.traits.title
            raise AccountError(f"{title} lets us in, but not further: {error}") from error
        else:
            break
    return found.name, Quota(used=found.used, total=found.total)


# Removing


def remove(app: App, owner: str, name: str) -> str:
    """Forget an account with its secrets, and end the access at the vendor, if it is ours alone.

    Returns what a person has to do beside, ``""`` if nothing. Raises Absent, Conflicting where a
    sync uses it, AccountError, StateUnavailable.
    """
    desk = desk_of(app, owner)
    account = find(desk, name).account
    check_unused(desk, name)
    close_channels(app, owner)
    left = _revoked(app, owner, account)
    from syncoxiders.adapters.aws.tokens import forget_access  # noqa: PLC0415 -- an HTTP client

    app.registry.remove_account(owner, name)
    app.lasting.delete(of_account(owner, name))
    forget_access(app.control, owner, name)
    return left


def clear(app: App, owner: str) -> None:
    """Forget all accounts and syncs of an owner. Raises AccountError, StateUnavailable.

    What is held of large syncs, and what workers may write yet that had begun, is removed by
    housekeeping.
    """
    for each in app.registry.syncs(owner):
        endpoints = [endpoint.id for endpoint in each.endpoints]
        large = is_large(app.pipeline, owner, each.id, endpoints)
        (forget_sync if large else remove_sync)(app.pipeline, owner, each)
    for connected in app.registry.accounts(owner):
        remove(app, owner, connected.account.name)


def close_channels(app: App, owner: str) -> None:
    """Close the push channels that an owner has no use for any more: an account closes its own."""
    if not app.settings.url or not app.registry.channels(owner):
        return
    with suppress(StateBusy):  # somebody does just that
        renew(app.pipeline, app.settings.url, [owner])


def _revoked(app: App, owner: str, account: Account) -> str:
    """End the access at the vendor; return ``""``, or what is left of it."""
    if kinds.kind_of(account).opened != "tokens":
        return ""
    if ELSEWHERE in account.settings:
        return "its access goes on, for it was given to somebody else as well"
    from syncoxiders.adapters import oauth  # noqa: PLC0415 -- an HTTP client
    from syncoxiders.adapters.oauth.http import Expired, Rejected  # noqa: PLC0415 -- an HTTP client

    try:
        secret = secret_of(app.vault, owner, account.name).get()
        if secret is None or not secret.refresh:
            return ""
        vendor = oauth.vendor(account)
        return vendor.revoke(vendor.refresh(secret))  # to revoke may take a token that is valid
    except (Revoked, Expired):
        return ""  # that has happened already
    except (AccountError, Unreachable, Rejected) as error:
        return (
            f"the access could not be ended at the provider ({error}); it may have to be taken out "
            "of the connected apps there"
        )
