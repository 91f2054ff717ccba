"""Roots in the deployed system: exchanged, let through, and what becomes of the rest meanwhile."""

import pytest

from syncoxiders.engine.pipeline import setting
from syncoxiders.engine.pipeline.sweep import sweep
from tests.engine.deployed import Deployed


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
    store.save_text(setting.APPROVED, stop.plan_id)


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
