"""The first plan of a sync is shown, and nothing is done before a person has let it through."""

from typing import Any

import pytest

from syncoxiders.adapters.memory.provider import MemoryProvider
from syncoxiders.adapters.memory.quirks import Quirks
from syncoxiders.core.model import Traits
from syncoxiders.engine.pipeline import approvals, preview, reconcile, setting
from syncoxiders.engine.pipeline.sweep import sweep
from syncoxiders.engine.report import PREVIEW, Stop
from syncoxiders.engine.stopped import Kept, read_kept
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.registry import EndpointSettings
from tests.engine.deployed import OWNER, Deployed

MERGES_AT_ONCE = 3


@pytest.fixture
def world() -> Deployed:
    found = Deployed()
    found.put(preview=True)
    return found


def stop(world: Deployed) -> Stop:
    """Return the stop at which the first plan is shown."""
    found = setting.planning(world.store()).stop
    assert found is not None
    assert found.kind == PREVIEW
    return found


def shown(world: Deployed) -> Kept:
    return read_kept(world.store().text(f"plan:{stop(world).plan_id}"))


def lines(world: Deployed) -> set[tuple[str, str, str]]:
    return {(each.verb, each.endpoint, each.path) for each in shown(world).lines}


def approve(world: Deployed, shown: Stop) -> None:
    """Let through what was shown as a person does, with messages lost: the sweep sees to it."""
    approvals.approve(world.store(), shown)
    world.clock.advance(60.0)
    sweep(world.pipeline)
    world.settle()


def untouched(world: Deployed) -> bool:
    return world.a.mutations == world.b.mutations == 0


class TestWhatIsShown:
    def test_all_of_it(self, world: Deployed) -> None:
        """Each thing that would be done is shown, with where; none is done, nor kept in base."""
        world.a.write("folder/deep/x", b"from a")
        world.b.write("y", b"from b")
        world.look()
        world.look()
        assert untouched(world)
        assert world.store().base().count() == 0
        assert lines(world) == {
            ("make-folder", "b", "folder"),
            ("make-folder", "b", "folder/deep"),
            ("create", "b", "folder/deep/x"),
            ("create", "a", "y"),
        }
        totals = {(each.verb, each.endpoint): each for each in shown(world).totals}
        assert totals["create", "b"].size == len(b"from a")
        approve(world, stop(world))
        assert world.b.tree() == world.a.tree()
        assert len(world.a.tree()) == 4
        assert setting.planning(world.store()).stop is None

    def test_flows_afterwards(self, world: Deployed) -> None:
        """What comes later is done without asking."""
        world.a.write("x", b"first")
        world.look()
        approve(world, stop(world))
        world.b.write("y", b"second")
        world.a.write("x", b"edited")
        world.look()
        world.look()
        assert world.a.tree() == world.b.tree() == {"x": b"edited", "y": b"second"}

    def test_conflicts(self, world: Deployed) -> None:
        """Conflicts are shown with the names that they get, and counted."""
        world.a.write("x", b"one")
        world.b.write("x", b"other!")
        world.look()
        assert "1 conflict would be kept" in stop(world).reason
        moved = [each for each in shown(world).lines if each.verb == "move"]
        assert [".conflict-" in each.name for each in moved] == [True]
        approve(world, stop(world))
        world.look()
        assert world.a.tree() == world.b.tree()
        assert set(world.a.tree().values()) == {b"one", b"other!"}

    def test_compared(self, world: Deployed) -> None:
        """What has to be read to be compared is shown, and read only once that was let through."""
        quirks = Quirks(traits=Traits(), listed_hash="")  # one that knows no hashes
        world.b = world.providers["b"] = MemoryProvider(quirks, clock=world.clock, name="b")
        world.a.write("folder/x", b"same size")
        world.b.write("folder/x", b"same size")
        world.look()
        assert lines(world) == {("probe", "b", "folder/x")}
        assert "1 file would be read" in stop(world).reason
        assert world.b.calls["hash"] == 0
        approve(world, stop(world))
        assert world.b.calls["hash"] == 1
        assert untouched(world)

    def test_nothing_to_do(self, world: Deployed) -> None:
        """Where nothing would be done there is nothing to ask."""
        world.look()
        assert setting.planning(world.store()).stop is None
        world.a.write("x", b"later")
        world.look()
        assert world.b.tree() == {"x": b"later"}

    def test_without(self, world: Deployed) -> None:
        """A sync that does not ask for it begins at once."""
        world.put(preview=False)
        world.a.write("x", b"content")
        world.look()
        assert world.b.tree() == {"x": b"content"}


