"""Where several rules meet: who is away, what is hidden, and what had been deleted before."""

import msgspec
import pytest

from syncoxiders.adapters.memory.quirks import Quirks
from syncoxiders.core.filters import Filter, exclude
from syncoxiders.core.model import (
    ROOT,
    Action,
    ActionKind,
    Endpoint,
    Kind,
    Node,
    Ref,
    Replica,
    Source,
    Traits,
)
from syncoxiders.engine.observe import Observer
from syncoxiders.engine.operations import Operations
from syncoxiders.engine.places import Places
from syncoxiders.engine.recover import recover
from syncoxiders.engine.sync import Run
from syncoxiders.ports.errors import Full, Refused, Stale, Unreachable
from syncoxiders.ports.state import Commit, Observation
from tests.engine.world import World
from tests.simulation.faults import FaultyProvider


def filtered(world: World, *patterns: str) -> None:
    options = tuple(exclude(each) for each in patterns)
    world.rule = msgspec.structs.replace(world.rule, filter=Filter(options=options))


# -- hidden, and away ----------------------------------------------------------------------------


def test_what_is_hidden_at_one_who_is_away_is_hidden() -> None:
    """A node that a filter hides does not come back into view because its holder is away."""
    world = World("abc")
    world.a.write("d/x.txt", b"hidden soon")
    world.a.write("d/y", b"seen")
    world.a.write("z", b"stays")
    world.run()
    filtered(world, "*.txt")
    world.run()
    world.c.remove("d")
    world.b.remove("d/x.txt")
    world.run()
    stays = {"z": b"stays"}
    assert world.trees() == [{**stays, "d": None, "d/x.txt": b"hidden soon"}, stays, stays]
    world.a.offline = True
    world.run()
    assert world.b.tree() == world.c.tree() == stays


def test_what_is_new_does_not_meet_what_one_who_is_away_hides() -> None:
    """A new file stays where it is while another hides something at its place, though away."""
    world = World("abc")
    world.rule = msgspec.structs.replace(world.rule, filter=Filter(max_size=5))
    world.b.write("file", b"too large")
    world.run()
    world.b.offline = True
    world.a.write("file", b"small")
    world.run()
    assert world.c.tree() == {}


# -- deleted, and away ---------------------------------------------------------------------------


def test_a_folder_moved_by_one_who_was_away_survives_whole() -> None:
    """Folder deleted | folder moved at one who was away -> it survives with everything in it."""
    world = World("abc")
    world.a.write("d/x", b"x")
    world.a.write("d/deep/y", b"y")
    world.a.write("z", b"z")
    world.run()
    world.c.offline = True
    world.c.rename("d", "e")
    world.b.remove("d")
    world.run()
    assert world.a.tree() == {"z": b"z"}
    world.c.offline = False
    world.run()
    world.run()
    kept = {"e": None, "e/deep": None, "e/deep/y": b"y", "e/x": b"x", "z": b"z"}
    assert world.agreed() == kept
    world.quiet()


def test_what_is_found_elsewhere_is_seen_with_the_folders_above_it() -> None:
    """Before a deletion, what turns up in folders that nobody has listed yet can be placed."""
    world = World()
    world.a.write("x", b"x")
    world.run()
    store = world.context().store
    (node,) = store.base().at(ROOT, "x")
    gone = msgspec.structs.replace(node.replicas["b"], gone=True)
    tombstone = msgspec.structs.replace(node, gone=True, replicas={**node.replicas, "b": gone})
    store.commit(Commit(nodes=[tombstone]))
    world.b.rename("x", "new/deep/x")
    mine = node.replicas["a"]
    because = Source("b", gone.entry, "")
    action = Action("1", ActionKind.DELETE, "a", node.id, mine.entry, mine.version, because=because)
    operations = Operations(world.providers, Places(store))
    with pytest.raises(Stale):
        operations.run(action)
    assert {(each, entry.name) for each, entry in operations.seen} == {
        ("b", "new"),
        ("b", "deep"),
        ("b", "x"),
    }


