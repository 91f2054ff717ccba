"""Accounts of a deployment: what takes a vendor's server or the vault, beside the tables."""

from collections.abc import Callable
from contextlib import suppress

from syncoxiders.adapters.accounts.secret import Secret
from syncoxiders.adapters.providers import kinds
from syncoxiders.cloud.app import App
from syncoxiders.cloud.secrets import of_account, secret_of
from syncoxiders.engine.desk.declined import Absent, Conflicting
from syncoxiders.engine.pipeline.channels import renew
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.errors import AccountError, Revoked, StateBusy, Unreachable


def _not_shared(secret: Secret) -> bool:
    del secret
    return False


def remove(
    app: App, owner: str, name: str, *, shared: Callable[[Secret], bool] = _not_shared
) -> str:
    """Forget an account with its secrets, and end the access at the vendor.

    ``shared`` says whether somebody else goes on using the same access, which then is not ended.
    Returns what a person has to do beside, ``""`` if nothing. Raises Absent, Conflicting where a
    sync uses it, AccountError, StateUnavailable.
    """
    connected = app.registry.account(owner, name)
    if connected is None:
        raise Absent("account", name)
    used = [
        each.id
        for each in app.registry.syncs(owner)
        if any(endpoint.account == name for endpoint in each.endpoints)
    ]
    if used:
        raise Conflicting(
            "in-use",
            f"the account {name} is used by {', '.join(used)}",
            "remove what uses it first; no file is touched by that",
        )
    close_channels(app, owner)
    left = _revoked(app, owner, connected.account, shared)
    _forget(app, owner, name)
    return left


def clear(app: App, owner: str) -> None:
    """Forget all accounts and syncs of an owner. Raises AccountError, StateUnavailable."""
    from syncoxiders.engine.pipeline.removing import remove_sync  # noqa: PLC0415 -- brings the pipeline

    for each in app.registry.syncs(owner):
        remove_sync(app.pipeline, owner, each)
    for left in app.registry.removed(owner):  # some may have been cut off
        app.states.remove(owner, left.sync, left.endpoints)
    for connected in app.registry.accounts(owner):
        remove(app, owner, connected.account.name)


def close_channels(app: App, owner: str) -> None:
    """Close the push channels that an owner has no use for any more: an account closes its own."""
    if not app.settings.url or not app.registry.channels(owner):
        return
    with suppress(StateBusy):  # somebody does just that
        renew(app.pipeline, app.settings.url, owner)


def _forget(app: App, owner: str, name: str) -> None:
    from syncoxiders.adapters.aws.tokens import forget_access  # noqa: PLC0415 -- an HTTP client

    app.registry.remove_account(owner, name)
    app.vault.delete(of_account(owner, name))
    forget_access(app.control, owner, name)


def _revoked(app: App, owner: str, account: Account, shared: Callable[[Secret], bool]) -> str:
    """End the access at the vendor; return ``""``, or what is left of it."""
    if kinds.kind_of(account).opened != "tokens":
        return ""
    from syncoxiders.adapters import oauth  # noqa: PLC0415 -- an HTTP client
    from syncoxiders.adapters.oauth.http import Expired, Rejected  # noqa: PLC0415 -- an HTTP client

    try:
        secret = secret_of(app.vault, owner, account.name).get()
        if secret is None or not secret.refresh:
            return ""
        if shared(secret):
            return "its access goes on, for somebody else has the same"
        vendor = oauth.vendor(account)
        return vendor.revoke(vendor.refresh(secret))  # to revoke may take a token that is valid
    except (Revoked, Expired):
        return ""  # that has happened already
    except (AccountError, Unreachable, Rejected) as error:
        return (
            f"the access could not be ended at the provider ({error}); it may have to be taken out "
            "of the connected apps there"
        )
