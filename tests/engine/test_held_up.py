"""While an action is held up, others are planned around it, and nothing is decided in its stead."""

import msgspec
import pytest

from syncoxiders.adapters.memory.quirks import Quirks
from syncoxiders.core.filters import Filter, exclude
from syncoxiders.core.model import Traits
from syncoxiders.core.plan import Plan
from syncoxiders.engine import sync
from syncoxiders.engine.recover import recover
from syncoxiders.engine.stuck import Stuck
from syncoxiders.ports.errors import Refused, Throttled, Unreachable
from tests.engine.world import World


def invert(world: World, name: str) -> None:
    """Let folder p/q at an endpoint change places with the one it is in."""
    provider = world.providers[name]
    provider.rename("p/q", "passing")
    provider.rename("p", "passing/q")
    provider.rename("passing", "p")


def test_what_waits_for_each_other_is_planned_together() -> None:
    """What two plans leave waiting is tried once more, in one, and then waits for a change."""
    stuck = Stuck()
    stuck.add(Plan(postponed=(1,), waiting=(("a", "a1"),)))
    assert stuck.take() == ([], [])
    stuck.add(Plan(postponed=(1,), waiting=(("a", "a1"),)))
    assert stuck.take() == ([], [])
    stuck.add(Plan(postponed=(2,)))
    assert stuck.take() == ([("a", "a1")], [1, 2])
    stuck.add(Plan(postponed=(1, 2), waiting=(("a", "a1"),)))
    assert stuck.take() == ([], [])
    stuck.passed(Plan(forget=(3,)))
    assert stuck.take() == ([("a", "a1")], [1, 2])


def test_what_a_moved_folder_holds_is_known_though_it_could_not_be_listed() -> None:
    """Where ids are paths, a move stays open until it is known under which ids the content stands.

    Else what others have deleted since would look like something new there.
    """
    world = World("ab", {"b": Quirks(traits=Traits(stable_ids=False, cheap_hash=True))})
    world.a.mkdir("d/empty")
    world.a.write("d/x", b"x")
    world.run()
    world.a.rename("d", "k")

    def throttle(what: str) -> None:
        if what == "rescan" and "k" in world.b.tree():
            raise Throttled("slower", 1.0)

    world.b.on_call = throttle
    world.run()
    world.clock.advance(60)
    assert world.run().away.keys() == {"b"}
    world.b.on_call = None
    assert world.b.tree() == {"k": None, "k/empty": None, "k/x": b"x"}
    world.a.remove("k/empty")
    world.clock.advance(60)
    world.run()
    assert world.agreed() == {"k": None, "k/x": b"x"}
    world.quiet()


def test_folders_that_change_places_again_while_one_is_held_up() -> None:
    """A move into a folder whose own move may have been done waits; it is not undone as a cycle."""
    world = World("abc")
    world.b.write("p/q/inner", b"inner")
    world.b.write("p/outer", b"outer")
    world.run()
    invert(world, "b")
    moves = 0

    def lose(what: str) -> None:
        nonlocal moves
        moves += what == "move"
        if moves == 2:
            world.a.after = None
            invert(world, "b")
            raise Unreachable("no answer")

    world.a.after = lose
    world.run()
    left = world.b.tree()
    world.run()
    assert world.b.tree() == left
    assert world.agreed() == left
    world.quiet()


def test_files_that_change_places_while_one_is_held_up() -> None:
    """What comes to where a file stands that may have been made elsewhere waits for its place."""
    world = World("abc")
    world.c.write("x", b"one")
    world.run()
    world.c.write("x", b"two")
    world.c.rename("x", "x~")
    world.c.write("x", b"three")

    def lose(what: str) -> None:
        if what == "upload" and "x~" in world.a.tree():
            world.a.after = None
            for path, to in (("x~", "passing"), ("x", "x~"), ("passing", "x")):
                world.c.rename(path, to)
            world.c.write("x~", b"four")
            raise Unreachable("no answer")

    world.a.after = lose
    world.run()
    world.run()
    assert world.c.tree() == {"x": b"two", "x~": b"four"}
    assert world.agreed() == world.c.tree()
    world.quiet()


def test_what_a_person_puts_there_is_no_old_copy() -> None:
    """A file that was moved to where another stands elsewhere is kept, though that was once equal.

    Only who never had anything else is merely behind.
    """
    world = World("ab")
    world.a.write("x", b"one")
    refusals = ["in the first run", "in the second"]

    def refuse(what: str) -> None:
        if what == "upload" and refusals and "x" not in world.b.tree():
            refusals.pop()
            raise Refused("not now")

    world.b.before = refuse
    world.run()
    world.a.rename("x", "x~")
    world.a.write("x", b"two")
    world.run()
    assert world.b.tree() == {"x~": b"one"}
    world.b.rename("x~", "x")
    world.b.write("x~", b"three")
    world.run()
    assert set(world.agreed().values()) == {b"one", b"two", b"three"}
    world.quiet()


def test_a_folder_made_anew_while_one_who_is_away_has_the_deleted_one() -> None:
    """Who comes back keeps the folder, with what only it has in it, and not one beside it."""
    world = World("abc")
    world.rule = msgspec.structs.replace(world.rule, filter=Filter(options=(exclude("h/"),)))
    world.a.write("e/x", b"x")
    world.run()
    world.a.write("e/h/hidden", b"hidden")
    world.a.offline = True
    world.c.remove("e")
    world.run()
    world.c.write("e/y", b"y")
    world.run()
    world.a.offline = False
    world.run()
    assert world.b.tree() == world.c.tree() == {"e": None, "e/y": b"y"}
    assert world.a.tree() == {"e": None, "e/y": b"y", "e/h": None, "e/h/hidden": b"hidden"}
    world.quiet()


