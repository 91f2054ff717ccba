"""OneDrive, personal and for business, as Microsoft Graph v1.0 offers it."""

from tests.emulators.onedrive.emulator import OneDrive
from tests.emulators.onedrive.items import DriveType


def create(drive_type: DriveType = "personal", root: str = "Root") -> OneDrive:
    """Return an emulator of a drive of this type; people work below the folder ``root``."""
    return OneDrive(drive_type, root)


__all__ = ["DriveType", "OneDrive", "create"]