def test_what_comes_back_from_deletion_gives_way_like_others() -> None:
    """Two nodes that had one place, one after the other, part if both live again."""
    world = World("abc")
    world.a.write("place", b"first")
    world.a.write("d/later", b"second")
    world.a.write("z", b"z")
    world.run()
    world.a.offline = True
    world.b.remove("place")
    world.b.rename("d/later", "place")
    world.run()
    world.b.remove("place")
    world.run()
    world.a.offline = False
    world.a.write("place", b"first, edited")
    world.a.write("d/later", b"second, edited")
    assert world.run().conflicts == 1
    world.run()
    assert set(world.agreed().values()) >= {b"first, edited", b"second, edited"}
    world.quiet()


def test_a_union_joins_what_was_deleted_elsewhere_by_its_place() -> None:
    """A deletion that had not reached everyone is void in a union, and renames nothing."""
    world = World("abc")
    world.a.write("e/x", b"x")
    world.a.write("z", b"z")
    world.run()
    world.a.offline = True
    world.b.remove("e")
    world.run()
    world.b.write("e/y", b"y")
    world.run()
    world.a.offline = False
    filtered(world, "nothing")
    assert world.run().conflicts == 0
    assert world.agreed() == {"e": None, "e/x": b"x", "e/y": b"y", "z": b"z"}
    world.quiet()


# -- heard, and away -----------------------------------------------------------------------------


def test_what_was_heard_while_nothing_could_be_done_is_looked_at_later() -> None:
    """Folders named to a run that found an endpoint away need not be named again."""
    world = World()
    world.a.write("d/x", b"x")
    world.a.write("y", b"y")
    world.run()
    world.a.rename("d", "e")
    world.b.offline = True
    Run(world.context()).run({"a": ["/"], "b": []})
    world.b.offline = False
    Run(world.context()).run({"a": [world.a.entry("e").id], "b": []})
    assert world.agreed() == {"e": None, "e/x": b"x", "y": b"y"}


# -- listings that lack something ----------------------------------------------------------------


def test_what_one_listing_lacked_and_another_showed_was_seen() -> None:
    """Files that change places across a folder that a listing lacks meet no conflict."""
    world = World()
    storage = FaultyProvider(clock=world.clock, name="a")
    world.providers["a"] = storage
    storage.write("e/A", b"one")
    storage.write("d/c", b"two")
    world.run()
    storage.replace("e/A", b"three")
    storage.rename("d/c", "passing")
    storage.rename("e/A", "d/c")
    storage.rename("passing", "e/A")
    once = iter(["e"])
    storage.omits = lambda known: next(
        (each for name in once for each in known if each.name == name), None
    )
    assert world.run().conflicts == 0
    assert world.agreed() == {"d": None, "d/c": b"three", "e": None, "e/A": b"two"}
    world.quiet()


def test_what_is_made_where_another_was_moved_to_is_no_edit_of_it() -> None:
    """Deleted, and a new file made where the other side has moved it -> conflict, both kept."""
    world = World()
    world.a.write("d/x", b"moved")
    world.run()
    world.a.rename("d/x", "y")
    world.b.remove("d/x")
    world.b.write("y", b"made")
    assert world.run().conflicts == 1
    assert {b"moved", b"made"} <= set(world.agreed().values())
    world.quiet()


def test_an_executable_bit_that_changes_amid_a_conflict_gives_nothing_up() -> None:
    """Who alone has the newest content still has it when only its bit has changed."""
    world = World("abc")
    world.rule = msgspec.structs.replace(world.rule, keep="path2")
    world.a.write("x", b"one")
    world.run()

    def refuse(what: str) -> None:
        if what == "upload":
            raise Full("no room")

    world.b.before = world.c.before = refuse
    world.a.write("x", b"two")
    world.run()
    world.b.before = world.c.before = None
    world.c.write("x", b"old", mtime_ns=1)
    world.a.chmod("x", executable=True)
    assert world.run().conflicts == 1
    assert world.agreed()["x"] == b"two"
    assert set(world.agreed().values()) == {b"two", b"old"}
    assert world.b.entry("x").executable
    world.quiet()


