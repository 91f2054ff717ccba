"""The contract of shared stores for what they tell page by page."""

import msgspec
import pytest

from syncoxiders.core.model import Conflict
from syncoxiders.ports.pipeline import SharedStates, SharedStore
from syncoxiders.ports.state import Commit, Event, RunRecord
from tests.contracts.shared_harness import ItemsHarness
from tests.contracts.state_harness import keep, node


class TestPaging:
    @pytest.fixture
    def store(self, harness: ItemsHarness) -> SharedStates:
        return harness.store

    @pytest.fixture
    def sync(self, store: SharedStates) -> SharedStore:
        return store.sync("owner", "work")

    def test_losers(self, sync: SharedStore, store: SharedStates) -> None:
        """Kept losers come each once, in parts; those that are none any more do not come."""
        losers = [msgspec.structs.replace(node(n), conflict=Conflict(99, "a")) for n in range(1, 8)]
        keep(sync, node(20), *losers)
        sync.commit(Commit(nodes=[msgspec.structs.replace(losers[0], conflict=None)]))
        sync.commit(Commit(nodes=[msgspec.structs.replace(losers[1], name="renamed")]))
        found, after = list[int](), ""
        for _ in range(9):
            some, after = store.sync("owner", "work").losers(after, 2)
            assert len(some) <= 2
            found.extend(each.id for each in some)
            if not after:
                break
        assert sorted(found) == [2, 3, 4, 5, 6, 7]
        assert after == ""

    def test_runs(self, sync: SharedStore) -> None:
        """Runs are found by their number, and in parts, newest first."""
        for number in range(1, 6):
            assert sync.begin_run(float(number)) == number
        sync.end_run(RunRecord(5, 5.0, 6.0, "done"))
        assert sync.run(5) == RunRecord(5, 5.0, 6.0, "done")
        assert sync.run(6) is None
        assert [each.id for each in sync.runs_before(1 << 40, 2)] == [5, 4]
        assert [each.id for each in sync.runs_before(4, 9)] == [3, 2, 1]
        assert sync.runs_before(1, 9) == []

    @pytest.mark.parametrize("size", [1, 7, 700])
    def test_events(self, sync: SharedStore, size: int) -> None:
        """A log is read from any position on, in both directions, however it was written."""
        run = sync.begin_run(1.0)
        events = [Event("create", "a", f"{number}") for number in range(1_200)]
        for start in range(0, 1_200, size):
            sync.log(run, events[start : start + size])
        for position in (-1, 0, 5, 499, 500, 699, 1_100, 1_199, 5_000):
            expected = list(enumerate(events))[position + 1 : position + 4]
            assert sync.events_after(run, position, 3) == expected
            before = list(enumerate(events))[max(position - 3, 0) : max(position, 0)]
            if position <= len(events):
                assert sync.events_before(run, max(position, 0), 3) == before[::-1]
        assert [each for each, _ in sync.events_before(run, 1 << 40, 2)] == [1_199, 1_198]
        assert sync.events_after(run + 1, -1, 3) == []
