"""The modes with a source, row by row of the design's table, through the whole engine."""

import dataclasses

import msgspec
import pytest

from syncoxiders.adapters.memory.quirks import Quirks
from syncoxiders.core.model import ActionKind, Mode, Traits
from syncoxiders.engine.guard import Limit
from syncoxiders.engine.report import Outcome
from syncoxiders.ports.errors import Denied
from tests.engine.world import World
from tests.simulation.faults import FaultyProvider

BASE = {"dir": None, "dir/x": b"base", "keep": b"kept", "empty": None}
MIRRORS = [Mode.ONE_WAY, Mode.COPY]


class Mirrored(World):
    """A world in which ``a`` is the source; it says which effects a run had at each endpoint."""

    def __init__(self, mode: Mode, names: str = "ab", **quirks: Quirks) -> None:
        super().__init__(names, quirks)
        self.mode(mode)

    def mode(self, mode: Mode, keep: str = "newer") -> None:
        self.rule = msgspec.structs.replace(self.rule, mode=mode, keep=keep)

    def effects(self) -> dict[str, int]:
        """Run, and count the effects at each endpoint."""
        before = {name: provider.mutations for name, provider in self.providers.items()}
        outcome = self.run()
        assert outcome.word == "done", outcome
        return {name: each.mutations - before[name] for name, each in self.providers.items()}


def mirrored(mode: Mode, names: str = "ab", **quirks: Quirks) -> Mirrored:
    """A world whose endpoints are in step."""
    world = Mirrored(mode, names, **quirks)
    world.a.write("dir/x", b"base")
    world.a.write("keep", b"kept")
    world.a.mkdir("empty")
    assert world.run().word == "done"
    if mode is not Mode.MOVE:
        assert world.agreed() == BASE
    return world


def done(outcome: Outcome) -> Outcome:
    assert outcome.word == "done", outcome
    return outcome


# -- what happens at the source ------------------------------------------------------------------


@pytest.mark.parametrize("names", ["ab", "abc"])
@pytest.mark.parametrize("mode", MIRRORS)
def test_what_is_new_or_edited_at_the_source_is_copied(mode: Mode, names: str) -> None:
    """new, edited at source -> copied, in one-way and copy"""
    world = mirrored(mode, names)
    world.a.write("new/deep", b"new")
    world.a.write("dir/x", b"edited")
    done(world.run())
    assert world.agreed() == {**BASE, "new": None, "new/deep": b"new", "dir/x": b"edited"}
    world.quiet()


@pytest.mark.parametrize("names", ["ab", "abc"])
def test_move_copies_and_then_deletes_at_the_source(names: str) -> None:
    """new, edited at source -> move: copied to all, verified, then deleted at the source"""
    world = mirrored(Mode.MOVE, names)
    for name in names[1:]:
        assert world.providers[name].tree() == BASE
    assert {path for path, data in world.a.tree().items() if data is not None} == set()
    world.a.write("dir/x", b"another")
    done(world.run())
    assert "dir/x" not in world.a.tree()
    assert world.b.tree()["dir/x"] == b"another"
    world.quiet()


def test_move_deletes_only_what_is_proved_to_be_there() -> None:
    """Move hands over by content: while a destination refuses it, the source keeps it."""
    world = Mirrored(Mode.MOVE, "abc")
    world.a.write("file", b"bytes")
    world.c.offline = True
    world.run()
    assert world.b.tree() == {"file": b"bytes"}
    assert world.a.tree() == {"file": b"bytes"}
    world.c.offline = False
    world.run()
    assert world.c.tree() == {"file": b"bytes"}
    assert world.a.tree() == {}


def test_move_looks_at_every_copy_again_before_it_deletes() -> None:
    """Move asks all destinations just before it deletes, not only the first."""
    world = Mirrored(Mode.MOVE, "abc")
    world.a.write("file", b"bytes")

    def when_the_first_is_asked(what: str) -> None:
        if what == "get" and "file" in world.c.tree():
            world.b.on_call = None
            world.c.write("file", b"other")

    world.b.on_call = when_the_first_is_asked
    world.run()
    assert world.a.tree() == {"file": b"bytes"}


def test_one_way_deletes_and_moves() -> None:
    """deleted, moved at source -> one-way: deleted, moved, without carrying bytes"""
    world = mirrored(Mode.ONE_WAY)
    world.a.remove("keep")
    world.a.rename("dir", "moved")
    outcome = done(world.run())
    assert world.agreed() == {"moved": None, "moved/x": b"base", "empty": None}
    assert outcome.bytes == 0
    assert b"kept" in world.b.trash()
    world.quiet()


