"""What is secret of an account: one value in the vault, so that it changes as a whole."""

from typing import Any

import msgspec

from syncoxiders.ports.accounts import Vault
from syncoxiders.ports.errors import AccountError


class Secret(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The secrets of an account; it shows none of them.

    Of OAuth: ``client_secret`` of the app; ``refresh`` and ``access`` tokens; when the access
    token ``expires`` and the refresh token ``ends``, in seconds since the epoch, 0 where that is
    not known; the ``scopes`` that were granted. Of S3: ``keys`` by the names that
    :func:`syncoxiders.adapters.accounts.keys` has.
    """

    client_secret: str = ""
    refresh: str = ""
    access: str = ""
    expires: float = 0.0
    ends: float = 0.0
    scopes: str = ""
    keys: dict[str, str] = {}

    def __repr__(self) -> str:
        """Return nothing that is secret."""
        return "Secret(…)"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Return nothing at all, to whom prints prettily."""
        return []


class Secrets:
    """The secret of one account in a vault. Errors are AccountError."""

    def __init__(self, vault: Vault, name: str) -> None:
        self._vault = vault
        self._name = name

    def get(self) -> Secret | None:
        """Return it, None where there is none."""
        text = self._vault.get(self._name)
        if text is None:
            return None
        try:
            return msgspec.json.decode(text, type=Secret)
        except msgspec.DecodeError:
            # The error might quote what it could not read.
            raise AccountError(
                f"the secret of the account {self._name} is damaged: connect it again"
            ) from None

    def put(self, secret: Secret) -> None:
        """Keep it in place of the one that was there."""
        self._vault.put(self._name, msgspec.json.encode(secret).decode())

    def delete(self) -> None:
        """Forget it; it need not be there."""
        self._vault.delete(self._name)
