"""Rules of the state port about commits, the journal, the record, runs and texts."""

import pytest

from syncoxiders.core.model import Action, ActionKind, Source
from syncoxiders.ports.state import (
    Commit,
    Event,
    Observation,
    RunRecord,
    SyncRecord,
    SyncStore,
)
from tests.contracts.state_harness import Harness, Rules, action, entry, node

DAY = 86_400.0

ACTIONS = {
    "plain": action("1"),
    "all": Action(
        "1",
        ActionKind.UPDATE,
        "b",
        7,
        "e",
        "v",
        3,
        "Name",
        1 << 62,
        Source("a", "e", "v"),
        Source("c", "f", "w"),
        ("2", "3"),
        True,
        4,
        5,
    ),
    "bytes": action("1", name="\udce9", source=Source("a", "\udcea", ""), after=("x",)),
}

RECORDS = {
    "plain": SyncRecord({"a": "/a", "b": "/b"}),
    "all": SyncRecord({"b": "/b", "a": "/a"}, {"a": "mark"}, "rule", {"a": 7}),
    "bytes": SyncRecord({"a": "/caf\udce9"}, {"a": "\udcff"}),
}


class TestCommit(Rules):
    def test_empty(self, sync: SyncStore) -> None:
        """A commit of nothing is allowed, and leaves everything as it is."""
        sync.commit(Commit(record=RECORDS["all"]))
        sync.commit(Commit())
        assert sync.record() == RECORDS["all"]

    def test_together(self, harness: Harness, sync: SyncStore) -> None:
        """Nodes, journal, observed trees and record change together, and stay."""
        sync.commit(
            Commit(
                nodes=[node(1)],
                opened=[action("1")],
                observed=[Observation("a", [entry("x")]), Observation("b", [entry("y")])],
                record=RECORDS["plain"],
                at=5.0,
                losses=2,
            )
        )
        for reopened in (False, True):
            again = harness.reopen().sync("owner", "work") if reopened else sync
            assert again.base().get([1]) == {1: node(1)}
            assert again.open_actions() == [action("1")]
            assert again.observed("a").count() == again.observed("b").count() == 1
            assert again.record() == RECORDS["plain"]
            assert again.losses(0) == 2

    def test_two_handles(self, harness: Harness, sync: SyncStore) -> None:
        """However often a sync is asked for, it is the same."""
        other = harness.store.sync("owner", "work")
        assert other.base().count() == 0
        sync.commit(Commit(nodes=[node(1)], observed=[Observation("a", [entry("x")])]))
        assert other.base().get([1]) == {1: node(1)}
        assert other.observed("a").count() == 1
        other.commit(Commit(observed=[Observation("b", [entry("y")])]))
        assert sync.observed("b").count() == 1

    @pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS.keys())
    def test_record(self, sync: SyncStore, record: SyncRecord) -> None:
        """The record is kept exactly, the order of the endpoints included."""
        assert sync.record() is None
        sync.commit(Commit(record=record))
        found = sync.record()
        assert found == record
        assert list(found.endpoints) == list(record.endpoints)

    def test_owners(self, harness: Harness, sync: SyncStore) -> None:
        """What one owner has, another of the same sync's name has not."""
        sync.commit(Commit(opened=[action("1")], record=RECORDS["plain"], losses=1))
        sync.save_text("key", "text")
        run = sync.begin_run(1.0)
        sync.log(run, [Event("note", "a", "path")])
        other = harness.store.sync("other", "work")
        assert other.record() is None
        assert not other.open_actions()
        assert not other.runs(9)
        assert not other.events(run)
        assert (other.losses(0), other.text("key")) == (0, "")
        other.commit(Commit(closed=["1"]))
        assert sync.open_actions() == [action("1")]

    def test_odd_names(self, harness: Harness) -> None:
        """Owners and syncs may have any name."""
        for owner, name in (("a", "bc"), ("ab", "c"), ("", ""), ("\udce9", "'; --")):
            sync = harness.store.sync(owner, name)
            assert sync.record() is None
            sync.commit(Commit(record=RECORDS["all"]))
            assert sync.record() == RECORDS["all"]


