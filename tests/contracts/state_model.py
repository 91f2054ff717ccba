"""Random commits, and everything that a sync can be asked, to hold one store against another."""

import itertools
from collections.abc import Iterator

from hypothesis import strategies as st

from syncoxiders.core import names
from syncoxiders.core.model import Action, Conflict, Entry, Kind, Node, Replica
from syncoxiders.ports.state import Commit, Observation, SyncStore

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
    unanswered=st.just(()) | st.just(("b", "c")),
    remade=st.just(()) | st.just(("a", "c")),
)
observations = st.builds(
    Observation,
    endpoints,
    st.lists(entries, max_size=4),
    st.lists(ids, max_size=2),
    st.booleans(),
)


def commits(
    opened: st.SearchStrategy[Action], closed: st.SearchStrategy[str]
) -> st.SearchStrategy[Commit]:
    """Return commits that open and close such actions."""
    return st.builds(
        Commit,
        nodes=st.lists(nodes, max_size=4),
        forget=st.lists(numbers, max_size=1),
        opened=st.lists(opened, max_size=2),
        closed=st.lists(closed, max_size=1),
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
