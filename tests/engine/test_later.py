"""What cannot be done now, for one reason or another, is done some time later."""

from msgspec import structs

from syncoxiders.adapters.memory.provider import MemoryProvider
from syncoxiders.adapters.memory.provider_cloud import MemoryCloudProvider
from syncoxiders.adapters.memory.quirks import Quirks
from syncoxiders.core.model import Traits
from syncoxiders.engine.pipeline.execute import apply
from syncoxiders.engine.pipeline.messages import Apply, Merge
from syncoxiders.engine.pipeline.replanning import RETRY
from syncoxiders.engine.pipeline.setting import PATIENCE
from syncoxiders.engine.pipeline.sweep import sweep
from syncoxiders.ports.errors import ProviderError, Refused, Stale, Throttled, Unreachable
from syncoxiders.ports.state import Commit
from tests.engine.deployed import OWNER, SYNC, Deployed, goes_on


def failing(provider: MemoryProvider, operation: str, error: ProviderError) -> None:
    """Let an operation of a provider fail from now on."""

    def fail(called: str) -> None:
        if called == operation:
            raise error

    provider.on_call = fail


def test_refused_and_unproved_in_one_go() -> None:
    """Of one batch some is refused, and of some the reason cannot be asked for: both come again."""
    world = Deployed()
    world.a.write("folder/goes", b"1")
    world.look()
    world.look()
    assert world.b.tree() == world.a.tree()
    world.failing = {"apply"}
    world.a.remove("folder/goes")
    world.a.write("comes", b"2")
    world.look()
    failing(world.b, "upload", Refused("not now"))
    failing(world.a, "get", Throttled("leave me alone", PATIENCE + 100.0))
    world.failing = set()
    world.settle()
    assert "folder/goes" in world.b.tree()
    assert "comes" not in world.b.tree()
    world.a.on_call = world.b.on_call = None
    world.clock.advance(RETRY + 1.0)
    sweep(world.pipeline)
    world.look()
    assert world.b.tree() == world.a.tree()


def test_a_folder_that_is_to_move_may_have_been_moved_already() -> None:
    """What is in a folder is found though base has the folder where it was, since it is to move.

    Else it would be tried, and planned again at once, for as long as that has to wait.
    """
    world = Deployed()
    world.a.write("top/folder/file", b"content")
    world.look()
    world.look()
    assert world.b.tree() == world.a.tree()
    world.a.rename("top/folder", "top/renamed")
    world.failing = {"apply"}
    world.look()
    world.registry.pause(OWNER, "b", world.clock.now() + PATIENCE - 1.0)
    world.failing = {"poll"}
    world.settle()
    world.registry.pause(OWNER, "b", 0.0)
    world.b.rename("top/folder", "folder")
    world.b.remove("top")
    world.b.write("folder/file", b"newer")
    world.failing = {"apply"}
    world.look()
    assert [each.put_off > 0.0 for each in world.store().batches()] == [True, False]
    world.failing = {"poll", "merge"}
    world.settle()
    assert world.a.tree()["top/renamed/file"] == b"newer"


def test_nothing_in_a_folder_is_deleted_that_was_moved_meanwhile() -> None:
    """Not the first file, nor any other: a move outlives the deletion of all that moved with it."""
    world = Deployed()
    for path in ("top/folder/1", "top/folder/2", "top/folder/3", "stays"):
        world.a.write(path, path.encode())
    world.look()
    world.look()
    assert world.b.tree() == world.a.tree()
    world.failing = {"apply"}
    world.a.remove("top")
    world.look()
    world.b.rename("top", "kept")
    moved = world.b.tree()
    world.failing = {"poll"}
    world.settle()
    assert world.b.tree() == moved
    world.failing = set()
    world.look()
    assert world.a.tree() == world.b.tree() == moved


def test_what_came_to_nothing_need_not_be_made_durable() -> None:
    """Who goes away while something is carried there is no error of ours: it comes again."""
    world = Deployed(quirks=Quirks(traits=Traits()))
    world.look()
    world.look()
    world.a.write("file", b"1")

    def away(called: str) -> None:
        if called in {"upload", "settle"}:
            raise Unreachable("it does not answer")

    world.b.on_call = away
    world.look()
    assert world.b.tree() == {}
    world.b.on_call = None
    world.clock.advance(RETRY + 1.0)
    sweep(world.pipeline)
    world.look()
    assert world.b.tree() == world.a.tree()


def test_what_was_not_done_while_its_file_was_moved_elsewhere() -> None:
    """It is planned again though nothing that was logged of it leads there any more."""
    world = Deployed(quirks=Quirks(traits=Traits(stable_ids=False, cheap_hash=True)))
    world.failing = {"apply"}
    world.a.write("d/x", b"1")
    world.b.write("d", b"2")
    world.look()
    failing(world.a, "upload", Stale("somebody else was there"))
    world.failing = {"merge"}
    world.settle()
    world.a.on_call = None
    world.failing = set()
    goes_on(world, 180)
    assert world.b.tree() == world.a.tree()
    assert b"2" in world.a.tree().values()


def test_what_was_planned_again_for_another_reason_is_another_batchs() -> None:
    """A batch asks no endpoint but those that it was made for."""
    world = Deployed()
    world.a.write("file", b"1")
    world.look()
    world.look()
    world.failing = {"apply"}
    world.a.remove("file")
    world.look()
    store = world.store()
    (made,) = store.batches()
    assert made.needs == {"a", "b"}
    store.put_batches([structs.replace(made, id="0-old", needs=frozenset("b"))])
    world.a.calls.clear()
    apply(world.pipeline, Apply(OWNER, SYNC, "0-old"))
    assert world.a.calls["get"] == 0
    assert "file" in world.b.tree()
    world.failing = set()
    world.settle()
    assert world.b.tree() == world.a.tree() == {}


