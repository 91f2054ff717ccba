"""What is being made where something was deleted, and an id is a path."""

from collections.abc import Iterable

from syncoxiders.core import names
from syncoxiders.core.draft import Draft
from syncoxiders.core.model import EndpointId, Entry, EntryId, NodeId
from syncoxiders.core.states import is_new


def let_go_of_what_is_made(
    draft: Draft, gone: Iterable[NodeId]
) -> list[tuple[EndpointId, EntryId]]:
    """Let tombstones go of what an action that is open makes where they stood; returns it.

    It goes by the id that the tombstone's had. It is nobody's until the action is closed, or else
    it would bring back what was deleted. Folders come before what is in them.
    """
    made: dict[tuple[EndpointId, EntryId], None] = {}
    for node in gone:
        if node in draft.look.open:
            continue
        work = draft.work(node)
        for endpoint, entry in list(work.entries.items()):
            if draft.traits[endpoint].stable_ids or not is_new(work, endpoint):
                continue
            if (endpoint, entry.parent) in made or _is_being_made(draft, endpoint, entry):
                made[endpoint, entry.id] = None
                draft.release(work, endpoint)
    return list(made)


def _is_being_made(draft: Draft, endpoint: EndpointId, entry: Entry) -> bool:
    """Say whether another node is about to get a part at an entry's place."""
    parent = draft.node_of(endpoint, entry.parent)
    if parent is None:
        return False
    name = names.true_name(entry.name, draft.traits[endpoint])
    return any(
        each.id in draft.look.open
        and (each.name, each.kind) == (name, entry.kind)
        and endpoint not in each.replicas
        for each in draft.nodes_at(parent, names.key(name))
    )
