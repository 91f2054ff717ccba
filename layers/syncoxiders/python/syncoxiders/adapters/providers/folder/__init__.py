"""The ``folder`` provider: a folder of the local file system."""

from pathlib import Path

from syncoxiders.adapters.providers.folder._look import TEMPORARY, TRASH
from syncoxiders.adapters.providers.folder.provider import FolderProvider
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.errors import AccountError
from syncoxiders.ports.pace import Pace

__all__ = ["TEMPORARY", "TRASH", "FolderProvider", "connect"]


def connect(
    account: Account, credentials: None, root: str, *, pace: Pace, trash: bool = True
) -> FolderProvider:
    """Return a folder below the one that the account's setting ``path`` names.

    That is a disk which the deployed system can reach. Raises AccountError.
    """
    del credentials, pace  # whoever may read the disk may; and nobody asks for patience
    path = account.settings.get("path", "")
    if not Path(path).is_absolute() or ".." in root.split("/"):
        raise AccountError(f"the account {account.name} names no folder by an absolute path")
    return FolderProvider(Path(path) / root.strip("/"), trash=trash)
