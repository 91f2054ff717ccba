"""Accounts, syncs and push channels in the table ``control``.

| item | pk | sk | attributes |
|---|---|---|---|
| account | ``owner#accounts`` | name | ``account``, ``here``, ``vendor_ids``, ``hints``, ``polled``, ``polled_at``, ``busy``, ``not_before``, ``trouble``, ``deaf`` |
| access token | ``owner#access`` | name | ``access``, ``expires`` (:mod:`..aws.tokens`) |
| sync | ``owner#syncs`` | id | ``settings`` |
| channel | ``owner#channels`` | id | ``opened``, ``expires`` |
| whose a channel is | ``#channel#id`` | ``channel`` | as the channel |
| whom a vendor calls | ``#called#kind#vendor id`` | ``owner#name`` | ``owner``, ``name`` |
| owners | ``#owners`` | owner | ``owner`` |

Keys that begin with ``#`` are of no owner: they lead from what a vendor says to whose it is. Times
are kept in milliseconds, since the table has whole numbers only.
"""  # noqa: E501 -- a table's row is one line

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from syncoxiders.ports.accounts import Account
from syncoxiders.ports.errors import StateCorrupt
from syncoxiders.ports.items import (
    Absent,
    AtMost,
    Change,
    Delete,
    Equals,
    Every,
    Item,
    Items,
    Key,
    Put,
    Raced,
    Update,
    Value,
)
from syncoxiders.ports.registry import Connected, OpenChannel, Removed, SyncSettings

_KEPT = 3 * 86_400
"""Seconds for which a channel is remembered after its end: pushes may be late."""

_HERE = Equals("here", 1)
"""An account is there: what only counts must not make one."""

S = TypeVar("S")


def account_key(owner: str, name: str) -> Key:
    """Return the key of an account's item."""
    return f"{owner}#accounts", name


def milliseconds(seconds: float) -> int:
    """Return a time as the table has it."""
    return round(seconds * 1000)


