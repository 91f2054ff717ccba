"""Contents that compete for a node: telling them apart, and ranking them by keep-mode.

Contents are told apart by a hash that both carry. Where there is none, somebody has to read
bytes: that costs nothing on a disk, and a transfer elsewhere, so as little as possible is asked.
"""

from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from syncoxiders.core import hashes
from syncoxiders.core.digests import ALGORITHMS
from syncoxiders.core.draft import Draft
from syncoxiders.core.model import UNKNOWN_SIZE, Content, Endpoint, EndpointId, Entry

PAST = 8
"""How many earlier contents of a node are remembered."""


class Version(msgspec.Struct):
    """One content that stands at one or more endpoints.

    ``holders`` have it, in the order of the rule. A *clean* version was made from the content
    that base agrees on; one that is not was made without knowledge of it. ``agreed`` marks the
    content that base agrees on.
    """

    content: Content
    holders: list[EndpointId]
    clean: bool
    agreed: bool = False


def content_of(entry: Entry) -> Content:
    """Return an entry's content."""
    return Content(
        size=entry.size,
        hashes=entry.hashes if entry.size else hashes.merged(entry.hashes, hashes.EMPTY),
        mtime_ns=entry.mtime_ns,
        executable=entry.executable,
    )


def same(left: Content, right: Content) -> bool | None:
    """Say whether two contents have equal bytes; None where only reading them would tell."""
    if UNKNOWN_SIZE not in (left.size, right.size):
        if left.size != right.size:
            return False
        if left.size == 0:
            return True
    return hashes.equal(left.hashes, right.hashes)


def known_past(content: Content, past: Sequence[str]) -> bool:
    """Say whether the content is one that the node had before."""
    return any(hashes.equal(content.hashes, each) for each in past)


class Side(msgspec.Struct):
    """A content that is to be compared: its hashes, and the entries that have it, as far as any."""

    hashes: str
    entries: list[tuple[EndpointId, Entry]] = []

    @staticmethod
    def of(endpoint: EndpointId, entry: Entry) -> "Side":
        """Return the content of an entry."""
        return Side(content_of(entry).hashes, [(endpoint, entry)])


Reading: TypeAlias = tuple[EndpointId, Entry, str]
"""An entry to be hashed, and by which algorithm (besides our own)."""


def ask(draft: Draft, *pairs: tuple[Side, Side]) -> bool:
    """Ask for the hashes that tell the contents of each pair apart; False if there are none.

    What can be told for nothing is asked first: it may tell the rest as well. Else one entry is
    read, for all that this tells.
    """
    wanted = [_readings(draft, *pair) for pair in pairs]
    free = [each for each in wanted if all(_is_cheap(draft, *reading) for reading in each)]
    some = [each for each in wanted if each]
    first = {(endpoint, entry.id) for endpoint, entry, _ in some[0]} if some else set()
    chosen = [each for each in free if each] or [
        each for each in some if {(endpoint, entry.id) for endpoint, entry, _ in each} <= first
    ]
    asked = False
    for endpoint, entry, algorithm in (reading for each in chosen for reading in each):
        asked = draft.probe(endpoint, entry, algorithm) or asked
    return asked


def _readings(draft: Draft, left: Side, right: Side) -> list[Reading]:
    """Return what has to be hashed to compare two contents: one of them, if that is enough."""
    if hashes.equal(left.hashes, right.hashes) is not None:
        return []
    found = [
        (endpoint, entry, algorithm)
        for one, other in ((left, right), (right, left))
        for algorithm in computable(other.hashes)[:1]
        for endpoint, entry in one.entries
    ]
    if found:
        return [min(found, key=lambda each: not _is_cheap(draft, *each))]
    both = [[(*each, hashes.OWN) for each in side.entries] for side in (left, right)]
    return [min(each, key=lambda one: not _is_cheap(draft, *one)) for each in both if each]


def computable(known: str) -> list[str]:
    """Return the algorithms of some hashes that anybody can compute, the best first."""
    digests = hashes.decode(known)
    return [each for each in ALGORITHMS if each in digests]


def _is_cheap(draft: Draft, endpoint: EndpointId, entry: Entry, algorithm: str) -> bool:
    del entry, algorithm
    return draft.traits[endpoint].cheap_hash


def ranked(versions: Sequence[Version], endpoints: Sequence[Endpoint], keep: str) -> list[Version]:
    """Return competing versions in the order in which they win, by keep-mode.

    A tie, or a mode that the endpoints' facts cannot support, falls back to ``newer``, and
    without times to the order of the endpoints.
    """
    if len(versions) < 2:  # noqa: PLR2004 -- nothing competes
        return list(versions)
    order = {endpoint.id: index for index, endpoint in enumerate(endpoints)}
    timed = all(
        endpoint.traits.keeps_mtime
        for endpoint in endpoints
        if any(endpoint.id in version.holders for version in versions)
    ) and all(version.content.mtime_ns for version in versions)

    sized = all(version.content.size != UNKNOWN_SIZE for version in versions)

    def by_path(version: Version) -> int:
        return min((order[holder] for holder in version.holders), default=len(order))

    def by_time(version: Version) -> int:
        return -version.content.mtime_ns if timed else 0

    def first(version: Version) -> int:
        if keep.startswith("path"):
            wanted = int(keep[4:]) - 1
            return 0 if any(order[holder] == wanted for holder in version.holders) else 1
        size, time = version.content.size if sized else 0, version.content.mtime_ns if timed else 0
        return {"newer": -time, "older": time, "bigger": -size, "smaller": size}[keep]

    return sorted(versions, key=lambda each: (first(each), by_time(each), by_path(each)))


def grouped(draft: Draft, found: Sequence[tuple[EndpointId, Entry, bool]]) -> list[Version] | None:
    """Gather ``(endpoint, entry, clean)`` into versions of distinct bytes.

    Returns None, having asked for probes, where equality is not known yet.
    """
    versions: list[Version] = []
    unknown: list[tuple[Side, Side]] = []
    entries = {endpoint: entry for endpoint, entry, _ in found}
    for endpoint, entry, clean in found:
        content = content_of(entry)
        for version in versions:
            verdict = same(version.content, content)
            if verdict is None:
                holders = [(each, entries[each]) for each in version.holders]
                unknown.append((Side(version.content.hashes, holders), Side.of(endpoint, entry)))
            elif verdict:
                version.holders.append(endpoint)
                version.clean = version.clean or clean
                version.content = msgspec.structs.replace(
                    version.content, hashes=hashes.merged(version.content.hashes, content.hashes)
                )
                break
        else:
            versions.append(Version(content=content, holders=[endpoint], clean=clean))
    if not unknown:
        return versions
    ask(draft, *unknown)
    return None
