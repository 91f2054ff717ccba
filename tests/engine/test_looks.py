"""Looks at single folders: what moves through them meanwhile is not lost from sight."""

import dataclasses
from collections.abc import Iterable, Iterator

import pytest

from syncoxiders.adapters.memory.provider import MemoryFeedProvider, MemoryProvider
from syncoxiders.adapters.memory.quirks import Quirks
from syncoxiders.core.model import Ref, Traits
from syncoxiders.engine.observe import Observer
from syncoxiders.engine.sync import Run
from syncoxiders.ports.provider import FolderDelta, Known
from syncoxiders.ports.state import Commit, Observation
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


def test_two_that_cannot_stand_in_one_place_are_looked_at_again() -> None:
    """What was seen to come to where another has not been seen to leave is no conflict."""
    world = World()
    world.a.write("x", b"x")
    world.a.write("y", b"y")
    world.run()
    world.a.rename("x", "z")
    seen = world.a.rename("y", "x")
    world.context().store.commit(Commit(observed=[Observation("a", put=[seen])]))
    before = world.a.mutations
    Run(world.context()).run({"a": [], "b": []})
    assert world.a.mutations == before
    world.run()
    assert world.agreed() == {"x": b"y", "z": b"x"}
    world.quiet()


def test_made_anew_in_another_case() -> None:
    """Where case does not tell names apart, a file made anew in another is the same, edited."""
    world = World("ab", {"b": Quirks(traits=Traits(case_insensitive=True, cheap_hash=True))})
    world.a.write("d/x", b"one")
    world.run()
    world.a.remove("d/x")
    world.a.write("d/X", b"another")
    assert world.run().conflicts == 0
    assert world.agreed() == {"d": None, "d/X": b"another"}
    world.quiet()


def test_a_dry_run_finishes_nothing() -> None:
    """What an effect of several steps was interrupted in is finished before a look, if at all."""
    world = World()
    seen: list[str] = []

    class Finishing(MemoryProvider):
        def finish_interrupted(self) -> None:
            seen.append("finished")

        def rescan(
            self, known: Known, folders: Iterable[Ref] | None = None
        ) -> Iterator[FolderDelta]:
            seen.append("looked")
            return super().rescan(known, folders)

    world.providers["a"] = Finishing(clock=world.clock, name="a")
    world.options = dataclasses.replace(world.options, dry_run=True)
    world.run()
    assert seen == ["looked"]
    world.options = dataclasses.replace(world.options, dry_run=False)
    world.run()
    assert seen == ["looked", "finished", "looked"]


def test_what_a_moved_folder_was_not_shown_to_hold_is_looked_for_there() -> None:
    """Nothing in a folder that moved while it was listed is given up before it is listed again."""
    world = World()
    world.providers["a"] = MemoryFeedProvider(clock=world.clock, name="a")
    world.a.write("one/two/x", b"x")
    world.run()
    one, two, x = (world.a.entry(path).id for path in ("one", "one/two", "one/two/x"))
    world.a.rename("one/two", "two")

    class Moving:
        """Shows a folder without what is in it, and then its own without it."""

        def __init__(self) -> None:
            self.first = True
            self.rescan = world.a.rescan

        def __call__(self, known: Known, folders: Iterable[Ref] | None = None) -> object:
            if self.first:
                self.first = False
                return [FolderDelta(two, missing=(x,)), FolderDelta(one, missing=(two,))]
            return self.rescan(known, folders)

    vars(world.a)["rescan"] = Moving()
    store = world.context().store
    observer = Observer(store, "a", world.a, told=lambda *_: None, now=world.clock.now)
    observer.look([Ref(one, "one"), Ref(two, "one/two")])
    assert {path for path, _ in below(store.observed("a"), "/", "")} == world.a.tree().keys()


def test_what_was_in_a_deleted_folder_is_asked_for() -> None:
    """Nobody has told that it was gone before the folder was, and no listing leads to it now."""
    world = World()
    world.a.write("folder/file", b"x")
    world.run()
    entry, store = world.a.entry("folder/file"), world.context().store
    folder = world.a.entry("folder").id
    store.commit(Commit(observed=[Observation("a", gone=[folder], log=False)]))
    observer = Observer(store, "a", world.a, told=lambda *_: None, now=world.clock.now)
    assert not observer.ask_for_adrift([entry.id])  # what is there may be in a folder that is new
    world.a.remove("folder")
    assert observer.ask_for_adrift([entry.id])
    assert not store.observed("a").get([entry.id])
