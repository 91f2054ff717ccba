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
    """The account's."""
    sync: str
    endpoint: str
    type: Type
    size: int | None = None
    """In bytes. A folder's is that of all below it, and is told in a folder's listing alone."""
    modified_at: datetime | None = None


@shape
class Files:
    """Files that were looked for."""

    items: list[File]
    next: str | None = None
    as_of: datetime | None = None
    """When the index that has learned of no change for longest last learned of one."""
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
    """Files of one content that are not kept in step with each other.

    Those that a sync keeps in step are one file in several places, and no duplicates.
    """

    size: int
    """Of each of them."""
    wasted: int
    """The bytes that would be free if only one of them was kept, with what is in step with it."""
    files: list[File]
    """The first of them, with what is in step with each."""


@shape
class Day:
    """So many changes on a day (UTC), by kind: what runs that ended on it did."""

    day: date
    counts: dict[str, int]


@shape
class Statistics:
    """Figures over all accounts. Where two syncs have the same folder, it counts twice."""

    as_of: datetime | None = None
    """The time of the oldest of them."""
    by_account: list[Amount]
    by_type: list[Amount]
    """By account and type."""
    days: list[Day]
    largest: list[File]
    duplicates: list[Duplicate]
    pending: list[str]
