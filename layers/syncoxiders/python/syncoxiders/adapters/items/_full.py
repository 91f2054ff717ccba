"""What looks at all of a tree: every shard is read once, and nothing is held but digests.

Of each replica 24 bytes are kept: digests of its entry and of what it says of it, and its node.
They lie apart by the shard of the entry, so that with each of these only its own are compared.
The digests are Python's own, good for one process.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence

from syncoxiders.adapters.items._codec import unpack_entry
from syncoxiders.adapters.items._counters import Counters
from syncoxiders.adapters.items._entries import Entries
from syncoxiders.adapters.items._held import Held, counts
from syncoxiders.adapters.items._keys import SHARDS, entry_shard, sort_key
from syncoxiders.adapters.items._nodes import Nodes
from syncoxiders.adapters.items._tables import BATCH, together
from syncoxiders.core.model import Action, EndpointId, EntryId, Node, NodeId, Replica
from syncoxiders.ports.items import Item

_GONE = -1
"""In place of the digest of a replica that is gone; no digest that Python gives is -1."""


def ids(nodes: Nodes, threads: int) -> Iterator[list[NodeId]]:
    """Yield the ids of all nodes in batches."""
    for batch in together(nodes.all_shards(), threads):
        if found := [node for node, held in batch if held.node is not None]:
            yield found


def open_actions(nodes: Nodes, threads: int) -> list[Action]:
    """Return all open actions in the order of opening."""
    found = [
        each
        for batch in together(nodes.all_shards(), threads)
        for _, held in batch
        for each in held.open
    ]
    return [action for _, action in sorted(found, key=lambda each: each[0])]


def suspects(
    nodes: Nodes,
    entries: Entries,
    counters: Counters,
    endpoints: Sequence[EndpointId],
    threads: int,
) -> Iterator[list[NodeId]]:
    """Yield, in batches, the nodes that a full plan must look at."""
    compared = {endpoint: _Replicas() for endpoint in endpoints}
    told: set[NodeId] = set()
    with counters.recount() as tally:
        for batch in together(nodes.all_shards(), threads):
            tally.count += sum(counts(held.node) for _, held in batch)
            yield from _new(_suspect(batch, compared), told)
    for endpoint, replicas in compared.items():
        with counters.recount(endpoint) as tally:
            for shard in range(SHARDS):
                seen = {
                    hash(entry): _observed(item) for entry, item in entries.shard(endpoint, shard)
                }
                tally.count += len(seen)
                found = (
                    node
                    for entry, says, node in replicas.of(shard)
                    if (entry in seen if says == _GONE else seen.get(entry) != says)
                )
                yield from _new(found, told)


def unbound(
    nodes: Nodes, entries: Entries, endpoint: EndpointId, threads: int
) -> Iterator[list[EntryId]]:
    """Yield, in batches, the observed entries that belong to no node."""
    replicas = _Replicas()
    for batch in together(nodes.all_shards(), threads):
        for node, held in batch:
            replica = held.node.replicas.get(endpoint) if held.node is not None else None
            if replica is not None:
                replicas.add(node, replica)
    for shard in range(SHARDS):
        bound = {entry for entry, _, _ in replicas.of(shard)}
        free = [entry for entry, _ in entries.shard(endpoint, shard) if hash(entry) not in bound]
        for start in range(0, len(free), BATCH):
            yield free[start : start + BATCH]


class _Replicas:
    """The replicas of an endpoint, by the shards of their entries."""

    __slots__ = ("_shards",)

    def __init__(self) -> None:
        self._shards = [array("q") for _ in range(SHARDS)]

    def add(self, node: NodeId, replica: Replica) -> None:
        if replica.entry:
            says = _GONE if replica.gone else _says(replica.version, replica.parent, replica.name)
            shard = entry_shard(sort_key(replica.entry))
            self._shards[shard].extend((hash(replica.entry), says, node))

    def of(self, shard: int) -> Iterator[tuple[int, int, NodeId]]:
        held = iter(self._shards[shard])
        return zip(held, held, held, strict=True)


def _suspect(
    batch: Iterable[tuple[NodeId, Held]], compared: dict[EndpointId, _Replicas]
) -> Iterator[NodeId]:
    """Yield nodes that are suspect by themselves; note the others for comparison."""
    for ident, held in batch:
        node = held.node
        if node is None:
            continue
        if node.gone or node.out or any(_is_unsettled(node, each) for each in compared):
            yield ident
        else:
            for endpoint, replicas in compared.items():
                replicas.add(ident, node.replicas[endpoint])


def _is_unsettled(node: Node, endpoint: EndpointId) -> bool:
    replica = node.replicas.get(endpoint)
    return (
        replica is None
        or replica.left
        or replica.content_gen < node.content_gen
        or replica.place_gen < node.place_gen
        or not (replica.entry or replica.gone)
    )


def _new(found: Iterable[NodeId], told: set[NodeId]) -> Iterator[list[NodeId]]:
    batch: list[NodeId] = []
    for node in found:
        if node not in told:
            told.add(node)
            batch.append(node)
            if len(batch) == BATCH:
                yield batch
                batch = []
    if batch:
        yield batch


def _observed(item: Item) -> int:
    entry = unpack_entry(item.attributes["data"], item.key[1])
    return _says(entry.version, entry.parent, entry.name)


def _says(version: str, parent: str, name: str) -> int:
    return hash((version, parent, name))
