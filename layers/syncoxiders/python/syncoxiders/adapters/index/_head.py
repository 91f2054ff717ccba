"""The head of an index: a small object that says what holds, and all that has changed lately.

Whatever changes an index writes its head anew, in place of the version that was read: of two at
once one fails, and goes on from what the other one wrote.
"""

import urllib.parse
from collections.abc import Mapping
from typing import TypeAlias

import msgspec
import zstandard

from syncoxiders.core.indexed import Row
from syncoxiders.ports.index import Figures, Place, Status

FORM = 1
"""Heads and bases of another form are made anew."""

_LARGEST = 256 << 20


Noted: TypeAlias = tuple[int, Row | None]
"""What is known of an entry, behind the turn in which it was noted."""


class Build(msgspec.Struct, frozen=True):
    """A building under way: what was noted in turns up to ``turn`` was there before it began."""

    id: str
    turn: int
    done: frozenset[int] = frozenset()


class Head(msgspec.Struct, frozen=True):
    """What holds of an index.

    ``base`` names the object with the database, ``""`` until it is built. ``rows`` are what is
    known since of entries, each with the ``turn`` of the head in which it was noted; turns grow
    with every version. The base holds what was noted up to the turn that it was made in.
    """

    form: int = FORM
    turn: int = 0
    base: str = ""
    count: int = 0
    changed: float = 0.0
    merged: float = 0.0
    took: float = 0.0
    built: float = 0.0
    build: Build | None = None
    figures: Figures = Figures()
    rows: Mapping[int, Noted] = {}

    def since(self, turn: int) -> dict[int, Noted]:
        """Return what was noted after a turn."""
        return {key: noted for key, noted in self.rows.items() if noted[0] > turn}

    @property
    def status(self) -> Status:
        """How the index is."""
        return Status(
            count=self.count,
            recent=len(self.rows),
            changed=self.changed,
            merged=self.merged,
            took=self.took,
            built=self.built if self.base else 0.0,
            parts=None if self.build is None else self.build.done,
        )


def packed(head: Head) -> bytes:
    """Return a head as bytes."""
    return zstandard.ZstdCompressor(write_checksum=True).compress(msgspec.msgpack.encode(head))


def unpacked(data: bytes) -> Head | None:
    """Return the head of bytes, None if they are damaged, or of another form."""
    try:
        content = zstandard.decompress(data, max_output_size=_LARGEST)
        head = msgspec.msgpack.decode(content, type=Head)
    except (zstandard.ZstdError, msgspec.MsgspecError, UnicodeError):
        return None
    return head if head.form == FORM else None


# -- what objects are called -------------------------------------------------------------------


def owner_prefix(owner: str) -> str:
    """Return how the names of an owner's indexes begin."""
    return f"entries/{_safe(owner)}/"


def sync_prefix(owner: str, sync: str) -> str:
    """Return how the names of a sync's indexes begin."""
    return f"{owner_prefix(owner)}{_safe(sync)}/"


def prefix(place: Place) -> str:
    """Return how the names of an index begin."""
    return f"{sync_prefix(place.owner, place.sync)}{_safe(place.endpoint)}/"


def comparison_name(owner: str) -> str:
    """Return the name of what was compared of an owner's indexes."""
    return f"compared/{_safe(owner)}"


def tallies_name(owner: str) -> str:
    """Return the name of what the runs of an owner's syncs did."""
    return f"days/{_safe(owner)}"


def _safe(text: str) -> str:
    return urllib.parse.quote(text, safe="", errors="surrogatepass") or "%"
