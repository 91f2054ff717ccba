"""The contract of shared stores for ids set apart for entries, and places taken on trust."""

import pytest

from syncoxiders.core.model import ActionKind, Entry, NodeId
from syncoxiders.ports.pipeline import RESERVED, SharedStore
from syncoxiders.ports.state import Commit, Observation
from tests.contracts.shared_harness import SharedHarness
from tests.contracts.state_harness import action, entry, keep, node, replica


def look(sync: SharedStore, *put: Entry, gone: str = "", asked: float = 50.0) -> None:
    sync.commit(Commit(observed=[Observation("a", put, tuple(gone), asked=asked)]))


class Planners:
    """Base of the suite's classes: a poll's object, and those of two planners."""

    @pytest.fixture
    def poll(self, harness: SharedHarness) -> SharedStore:
        return harness.store.sync("owner", "work")

    @pytest.fixture
    def slow(self, harness: SharedHarness) -> SharedStore:
        return harness.store.sync("owner", "work", 3)

    @pytest.fixture
    def planner(self, harness: SharedHarness) -> SharedStore:
        return harness.store.sync("owner", "work", 4)

    def reserved(self, planner: SharedStore, ident: str = "x") -> NodeId | None:
        planner.base().of("a", [ident])
        return planner.reserved("a", ident)


class TestReserved(Planners):
    def test_of_what_is_observed(self, poll: SharedStore, planner: SharedStore) -> None:
        """An entry that a look found has an id set apart for it; entries have different ones."""
        look(poll, entry("x"), entry("y"))
        found = {self.reserved(planner, each) for each in "xy"}
        assert len(found) == 2
        assert all(each is not None and each >= RESERVED for each in found)
        assert planner.base().of("a", "xy") == {}
        assert {each for batch in planner.base().unbound("a") for each in batch} == {"x", "y"}

    def test_made(self, poll: SharedStore, slow: SharedStore, planner: SharedStore) -> None:
        """A node of that id has the entry; of two planners who make it one does."""
        look(poll, entry("x"))
        first, second = self.reserved(slow), self.reserved(planner)
        assert first is not None
        assert first == second
        new = node(first, replicas={"a": replica(entry("x"))})
        assert not planner.commit(Commit(nodes=[new]))
        assert slow.commit(Commit(nodes=[new])) == {first}
        assert planner.base().of("a", "x") == poll.base().of("a", "x") == {"x": first}
        assert self.reserved(planner) is None

    def test_given_to_another(
        self, poll: SharedStore, slow: SharedStore, planner: SharedStore
    ) -> None:
        """Once the entry is another node's, nobody makes the node that it was set apart for."""
        look(poll, entry("x"))
        ident = self.reserved(slow)
        assert ident is not None
        taken = node(7, replicas={"a": replica(entry("x"))})
        assert not planner.commit(Commit(nodes=[taken]))
        assert slow.commit(Commit(nodes=[node(ident, replicas=taken.replicas)])) == {ident}
        assert poll.base().of("a", "x") == {"x": 7}
        assert list(poll.base().get([7, ident])) == [7]

    def test_next_id(self, poll: SharedStore, planner: SharedStore) -> None:
        """The ids that planners give out are not raised by it."""
        before = planner.base().next_id()
        look(poll, entry("x"))
        ident = self.reserved(planner)
        assert ident is not None
        keep(planner, node(ident, replicas={"a": replica(entry("x"))}))
        assert planner.base().next_id() == before

    def test_what_we_made(self, poll: SharedStore, planner: SharedStore) -> None:
        """What an action has made belongs to the action's node, and has none set apart."""
        made = node(1, replicas={"a": replica(entry("x"))})
        poll.commit(Commit(nodes=[made], observed=[Observation("a", [entry("x")], log=False)]))
        look(poll, entry("x", version="2"))
        assert planner.base().of("a", "x") == {"x": 1}
        assert planner.reserved("a", "x") is None

    def test_cleared(self, poll: SharedStore, slow: SharedStore, planner: SharedStore) -> None:
        """Of what came and went nothing is left, and no slow planner makes a node for it."""
        look(poll, entry("x"))
        ident = self.reserved(slow)
        assert ident is not None
        look(poll, gone="x", asked=51.0)
        assert planner.base().of("a", "x") == {}
        planner.clear([("a", "x")])
        assert slow.commit(Commit(nodes=[node(ident, replicas={"a": replica(entry("x"))})]))
        assert poll.base().of("a", "x") == {}

    def test_nothing_is_cleared_of_a_node(self, poll: SharedStore, planner: SharedStore) -> None:
        """What a node has, there or gone, stays the node's; so does what is there for nobody."""
        look(poll, entry("x"), entry("y"), entry("z"))
        idents = {each: self.reserved(planner, each) for each in "xyz"}
        for each in "xy":
            keep(planner, node(idents[each] or 0, replicas={"a": replica(entry(each))}))
        look(poll, gone="x", asked=51.0)
        planner.base().of("a", "xyz")
        planner.clear([("a", each) for each in "xyz"])
        assert poll.base().of("a", "xyz") == {each: idents[each] for each in "xy"}
        assert self.reserved(planner, "z") == idents["z"]


