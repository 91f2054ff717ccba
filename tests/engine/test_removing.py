"""A sync that is removed leaves nothing in the tables, however often that is cut off."""

import pytest

from syncoxiders.adapters.items.store import ItemsStates
from syncoxiders.adapters.memory.items import MemoryItems
from syncoxiders.engine.pipeline.execute import apply
from syncoxiders.engine.pipeline.housekeeping import keep_house
from syncoxiders.engine.pipeline.messages import Apply
from syncoxiders.engine.pipeline.removing import remove_sync, tidy_up
from syncoxiders.engine.pipeline.times import DEAD
from syncoxiders.ports.errors import StateUnavailable
from syncoxiders.ports.items import Change
from syncoxiders.ports.pipeline import SharedStates
from tests.engine.deployed import OWNER, SYNC, Deployed


class Stage(Deployed):
    def __post_init__(self) -> None:
        super().__post_init__()
        for number in range(30):
            self.a.write(f"{number % 3}/{number}/file", b"%d" % number)
        self.look()
        self.look()
        self.a.remove("0/3/file")
        self.a.rename("1/4", "2/moved")
        self.b.write("1/7/file", b"ours")
        self.a.write("1/7/file", b"theirs")
        self.look()
        self.a.write("late", b"late")
        self.store().save_text("large", "x" * 1_000_000)
        assert self.held()

    def held(self) -> list[str]:
        """The partitions that hold anything."""
        return sorted(
            name
            for table in (self.tree, self.journal)
            for name, partition in vars(table)["_partitions"].items()
            if list(table.query(name))
        )


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_all_of_it(stage: Stage) -> None:
    """Nothing is left in any partition; another sync keeps its own."""
    other = stage.pipeline.states.sync(OWNER, "other")
    other.save_text("kept", "kept")
    remove_sync(stage.pipeline, OWNER, stage.settings)
    assert stage.registry.sync(OWNER, SYNC) is None
    assert [each for each in stage.held() if f"#{SYNC}#" in each] == []
    assert other.text("kept") == "kept"


def test_cut_off(stage: Stage) -> None:
    """Who is cut off anywhere leaves the rest to be removed by the next one."""
    left = 0

    def cut(_: Change) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise StateUnavailable("no answer")

    for table in (stage.tree, stage.journal):
        table.after = cut
    rounds = 0
    while True:
        left, rounds = 40, rounds + 1
        try:
            stage.pipeline.states.remove(OWNER, SYNC, ("a", "b"))
        except StateUnavailable:
            assert rounds < 100
            continue
        break
    assert rounds > 3
    assert stage.held() == []


def test_late_worker(stage: Stage) -> None:
    """What a worker wrote that had begun before is removed by housekeeping, once it is dead."""
    remove_sync(stage.pipeline, OWNER, stage.settings)
    stage.store().save_text("looking:a", "by one who had begun")
    keep_house(stage.pipeline)
    assert stage.held() != []
    assert tidy_up(stage.pipeline, OWNER) == [SYNC]
    stage.clock.advance(DEAD)
    keep_house(stage.pipeline)
    assert stage.held() == []
    assert stage.registry.removed(OWNER) == []


def test_messages_of_it(stage: Stage) -> None:
    """What messages still ask for is nothing."""
    remove_sync(stage.pipeline, OWNER, stage.settings)
    apply(stage.pipeline, Apply(OWNER, SYNC, "1-000001"))
    stage.look()
    assert stage.held() == []


def test_added_again(stage: Stage) -> None:
    """Under the name of a removed one a sync begins anew: what differs is kept, not deleted."""
    remove_sync(stage.pipeline, OWNER, stage.settings)
    stage.clock.advance(DEAD)
    assert tidy_up(stage.pipeline, OWNER) == []
    stage.a.remove("2")
    stage.put()
    stage.look()
    stage.look()
    assert stage.a.tree() == stage.b.tree()
    assert "2/2/file" in stage.a.tree()


def test_of_which_nothing_is_held() -> None:
    """A sync that never was planned is removed as well."""
    states: SharedStates = ItemsStates(MemoryItems(), MemoryItems())
    states.remove(OWNER, "none", ("a", "b"))