class TestJournal(Rules):
    @pytest.mark.parametrize("opened", ACTIONS.values(), ids=ACTIONS.keys())
    def test_exact(self, harness: Harness, sync: SyncStore, opened: Action) -> None:
        """An action is kept exactly until it is closed, also over a restart."""
        sync.commit(Commit(opened=[opened]))
        assert harness.reopen().sync("owner", "work").open_actions() == [opened]

    def test_order(self, sync: SyncStore) -> None:
        """Open actions come in the order in which they were opened."""
        sync.commit(Commit(opened=[action("c"), action("a")]))
        sync.commit(Commit(opened=[action("b"), action("d")], closed=["a"]))
        assert [one.id for one in sync.open_actions()] == ["c", "b", "d"]

    def test_closed(self, sync: SyncStore) -> None:
        """A closed action is not open; one that was not open may be closed."""
        sync.commit(Commit(opened=[action("a")]))
        sync.commit(Commit(closed=["a", "b"]))
        sync.commit(Commit(closed=["a"]))
        assert sync.open_actions() == []

    def test_opened_again(self, sync: SyncStore) -> None:
        """An action that is opened twice is open once, as it was opened last."""
        sync.commit(Commit(opened=[action("a"), action("b")]))
        sync.commit(Commit(opened=[action("a", size=1)]))
        assert sync.open_actions() == [action("a", size=1), action("b")]

    def test_opened_and_closed(self, sync: SyncStore) -> None:
        """What one commit opens and closes is closed."""
        sync.commit(Commit(opened=[action("a")], closed=["a"]))
        assert sync.open_actions() == []


class TestLosses(Rules):
    def test_sum(self, sync: SyncStore) -> None:
        """Losses are summed from an instant on, that instant included."""
        for at, losses in ((1.5, 1), (2.5, 10), (2.5, 100), (3.5, 1000), (4.5, 0)):
            sync.commit(Commit(at=at, losses=losses))
        assert [sync.losses(since) for since in (0, 1.5, 1.6, 2.5, 3, 9)] == [
            1111,
            1111,
            1110,
            1110,
            1000,
            0,
        ]

    def test_kept(self, sync: SyncStore) -> None:
        """Losses are remembered for longer than the guard's day, but not for ever."""
        sync.commit(Commit(at=0.0, losses=1))
        sync.commit(Commit(at=6 * DAY, losses=10))
        assert sync.losses(0) == 11
        sync.commit(Commit(at=400 * DAY, losses=100))
        assert sync.losses(0) == 100


