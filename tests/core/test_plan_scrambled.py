"""Planning whatever may have been heard: any part of it, in any order, of any moves."""

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from syncoxiders.adapters.memory.state import MemoryStateStore
from syncoxiders.core.model import ROOT, ROOT_ENTRY, Endpoint, Entry, Kind, Mode, Node, Traits
from syncoxiders.core.plan import Plan, plan
from syncoxiders.core.rule import Look, Rule
from syncoxiders.engine.view import StoreView
from syncoxiders.ports.state import Commit, Observation
from tests.contracts.state_harness import entry, node, replica

ENDPOINTS = "abc"
NODES = range(1, 7)
FLAGS = st.sampled_from(["", "", "", "", "gone", "hidden", "left"])
NAMES = st.sampled_from(["x", "y", "z"])


@st.composite
def tree(draw: st.DrawFn) -> list[Node]:
    """Draw what base has: folders 1 to 4, a file in 5 and 6, each at some endpoints."""
    nodes: list[Node] = []
    for ident in NODES:
        kind = Kind.FOLDER if ident < 5 else Kind.FILE
        parent = draw(st.sampled_from([ROOT, *(each.id for each in nodes[:4])]))
        replicas = {}
        for endpoint in draw(st.sets(st.sampled_from(ENDPOINTS), min_size=1)):
            above = f"{endpoint}{parent}" if parent else ROOT_ENTRY
            flag = draw(FLAGS)
            replicas[endpoint] = structs.replace(
                replica(entry(f"{endpoint}{ident}", above, f"n{ident}", kind=kind)),
                content_gen=draw(st.integers(0, 1)),
                **({flag: True} if flag else {}),
            )
        gone = draw(st.booleans()) and draw(st.booleans())
        nodes.append(node(ident, parent, f"n{ident}", kind=kind, replicas=replicas, gone=gone))
    return nodes


@st.composite
def heard(draw: st.DrawFn, endpoint: str) -> list[Entry]:
    """Draw what is observed at an endpoint: nobody's 7 and 8 besides, and circles."""
    folders = [ROOT_ENTRY, *(f"{endpoint}{ident}" for ident in (1, 2, 3, 4, 7))]
    return [
        entry(
            f"{endpoint}{ident}",
            draw(st.sampled_from([each for each in folders if each != f"{endpoint}{ident}"])),
            draw(st.one_of(st.just(f"n{ident}"), NAMES)),
            kind=Kind.FOLDER if ident in {1, 2, 3, 4, 7} else Kind.FILE,
            version=draw(st.sampled_from(["", "new"])),
            size=1,
        )
        for ident in draw(st.sets(st.integers(1, 8)))
    ]


@st.composite
def planned(draw: st.DrawFn) -> tuple[Plan, frozenset[int]]:
    """Draw a plan, and the nodes upon which actions are open."""
    traits = Traits(stable_ids=draw(st.booleans()))
    mode = draw(st.sampled_from(Mode))
    rule = Rule(tuple(Endpoint(each, each, traits) for each in ENDPOINTS), mode=mode)
    store = MemoryStateStore().sync("me", "sync")
    seen = {each: draw(heard(each)) for each in ENDPOINTS}
    store.commit(
        Commit(nodes=draw(tree()), observed=[Observation(each, put) for each, put in seen.items()])
    )
    opened = frozenset(draw(st.sets(st.sampled_from(NODES), max_size=2)))
    look = Look(
        touched={
            each: draw(st.lists(st.sampled_from([f"{each}{ident}" for ident in range(1, 9)])))
            for each in ENDPOINTS
        },
        suspects=draw(st.lists(st.sampled_from(NODES), unique=True)),
        away=frozenset(draw(st.sets(st.sampled_from(ENDPOINTS), max_size=1))),
        open=opened,
        union=draw(st.booleans()),
        first_id=store.base().next_id(),
    )
    return plan(StoreView(store), rule, look), opened


@settings(max_examples=500)
@given(planned())
def test_what_was_heard_is_planned(drawn: tuple[Plan, frozenset[int]]) -> None:
    """There is a plan, of each action once, and none upon what others are at work on."""
    found, opened = drawn
    assert opened.isdisjoint(each.id for each in found.nodes)
    assert opened.isdisjoint(found.forget)
    assert opened.isdisjoint(each.node for each in found.actions)
    idents = [each.id for each in found.actions]
    assert len(idents) == len(set(idents))
