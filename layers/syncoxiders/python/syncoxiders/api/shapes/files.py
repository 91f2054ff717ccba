"""The view over all files of all accounts, and statistics."""

from datetime import date, datetime
from typing import Literal

from syncoxiders.api.shapes.base import shape

Type = Literal["folder", "document", "image", "video", "audio", "archive", "code", "other"]
"""What a file is, by its name's ending."""


@shape
class File:
    """A file or folder somewhere."""

    name: str
    path: str
    """Within its endpoint."""
    account: str
    kind: str
    sync: str
    endpoint: str
    type: Type
    size: int | None = None
    modified_at: datetime | None = None


@shape
class Files:
    """Files that were looked for."""

    items: list[File]
    next: str | None = None
    as_of: datetime | None = None
    """The state of the oldest index that was asked."""
    pending: list[str]
    """Syncs whose files are not in the index yet."""


@shape
class Amount:
    """So many files of so many bytes, of what ``key`` names."""

    key: str
    account: str
    files: int
    bytes: int


@shape
class Duplicate:
    """Files of one content. ``wasted`` is the bytes of all but one of each account."""

    size: int
    wasted: int
    files: list[File]


@shape
class Day:
    """So many changes on a day (UTC), by kind."""

    day: date
    counts: dict[str, int]


@shape
class Statistics:
    """Figures over all accounts."""

    as_of: datetime | None = None
    by_account: list[Amount]
    by_type: list[Amount]
    days: list[Day]
    largest: list[File]
    duplicates: list[Duplicate]
    pending: list[str]
