"""A first sync that is planned in parts, the next one while one is carried."""

from collections.abc import Iterator
from unittest import mock

import pytest

from syncoxiders.engine import sync
from syncoxiders.ports.errors import Denied, Unreachable
from tests.engine.world import World


@pytest.fixture(params=[1, 2, 3], autouse=True)
def part(request: pytest.FixtureRequest) -> Iterator[None]:
    with mock.patch.object(sync, "CHUNK", request.param):
        yield


def test_a_tree_arrives_whole() -> None:
    """However small the parts are, folders come before what is in them."""
    world = World()
    for number in range(12):
        world.a.write(f"d{number % 3}/e/f{number}", b"%d" % number)
    world.run()
    assert len(world.agreed()) == 18
    world.quiet()


def test_two_trees_become_one() -> None:
    """What both have alike is not carried, what one of them has is, though it is planned later."""
    world = World()
    for number in range(6):
        world.a.write(f"d/{number}", b"%d" % number)
        world.b.write(f"d/{number + 3}", b"%d" % (number + 3))
    world.run()
    assert world.agreed() == {"d": None, **{f"d/{each}": b"%d" % each for each in range(9)}}
    world.quiet()


def test_a_move_into_a_new_folder_comes_after_it() -> None:
    """What is known and moved is planned first; the folder that it needs is taken in with it."""
    world = World()
    world.a.write("x", b"x")
    world.run()
    for number in range(5):
        world.a.write(f"new{number}", b"%d" % number)
    world.a.mkdir("folder")
    world.a.rename("x", "folder/x")
    world.a.write("x", b"another")
    world.run()
    tree = world.agreed()
    assert (tree["folder/x"], tree["x"]) == (b"x", b"another")
    world.quiet()


def test_what_has_to_wait_for_a_later_part_is_not_forgotten() -> None:
    """A file stands where the other side has a folder: one of them is renamed, both survive."""
    world = World()
    for number in range(4):
        world.a.write(f"n{number}", b"%d" % number)
    world.a.write("x", b"file")
    world.b.write("x/y", b"inside")
    world.run()
    world.run()
    tree = world.agreed()
    assert sorted(data for data in tree.values() if data in {b"file", b"inside"}) == [
        b"file",
        b"inside",
    ]
    world.quiet()


def test_a_folder_that_may_have_been_made_is_not_made_again() -> None:
    """What one part has done without an answer the next one leaves alone, as whoever died left it.

    Else nobody would know whose the folder is, and it would come back where it was deleted.
    """
    world = World()
    for number in range(6):
        world.a.write(f"folder/{number}", b"%d" % number)
    world.a.write("stays", b"content")

    def fails(operation: str) -> None:
        if operation == "make_folder":
            world.b.before = refuses
            raise Unreachable("no answer")

    def refuses(operation: str) -> None:
        raise Denied(operation)

    world.b.after = fails
    world.run()
    assert world.b.tree() == {"folder": None}
    world.b.before = world.b.after = None
    world.a.remove("folder")
    world.run()
    assert world.agreed() == {"stays": b"content"}
    world.quiet()
