"""What was done without an answer, or is heard of before it is closed."""

import math
from typing import Any

import pytest

from syncoxiders.adapters.memory.provider import MemoryFeedProvider, MemoryProvider
from syncoxiders.adapters.memory.quirks import Quirks
from syncoxiders.core.model import Action, ActionKind, Entry, Kind, Node, Ref, Traits
from syncoxiders.engine.closing import Closings
from syncoxiders.engine.operations import Operations
from syncoxiders.engine.pipeline import setting
from syncoxiders.engine.pipeline.execute import apply
from syncoxiders.engine.pipeline.messages import Apply
from syncoxiders.engine.places import Places
from syncoxiders.engine.resumable import Uploads
from syncoxiders.ports.errors import Stale, Throttled, Unreachable
from syncoxiders.ports.state import Commit
from tests.engine.deployed import HOUR, OWNER, Deployed, goes_on, populated


@pytest.fixture
def world() -> Deployed:
    return populated()


def test_lost_answer(world: Deployed) -> None:
    """What was done without an answer is not done twice, and not taken for somebody's."""
    inner = world.b.upload
    lost = [True]

    def upload(*args: Any, **kwargs: Any) -> Entry:
        found = inner(*args, **kwargs)
        if lost and lost.pop():
            raise Unreachable("no answer")
        return found

    vars(world.b)["upload"] = upload
    world.a.write("folder/x", b"content")
    world.look()
    goes_on(world, 300)
    assert world.b.tree() == world.a.tree()
    assert not [each for each in world.a.tree() if "conflict" in each]


def test_lost_answer_heard_of() -> None:
    """What was written without an answer is ours, though poll was the first to hear of it.

    Where writing to a file changes its id, what was replaced is no more.
    """
    world = Deployed(quirks=Quirks(replace_keeps_id=False))
    world.a.write("file", b"old")
    world.look()
    world.look()
    inner = world.b.upload

    def upload(*args: Any, **kwargs: Any) -> Entry:
        inner(*args, **kwargs)
        raise Unreachable("no answer")

    vars(world.b)["upload"] = upload
    world.a.write("file", b"new")
    world.look()
    del vars(world.b)["upload"]
    assert world.b.tree() == {"file": b"new"}
    world.failing.add("apply")
    world.look()  # poll hears of it
    world.a.remove("file")
    world.look()
    world.failing.clear()
    goes_on(world, 2 * HOUR)
    world.look()
    assert world.a.tree() == world.b.tree() == {}


def test_lost_answer_and_changed_since() -> None:
    """A bit that is set on what was written without an answer is brought to the others.

    The worker that finds out was the first to see it: no look tells of it again.
    """
    keeps = Traits(keeps_executable=True, sets_meta=True)
    world = Deployed(quirks=Quirks(traits=keeps))
    inner = world.b.upload

    def upload(*args: Any, **kwargs: Any) -> Entry:
        inner(*args, **kwargs)
        raise Unreachable("no answer")

    vars(world.b)["upload"] = upload
    world.a.write("file", b"content")
    world.failing = {"apply"}
    world.look()
    world.failing = {"poll"}
    world.settle()
    del vars(world.b)["upload"]
    world.b.chmod("file", executable=True)
    goes_on(world, 300)
    world.failing.clear()
    world.look()
    assert world.a.entry("file").executable