def test_what_is_there_after_all_is_not_just_replaced() -> None:
    """Who turns up with the agreed content of what was to be deleted holds it against others."""
    world = World("abc")
    world.a.write("y", b"y")
    world.run()
    world.c.offline = True
    world.a.write("x", b"agreed")
    world.run()
    store = world.context().store
    (node,) = store.base().at(ROOT, "x")
    gone = msgspec.structs.replace(node.replicas["b"], gone=True)
    tombstone = msgspec.structs.replace(node, gone=True, replicas={**node.replicas, "b": gone})
    store.commit(Commit(nodes=[tombstone], observed=[Observation("b", gone=[gone.entry])]))
    world.c.write("x", b"other")
    world.c.offline = False
    world.run()
    assert set(world.agreed().values()) == {b"agreed", b"other", b"y"}
    world.quiet()


def test_folders_known_to_be_in_each_other_are_found_anew() -> None:
    """Looks at single folders that meet others on their way leave nothing out of reach."""
    world = World()
    world.a.write("one/x", b"x")
    world.a.write("two/y", b"y")
    world.a.write("z", b"z")
    world.run()
    one, two = world.a.entry("one").id, world.a.entry("two").id
    world.a.rename("one", "two/one")
    Run(world.context()).run({"a": [two], "b": []})
    world.a.rename("two/one", "one")
    world.a.rename("two", "one/two")
    Observer(world.context().store, "a", world.a, told=lambda *_: None, now=float).look(
        [Ref(one, "one")]
    )
    world.a.remove("one")
    world.run()
    world.run()
    assert world.agreed() == {"z": b"z"}
    assert world.context().store.observed("a").count() == 1
    world.quiet()


@pytest.mark.parametrize("to", ["e/c", "new/deep/c"])
def test_what_left_a_folder_before_it_was_deleted_is_looked_for(to: str) -> None:
    """A look at single folders asks for what was in a missing one, and finds where it went."""
    world = World()
    world.a.write("d/f/c", b"moved away")
    world.a.write("d/f/x", b"goes with its folder")
    world.a.mkdir("e")
    world.run()
    before = world.b.entry("d/f/c").id
    world.a.rename("d/f/c", to)
    world.a.write("new/deep/y", b"besides")
    world.a.remove("d/f")
    Run(world.context()).run({"a": [world.a.entry("d").id], "b": []})
    assert world.b.entry(to).id == before
    world.run()
    assert world.agreed() == {
        "d": None, "e": None, "new": None, "new/deep": None,
        "new/deep/y": b"besides", to: b"moved away",
    }  # fmt: skip
    world.quiet()


def test_a_folder_that_is_not_listed_yet_stays_with_what_is_found_in_it() -> None:
    """Where a look at single folders misses one that is there, what is in it leads to it."""
    world = World()
    storage = FaultyProvider(clock=world.clock, name="a")
    world.providers["a"] = storage
    storage.write("d/f/c", b"there")
    world.run()
    storage.omits = lambda known: next((each for each in known if each.name == "f"), None)
    store = world.context().store
    look = Observer(store, "a", storage, told=lambda *_: None, now=float).look([storage.ref("d")])
    assert look.gone == 0
    ids = {storage.entry(path).id for path in ("d/f", "d/f/c")}
    assert store.observed("a").get(ids).keys() == ids


def test_what_was_given_up_for_gone_is_no_past_content() -> None:
    """Who turns up with a content that nobody else ever had is not behind, but in conflict."""
    world = World()
    storage = FaultyProvider(clock=world.clock, name="a")
    world.providers["a"] = storage
    storage.write("x", b"one")
    storage.write("y", b"y")
    world.run()

    def refuse(what: str) -> None:
        if what == "upload":
            raise Full("no room")

    world.b.before = refuse
    storage.write("x", b"two")
    world.run()
    world.b.write("x", b"one")  # touched: it is newer, though its content is older
    twice = iter(["x", "x"])
    storage.omits = lambda known: next(
        (each for name in twice for each in known if each.name == name), None
    )
    world.run()
    world.b.before = None
    world.run()
    assert set(world.agreed().values()) == {b"one", b"two", b"y"}
    world.quiet()


