"""From a place that a person named to the provider that keeps it."""

from syncoxiders.adapters.providers.folder import FolderProvider
from syncoxiders.adapters.system import SystemClock
from syncoxiders.cli.endpoints import Root
from syncoxiders.cli.options import Links
from syncoxiders.engine.pacing import Pacer
from syncoxiders.ports.provider import Provider


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
        from syncoxiders.adapters.providers import kinds  # noqa: PLC0415 -- two folders need none of it

        account = accounts.load(root.account)
        kind = kinds.kind_of(account)
        name = account.name
        if name not in self._paces:
            self._paces[name] = Pacer(self._clock, one_writer=kind.one_writer)
        find = accounts.keys if kind.opened == "keys" else accounts.tokens
        pace = self._paces[name]
        return kinds.connect(account, find(account), root.folder, pace=pace, trash=trash)
