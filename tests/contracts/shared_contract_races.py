"""The contract of shared stores where several write: who of them wins, and what the others lose."""

import msgspec
import pytest

from syncoxiders.core.model import ActionKind, Node
from syncoxiders.ports.errors import StateBusy
from syncoxiders.ports.pipeline import SharedStore
from syncoxiders.ports.state import Commit, Observation, SyncRecord
from tests.contracts.shared_harness import SharedHarness, SharedRules, at_a
from tests.contracts.state_harness import action, entry, keep, node, replica

RANGE = 1 << 20


def renamed(before: Node, name: str) -> Node:
    return msgspec.structs.replace(before, name=name)


class TestNodeRaces(SharedRules):
    def test_changed_meanwhile(self, one: SharedStore, other: SharedStore) -> None:
        """A node that changed since it was read is not written, nor any of its actions."""
        keep(one, node(1), node(2))
        read = other.base().get([1, 2])
        keep(one, node(1, name="won"))
        lost = other.commit(
            Commit(
                nodes=[renamed(read[1], "lost"), renamed(read[2], "apart")],
                opened=[action("x", node=1), action("y", node=2)],
            )
        )
        assert lost == {1}
        assert [each.name for each in one.base().get([1, 2]).values()] == ["won", "apart"]
        assert [each.id for each in one.open_actions()] == ["y"]

    def test_read_again(self, one: SharedStore, other: SharedStore) -> None:
        """Who lost a race may read again, and then write."""
        keep(one, node(1))
        other.base().get([1])
        keep(one, node(1, name="won"))
        assert other.commit(Commit(nodes=[node(1, name="lost")])) == {1}
        assert other.base().get([1])[1].name == "won"
        assert other.commit(Commit(nodes=[node(1, name="later")])) == frozenset()
        assert one.base().get([1])[1].name == "later"

    def test_first_read_counts(self, one: SharedStore, other: SharedStore) -> None:
        """What was read first is what a plan may rest on: reading again does not refresh it."""
        keep(one, node(1))
        other.base().get([1])
        keep(one, node(1, name="won"))
        other.base().get([1])
        assert other.commit(Commit(nodes=[node(1, name="lost")])) == {1}

    def test_opened_meanwhile(self, one: SharedStore, other: SharedStore) -> None:
        """Opening an action changes a node, too."""
        keep(one, node(1))
        other.base().get([1])
        one.commit(Commit(opened=[action("x")]))
        assert other.commit(Commit(opened=[action("y")])) == {1}
        assert [each.id for each in other.open_actions()] == ["x"]

    def test_closed_meanwhile(self, one: SharedStore, other: SharedStore) -> None:
        """Two workers that close two actions of a node: the later one reads again first."""
        opened = [action("x"), action("y")]
        one.commit(Commit(nodes=[node(1)], opened=opened))
        assert other.open_of([1]) == {1: opened}
        one.commit(Commit(nodes=[node(1, name="by x")], closed=["x"]))
        assert other.commit(Commit(nodes=[node(1, name="by y")], closed=["y"])) == {1}
        assert other.open_of([1]) == {1: opened[1:]}
        assert other.commit(Commit(nodes=[node(1, name="both")], closed=["y"])) == frozenset()
        assert other.open_of([1]) == {}

    def test_forgotten_meanwhile(self, one: SharedStore, other: SharedStore) -> None:
        """A node that changed is not forgotten; one that was forgotten is not written."""
        keep(one, node(1), node(2))
        other.base().get([1, 2])
        one.commit(Commit(nodes=[node(1, name="won")], forget=[2]))
        assert other.commit(Commit(nodes=[node(2)], forget=[1])) == {1, 2}
        assert list(one.base().get([1, 2])) == [1]

    def test_new(self, one: SharedStore, other: SharedStore) -> None:
        """A new node is only written if there is none of its id."""
        keep(one, node(1, name="won"))
        assert other.commit(Commit(nodes=[node(1, name="lost")])) == {1}
        assert one.base().get([1])[1].name == "won"


