"""Where a worker looks for what it is to carry."""

import pytest
from msgspec import structs

from syncoxiders.core.model import ROOT, ROOT_ENTRY, Action, ActionKind, Node, Source
from syncoxiders.engine.pipeline import setting
from syncoxiders.engine.pipeline.whereabouts import known_places
from syncoxiders.ports.pipeline import SharedStore
from syncoxiders.ports.state import Commit, Observation
from tests.engine.deployed import Deployed


def inside(store: SharedStore, *names: str) -> Node:
    """Return a node by its path."""
    parent = ROOT
    for name in names:
        found = next(each for each in store.base().children(parent) if each.name == name)
        parent = found.id
    return found


@pytest.mark.parametrize("waits", ["nothing", "node", "entry"])
def test_a_folder_that_waits_is_where_it_was_seen(waits: str) -> None:
    """Base is not told that a folder has moved while it waits for others; else it soon is."""
    world = Deployed()
    world.a.write("above/folder/file", b"first")
    for _ in range(2):
        world.look()
    store = world.store()
    folder, file = inside(store, "above", "folder"), inside(store, "above", "folder", "file")
    seen = store.observed("b").get([folder.replicas["b"].entry])[folder.replicas["b"].entry]
    moved = structs.replace(seen, parent=ROOT_ENTRY, name="moved")
    store.commit(Commit(observed=[Observation("b", [moved], asked=world.clock.now())]))
    before = setting.planning(store)
    nodes = (folder.id,) if waits == "node" else ()
    entries = (("b", moved.id),) if waits == "entry" else ()
    setting.save_planning(store, structs.replace(before, nodes=nodes, entries=entries))
    source = Source("b", file.replicas["b"].entry, "newer")
    action = Action(
        id="1",
        kind=ActionKind.UPDATE,
        endpoint="a",
        node=file.id,
        entry=file.replicas["a"].entry,
        source=source,
    )
    found = known_places(world.store(), [action]).ref("b", source.entry).path
    assert found == ("above/folder/file" if waits == "nothing" else "moved/file")