class TestMany:
    @pytest.fixture
    def many(self, world: Deployed, monkeypatch: pytest.MonkeyPatch) -> Deployed:
        """Have plans that are cut into many parts."""
        monkeypatch.setattr(reconcile, "CHUNK", 10)
        monkeypatch.setattr(preview, "CHUNK", 10)
        for number in range(60):
            world.a.write(f"folder{number % 7}/x{number}", b"%03d" % number)
        return world

    def test_in_parts(self, many: Deployed) -> None:
        """What is carried out in parts is shown as a whole, and asked for once."""
        many.look()
        counts = {(each.verb, each.endpoint): each.count for each in shown(many).totals}
        assert counts == {("make-folder", "b"): 7, ("create", "b"): 60}
        approve(many, stop(many))
        assert many.b.tree() == many.a.tree()

    def test_bounded(self, many: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
        """Of very many actions some are kept one by one; the totals are of all."""
        monkeypatch.setattr("syncoxiders.engine.stopped.MOST", 20)
        many.look()
        kept = shown(many)
        assert (len(kept.lines), kept.left_out) == (20, 47)
        assert sum(each.count for each in kept.totals) == 67
        assert {each.verb: each.size for each in kept.totals}["create"] == 180

    def test_too_many(self, many: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
        """What is too much to be shown says so, with how much it is, and waits all the same."""
        monkeypatch.setattr(preview, "MOST", 50)
        many.look()
        assert "about 67 files and folders (67 in a)" in stop(many).reason
        assert many.b.mutations == 0
        first = stop(many)
        many.a.write("another", b"x")
        many.look()
        approve(many, first)
        assert many.b.mutations == 0
        approve(many, stop(many))
        assert many.b.tree() == many.a.tree()

    def test_died_while_entering(self, many: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
        """A planner that dies with some of it written does not make the next one ask again."""
        many.look()
        enter, left = reconcile.Planner._enter, [2]

        def dies(self: reconcile.Planner, result: Any) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise RuntimeError("killed")
            enter(self, result)

        monkeypatch.setattr(reconcile.Planner, "_enter", dies)
        with pytest.raises(RuntimeError, match="killed"):
            approve(many, stop(many))
        monkeypatch.setattr(reconcile.Planner, "_enter", enter)
        assert setting.planning(many.store()).stop is None
        for _ in range(MERGES_AT_ONCE):
            many.clock.advance(600.0)
            sweep(many.pipeline)
            many.settle()
        assert many.b.tree() == many.a.tree()


class TestWhatChangesMeanwhile:
    def test_asks_again(self, world: Deployed) -> None:
        """What was let through was another plan: nothing is done, and the new one is shown."""
        world.a.write("x", b"content")
        world.look()
        first = stop(world)
        world.a.write("unseen", b"content")
        world.b.write("x", b"edited")
        world.look()
        approve(world, first)
        assert untouched(world)
        assert stop(world).plan_id != first.plan_id
        assert "changed since the plan" in stop(world).reason
        assert ("create", "b", "unseen") in lines(world)
        assert world.store().text(f"plan:{first.plan_id}") == ""
        approve(world, stop(world))
        world.look()
        assert world.b.tree() == world.a.tree()

    def test_edit_that_was_undone(self, world: Deployed) -> None:
        """An approval of a plan that was refused is over, should the plan come up again."""
        world.a.write("x", b"content")
        world.look()
        first = stop(world)
        world.a.write("unseen", b"content")
        world.look()
        approve(world, first)
        world.a.remove("unseen")
        world.look()
        approve(world, stop(world))
        assert stop(world).plan_id == first.plan_id
        assert untouched(world)

    def test_same_plan(self, world: Deployed) -> None:
        """Looks that find nothing new, and other planners, make no other plan."""
        world.a.write("folder/x", b"content")
        world.b.write("y", b"content")
        world.look()
        first = stop(world)
        world.look()
        world.look()
        approve(world, Stop(PREVIEW, "another", "another", first.question))
        approve(world, first)
        assert world.b.tree() == world.a.tree()

    def test_other_rule(self, world: Deployed) -> None:
        """Under another rule another plan is shown by itself."""
        world.a.write("x.tmp", b"content")
        world.a.write("y", b"content")
        world.look()
        first = stop(world)
        world.put(patterns=("*.tmp",))
        world.clock.advance(60.0)
        sweep(world.pipeline)
        world.settle()
        assert stop(world).plan_id != first.plan_id
        assert lines(world) == {("create", "b", "y")}
        approve(world, first)
        assert untouched(world)
        approve(world, stop(world))
        assert world.b.tree() == {"y": b"content"}

    def test_all_take_part(self, world: Deployed) -> None:
        """Nothing is shown before all folders were looked at: it would not be all of it."""
        world.registry.put_account(OWNER, Account("c", "memory"))
        third = world.providers["c"] = MemoryProvider(clock=world.clock, name="c")
        third.offline = True
        three = tuple(EndpointSettings(each, each) for each in "abc")
        world.put(endpoints=three)
        world.a.write("x", b"content")
        world.look()
        world.look()
        assert setting.planning(world.store()).stop is None
        assert untouched(world)
        third.offline = False
        world.look()
        assert {where for _, where, _ in lines(world)} == {"b", "c"}