class TestEntryRaces(SharedRules):
    def test_new_for_same_entry(self, one: SharedStore, other: SharedStore) -> None:
        """Of two who make a node for one entry, one does; what else they write is written."""
        assert not one.commit(Commit(nodes=[node(1, **at_a("x"))]))
        lost = other.commit(
            Commit(
                nodes=[node(2, **at_a("x")), node(3, **at_a("y"))],
                opened=[action("2", node=2), action("3", node=3)],
            )
        )
        assert lost == {2}
        assert list(one.base().get([1, 2, 3])) == [1, 3]
        assert one.base().of("a", "xy") == {"x": 1, "y": 3}
        assert [each.id for each in one.open_actions()] == ["3"]

    def test_half_taken(self, one: SharedStore, other: SharedStore) -> None:
        """Where one of a new node's entries is another's, the node gets none of them."""
        keep(one, node(1, **at_a("x")))
        both = {"a": replica(entry("x")), "b": replica(entry("y"))}
        assert other.commit(Commit(nodes=[node(2, replicas=both)])) == {2}
        assert one.base().of("b", "y") == {}
        assert not one.commit(Commit(nodes=[node(3, replicas={"b": replica(entry("y"))})]))
        assert one.base().of("b", "y") == {"y": 3}

    def test_known_node(self, one: SharedStore, other: SharedStore) -> None:
        """A known node gets no entry that is another's either."""
        keep(one, node(1, **at_a("x")), node(2))
        assert other.base().get([2])
        assert other.commit(Commit(nodes=[node(2, **at_a("x"))])) == {2}
        assert one.base().of("a", "x") == {"x": 1}

    def test_taken_from_acted_on(self, one: SharedStore, other: SharedStore) -> None:
        """Nor is an entry another's because the same commit does something to its node."""
        keep(one, node(1, **at_a("x")))
        assert other.base().get([1])
        change = Commit(nodes=[node(2, **at_a("x"))], opened=[action("x", node=1)])
        assert other.commit(change) == {2}
        assert one.base().of("a", "x") == {"x": 1}

    def test_given_up(self, one: SharedStore, other: SharedStore) -> None:
        """An entry may go to another node as soon as its node lets go of it."""
        keep(one, node(1, **at_a("x")))
        keep(one, node(1))
        assert not other.commit(Commit(nodes=[node(2, **at_a("x"))]))
        assert one.base().of("a", "x") == {"x": 2}

    def test_handed_over(self, one: SharedStore, other: SharedStore) -> None:
        """One commit may take an entry from a node and give it to another, new or known."""
        keep(one, node(1, **at_a("x")), node(3))
        assert other.base().get([1, 3])
        assert not other.commit(Commit(nodes=[node(2, **at_a("x")), node(1)]))
        assert one.base().of("a", "x") == {"x": 2}
        assert not other.commit(Commit(nodes=[node(3, **at_a("x"))], forget=[2]))
        assert one.base().of("a", "x") == {"x": 3}

    def test_handed_over_by_closing(self, one: SharedStore, other: SharedStore) -> None:
        """So does one that closes an action of the node that it takes the entry from."""
        one.commit(Commit(nodes=[node(1, **at_a("x"))], opened=[action("x")]))
        assert other.open_of([1])
        assert not other.commit(Commit(nodes=[node(2, **at_a("x")), node(1)], closed=["x"]))
        assert one.base().of("a", "x") == {"x": 2}

    def test_not_handed_over(self, one: SharedStore, other: SharedStore) -> None:
        """If the node that was to let go lost a race, the other gets nothing either."""
        keep(one, node(1, **at_a("x")))
        other.base().get([1])
        keep(one, node(1, name="won", **at_a("x")))
        assert other.commit(Commit(nodes=[node(2, **at_a("x")), node(1)])) == {1, 2}
        assert one.base().of("a", "x") == {"x": 1}

    def test_exchanged(self, one: SharedStore, other: SharedStore) -> None:
        """Nodes may exchange entries in one commit."""
        keep(one, node(1, **at_a("x")), node(2, **at_a("y")), node(3, **at_a("z")))
        assert len(other.base().get([1, 2, 3])) == 3
        turned = [node(1, **at_a("y")), node(2, **at_a("z")), node(3, **at_a("x"))]
        assert not other.commit(Commit(nodes=turned))
        assert one.base().of("a", "xyz") == {"x": 3, "y": 1, "z": 2}

    def test_forgotten(self, one: SharedStore, other: SharedStore) -> None:
        """What belonged to a forgotten node belongs to nobody."""
        keep(one, node(1, **at_a("x")))
        one.commit(Commit(forget=[1]))
        assert not other.commit(Commit(nodes=[node(2, **at_a("x"))]))
        assert one.base().of("a", "x") == {"x": 2}


