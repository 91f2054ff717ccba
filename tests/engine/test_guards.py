"""Guards: what stops a sync and asks, and how a person lets it through."""

import dataclasses

import pytest

from syncoxiders.engine.guard import Limit, parse_limit
from syncoxiders.engine.stopped import parts
from tests.engine.world import World


@pytest.fixture
def world() -> World:
    world = World()
    for number in range(30):
        world.a.write(f"f{number}", b"%d" % number)
    assert world.run().word == "done"
    return world


def remove(world: World, count: int, start: int = 0) -> None:
    for number in range(start, start + count):
        world.a.remove(f"f{number}")


def test_half_a_tree_may_go(world: World) -> None:
    """Deletions up to the limit pass."""
    remove(world, 15)
    assert world.run().word == "done"
    assert len(world.agreed()) == 15


def test_more_than_half_stops(world: World) -> None:
    """Above the limit nothing is touched, and the plan has an id; that id lets it through."""
    remove(world, 16)
    before = world.b.mutations
    stop = world.run().stop
    assert stop is not None
    assert "16 of 30" in stop.reason
    assert world.b.mutations == before
    assert world.store.sync("me", "sync").text(f"plan:{stop.plan_id}")
    world.options = dataclasses.replace(world.options, approve=parts(stop.plan_id))
    assert world.run().word == "done"
    assert len(world.agreed()) == 14


def test_another_plan_is_not_let_through(world: World) -> None:
    """An approval is for exactly one plan: one deletion more asks again."""
    remove(world, 16)
    stop = world.run().stop
    assert stop is not None
    remove(world, 1, start=20)
    world.options = dataclasses.replace(world.options, approve=parts(stop.plan_id))
    again = world.run().stop
    assert again is not None
    assert again.plan_id != stop.plan_id


class Killed(BaseException):
    """A run dies."""


def dies(world: World, deletions: int) -> None:
    """Have a run die before so many deletions are done."""
    left = deletions

    def kill(_: str) -> None:
        nonlocal left
        left -= 1
        if not left:
            raise Killed

    world.b.before = kill
    with pytest.raises(Killed):
        world.run()
    world.b.before = None


@pytest.mark.parametrize("deletions", [1, 12, 20])
def test_a_run_that_dies_over_what_was_let_through(world: World, deletions: int) -> None:
    """The next one does what is left without asking again, but for what was deleted since."""
    remove(world, 20)
    stop = world.run().stop
    assert stop is not None
    options = world.options
    world.options = dataclasses.replace(options, approve=parts(stop.plan_id), transfers=1)
    dies(world, deletions)
    world.options = options
    assert world.run().word == "done"
    assert len(world.agreed()) == 10
    remove(world, 1, start=20)
    assert world.run().word == "stopped"


def test_a_run_that_dies_hides_nothing(world: World) -> None:
    """What it was to delete counts along with what is deleted since."""
    for number in range(30, 60):
        world.a.write(f"f{number}", b"%d" % number)
    world.run()
    remove(world, 25)
    world.options = dataclasses.replace(world.options, transfers=1)
    dies(world, 1)
    remove(world, 10, start=25)
    stop = world.run().stop
    assert stop is not None
    assert stop.reason.startswith("35 of")
    assert len(world.b.tree()) == 60


def test_small_steps_add_up(world: World) -> None:
    """The limit holds for a rolling day, not for each run; a day later it is free again."""
    remove(world, 10)
    assert world.run().word == "done"
    remove(world, 10, start=10)
    assert world.run().word == "stopped"
    world.clock.sleep(86_400)
    assert world.run().word == "done"


def test_overwriting_counts(world: World) -> None:
    """Half a tree that is overwritten is as suspicious as half a tree that is deleted."""
    for number in range(16):
        world.a.write(f"f{number}", b"encrypted %d" % number)
    assert world.run().word == "stopped"


def test_saving_one_file_again_and_again_does_not_add_up(world: World) -> None:
    """Who works on one text all day long overwrites it often, and loses nothing."""
    for number in range(60):
        world.a.write("f0", b"draft %d" % number)
        assert world.run().word == "done"


def test_old_content_that_is_overwritten_adds_up(world: World) -> None:
    """What had stood for a day and is overwritten bit by bit is lost all the same."""
    world.options = dataclasses.replace(world.options, limit=parse_limit("5"))
    world.clock.sleep(2 * 86_400)
    outcomes = []
    for number in range(6):
        world.a.write(f"f{number}", b"encrypted %d" % number)
        outcomes.append(world.run().word)
    assert outcomes == ["done"] * 5 + ["stopped"]


