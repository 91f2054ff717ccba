"""The two-way table of the design, row by row, through the whole engine."""

from collections.abc import Iterator

import pytest

from syncoxiders.core import existence
from tests.engine.world import World


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    world.a.write("dir/x", b"base")
    world.a.write("keep", b"kept")
    world.a.mkdir("empty")
    outcome = world.run()
    assert outcome.word == "done", outcome
    assert world.agreed() == {"dir": None, "dir/x": b"base", "keep": b"kept", "empty": None}
    yield world
    world.agreed()
    world.quiet()


def test_new_against_nothing_is_created(world: World) -> None:
    """New | nothing there -> create."""
    world.b.write("new/deep/file", b"n")
    world.run()
    assert world.a.tree()["new/deep/file"] == b"n"


def test_new_against_equal_is_adopted(world: World) -> None:
    """New | new, equal content -> adopt, transfer nothing."""
    world.a.write("same", b"1234")
    world.b.write("same", b"1234")
    before = world.a.mutations + world.b.mutations
    world.run()
    assert world.a.mutations + world.b.mutations == before


def test_new_against_different_is_a_conflict(world: World) -> None:
    """New | new, different content -> conflict, the newer wins, both are kept."""
    world.a.write("new", b"older")
    world.b.write("new", b"newer")
    assert world.run().conflicts == 1
    tree = world.agreed()
    assert tree["new"] == b"newer"
    assert [content for name, content in tree.items() if "conflict-a" in name] == [b"older"]


def test_an_edit_is_carried(world: World) -> None:
    """Edited | unchanged -> update."""
    world.b.write("dir/x", b"edited")
    world.run()
    assert world.agreed()["dir/x"] == b"edited"


def test_equal_edits_are_adopted(world: World) -> None:
    """Edited | edited, equal content -> adopt."""
    world.a.write("dir/x", b"edited")
    world.b.write("dir/x", b"edited")
    before = world.a.mutations + world.b.mutations
    world.run()
    assert world.a.mutations + world.b.mutations == before


def test_different_edits_are_a_conflict(world: World) -> None:
    """Edited | edited, different -> conflict."""
    world.b.write("dir/x", b"from b")
    world.a.write("dir/x", b"from a")
    world.run()
    tree = world.agreed()
    assert tree["dir/x"] == b"from a"
    assert b"from b" in tree.values()


def test_a_deletion_is_carried(world: World) -> None:
    """Deleted | unchanged -> delete, to the trash."""
    world.a.remove("dir/x")
    world.run()
    assert "dir/x" not in world.agreed()
    assert b"base" in world.b.trash()


@pytest.mark.parametrize("change", ["edit", "move"])
def test_an_edit_or_move_survives_a_deletion(world: World, change: str) -> None:
    """Deleted | edited, or moved -> the edit or move survives."""
    world.a.remove("dir/x")
    if change == "edit":
        world.b.write("dir/x", b"edited")
    else:
        world.b.rename("dir/x", "moved")
    outcome = world.run()
    assert (b"edited" if change == "edit" else b"base") in world.agreed().values()
    assert any("stays" in note.detail for note in outcome.notes)


def test_a_deleted_folder_survives_with_new_content(world: World) -> None:
    """Folder deleted | new content inside -> the folder survives with just that content."""
    world.a.remove("dir")
    world.b.write("dir/new", b"new")
    world.run()
    tree = world.agreed()
    assert tree["dir/new"] == b"new"
    assert "dir/x" not in tree


def test_a_deleted_folder_survives_with_what_was_moved_into_it(world: World) -> None:
    """Folder deleted | something moved into it -> the folder survives with just that."""
    world.a.remove("dir")
    world.b.rename("keep", "dir/keep")
    world.run()
    tree = world.agreed()
    assert tree["dir/keep"] == b"kept"
    assert "dir/x" not in tree


