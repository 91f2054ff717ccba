"""The memory store passes the contract, and what simulations need of it."""

import pytest

from syncoxiders.adapters.memory.state import MemoryStateStore
from syncoxiders.ports.state import Commit, SyncRecord
from tests.contracts.state_contract import *  # noqa: F403 -- the suite is its names
from tests.contracts.state_harness import action, agree, entry, node, observe


class MemoryHarness:
    def __init__(self) -> None:
        self.store = MemoryStateStore()

    def reopen(self) -> MemoryStateStore:
        self.store.close()
        return self.store


@pytest.fixture
def harness() -> MemoryHarness:
    return MemoryHarness()


class Killed(Exception):  # noqa: N818 -- an event, not an error
    pass


def kill(_: Commit) -> None:
    raise Killed


class TestCrash:
    def test_before(self) -> None:
        """A crash before a commit leaves nothing of it."""
        store = MemoryStateStore()
        sync = store.sync("owner", "work")
        store.before = kill
        with pytest.raises(Killed):
            sync.commit(Commit(nodes=[node(1)], record=SyncRecord({})))
        assert (sync.base().count(), sync.record()) == (0, None)

    def test_after(self) -> None:
        """A crash after a commit leaves all of it."""
        store = MemoryStateStore()
        sync = store.sync("owner", "work")
        store.after = kill
        with pytest.raises(Killed):
            sync.commit(Commit(nodes=[node(1)], record=SyncRecord({})))
        assert (sync.base().count(), sync.record()) == (1, SyncRecord({}))


class TestSnapshot:
    def test_restored(self) -> None:
        """A snapshot brings everything back, any number of times, whatever happened since."""
        store = MemoryStateStore()
        sync = store.sync("owner", "work")
        agree(sync, 1)
        sync.commit(Commit(opened=[action("x")], at=1.0, losses=1))
        run = sync.begin_run(1.0)
        snapshot = store.snapshot()
        for _ in range(2):
            agree(sync, 2)
            observe(sync, entry("e3"), gone=["e1"])
            sync.commit(Commit(forget=[1], closed=["x"], at=1.0, losses=1))
            sync.save_text("key", "text")
            sync.begin_run(2.0)
            store.sync("owner", "new").commit(Commit(nodes=[node(1)]))
            store.restore(snapshot)
            assert list(sync.base().get([1, 2])) == [1]
            assert sync.base().of("a", ["e1", "e2"]) == {"e1": 1}
            assert [one.id for one in sync.observed("a").children("/")] == ["e1"]
            assert sync.observed("a").changes(0, 9) == (["e1"], 1)
            assert sync.open_actions() == [action("x")]
            assert (sync.losses(0), sync.text("key")) == (1, "")
            assert [one.id for one in sync.runs(9)] == [run]
            assert store.sync("owner", "new").base().count() == 0
