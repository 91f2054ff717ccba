"""The contract of shared stores for what is observed: what is the newest, and what is logged."""

import pytest

from syncoxiders.adapters.items._log import LIFE
from syncoxiders.ports.pipeline import SharedStore
from syncoxiders.ports.state import Commit, Observation
from tests.contracts.shared_harness import SharedHarness, SharedRules, at_a
from tests.contracts.state_harness import action, entry, keep, node, replica


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

    def test_trimmed_beyond_what_another_knows(self, one: SharedStore, other: SharedStore) -> None:
        """A record never comes in the place of one that a reader has behind it."""
        one.commit(page(1.0, "x"))
        for name in "yz":
            other.commit(page(1.0, name))
        _, position = other.observed("a").changes(0, 9)
        other.trim({"a": position})
        one.commit(page(1.0, "late"))
        assert other.observed("a").changes(position, 9)[0] == ["late"]

    def test_trimmed_once_all_are_dead_who_knew_less(
        self, harness: SharedHarness, one: SharedStore, other: SharedStore
    ) -> None:
        """What was planned stays for as long as a writer may live that has not heard of it."""
        for name in "xyz":
            one.commit(page(1.0, name))
        _, position = other.observed("a").changes(0, 2)
        other.trim({"a": position})
        harness.now += LIFE - 1
        other.trim({"a": position + 1})
        assert other.observed("a").changes(0, 9)[0] == ["x", "y", "z"]
        harness.now += 1
        other.trim({"a": position + 1})
        assert other.observed("a").changes(0, 9) == (["z"], position + 1)
        harness.now += LIFE
        other.trim({"a": position + 1})
        assert other.observed("a").changes(0, 9) == ([], position + 1)
        one.commit(page(1.0, "late"))
        assert other.observed("a").changes(position + 1, 9)[0] == ["late"]


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