class TestReplaced(Planners):
    """An edit is carried out by a worker that has not read what it replaces."""

    def replace(self, worker: SharedStore) -> None:
        """Let a worker close an update."""
        ident = next(iter(worker.base().of("a", "x").values()))
        done = entry("x", version="ours")
        (opened,) = worker.open_of([ident])[ident]
        worker.commit(
            Commit(
                nodes=[node(ident, replicas={"a": replica(done)})],
                closed=[opened.id],
                observed=[Observation("a", [done], log=False)],
            )
        )

    @pytest.fixture
    def ident(self, poll: SharedStore, planner: SharedStore) -> NodeId:
        look(poll, entry("x", version="1"))
        ident = self.reserved(planner) or 0
        keep(planner, node(ident, replicas={"a": replica(entry("x", version="1"))}))
        planner.base().get([ident])
        update = action("u", kind=ActionKind.UPDATE, node=ident, entry="x", expect="1")
        planner.commit(Commit(opened=[update]))
        return ident

    def test_in_place(self, harness: SharedHarness, poll: SharedStore, ident: NodeId) -> None:
        """It is there as it was written, under the name that it had, and is the node's."""
        self.replace(harness.store.sync("owner", "work"))
        assert poll.observed("a").get("x")["x"].version == "ours"
        assert poll.observed("a").children("/") == [entry("x", version="ours")]
        assert poll.base().of("a", "x") == {"x": ident}
        assert poll.observed("a").count() == 1

    def test_moved_meanwhile(
        self, harness: SharedHarness, poll: SharedStore, ident: NodeId
    ) -> None:
        """One that was moved meanwhile has one place, and not the one that it left."""
        moved = entry("x", name="elsewhere", version="1")
        look(poll, moved, asked=60.0)
        self.replace(harness.store.sync("owner", "work"))
        assert poll.observed("a").children("/") == [entry("x", version="ours")]
        assert poll.observed("a").at("/", "elsewhere") == []
        assert poll.base().of("a", "x") == {"x": ident}

    def test_gone_meanwhile(self, harness: SharedHarness, poll: SharedStore, ident: NodeId) -> None:
        """One that was deleted meanwhile, and written anew by us, is counted and found."""
        look(poll, gone="x", asked=60.0)
        assert poll.observed("a").count() == 0
        self.replace(harness.store.sync("owner", "work"))
        assert poll.observed("a").children("/") == [entry("x", version="ours")]
        assert poll.observed("a").count() == 1
        assert poll.base().of("a", "x") == {"x": ident}

    def test_never_over_what_was_asked_for_later(
        self, harness: SharedHarness, poll: SharedStore, ident: NodeId
    ) -> None:
        """When it was confirmed never goes back, whatever a worker's clock says."""
        look(poll, entry("x", version="1", mtime_ns=7), asked=900.0)
        before = poll.confirmed("a", "x")["x"]
        harness.now = 100.0
        self.replace(harness.store.sync("owner", "work"))
        assert poll.observed("a").get("x")["x"].version == "ours"
        assert harness.store.sync("owner", "work").confirmed("a", "x")["x"] >= before
        assert list(poll.base().get([ident])) == [ident]
