"""Where the deployed system's secrets are, by the names that its vault has for them."""

from syncoxiders.adapters.accounts.secret import Secrets
from syncoxiders.ports.accounts import Vault
from syncoxiders.ports.clock import Clock

KEPT = 300.0
"""Seconds for which a secret that was read is good: one that was changed holds from then on."""


def of_account(owner: str, account: str) -> str:
    """Return the name of an account's secret."""
    return f"{owner}/{account}"


def of_app(kind: str) -> str:
    """Return the name of the secret by which a vendor signs pushes for our app.

    No owner is called so: ``app`` is kept for it.
    """
    return f"app/{kind}"


def secret_of(vault: Vault, owner: str, account: str) -> Secrets:
    """Return where the secret of an account is."""
    return Secrets(vault, of_account(owner, account))


class Remembering:
    """A vault that is asked for each secret once in a while; what is put is known at once.

    For secrets that change rarely, and whose reader can do with the old one for a while.
    """

    def __init__(self, vault: Vault, clock: Clock) -> None:
        self._vault = vault
        self._clock = clock
        self._known: dict[str, tuple[str | None, float]] = {}

    def get(self, name: str) -> str | None:
        """Return a secret, None where there is none."""
        now = self._clock.now()
        found, since = self._known.get(name, (None, -KEPT))
        if not 0 <= now - since < KEPT:
            found = self._vault.get(name)
            self._known[name] = (found, now)
        return found

    def put(self, name: str, secret: str) -> None:
        """Keep a secret in place of the one of this name."""
        self._known.pop(name, None)
        self._vault.put(name, secret)

    def delete(self, name: str) -> None:
        """Forget a secret; it need not be there."""
        self._known.pop(name, None)
        self._vault.delete(name)
