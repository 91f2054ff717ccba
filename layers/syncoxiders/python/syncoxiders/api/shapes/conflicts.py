"""Conflicts: two versions of one file, both kept, until a person decides."""

from datetime import datetime
from typing import Annotated, Literal

from annotated_types import MaxLen

from syncoxiders.api.shapes.base import shape


@shape
class Version:
    """One of the two versions."""

    path: str
    endpoint: str
    account: str
    """Where it was made."""
    size: int | None = None
    modified_at: datetime | None = None
    media: Literal["text", "image", "other"]
    """How it can be shown."""
    deleted: bool = False
    """Whether it is no longer there."""


@shape
class Conflict:
    """A conflict. ``kept`` has the file's name, ``other`` stands beside it."""

    id: str
    sync: str
    kept: Version
    other: Version


@shape
class Conflicts:
    """Conflicts; those of one sync stand together."""

    items: list[Conflict]
    next: str | None = None


@shape
class Resolution:
    """What becomes of a conflict."""

    take: Literal["kept", "other", "both", "merged"]
    """``kept`` deletes the other one; ``other`` puts it in place of the kept one; ``both`` leaves
    both where they are; ``merged`` replaces the kept one by ``text`` and deletes the other."""
    text: Annotated[str, MaxLen(1_000_000)] | None = None
