"""What comes into view because its folder was moved is brought into step."""

import pytest

from tests.engine.deployed import Deployed
from tests.engine.world import World


@pytest.fixture(params=[World, Deployed])
def world(request: pytest.FixtureRequest) -> World | Deployed:
    """Two trees in step, on one machine or deployed, that have a folder with something hidden."""
    world: World | Deployed = request.param()
    world.a.write("h/.syncignore", b"*.txt\n")
    world.a.write("d/n.txt", b"1")
    world.a.write("d/x", b"1")
    in_step(world)
    world.b.rename("d", "h/d")
    in_step(world)
    assert world.a.tree() == world.b.tree()
    return world


def in_step(world: World | Deployed) -> None:
    """Bring the trees into step."""
    for _ in range(3):
        if isinstance(world, World):
            world.run()
        else:
            world.look()


def test_what_was_edited_while_it_was_hidden_follows(world: World | Deployed) -> None:
    """Its folder goes where patterns do not reach: then the edit counts."""
    world.b.write("h/d/n.txt", b"2")
    in_step(world)
    assert world.a.tree()["h/d/n.txt"] == b"1"
    world.b.rename("h/d", "k")
    in_step(world)
    assert world.a.tree() == world.b.tree()
    assert world.a.tree()["k/n.txt"] == b"2"


def test_what_was_made_while_it_would_be_hidden_follows(world: World | Deployed) -> None:
    """What is new in it is planned as well, however deep it is."""
    world.b.write("h/d/sub/new.txt", b"new")
    in_step(world)
    assert "h/d/sub/new.txt" not in world.a.tree()
    world.b.rename("h/d", "k")
    in_step(world)
    assert world.a.tree() == world.b.tree()


def test_what_was_removed_while_it_was_hidden_comes_back(world: World | Deployed) -> None:
    """A deletion that nobody was to see is none."""
    world.b.remove("h/d/n.txt")
    in_step(world)
    world.b.rename("h/d", "k")
    in_step(world)
    assert world.a.tree() == world.b.tree()
    assert world.a.tree()["k/n.txt"] == b"1"


def test_who_moves_it_elsewhere_shows_it(world: World | Deployed) -> None:
    """It does not matter who has moved the folder, and who has edited what is in it."""
    world.b.write("h/d/n.txt", b"2")
    in_step(world)
    world.a.rename("h/d", "k")
    in_step(world)
    assert world.a.tree() == world.b.tree()
    assert world.a.tree()["k/n.txt"] == b"2"


@pytest.mark.parametrize("kind", [World, Deployed])
def test_a_folder_goes_though_patterns_hide_what_was_in_its_former_place(
    kind: type[World] | type[Deployed],
) -> None:
    """It was renamed, and another one of its name made, with patterns for what had been in it."""
    world = kind()
    content = {"n.txt": b"1", "f/n.txt": b"2", "x": b"3"}
    for path, data in content.items():
        world.b.write(f"d/{path}", data)
    in_step(world)
    world.b.rename("d", "e")
    world.b.write("d/.syncignore", b"*.txt\nf/\n")
    in_step(world)
    here, there = world.a.tree(), world.b.tree()
    assert {path: here.get(f"e/{path}") for path in content} == content
    shown = {path for path in here if not path.startswith("d/f") and path != "d/n.txt"}
    assert shown == there.keys()
