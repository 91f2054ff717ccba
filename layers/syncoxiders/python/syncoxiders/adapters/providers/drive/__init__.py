"""The ``drive`` provider: Google Drive, My Drive or a shared drive.

Importing this brings no SDK: only :func:`connect` does.
"""

from typing import TYPE_CHECKING

from syncoxiders.adapters.providers.drive.push import verify
from syncoxiders.ports.accounts import Account, Tokens
from syncoxiders.ports.pace import Pace

if TYPE_CHECKING:
    from syncoxiders.adapters.providers.drive._documents import Policy
    from syncoxiders.adapters.providers.drive.provider import DriveProvider

__all__ = ["connect", "verify"]


def connect(
    account: Account, tokens: Tokens, root: str, *, pace: Pace, documents: "Policy" = "export"
) -> "DriveProvider":
    """Return a folder of an account's Drive; nothing is asked of Google yet.

    ``root`` is a path in My Drive (``""`` for all of it), or in the shared drive that the setting
    ``drive_id`` names, or ``id:`` and a folder's id. ``documents`` says what becomes of
    Google-native documents: ``export`` shows each as a read-only file in an Office format,
    ``link`` as a file that leads to it in a browser, ``skip`` leaves them out with a note.
    """
    # two folders on one disk need no SDK, which takes a third of a second to import
    from syncoxiders.adapters.providers.drive.provider import (  # noqa: PLC0415 -- two folders need no SDK
        DriveProvider,
    )

    return DriveProvider(account, tokens, root, pace=pace, documents=documents)
