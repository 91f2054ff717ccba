"""Losers of conflicts: they become nodes of their own, under names that are free everywhere."""

import msgspec

from syncoxiders.core import hashes, names
from syncoxiders.core.draft import Draft, Work
from syncoxiders.core.model import Conflict, Content, EndpointId, NodeId, Replica
from syncoxiders.core.states import put_bits_behind
from syncoxiders.core.versions import Version


def split(draft: Draft, work: Work, loser: Version) -> Work:
    """Keep a conflict's loser: it becomes a node of its own, beside the winner.

    The entries that hold it are renamed where they stand, so that no byte is moved to keep them.
    """
    first = loser.holders[0]
    name = conflict_place(draft, work.parent, work.name, first, loser.content)
    kept = draft.fresh(work.kind, work.parent, name)
    kept.content = loser.content
    kept.content_gen = kept.place_gen = 1
    kept.conflict = Conflict(of=work.id, endpoint=first)
    for holder in loser.holders:
        entry, replica = work.entries.get(holder), work.replicas.get(holder)
        draft.unbind(work, holder)
        if entry is not None:
            draft.bind(kept, holder, entry)
            replica = Replica(entry.id, entry.version, entry.parent, entry.name, 1, 0)
        elif replica is not None:
            draft.hand_over(work, kept, holder, replica.entry)
        if replica is not None:
            kept.replicas[holder] = msgspec.structs.replace(replica, content_gen=1, place_gen=0)
    put_bits_behind(kept)
    # It is not superseded: who turns up with it at the winner's place has more than an old copy.
    work.past = tuple(
        each for each in work.past if hashes.equal(each, loser.content.hashes) is not True
    )
    draft.note("conflict", first, work, f"kept as {name}")
    return kept


def conflict_place(
    draft: Draft, parent: NodeId, name: str, endpoint: EndpointId, content: Content | None
) -> str:
    """Return a free name for a conflict's loser in a folder."""
    label = draft.rule.endpoint(endpoint).label
    mtime = content.mtime_ns if content else 0
    digest = hashes.decode(content.hashes).get(hashes.OWN, "") if content else ""
    limit = min(each.traits.max_name for each in draft.rule.endpoints)
    wish = names.conflict_name(name, label, mtime, max_bytes=limit)
    number = 0
    while is_taken(draft, parent, wish):
        unique = digest[:8] if digest and not number else f"{number:08x}"
        wish = names.conflict_name(name, label, mtime, unique, max_bytes=limit)
        number += 1
    return wish


def is_taken(draft: Draft, parent: NodeId, name: str) -> bool:
    """Say whether a node will stand, or an entry stands, under (about) this name in a folder."""
    key = names.key(name)
    if draft.nodes_at(parent, key):
        return True
    for endpoint in draft.active:
        folder = draft.entry_of(endpoint.id, parent)
        if folder is not None and draft.view.entries_at(endpoint.id, folder, key):
            return True
    return False
