"""Dropbox's HTTP API, version 2, for one personal account with its files in memory.

What is said of Dropbox here comes from its documentation, as the docstrings of the official SDK
repeat it (https://www.dropbox.com/developers/documentation/http/documentation), unless another
source is named. All hosts (api, content, notify, www) are answered by the one server.
"""

from tests.emulators.dropbox.emulator import DropboxEmulator


def create(root: str = "/Root") -> DropboxEmulator:
    """Return an emulator; its ``people`` have a folder of this path, "" for the whole account."""
    return DropboxEmulator(root)


__all__ = ["DropboxEmulator", "create"]
