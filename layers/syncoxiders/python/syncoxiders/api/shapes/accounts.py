"""Accounts: whom we are at the providers."""

from datetime import datetime
from typing import Annotated, Literal

from annotated_types import MaxLen, MinLen

from syncoxiders.api.shapes.base import secret, shape

Kind = Literal["drive", "dropbox", "onedrive", "s3", "folder"]
"""A provider."""

Name = Annotated[str, MinLen(1), MaxLen(64)]
"""A name that a person chose: letters, digits and ``. _ -``, a letter or digit in front."""


@shape
class Provider:
    """A provider that accounts can be at."""

    kind: Kind
    title: str
    """Its name for people."""
    connects: Literal["oauth", "keys", "path"]
    """How an account is made: by signing in there, by keys, or by naming a folder."""
    ready: bool
    """Whether an account can be made now; for one that is signed in to, its app has to be known."""
    client_id: str = ""
    """The id of the OAuth app that accounts are signed in through."""
    redirect: str = ""
    """The address that has to be registered with that app."""
    push: str = ""
    """The address that has to be registered for pushes, where the provider asks for that."""


@shape
class Providers:
    """All providers."""

    items: list[Provider]


@shape
class App:
    """An OAuth app, registered with a provider by who runs this deployment."""

    client_id: Annotated[str, MinLen(1), MaxLen(512)]
    client_secret: Annotated[str, MaxLen(1024)] = secret(default="")
    """Kept encrypted, and never shown."""
    url: Annotated[str, MaxLen(512)] = ""
    """Where the provider's servers are, if not at the vendor's: on a machine of one's own only."""


@shape
class Quota:
    """How much an account holds, in bytes; a figure that is not known is null."""

    used: int | None = None
    total: int | None = None


@shape
class Account:
    """An account, and how it is."""

    name: Name
    kind: Kind
    title: str
    """The provider's name for people."""
    identity: str
    """Whose account it is: an e-mail address, mostly."""
    health: Literal["good", "new", "throttled", "deaf", "broken"]
    """``new`` was not looked at yet; ``throttled`` is left alone for a while; ``deaf`` has no
    pushes, so that only the clock tells of changes; ``broken`` needs a person."""
    reason: str
    """Why it is not good, and what to do."""
    syncs: list[str]
    """The syncs that it takes part in."""
    looked_at: datetime | None = None
    """When it was looked at last."""
    paused_until: datetime | None = None
    """Until when the provider wants to be left alone."""
    pushes: bool = False
    """Whether the provider tells us of changes."""
    settings: dict[str, str] | None = None


@shape
class Accounts:
    """All accounts, by name."""

    items: list[Account]


@shape
class Check:
    """What an account said when it was asked just now."""

    working: bool
    identity: str
    reason: str = ""
    """Why it does not work, and what to do."""
    quota: Quota | None = None


@shape
class NewConnection:
    """A sign-in at a provider that is to begin."""

    kind: Literal["drive", "dropbox", "onedrive"]
    name: Name
    """The account's; one that is there is connected anew, if it is of the same person."""
    settings: dict[str, str] | None = None
    """The provider's own: ``shared_drive`` (an id), ``documents`` (``export``, ``link``,
    ``skip``), ``tenant``, ``site``."""


@shape
class Connection:
    """A sign-in that has begun: a person opens the address, and comes back to the console."""

    url: str
    expires_at: datetime


@shape
class NewAccount:
    """An account that needs no sign-in here."""

    name: Name
    kind: Kind
    client_id: str = ""
    settings: dict[str, str] | None = None
    """Of ``s3``: ``url``, ``region``, ``style``, ``storage_class``; of ``folder``: ``path``."""
    access_key_id: str = ""
    secret_access_key: str = secret(default="")
    refresh_token: str = secret(default="")
    """Of an account that was signed in to elsewhere."""
    client_secret: str = secret(default="")


@shape
class Folder:
    """A folder of an account."""

    name: str
    path: str
    """From the account's root, without a slash in front."""
    taken_by: str = ""
    """The sync that already keeps it in step."""


@shape
class Folders:
    """The folders in a folder of an account."""

    account: str
    path: str
    items: list[Folder]
    next: str | None = None
    """The cursor of the next page; null on the last."""