def test_copy_ignores_deletions_and_moves() -> None:
    """deleted, moved at source -> copy: ignored"""
    world = mirrored(Mode.COPY)
    world.a.remove("keep")
    world.a.rename("dir/x", "moved")
    assert world.effects() == {"a": 0, "b": 0}
    assert world.b.tree() == BASE
    world.quiet()


def test_copy_brings_an_edit_to_where_the_destination_has_it() -> None:
    """A file that was moved at the source and then edited is updated where it was copied to."""
    world = mirrored(Mode.COPY)
    world.a.rename("dir/x", "moved")
    world.run()
    world.a.write("moved", b"edited")
    done(world.run())
    assert world.b.tree()["dir/x"] == b"edited"
    world.quiet()


# -- what happens at a destination ---------------------------------------------------------------


def test_one_way_restores_edits() -> None:
    """Changed at a destination -> one-way: edits are restored, and what was written is kept"""
    world = mirrored(Mode.ONE_WAY)
    world.b.write("dir/x", b"mine")
    done(world.run())
    assert world.agreed() == BASE
    assert b"mine" in {*world.b.trash(), *world.b.versions()}
    world.quiet()


@pytest.mark.parametrize("path", ["dir", "keep", "dir/x", "empty"])
@pytest.mark.parametrize("change", ["remove", "rename"])
def test_one_way_restores_deletions_and_moves(change: str, path: str) -> None:
    """Changed at a destination -> one-way: deletions and moves are restored"""
    world = mirrored(Mode.ONE_WAY)
    if change == "remove":
        world.b.remove(path)
    else:
        world.b.rename(path, "elsewhere")
    done(world.run())
    assert world.agreed() == BASE
    world.quiet()


@pytest.mark.parametrize("names", ["ab", "abc"])
def test_one_way_deletes_what_is_extra(names: str) -> None:
    """Changed at a destination -> one-way: extra files are deleted, to the trash"""
    world = mirrored(Mode.ONE_WAY, names)
    world.b.write("extra/file", b"mine")
    done(world.run())
    assert world.agreed() == BASE
    assert b"mine" in world.b.trash()
    world.quiet()


@pytest.mark.parametrize("folder", [True, False])
def test_one_way_replaces_what_is_of_another_kind(folder: bool) -> None:
    """An extra file where the source has made a folder goes to the trash, and vice versa."""
    world = mirrored(Mode.ONE_WAY)
    ours, theirs = ("place/inner", "place") if folder else ("place", "place/inner")
    world.a.write(ours, b"source")
    world.b.write(theirs, b"mine")
    done(world.run())
    assert world.agreed()[ours] == b"source"
    assert b"mine" in world.b.trash()
    world.quiet()


def test_one_way_keeps_an_edit_of_what_had_not_been_deleted() -> None:
    """A destination's edit is kept though the source at first seemed to have deleted the file."""
    world = Mirrored(Mode.ONE_WAY)
    source = FaultyProvider(clock=world.clock, name="a")
    world.providers["a"] = source
    source.write("keep", b"kept")
    source.write("other", b"other")
    done(world.run())
    world.b.write("keep", b"mine")
    twice = iter(["keep", "keep"])  # so the source seems to have deleted it
    source.omits = lambda known: next(
        (each for name in twice for each in known if each.name == name), None
    )

    def refuse(what: str) -> None:
        if what == "delete":
            raise Denied("not now")

    world.b.before = refuse
    world.run()
    world.b.before = None
    done(world.run())
    assert world.agreed()["keep"] == b"kept"
    assert b"mine" in {*world.b.trash(), *world.b.versions()}
    world.quiet()


def test_one_way_leaves_folders_that_hold_what_is_left() -> None:
    """A new folder is no extra while it holds what was left at first contact."""
    world = Mirrored(Mode.ONE_WAY, "abc")
    world.a.write("keep", b"kept")
    world.c.write("theirs", b"theirs")
    done(world.run())
    world.c.rename("theirs", "new/deep/theirs")
    world.c.write("new/extra", b"extra")
    done(world.run())
    left = {"keep": b"kept", "new": None, "new/deep": None, "new/deep/theirs": b"theirs"}
    assert world.c.tree() == left
    assert world.a.tree() == world.b.tree() == {"keep": b"kept"}
    world.quiet()


def test_one_way_is_guarded() -> None:
    """Extra files are deleted under the guard."""
    world = mirrored(Mode.ONE_WAY)
    world.options = dataclasses.replace(world.options, limit=Limit(number=1, percent=None))
    for name in ("one", "two", "three"):
        world.b.write(name, name.encode())
    outcome = world.run()
    assert outcome.stop is not None
    assert {b"one", b"two", b"three"} <= set(world.b.tree().values())


