"""Which known node something new at an endpoint may be, by where it stands and is called."""

from syncoxiders.core import names
from syncoxiders.core.draft import Draft, Work
from syncoxiders.core.model import ROOT, ROOT_ENTRY, EndpointId, Entry, NodeId, Traits


def counterpart(
    draft: Draft, endpoint: EndpointId, entry: Entry, parent: NodeId, name: str
) -> Work | None:
    """Return the node that other endpoints have at this place and that lacks this one."""
    traits = draft.traits[endpoint]
    key = names.key(name)
    found: list[Work] = []
    for other in draft.active:
        folder = draft.entry_of(other.id, parent)
        if other.id == endpoint or folder is None:
            continue
        for theirs in draft.view.entries_at(other.id, folder, key):
            node = draft.node_of(other.id, theirs.id)
            their_name = names.true_name(theirs.name, other.traits)
            if theirs.kind is not entry.kind or not _match(name, their_name, traits, other.traits):
                continue
            if node is not None and not _is_passing(draft, node, endpoint, other.id):
                found.append(draft.work(node))
    found.extend(
        work
        for work in draft.nodes_at(parent, key)
        if work.kind is entry.kind and _match(name, work.name, traits, traits)
    )
    if not found:
        return None
    free = [work for work in found if endpoint not in work.entries]
    exact = [work for work in free if work.name == name]
    return next(iter([*exact, *free]), None)


def called_so(draft: Draft, endpoint: EndpointId, entry: Entry, parent: NodeId) -> Work | None:
    """Return the node that is being made here under a name that was allocated for it."""
    name = names.allocated_for(entry.name, draft.traits[endpoint])
    found = draft.nodes_at(parent, names.key(name)) if name is not None else []
    return next(
        (
            work
            for work in found
            if work.id in draft.look.open
            and (work.name, work.kind) == (name, entry.kind)
            and endpoint not in work.entries
        ),
        None,
    )


def stood_at(draft: Draft, work: Work, endpoint: EndpointId, parent: NodeId, name: str) -> bool:
    """Say whether an endpoint's part of a node was last confirmed at a place.

    Where names that differ in case or form alone cannot stand side by side somewhere, such a
    change of the name is one of the node's.
    """
    replica, base = work.replicas.get(endpoint), work.base
    if replica is None or not _match(replica.name, name, *draft.traits.values()):
        return False
    settled = base is not None and replica.place_gen == base.place_gen
    return (settled and base is not None and base.parent == parent) or draft.node_of(
        endpoint, replica.parent
    ) == parent


def is_shadowed(draft: Draft, endpoint: EndpointId, entry: Entry, parent: NodeId) -> bool:
    """Say whether another endpoint has something here that the filter leaves out."""
    if not draft.rule.filter:
        return False
    for other in draft.rule.endpoints:
        folder = ROOT_ENTRY
        if parent != ROOT:
            above = draft.last_heard_of(other.id, parent)
            folder = above.id if above is not None else ""
        if other.id == endpoint or not folder:
            continue
        for theirs in draft.view.entries_at(other.id, folder, names.key(entry.name)):
            if theirs.name == entry.name and draft.hidden(other.id, theirs):
                return True
    return False


def _is_passing(draft: Draft, node: NodeId, endpoint: EndpointId, other: EndpointId) -> bool:
    """Say whether a node stands where it does only until it follows a move made elsewhere.

    If it was deleted since at an endpoint that had it in the new place already, what is new
    there in the old one is not the same.
    """
    work = draft.work(node)
    here, there = work.replicas.get(endpoint), work.replicas.get(other)
    return (
        work.base is not None
        and here is not None
        and there is not None
        and not here.gone
        and here.place_gen == work.base.place_gen > there.place_gen
        and not draft.is_moved(work, other)
    )


def _match(left: str, right: str, *traits: Traits) -> bool:
    """Say whether two names are one at any of the endpoints concerned."""
    return left == right or any(
        names.folded(left, each) == names.folded(right, each) for each in traits
    )
