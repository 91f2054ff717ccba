"""The contract of :mod:`syncoxiders.ports.pipeline`, as a suite that every adapter passes.

A test module imports everything from here and adds a fixture ``harness``, which gives a fresh
store for each test.
"""

from typing import Any, Protocol

import msgspec
import pytest

from syncoxiders.core.model import ActionKind, Node, Source
from syncoxiders.core.plan import Merge, Probe
from syncoxiders.ports.errors import StateBusy
from syncoxiders.ports.pipeline import Batch, SharedStates, SharedStore
from syncoxiders.ports.state import Commit, Observation, SyncRecord
from tests.contracts.shared_paging import TestPaging  # noqa: F401 -- a part of the suite
from tests.contracts.shared_reserved import (  # noqa: F401 -- parts of the suite
    TestReplaced,
    TestReserved,
)
from tests.contracts.state_harness import action, entry, keep, node, replica

RANGE = 1 << 20


class SharedHarness(Protocol):
    """A fresh store, and its clock."""

    now: float

    @property
    def store(self) -> SharedStates: ...


class SharedRules:
    """Base of the suite's classes: two objects for one sync, as two functions have them."""

    @pytest.fixture
    def one(self, harness: SharedHarness) -> SharedStore:
        return harness.store.sync("owner", "work")

    @pytest.fixture
    def other(self, harness: SharedHarness) -> SharedStore:
        return harness.store.sync("owner", "work")


def at_a(ident: str) -> dict[str, Any]:
    return {"replicas": {"a": replica(entry(ident))}}


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
        planner.commit(Commit(record=SyncRecord({}, pending="x")))
        one.commit(Commit(record=SyncRecord({})))
        assert planner.record() == SyncRecord({})
        with pytest.raises(StateBusy):
            harness.store.sync("owner", "work", 3).commit(Commit(record=SyncRecord({})))


def ours(*put: str, gone: str = "", version: str = "ours") -> Commit:
    entries = [entry(each, version=version) for each in put]
    return Commit(observed=[Observation("a", entries, tuple(gone), log=False)])


def page(asked: float, *put: str, gone: str = "", version: str = "page") -> Commit:
    entries = [entry(each, version=version) for each in put]
    return Commit(observed=[Observation("a", entries, tuple(gone), asked=asked)])