class TestRuns(Rules):
    def test_none(self, sync: SyncStore) -> None:
        """A new sync has no runs."""
        assert not sync.runs(5)
        assert not sync.events(1)

    def test_opened(self, sync: SyncStore) -> None:
        """A run that goes on has no end and no outcome."""
        run = sync.begin_run(5.5)
        assert sync.runs(5) == [RunRecord(run, 5.5)]

    def test_ended(self, harness: Harness, sync: SyncStore) -> None:
        """A run's report is kept exactly, newest first, and numbers are not given twice."""
        reports = []
        for number in range(3):
            run = sync.begin_run(float(number))
            report = RunRecord(run, float(number), 9.5, "done", {"create": number}, "caf\udce9")
            sync.end_run(report)
            reports.append(report)
        assert len({report.id for report in reports}) == 3
        sync = harness.reopen().sync("owner", "work")
        assert sync.runs(9) == reports[::-1]
        assert sync.runs(2) == reports[:0:-1]
        assert sync.runs(0) == []

    def test_interrupted(self, sync: SyncStore) -> None:
        """A run that a dead process left open is ended by the next, others stay as they are."""
        done = RunRecord(sync.begin_run(1.0), 1.0, 2.0, "done")
        sync.end_run(done)
        dead = sync.begin_run(3.0)
        new = sync.begin_run(4.0)
        assert sync.runs(9) == [
            RunRecord(new, 4.0),
            RunRecord(dead, 3.0, 4.0, "interrupted"),
            done,
        ]

    def test_log(self, harness: Harness, sync: SyncStore) -> None:
        """A run's log is kept in order, and apart from others'."""
        first, second = sync.begin_run(1.0), sync.begin_run(2.0)
        events = [Event("note", "a", f"path {n}", "detail") for n in range(1_500)]
        odd = Event("error", "\udce9", "caf\udce9/\n", "")
        sync.log(second, events[:10])
        sync.log(first, [Event("note", "a", "")])
        sync.log(second, [])
        sync.log(second, [*events[10:], odd])
        sync = harness.reopen().sync("owner", "work")
        assert sync.events(second) == [*events, odd]
        assert sync.events(first) == [Event("note", "a", "")]

    def test_bounded_runs(self, sync: SyncStore) -> None:
        """The newest hundred runs are kept, with their logs."""
        for number in range(103):
            run = sync.begin_run(float(number))
            sync.log(run, [Event("note", "a", str(run))])
            sync.end_run(RunRecord(run, float(number), outcome="done"))
        kept = [run.id for run in sync.runs(1_000)]
        assert len(kept) == 100
        assert [event.path for run in kept for event in sync.events(run)] == [str(n) for n in kept]
        assert sync.events(min(kept) - 1) == []

    def test_bounded_events(self, sync: SyncStore) -> None:
        """About 200,000 events are kept; the oldest give way, the newest stay."""
        old, new = sync.begin_run(1.0), sync.begin_run(2.0)
        sync.log(old, [Event("note", "a", "old")] * 150_000)
        sync.log(new, [Event("note", "a", str(number)) for number in range(150_000)])
        assert 40_000 <= len(sync.events(old)) <= 50_000
        assert len(sync.events(new)) == 150_000
        sync.log(new, [Event("note", "a", "last")] * 100_000)
        assert sync.events(old) == []
        assert 190_000 <= len(sync.events(new)) <= 200_000
        assert sync.events(new)[-1].path == "last"

    def test_unknown_run(self, sync: SyncStore) -> None:
        """Nothing is kept of a run that was never begun."""
        sync.log(7, [Event("note", "a", "path")])
        sync.end_run(RunRecord(7, 1.0, 2.0, "done"))
        assert not sync.events(7)
        assert not sync.runs(9)


class TestTexts(Rules):
    @pytest.mark.parametrize("text", ["text", "x" * 1_000_000, "caf\udce9", "Grüße 🎉\n"])
    def test_exact(self, harness: Harness, sync: SyncStore, text: str) -> None:
        """A text is kept exactly, also over a restart."""
        sync.save_text("key", "before")
        sync.save_text("key", text)
        assert harness.reopen().sync("owner", "work").text("key") == text

    def test_removed(self, sync: SyncStore) -> None:
        """An empty text removes it; there is none under a key that nobody used."""
        sync.save_text("key", "text")
        sync.save_text("other", "other")
        sync.save_text("key", "")
        sync.save_text("never", "")
        assert [sync.text(key) for key in ("key", "never", "other")] == ["", "", "other"]

    def test_listed(self, harness: Harness, sync: SyncStore) -> None:
        """The keys of texts are found by how they begin, whatever their endpoints are called."""
        for key in ("upload:a:1", "upload:caf\udce9:2", "uploads", "upload:%", "other"):
            sync.save_text(key, "x" * 1_000_000 if key == "upload:%" else key)
        sync.save_text("upload:a:1", "")
        harness.store.sync("other", "work").save_text("upload:b:1", "another's")
        assert sorted(sync.texts("upload:")) == ["upload:%", "upload:caf\udce9:2"]
        assert len(sync.texts("")) == 4
        assert sync.texts("none") == []
