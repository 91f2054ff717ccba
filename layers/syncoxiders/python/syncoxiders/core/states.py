"""What an endpoint's part of a node is to base: new, edited, missing, agreed; and recording it."""

import msgspec

from syncoxiders.core import hashes, names
from syncoxiders.core.draft import Draft, Work
from syncoxiders.core.model import Content, EndpointId, Entry, Replica
from syncoxiders.core.versions import PAST, Side


def missing(work: Work) -> list[EndpointId]:
    """Return the endpoints at which the node was confirmed and does not stand any more."""
    return [
        endpoint
        for endpoint, replica in work.replicas.items()
        if not replica.gone and endpoint not in work.entries and endpoint not in work.away
    ]


def was_lost(work: Work, endpoint: EndpointId) -> bool:
    """Say whether the endpoint's part was lacking in base's eyes, whatever was decided since.

    A folder that was made anew in its place had been deleted with all that was in it.
    """
    base = work.base.replicas.get(endpoint) if work.base else None
    entry = work.entries.get(endpoint)
    if base is None or entry is not None:
        return base is not None and entry is not None and base.entry != entry.id
    return base.gone or endpoint not in work.away


def has_moved(work: Work, endpoint: EndpointId) -> bool:
    """Say whether the endpoint's entry was moved in base's eyes, whatever was decided since."""
    base, entry = work.base.replicas.get(endpoint) if work.base else None, work.entries[endpoint]
    return base is not None and (base.parent, base.name) != (entry.parent, entry.name)


def is_new(work: Work, endpoint: EndpointId) -> bool:
    """Say whether the endpoint's entry was never confirmed as part of the node."""
    replica = work.replicas.get(endpoint)
    return replica is None or replica.gone


def is_edited(work: Work, endpoint: EndpointId) -> bool:
    """Say whether the endpoint's entry has another version than the confirmed one."""
    replica, entry = work.replicas.get(endpoint), work.entries[endpoint]
    return (
        replica is None
        or replica.gone
        or replica.version != entry.version
        or replica.entry != entry.id
    )


def has_agreed(work: Work, endpoint: EndpointId) -> bool:
    """Say whether the endpoint has the content that base agrees on, untouched."""
    replica = work.replicas.get(endpoint)
    return (
        replica is not None
        and not replica.left
        and not is_edited(work, endpoint)
        and replica.content_gen == work.content_gen
    )


def confirm(work: Work, endpoint: EndpointId, entry: Entry, content_gen: int) -> None:
    """Record that an endpoint has a content of the node, its place being what it was."""
    replica = work.replicas.get(endpoint)
    if replica is None or replica.gone:
        replica = Replica(entry.id, entry.version, entry.parent, entry.name, 0, 0)
    work.replicas[endpoint] = msgspec.structs.replace(
        replica,
        entry=entry.id,
        version=entry.version,
        content_gen=content_gen,
        hidden=False,
        left=False,
    )


def confirm_places(draft: Draft, work: Work) -> None:
    """Record where each endpoint has the node; one that is not at the node's place is behind."""
    for endpoint, entry in work.entries.items():
        replica = work.replicas.get(endpoint)
        here = stands_at(draft, work, endpoint, entry)
        if replica is None or replica.gone:
            gen = work.place_gen if here else 0
            work.replicas[endpoint] = Replica(
                entry.id, entry.version, entry.parent, entry.name, 0, gen
            )
        elif here:
            work.replicas[endpoint] = msgspec.structs.replace(
                replica, parent=entry.parent, name=entry.name, place_gen=work.place_gen
            )
        elif draft.is_moved(work, endpoint):
            work.replicas[endpoint] = msgspec.structs.replace(
                replica, parent=entry.parent, name=entry.name, place_gen=0
            )


def leave(work: Work) -> None:
    """Record that what endpoints have of a node is their own."""
    for endpoint, replica in work.replicas.items():
        work.replicas[endpoint] = msgspec.structs.replace(replica, left=True)


def stands_at(draft: Draft, work: Work, endpoint: EndpointId, entry: Entry) -> bool:
    """Say whether an entry stands at the node's place, under that name or one allocated for it."""
    if draft.node_of(endpoint, entry.parent) != work.parent:
        return False
    replica = work.replicas.get(endpoint)
    if (
        replica is not None
        and replica.place_gen == work.place_gen
        and replica.name == entry.name
        and replica.parent == entry.parent
    ):
        return True
    traits = draft.traits[endpoint]
    return work.name in (entry.name, names.true_name(entry.name, traits))


def agreed_content(work: Work) -> Content | None:
    """Return the content that base agrees on, with every hash that is known of it."""
    content = work.content
    if content is None:
        return None
    known = content.hashes
    for endpoint in work.entries:
        if has_agreed(work, endpoint):
            known = hashes.merged(known, work.entries[endpoint].hashes)
    return content if known == content.hashes else msgspec.structs.replace(content, hashes=known)


def agreed_side(work: Work) -> Side:
    """Return the content that base agrees on, with who has it, to be compared with others."""
    content = agreed_content(work)
    holders = [(each, entry) for each, entry in work.entries.items() if has_agreed(work, each)]
    return Side(content.hashes if content is not None else "", holders)


def adopt_content(work: Work, content: Content, *, superseded: bool = True) -> None:
    """Make a content the one that base agrees on.

    If the former one was ``superseded``, edited by who had it, it is remembered by its hash: who
    turns up with it has nothing to lose.
    """
    if superseded and work.content is not None and work.content.hashes:
        work.past = (work.content.hashes, *work.past)[:PAST]
    work.content = content
    work.content_gen += 1


def put_bits_behind(work: Work) -> None:
    """Put endpoints whose executable bit differs from the agreed one behind."""
    agreed = work.content.executable if work.content else None
    for endpoint, entry in work.entries.items():
        replica = work.replicas.get(endpoint)
        if (
            replica is not None
            and replica.content_gen == work.content_gen
            and agreed is not None
            and entry.executable not in (None, agreed)
        ):
            work.replicas[endpoint] = msgspec.structs.replace(
                replica, content_gen=work.content_gen - 1
            )
