"""Access tokens that all functions share: one of them refreshes, and the others take what it got.

The access token lies beside the account's item, encrypted: on it, each hint that is counted would
pay for its length. The refresh token is in the vault, which is asked only to refresh. Whoever
refreshes holds a lease, since no vault writes by comparison: the others wait and read again.
"""

import hashlib
import math
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from syncoxiders.adapters.accounts.secret import Secret, Secrets
from syncoxiders.adapters.aws.kms import Cipher
from syncoxiders.adapters.oauth.tokens import SharedTokens
from syncoxiders.adapters.oauth.vendors import Refresher
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.clock import Clock
from syncoxiders.ports.errors import AccountError, Unreachable
from syncoxiders.ports.items import Delete, Item, Items, Key, Put, Value
from syncoxiders.ports.registry import Leases

_LEASE = 90.0
"""Seconds: longer than a refresh lasts, by the time limits of its requests."""

_PATIENCE, _PAUSE = 30.0, 0.5
"""For how many seconds a refresh by another function is waited for, and how often it is asked."""


class AccessItems:
    """The access token of one account, in an item. Errors are AccountError, StateUnavailable.

    It is readable for just this record of the account: whoever connects it anew, perhaps as
    somebody else, does not get the old one's. One that cannot be read is as none.
    """

    def __init__(self, control: Items, cipher: Cipher, owner: str, account: Account) -> None:
        self._items = control
        self._cipher = cipher
        self._key = _access_key(owner, account.name)
        record = hashlib.sha256(msgspec.json.encode(account, order="sorted")).hexdigest()
        self._context = {"owner": owner, "account": account.name, "record": record}

    def get(self) -> Secret:
        """Return a secret that has no more than it, or not even that."""
        item = self._items.get([self._key]).get(self._key)
        data = item.attributes.get("access") if item is not None else None
        if not isinstance(data, bytes):
            return Secret()
        try:
            return msgspec.json.decode(self._cipher.decrypt(data, self._context), type=Secret)
        except (AccountError, msgspec.MsgspecError):
            return Secret()

    def put(self, secret: Secret) -> None:
        """Keep the access token of a secret, for as long as it is good."""
        access = Secret(access=secret.access, expires=secret.expires)
        data = self._cipher.encrypt(msgspec.json.encode(access).decode(), self._context)
        attributes: dict[str, Value] = {"access": data, "expires": math.ceil(secret.expires)}
        self._items.write([Put(Item(self._key, attributes))])


def forget_access(control: Items, owner: str, account: str) -> None:
    """Forget the access token of an account; there need not be one. Raises StateUnavailable."""
    control.write([Delete(_access_key(owner, account))])


def _access_key(owner: str, account: str) -> Key:
    return f"{owner}#access", account


class Kept:
    """An account's secret in two places, as one: what is long-lived is in the vault."""

    def __init__(self, vault: Secrets, items: AccessItems) -> None:
        self._vault = vault
        self._items = items
        self._known = Secret()

    def get(self) -> Secret | None:
        """Return it, None where there is none."""
        found = self._vault.get()
        if found is None:
            return None
        self._known = found
        access = self._items.get()
        if not access.access:
            return found
        return msgspec.structs.replace(found, access=access.access, expires=access.expires)

    def put(self, secret: Secret) -> None:
        """Keep it: first what cannot be had again, and that only if it changed."""
        lasting = msgspec.structs.replace(secret, access="", expires=0.0)
        if lasting != self._known:
            self._vault.put(lasting)
            self._known = lasting
        self._items.put(secret)


def leased(
    account: Account,
    vendor: Refresher,
    *,
    owner: str,
    vault: Secrets,
    items: AccessItems,
    leases: Leases,
    clock: Clock,
) -> SharedTokens:
    """Return the tokens of an account, as all functions share them."""
    lease = f"{owner}#{account.name}#tokens"

    @contextmanager
    def refreshing() -> Iterator[None]:
        fence = _taken(leases, lease, clock)
        try:
            yield
        finally:
            leases.release(lease, fence)

    kept = Kept(vault, items)
    return SharedTokens(account, vendor, kept, refreshing, clock.now, glance=items.get)


def _taken(leases: Leases, lease: str, clock: Clock) -> int:
    end = clock.now() + _PATIENCE
    while (fence := leases.take(lease, _LEASE)) is None:
        if clock.now() >= end:
            raise Unreachable("another function has been refreshing the account for too long")
        clock.sleep(_PAUSE)
    return fence
