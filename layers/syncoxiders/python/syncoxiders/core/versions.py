"""Contents that compete for a node: telling them apart, and ranking them by keep-mode."""

from collections.abc import Sequence

import msgspec

from syncoxiders.core import hashes
from syncoxiders.core.draft import Draft
from syncoxiders.core.model import Content, Endpoint, EndpointId, Entry

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
    if left.size != right.size:
        return False
    if left.size == 0:
        return True
    return hashes.equal(left.hashes, right.hashes)


def known_past(content: Content, past: Sequence[str]) -> bool:
    """Say whether the content is one that the node had before."""
    return any(hashes.equal(content.hashes, each) for each in past)


def is_own(content: Content) -> bool:
    """Say whether the hash that SyncOxiders computes itself is known of the content."""
    return hashes.OWN in hashes.decode(content.hashes)


def probe(draft: Draft, endpoint: EndpointId, entry: Entry) -> None:
    """Ask for the hash of an entry's bytes, unless it is known."""
    if not is_own(content_of(entry)):
        draft.probes[endpoint, entry.id] = entry


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

    def by_path(version: Version) -> int:
        return min((order[holder] for holder in version.holders), default=len(order))

    def by_time(version: Version) -> int:
        return -version.content.mtime_ns if timed else 0

    def first(version: Version) -> int:
        if keep.startswith("path"):
            wanted = int(keep[4:]) - 1
            return 0 if any(order[holder] == wanted for holder in version.holders) else 1
        size, time = version.content.size, version.content.mtime_ns if timed else 0
        return {"newer": -time, "older": time, "bigger": -size, "smaller": size}[keep]

    return sorted(versions, key=lambda each: (first(each), by_time(each), by_path(each)))


def grouped(draft: Draft, found: Sequence[tuple[EndpointId, Entry, bool]]) -> list[Version] | None:
    """Gather ``(endpoint, entry, clean)`` into versions of distinct bytes.

    Returns None, having asked for probes, where equality is not known yet.
    """
    versions: list[Version] = []
    unknown = False
    for endpoint, entry, clean in found:
        content = content_of(entry)
        for version in versions:
            verdict = same(version.content, content)
            if verdict is None:
                unknown = True
                probe(draft, endpoint, entry)
                for other, theirs, _ in found:
                    if other in version.holders:
                        probe(draft, other, theirs)
            elif verdict:
                version.holders.append(endpoint)
                version.clean = version.clean or clean
                version.content = msgspec.structs.replace(
                    version.content, hashes=hashes.merged(version.content.hashes, content.hashes)
                )
                break
        else:
            versions.append(Version(content=content, holders=[endpoint], clean=clean))
    return None if unknown else versions
