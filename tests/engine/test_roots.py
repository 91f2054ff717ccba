"""Roots in the deployed system: exchanged, let through, and what becomes of the rest meanwhile."""

import pytest

from syncoxiders.engine.pipeline import approvals, setting
from syncoxiders.engine.pipeline.sweep import sweep
from syncoxiders.ports.errors import Denied, RootLost
from syncoxiders.ports.items import Update
from tests.engine.deployed import HOUR, Deployed, goes_on
from tests.simulation.faults import FaultyProvider


@pytest.fixture
def deployed() -> Deployed:
    """Two accounts in step, of which one's root is then another, empty folder."""
    deployed = Deployed()
    for name in "xyz":
        deployed.a.write(f"sub/{name}", name.encode())
    deployed.look()
    assert deployed.b.tree() == deployed.a.tree()
    deployed.b.exchange_root()
    deployed.look()
    return deployed


def approve(deployed: Deployed) -> None:
    """Let through what a guard stopped at b."""
    store = deployed.store()
    stop = setting.heard(store, "b").stop
    assert stop is not None
    assert stop.kind == "exchanged"
    approvals.approve(store, stop)


def test_an_exchanged_root_stops(deployed: Deployed) -> None:
    """Nothing is taken for deleted, and nothing is written to a folder that may be a wrong one."""
    assert deployed.b.tree() == {}
    assert len(deployed.a.tree()) == 4


def test_an_exchanged_root_that_is_let_through_joins(deployed: Deployed) -> None:
    """It gets what the other has, though nothing of that has changed, and keeps what it had."""
    deployed.b.write("own", b"own")
    approve(deployed)
    deployed.look()
    assert deployed.a.tree() == deployed.b.tree()
    assert deployed.a.tree().keys() == {"sub", "sub/x", "sub/y", "sub/z", "own"}


def test_a_root_that_was_let_through_is_found_by_the_sweep(deployed: Deployed) -> None:
    """A message that is lost is made up for."""
    approve(deployed)
    deployed.failing = {"merge"}
    deployed.look()
    deployed.merges.purge()
    deployed.failing = set()
    sweep(deployed.pipeline)
    deployed.settle()
    assert deployed.b.tree() == deployed.a.tree()


@pytest.fixture
def planned() -> Deployed:
    """Two accounts in step, and an edit and a new file that are planned and not carried."""
    deployed = Deployed()
    for name in "xyz":
        deployed.a.write(name, name.encode())
    deployed.look()
    deployed.failing = {"apply"}
    deployed.a.write("x", b"edited")
    deployed.a.write("new", b"new")
    deployed.look()
    deployed.failing = {"poll"}  # nobody has looked since
    return deployed


def test_nothing_is_written_to_an_exchanged_root(planned: Deployed) -> None:
    """It would be missing in the right one, as if it had been deleted there."""
    planned.b.exchange_root()
    planned.settle()
    assert planned.b.tree() == {}


def test_what_an_exchanged_root_lacks_was_not_deleted(planned: Deployed) -> None:
    """A worker that does not find what it was to carry looks around at the right root only."""
    planned.a.exchange_root()
    planned.settle()
    assert planned.b.tree().keys() == {"x", "y", "z"}


def test_what_an_empty_root_lacks_was_not_deleted(planned: Deployed) -> None:
    """A worker that finds nothing where a full tree was known leaves it to be asked about."""
    for name in ("x", "y", "z", "new"):
        planned.a.remove(name)
    planned.settle()
    planned.failing = set()
    planned.look()
    stop = setting.heard(planned.store(), "a").stop
    assert stop is not None
    assert stop.kind == "emptied"
    assert planned.b.tree().keys() == {"x", "y", "z"}


