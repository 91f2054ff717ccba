"""The ``onedrive`` provider: OneDrive, personal and for business, and SharePoint's libraries.

It speaks Microsoft Graph over httpx: https://learn.microsoft.com/graph/api/resources/driveitem
"""

from typing import TYPE_CHECKING

from syncoxiders.adapters.providers.onedrive.limits import Limits
from syncoxiders.adapters.providers.onedrive.push import verify
from syncoxiders.ports.accounts import Account, Tokens
from syncoxiders.ports.pace import Pace

if TYPE_CHECKING:
    from syncoxiders.adapters.providers.onedrive.provider import OneDriveProvider


def connect(
    account: Account,
    tokens: Tokens,
    root: str,
    *,
    pace: Pace,
    limits: Limits | None = None,
    timeout: float = 100.0,
) -> "OneDriveProvider":
    """Return the provider of a folder of a drive; nothing is asked of Microsoft yet.

    ``root`` is the folder's path, ``""`` for the whole drive. Of ``account.settings``, ``drive_id``
    names the drive (without it, it is the person's own), ``drive_type`` says what it is
    (``personal``, ``business``, ``documentLibrary``), and ``url`` is another address of Graph than
    Microsoft's. ``timeout`` is in seconds, for each packet.
    """
    # httpx takes a fifth of a second to import, and two local folders have no use for it.
    from syncoxiders.adapters.providers.onedrive.provider import (  # noqa: PLC0415 -- two folders need no SDK
        OneDriveProvider,
    )

    return OneDriveProvider(
        account, tokens, root, pace=pace, limits=limits or Limits(), timeout=timeout
    )


__all__ = ["Limits", "connect", "verify"]
