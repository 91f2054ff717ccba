"""The SQLite store passes the contract, and answers as the memory store does."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncoxiders.adapters.memory.state import MemoryStateStore
from syncoxiders.adapters.state.sqlite import SqliteStateStore
from syncoxiders.core import names
from syncoxiders.core.model import Conflict, Entry, Kind, Node, Replica
from syncoxiders.ports.state import Commit, Observation, SyncStore
from tests.contracts.state_contract import *  # noqa: F403 -- the suite is its names
from tests.contracts.state_harness import action


class SqliteHarness:
    def __init__(self, path: Path) -> None:
        self._path = path
        self.store = SqliteStateStore(path)

    def reopen(self) -> SqliteStateStore:
        self.store.close()
        self.store = SqliteStateStore(self._path)
        return self.store


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[SqliteHarness]:
    harness = SqliteHarness(tmp_path / "state.db")
    yield harness
    harness.store.close()


ENDPOINTS = ("a", "b", "c")
IDS = ("1", "2", "3", "4", "\udce9")
NODES = range(1, 6)
NAMES = ("x", "X", "é", "e\u0301", "\udce9", "y")
VERSIONS = ("", "1", "2")

endpoints = st.sampled_from(ENDPOINTS)
ids = st.sampled_from(IDS)
numbers = st.sampled_from(NODES)
texts = st.sampled_from(NAMES)
versions = st.sampled_from(VERSIONS)
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
    opened=st.lists(st.builds(action, texts, node=numbers), max_size=2),
    closed=st.lists(texts, max_size=1),
    observed=st.lists(observations, max_size=3),
    at=st.floats(0, 1e6),
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
        yield tree.get(IDS), tree.count(), tree.changes(0, 1_000), tree.changes(2, 3)
        yield base.of(endpoint, (*IDS, "")), sorted(itertools.chain(*base.unbound(endpoint)))
        for parent in ("/", *IDS):
            yield sorted(one.id for one in tree.children(parent))
            for name in NAMES:
                yield sorted(one.id for one in tree.at(parent, names.key(name)))
    yield sync.open_actions(), sync.losses(0), sync.losses(5e5)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteStateStore]:
    with SqliteStateStore(tmp_path_factory.mktemp("state") / "state.db") as store:
        yield store


names_of_syncs = map(str, itertools.count())


@settings(deadline=None)  # the machine may be busy
@given(st.lists(commits, max_size=6))
def test_answers_as_memory_does(shared: SqliteStateStore, history: list[Commit]) -> None:
    """Whatever is committed, both stores give the same answers to every question."""
    name = next(names_of_syncs)
    ours, model = shared.sync("owner", name), MemoryStateStore().sync("owner", name)
    for change in history:
        ours.commit(change)
        model.commit(change)
        for ours_says, model_says in zip(answers(ours), answers(model), strict=True):
            assert ours_says == model_says
