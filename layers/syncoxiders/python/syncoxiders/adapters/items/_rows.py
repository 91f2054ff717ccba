"""Reading nodes in a row where they lie close together.

A key costs a unit to read, of 4 KB, and a query a unit for some dozen of nodes that lie one behind
the other. What was made together does, and is often changed together.
"""

from collections.abc import Collection, Iterator, Sequence

from syncoxiders.adapters.items._keys import RUN, Keys, node_sort
from syncoxiders.adapters.items._tables import Tables
from syncoxiders.core.model import NodeId
from syncoxiders.ports.items import Item

IN_UNIT = 8
"""So many nodes are read for a unit at least, unless they are large."""

WORTH = 4
"""So many units less are worth a request of its own."""


def read_nodes(
    tables: Tables, keys: Keys, nodes: Collection[NodeId], *, consistent: bool = True
) -> dict[NodeId, Item]:
    """Return the items of those nodes that have one, which may be older if not ``consistent``."""
    found: dict[NodeId, Item] = {}
    single: list[NodeId] = []
    for row in rows(nodes):
        span = row[-1] - row[0] + 1
        if len(row) - -(-span // IN_UNIT) < WORTH:
            single.extend(row)
            continue
        partition, last = keys.node(row[-1])
        wanted = set(row)
        after = node_sort(row[0] - 1)
        for item in tables.tree.query(partition, after=after, until=last, consistent=consistent):
            if (node := int(item.key[1], 16)) in wanted:
                found[node] = item
    by_key = {keys.node(node): node for node in single}
    read = tables.tree.get(list(by_key), consistent=consistent)
    found.update((by_key[key], item) for key, item in read.items())
    return found


def rows(nodes: Collection[NodeId]) -> Iterator[Sequence[NodeId]]:
    """Yield nodes, in order, that lie in one shard with no large gaps between them."""
    row: list[NodeId] = []
    for node in sorted(set(nodes)):
        if row and (node // RUN != row[0] // RUN or node - row[-1] > IN_UNIT):
            yield row
            row = []
        row.append(node)
    if row:
        yield row