@pytest.mark.parametrize("count", [0, 30])
def test_an_empty_root_stops_though_its_entries_were_miscounted(count: int) -> None:
    """A count that a death has put out hides no root over which nothing is left."""
    deployed = Deployed()
    for name in "xyz":
        deployed.a.write(name, name.encode())
    deployed.look()
    deployed.journal.write([Update(("me#photos#count", "a"), {"count": count})])
    assert deployed.store().observed("a").count() == count
    for name in "xyz":
        deployed.a.remove(name)
    deployed.look()
    stop = setting.heard(deployed.store(), "a").stop
    assert stop is not None
    assert stop.kind == "emptied"
    assert len(deployed.b.tree()) == 3


def test_all_that_a_worker_leaves_for_later_is_planned_again() -> None:
    """What a provider refuses, and what a root that went away does not show, in one batch."""
    deployed = Deployed()
    deployed.a.write("x", b"x")
    deployed.look()
    deployed.failing = {"apply"}
    deployed.a.write("x", b"edited")
    deployed.a.write("d/y", b"y")
    deployed.look()
    deployed.b.write("x", b"edited there")
    asked = 0

    def refuse(operation: str) -> None:
        nonlocal asked
        asked += operation == "root"
        if operation == "make_folder":
            raise Denied("no")
        if operation == "root" and asked > 1:
            raise RootLost("not there")

    deployed.b.on_call = refuse
    deployed.failing = {"poll"}
    deployed.settle()
    assert asked == 2
    deployed.b.on_call = None
    deployed.failing = set()
    deployed.clock.advance(3_700.0)
    sweep(deployed.pipeline)
    deployed.settle()
    assert deployed.b.tree()["d/y"] == b"y"
    assert deployed.a.tree() == deployed.b.tree()


@pytest.fixture
def halved() -> Deployed:
    """Two accounts in step, and a deletion at b of which nobody knows whether it was done."""
    deployed = Deployed()
    deployed.providers["b"] = deployed.b = FaultyProvider(clock=deployed.clock, name="b")
    for name in ("d/x", "d/y", "d/z", "e"):
        deployed.a.write(name, name.encode())
    deployed.look()
    deployed.look()
    deployed.failing = {"apply"}
    deployed.a.remove("d/x")
    deployed.look()
    (batch,) = deployed.store().batches()
    deployed.store().begin_batch(batch.id, deployed.clock.now())  # and whoever did so has died
    deployed.failing = {"poll"}
    return deployed


def test_what_an_empty_root_lacks_was_not_deleted_by_us(halved: Deployed) -> None:
    """Of a deletion without an answer, a root in which nothing is left does not tell."""
    storage = halved.b
    assert isinstance(storage, FaultyProvider)
    full = storage.put_root(marked=False)
    halved.settle()
    storage.put_root(full)
    halved.failing.clear()
    goes_on(halved, 2 * HOUR)
    halved.look()
    assert halved.a.tree().keys() == {"d", "d/y", "d/z", "e"}
    assert halved.b.tree() == halved.a.tree()


def test_what_was_deleted_without_an_answer_is_gone(halved: Deployed) -> None:
    """In a root that shows the rest, what is not there was deleted, and is not asked for again."""
    halved.b.remove("d/x")
    asked: list[str] = []
    halved.b.on_call = asked.append
    halved.settle()
    assert "delete" not in asked
    assert not halved.store().batches()


def test_the_last_that_was_deleted_without_an_answer_is_gone() -> None:
    """A root that is empty since all of it was to be deleted proves that it was."""
    deployed = Deployed()
    deployed.a.write("x", b"x")
    deployed.look()
    deployed.look()
    deployed.failing = {"apply"}
    deployed.a.remove("x")
    deployed.look()
    (batch,) = deployed.store().batches()
    deployed.store().begin_batch(batch.id, deployed.clock.now())
    deployed.b.remove("x")
    asked: list[str] = []
    deployed.b.on_call = asked.append
    deployed.failing = {"poll"}
    deployed.settle()
    assert "delete" not in asked
    assert not deployed.store().batches()
