"""Dropbox's metadata as entries, and which names can stand in a Dropbox.

A version is the content's hash and the time of modification that a client gave, since ``rev``,
which changes with both, changes with a move as well. What has no content hash (documents that
are only exported) goes by its ``rev``: a move is taken for an edit rather than an edit missed.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from syncoxiders.adapters.providers.dropbox._documents import (
    is_document,
    is_exported,
    shown_name,
)
from syncoxiders.adapters.providers.dropbox._sdk import files
from syncoxiders.adapters.providers.dropbox.policies import Documents
from syncoxiders.core import hashes, names
from syncoxiders.core.digests import DROPBOX
from syncoxiders.core.model import UNKNOWN_SIZE, Entry, EntryId, Kind, Traits
from syncoxiders.ports.errors import Refused

TRAITS = Traits(
    case_insensitive=True,
    normalizing=True,
    forbidden="\\\x7f",
    reserved=(
        "desktop.ini",
        "thumbs.db",
        ".ds_store",
        "icon\r",
        ".dropbox",
        ".dropbox.attr",
        ".dropbox.cache",
    ),
    trims=True,
    bmp_only=True,
    max_name=255,
)
"""What the planner must know of a Dropbox.

- Case does not tell names apart and is kept; Unicode forms are brought to one (seen by the
  authors of Maestral, a client: ``maestral/utils/path.py``, ``normalize``).
- The reserved names are not synchronized:
  https://help.dropbox.com/sync/files-not-syncing
- A path does not end with a space
  (https://www.dropbox.com/developers/documentation/http/documentation, "Path formats"), and where
  Windows is among a person's machines not with a dot either.
- A backslash and DEL are refused (seen by the authors of rclone: ``backend/dropbox``), and so is
  what is beyond the Basic Multilingual Plane, emoji mostly:
  https://github.com/dropbox/dropbox-sdk-java/issues/42, https://github.com/rclone/rclone/issues/6199
- A name has up to 255 characters; here they are counted in bytes of UTF-8, to be on the safe side.
- ``client_modified`` is set with an upload, to the second, and by nothing else. A new time alone
  is therefore not brought here (``sets_meta``); the engine lets such a file be, and the entry
  goes on telling the time that stands there.
- Deleted files and replaced revisions are kept for 30 days at least:
  https://help.dropbox.com/delete-restore/recover-deleted-files-folders
"""

_DOCUMENT = "document "
"""What the version of a document begins with, which has no bytes but those of an export."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST = 255  # characters
_FIRST_YEAR = 1000  # strftime pads no year, and Dropbox wants four digits


class LeftOut(msgspec.Struct, frozen=True):
    """Why something is no entry; see :class:`~syncoxiders.ports.provider.Problem`."""

    reason: str
    unreadable: bool = False


def check_name(name: str) -> None:
    """Raise Refused for a name that cannot stand in a Dropbox."""
    if not names.legal(name, TRAITS):
        shown = name if len(name) <= TRAITS.max_name else f"{name[:40]}..."
        raise Refused(f"Dropbox cannot hold the name {shown!r}")


def can_be_asked_for(name: str) -> bool:
    """Say whether there may be something of a name, be it one that cannot be written."""
    if not name or "/" in name or len(name) > _LONGEST:
        return False
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def entry_of(metadata: Any, parent: EntryId, documents: Documents) -> Entry | LeftOut:
    """Return what metadata of a file or folder tell of."""
    if isinstance(metadata, files.FolderMetadata):
        return _folder(metadata, parent)
    if metadata.symlink_info is not None:
        return LeftOut("is a symbolic link")
    if is_document(metadata):
        if documents == "skip" or not is_exported(metadata):
            return LeftOut("is a document without content of its own")
        return _document(metadata, parent)
    return Entry(
        id=metadata.id,
        parent=parent,
        name=metadata.name,
        kind=Kind.FILE,
        version=version_of(metadata),
        size=metadata.size,
        mtime_ns=_nanoseconds(metadata.client_modified),
        hashes=_hashes(metadata),
    )


def version_of(metadata: Any) -> str:
    """Return the version of a file, ``""`` for a folder."""
    if isinstance(metadata, files.FolderMetadata):
        return ""
    if is_document(metadata):
        return f"{_DOCUMENT}{metadata.rev}"
    content = metadata.content_hash or metadata.rev
    return f"{content}.{_nanoseconds(metadata.client_modified) // 1_000_000_000}"


def is_document_version(version: str) -> bool:
    """Say whether a version is one of a document."""
    return version.startswith(_DOCUMENT)


def modified(mtime_ns: int | None) -> datetime | None:
    """Return a modified time as an upload takes it, None where that cannot be said."""
    if mtime_ns is None:
        return None
    try:
        moment = _EPOCH + timedelta(seconds=mtime_ns // 1_000_000_000)
    except OverflowError:
        return None
    return moment.replace(tzinfo=None) if moment.year >= _FIRST_YEAR else None


def _folder(metadata: Any, parent: EntryId) -> Entry | LeftOut:
    sharing = metadata.sharing_info
    if sharing is not None and sharing.no_access:
        return LeftOut("may not be read by this account", unreadable=True)
    return Entry(
        id=metadata.id,
        parent=parent,
        name=metadata.name,
        kind=Kind.FOLDER,
        # A shared folder may be withdrawn from us, and vanishes then as if it were deleted.
        foreign=sharing is not None and bool(sharing.shared_folder_id),
    )


def _document(metadata: Any, parent: EntryId) -> Entry:
    return Entry(
        id=metadata.id,
        parent=parent,
        name=shown_name(metadata),
        kind=Kind.FILE,
        version=version_of(metadata),
        size=UNKNOWN_SIZE,
        mtime_ns=_nanoseconds(metadata.client_modified),
    )


def _hashes(metadata: Any) -> str:
    content: str | None = metadata.content_hash
    return hashes.encode({DROPBOX: content}) if content else ""


def _nanoseconds(moment: datetime) -> int:
    """Return a time of the SDK, which is UTC and does not say so, as one of ours."""
    return round((moment.replace(tzinfo=UTC) - _EPOCH).total_seconds()) * 1_000_000_000
