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
FOLDERS, NODES, HEARD = range(1, 4), range(1, 6), range(1, 8)
FLAGS = st.sampled_from(["", "", "", "", "gone", "hidden", "left"])
NAMES = st.sampled_from(["x", *(f"n{ident}" for ident in NODES)])


@st.composite
def tree(draw: st.DrawFn) -> list[Node]:
    """Draw what base has: some folders and files, each at some endpoints."""
    nodes: list[Node] = []
    for ident in NODES:
        kind = Kind.FOLDER if ident in FOLDERS else Kind.FILE
        parent = draw(st.sampled_from([ROOT, *(each.id for each in nodes[: len(FOLDERS)])]))
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
    """Draw what is observed at an endpoint: a folder and a file that are new, too, and circles."""
    folders = [ROOT_ENTRY, *(f"{endpoint}{ident}" for ident in (*FOLDERS, 6))]
    return [
        entry(
            f"{endpoint}{ident}",
            draw(st.sampled_from([each for each in folders if each != f"{endpoint}{ident}"])),
            draw(st.one_of(st.just(f"n{ident}"), NAMES)),
            kind=Kind.FOLDER if ident in {*FOLDERS, 6} else Kind.FILE,
            version=draw(st.sampled_from(["", "new"])),
            size=1,
        )
        for ident in draw(st.sets(st.sampled_from(HEARD)))
    ]


@st.composite
def planned(draw: st.DrawFn) -> tuple[Plan, frozenset[int], dict[int, Node]]:
    """Draw a plan, the nodes upon which actions are open, and all nodes as the plan has them."""
    traits = Traits(stable_ids=draw(st.booleans()))
    mode = draw(st.sampled_from(Mode))
    rule = Rule(tuple(Endpoint(each, each, traits) for each in ENDPOINTS), mode=mode)
    store = MemoryStateStore().sync("me", "sync")
    seen = {each: draw(heard(each)) for each in ENDPOINTS}
    nodes = draw(tree())
    store.commit(
        Commit(nodes=nodes, observed=[Observation(each, put) for each, put in seen.items()])
    )
    opened = frozenset(draw(st.sets(st.sampled_from(NODES), max_size=2)))
    look = Look(
        touched={
            each: draw(st.lists(st.sampled_from([f"{each}{ident}" for ident in HEARD])))
            for each in ENDPOINTS
        },
        suspects=draw(st.lists(st.sampled_from(NODES), unique=True)),
        away=frozenset(draw(st.sets(st.sampled_from(ENDPOINTS), max_size=1))),
        open=opened,
        union=draw(st.booleans()),
        first_id=store.base().next_id(),
    )
    found = plan(StoreView(store), rule, look)
    return found, opened, {each.id: each for each in [*nodes, *found.nodes]}


@settings(max_examples=500)
@given(planned())
def test_what_was_heard_is_planned(
    drawn: tuple[Plan, frozenset[int], dict[int, Node]],
) -> None:
    """There is a plan, of each action once, and none upon what others are at work on.

    Each acts upon what base knows for its node's part: the worker goes by that.
    """
    found, opened, nodes = drawn
    assert opened.isdisjoint(each.id for each in found.nodes)
    assert opened.isdisjoint(found.forget)
    assert opened.isdisjoint(each.node for each in found.actions)
    idents = [each.id for each in found.actions]
    assert len(idents) == len(set(idents))
    for action in found.actions:
        part = nodes[action.node].replicas.get(action.endpoint)
        assert action.entry == (part.entry if action.entry and part is not None else "")
