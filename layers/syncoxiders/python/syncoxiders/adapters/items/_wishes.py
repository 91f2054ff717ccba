"""An entry's item: what is known of it, and what is to become of it."""

from collections.abc import Iterator
from typing import TypeAlias

import msgspec

from syncoxiders.adapters.items._claims import Claim
from syncoxiders.adapters.items._codec import unpack_entry
from syncoxiders.adapters.items._tables import micros
from syncoxiders.core.model import EndpointId, Entry, EntryId, NodeId
from syncoxiders.ports.items import Item
from syncoxiders.ports.pipeline import SKEW
from syncoxiders.ports.state import Observation

Where: TypeAlias = tuple[EndpointId, EntryId]


class Known(msgspec.Struct, frozen=True, gc=False):
    """An entry's item as it was last read or written.

    One that is ``assumed`` was read by somebody else: only where it stands is told of it.
    """

    entry: Entry | None = None
    claims: frozenset[str] = frozenset()
    seen: int = 0
    at: str = ""
    assumed: bool = False


class Wish(msgspec.Struct):
    """What is to become of an entry's item.

    With ``told`` what is observed is replaced by ``entry``, unless it was ``asked`` for before
    what is there (0 is never), or is told by a write of our own that was ``begun`` before others
    asked for what is there, and is something else. Claims are added and dropped; ``claimant`` is
    refused if the entry is somebody else's. ``seen`` is that of the item when it was first tried,
    or read before a write of our own.
    """

    told: bool = False
    entry: Entry | None = None
    asked: int = 0
    begun: int = 0
    add: list[Claim] = msgspec.field(default_factory=list)
    drop: set[Claim] = msgspec.field(default_factory=set)
    claimant: NodeId | None = None
    seen: int | None = None

    @property
    def replaces(self) -> bool:
        """Say whether this is what a write of our own has made of what was a node's before."""
        claims = self.add or self.drop or self.claimant is not None
        return self.entry is not None and not self.asked and not claims

    @property
    def is_new(self) -> bool:
        """Say whether this is what a write of our own has made for a node."""
        return self.told and not self.asked and self.claimant is not None

    def is_believed(self, known: Known) -> bool:
        """Say whether what is told is newer than what is known.

        What was written since the first try, by a clock that may be behind, was asked for later.
        """
        if not self.asked:
            # one more, since that is what a write of the same moment is confirmed as
            later = self.begun and known.seen != self.seen and known.seen > self.begun + 1
            return not later or _is_same(self.entry, known.entry)
        if self.seen is None:
            self.seen = known.seen
        if known.seen not in {self.seen, 0} and known.seen > self.asked - micros(SKEW):
            return False
        return known.seen <= self.asked


class Outcome(msgspec.Struct):
    """What became of wishes: claims that were refused, and how many more entries there are."""

    refused: set[Where] = msgspec.field(default_factory=set)
    grown: dict[EndpointId, int] = msgspec.field(default_factory=dict)


NOTHING = Known()


def known_from(item: Item | None) -> Known:
    """Return what an entry's item says."""
    if item is None:
        return NOTHING
    held = item.attributes
    data, claims, seen, at = (held.get(each) for each in ("data", "claims", "seen", "at"))
    return Known(
        None if data is None else unpack_entry(data, item.key[1]),
        claims if isinstance(claims, frozenset) else frozenset(),
        seen if isinstance(seen, int) else 0,
        at if isinstance(at, str) else "",
    )


def wishes_of(seen: Observation) -> Iterator[tuple[Where, Wish]]:
    """Yield what an observation wishes, in order: what is gone last."""
    stamp = micros(seen.asked) if seen.asked else 0
    begun = {each: micros(at) for each, at in seen.begun.items()}
    told = [*((each.id, each) for each in seen.put), *((each, None) for each in seen.gone)]
    for each, entry in told:
        yield (seen.endpoint, each), Wish(True, entry, stamp, begun.get(each, 0))


def _is_same(told: Entry | None, known: Entry | None) -> bool:
    """Say whether two observations of an entry tell the same of its place and its content."""
    if told is None or known is None:
        return told is known
    return (told.parent, told.name, told.version) == (known.parent, known.name, known.version)
