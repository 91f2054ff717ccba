"""What a person lets through in the deployed system: each answer is for one question, once."""

from typing import Any

import pytest

from syncoxiders.engine.desk.declined import Absent
from syncoxiders.engine.pipeline import approvals, reconcile, setting
from tests.engine.asking import FILES, approve, asked, at, lose, planned, shown, third, three
from tests.engine.deployed import Deployed, goes_on


@pytest.fixture
def world() -> Deployed:
    return three()


class TestSideBySide:
    def test_two_roots(self, world: Deployed) -> None:
        """Two exchanged roots are one stop, and one approval lets both take part."""
        world.b.exchange_root()
        third(world).exchange_root()
        world.look()
        stop = shown(world)
        assert "the root of b is" in stop.reason
        assert "the root of c is" in stop.reason
        approve(world, stop.plan_id)
        world.settle()
        assert asked(world) is None
        assert world.a.tree() == world.b.tree() == third(world).tree()
        assert len(world.a.tree()) == FILES

    @pytest.mark.parametrize("first", ["poll", "merge"])
    def test_a_root_and_a_plan(self, world: Deployed, first: str) -> None:
        """A plan that was stopped while a root was another one is let through along with it."""
        third(world).exchange_root()
        lose(world)
        stop = shown(world)
        assert "4 of 12 files" in stop.reason
        assert "the root of c is" in stop.reason
        world.failing = {"poll", "merge"} - {first}
        approve(world, stop.plan_id)
        world.settle()
        world.failing = set()
        world.settle()
        assert asked(world) is None
        assert world.a.tree() == world.b.tree() == third(world).tree()
        assert len(world.a.tree()) == FILES - 4

    def test_another_who_is_away_by_then(self, world: Deployed) -> None:
        """Without one of those who took part it is another plan; the others go on by that one."""
        third(world).exchange_root()
        lose(world)
        world.failing = {"merge"}
        approve(world, shown(world).plan_id)
        world.b.offline = True
        for _ in range(3):
            world.look()
        world.failing = set()
        goes_on(world, 60)
        assert shown(world).kind == "losses"
        assert setting.planning(world.store()).present == ("a", "c")
        approve(world, shown(world).plan_id)
        world.settle()
        assert third(world).tree() == world.a.tree()
        world.b.offline = False
        world.look()
        goes_on(world, 60)
        assert asked(world) is None
        assert world.b.tree() == world.a.tree()

    def test_one_of_them(self, world: Deployed) -> None:
        """Each may be let through by itself; what is asked about the others stays as it was."""
        world.b.exchange_root()
        third(world).exchange_root()
        world.look()
        other = at(world, "c")
        approve(world, at(world, "b").plan_id)
        world.settle()
        assert world.b.tree() == world.a.tree()
        assert shown(world) == other
        assert third(world).tree() == {}

    def test_asked_later(self, world: Deployed) -> None:
        """What came after the stop that was shown is not let through with it."""
        world.b.exchange_root()
        world.look()
        seen = shown(world)
        third(world).exchange_root()
        world.look()
        approve(world, seen.plan_id)
        world.settle()
        assert shown(world) == at(world, "c")
        assert third(world).tree() == {}

    def test_decided_meanwhile(self, world: Deployed) -> None:
        """Of what was shown, what is asked still is let through."""
        world.b.exchange_root()
        third(world).exchange_root()
        world.look()
        both = shown(world).plan_id
        approve(world, at(world, "b").plan_id)
        world.settle()
        approve(world, both)
        world.settle()
        assert asked(world) is None
        assert third(world).tree() == world.a.tree()

    def test_nothing_like_it(self, world: Deployed) -> None:
        """What is not asked cannot be let through; who tries is told what is."""
        world.b.exchange_root()
        world.look()
        stop = shown(world)
        with pytest.raises(Absent) as refused:
            approve(world, "exchanged-b-000000000000")
        assert stop.plan_id in refused.value.mend
        approve(world, stop.plan_id)
        world.settle()
        with pytest.raises(Absent) as refused:
            approve(world, stop.plan_id)
        assert refused.value.mend == "none waits"

    def test_while_a_planner_is_at_work(
        self, world: Deployed, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What is let through while another approval is being used up is not lost with it."""
        third(world).exchange_root()
        lose(world)
        world.failing = {"poll"}
        approve(world, planned(world).plan_id)
        enter = reconcile.Planner._enter

        def meanwhile(planner: reconcile.Planner, result: Any) -> None:
            enter(planner, result)
            monkeypatch.setattr(reconcile.Planner, "_enter", enter)
            approve(world, at(world, "c").plan_id)

        monkeypatch.setattr(reconcile.Planner, "_enter", meanwhile)
        world.settle()
        world.failing = set()
        world.settle()
        assert asked(world) is None
        assert third(world).tree() == world.b.tree() == world.a.tree()


class TestOnce:
    def test_an_exchanged_root(self, world: Deployed) -> None:
        """A root that was accepted, and is exchanged for another and back, is asked about again."""
        right = world.b._mark
        world.b.exchange_root()
        world.look()
        approve(world, shown(world).plan_id)
        world.settle()
        accepted = world.b._mark
        for mark in (right, accepted):
            world.b._mark = mark
            world.look()
            stop = shown(world)
            assert stop.kind == "exchanged"
            approve(world, stop.plan_id)
            world.settle()
            assert asked(world) is None

    @pytest.mark.parametrize("kept", [True, False])
    def test_an_empty_root(
        self, world: Deployed, kept: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """That all may go is over once it is there again, though a look died over that."""
        world.put(max_delete="100%")
        content = world.a.tree()
        for name in content:
            world.a.remove(name)
        world.look()
        world.failing = {"poll"}
        approve(world, shown(world).plan_id)
        world.polls.purge()
        for name in content:
            world.a.write(name, b"again")
        world.failing = set()
        if kept:
            monkeypatch.setattr(approvals, "forget", lambda *_: None)
        world.look()
        assert asked(world) is None
        for name in content:
            world.a.remove(name)
        for _ in range(2):
            world.look()
            assert shown(world).kind == "emptied"
        assert len(world.b.tree()) == FILES

    def test_a_plan(self, world: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
        """A planner that dies once all is entered leaves no leave to do it again."""
        monkeypatch.setattr(approvals, "forget", lambda *_: None)
        monkeypatch.setattr(reconcile, "identify", lambda _: "same")
        lose(world)
        approve(world, shown(world).plan_id)
        world.settle()
        assert asked(world) is None
        for number in range(4):
            world.a.write(f"again{number}", b"%d" % number)
        world.look()
        for number in range(4):
            world.a.remove(f"again{number}")
        world.look()
        for _ in range(2):
            goes_on(world, 60)
            assert shown(world).kind == "losses"
        assert len(world.b.tree()) == FILES
