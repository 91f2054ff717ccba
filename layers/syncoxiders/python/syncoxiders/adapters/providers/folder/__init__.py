"""The ``folder`` provider: a folder of the local file system."""

from syncoxiders.adapters.providers.folder._look import TEMPORARY, TRASH
from syncoxiders.adapters.providers.folder.provider import FolderProvider

__all__ = ["TEMPORARY", "TRASH", "FolderProvider"]