def test_lost_answer_and_shut_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that was made without an answer is found, though nobody could look into it.

    A feed tells of it once, and then it is known.
    """
    world = Deployed()
    feed = MemoryFeedProvider(clock=world.clock, name="b")
    world.providers["b"] = feed
    world.look()
    inner = feed.make_folder

    def make_folder(parent: Ref, name: str) -> Entry:
        inner(parent, name)
        raise Unreachable("no answer")

    def rescan(*_: object) -> None:
        raise Throttled("slower", 5 * HOUR)

    world.a.mkdir("folder")
    with monkeypatch.context() as patch:
        patch.setattr(feed, "make_folder", make_folder)
        world.failing = {"apply"}
        world.look()
        world.failing = {"poll"}
        world.settle()
        patch.setattr(feed, "rescan", rescan)
        goes_on(world, 300)
    world.failing.clear()
    goes_on(world, 6 * HOUR)
    world.look()
    (node,) = (each for batch in world.store().base().ids() for each in batch)
    assert world.store().base().get([node])[node].replicas.keys() == {"a", "b"}
    assert world.a.tree() == feed.tree() == {"folder": None}


def test_lost_answer_and_heard_of_with_content(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was in a folder that was moved is known in its new place, though ids are paths.

    Poll has heard by then that nothing is in the old one, and what is deleted stays so.
    """
    world = Deployed()
    a = MemoryProvider(
        Quirks(traits=Traits(stable_ids=False, cheap_hash=True)), clock=world.clock, name="a"
    )
    world.providers["a"] = a
    for name in ("stays", "goes"):
        world.b.write(f"folder/{name}", name.encode())
    world.look()
    world.look()
    assert a.tree() == world.b.tree()
    world.failing = {"apply"}
    world.b.remove("folder/goes")
    world.look()
    world.b.rename("folder", "moved")
    world.look()
    deletes, moves = sorted(world.store().batches(), key=lambda each: each.id)
    inner = a.move

    def move(*args: Any) -> Entry:
        inner(*args)
        raise Unreachable("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(a, "move", move)
        apply(world.pipeline, Apply(OWNER, world.settings.id, moves.id))
    assert "moved/goes" in a.tree()
    world.look()
    apply(world.pipeline, Apply(OWNER, world.settings.id, deletes.id))
    apply(world.pipeline, Apply(OWNER, world.settings.id, moves.id))
    world.failing.clear()
    goes_on(world, 2 * HOUR)
    world.look()
    assert a.tree() == world.b.tree() == {"moved": None, "moved/stays": b"stays"}


def test_lost_answer_while_another_is_away(
    world: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What may have been done waits until that is told, whoever else is away.

    Closed as not done it would be somebody's, and be brought back to where it is deleted.
    """
    inner = world.b.make_folder

    def make_folder(parent: Ref, name: str) -> Entry:
        inner(parent, name)
        raise Unreachable("no answer")

    world.a.mkdir("empty")
    world.a.write("file", b"content")
    world.failing = {"apply"}
    world.look()
    world.failing = {"poll"}
    world.registry.pause(OWNER, "a", world.clock.now() + 2 * HOUR)
    with monkeypatch.context() as patch:
        patch.setattr(world.b, "make_folder", make_folder)
        world.settle()
    assert "empty" in world.b.tree()
    goes_on(world, 300)
    world.a.remove("empty")
    world.failing = {"merge"}
    world.clock.advance(2 * HOUR)
    world.look()
    world.failing.clear()
    goes_on(world, HOUR)
    assert world.a.tree() == world.b.tree()
    assert "empty" not in world.a.tree()
    assert "file" in world.b.tree()


def test_source_lost_while_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody who has gone is asked to make durable what was never carried."""
    world = Deployed(quirks=Quirks(traits=Traits(cheap_hash=False)))
    world.a.write("file", b"content")
    world.failing = {"apply"}
    world.look()

    def upload(*_: object, **__: object) -> Entry:
        world.a.offline = True
        raise Unreachable("it has gone")

    with monkeypatch.context() as patch:
        patch.setattr(world.b, "upload", upload)
        world.failing.clear()
        world.settle()
    world.a.offline = False
    world.look()
    goes_on(world, HOUR)
    assert world.b.tree() == {"file": b"content"}


@pytest.mark.parametrize("kind", [ActionKind.MOVE, ActionKind.DELETE])
def test_id_that_has_become_anothers(kind: ActionKind) -> None:
    """An action whose node has lost its part does nothing to what has come to have the id.

    Where ids are paths a folder that was made anew has that of one before, and no version.
    """
    world = Deployed(quirks=Quirks(traits=Traits(stable_ids=False)))
    world.a.mkdir("d")
    world.look()
    world.look()
    store = world.store()
    (theirs,) = (each for batch in store.base().ids() for each in batch)
    entry = world.a.entry("d")
    lost = Node(theirs + 1, 0, "lost", Kind.FOLDER)
    store.commit(Commit(nodes=[lost]))
    places, uploads = Places(store), Uploads(store, world.clock.now, math.inf)
    operations = Operations(world.providers, places, uploads=uploads, wary=True)
    with pytest.raises(Stale):
        operations.run(Action("late", kind, "a", lost.id, entry.id, name="elsewhere"))
    assert world.a.tree() == {"d": None}


def test_reason_that_cannot_be_asked_for(world: Deployed) -> None:
    """What waits for one who is away is tried again once an hour, for however many others."""
    world.join(max_delete="99")
    world.look()
    world.look()
    for number in range(3):
        world.b.remove(f"folder/{number}")
    world.failing = {"apply"}
    world.look()
    world.b.offline = True
    world.failing.clear()
    for _ in range(8):
        goes_on(world, HOUR)
        assert len(world.store().batches()) == 1
    assert len(world.a.tree()) == 6
    world.b.offline = False
    world.look()
    goes_on(world, 2 * HOUR)
    assert len(world.a.tree()) == 3


def test_what_is_tried_again_is_lost_once(world: Deployed) -> None:
    """A guard counts what could not be done, and is planned again, as what it is."""
    for number in range(5, 25):
        world.a.write(f"folder/{number}", b"%d" % number)
    world.join()
    world.look()
    world.look()
    for number in range(5):
        world.b.remove(f"folder/{number}")
    world.failing = {"apply"}
    world.look()
    world.b.offline = True
    world.failing.clear()
    goes_on(world, 8 * HOUR)
    world.b.offline = False
    world.look()
    goes_on(world, 2 * HOUR)
    assert setting.planning(world.store()).stop is None
    assert len(world.a.tree()) == 21


def test_looked_at_before_it_was_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a look saw after an action was done is not replaced by what the action told.

    Here somebody sets a bit once the file is written, poll hears of it, and then the worker
    closes its action: no feed would tell of the bit again.
    """
    keeps = Traits(keeps_executable=True, sets_meta=True)
    world = Deployed(quirks=Quirks(traits=keeps))
    world.a.write("file", b"content")
    world.failing = {"apply"}
    world.look()
    inner = Closings.flush

    def flush(closings: Closings, *settled: Any) -> set[int]:
        patch.undo()
        world.b.chmod("file", executable=True)
        world.failing = {"merge", "apply"}
        world.look()
        world.failing = {"poll"}
        return inner(closings, *settled)

    with monkeypatch.context() as patch:
        patch.setattr(Closings, "flush", flush)
        world.failing = set()
        world.settle()
    goes_on(world, 300)
    assert world.a.entry("file").executable


def test_source_left_alone_amid_recovery(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who wants to be left alone is not asked what it was that may have been written."""
    world = Deployed(quirks=Quirks(listed_hash=""))
    inner = world.b.upload

    def upload(*args: Any, **kwargs: Any) -> Entry:
        inner(*args, **kwargs)
        raise Unreachable("no answer")

    asked: list[float] = []
    hashed = world.a.hash

    def hash_(*args: Any) -> str:
        asked.append(world.clock.now())
        return hashed(*args)

    world.a.write("file", b"content")
    world.failing = {"apply"}
    world.look()
    world.failing = {"poll"}
    with monkeypatch.context() as patch:
        patch.setattr(world.b, "upload", upload)
        world.settle()
    monkeypatch.setattr(world.a, "hash", hash_)
    until = world.clock.now() + 2 * HOUR
    world.registry.pause(OWNER, "a", until)
    goes_on(world, HOUR)
    assert not asked
    world.failing.clear()
    goes_on(world, 2 * HOUR)
    world.look()
    assert world.a.tree() == world.b.tree() == {"file": b"content"}
    assert all(at >= until for at in asked)
