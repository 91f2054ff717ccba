"""A Dropbox as a storage provider, by its official SDK.

The SDK takes its time to import, so that it is imported when an account is connected, not before:
what only checks a push (:mod:`.push`) does without.
"""

from typing import TYPE_CHECKING

from syncoxiders.adapters.providers.dropbox.policies import Documents, Limits
from syncoxiders.adapters.providers.dropbox.push import verify
from syncoxiders.ports.accounts import Account, Tokens
from syncoxiders.ports.pace import Pace

if TYPE_CHECKING:
    from syncoxiders.adapters.providers.dropbox.provider import DropboxProvider


def connect(
    account: Account,
    tokens: Tokens,
    root: str,
    *,
    pace: Pace,
    documents: Documents = "export",
    limits: Limits | None = None,
    timeout: float = 100.0,
) -> "DropboxProvider":
    """Return the provider of a folder of an account; nothing is asked of Dropbox yet.

    ``root`` is the folder's path, ``""`` for the whole Dropbox. ``account.settings["url"]`` is
    another address of the API than the vendor's; ``account.settings["namespace"]`` is the id of the
    namespace that paths begin in, where that is not the member's own folder (a team's space:
    https://developers.dropbox.com/dbx-team-files-guide). ``documents`` says what becomes of Paper
    documents and others without bytes of their own. ``timeout`` is in seconds, for connecting
    and for each packet.
    """
    from syncoxiders.adapters.providers.dropbox.provider import (  # noqa: PLC0415 -- see above
        DropboxProvider,
    )

    return DropboxProvider(
        account,
        tokens,
        root,
        pace=pace,
        documents=documents,
        limits=limits or Limits(),
        timeout=timeout,
    )


__all__ = ["Documents", "Limits", "connect", "verify"]
