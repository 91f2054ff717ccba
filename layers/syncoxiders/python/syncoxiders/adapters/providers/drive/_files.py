"""A file as the Drive API tells of it, and what of that the engine wants to know.

https://developers.google.com/workspace/drive/api/reference/rest/v3/files
"""

from datetime import UTC, datetime, timedelta

import msgspec

from syncoxiders.core import hashes
from syncoxiders.ports.errors import Refused

NATIVE = "application/vnd.google-apps."
FOLDER = NATIVE + "folder"
SHORTCUT = NATIVE + "shortcut"

MILLISECOND = 1_000_000
"""Drive keeps times to the millisecond; in nanoseconds."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

FIELDS = (
    "id,name,mimeType,parents,trashed,explicitlyTrashed,createdTime,modifiedTime,size,"
    "md5Checksum,sha1Checksum,sha256Checksum,headRevisionId,ownedByMe,"
    "capabilities(canEdit,canDownload,canListChildren)"
)
"""What is asked for of every file."""


class Capabilities(msgspec.Struct, frozen=True, rename="camel"):
    """What the account may do with a file."""

    can_edit: bool = True
    can_download: bool = True
    can_list_children: bool = True


class File(msgspec.Struct, frozen=True, rename="camel"):
    """A file, folder, document or shortcut.

    ``trashed`` says that it is in the trash, itself or with a folder; ``explicitly_trashed``,
    itself. Only what has bytes has checksums and a head revision. What is in a shared drive belongs
    to the drive, and is not said to be another's.
    """

    id: str
    name: str = ""
    mime_type: str = ""
    parents: tuple[str, ...] = ()
    trashed: bool = False
    explicitly_trashed: bool = False
    created_time: str = ""
    modified_time: str = ""
    size: int = 0
    md5_checksum: str = ""
    sha1_checksum: str = ""
    sha256_checksum: str = ""
    head_revision_id: str = ""
    owned_by_me: bool = True
    capabilities: Capabilities = Capabilities()

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return self.mime_type == FOLDER

    @property
    def is_native(self) -> bool:
        """Whether it has no bytes of its own."""
        return self.mime_type.startswith(NATIVE)

    @property
    def parent(self) -> str:
        """The folder that it stands in; ``""`` where the account does not see it."""
        return self.parents[0] if self.parents else ""

    @property
    def age(self) -> tuple[str, str]:
        """What puts files in order, the oldest first, the same for everybody."""
        return self.created_time, self.id

    @property
    def mtime_ns(self) -> int:
        """The modified time."""
        return parse_time(self.modified_time)

    @property
    def revision(self) -> str:
        """What differs whenever its bytes were written anew."""
        return self.head_revision_id or self.md5_checksum

    @property
    def hashes(self) -> str:
        """The hashes of its bytes, as far as Drive has them."""
        told = {
            "md5": self.md5_checksum,
            "sha1": self.sha1_checksum,
            hashes.OWN: self.sha256_checksum,
        }
        return hashes.encode({name: digest for name, digest in told.items() if digest})


class Revision(msgspec.Struct, frozen=True, rename="camel"):
    """What a file's bytes were; https://developers.google.com/workspace/drive/api/reference/rest/v3/revisions."""

    id: str
    mime_type: str = ""
    md5_checksum: str = ""
    modified_time: str = ""


def parse_time(text: str) -> int:
    """Return an RFC 3339 time in nanoseconds since the epoch; 0 for no time."""
    if not text:
        return 0
    return (datetime.fromisoformat(text) - _EPOCH) // timedelta(microseconds=1) * 1000


def format_time(mtime_ns: int) -> str:
    """Return a time as Drive takes it, to the millisecond below. Raises Refused."""
    try:
        moment = _EPOCH + timedelta(milliseconds=mtime_ns // MILLISECOND)
    except OverflowError as exc:
        raise Refused("Google Drive keeps no modified time outside the years 1 to 9999") from exc
    return f"{moment.year:04}-{moment:%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"
