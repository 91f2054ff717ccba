"""What a person lets through in the deployed system is so until it has come about, whoever dies."""

from collections.abc import Callable
from typing import Any

import pytest

from syncoxiders.engine.interrupted import OutOfTime
from syncoxiders.engine.looks import Looks
from syncoxiders.engine.pipeline import reconcile, setting
from syncoxiders.engine.pipeline.holding import Hold
from syncoxiders.ports.state import Commit
from tests.engine.asking import FILES, approve, asked, at, lose, shown, third, three
from tests.engine.deployed import OWNER, Deployed, goes_on


class Killed(BaseException):
    """A function dies."""


@pytest.fixture
def world() -> Deployed:
    return three()


def dies_at(world: Deployed, number: int, when: str) -> bool:
    """Have whoever makes the change of this number die around it; says whether it came to that."""
    left = number

    def count(_: object) -> None:
        nonlocal left
        left -= 1
        if not left:
            raise Killed

    for table in (world.tree, world.journal):
        setattr(table, when, count)
    try:
        world.settle()
    except Killed:
        return True
    finally:
        for table in (world.tree, world.journal):
            setattr(table, when, None)
    return False


class TestLooks:
    def test_an_endpoint_that_is_away(self, world: Deployed) -> None:
        """What was let through waits for a provider that cannot be asked just then."""
        world.b.exchange_root()
        world.look()
        approve(world, shown(world).plan_id)
        world.b.offline = True
        world.look()
        world.b.offline = False
        world.look()
        assert asked(world) is None
        assert world.b.tree() == world.a.tree()

    def test_a_root_that_is_lost_for_a_while(self, world: Deployed) -> None:
        """A question stays while nobody knows what is there."""
        world.b.exchange_root()
        world.look()
        stop = shown(world)
        world.b.lose_root()
        world.look()
        assert shown(world) == stop
        world.b.return_root()
        world.look()
        assert shown(world) == stop

    def test_a_look_that_is_cut_off(self, world: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
        """A root that was let through is so once, however often it has to be gone on looking."""
        world.b.exchange_root()
        world.b.write("new", b"new")
        world.look()
        look, forget, forgotten = Looks.look_at, Looks._forget, []

        def counted(looks: Looks, endpoint: str) -> None:
            forgotten.append(endpoint)
            forget(looks, endpoint)

        def cut_off(*_: object) -> bool:
            raise OutOfTime("another worker goes on")

        monkeypatch.setattr(Looks, "_forget", counted)
        monkeypatch.setattr(Looks, "look_at", cut_off)
        world.failing = {"merge"}
        approve(world, shown(world).plan_id)
        world._one("poll", world.polls)
        assert not setting.heard(world.store(), "b").looked  # so that nobody plans with half of it
        monkeypatch.setattr(Looks, "look_at", look)
        world.failing = set()
        world.look()
        assert asked(world) is None
        assert forgotten == ["b"]
        assert world.a.tree() == world.b.tree() == third(world).tree()
        assert len(world.a.tree()) == FILES + 1

    def test_a_root_that_takes_long_to_be_forgotten(
        self, world: Deployed, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Who has no time left for that leaves it to another, under the same approval."""
        world.b.exchange_root()
        world.look()
        stop = shown(world)
        hold, steps = Hold.__call__, 0

        def short(held: Hold) -> None:
            nonlocal steps
            steps += 1
            if steps == 3:  # the first is before anything is asked
                raise OutOfTime("another worker goes on")
            hold(held)

        world.failing = {"merge"}
        approve(world, stop.plan_id)
        with monkeypatch.context() as patch:
            patch.setattr(Hold, "__call__", short)
            world._one("poll", world.polls)
        assert steps == 3
        assert shown(world) == stop
        world.failing = set()
        world.look()
        assert asked(world) is None
        assert world.b.tree() == world.a.tree()

    def test_a_look_begun_in_the_former_root(self, world: Deployed) -> None:
        """One that was cut off there is not gone on with in another root."""
        store = world.store()
        folder = world.b.write("folder/file", b"content").parent
        world.look()
        begun = f'{{"cursor":"","todo":["{folder}"]}}'
        store.save_text("looking:b", begun)
        world.b.exchange_root()
        world.b.write("new", b"new")
        world.failing = {"merge"}
        world.look()
        store.save_text("looking:b", begun)
        world.failing = set()
        approve(world, at(world, "b").plan_id)
        world.settle()
        assert world.a.tree()["new"] == b"new"


class TestPlanners:
    @pytest.mark.parametrize("entered", range(4))
    def test_a_planner_that_dies(
        self, world: Deployed, entered: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What is left of a plan that was let through, and is entered in part, is not asked again.

        What was deleted since is.
        """
        lose(world)
        commit = type(world.store()).commit

        def dies(store: Any, change: Commit) -> Any:
            if len(change.nodes) < 4:
                return commit(store, change)
            part = Commit(
                nodes=change.nodes[:entered],
                opened=[
                    each
                    for each in change.opened
                    if each.node in {node.id for node in change.nodes[:entered]}
                ],
                at=change.at,
            )
            commit(store, part)
            raise RuntimeError("killed")

        with monkeypatch.context() as patch:
            patch.setattr(type(world.store()), "commit", dies)
            approve(world, shown(world).plan_id)
            with pytest.raises(RuntimeError, match="killed"):
                world.settle()
        world.merges.purge()
        world.clock.advance(120.0)
        goes_on(world, 240)
        assert asked(world) is None
        assert world.a.tree() == world.b.tree() == third(world).tree()
        lose(world, first=4, count=3)

    def test_a_planner_that_has_no_time(
        self, world: Deployed, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """One that ends before it comes to what was let through leaves that to the next."""
        lose(world)
        work: Callable[..., bool] = reconcile.Planner._work
        with monkeypatch.context() as patch:
            patch.setattr(reconcile.Planner, "_work", lambda *_: False)
            approve(world, shown(world).plan_id)
            world._one("merge", world.merges)
        assert reconcile.Planner._work is work
        world.settle()
        assert asked(world) is None
        assert world.a.tree() == world.b.tree()
        assert len(world.a.tree()) == FILES - 4

    def test_an_endpoint_that_joins_later(self, world: Deployed) -> None:
        """A root that was let through joins, though its account is paused until after a plan."""
        right = world.b.tree()
        world.b.exchange_root()
        world.look()
        world.b.write("0", b"0")
        approve(world, shown(world).plan_id)
        world._one("poll", world.polls)
        world.registry.pause(OWNER, "b", world.clock.now() + 7_200.0)
        world.a.write("new", b"new")
        world.look()
        assert third(world).tree().keys() == {*right, "new"}
        record = world.store().record()
        assert record is not None
        assert setting.exchanged(record, {"b": setting.heard(world.store(), "b")}) == {"b"}
        goes_on(world, 9_000)
        assert world.a.tree() == world.b.tree() == third(world).tree()
        assert len(world.a.tree()) == FILES + 1

    @pytest.mark.parametrize(
        ("when", "step"),
        [
            ("after", 7),
            pytest.param("before", 1, marks=pytest.mark.slow),
            pytest.param("after", 1, marks=pytest.mark.slow),
        ],
    )
    def test_whoever_dies(self, when: str, step: int) -> None:
        """All that one stop shows is let through once, though somebody dies at any change."""
        number, died = 1 - step, True
        while died:
            number += step
            world = three()
            third(world).exchange_root()
            lose(world)
            approve(world, shown(world).plan_id)
            died = dies_at(world, number, when)
            world.clock.advance(60.0)
            goes_on(world, 300)
            assert asked(world) is None, number
            trees = [each.tree() for each in (world.a, world.b, third(world))]
            assert trees == [trees[0]] * 3, number
            assert len(trees[0]) == FILES - 4
            lose(world, first=4, count=3)
        assert number > 40
