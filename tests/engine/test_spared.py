"""A folder that lives though it was deleted, and what was in it."""

import pytest

from tests.engine.deployed import HOUR, Deployed, goes_on


@pytest.fixture
def world() -> Deployed:
    """Return a system in which a folder was deleted at one, and something moved into it elsewhere.

    So it lives, and what was in it is being deleted.
    """
    found = Deployed()
    found.a.write("folder/file", b"file")
    found.a.mkdir("other")
    found.look()
    found.look()
    found.failing.add("apply")
    found.b.remove("folder")
    found.a.rename("other", "folder/other")
    found.look()
    assert list(found.a.tree()) == ["folder", "folder/file", "folder/other"]
    return found


def comes_to_rest(world: Deployed) -> None:
    world.failing.clear()
    goes_on(world, HOUR)
    world.look()
    world.look()
    assert world.a.tree() == world.b.tree()
    store = world.store()
    assert not store.open_actions()


def test_what_went_with_a_folder_that_lives_is_deleted(world: Deployed) -> None:
    """Nobody has moved the folder."""
    comes_to_rest(world)
    assert world.a.tree() == {"folder": None, "folder/other": None}


def test_nothing_is_deleted_in_a_folder_that_was_moved_and_lives(world: Deployed) -> None:
    """A folder's move counts for all that was deleted with it elsewhere, though it lives anyhow."""
    world.a.rename("folder", "moved")
    comes_to_rest(world)
    assert world.a.tree() == {"moved": None, "moved/file": b"file", "moved/other": None}


def test_a_move_that_is_heard_of_before_anything_is_deleted_counts(world: Deployed) -> None:
    """The folder's new place is not known to base before what is in it lives again."""
    world.a.rename("folder", "moved")
    world.look()
    comes_to_rest(world)
    assert world.a.tree() == {"moved": None, "moved/file": b"file", "moved/other": None}


@pytest.mark.parametrize("later", [False, True])
def test_a_move_that_is_heard_of_when_others_are_done_counts(*, later: bool) -> None:
    """One who was away has moved the folder: what is to be deleted there lives with it."""
    world = Deployed()
    third = world.join()
    world.a.write("folder/inner/file", b"file")
    world.a.mkdir("other")
    world.look()
    world.look()
    assert third.tree() == world.a.tree()
    third.offline = True
    world.b.remove("folder")
    world.a.rename("other", "folder/inner/other")
    if not later:
        third.rename("folder", "moved")
    world.look()
    goes_on(world, 3 * HOUR)
    world.look()
    kept = {"folder": None, "folder/inner": None, "folder/inner/other": None}
    assert world.a.tree() == world.b.tree() == kept
    if later:
        world.failing.add("apply")
        third.offline = False
        world.look()
        third.rename("folder", "moved")
        world.failing.clear()
    third.offline = False
    goes_on(world, HOUR)
    world.look()
    world.look()
    lives: dict[str, bytes | None] = {each.replace("folder", "moved"): None for each in kept}
    lives["moved/inner/file"] = b"file"
    assert third.tree() == world.a.tree() == world.b.tree() == lives