class TestConfirmed(SharedRules):
    def version(self, sync: SharedStore, ident: str = "x") -> str | None:
        found = sync.observed("a").get([ident]).get(ident)
        return None if found is None else found.version

    @pytest.mark.parametrize(("asked", "wins"), [(99.0, "ours"), (100.0, "ours"), (100.5, "page")])
    def test_page(
        self, harness: SharedHarness, one: SharedStore, other: SharedStore, asked: float, wins: str
    ) -> None:
        """A page replaces only what was not confirmed since it was asked for."""
        harness.now = 100.0
        one.commit(ours("x"))
        harness.now = 101.0
        other.commit(page(asked, "x", "y"))
        assert (self.version(one), self.version(one, "y")) == (wins, "page")

    def test_read_before(
        self, harness: SharedHarness, one: SharedStore, other: SharedStore
    ) -> None:
        """That holds as well if the page's reader had read the entry before it was confirmed."""
        other.commit(page(50.0, "x"))
        assert other.observed("a").get("x")
        harness.now = 100.0
        one.commit(ours("x"))
        other.commit(page(99.0, "x"))
        assert self.version(one) == "ours"

    def test_confirmed_by_another_clock(
        self, harness: SharedHarness, one: SharedStore, other: SharedStore
    ) -> None:
        """What others confirmed after the page's reader had read the entry is not replaced.

        Their clock may be behind: it is told, and a point read tells which is newer.
        """
        other.commit(page(50.0, "x"))
        assert other.confirmed("a", ["x"]) == {"x": 50.0}
        harness.now = 100.0
        one.commit(ours("x"))
        other.commit(page(100.5, "x"))
        assert self.version(one) == "ours"
        assert other.overtaken() == {("a", "x")}

    @pytest.mark.parametrize(("asked", "wins"), [(99.0, None), (100.0, None), (102.5, "page")])
    def test_deleted(
        self,
        harness: SharedHarness,
        one: SharedStore,
        other: SharedStore,
        asked: float,
        wins: str | None,
    ) -> None:
        """What we deleted does not come back by an older page."""
        other.commit(page(50.0, "x"))
        harness.now = 100.0
        one.commit(ours(gone="x"))
        other.commit(page(asked, "x"))
        assert self.version(one) == wins
        assert one.observed("a").count() == (wins is not None)

    def test_created(self, harness: SharedHarness, one: SharedStore, other: SharedStore) -> None:
        """What we created is not gone by an older page."""
        harness.now = 100.0
        one.commit(ours("x"))
        other.commit(page(99.0, gone="x"))
        assert self.version(one) == "ours"
        other.commit(page(101.0, gone="x"))
        assert self.version(one) is None

    def test_late_page(self, one: SharedStore, other: SharedStore) -> None:
        """A page that comes late does not replace what a later one told."""
        one.commit(page(60.0, "x", version="later"))
        other.commit(page(50.0, "x", version="earlier"))
        assert self.version(one) == "later"

    def test_logged(self, harness: SharedHarness, one: SharedStore, other: SharedStore) -> None:
        """What a page touched is logged, whether or not it replaced anything."""
        harness.now = 100.0
        one.commit(ours("x"))
        other.commit(page(99.0, "x", gone="y"))
        assert one.observed("a").changes(0, 9)[0] == ["x", "y"]

    def test_overtaken(self, harness: SharedHarness, one: SharedStore, other: SharedStore) -> None:
        """Who observed what was not taken in is told, once, and only if it differs."""
        harness.now = 100.0
        one.commit(ours("x", "y", "z", version="same"))
        other.commit(page(99.0, "x", version="other"))
        other.commit(page(99.0, "y", version="same"))
        other.commit(page(99.0, gone="z"))
        other.commit(page(101.0, "y", version="later"))
        assert other.overtaken() == {("a", "x"), ("a", "z")}
        assert other.overtaken() == one.overtaken() == frozenset()

    @pytest.mark.parametrize(("asked", "wins"), [(97.0, "ours"), (98.0, "ours"), (98.5, "page")])
    @pytest.mark.parametrize("read", [False, True])
    def test_looked_at_since(
        self,
        harness: SharedHarness,
        one: SharedStore,
        other: SharedStore,
        asked: float,
        wins: str,
        *,
        read: bool,
    ) -> None:
        """What others asked for after a write of ours was begun is not replaced by what that told.

        Who wrote is told of it: which is newer a point read tells.
        """
        if read:
            other.commit(page(50.0, "x"))
            assert one.observed("a").get("x")
        harness.now = 99.0
        other.commit(page(asked, "x", "y"))
        harness.now = 100.0
        begun = dict.fromkeys(["x", "y"], 98.0)
        told = [entry("x", version="ours"), entry("y", version="page")]
        one.commit(Commit(observed=[Observation("a", told, log=False, begun=begun)]))
        assert (self.version(one), self.version(one, "y")) == (wins, "page")
        assert one.overtaken() == ({("a", "x")} if wins == "page" else set())

    def test_looked_at_since_and_gone(
        self, harness: SharedHarness, one: SharedStore, other: SharedStore
    ) -> None:
        """That holds of what is no more, as of what is."""
        one.commit(page(50.0, "x", "y"))
        harness.now = 99.0
        other.commit(page(98.5, "y", gone="x"))
        harness.now = 100.0
        told = Observation("a", [entry("x")], ["y"], log=False, begun={"x": 98.0, "y": 98.0})
        one.commit(Commit(observed=[told]))
        assert (self.version(one), self.version(one, "y")) == (None, "page")
        assert one.overtaken() == {("a", "x"), ("a", "y")}

    def test_told(self, harness: SharedHarness, one: SharedStore, other: SharedStore) -> None:
        """When an entry was confirmed is told, also of one that is gone."""
        harness.now = 100.0
        one.commit(ours("x", gone="y"))
        found = other.confirmed("a", ["x", "y", "z"])
        assert set(found) == {"x", "y"}
        assert all(100.0 < at < 100.001 for at in found.values())
        assert other.confirmed("b", "x") == {}


