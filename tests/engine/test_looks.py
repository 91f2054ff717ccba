"""Looks at single folders: what moves through them meanwhile is not lost from sight."""

import pytest

from syncoxiders.adapters.memory.provider import MemoryFeedProvider
from syncoxiders.core.model import Ref
from syncoxiders.engine.observe import Observer
from syncoxiders.engine.sync import Run
from tests.engine.test_follow import below
from tests.engine.world import World


@pytest.mark.parametrize("feeds", [False, True])
def test_folders_known_to_be_in_each_other_are_not_gone(feeds: bool) -> None:
    """Folders that went through each other between looks are found where they stand by now."""
    world = World()
    if feeds:
        world.providers["a"] = MemoryFeedProvider(clock=world.clock, name="a")
    world.a.write("one/x", b"x")
    world.a.write("two/y", b"y")
    world.a.write("two/deep/z", b"z")
    world.run()
    one, two = world.a.entry("one").id, world.a.entry("two").id
    world.a.rename("one", "two/one")
    Run(world.context()).run({"a": [two], "b": []})
    world.a.rename("two/one", "one")
    world.a.rename("two", "one/two")
    store = world.context().store
    observer = Observer(store, "a", world.a, told=lambda *_: None, now=world.clock.now)
    observer.look([Ref(one, "one")])
    assert {path for path, _ in below(store.observed("a"), "/", "")} == world.a.tree().keys()
    world.run()
    assert world.agreed() == world.a.tree()
    assert world.b.calls["delete"] == 0
    world.quiet()
