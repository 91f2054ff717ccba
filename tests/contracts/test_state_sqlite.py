"""The SQLite store passes the contract, and answers as the memory store does."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncoxiders.adapters.memory.state import MemoryStateStore
from syncoxiders.adapters.state.sqlite import SqliteStateStore
from syncoxiders.ports.state import Commit
from tests.contracts.state_contract import *  # noqa: F403 -- the suite is its names
from tests.contracts.state_harness import action
from tests.contracts.state_model import ENDPOINTS, answers, commits, numbers, texts


class SqliteHarness:
    def __init__(self, path: Path) -> None:
        self._path = path
        self.store = SqliteStateStore(path)

    def reopen(self) -> SqliteStateStore:
        self.store.close()
        self.store = SqliteStateStore(self._path)
        return self.store


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[SqliteHarness]:
    harness = SqliteHarness(tmp_path / "state.db")
    yield harness
    harness.store.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteStateStore]:
    with SqliteStateStore(tmp_path_factory.mktemp("state") / "state.db") as store:
        yield store


names_of_syncs = map(str, itertools.count())


@settings(deadline=None)  # the machine may be busy
@given(st.lists(commits(st.builds(action, texts, node=numbers), texts), max_size=6))
def test_answers_as_memory_does(shared: SqliteStateStore, history: list[Commit]) -> None:
    """Whatever is committed, both stores give the same answers to every question."""
    name = next(names_of_syncs)
    ours, model = shared.sync("owner", name), MemoryStateStore().sync("owner", name)
    for change in history:
        ours.commit(change)
        model.commit(change)
        for ours_says, model_says in zip(answers(ours), answers(model), strict=True):
            assert ours_says == model_says
        for endpoint in ENDPOINTS:
            tree, other = ours.observed(endpoint), model.observed(endpoint)
            for after, limit in ((0, 1_000), (2, 3)):
                assert tree.changes(after, limit) == other.changes(after, limit)