class TestLog(SharedRules):
    def test_together(self, one: SharedStore, other: SharedStore) -> None:
        """What several write at once is all there, with no gaps, and none behind a position."""
        for number in range(6):
            writer = (one, other)[number % 2]
            writer.commit(page(1.0, f"{number}"))
        tree = one.observed("a")
        position, found = 0, []
        for _ in range(6):
            ids, position = tree.changes(position, 1)
            found += ids
        assert found == [f"{number}" for number in range(6)]
        assert other.observed("a").changes(position, 9) == ([], position)
        other.commit(page(1.0, "late"))
        one.commit(page(1.0, "later"))
        assert tree.changes(position, 9)[0] == ["late", "later"]

    def test_touched(self, one: SharedStore, other: SharedStore) -> None:
        """Entries can be put into the logs as they are."""
        one.commit(page(1.0, "x"))
        one.touch([("a", "y"), ("b", "z"), ("a", "x")])
        one.touch(())
        assert other.observed("a").changes(0, 9)[0] == ["x", "y", "x"]
        assert other.observed("b").changes(0, 9)[0] == ["z"]
        assert other.observed("a").count() == 1

    def test_trimmed_by_another(self, one: SharedStore, other: SharedStore) -> None:
        """A writer that knew the end before the log was trimmed goes on behind it."""
        one.commit(page(1.0, "x"))
        _, position = other.observed("a").changes(0, 9)
        other.trim({"a": position})
        one.commit(page(1.0, "y"))
        other.commit(page(1.0, "z"))
        assert one.observed("a").changes(position, 9)[0] == ["y", "z"]


class TestHold(SharedRules):
    @pytest.fixture(autouse=True)
    def opened(self, one: SharedStore) -> None:
        keep(one, node(1), node(2))
        one.commit(Commit(opened=[action("x"), action("y")]))

    def test_released(self, one: SharedStore, other: SharedStore) -> None:
        """Who closes the last action of a held node is told, once."""
        assert other.hold([1, 2, 3]) == {2, 3}
        one.commit(Commit(nodes=[node(1, name="new")], closed=["x"]))
        assert one.released() == frozenset()
        one.commit(Commit(closed=["y"]))
        assert one.released() == {1}
        assert one.released() == frozenset()
        assert other.released() == frozenset()

    def test_not_held(self, one: SharedStore) -> None:
        """Of a node that nobody held nothing is told."""
        one.commit(Commit(closed=["x", "y"]))
        assert one.released() == frozenset()

    def test_closed_before(self, one: SharedStore, other: SharedStore) -> None:
        """A node whose actions were closed before is not held."""
        other.open_of([1])
        one.commit(Commit(closed=["x", "y"]))
        assert other.hold([1]) == {1}
        assert one.released() == frozenset()

    def test_held_twice(self, one: SharedStore, other: SharedStore) -> None:
        """A node may be held again; it is released once."""
        assert other.hold([1]) == one.hold([1]) == frozenset()
        one.commit(Commit(closed=["x", "y"]))
        assert one.released() == {1}

    def test_does_not_disturb(self, one: SharedStore, other: SharedStore) -> None:
        """Holding changes nothing that the worker's write depends on."""
        other.hold([1])
        assert one.commit(Commit(nodes=[node(1, name="new")], closed=["x"])) == frozenset()
        assert one.base().get([1])[1].name == "new"

    def test_forgotten(self, one: SharedStore, other: SharedStore) -> None:
        """A held node that is forgotten with its last action is told of as well."""
        other.hold([1])
        one.commit(Commit(forget=[1], closed=["x", "y"]))
        assert one.released() == {1}

    def test_opened_anew(self, one: SharedStore, other: SharedStore) -> None:
        """What a plan opens anew is held by nobody any more."""
        other.hold([1])
        one.commit(Commit(closed=["x", "y"]))
        one.released()
        one.commit(Commit(opened=[action("z")]))
        one.commit(Commit(closed=["z"]))
        assert one.released() == frozenset()

    def test_closer_died(self, one: SharedStore, other: SharedStore) -> None:
        """If the closer died before it told, who asks for the actions next is told."""
        other.hold([1])
        one.commit(Commit(closed=["x", "y"]))
        assert other.open_of([1, 2]) == {}
        assert other.released() == {1}