class ItemsRegistry:
    """A :class:`~syncoxiders.ports.registry.Registry` in a table of items."""

    def __init__(self, control: Items) -> None:
        self._items = control

    # Accounts

    def owners(self) -> list[str]:
        """Return all owners that have an account, or have left something."""
        return [item.key[1] for item in self._items.query("#owners")]

    def accounts(self, owner: str) -> list[Connected]:
        """Return the owner's accounts by name."""
        return [_connected(item) for item in self._items.query(account_key(owner, "")[0])]

    def account(self, owner: str, name: str) -> Connected | None:
        """Return an account."""
        item = self._get(account_key(owner, name))
        return None if item is None else _connected(item)

    def put_account(
        self, owner: str, account: Account, vendor_ids: frozenset[str] = frozenset()
    ) -> None:
        """Keep an account; the trouble that it had is over."""
        before = self.account(owner, account.name)
        self._calls(owner, account, vendor_ids)
        put: dict[str, Value] = {"account": _encoded(account), "here": 1}
        remove = ["trouble", "deaf"]
        if vendor_ids:
            put["vendor_ids"] = vendor_ids
        else:
            remove.append("vendor_ids")
        self._write(Update(account_key(owner, account.name), put=put, remove=tuple(remove)))
        self._write(Put(Item(("#owners", owner), {"owner": owner})))  # after it: see removal
        if before is not None:
            same_kind = before.account.kind == account.kind
            gone = before.vendor_ids - (vendor_ids if same_kind else frozenset())
            self._forget_calls(owner, before.account, gone)

    def remove_account(self, owner: str, name: str) -> None:
        """Forget an account; it need not be there."""
        before = self.account(owner, name)
        if before is not None:
            self._write(Delete(account_key(owner, name)))
            self._forget_calls(owner, before.account, before.vendor_ids)
        self._let_go(owner)

    def _let_go(self, owner: str) -> None:
        """Forget an owner of whom nothing is left."""
        if not (self.accounts(owner) or self.removed(owner)):
            self._write(Delete(("#owners", owner)))
            if self.accounts(owner):  # one was added meanwhile
                self._write(Put(Item(("#owners", owner), {"owner": owner})))

    def called(self, kind: str, vendor_id: str) -> list[tuple[str, str]]:
        """Return owner and name of the accounts that a vendor's push calls by this name."""
        return [
            (str(item.attributes["owner"]), str(item.attributes["name"]))
            for item in self._items.query(f"#called#{kind}#{vendor_id}")
        ]

    def hint(self, owner: str, account: str) -> Connected | None:
        """Count a reason to look; returns the account as it then is, None if there is none."""
        item = self._change(account_key(owner, account), add={"hints": 1})
        return None if item is None else _connected(item)

    def polled(
        self, owner: str, account: str, hints: int, at: float, busy: float = 0.0
    ) -> Connected | None:
        """Note that a look has answered this many hints; fewer than before are ignored."""
        put: dict[str, Value] = {"polled": hints, "polled_at": milliseconds(at)}
        if busy:
            put["busy"] = milliseconds(busy)
        key = account_key(owner, account)
        item = self._change(key, put=put, not_above=("polled", hints))
        return None if item is None else _connected(item)

    def looking(self, owner: str, account: str) -> None:
        """Count that a look into some folders of an account is begun."""
        self._change(account_key(owner, account), add={"looks": 1})

    def pause(self, owner: str, account: str, until: float) -> None:
        """Leave the account alone until then, or longer if that was said before."""
        end = milliseconds(until)
        key = account_key(owner, account)
        self._change(key, put={"not_before": end}, not_above=("not_before", end))

    def trouble(self, owner: str, account: str, text: str) -> None:
        """Note what a person has to be told of an account; ``""`` that all is well."""
        self._say(owner, account, "trouble", text)

    def deaf(self, owner: str, account: str, text: str) -> None:
        """Note why pushes of an account do not come in; ``""`` that they do, or are not had."""
        self._say(owner, account, "deaf", text)

    def _say(self, owner: str, account: str, name: str, text: str) -> None:
        key = account_key(owner, account)
        if text:
            self._change(key, put={name: text})
        else:
            self._change(key, remove=(name,))

    # Syncs

    def syncs(self, owner: str) -> list[SyncSettings]:
        """Return the owner's syncs by id."""
        found = self._items.query(f"{owner}#syncs")
        return [_decoded(item, "settings", SyncSettings) for item in found]

    def sync(self, owner: str, sync: str) -> SyncSettings | None:
        """Return a sync."""
        item = self._get((f"{owner}#syncs", sync))
        return None if item is None else _decoded(item, "settings", SyncSettings)

    def put_sync(self, owner: str, settings: SyncSettings) -> None:
        """Keep a sync's settings."""
        key = (f"{owner}#syncs", settings.id)
        self._write(Put(Item(key, {"settings": _encoded(settings)})))

    def swap_sync(self, owner: str, before: SyncSettings | None, settings: SyncSettings) -> bool:
        """Keep a sync's settings if they still are what they were."""
        key = (f"{owner}#syncs", settings.id)
        item, after = self._get(key), _encoded(settings)
        found = None if item is None else _decoded(item, "settings", SyncSettings)
        if found != before:
            return False
        # what is compared is the text as it is: one of an earlier release may lack fields
        when = Absent() if item is None else Equals("settings", item.attributes["settings"])
        (now,) = self._items.write([Put(Item(key, {"settings": after}), when)])
        # it may have been written by a request of ours whose answer was lost
        return not isinstance(now, Raced) or (
            now.item is not None and now.item.attributes.get("settings") == after
        )

    def remove_sync(self, owner: str, sync: str) -> None:
        """Forget a sync's settings; its state is another matter."""
        self._write(Delete((f"{owner}#syncs", sync)))

    def put_removed(self, owner: str, removed: Removed) -> None:
        """Note that a sync is being removed."""
        key = (f"{owner}#removed", removed.sync)
        self._write(Put(Item(key, {"removed": _encoded(removed)})))

    def removed(self, owner: str) -> list[Removed]:
        """Return the syncs that were removed, and may have left something."""
        found = self._items.query(f"{owner}#removed")
        return [_decoded(item, "removed", Removed) for item in found]

    def forget_removed(self, owner: str, sync: str) -> None:
        """Note that nothing is left of a sync that was removed."""
        self._write(Delete((f"{owner}#removed", sync)))
        self._let_go(owner)

    # Channels

    def channels(self, owner: str) -> list[OpenChannel]:
        """Return the owner's push channels."""
        found = self._items.query(f"{owner}#channels")
        return [_decoded(item, "opened", OpenChannel) for item in found]

    def channel(self, channel: str) -> OpenChannel | None:
        """Return a push channel by its id, whoever owns it."""
        item = self._get(_whose(channel))
        return None if item is None else _decoded(item, "opened", OpenChannel)

    def put_channel(self, opened: OpenChannel) -> None:
        """Keep a push channel: first where its pushes look for it, then where it is listed."""
        attributes: dict[str, Value] = {"opened": _encoded(opened)}
        if opened.channel.expires:
            attributes["expires"] = int(opened.channel.expires) + _KEPT
        self._write(Put(Item(_whose(opened.channel.id), attributes)))
        self._write(Put(Item((f"{opened.owner}#channels", opened.channel.id), attributes)))

    def remove_channel(self, channel: str) -> None:
        """Forget a push channel: first where it is listed, then where its pushes look for it."""
        opened = self.channel(channel)
        if opened is not None:
            self._write(Delete((f"{opened.owner}#channels", channel)))
            self._write(Delete(_whose(channel)))

    def _get(self, key: Key) -> Item | None:
        return self._items.get([key]).get(key)

    def _write(self, change: Change) -> None:
        self._items.write([change])

    def _calls(self, owner: str, account: Account, vendor_ids: frozenset[str]) -> None:
        attributes = {"owner": owner, "name": account.name}
        self._items.write(
            [Put(Item(_call(owner, account, each), attributes)) for each in vendor_ids]
        )

    def _forget_calls(self, owner: str, account: Account, vendor_ids: frozenset[str]) -> None:
        self._items.write([Delete(_call(owner, account, each)) for each in vendor_ids])

    def _change(
        self,
        key: Key,
        *,
        put: Mapping[str, Value] | None = None,
        remove: tuple[str, ...] = (),
        add: Mapping[str, int] | None = None,
        not_above: tuple[str, int] | None = None,
    ) -> Item | None:
        """Change an account, if it is there and what is to grow is not above it already.

        Returns it as it then is, None if it is not there.
        """
        when = _HERE if not_above is None else Every((_HERE, AtMost(*not_above)))
        update = Update(key, put=put or {}, remove=remove, add=add or {}, when=when)
        (now,) = self._items.write([update])
        found = now.item if isinstance(now, Raced) else now
        return found if found is not None and "here" in found.attributes else None


