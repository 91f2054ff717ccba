"""What a person lets through in the deployed system: each answer is for one question, once."""

from collections.abc import Callable
from typing import Any

import pytest

from syncoxiders.adapters.memory.clock import MemoryClock
from syncoxiders.adapters.memory.provider import MemoryProvider
from syncoxiders.engine.desk import plans
from syncoxiders.engine.desk.context import Desk
from syncoxiders.engine.desk.declined import Absent
from syncoxiders.engine.interrupted import OutOfTime
from syncoxiders.engine.looks import Looks
from syncoxiders.engine.pipeline import approvals, reconcile, setting
from syncoxiders.engine.pipeline.health import health
from syncoxiders.engine.pipeline.holding import Hold
from syncoxiders.engine.report import Stop
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.registry import EndpointSettings
from syncoxiders.ports.state import Commit
from tests.engine.deployed import OWNER, Deployed, goes_on

FILES = 12


class Killed(BaseException):
    """A function dies."""


@pytest.fixture
def world() -> Deployed:
    return three()


def three() -> Deployed:
    """Return three accounts in step, of which more than two files may not be lost unasked."""
    found = Deployed(MemoryClock(tick=0.001))
    found.registry.put_account(OWNER, Account("c", "memory"))
    found.providers["c"] = MemoryProvider(clock=found.clock, name="c")
    found.put(endpoints=tuple(EndpointSettings(each, each) for each in "abc"), max_delete="2")
    for number in range(FILES):
        found.a.write(f"{number}", b"%d" % number)
    found.look()
    found.look()
    assert len(third(found).tree()) == FILES
    return found


def third(world: Deployed) -> MemoryProvider:
    found = world.providers["c"]
    assert isinstance(found, MemoryProvider)
    return found


def asked(world: Deployed) -> Stop | None:
    """Return all that a person is asked, as she sees it."""
    return health(world.pipeline, OWNER, world.settings).stop


def shown(world: Deployed) -> Stop:
    found = asked(world)
    assert found is not None
    return found


def at(world: Deployed, endpoint: str) -> Stop:
    """Return what is asked about an endpoint's root."""
    found = setting.heard(world.store(), endpoint).stop
    assert found is not None
    return found


def planned(world: Deployed) -> Stop:
    """Return what is asked about a plan."""
    found = setting.planning(world.store()).stop
    assert found is not None
    return found


def approve(world: Deployed, plan: str) -> None:
    """Let through what is shown under an id."""
    world.clock.advance(1.0)
    plans.approve(Desk(world.pipeline, OWNER), world.settings, plan)


def lose(world: Deployed, first: int = 0, count: int = 4) -> None:
    """Have a plan stopped that is about files which were deleted at a."""
    for number in range(first, first + count):
        world.a.remove(f"{number}")
    world.look()
    assert planned(world).kind == "losses"


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


class TestSurvives:
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
        world.providers["b"].root()
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