def test_a_number_is_a_limit_too(world: World) -> None:
    """With a number, so many may go, whatever the size of the tree."""
    world.options = dataclasses.replace(world.options, limit=parse_limit("2"))
    remove(world, 3)
    assert world.run().word == "stopped"
    world.options = dataclasses.replace(world.options, limit=parse_limit("3"))
    assert world.run().word == "done"


def test_an_emptied_root_stops(world: World) -> None:
    """Nothing left of a full tree is more likely an accident than a wish."""
    remove(world, 30)
    stop = world.run().stop
    assert stop is not None
    assert stop.kind == "emptied"
    assert len(world.b.tree()) == 30


def test_a_lost_root_stops(world: World) -> None:
    """A root that is not there stops a sync of two, and nothing is taken for deleted."""
    world.a.lose_root()
    assert world.run().word == "stopped"
    world.a.return_root()
    world.quiet()


def test_a_lost_root_of_three_stops_only_itself() -> None:
    """The others go on; the run is not called done."""
    world = World("abc")
    world.a.write("x", b"x")
    world.run()
    world.c.lose_root()
    world.a.write("y", b"y")
    outcome = world.run()
    assert outcome.word == "partial"
    assert world.b.tree() == world.a.tree()
    world.c.return_root()
    world.run()
    world.agreed()


def test_an_exchanged_root_stops_and_then_joins(world: World) -> None:
    """Another folder in the root's place stops; let through, it is joined, nothing deleted."""
    world.b.exchange_root()
    stop = world.run().stop
    assert stop is not None
    assert len(world.a.tree()) == 30
    world.options = dataclasses.replace(world.options, approve=parts(stop.plan_id))
    assert world.run().word == "done"
    assert len(world.agreed()) == 30


def test_roots_exchanged_one_after_the_other(world: World) -> None:
    """What was let through is remembered, though the run is stopped for what came since."""
    world.a.exchange_root()
    first = world.run().stop
    world.b.exchange_root()
    world.b.write("x", b"x")
    assert first is not None
    world.options = dataclasses.replace(world.options, approve=parts(first.plan_id))
    second = world.run().stop
    assert second is not None
    assert parts(second.plan_id).isdisjoint(parts(first.plan_id))
    world.options = dataclasses.replace(world.options, approve=parts(second.plan_id))
    assert world.run().word == "done"
    assert world.agreed() == {"x": b"x"}


def test_roots_exchanged_at_once() -> None:
    """One stop shows all of them, and one approval of what it shows lets all of them through."""
    world = World("abc")
    world.a.write("x", b"x")
    world.run()
    world.b.exchange_root()
    world.c.exchange_root()
    stop = world.run().stop
    assert stop is not None
    assert stop.kind == "exchanged"
    assert "the root of b is" in stop.reason
    assert "the root of c is" in stop.reason
    assert world.run().stop == stop
    world.options = dataclasses.replace(world.options, approve=parts(stop.plan_id))
    assert world.run().word == "done"
    assert world.agreed() == {"x": b"x"}


def test_roots_emptied_at_once() -> None:
    """One stop shows all of them; let through, what was in them is gone everywhere."""
    world = World("abc")
    for number in range(9):
        world.a.write(f"f{number}", b"%d" % number)
    world.run()
    for number in range(9):
        world.b.remove(f"f{number}")
        world.c.remove(f"f{number}")
    stop = world.run().stop
    assert stop is not None
    assert stop.kind == "emptied"
    assert "in b, where" in stop.reason
    assert "in c, where" in stop.reason
    assert len(world.a.tree()) == 9
    world.options = dataclasses.replace(world.options, approve=parts(stop.plan_id))
    assert world.run().word == "done"
    assert world.agreed() == {}


@pytest.mark.parametrize("text", ["", "x", "-1", "101%", "5%%", "1.5"])
def test_a_limit_that_is_none(text: str) -> None:
    """What is neither a number nor a share is refused, and repeated."""
    with pytest.raises(ValueError, match="neither a number of files"):
        parse_limit(text)


def test_a_share_does_not_bind_small_trees() -> None:
    """In a tree of up to twenty nodes half is too few to be suspicious."""
    assert not Limit().exceeded(20, 20)
    assert Limit().exceeded(11, 21)
    assert not Limit().exceeded(10, 21)
