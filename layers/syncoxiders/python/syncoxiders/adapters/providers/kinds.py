"""The kinds of accounts, and how a folder in one is connected; no SDK comes before it is needed."""

import importlib
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from syncoxiders.ports.accounts import Account, Tokens
from syncoxiders.ports.errors import AccountError
from syncoxiders.ports.pace import Pace
from syncoxiders.ports.provider import Provider

Credentials = Tokens | Mapping[str, str] | None
"""What an account is opened by: tokens or keys, as its kind asks."""


class Kind(msgspec.Struct, frozen=True):
    """A kind of account: the module that connects it, and what it asks of who uses it.

    ``opened`` says by what. Pushes call the account by the vendor's id of it (``called`` is
    ``id``), by the first part of a root in it (``root``), or not at all: by channels.
    ``policies`` are settings of the account that the module takes as options of its own; ``bins``
    if it takes ``trash``, which says whether to keep what is deleted where the storage does not.
    """

    module: str
    opened: Literal["tokens", "keys", ""] = "tokens"
    called: Literal["id", "root", ""] = ""
    one_writer: bool = False
    policies: tuple[str, ...] = ()
    bins: bool = False


_HOME = "syncoxiders.adapters.providers"
KINDS = {
    "drive": Kind(f"{_HOME}.drive", policies=("documents",)),
    "dropbox": Kind(f"{_HOME}.dropbox", called="id", one_writer=True, policies=("documents",)),
    "folder": Kind(f"{_HOME}.folder", opened="", bins=True),
    "onedrive": Kind(f"{_HOME}.onedrive"),
    "s3": Kind(f"{_HOME}.s3", opened="keys", called="root", bins=True),
}


def kind_of(account: Account) -> Kind:
    """Return the kind of an account. Raises AccountError for one that is not known."""
    if account.kind not in KINDS:
        raise AccountError(f"there is no kind of account {account.kind!r}")
    return KINDS[account.kind]


def connect(
    account: Account, credentials: Credentials, folder: str, *, pace: Pace, trash: bool = True
) -> Provider:
    """Return the provider of a folder in an account. Raises AccountError and ProviderError."""
    kind = kind_of(account)
    options: dict[str, Any] = {
        each: account.settings[each] for each in kind.policies if each in account.settings
    }
    if kind.bins:
        options["trash"] = trash
    module = importlib.import_module(kind.module)
    provider: Provider = module.connect(account, credentials, folder, pace=pace, **options)
    return provider
