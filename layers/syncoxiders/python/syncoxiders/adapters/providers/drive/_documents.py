"""What becomes of a Drive file at an endpoint: as it is, by policy, or left out with a note.

Google-native documents have no bytes. Formats in which they can be had:
https://developers.google.com/workspace/drive/api/guides/ref-export-formats
"""

from typing import Literal, TypeAlias, get_args

import msgspec

from syncoxiders.adapters.providers.drive._files import (
    MILLISECOND,
    NATIVE,
    SHORTCUT,
    File,
    parse_time,
)
from syncoxiders.adapters.providers.drive._names import written
from syncoxiders.core.digests import digests_of
from syncoxiders.core.model import UNKNOWN_SIZE, Entry, EntryId, Kind
from syncoxiders.ports.errors import AccountError, Refused

Policy: TypeAlias = Literal["export", "link", "skip"]
"""``export``: a read-only companion in an Office format; ``link``: a file that leads to the
document in a browser; ``skip``: nothing but a note."""

_OFFICE = "application/vnd.openxmlformats-officedocument."


class Format(msgspec.Struct, frozen=True):
    """A form that a document is exported to."""

    mime: str
    extension: str


FORMATS = {
    NATIVE + "document": Format(_OFFICE + "wordprocessingml.document", ".docx"),
    NATIVE + "spreadsheet": Format(_OFFICE + "spreadsheetml.sheet", ".xlsx"),
    NATIVE + "presentation": Format(_OFFICE + "presentationml.presentation", ".pptx"),
    NATIVE + "drawing": Format("image/png", ".png"),
    NATIVE + "script": Format(NATIVE + "script+json", ".json"),
}

LINK = ".url"

_WORDS = {
    NATIVE + "document": "a Google document",
    NATIVE + "spreadsheet": "a Google spreadsheet",
    NATIVE + "presentation": "a Google presentation",
    NATIVE + "drawing": "a Google drawing",
    NATIVE + "form": "a Google form",
    NATIVE + "site": "a Google site",
    NATIVE + "map": "a Google map",
}


class Documents:
    """Presents files as a policy says."""

    def __init__(self, policy: Policy) -> None:
        if policy not in get_args(Policy):
            choices = ", ".join(get_args(Policy))
            raise AccountError(f"documents can be one of {choices}, not {policy!r}")
        self._policy = policy

    def left_out(self, file: File) -> str | None:
        """Say why a file is not presented, None if it is."""
        if not file.is_native or file.is_folder:
            return None
        if file.mime_type == SHORTCUT:
            return "is a shortcut, which is not followed"
        word = _WORDS.get(file.mime_type, "a document of a Google app")
        if self._policy == "skip":
            return f"is {word}: such documents are left out"
        if self._policy == "export" and file.mime_type not in FORMATS:
            return f"is {word}, which cannot be exported"
        return None

    def extension(self, file: File) -> str:
        """Return what is added to the name of a document; ``""`` for everything else."""
        if not file.is_native or file.is_folder or self.left_out(file) is not None:
            return ""
        return LINK if self._policy == "link" else FORMATS[file.mime_type].extension

    def plain(self, file: File) -> str:
        """Return the name under which a file is shown if no other has it."""
        return written(file.name) + self.extension(file)

    @property
    def extensions(self) -> tuple[str, ...]:
        """What may have been added to a name."""
        if self._policy == "export":
            return tuple(each.extension for each in FORMATS.values())
        return (LINK,) if self._policy == "link" else ()

    def is_companion(self, file: File) -> bool:
        """Say whether it is shown as a file that is made of a document."""
        return bool(self.extension(file))

    def check_writable(self, file: File, about: str) -> None:
        """Raise Refused for what can be edited in a browser only."""
        if self.is_companion(file):
            raise Refused(
                f"{about} is made of a Google document, and what is written to it would be lost:"
                " edit it in Google Docs"
            )

    def version(self, file: File) -> str:
        """Return the version of what is shown of a file; ``""`` for a folder.

        A file's is made of its revision and its modified time, of which a rename or move changes
        neither. A document has no revision; a link to it says always the same.
        """
        if file.is_folder:
            return ""
        extension = self.extension(file)
        if extension == LINK:
            return "link"
        return f"{extension or file.revision}@{file.mtime_ns // MILLISECOND}"

    def entry(self, file: File, entry_id: EntryId, parent: EntryId, name: str) -> Entry:
        """Return what is presented as the engine wants it, in a place and under a name."""
        foreign = not file.owned_by_me
        if file.is_folder:
            return Entry(entry_id, parent, name, Kind.FOLDER, foreign=foreign)
        version, mtime_ns = self.version(file), file.mtime_ns
        size, known = file.size, file.hashes
        extension = self.extension(file)
        if extension == LINK:
            content = link_to(file)
            size, known = len(content), digests_of([content]).text()
            mtime_ns = parse_time(file.created_time)
        elif extension:
            size, known = UNKNOWN_SIZE, ""
        return Entry(
            id=entry_id,
            parent=parent,
            name=name,
            kind=Kind.FILE,
            version=version,
            size=size,
            mtime_ns=mtime_ns,
            hashes=known,
            foreign=foreign,
        )

    def export(self, file: File) -> Format:
        """Return the form in which a companion's bytes are had."""
        return FORMATS[file.mime_type]

    def content_of_link(self, file: File) -> bytes | None:
        """Return the bytes of a link to a document, None if it is shown otherwise."""
        return link_to(file) if self.extension(file) == LINK else None


def revision_of(version: str) -> str:
    """Return the revision of which :meth:`Documents.version` made a version."""
    return version.rpartition("@")[0]


def link_to(file: File) -> bytes:
    """Return an Internet shortcut, which Windows, macOS and Linux desktops open alike.

    The address is the same for the document's whole life.
    """
    return f"[InternetShortcut]\r\nURL=https://drive.google.com/open?id={file.id}\r\n".encode()