@pytest.mark.parametrize("names", ["ab", "abc"])
@pytest.mark.parametrize("mode", [Mode.COPY, Mode.MOVE])
def test_what_a_destination_does_is_left(mode: Mode, names: str) -> None:
    """Changed at a destination -> copy and move: left, and not carried anywhere"""
    world = mirrored(mode, names)
    world.b.write("dir/x", b"mine")
    world.b.remove("keep")
    world.b.write("extra/file", b"extra")
    world.b.rename("empty", "full")
    expected = world.b.tree()
    others = [world.providers[name].tree() for name in names if name != "b"]
    assert not any(world.effects().values())
    assert world.b.tree() == expected
    assert [world.providers[name].tree() for name in names if name != "b"] == others
    world.quiet()


# -- conflicts -----------------------------------------------------------------------------------


@pytest.mark.parametrize("settled", [False, True])
def test_in_copy_the_source_wins_and_what_stood_there_is_kept(settled: bool) -> None:
    """Conflict -> copy: the source wins, the destination's version goes to the trash first"""
    world = mirrored(Mode.COPY)
    world.b.write("dir/x", b"mine")
    if settled:
        world.run()  # left, and remembered as theirs
    world.a.write("dir/x", b"source")
    done(world.run())
    assert world.agreed()["dir/x"] == b"source"
    assert b"mine" in {*world.b.trash(), *world.b.versions()}
    world.quiet()


@pytest.mark.parametrize("settled", [False, True])
@pytest.mark.parametrize("mode", [Mode.COPY, Mode.MOVE, Mode.ONE_WAY])
def test_what_a_destination_wrote_where_the_source_writes_is_kept(
    mode: Mode, settled: bool
) -> None:
    """A destination's own file at a place where the source makes one is never just overwritten."""
    world = mirrored(mode)
    world.b.write("place", b"mine")
    if settled and mode is not Mode.ONE_WAY:
        world.run()
    world.a.write("place", b"source")
    done(world.run())
    assert world.b.tree()["place"] == b"source"
    reach = {*world.b.trash(), *world.b.versions(), *world.b.tree().values()}
    assert b"mine" in reach


def test_in_copy_without_a_trash_the_version_becomes_a_conflict_copy() -> None:
    """Conflict -> copy: where nothing keeps what is replaced, it is kept beside"""
    plain = Quirks(traits=Traits(cheap_hash=True, keeps_replaced=False))
    world = mirrored(Mode.COPY, b=plain)
    world.b.write("dir/x", b"mine")
    world.a.write("dir/x", b"source")
    done(world.run())
    tree = world.b.tree()
    assert tree["dir/x"] == b"source"
    assert [data for path, data in tree.items() if "conflict-b" in path] == [b"mine"]


@pytest.mark.parametrize("keep", ["path1", "path2"])
def test_in_one_way_the_keep_mode_decides(keep: str) -> None:
    """Conflict -> one-way: keep-mode; the source's loss is no reason to touch the source"""
    world = mirrored(Mode.ONE_WAY)
    world.mode(Mode.ONE_WAY, keep)
    world.a.write("dir/x", b"source")
    world.b.write("dir/x", b"mine")
    effects = world.effects()
    assert effects["a"] == 0
    if keep == "path1":
        assert world.b.tree()["dir/x"] == b"source"
        assert b"mine" in world.b.tree().values()
    else:
        assert world.b.tree()["dir/x"] == b"mine"
    world.quiet()


def test_what_stands_by_keep_mode_is_kept_when_it_is_replaced_later() -> None:
    """A destination's version that stood by keep-mode is not forgotten to be somebody's work."""
    world = mirrored(Mode.ONE_WAY)
    world.mode(Mode.ONE_WAY, "path2")
    world.a.write("dir/x", b"source")
    world.b.write("dir/x", b"mine")
    world.run()
    world.mode(Mode.ONE_WAY, "path1")
    world.a.write("dir/x", b"source again")
    world.run()
    reach = {*world.b.trash(), *world.b.versions(), *world.b.tree().values()}
    assert b"mine" in reach


# -- unions --------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", list(Mode))
def test_a_first_contact_is_a_union(mode: Mode) -> None:
    """A first contact deletes and renames nothing at a destination, whatever the mode."""
    world = Mirrored(mode)
    world.a.write("ours", b"ours")
    world.a.write("same", b"same")
    world.b.write("theirs", b"theirs")
    world.b.write("same", b"same")
    outcome = done(world.run())
    assert world.b.tree() == {"ours": b"ours", "same": b"same", "theirs": b"theirs"}
    assert ActionKind.UPDATE.value not in outcome.counts
    assert outcome.conflicts == 0
    world.quiet()


