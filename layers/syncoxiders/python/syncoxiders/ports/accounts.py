"""The port to accounts: who we are at a provider, and the secrets that prove it."""

from collections.abc import Mapping
from typing import Protocol

import msgspec


class Account(msgspec.Struct, frozen=True):
    """One authorised identity at a provider; nothing in it is secret.

    ``kind`` is ``drive``, ``dropbox``, ``onedrive`` or ``s3``. ``client`` is the id of the OAuth
    app that was authorised, ``identity`` a word for people (an e-mail address). ``settings`` are
    the kind's own: ``url`` is another address of its API than the vendor's, whatever the kind.
    """

    name: str
    kind: str
    client: str = ""
    identity: str = ""
    settings: Mapping[str, str] = {}


class Tokens(Protocol):
    """Access tokens of one account. May be called from several threads."""

    def access(self) -> str:
        """Return a token that is valid now. Raises Revoked, Unreachable."""

    def refused(self, token: str) -> None:
        """Tell that the provider took a token for expired, so that another one is fetched."""


class Vault(Protocol):
    """Where secrets are kept. Their values never reach a log or the text of an error."""

    def get(self, name: str) -> str | None:
        """Return a secret, None where there is none."""

    def put(self, name: str, secret: str) -> None:
        """Keep a secret in place of the one of this name."""

    def delete(self, name: str) -> None:
        """Forget a secret; it need not be there."""
