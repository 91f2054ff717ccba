"""The store of the deployed system passes the contract of states, upon tables in memory."""

from collections.abc import Mapping

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncoxiders.adapters.items import _entries
from syncoxiders.adapters.items.store import ItemsStates
from syncoxiders.adapters.memory.items import MemoryItems
from syncoxiders.adapters.memory.state import MemoryStateStore
from syncoxiders.core.model import Node
from syncoxiders.ports.state import Commit, Observation, ObservedTree
from tests.contracts.state_contract import *  # noqa: F403 -- the suite is its names
from tests.contracts.state_harness import action, entry
from tests.contracts.state_model import ENDPOINTS, NODES, answers, commits, numbers


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


OF_NODES = commits(
    numbers.map(lambda number: action(f"of {number}", node=number)),
    numbers.map(lambda number: f"of {number}"),
)


@settings(deadline=None, max_examples=60)  # the machine may be busy
@given(st.lists(OF_NODES, max_size=6))
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


def test_more_than_is_kept_in_mind(harness: ItemsHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of very many entries not all are kept in mind; what is written is right all the same."""
    monkeypatch.setattr(_entries, "KNOWN", 5)
    sync = harness.store.sync("me", "sync")
    sync.commit(Commit(observed=[Observation("a", put=[entry(f"{n}") for n in range(8)])]))
    changed = [entry(f"{n}", version="2") for n in range(4, 20)]
    sync.commit(Commit(observed=[Observation("a", put=changed, gone=["0", "21"])]))
    found = sync.observed("a").get([f"{n}" for n in range(22)])
    assert sorted(found, key=int) == [f"{n}" for n in range(1, 20)]
    assert {each for each, it in found.items() if it.version == "2"} == {
        each.id for each in changed
    }
    assert sync.observed("a").count() == 19
