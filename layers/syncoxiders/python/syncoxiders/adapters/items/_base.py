"""The base tree of a sync upon its nodes and entries."""

from collections.abc import Iterable, Iterator, Sequence

from syncoxiders.adapters.items import _full
from syncoxiders.adapters.items._claims import claims_of
from syncoxiders.adapters.items._counters import Counters
from syncoxiders.adapters.items._entries import Entries
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
        claim counts if the node has the entry, or the action is open by which it is to get it.
        """
        read = self._entries.read_ahead([(endpoint, each) for each in dict.fromkeys(ids) if each])
        claims = {where: claims_of(known.claims) for where, known in read.items()}
        wanted = dict.fromkeys(claim.node for each in claims.values() for claim in each)
        held = self._nodes.read_ahead(wanted)
        best: dict[EntryId, tuple[int, NodeId]] = {}
        for (_, entry), claimed in claims.items():
            for claim in claimed:
                item = held.get(claim.node)
                if item is None:
                    continue
                replica = item.node.replicas.get(endpoint) if item.node is not None else None
                if replica is not None and replica.entry == entry:
                    rank = 0 if replica.gone else 2
                elif claim.is_awaited(action for _, action in item.open):
                    rank = 1
                else:
                    continue
                best[entry] = max(best.get(entry, (-1, -1)), (rank, claim.node))
        return {entry: node for entry, (_, node) in best.items()}

    def suspects(self, endpoints: Sequence[EndpointId]) -> Iterator[list[NodeId]]:
        """Yield, in batches, the nodes that a full plan must look at."""
        return _full.suspects(self._nodes, self._entries, self._counters, endpoints, self._threads)

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
