"""From a place that a person named to the provider that keeps it."""

import importlib
from typing import Any

import msgspec

from syncoxiders.adapters.providers.folder import FolderProvider
from syncoxiders.adapters.system import SystemClock
from syncoxiders.cli.endpoints import Root
from syncoxiders.cli.options import Links
from syncoxiders.engine.pacing import Pacer
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.provider import Provider


class Kind(msgspec.Struct, frozen=True):
    """A kind of account: the module that connects it, and what it asks of who uses it.

    ``policies`` are settings of the account that the module takes as options of its own.
    """

    module: str
    one_writer: bool = False
    policies: tuple[str, ...] = ()
    keys: bool = False


_HOME = "syncoxiders.adapters.providers"
KINDS = {
    "drive": Kind(f"{_HOME}.drive", policies=("documents",)),
    "dropbox": Kind(f"{_HOME}.dropbox", one_writer=True, policies=("documents",)),
    "onedrive": Kind(f"{_HOME}.onedrive"),
    "s3": Kind(f"{_HOME}.s3", keys=True),
}


class Connections:
    """The providers of one run; those in one account share its pace."""

    def __init__(self, clock: SystemClock) -> None:
        self._clock = clock
        self._paces: dict[str, Pacer] = {}

    def provider(
        self,
        root: Root,
        *,
        trash: bool = True,
        links: Links = "skip",
        compare: frozenset[str] = frozenset({"size", "modtime"}),
    ) -> Provider:
        """Return the provider of a place. Raises AccountError and ProviderError.

        ``links`` and ``compare`` are of local folders; ``trash`` is also of storage that has
        none of its own.
        """
        if not root.account:
            return FolderProvider(root.path, trash=trash, links=links, compare=compare)
        from syncoxiders.adapters import accounts  # noqa: PLC0415 -- two folders need none of it

        account = accounts.load(root.account)
        kind = KINDS[account.kind]
        options: dict[str, Any] = {
            each: account.settings[each] for each in kind.policies if each in account.settings
        }
        if kind.keys:
            options["trash"] = trash
        credentials = accounts.keys(account) if kind.keys else accounts.tokens(account)
        connect = importlib.import_module(kind.module).connect
        provider: Provider = connect(
            account, credentials, root.folder, pace=self._pace(account, kind), **options
        )
        return provider

    def _pace(self, account: Account, kind: Kind) -> Pacer:
        if account.name not in self._paces:
            self._paces[account.name] = Pacer(self._clock, one_writer=kind.one_writer)
        return self._paces[account.name]