def test_what_is_renamed_while_its_time_is_set_is_renamed_everywhere() -> None:
    """The answer to our own write may tell of a move that no later look finds to be news."""
    world = World()
    world.a.write("x", b"x")
    world.run()
    world.b.write("x", b"x")

    def rename(_: str) -> None:
        world.a.before = None
        world.a.rename("x", "y")

    world.a.before = rename
    world.run()
    world.run()
    assert world.agreed() == {"y": b"x"}
    world.quiet()


# -- after a run that died -----------------------------------------------------------------------


def test_what_was_known_before_was_not_made_by_a_dead_run() -> None:
    """A folder of a stable id that a tombstone had is not what an open action has made."""
    world = World()
    world.a.mkdir("old")
    world.run()
    store = world.context().store
    (old,) = store.base().at(ROOT, "old")
    replica = msgspec.structs.replace(old.replicas["b"], gone=True)
    tombstone = msgspec.structs.replace(old, gone=True, replicas={**old.replicas, "b": replica})
    entry = world.a.mkdir("new")
    there = Replica(entry.id, "", entry.parent, "new", 0, 1)
    new = Node(store.base().next_id(), ROOT, "new", Kind.FOLDER, replicas={"a": there})
    made = Action("made", ActionKind.MAKE_FOLDER, "b", new.id, name="new", place_gen=1)
    store.commit(Commit(nodes=[tombstone, new], opened=[made]))
    world.b.rename("old", "new")
    assert recover(world.context(), {}) == 1
    found = store.base().get([new.id])[new.id]
    assert "b" not in found.replicas
    assert store.base().of("b", [replica.entry]) == {replica.entry: old.id}


def test_what_a_dead_run_wrote_is_known_though_others_went_on() -> None:
    """What was written at one who then was away is ours, if only an older content by now."""
    world = World("abc")
    world.a.write("y", b"y")
    world.run()

    def die(what: str) -> None:
        if what == "upload":
            world.c.after = None
            raise KeyboardInterrupt

    world.c.after = die
    world.a.write("x", b"one")
    with pytest.raises(KeyboardInterrupt):
        world.run()
    world.c.offline = True
    world.a.write("x", b"two")
    world.run()
    world.c.offline = False
    world.b.remove("x")
    world.run()
    assert world.agreed() == {"y": b"y"}
    world.quiet()


def test_times_that_a_dead_run_set_are_no_edit() -> None:
    """After a lost answer, times that were set are ours: a deletion elsewhere is carried."""
    world = World()
    world.a.write("x", b"x")
    world.a.write("y", b"y")
    world.run()

    def lose(what: str) -> None:
        if what == "set_meta":
            world.b.after = None
            raise Unreachable("no answer")

    world.b.after = lose
    world.a.write("x", b"x")  # touched
    world.run()
    world.a.remove("x")
    world.run()
    world.run()
    assert world.agreed() == {"y": b"y"}
    world.quiet()


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_a_move_in_several_steps_is_told_after_any_of_them(lost: int) -> None:
    """Where ids are paths, what was parked and then moved is known by the path that it has now."""
    world = World("ab", {"b": Quirks(traits=Traits(stable_ids=False, cheap_hash=True))})
    world.a.write("e/d/x", b"x")
    world.a.write("e/y", b"y")
    world.run()
    world.a.rename("e/d", "passing")
    world.a.rename("e", "passing/e")
    world.a.rename("passing", "e")
    moves = 0

    def lose(what: str) -> None:
        nonlocal moves
        moves += what == "move"
        if moves == lost:
            world.b.after = None
            raise Unreachable("no answer")

    world.b.after = lose
    world.run()
    assert set(world.run().counts) <= {"move"}
    assert world.agreed() == {"e": None, "e/e": None, "e/e/y": b"y", "e/x": b"x"}
    world.quiet()


# -- names ---------------------------------------------------------------------------------------


def test_a_name_is_waited_for_while_its_holder_is_held_up() -> None:
    """What takes the place of something that could not yet be moved away keeps its own name."""
    bare = Quirks(listed_hash="")
    world = World("ab", {"a": bare, "b": bare})
    world.a.write("e/old", b"old")
    world.run()
    world.a.rename("e", "c")
    world.a.write("c/old", b"two")
    world.b.write("e/old", b"two")  # has to be compared, so that there is a second plan
    world.a.write("e/new", b"new")

    def refuse(what: str) -> None:
        if what == "move":
            raise Refused("not now")

    world.b.before = refuse
    world.run()
    assert world.b.tree() == {"e": None, "e/old": b"two"}
    world.b.before = None
    world.run()
    assert world.agreed() == {"c": None, "c/old": b"two", "e": None, "e/new": b"new"}


