"""What stands in a Drive: files, their revisions, and the types that Google gives them.

Values are immutable, so that a listing that lags simply holds older ones.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from tests.emulators import bulk

NATIVE = "application/vnd.google-apps."
FOLDER = NATIVE + "folder"
SHORTCUT = NATIVE + "shortcut"
DOCUMENT = NATIVE + "document"
BINARY = "application/octet-stream"

ME = "me@example.com"
OTHER = "other@example.com"

Access = Literal["owner", "writer", "reader", ""]
"""What the user of the Drive may do with a file; ``""``: not even see it."""

REVISION_DAYS = 30
REVISIONS = 100
"""Revisions beyond this many, or older than that, are purged unless they are kept forever.

https://developers.google.com/workspace/drive/api/guides/change-overview
"""


def new_id() -> str:
    """Return an id as Drive gives them to files."""
    return "1" + secrets.token_urlsafe(24)


def new_root_id() -> str:
    """Return an id as Drive gives them to the root of My Drive."""
    return "0A" + secrets.token_urlsafe(9)[:11] + "Uk9PVA"


@dataclass(frozen=True)
class Revision:
    """Bytes that a file has or had. ``modified`` and ``stored`` are in milliseconds."""

    data: bytes
    mime: str
    modified: int
    stored: int
    original: str = ""
    keep: bool = False
    id: str = field(default_factory=lambda: "0B" + secrets.token_urlsafe(37)[:49])

    @cached_property
    def md5(self) -> str:
        return bulk.digest(self.data, "md5")

    @cached_property
    def sha1(self) -> str:
        return bulk.digest(self.data, "sha1")

    @cached_property
    def sha256(self) -> str:
        return bulk.digest(self.data, "sha256")


@dataclass(frozen=True)
class File:
    """A file, folder, document or shortcut; times in milliseconds.

    ``revisions`` are those of its content, the newest last; only a file with bytes has any.
    ``text`` is what a Google-native document says. ``trashed`` is whether it was trashed itself.
    ``target`` is what a shortcut points at. ``abusive`` and ``restricted`` stand in the way of
    downloads.
    """

    id: str
    name: str
    mime: str
    parent: str
    created: int
    modified: int
    version: int = 1
    revisions: tuple[Revision, ...] = ()
    text: bytes = b""
    trashed: bool = False
    starred: bool = False
    description: str = ""
    owner: str = ME
    access: Access = "owner"
    shared_at: int = 0
    target: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)
    app_properties: Mapping[str, str] = field(default_factory=dict)
    abusive: bool = False
    restricted: bool = False
    editor: str = ME

    @property
    def is_folder(self) -> bool:
        return self.mime == FOLDER

    @property
    def is_native(self) -> bool:
        """Whether it has no bytes."""
        return self.mime.startswith(NATIVE)

    @property
    def is_document(self) -> bool:
        return self.is_native and self.mime not in {FOLDER, SHORTCUT}

    @property
    def head(self) -> Revision | None:
        return self.revisions[-1] if self.revisions else None

    @property
    def data(self) -> bytes:
        head = self.head
        return b"" if head is None else head.data

    @property
    def quota(self) -> int:
        """How many bytes of storage it takes: its head, and what is kept forever."""
        held = self.revisions[-1:] + tuple(each for each in self.revisions[:-1] if each.keep)
        return sum(len(each.data) for each in held)

    def kept_revisions(self, now_ms: int) -> tuple[Revision, ...]:
        """Return the revisions that are not purged yet."""
        oldest = now_ms - REVISION_DAYS * 86_400_000
        superseded = zip(self.revisions, self.revisions[1:], strict=False)
        past = [old for old, new in superseded if old.keep or new.stored > oldest]
        room = REVISIONS - 1
        spared = {each.id for each in [each for each in past if not each.keep][-room:]}
        past = [each for each in past if each.keep or each.id in spared]
        return (*past, *self.revisions[-1:])