BATCH = Batch(
    "b1",
    "a",
    lane=2,
    needs=frozenset({"a", "b"}),
    actions=((1, "x"), (1 << 40, "y")),
    probes=(Probe("a", "caf\udce9", "v", 5, ("sha256", "md5")),),
    merges=(Merge(7, (Source("a", "x", "1"), Source("b", "y", "2")), "key"),),
    run=3,
    rule="rule",
    failed=frozenset({"z"}),
    opened=1.5,
)


def waiting(ident: str, *on: str) -> Batch:
    return Batch(ident, "a", waits=frozenset(on))


class TestBatches(SharedRules):
    def test_exact(self, one: SharedStore, other: SharedStore) -> None:
        """A batch is kept exactly until it is done."""
        one.put_batches([BATCH])
        assert other.batch("b1") == BATCH
        assert other.batches() == [BATCH]
        assert other.finish_batch("b1", ()) == []
        assert one.batch("b1") is None
        assert one.batches() == []
        assert one.batch("none") is None

    def test_large(self, one: SharedStore) -> None:
        """A hundred actions and probes are one batch."""
        actions = tuple((number, f"{number:016x}") for number in range(100))
        probes = tuple(Probe("a", "x" * 900, f"{n}", n, ("sha256",)) for n in range(100))
        batch = msgspec.structs.replace(BATCH, actions=actions, probes=probes)
        one.put_batches([batch])
        assert one.batch("b1") == batch

    def test_apart(self, harness: SharedHarness, one: SharedStore) -> None:
        """A batch is one sync's."""
        one.put_batches([BATCH])
        elsewhere = harness.store.sync("owner", "other")
        assert elsewhere.batches() == []
        assert elsewhere.begin_batch("b1", 1.0) is None
        assert elsewhere.finish_batch("b1", ()) == []
        assert one.batch("b1") == BATCH

    def test_begun(self, one: SharedStore, other: SharedStore) -> None:
        """Who begins a batch learns whether it was begun before."""
        one.put_batches([BATCH])
        assert other.begin_batch("b1", 7.5) == BATCH
        begun = one.begin_batch("b1", 8.5)
        assert begun == msgspec.structs.replace(BATCH, begun=7.5, tries=1)
        assert one.batch("b1") == msgspec.structs.replace(BATCH, begun=8.5, tries=2)
        one.finish_batch("b1", ())
        assert one.begin_batch("b1", 9.5) is None
        assert one.begin_batch("none", 9.5) is None

    def test_put_off(self, one: SharedStore, other: SharedStore) -> None:
        """A batch that is put off is so until it is begun again."""
        one.put_batches([BATCH])
        one.begin_batch("b1", 7.5)
        other.put_off_batch("b1", 99.5)
        put_off = msgspec.structs.replace(BATCH, begun=7.5, tries=1, put_off=99.5)
        assert one.batches() == [put_off]
        assert one.begin_batch("b1", 100.5) == put_off
        assert one.batch("b1") == msgspec.structs.replace(BATCH, begun=100.5, tries=2)
        one.finish_batch("b1", ())
        other.put_off_batch("b1", 200.0)
        other.put_off_batch("none", 200.0)
        assert one.batches() == []

    def test_put_off_in_part(self, one: SharedStore, other: SharedStore) -> None:
        """What it is not to do any more is remembered of a batch that is put off."""
        one.put_batches([msgspec.structs.replace(BATCH, failed=frozenset("x"))])
        one.begin_batch("b1", 7.5)
        other.put_off_batch("b1", 99.5, {"y", "z"})
        found = one.batch("b1")
        assert found is not None
        assert found.failed == frozenset("xyz")

    def test_limit(self, one: SharedStore) -> None:
        """If only some are asked for, what is done does not count."""
        one.put_batches([waiting(f"{number}") for number in range(5)])
        one.finish_batch("0", ())
        assert len(one.batches(limit=1)) == 1
        assert len(one.batches(limit=9)) == len(one.batches()) == 4

    def test_waits(self, one: SharedStore, other: SharedStore) -> None:
        """A batch is ready once all are done that it waits for, in one call or several."""
        one.put_batches([waiting("1"), waiting("2"), waiting("3", "1", "2"), waiting("4", "3")])
        assert other.finish_batch("1", ()) == []
        (third,) = one.batches()[1:2]
        assert third == waiting("3", "2")
        assert other.finish_batch("2", ()) == [waiting("3")]
        assert other.finish_batch("3", ()) == [waiting("4")]

    def test_put_later(self, one: SharedStore, other: SharedStore) -> None:
        """A batch may wait for one that is there already."""
        one.put_batches([waiting("1")])
        other.put_batches([waiting("2", "1")])
        assert one.finish_batch("1", ()) == [waiting("2")]

    def test_put_too_late(self, one: SharedStore, other: SharedStore) -> None:
        """One that is put when what it waits for is done does not wait."""
        one.put_batches([waiting("1"), waiting("2"), waiting("3", "2")])
        one.finish_batch("1", ())
        one.finish_batch("2", ["x"])
        other.put_batches([waiting("4", "1", "2", "never"), waiting("5", "4")])
        fourth = msgspec.structs.replace(waiting("4"), failed=frozenset({"x"}))
        assert one.batch("4") == fourth
        assert one.finish_batch("4", ()) == [waiting("5")]

    def test_nobody_told(self, one: SharedStore, other: SharedStore) -> None:
        """One that was put by somebody who died before it told whom it waits for is found."""
        one.put_batches([waiting("2", "1", "3"), waiting("3")])
        assert other.finish_batch("3", ()) == [waiting("2")]
        assert other.finish_batch("1", ()) == []

    def test_failed(self, one: SharedStore, other: SharedStore) -> None:
        """What was not done is told to those that wait."""
        one.put_batches([waiting("1"), waiting("2"), waiting("3", "1", "2")])
        other.finish_batch("1", ["x"])
        (third,) = other.finish_batch("2", ["y", "z"])
        assert third == msgspec.structs.replace(waiting("3"), failed=frozenset("xyz"))

    def test_finished_again(self, one: SharedStore, other: SharedStore) -> None:
        """To finish again tells again who is ready, without what has been done since."""
        one.put_batches([waiting("1"), waiting("2", "1"), waiting("3", "1")])
        assert len(one.finish_batch("1", ["x"])) == 2
        other.finish_batch("2", ())
        (third,) = other.finish_batch("1", ())
        assert third == msgspec.structs.replace(waiting("3"), failed=frozenset("x"))

    def test_put_again(self, one: SharedStore, other: SharedStore) -> None:
        """To put a batch again changes nothing: an answer may have been lost."""
        one.put_batches([waiting("1"), waiting("2", "1")])
        one.begin_batch("1", 5.0)
        other.put_batches([waiting("1"), waiting("2", "1")])
        assert one.batch("1") == msgspec.structs.replace(waiting("1"), begun=5.0, tries=1)
        assert one.finish_batch("1", ()) == [waiting("2")]
        other.put_batches([waiting("1")])
        assert one.batch("1") is None