class TestInFlight(SharedRules):
    def test_entry_of_open_node(self, one: SharedStore, other: SharedStore) -> None:
        """An entry belongs to its node as soon as the action that made it is closed."""
        keep(one, node(1))
        one.commit(Commit(opened=[action("x", kind=ActionKind.CREATE)]))
        made = Node(1, 0, "name 1", node(1).kind, replicas={"a": replica(entry("new"))})
        assert not one.commit(
            Commit(
                nodes=[made],
                closed=["x"],
                observed=[Observation("a", [entry("new")], log=False)],
            )
        )
        assert other.base().of("a", ["new"]) == {"new": 1}
        assert other.commit(Commit(nodes=[node(2, **at_a("new"))])) == {2}


class TestFence(SharedRules):
    def test_ids(self, harness: SharedHarness) -> None:
        """Each planner's ids begin at its fence times 2^20, whatever others have used."""
        old, new = (harness.store.sync("owner", "work", fence) for fence in (3, 4))
        assert (old.base().next_id(), new.base().next_id()) == (3 * RANGE, 4 * RANGE)
        keep(new, node(4 * RANGE), node(4 * RANGE + 1))
        keep(old, node(3 * RANGE))
        assert (old.base().next_id(), new.base().next_id()) == (3 * RANGE + 1, 4 * RANGE + 2)
        again = harness.store.sync("owner", "work", 4)
        assert again.base().next_id() == 4 * RANGE + 2

    def test_ids_used_up(self, harness: SharedHarness) -> None:
        """A planner that has used all of its ids has to take its lease anew."""
        planner = harness.store.sync("owner", "work", 1)
        keep(planner, node(2 * RANGE - 1))
        with pytest.raises(StateBusy):
            planner.base().next_id()

    def test_record(self, harness: SharedHarness) -> None:
        """A record of an earlier planner is not written once a later one has written its own."""
        old, new = (harness.store.sync("owner", "work", fence) for fence in (3, 4))
        for planned in (1, 2):
            old.commit(Commit(record=SyncRecord({}, planned={"a": planned})))
        new.commit(Commit(record=SyncRecord({}, planned={"a": 3})))
        with pytest.raises(StateBusy):
            old.commit(Commit(record=SyncRecord({}, planned={"a": 4})))
        assert new.record() == SyncRecord({}, planned={"a": 3})

    def test_record_without(self, harness: SharedHarness, one: SharedStore) -> None:
        """Who is no planner writes the record without asking, and no fence is forgotten."""
        planner = harness.store.sync("owner", "work", 4)
        planner.commit(Commit(record=SyncRecord({}, rule="x")))
        one.commit(Commit(record=SyncRecord({})))
        assert planner.record() == SyncRecord({})
        with pytest.raises(StateBusy):
            harness.store.sync("owner", "work", 3).commit(Commit(record=SyncRecord({})))