@pytest.mark.parametrize("after", list(Mode))
@pytest.mark.parametrize("before", [Mode.COPY, Mode.MOVE, Mode.TWO_WAY])
def test_a_change_of_mode_is_a_union(before: Mode, after: Mode) -> None:
    """A mode that comes later deletes nothing of what the one before had left at a destination."""
    world = mirrored(before)
    world.b.write("theirs", b"theirs")
    if before is Mode.COPY:
        world.a.remove("keep")
    world.run()
    if before is after:
        return
    world.b.write("keep", b"edited")
    world.mode(after)
    done(world.run())
    assert {"theirs", "keep"} <= world.b.tree().keys()
    world.quiet()
    assert {"theirs", "keep"} <= world.b.tree().keys()


def test_what_was_handed_over_and_made_anew_is_left_by_a_union() -> None:
    """What a destination made where move had handed something over is no extra in a union."""
    world = mirrored(Mode.MOVE)
    world.b.write("other", b"mine")
    done(world.run())
    world.b.rename("keep", "dir/kept")
    world.b.rename("other", "keep")
    done(world.run())
    world.mode(Mode.ONE_WAY)
    done(world.run())
    assert world.b.tree()["keep"] == b"mine"
    assert b"kept" in world.b.tree().values()
    world.quiet()


@pytest.mark.parametrize("mode", [Mode.ONE_WAY, Mode.COPY])
def test_the_source_is_never_written_to(mode: Mode) -> None:
    """Whatever destinations do, one-way and copy have no effect at their source."""
    world = mirrored(mode, "abc")
    before = world.a.mutations
    world.b.write("new", b"b")
    world.c.write("new", b"c")
    world.b.remove("dir")
    world.c.rename("keep", "kept")
    world.b.write("keep", b"edited")
    world.a.write("keep", b"source")
    world.run()
    world.run()
    assert world.a.mutations == before


@pytest.mark.parametrize("mode", [Mode.ONE_WAY, Mode.COPY, Mode.MOVE])
def test_a_destination_that_was_away_catches_up(mode: Mode) -> None:
    """A destination that comes back is brought to what the source has since done."""
    world = mirrored(mode, "abc")
    world.c.offline = True
    world.a.write("dir/x", b"edited")
    world.a.write("new", b"new")
    world.run()
    world.c.offline = False
    world.run()
    assert world.c.tree()["dir/x"] == b"edited"
    assert world.c.tree()["new"] == b"new"
    assert world.c.tree() == world.b.tree()


@pytest.mark.parametrize("mode", [Mode.COPY, Mode.MOVE])
def test_what_only_one_who_is_away_has_is_left(mode: Mode) -> None:
    """A destination's own file is not given up for gone because its holder is away."""
    world = mirrored(mode, "abc")
    world.b.write("theirs", b"theirs")
    world.c.write("theirs", b"theirs")
    world.run()
    world.c.remove("theirs")
    world.b.offline = True
    world.run()
    world.b.offline = False
    world.c.write("theirs", b"another")
    world.run()
    assert world.b.tree()["theirs"] == b"theirs"
    assert world.c.tree()["theirs"] == b"another"
    world.quiet()


@pytest.mark.parametrize("mode", [Mode.COPY, Mode.MOVE])
def test_what_another_mode_deleted_is_left_where_it_stands(mode: Mode) -> None:
    """A deletion that had not reached everyone goes no further once the mode has changed."""
    world = Mirrored(Mode.TWO_WAY, "abc")
    world.a.write("keep", b"kept")
    world.a.write("other", b"other")
    world.run()
    world.b.offline = True
    world.a.remove("keep")
    world.run()
    world.mode(mode)
    world.run()
    world.b.offline = False
    world.run()
    world.run()
    assert world.b.tree()["keep"] == b"kept"


@pytest.mark.parametrize("mode", [Mode.ONE_WAY, Mode.COPY, Mode.MOVE])
def test_nothing_is_decided_while_the_source_is_away(mode: Mode) -> None:
    """Without its source a mirror does nothing at all."""
    world = mirrored(mode, "abc")
    world.a.offline = True
    world.b.write("extra", b"extra")
    world.b.remove("keep")
    before = [world.b.mutations, world.c.mutations]
    world.run()
    assert [world.b.mutations, world.c.mutations] == before


@pytest.mark.parametrize("mode", MIRRORS)
def test_what_the_source_never_had_is_kept_when_it_is_replaced(mode: Mode) -> None:
    """A source that was behind when the mode changed overwrites nothing unseen."""
    world = mirrored(Mode.TWO_WAY)
    world.b.write("keep", b"newer at b")

    def refuses(operation: str) -> None:
        if operation == "upload":
            raise Denied("no")

    world.a.on_call = refuses
    assert world.run().word == "partial"
    world.a.on_call = None
    world.mode(mode)
    world.run()
    world.a.write("keep", b"newer at a")
    world.run()
    world.run()
    assert world.a.tree()["keep"] == b"newer at a"
    assert b"newer at b" in world.a.reachable() | world.b.reachable()