class TestUnowned(SharedRules):
    """What belongs to no node any more has to be planned, though no look tells of it again."""

    def observed(self, sync: SharedStore, *idents: str) -> None:
        for ident in idents:
            sync.commit(Commit(observed=[Observation("a", [entry(ident)], log=False)]))

    def test_given_up(self, one: SharedStore, other: SharedStore) -> None:
        """An entry that a node gives up is logged, if it is there and is not given to another."""
        self.observed(one, "x", "y")
        keep(one, node(1, **at_a("x")), node(2, **at_a("y")), node(3, **at_a("z")))
        assert other.base().get([1, 2, 3])
        other.commit(Commit(nodes=[node(4, **at_a("y")), node(1), node(3)], forget=[2]))
        assert one.observed("a").changes(0, 9)[0] == ["x"]

    def test_replaced(self, one: SharedStore, other: SharedStore) -> None:
        """So is one in whose place an action has made another; what is gone is not."""
        self.observed(one, "old", "x")
        one.commit(
            Commit(
                nodes=[node(1, **at_a("old")), node(2, **at_a("x"))],
                opened=[action("1", node=1), action("2", node=2)],
            )
        )
        made = Observation("a", [entry("new"), entry("new x")], ["x"], log=False)
        assert len(other.open_of([1, 2])) == 2
        nodes = [node(1, **at_a("new")), node(2, **at_a("new x"))]
        assert not other.commit(Commit(nodes=nodes, closed=["1", "2"], observed=[made]))
        assert one.observed("a").changes(0, 9)[0] == ["old"]

    def test_lost(self, one: SharedStore, other: SharedStore) -> None:
        """So is one that an action has made for a node that was forgotten meanwhile."""
        one.commit(Commit(nodes=[node(1)], opened=[action("1")]))
        assert other.open_of([1])
        one.commit(Commit(forget=[1], closed=["1"]))
        made = Observation("a", [entry("new")], log=False)
        assert other.commit(
            Commit(nodes=[node(1, **at_a("new"))], closed=["1"], observed=[made])
        ) == {1}
        assert one.observed("a").changes(0, 9)[0] == ["new"]

    def test_left(self, one: SharedStore, other: SharedStore) -> None:
        """What a node keeps is logged where it loses a part beside what is closed.

        What was in a folder that was moved may not be found in its new place.
        """
        both = {"a": replica(entry("x")), "b": replica(entry("y"))}
        ours = {"b": replica(entry("y"))}
        one.commit(
            Commit(nodes=[node(1, **at_a("z")), node(2, replicas=both)], opened=[action("1")])
        )
        assert other.open_of([1])
        assert other.base().get([2])
        found = Observation("a", [entry("z")], ["x"], log=False)
        after = [node(1, name="moved", **at_a("z")), node(2, replicas=ours)]
        assert not other.commit(Commit(nodes=after, closed=["1"], observed=[found]))
        assert one.observed("b").changes(0, 9)[0] == ["y"]


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


class TestTexts(SharedRules):
    def test_read_together(self, one: SharedStore, other: SharedStore) -> None:
        """Texts that are read together are each as they were then, once; then as they are."""
        one.save_text("short", "before")
        one.save_text("long", "x" * 1_000_000)
        other.read_texts(["short", "long", "never"])
        one.save_text("short", "after")
        found = [other.text(key) for key in ("short", "long", "never")]
        assert found == ["before", "x" * 1_000_000, ""]
        assert other.text("short") == "after"

    def test_saved_after(self, one: SharedStore, other: SharedStore) -> None:
        """What is saved after it was read ahead is what is found, whoever wrote in between."""
        one.save_text("key", "before")
        other.read_texts(["key"])
        other.save_text("key", "ours")
        assert other.text("key") == one.text("key") == "ours"
        one.save_text("key", "theirs")
        other.save_text("key", "")
        assert other.text("key") == one.text("key") == ""