def test_a_name_is_waited_for_while_its_holder_is_hidden() -> None:
    """What cannot take its place because a filter hides who stands there keeps its own name."""
    world = World()
    world.a.write("e/d/x", b"x")
    world.run()
    filtered(world, "e/d/")
    world.run()
    world.b.rename("e/d", "passing")
    world.b.rename("e", "passing/e")
    world.b.rename("passing", "e")
    world.a.write("z", b"so that there is a second plan")
    world.run()
    assert world.b.tree() == {"e": None, "e/x": b"x", "e/e": None, "z": world.a.tree()["z"]}
    filtered(world)
    world.run()
    world.run()
    assert {"e", "e/d", "e/d/x"} <= world.agreed().keys()
    world.quiet()


# -- ids that are paths --------------------------------------------------------------------------


def by_path() -> World:
    world = World("ab", {"b": Quirks(traits=Traits(stable_ids=False, cheap_hash=True))})
    world.a.write("d/f/x", b"x")
    world.a.write("d/y", b"y")
    world.run()
    return world


def test_a_path_that_was_left_is_free_for_another() -> None:
    """What is not found again in a folder that was moved does not hold on to its former path."""
    world = by_path()
    world.a.rename("d", "k")
    world.a.write("d/f/z", b"z")

    def meddle(what: str) -> None:
        if what == "move":
            world.b.before = None
            world.b.rename("d/f", "d/g")

    world.b.before = meddle
    world.run()
    world.run()
    tree = world.agreed()
    assert tree["d/f/z"] == b"z"
    assert {b"x", b"y"} <= set(tree.values())
    base = world.context().store.base()
    nodes = base.get(each for some in base.ids() for each in some).values()
    held = [replica.entry for node in nodes for replica in [node.replicas["b"]]]
    assert len(held) == len(set(held))
    world.quiet()


def test_an_edit_in_a_folder_that_is_being_moved_is_an_edit() -> None:
    """What was written under a path while its folder was moved belongs to the same node."""
    world = by_path()
    world.a.rename("d", "k")

    def meddle(what: str) -> None:
        if what == "move":
            world.b.before = None
            world.b.write("d/y", b"edited")

    world.b.before = meddle
    world.run()
    world.run()
    assert world.agreed() == {"k": None, "k/f": None, "k/f/x": b"x", "k/y": b"edited"}
    assert world.a.trash() == []
    world.quiet()


@pytest.mark.parametrize("removed", [True, False])
@pytest.mark.parametrize("sizes", [True, False])
@pytest.mark.parametrize("stable_ids", [True, False])
def test_a_move_is_recognised_though_the_entry_was_written_to_since(
    stable_ids: bool, sizes: bool, removed: bool
) -> None:
    """After a run died, what was moved and then updated is ours: no edit, and no conflict."""
    traits = Traits(stable_ids=stable_ids, cheap_hash=True)
    world = World("ab", {"b": Quirks(traits=traits, sizes=sizes, replace_keeps_id=False)})
    world.a.write("one", b"first")
    world.a.write("two", b"second one")
    world.run()
    world.a.rename("one", "passing")
    world.a.rename("two", "one")
    world.a.rename("passing", "two")
    world.a.write("two", b"edited")

    def die(what: str) -> None:
        if what == "upload":
            world.b.after = None
            raise KeyboardInterrupt

    world.b.after = die
    with pytest.raises(KeyboardInterrupt):
        world.run()
    if removed:
        world.a.remove("two")
    assert world.run().conflicts == 0
    left = {} if removed else {"two": b"edited"}
    assert world.agreed() == {"one": b"second one", **left}
    world.quiet()