def _call(owner: str, account: Account, vendor_id: str) -> Key:
    return f"#called#{account.kind}#{vendor_id}", f"{owner}#{account.name}"


def _whose(channel: str) -> Key:
    return f"#channel#{channel}", "channel"


def _connected(item: Item) -> Connected:
    return Connected(
        account=_decoded(item, "account", Account),
        hints=_number(item, "hints"),
        polled=_number(item, "polled"),
        polled_at=_number(item, "polled_at") / 1000,
        not_before=_number(item, "not_before") / 1000,
        trouble=str(item.attributes.get("trouble", "")),
        deaf=str(item.attributes.get("deaf", "")),
        vendor_ids=_names(item, "vendor_ids"),
        looks=_number(item, "looks"),
        busy=_number(item, "busy") / 1000,
    )


def _names(item: Item, name: str) -> frozenset[str]:
    found = item.attributes.get(name, frozenset())
    return found if isinstance(found, frozenset) else frozenset()


def _number(item: Item, name: str) -> int:
    found = item.attributes.get(name, 0)
    return found if isinstance(found, int) else 0


def _encoded(value: msgspec.Struct) -> str:
    return msgspec.json.encode(value).decode()


def _decoded(item: Item, name: str, of: type[S]) -> S:
    text = item.attributes.get(name)
    try:
        return msgspec.json.decode(text if isinstance(text, str) else "", type=of)
    except msgspec.MsgspecError:
        # The error might quote what it could not read: a channel has a secret.
        raise StateCorrupt(f"the item {item.key[0]} {item.key[1]} is damaged") from None
