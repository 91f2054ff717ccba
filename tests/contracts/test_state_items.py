"""The store of the deployed system passes the contract of states, upon tables in memory."""

import itertools
from collections.abc import Iterator, Mapping

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncoxiders.adapters.items.store import ItemsStates
from syncoxiders.adapters.memory.items import MemoryItems
from syncoxiders.adapters.memory.state import MemoryStateStore
from syncoxiders.core import names
from syncoxiders.core.model import Conflict, Entry, Kind, Node, Replica
from syncoxiders.ports.state import Commit, Observation, ObservedTree, SyncStore
from tests.contracts.state_contract import *  # noqa: F403 -- the suite is its names
from tests.contracts.state_harness import action


class ItemsHarness:
    def __init__(self) -> None:
        self.tree, self.journal = MemoryItems(), MemoryItems()
        self.store = self.reopen()

    def reopen(self) -> ItemsStates:
        self.store = ItemsStates(self.tree, self.journal)
        return self.store


@pytest.fixture
def harness() -> ItemsHarness:
    return ItemsHarness()


ENDPOINTS = ("a", "b", "c")
IDS = ("1", "2", "3", "4", "\udce9")
NODES = range(1, 6)
NAMES = ("x", "X", "é", "e\u0301", "\udce9", "y")

endpoints = st.sampled_from(ENDPOINTS)
ids = st.sampled_from(IDS)
numbers = st.sampled_from(NODES)
texts = st.sampled_from(NAMES)
versions = st.sampled_from(("", "1", "2"))
parents = st.sampled_from(("/", *IDS))
kinds = st.sampled_from(Kind)
generations = st.sampled_from((1, 1, 1, 2))
seldom = st.sampled_from((False, False, False, True))

entries = st.builds(Entry, ids, parents, texts, kinds, versions, mtime_ns=st.integers())
replicas = st.builds(
    Replica,
    st.sampled_from((*IDS, "")),
    versions,
    parents,
    texts,
    generations,
    generations,
    seldom,
    seldom,
    seldom,
)
nodes = st.builds(
    Node,
    numbers,
    st.sampled_from((0, *NODES)),
    texts,
    kinds,
    content_gen=generations,
    place_gen=generations,
    gone=seldom,
    out=seldom,
    conflict=st.none() | st.builds(Conflict, numbers, endpoints),
    replicas=st.dictionaries(endpoints, replicas),
)
observations = st.builds(
    Observation,
    endpoints,
    st.lists(entries, max_size=4),
    st.lists(ids, max_size=2),
    st.booleans(),
)
commits = st.builds(
    Commit,
    nodes=st.lists(nodes, max_size=4),
    forget=st.lists(numbers, max_size=1),
    opened=st.lists(numbers.map(lambda number: action(f"of {number}", node=number)), max_size=2),
    closed=st.lists(numbers.map(lambda number: f"of {number}"), max_size=1),
    observed=st.lists(observations, max_size=3),
    at=st.floats(0, 6e5),
    losses=st.integers(0, 3),
)


def answers(sync: SyncStore) -> Iterator[object]:
    """Yield everything that a sync can be asked, in a form that can be compared."""
    base = sync.base()
    yield base.get(NODES), base.count(), base.next_id()
    yield sorted(one.id for one in base.conflicts())
    yield sorted(itertools.chain(*base.ids()))
    for parent in (0, *NODES):
        yield sorted(one.id for one in base.children(parent))
        for name in NAMES:
            yield sorted(one.id for one in base.at(parent, names.key(name)))
    for size in range(4):
        for chosen in itertools.combinations(ENDPOINTS, size):
            yield sorted(itertools.chain(*base.suspects(chosen)))
    for endpoint in ENDPOINTS:
        tree = sync.observed(endpoint)
        yield tree.get(IDS), tree.count()
        yield base.of(endpoint, (*IDS, "")), sorted(itertools.chain(*base.unbound(endpoint)))
        for parent in ("/", *IDS):
            yield sorted(one.id for one in tree.children(parent))
            for name in NAMES:
                yield sorted(one.id for one in tree.at(parent, names.key(name)))
    yield sync.open_actions(), sync.losses(0), sync.losses(3e5)


def whole_log(tree: ObservedTree) -> list[str]:
    found: list[str] = []
    position = 0
    while True:
        page, position = tree.changes(position, 3)
        if not page:
            return found
        found += page


def one_owner_each(change: Commit, held: Mapping[int, Node]) -> Commit:
    """Leave out nodes with an entry that is another's: one that is shared would lose."""
    after = {ident: one for ident, one in held.items() if ident not in change.forget}
    kept: dict[int, Node] = {}
    for one in {one.id: one for one in change.nodes if one.id not in change.forget}.values():
        taken = {
            (endpoint, each.entry)
            for other in after.values()
            if other.id != one.id
            for endpoint, each in other.replicas.items()
            if each.entry
        }
        claimed = {(endpoint, each.entry) for endpoint, each in one.replicas.items()}
        if taken.isdisjoint(claimed):
            after[one.id] = kept[one.id] = one
    return msgspec.structs.replace(change, nodes=tuple(kept.values()))


@settings(deadline=None, max_examples=60)  # the machine may be busy
@given(st.lists(commits, max_size=6))
def test_answers_as_memory_does(history: list[Commit]) -> None:
    """Whatever is committed, the store of one machine's memory gives the same answers."""
    harness = ItemsHarness()
    ours, model = harness.store.sync("owner", "work"), MemoryStateStore().sync("owner", "work")
    for change in history:
        one_owner = one_owner_each(change, model.base().get(NODES))
        assert ours.commit(one_owner) == frozenset()
        model.commit(one_owner)
        fresh = harness.reopen().sync("owner", "work")
        for ours_says, fresh_says, model_says in zip(
            answers(ours), answers(fresh), answers(model), strict=True
        ):
            assert ours_says == fresh_says == model_says
        for endpoint in ENDPOINTS:
            logged = iter(whole_log(ours.observed(endpoint)))  # and what belongs to nobody any more
            assert all(each in logged for each in whole_log(model.observed(endpoint)))
