"""The port to OAuth apps, which who runs a deployment has registered with providers."""

from typing import Protocol

import msgspec


class ProviderApp(msgspec.Struct, frozen=True):
    """An app at a provider; its secret is in the vault.

    ``url`` is where the provider's servers are, if not at the vendor's: those of an emulator.
    """

    kind: str
    client: str
    url: str = ""


class Apps(Protocol):
    """The apps of a deployment. Calls raise StateUnavailable."""

    def all(self) -> dict[str, ProviderApp]:
        """Return them by kind."""

    def get(self, kind: str) -> ProviderApp | None:
        """Return the app of a kind of account."""

    def put(self, app: ProviderApp) -> None:
        """Keep an app in place of the one of this kind."""

    def remove(self, kind: str) -> None:
        """Forget an app; it need not be there."""
