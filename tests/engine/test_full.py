"""An endpoint without room takes no content; all that needs none goes on."""

import pytest

from syncoxiders.ports.errors import Full
from tests.engine.world import World


@pytest.fixture
def world() -> World:
    world = World()
    for name in ("deleted", "renamed", "edited"):
        world.a.write(name, name.encode())
    world.run()
    return world


def fill(world: World, room: int = 0) -> list[str]:
    """Let ``b`` have room for so many more uploads; returns those that it is asked for."""
    asked: list[str] = []

    def hook(operation: str) -> None:
        if operation == "upload":
            asked.append(operation)
            if len(asked) > room:
                raise Full("no room")

    world.b.on_call = hook
    return asked


def test_what_needs_no_room_goes_on(world: World) -> None:
    """Deletions and renames are done where there is no room, and its own changes travel."""
    for number in range(40):
        world.a.write(f"new{number}", b"new")
    world.a.remove("deleted")
    world.a.rename("renamed", "other name")
    world.b.write("edited", b"edited there")
    asked = fill(world)
    outcome = world.run()
    assert outcome.word == "partial"
    assert {event.detail for event in outcome.errors} == {"no room"}
    assert world.b.tree() == {"other name": b"renamed", "edited": b"edited there"}
    assert world.a.tree()["edited"] == b"edited there"
    assert len(asked) < 40


def test_there_is_room_again(world: World) -> None:
    """What stayed behind for want of room is brought once there is some."""
    world.a.write("new", b"new")
    fill(world)
    assert world.run().word == "partial"
    assert world.run().word == "partial"
    world.b.on_call = None
    assert world.run().word == "done"
    assert world.agreed()["new"] == b"new"
    world.quiet()
