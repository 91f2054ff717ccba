"""Google Drive v3, as far as a client that keeps files in step can see it.

What it does is what Google documents; what Google does not say is said where it is done.
https://developers.google.com/workspace/drive/api/reference/rest/v3
"""

from tests.emulators.drive.emulator import DriveEmulator
from tests.emulators.drive.people import People

__all__ = ["DriveEmulator", "People", "create"]


def create(root: str = "Root") -> DriveEmulator:
    """Return a Drive with one empty folder of that name in My Drive."""
    return DriveEmulator(root)
