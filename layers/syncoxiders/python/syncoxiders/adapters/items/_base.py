"""The base tree of a sync upon its nodes and entries."""

from collections.abc import Iterable, Iterator, Sequence

from syncoxiders.adapters.items import _full
from syncoxiders.adapters.items._counters import Counters
from syncoxiders.adapters.items._entries import Entries, claimants
from syncoxiders.adapters.items._nodes import Nodes
from syncoxiders.core.model import EndpointId, EntryId, Node, NodeId


class ItemsBaseTree:
    """The base tree of one sync."""

    def __init__(self, entries: Entries, nodes: Nodes, counters: Counters, threads: int) -> None:
        self._threads = threads
        self._entries = entries
        self._nodes = nodes
        self._counters = counters

    def get(self, ids: Iterable[NodeId]) -> dict[NodeId, Node]:
        """Return those that are there, tombstones included."""
        read = self._nodes.read_once(ids)
        return {node: held.node for node, held in read.items() if held.node is not None}

    def children(self, parent: NodeId) -> list[Node]:
        """Return the nodes in a folder, tombstones included."""
        return self._nodes.placed(parent)

    def at(self, parent: NodeId, key: str) -> list[Node]:
        """Return the nodes in a folder whose name has this ``names.key``, no tombstones."""
        return self._nodes.placed(parent, key)

    def of(self, endpoint: EndpointId, ids: Iterable[EntryId]) -> dict[EntryId, NodeId]:
        """Return which node each entry belongs to, where it belongs to one.

        Where several nodes claim it, one that is not ``gone`` goes first, then the newest. A
        claim counts if the node has the entry, or an open action at the endpoint, by which it may
        be about to get it.
        """
        read = self._entries.read_ahead([(endpoint, each) for each in dict.fromkeys(ids) if each])
        wanted = {node for known in read.values() for node in claimants(known.claims)}
        held = self._nodes.read_ahead(sorted(wanted))
        best: dict[EntryId, tuple[int, NodeId]] = {}
        for where, known in read.items():
            for node in claimants(known.claims):
                item = held.get(node)
                replica = item.node.replicas.get(endpoint) if item and item.node else None
                if replica is not None and replica.entry == where[1]:
                    rank = 0 if replica.gone else 2
                elif item is not None and any(each.endpoint == endpoint for _, each in item.open):
                    rank = 1
                else:
                    continue
                best[where[1]] = max(best.get(where[1], (-1, -1)), (rank, node))
        return {entry: node for entry, (_, node) in best.items()}

    def suspects(self, endpoints: Sequence[EndpointId]) -> Iterator[list[NodeId]]:
        """Yield, in batches, the nodes that a full plan must look at."""
        return _full.suspects(self._nodes, self._entries, endpoints, self._threads)

    def unbound(self, endpoint: EndpointId) -> Iterator[list[EntryId]]:
        """Yield, in batches, the observed entries that belong to no node."""
        return _full.unbound(self._nodes, self._entries, endpoint, self._threads)

    def ids(self) -> Iterator[list[NodeId]]:
        """Yield the ids of all nodes in batches."""
        return _full.ids(self._nodes, self._threads)

    def count(self) -> int:
        """Return how many nodes there are, without tombstones."""
        return self._counters.nodes()

    def next_id(self) -> NodeId:
        """Return a number above every id ever used in this tree (at least 1)."""
        return self._counters.next_id()

    def conflicts(self) -> list[Node]:
        """Return the nodes, without tombstones, that are kept losers of conflicts."""
        return self._nodes.losers()
