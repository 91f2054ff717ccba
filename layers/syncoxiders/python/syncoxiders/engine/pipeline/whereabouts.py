"""Where what a worker is to do takes place: read in a few requests, before anything is done."""

from collections.abc import Iterable, Sequence

from syncoxiders.core.model import (
    ROOT,
    Action,
    ActionKind,
    EndpointId,
    Entry,
    EntryId,
    Node,
    NodeId,
)
from syncoxiders.engine.pipeline import setting
from syncoxiders.engine.places import Places
from syncoxiders.ports.pipeline import SharedStore


def known_places(store: SharedStore, actions: Sequence[Action]) -> Places:
    """Return the places with what actions are sure to need.

    Where content comes from and goes to base tells: what has changed its version tells there. So
    do the folders above what is updated, unless they are being moved, or wait for others: of where
    these have been moved meanwhile base is not told before.
    """
    base = store.base()
    wanted: dict[NodeId, None] = {}
    for action in actions:
        wanted[action.node] = None
        if action.parent != ROOT:
            wanted[action.parent] = None
    nodes = base.get(wanted)
    places = Places(store, _entries(store, actions, nodes.values()), by_base=True)
    above = [nodes[each.node] for each in actions if _is_update(each) and each.node in nodes]
    while above:
        parents = {node.parent for node in above} - nodes.keys() - {ROOT}
        above = list(base.get(parents).values())
        nodes.update((node.id, node) for node in above)
    unsettled = _unsettled(store, nodes.keys() - {each.node for each in actions}, nodes.values())
    for node in nodes.values():
        places.know(node, stands=node.id not in unsettled)
    return places


def _entries(
    store: SharedStore, actions: Iterable[Action], nodes: Iterable[Node]
) -> dict[tuple[EndpointId, EntryId], Entry]:
    """Return the entries of nodes, but for those that actions take content from, or to."""
    told = {
        place
        for action in actions
        if action.source is not None
        for place in (
            (action.source.endpoint, action.source.entry),
            (action.endpoint, action.entry),
        )
    }
    wanted: dict[EndpointId, dict[EntryId, None]] = {}
    for node in nodes:
        for endpoint, replica in node.replicas.items():
            if (endpoint, replica.entry) not in told:
                wanted.setdefault(endpoint, {})[replica.entry] = None
    return {
        (endpoint, entry): value
        for endpoint, ids in wanted.items()
        for entry, value in store.observed(endpoint).get(ids).items()
    }


def _unsettled(store: SharedStore, others: Iterable[NodeId], nodes: Iterable[Node]) -> set[NodeId]:
    """Return those of the nodes that may have been moved without base being told.

    These are the ``others``, upon which this worker does nothing, that have an open action, and
    all that wait until others have made a way for them.
    """
    waiting = setting.planning(store)
    entries = set(waiting.entries)
    found = {*store.open_of(others, fresh=False), *waiting.nodes}
    found.update(
        node.id
        for node in nodes
        if any((endpoint, each.entry) in entries for endpoint, each in node.replicas.items())
    )
    return found


def _is_update(action: Action) -> bool:
    return action.kind is ActionKind.UPDATE and action.source is not None