def test_a_folder_that_nobody_has_any_more_holds_nothing_up() -> None:
    """Where endpoints are joined, what was on its way into a folder that is gone stays."""
    world = World("ab")
    world.a.write("d/x", b"x")
    world.a.mkdir("e")
    world.a.write("z", b"so that it is not emptied")
    world.run()
    world.a.rename("d", "e/d")

    def refuse(what: str) -> None:
        if what == "move":
            raise Refused("not now")

    world.b.before = refuse
    world.run()
    world.b.before = None
    world.a.remove("e")
    world.b.rename("e", "d/e")
    world.rule = msgspec.structs.replace(world.rule, filter=Filter(options=(exclude("none"),)))
    world.run()
    assert world.agreed().keys() == {"d", "d/e", "d/x", "z"}
    world.quiet()


def test_what_has_to_be_compared_in_many_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many parts have to be planned twice, none is taken for something that changes."""
    monkeypatch.setattr(sync, "CHUNK", 2)
    bare = Quirks(listed_hash="")
    world = World("ab", {"a": bare, "b": bare})
    for number in range(60):
        world.a.write(f"{number}", b"the same")
        world.b.write(f"{number}", b"the same")
    outcome = world.run()
    assert outcome.left == []
    assert outcome.counts == {}
    world.quiet()


@pytest.mark.parametrize("content", [b"first", b"second"])
def test_a_file_made_anew_while_one_who_is_away_has_the_deleted_one(content: bytes) -> None:
    """What is put in the place of a deleted file is no old copy of it, nor is its bit."""
    traits = Traits(stable_ids=False, cheap_hash=True, keeps_executable=True, sets_meta=True)
    world = World("abc", {"a": Quirks(traits=traits)})
    world.a.write("x", b"first", executable=True)
    world.run()
    world.a.write("x", b"second", executable=True)
    world.run()
    world.b.offline = True
    world.a.remove("x")
    world.run()
    world.a.write("x", content, executable=False)
    world.run()
    assert world.c.tree() == {"x": content}
    assert not world.c.entry("x").executable
    world.b.offline = False
    world.run()
    assert world.agreed() == {"x": content}
    assert not world.b.entry("x").executable
    world.quiet()


def test_a_folder_moved_here_and_made_anew_there() -> None:
    """A folder's move counts for all in it, also where it was deleted and is there again."""
    world = World("ab")
    world.a.write("d/x", b"x")
    world.run()
    world.a.rename("d", "moved")
    world.b.remove("d")
    world.b.write("d/y", b"y")
    world.run()
    assert world.agreed() == {"moved": None, "moved/x": b"x", "moved/y": b"y"}
    world.quiet()


def test_a_folder_deleted_by_one_who_had_not_heard_of_its_move() -> None:
    """It survives with everything in it, also if its move was known to all but that one."""
    world = World("abc")
    world.a.write("d/x", b"x")
    world.a.write("d/deep/y", b"y")
    world.a.write("z", b"so that it is not emptied")
    world.run()
    world.c.offline = True
    world.a.rename("d", "moved")
    world.run()
    world.c.remove("d")
    world.c.offline = False
    world.run()
    assert world.agreed().keys() == {
        "moved",
        "moved/x",
        "moved/deep",
        "moved/deep/y",
        "z",
    }
    world.quiet()


def test_an_edit_in_a_deleted_folder_that_was_made_anew() -> None:
    """It survives in the folder that stands there by now, and no second one is made for it."""
    world = World("abc")
    world.a.write("e/x", b"x")
    world.a.write("e/gone", b"gone")
    world.run()
    world.a.offline = True
    world.c.remove("e")
    world.c.write("z", b"so that it is not emptied")
    world.run()
    world.c.write("e/y", b"y")
    world.run()
    world.a.write("e/x", b"edited")
    world.a.offline = False
    world.run()
    world.run()
    assert world.agreed().keys() == {"e", "e/x", "e/y", "z"}
    world.quiet()


def test_what_changed_places_with_what_was_being_written() -> None:
    """After a run that died, a file that stands in another's place is not taken for written."""
    world = World("ab")
    world.a.write("x", b"same")
    world.a.write("y", b"other")
    world.run()
    world.a.write("y", b"same")

    def stop(what: str) -> None:
        if what == "upload":
            world.b.before = None
            for path, to in (("x", "passing"), ("y", "x"), ("passing", "y")):
                world.b.rename(path, to)
            raise KeyboardInterrupt

    world.b.before = stop
    with pytest.raises(KeyboardInterrupt):
        world.run()
    recover(world.context(), {})
    base = world.context().store.base()
    nodes = base.get(each for some in base.ids() for each in some).values()
    held = [node.replicas["b"].entry for node in nodes]
    assert len(held) == len(set(held))
    world.run()
    assert set(world.agreed()) == {"x", "y"}
    world.quiet()


def test_what_equals_something_hidden_is_new() -> None:
    """Where ids are paths, a new file is no move of one that a filter hides at others."""
    world = World("ab", {"a": Quirks(traits=Traits(stable_ids=False, cheap_hash=True))})
    world.a.write("d/x", b"content")
    world.run()
    world.rule = msgspec.structs.replace(world.rule, filter=Filter(options=(exclude("d/"),)))
    world.run()
    world.a.remove("d")
    world.a.write("y", b"content")
    world.run()
    assert world.b.tree() == {"d": None, "d/x": b"content", "y": b"content"}
    world.quiet()
