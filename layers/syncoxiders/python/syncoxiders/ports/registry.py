"""The port to what the deployed system knows of accounts, syncs, push channels and leases."""

from typing import Protocol

import msgspec

from syncoxiders.core.model import EndpointId
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.push import Channel


class Connected(msgspec.Struct, frozen=True):
    """An account with its state. Times are seconds since the epoch, 0 is never.

    ``hints`` counts what pushes and people gave reason to look, ``polled`` is how far a look has
    answered them. Until ``not_before`` the provider wants to be left alone. ``trouble`` is what a
    person has to be told (a revoked authorisation), ``""`` if all is well; ``deaf`` says why its
    pushes do not come in, so that only the clock tells of changes. ``vendor_ids`` are the
    names by which the vendor's pushes call the account, where they do (a Dropbox account id,
    buckets). ``looks`` counts how often a look into some folders of it was begun. ``busy`` is
    until when the looks at it count that were made lately.
    """

    account: Account
    hints: int = 0
    polled: int = 0
    polled_at: float = 0.0
    not_before: float = 0.0
    trouble: str = ""
    deaf: str = ""
    vendor_ids: frozenset[str] = frozenset()
    looks: int = 0
    busy: float = 0.0


class EndpointSettings(msgspec.Struct, frozen=True):
    """One endpoint of a sync: an account and a folder in it (``""`` is all of it)."""

    id: EndpointId
    account: str
    root: str = ""


class SyncSettings(msgspec.Struct, frozen=True):
    """A sync as a person set it up; the fields are those of the command line's options.

    ``patterns`` are filter lines in gitignore syntax; sizes are in bytes, ages texts like
    ``30d``. While ``paused`` nothing is planned. ``changed_at`` is when the rest was last changed
    (seconds since the epoch): what was planned before is planned again. With ``preview`` the first
    plan is shown to a person before anything is done.
    """

    id: str
    endpoints: tuple[EndpointSettings, ...]
    mode: str = "two-way"
    keep: str = "newer"
    auto_merge: bool = False
    patterns: tuple[str, ...] = ()
    min_size: int | None = None
    max_size: int | None = None
    min_age: str = ""
    max_age: str = ""
    max_delete: str = "50%"
    paused: bool = False
    changed_at: float = 0.0
    preview: bool = False


class Removed(msgspec.Struct, frozen=True):
    """A sync that was removed, and when; its state may be there still, or again."""

    sync: str
    endpoints: tuple[EndpointId, ...]
    at: float


class OpenChannel(msgspec.Struct, frozen=True):
    """A push channel and whom it speaks of."""

    channel: Channel
    owner: str
    account: str
    sync: str
    endpoint: EndpointId


class Registry(Protocol):
    """Accounts, syncs and push channels of all owners. Calls raise StateUnavailable.

    ``put_`` methods replace settings and leave counters alone.
    """

    def owners(self) -> list[str]:
        """Return all owners that have an account, or have left something that is to be removed."""

    def accounts(self, owner: str) -> list[Connected]:
        """Return the owner's accounts by name."""

    def account(self, owner: str, name: str) -> Connected | None:
        """Return an account."""

    def put_account(
        self, owner: str, account: Account, vendor_ids: frozenset[str] = frozenset()
    ) -> None:
        """Keep an account; the trouble that it had is over."""

    def remove_account(self, owner: str, name: str) -> None:
        """Forget an account; it need not be there."""

    def called(self, kind: str, vendor_id: str) -> list[tuple[str, str]]:
        """Return owner and name of the accounts that a vendor's push calls by this name."""

    def hint(self, owner: str, account: str) -> Connected | None:
        """Count a reason to look; returns the account as it then is, None if there is none."""

    def polled(
        self, owner: str, account: str, hints: int, at: float, busy: float = 0.0
    ) -> Connected | None:
        """Note that a look has answered this many hints; fewer than before are ignored.

        Returns the account as it then is, None if there is none: hints that came meanwhile are
        told of by it, and nobody else may have sent a message for them.
        """

    def looking(self, owner: str, account: str) -> None:
        """Count that a look into some folders of an account is begun."""

    def pause(self, owner: str, account: str, until: float) -> None:
        """Leave the account alone until then, or longer if that was said before."""

    def trouble(self, owner: str, account: str, text: str) -> None:
        """Note what a person has to be told of an account; ``""`` that all is well."""

    def deaf(self, owner: str, account: str, text: str) -> None:
        """Note why pushes of an account do not come in; ``""`` that they do, or are not had."""

    def syncs(self, owner: str) -> list[SyncSettings]:
        """Return the owner's syncs by id."""

    def sync(self, owner: str, sync: str) -> SyncSettings | None:
        """Return a sync."""

    def put_sync(self, owner: str, settings: SyncSettings) -> None:
        """Keep a sync's settings."""

    def swap_sync(self, owner: str, before: SyncSettings | None, settings: SyncSettings) -> bool:
        """Keep a sync's settings if they still are what they were; None is that there are none.

        False says that somebody else has changed them.
        """

    def remove_sync(self, owner: str, sync: str) -> None:
        """Forget a sync's settings; its state is another matter."""

    def put_removed(self, owner: str, removed: Removed) -> None:
        """Note that a sync is being removed."""

    def removed(self, owner: str) -> list[Removed]:
        """Return the syncs that were removed, and may have left something."""

    def forget_removed(self, owner: str, sync: str) -> None:
        """Note that nothing is left of a sync that was removed."""

    def channels(self, owner: str) -> list[OpenChannel]:
        """Return the owner's push channels."""

    def channel(self, channel: str) -> OpenChannel | None:
        """Return a push channel by its id, whoever owns it."""

    def put_channel(self, opened: OpenChannel) -> None:
        """Keep a push channel."""

    def remove_channel(self, channel: str) -> None:
        """Forget a push channel."""


class Leases(Protocol):
    """Leases: who may do what only one may do at a time. Calls raise StateUnavailable."""

    def take(self, name: str, seconds: float) -> int | None:
        """Take a lease that nobody holds, or whose time is over; returns its fence.

        Fences of one name grow. None means that somebody holds it.
        """

    def extend(self, name: str, fence: int, seconds: float) -> bool:
        """Hold on for longer; False if the lease was lost."""

    def release(self, name: str, fence: int) -> None:
        """Give a lease back, if it is still held."""
