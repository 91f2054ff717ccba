"""A folder is moved where ids are paths, while others are at work upon what is in it."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec import structs

from syncoxiders.adapters.memory.provider import MemoryProvider
from syncoxiders.adapters.memory.quirks import Quirks
from syncoxiders.core.model import Kind, Traits
from syncoxiders.ports.state import Commit
from tests.engine.deployed import HOUR, Deployed, goes_on

PATHS = Quirks(traits=Traits(stable_ids=False, cheap_hash=True, sets_meta=True))


@pytest.fixture
def world() -> Deployed:
    """A system in which ``b`` names entries by their paths, with three files in step."""
    found = Deployed()
    found.b = MemoryProvider(PATHS, clock=found.clock, name="b")
    found.providers["b"] = found.b
    for name in ("edited", "kept", "removed"):
        found.a.write(f"folder/{name}", name.encode())
    found.look()
    found.look()
    assert found.b.tree() == found.a.tree()
    return found


def heard(world: Deployed) -> None:
    """The move is heard of before the worker tells of it."""
    world.failing = {"merge", "apply"}
    world.look()
    world.failing = set()


def changed(world: Deployed) -> None:
    """Other workers close what they did to the nodes in the folder."""
    store = world.store()
    base = store.base()
    nodes = [
        structs.replace(node, replicas={**node.replicas, "a": structs.replace(replica, version="")})
        for ids in base.ids()
        for node in base.get(ids).values()
        if node.kind is Kind.FILE and (replica := node.replicas.get("a")) is not None
    ]
    assert not store.commit(Commit(nodes=nodes))


@pytest.mark.parametrize(("after", "meanwhile"), [("move", heard), ("rescan", changed)])
def test_what_is_in_a_moved_folder_goes_with_it(
    world: Deployed, after: str, meanwhile: Callable[[Deployed], None]
) -> None:
    """What was planned for it is done where it is now, and nothing of it is taken for new.

    Something happens after the worker has moved the folder, or has then looked into it.
    """
    move, inner = world.b.move, getattr(world.b, after)

    def moved(*args: Any, **kwargs: Any) -> Any:
        vars(world.b).pop("move")
        vars(world.b)[after] = overtaken
        return (overtaken if after == "move" else move)(*args, **kwargs)

    def overtaken(*args: Any, **kwargs: Any) -> Any:
        vars(world.b).pop(after)
        found = inner(*args, **kwargs)
        found = found if after == "move" else list(found)
        meanwhile(world)
        return found

    vars(world.b)["move"] = moved
    world.a.rename("folder", "moved")
    world.a.remove("moved/removed")
    world.a.write("moved/edited", b"other")
    world.look()
    goes_on(world, HOUR)
    wanted = {"moved": None, "moved/edited": b"other", "moved/kept": b"kept"}
    assert world.a.tree() == world.b.tree() == wanted