def test_a_move_that_was_not_made_is_not_taken_for_made() -> None:
    """Where ids are paths, equal content at the goal is another file while the file stands."""
    world = World("ab", {"b": Quirks(traits=Traits(stable_ids=False))})
    world.a.write("one", b"first")
    world.a.write("two", b"second")
    world.run()
    world.a.rename("one", "passing")
    world.a.rename("two", "one")
    world.a.rename("passing", "two")
    world.a.write("two", b"second")

    def die(_: str) -> None:
        raise KeyboardInterrupt

    world.b.before = die
    with pytest.raises(KeyboardInterrupt):
        world.run()
    world.b.before = None
    assert world.run().conflicts == 0
    assert world.agreed() == {"one": b"second", "two": b"second"}
    world.quiet()


def test_a_path_that_was_taken_over_before_a_run_died_has_one_owner() -> None:
    """What was deleted, and whose path was then moved to and written to, does not come back."""
    world = World("abc", {"b": Quirks(traits=Traits(stable_ids=False, cheap_hash=True))})
    world.a.write("d/one", b"first")
    world.a.write("two", b"second one")
    world.run()
    world.a.remove("two")
    world.a.rename("d/one", "two")
    world.a.write("two", b"edited")

    def die(what: str) -> None:
        if what == "upload":
            world.c.after = None
            raise KeyboardInterrupt

    world.c.after = die
    with pytest.raises(KeyboardInterrupt):
        world.run()
    assert world.run().conflicts == 0
    assert world.agreed() == {"d": None, "two": b"edited"}
    world.quiet()


def test_files_that_are_saved_anew_and_change_places_are_no_conflict() -> None:
    """Each place keeps its node, whichever entries have come to stand there."""
    world = World()
    world.a.write("d/x", b"one")
    world.a.write("e/x", b"two")
    world.run()
    world.b.replace("e/x", b"three")
    world.b.rename("e/x", "passing")
    world.b.rename("d/x", "e/x")
    world.b.rename("passing", "d/x")
    left = world.b.tree()
    assert world.run().conflicts == 0
    assert world.agreed() == left
    world.quiet()


# -- what is past ----------------------------------------------------------------------------------


def refuse(what: str) -> None:
    if what == "upload":
        raise Refused("not now")


def test_what_nobody_edited_is_not_past() -> None:
    """Content that was taken for deleted, and turns up again, meets what has come instead.

    Nobody made that from it, so that it is no earlier version, to be brought up to date.
    """
    world = World()
    b = FaultyProvider(clock=world.clock, name="b")
    world.providers["b"] = b
    b.write("f", b"only here")
    b.write("stays", b"stays")
    world.a.before = refuse
    world.run()
    world.a.before = None
    b.before = refuse
    b.omits = lambda known: next((each for each in known if each.name == "f"), None)
    world.a.write("f", b"come instead")
    world.run()
    b.before = None
    b.omits = lambda _: None
    for _ in range(3):
        world.run()
    assert set(world.agreed().values()) == {b"only here", b"come instead", b"stays"}


@pytest.mark.parametrize("content", [b"old", b"new"])
def test_what_is_made_where_a_deleted_file_was_moved_from_is_another(content: bytes) -> None:
    """A move, a deletion of what was moved, and a new file in the old place make no conflict."""
    world = World()
    world.a.write("d/x", b"old")
    world.run()

    def refuse(_: str) -> None:
        raise Refused("not now")

    world.b.before = refuse
    world.a.rename("d/x", "y")
    world.run()
    world.b.before = None
    world.a.remove("y")
    world.a.write("d/x", content)
    assert world.run().conflicts == 0
    assert world.agreed() == {"d": None, "d/x": content}
    world.quiet()


def test_an_old_copy_is_kept() -> None:
    """What an endpoint had before it was ever in step is kept when it turns out to be an old copy.

    It may be all that somebody has of it.
    """
    world = World("ab")
    world.a.write("f", b"first")
    world.run()
    world.a.write("f", b"second")
    world.run()
    late = World("c").c
    late.write("f", b"first")
    world.providers["c"] = late
    world.rule = msgspec.structs.replace(
        world.rule, endpoints=(*world.rule.endpoints, Endpoint("c", "c", late.traits))
    )
    world.run()
    assert world.agreed() == {"f": b"second"}
    assert late.versions() == [b"first"]
