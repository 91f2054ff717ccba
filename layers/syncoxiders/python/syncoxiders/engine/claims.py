"""Where ids are paths, a new entry may get the id that a node still has of one that went away."""

from collections.abc import Mapping

import msgspec

from syncoxiders.core.model import EndpointId, EntryId, Node, NodeId
from syncoxiders.core.rule import Rule
from syncoxiders.engine.places import Places
from syncoxiders.ports.state import SyncStore


def without(node: Node, endpoint: EndpointId) -> Node:
    """Return a node of which an endpoint is not known to have a part; a tombstone as it is."""
    if node.replicas[endpoint].gone:
        return node
    others = {each: value for each, value in node.replicas.items() if each != endpoint}
    return msgspec.structs.replace(node, replicas=others)


def outclaimed(
    store: SyncStore, rule: Rule, places: Places, nodes: Mapping[NodeId, Node | None]
) -> dict[NodeId, Node]:
    """Return, without it, the nodes that lose an entry to one of those about to be written.

    An entry belongs to one node. The loser is not known to be there any more, which is safe: it
    is joined anew with whatever the next look finds.
    """
    by_path = [each.id for each in rule.endpoints if not each.traits.stable_ids]
    claims: dict[EndpointId, dict[EntryId, set[NodeId]]] = {}
    for node in (each for each in nodes.values() if each is not None):
        for endpoint in by_path:
            replica = node.replicas.get(endpoint)
            if replica is not None and not replica.gone:
                claims.setdefault(endpoint, {}).setdefault(replica.entry, set()).add(node.id)
    losers: dict[NodeId, Node] = {}
    for endpoint, claimed in claims.items():
        for entry, owner in store.base().of(endpoint, claimed).items():
            if claimed[entry] == {owner}:
                continue
            other = losers.get(owner) or places.node(owner)
            if other is not None and _holds(other, endpoint, entry):
                losers[owner] = without(other, endpoint)
    return losers


def _holds(node: Node, endpoint: EndpointId, entry: EntryId) -> bool:
    replica = node.replicas.get(endpoint)
    return replica is not None and replica.entry == entry and not replica.gone