def test_a_deleted_folder_that_was_moved_survives_whole(world: World) -> None:
    """Folder deleted | folder moved -> the folder survives with everything in it."""
    world.a.remove("dir")
    world.b.rename("dir", "other")
    world.run()
    tree = world.agreed()
    assert tree["other/x"] == b"base"
    assert "dir" not in tree


def test_a_move_is_a_move(world: World) -> None:
    """Moved | unchanged -> move: one effect, and no byte is carried."""
    world.a.rename("dir", "moved")
    before = world.b.mutations
    outcome = world.run()
    assert world.b.mutations == before + 1
    assert outcome.bytes == 0
    assert world.agreed()["moved/x"] == b"base"


def test_two_moves_of_one_thing_make_no_second_copy(world: World) -> None:
    """Moved | moved elsewhere -> one place wins; never two copies."""
    world.a.rename("dir/x", "one")
    world.b.rename("dir/x", "two")
    world.run()
    assert list(world.agreed().values()).count(b"base") == 1


def test_moves_that_form_a_cycle(world: World) -> None:
    """Moves that form a cycle -> one of them wins, the other is undone."""
    world.a.mkdir("one")
    world.a.mkdir("two")
    world.a.write("one/f1", b"f1")
    world.a.write("two/f2", b"f2")
    world.run()
    world.a.rename("one", "two/one")
    world.b.rename("two", "one/two")
    world.run()
    tree = world.agreed()
    assert {b"f1", b"f2"} <= set(tree.values())
    assert sum(name.endswith("one") for name in tree) == 1


def test_file_against_folder(world: World) -> None:
    """File | folder at the same place -> both survive, one renamed."""
    world.a.write("place", b"file")
    world.b.write("place/inner", b"inner")
    world.run()
    tree = world.agreed()
    assert tree["place/inner"] == b"inner"
    assert b"file" in tree.values()


def test_a_swap_of_names(world: World) -> None:
    """Two files that change places do so without a copy of either."""
    world.a.rename("dir/x", "dir/tmp")
    world.a.rename("keep", "dir/x")
    world.a.rename("dir/tmp", "keep")
    outcome = world.run()
    assert world.agreed()["keep"] == b"base"
    assert outcome.bytes == 0


def test_a_folder_changes_places_with_its_child(world: World) -> None:
    """A folder moved into what was its own child arrives there."""
    world.a.mkdir("outer")
    world.a.mkdir("outer/inner")
    world.run()
    world.a.rename("outer/inner", "inner")
    world.a.rename("outer", "inner/outer")
    world.run()
    assert "inner/outer" in world.agreed()


def test_the_safe_save_pattern_keeps_the_node(world: World) -> None:
    """An editor that renames the old file away and writes a new one has edited it."""
    world.a.rename("keep", "keep~")
    world.a.write("keep", b"saved")
    world.run()
    tree = world.agreed()
    assert tree["keep"] == b"saved"
    assert tree["keep~"] == b"kept"


def test_a_folder_made_again_keeps_what_is_equal(world: World) -> None:
    """A folder that is deleted and made again is not deleted elsewhere."""
    world.a.remove("dir")
    world.a.write("dir/x", b"again")
    world.run()
    assert world.agreed()["dir/x"] == b"again"


def test_file_becomes_folder(world: World) -> None:
    """A file replaced by a folder of its name is replaced elsewhere."""
    world.a.remove("keep")
    world.a.write("keep/inside", b"inside")
    world.run()
    assert world.agreed()["keep/inside"] == b"inside"


def test_case_only_rename(world: World) -> None:
    """A rename that changes only case is carried as a rename."""
    world.a.rename("keep", "KEEP")
    world.run()
    assert "KEEP" in world.agreed()
    assert "keep" not in world.agreed()


def test_a_moved_folder_counts_for_what_is_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The row of the deleted and moved folder holds by its own rule, which is missed without it."""
    monkeypatch.setattr(existence, "_carried", lambda *_: False)
    world = World()
    world.a.write("dir/x", b"base")
    world.run()
    world.a.remove("dir")
    world.b.rename("dir", "other")
    world.run()
    assert "other/x" not in world.agreed()
