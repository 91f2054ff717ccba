"""Accounts as a person sees them: how each is, and what uses it."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from syncoxiders.api.shapes.accounts import Account, Accounts
from syncoxiders.engine.desk.context import Desk, instant
from syncoxiders.engine.desk.declined import Absent, Conflicting, Unfit
from syncoxiders.engine.stopped import printable
from syncoxiders.ports.registry import Connected, SyncSettings

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

_Health = Literal["good", "new", "throttled", "deaf", "broken"]

_HIDDEN = frozenset({"ca"})
"""Settings that mean something to a machine only."""


def check_name(name: str) -> None:
    """Make sure that a name can be an account's. Raises Unfit."""
    if not _NAME.fullmatch(name):
        raise Unfit(
            "name",
            "use up to 64 letters, digits and . _ -, with a letter or digit in front",
        )


def find(desk: Desk, name: str) -> Connected:
    """Return an account. Raises Absent."""
    found = desk.pipeline.registry.account(desk.owner, name)
    if found is None:
        raise Absent("account", name)
    return found


def users(syncs: Sequence[SyncSettings], account: str) -> list[str]:
    """Return the syncs that an account takes part in."""
    return [
        each.id for each in syncs if any(endpoint.account == account for endpoint in each.endpoints)
    ]


def check_unused(desk: Desk, name: str) -> None:
    """Make sure that no sync uses an account. Raises Conflicting."""
    used = users(desk.pipeline.registry.syncs(desk.owner), name)
    if used:
        raise Conflicting(
            "in-use",
            f"the account {name} is used by {', '.join(used)}",
            "remove what uses it first; no file is touched by that",
        )


def taken(desk: Desk, account: str) -> Callable[[str], str]:
    """Return what says which sync keeps a folder of an account in step, ``""`` for none."""
    roots = [
        (f"{endpoint.root}/" if endpoint.root else "", each.id)
        for each in desk.pipeline.registry.syncs(desk.owner)
        for endpoint in each.endpoints
        if endpoint.account == account
    ]

    def by(path: str) -> str:
        return next((sync for root, sync in roots if f"{path}/".startswith(root)), "")

    return by


def every_account(desk: Desk) -> Accounts:
    """Return all accounts as they are."""
    registry = desk.pipeline.registry
    syncs = registry.syncs(desk.owner)
    heard = _heard(desk)
    found = registry.accounts(desk.owner)
    return Accounts(items=[_told(desk, each, syncs, heard) for each in found])


def one_account(desk: Desk, name: str) -> Account:
    """Return an account as it is. Raises Absent."""
    found = find(desk, name)
    return _told(desk, found, desk.pipeline.registry.syncs(desk.owner), _heard(desk))


def _heard(desk: Desk) -> frozenset[str]:
    """Return the accounts that have a push channel."""
    channels = desk.pipeline.registry.channels(desk.owner)
    return frozenset(each.account for each in channels if each.channel.token)


def _told(
    desk: Desk, connected: Connected, syncs: Sequence[SyncSettings], heard: frozenset[str]
) -> Account:
    account = connected.account
    pushes = bool(connected.vendor_ids) or account.name in heard
    paused = connected.not_before if connected.not_before > desk.now() else 0.0
    health, reason = _health(connected, paused=bool(paused))
    return Account(
        name=account.name,
        kind=account.kind,  # type: ignore[arg-type]  # it was one of them when it was put
        title=desk.title(account.kind),
        identity=account.identity or account.settings.get("path", ""),
        health=health,
        reason=reason,
        syncs=users(syncs, account.name),
        looked_at=instant(connected.polled_at),
        paused_until=instant(paused),
        pushes=pushes and not connected.deaf,
        settings=_shown(account.settings),
    )


def _health(connected: Connected, *, paused: bool) -> tuple[_Health, str]:
    """Return how an account is, and why, and what to do: what is worst goes first."""
    if connected.trouble:
        return "broken", printable(connected.trouble)
    if paused:
        return "throttled", "The provider asks for a pause; it goes on by itself."
    if connected.deaf:
        return "deaf", printable(
            f"Changes are found by the clock alone, for no pushes come in: {connected.deaf}"
        )
    if not connected.polled_at:
        return "new", "It was not looked at yet."
    return "good", ""


def _shown(settings: Mapping[str, str]) -> dict[str, str] | None:
    return {name: value for name, value in settings.items() if name not in _HIDDEN} or None