def test_content_arrives_though_its_folder_waits_to_be_moved() -> None:
    """What is in a folder that a person moved once more is found there, not where base has it.

    The folder itself is not planned again as long as its move is open, which may take a while.
    """
    world = Deployed()
    world.a.write("above/folder/file", b"first")
    for _ in range(2):
        world.look()
    world.a.rename("above/folder", "above/named")
    world.failing = {"apply"}
    world.look()
    world.applies.purge()  # what moves the folder is heard of by the sweep alone
    world.failing = set()
    world.b.rename("above/folder", "folder")
    world.b.remove("above")
    world.b.write("folder/file", b"edited")
    world.look()
    assert b"edited" in world.a.tree().values()


def test_who_asks_for_a_pause_while_it_is_read_has_it() -> None:
    """Where small files are carried together, too, it is the source that is left alone."""
    world = Deployed()
    world.providers["b"] = MemoryCloudProvider(clock=world.clock, name="b")
    world.look()
    world.look()
    world.a.write("file", b"content")
    world.failing = {"apply"}
    world.look()
    failing(world.a, "get", Throttled("slower", 60.0))
    world.failing = {"poll"}
    world.settle()
    paused = {
        each.account.name
        for each in world.registry.accounts(OWNER)
        if each.not_before > world.clock.now()
    }
    assert paused == {"a"}


def test_a_file_that_waits_is_where_it_was_seen() -> None:
    """Nothing is to be moved to where a file stands of which base is not told, its action open."""
    world = Deployed()
    for path in ("from/moved", "to/stays", "other"):
        world.a.write(path, path.encode())
    for _ in range(2):
        world.look()
    world.failing = {"apply"}
    world.b.write("from/moved", b"newer")
    world.look()
    world.applies.purge()  # what updates it is heard of by the sweep alone
    world.b.rename("from/moved", "to/taken")
    world.look()
    world.a.write("from/moved", b"newer here as well")
    world.a.rename("other", "to/taken")
    world.look()
    store = world.store()
    known = [node for ids in store.base().ids() for node in store.base().get(ids).values()]
    opened = store.open_of(node.id for node in known if node.name == "taken")
    assert not opened, "a move that cannot be done, again and again"


def test_a_folder_that_is_there_again_does_not_keep_what_was_in_it() -> None:
    """Of what was in it is asked by itself: it may be gone though its folder was made again."""
    world = Deployed(quirks=Quirks(traits=Traits(stable_ids=False, cheap_hash=True)))
    for path in ("d/n/x", "stays"):
        world.a.write(path, path.encode())
    for _ in range(2):
        world.look()
    world.failing = {"apply"}
    world.a.remove("d")
    world.look()
    world.a.mkdir("d")
    world.failing = {"poll", "merge"}
    world.settle()
    assert world.b.tree() == {"d": None, "stays": b"stays"}


def test_what_nobody_sees_the_reason_of_is_tried_once_a_minute() -> None:
    """A provider that refuses what seems right to us is not asked again and again."""
    world = Deployed()
    world.a.write("file", b"1")
    asked: list[str] = []

    def refuse(called: str) -> None:
        if called == "upload":
            asked.append(called)
            raise Stale("it is not as planned")

    world.b.on_call = refuse
    world.look()
    goes_on(world, 600)
    assert 2 <= len(asked) <= 12
    world.b.on_call = None
    goes_on(world, 120)
    assert world.b.tree() == world.a.tree()


def test_what_is_new_at_one_who_is_away_lets_nobody_try_again_at_once() -> None:
    """It will not be planned before that one is back."""
    world = Deployed()
    away = world.join()
    world.a.write("known", b"0")
    world.look()
    world.look()
    assert away.tree() == world.b.tree() == world.a.tree()
    world.failing = {"merge", "apply"}
    away.write("new", b"1")
    world.look()  # it is in the log now, and not planned

    def parked(called: str) -> None:
        raise Throttled(f"no {called} today", 10 * PATIENCE)

    away.on_call = parked
    world.look()
    world.failing = set()
    asked: list[str] = []

    def refuse(called: str) -> None:
        if called == "upload":
            asked.append(called)
            raise Stale("it is not as planned")

    world.b.on_call = refuse
    world.a.write("file", b"2")
    world.look()
    goes_on(world, 600)
    assert 2 <= len(asked) <= 12
    away.on_call = world.b.on_call = None
    world.look()
    goes_on(world, 10 * PATIENCE)
    assert len(world.b.tree()) == 3
    assert away.tree() == world.b.tree() == world.a.tree()


def test_what_was_opened_beside_another_is_done_though_it_is_read_late() -> None:
    """A late read shows the action of one who is away, and not yet the one that is to be done."""
    world = Deployed()
    late = False
    world.tree.lagging = lambda _: late
    away = world.join()
    world.a.write("known", b"0")
    world.look()
    world.look()
    world.failing = {"apply"}
    world.a.write("file", b"1")
    world.look()

    def parked(called: str) -> None:
        raise Throttled(f"no {called} today", 10 * PATIENCE)

    away.on_call = parked
    world.look()
    undone = [each for each in world.store().open_actions() if each.endpoint == "b"]
    world.store().commit(Commit(closed=[each.id for each in undone]))
    world.store().touch([("a", world.a.entry("file").id)])
    world.merges.send([Merge(OWNER, SYNC).message("again")])
    world.settle()
    late = True
    (*_, batch) = [each for each in world.store().batches() if each.endpoint == "b"]
    apply(world.pipeline, Apply(OWNER, SYNC, batch.id))
    assert world.b.tree() == world.a.tree()
