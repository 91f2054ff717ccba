"""Nodes that lie close together are read in a row."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from syncoxiders.adapters.items._keys import RUN, SHARDS, Keys
from syncoxiders.adapters.items._rows import IN_UNIT, read_nodes, rows
from syncoxiders.adapters.items._tables import Tables
from syncoxiders.adapters.memory.items import MemoryItems
from syncoxiders.ports.items import Item, Put

NODES = st.sets(
    st.one_of(st.integers(1, 4 * RUN), st.integers(1, 3 * RUN * SHARDS), st.integers(1, 1 << 60)),
    max_size=200,
)
KEYS = Keys("me", "sync")


def table(nodes: set[int]) -> MemoryItems:
    """Return a table with these nodes, each as large as most are."""
    items = MemoryItems()
    items.write([Put(Item(KEYS.node(node), {"data": b"x" * 300})) for node in nodes])
    return items


@given(NODES, NODES)
def test_like_one_by_one(there: set[int], wanted: set[int]) -> None:
    """What is found is what asking for each would find."""
    found = read_nodes(Tables(table(there), MemoryItems()), KEYS, wanted)
    assert found.keys() == there & wanted
    assert all(item.key == KEYS.node(node) for node, item in found.items())


@given(NODES, NODES)
def test_for_no_more(there: set[int], wanted: set[int]) -> None:
    """It costs no more units than asking for each, and a fraction where they lie close."""
    items = table(there)
    items.usage.read_units = 0
    read_nodes(Tables(items, MemoryItems()), KEYS, wanted)
    assert items.usage.read_units <= len(wanted)


def test_all_of_a_shard() -> None:
    """Nodes that were made together take a unit for every dozen."""
    made = set(range(RUN, 5 * RUN))
    items = table(made)
    items.usage.read_units = 0
    assert read_nodes(Tables(items, MemoryItems()), KEYS, made).keys() == made
    assert items.usage.read_units <= len(made) / IN_UNIT


@given(NODES)
def test_rows(nodes: set[int]) -> None:
    """Each node is in one row, which lies in one shard and has no gap to speak of."""
    found = list(rows(nodes))
    assert sorted(node for row in found for node in row) == sorted(nodes)
    for row in found:
        assert len({KEYS.node(node)[0] for node in row}) == 1
        assert all(b - a <= IN_UNIT for a, b in itertools.pairwise(row))
