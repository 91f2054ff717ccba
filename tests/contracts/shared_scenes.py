"""Pieces of work upon shared state that may be cut off and done again, and what always holds."""

import itertools
import random
from collections.abc import Callable, Sequence
from contextlib import suppress

import msgspec

from syncoxiders.adapters.items._keys import SHARDS
from syncoxiders.adapters.items._log import LIFE
from syncoxiders.adapters.items.store import ItemsSync
from syncoxiders.adapters.memory.items import MemoryItems
from syncoxiders.core import names
from syncoxiders.core.model import Action, ActionKind, Conflict, Entry, Node
from syncoxiders.ports.errors import StateBusy, StateUnavailable
from syncoxiders.ports.items import Change, Item, Raced
from syncoxiders.ports.pipeline import Batch
from syncoxiders.ports.state import Commit, Event, Observation, RunRecord, SyncRecord
from tests.contracts.shared_harness import ItemsHarness
from tests.contracts.state_harness import action, entry, keep, node, replica

ENDPOINTS = ("a", "b")


class Killed(BaseException):
    pass


class FaultyItems(MemoryItems):
    """A table of which one change is made twice, as if its first answer had been lost."""

    def __init__(self) -> None:
        super().__init__()
        self.twice: Callable[[], bool] | None = None

    def write(self, changes: Sequence[Change]) -> list[Item | Raced | None]:
        if self.twice is None:
            return super().write(changes)
        results: list[Item | Raced | None] = []
        for change in changes:
            if self.twice():
                super().write([change])
            results += super().write([change])
        return results


class World(ItemsHarness):
    """Tables that outlive whoever uses them, and a fate that strikes at one change."""

    def __init__(self) -> None:
        self.tables = (FaultyItems(), FaultyItems())
        super().__init__(*self.tables)
        self.fences = 0

    def sync(self) -> ItemsSync:
        return self.store.sync("owner", "work")

    def planner(self) -> ItemsSync:
        self.fences += 1
        return self.store.sync("owner", "work", self.fences)

    def at_change(self, number: int, when: str, strike: Callable[[], None]) -> None:
        """Let something happen once, before or after the change of this number."""
        left = [number]

        def hook(_: Change) -> None:
            left[0] -= 1
            if left[0] == -1:
                self.calm()
                strike()

        for table in self.tables:
            setattr(table, when, hook)

    def tell_twice(self, number: int) -> list[int]:
        """Let the change of this number be made twice; returns a list that then holds it."""
        told: list[int] = []
        numbers = itertools.count()

        def twice() -> bool:
            if next(numbers) == number:
                told.append(number)
                return True
            return False

        for table in self.tables:
            table.twice = twice
        return told

    def calm(self) -> None:
        for table in self.tables:
            table.before = table.after = table.twice = None


def die() -> None:
    raise Killed


def lose_answer() -> None:
    raise StateUnavailable("no answer")


# -- what always holds -------------------------------------------------------------------------


def assert_sound(world: World) -> None:
    """Everything can be found in every way there is, and belongs to one node at most."""
    sync = world.sync()
    base = sync.base()
    nodes = [one for batch in base.ids() for one in base.get(batch).values()]
    held: dict[tuple[str, str], int] = {}
    for one in nodes:
        assert one in base.children(one.parent)
        assert (one in base.at(one.parent, names.key(one.name))) is not one.gone
        assert (one in base.conflicts()) is (one.conflict is not None and not one.gone)
        for endpoint, each in one.replicas.items():
            if not each.gone:
                assert held.setdefault((endpoint, each.entry), one.id) == one.id
                assert base.of(endpoint, [each.entry]) == {each.entry: one.id}
    for endpoint in ENDPOINTS:
        tree = sync.observed(endpoint)
        entries = everything(sync, endpoint)
        assert tree.get([one.id for one in entries]) == {one.id: one for one in entries}
        for seen in entries:
            assert seen in tree.children(seen.parent)
            assert seen in tree.at(seen.parent, names.key(seen.name))
        free = {ident for batch in base.unbound(endpoint) for ident in batch}
        assert free == {
            one.id
            for one in entries
            if (endpoint, one.id) not in held
            and not any(
                each.replicas.get(endpoint) is not None and each.replicas[endpoint].entry == one.id
                for each in nodes
            )
        }
        tree.changes(0, 100)
    for owned in sync.open_actions():
        assert owned in sync.open_of([owned.node])[owned.node]
    sync.batches()
    sync.record()


def everything(sync: ItemsSync, endpoint: str) -> list[Entry]:
    shards = range(SHARDS)
    ids = [ident for shard in shards for ident, _ in sync._entries.shard(endpoint, shard)]
    return list(sync.observed(endpoint).get(ids).values())


# -- scenes ------------------------------------------------------------------------------------


class Scene:
    """A piece of work: ``play`` may be called again after it was cut off."""

    def prepare(self, world: World) -> None: ...

    def play(self, world: World) -> None: ...

    def conclude(self, world: World) -> None: ...


class Planning(Scene):
    """A planner makes nodes of new entries, opens actions, hands them out and moves on."""

    def prepare(self, world: World) -> None:
        seen = [entry("x"), entry("y", name="Same"), entry("z", name="same")]
        world.sync().commit(Commit(observed=[Observation("a", seen, asked=1.0)]))

    def play(self, world: World) -> None:
        sync = world.planner()
        record = sync.record() or SyncRecord({})
        ids, position = sync.observed("a").changes(record.planned.get("a", 0), 100)
        base = sync.base()
        owners = base.of("a", ids)
        first = base.next_id()
        new: list[Node] = []
        opened: list[Action] = []
        for number, ident in enumerate(dict.fromkeys(each for each in ids if each not in owners)):
            seen = sync.observed("a").get([ident])[ident]
            made = node(first + number, 0, seen.name, replicas={"a": replica(seen)})
            new.append(made)
            opened.append(action(f"create {made.id:x}", node=made.id))
        lost = sync.commit(Commit(nodes=new, opened=opened))
        todo = sync.open_of([*owners.values(), *(one.id for one in new if one.id not in lost)])
        sync.put_batches(
            [
                Batch(f"{first:x}-{one.id}", "b", actions=((of, one.id),))
                for of, actions in todo.items()
                for one in actions
            ]
        )
        if not lost:
            self.move_on(sync, position)

    def move_on(self, sync: ItemsSync, position: int) -> None:
        with suppress(StateBusy):  # another has taken over, and goes on
            sync.commit(Commit(record=SyncRecord({}, planned={"a": position})))

    def conclude(self, world: World) -> None:
        sync = world.sync()
        owners = sync.base().of("a", ["x", "y", "z"])
        assert set(owners) == {"x", "y", "z"}
        assert len(set(owners.values())) == 3
        assert sum(map(len, sync.base().ids())) == 3
        opened = sync.open_of(owners.values())
        assert [len(each) for each in opened.values()] == [1, 1, 1]
        handed_out = {each for batch in sync.batches() for each in batch.actions}
        assert {(of, one.id) for of, ones in opened.items() for one in ones} <= handed_out
        record = sync.record()
        assert record is not None
        assert sync.observed("a").changes(record.planned["a"], 9)[0] == []


class Creating(Scene):
    """A worker has made an entry, and closes the action with what it made."""

    before = node(7, replicas={"a": replica(entry("x"))})
    made = entry("new", name="made", version="1")

    def prepare(self, world: World) -> None:
        world.sync().commit(Commit(observed=[Observation("a", [entry("x")], log=False)]))
        world.sync().commit(
            Commit(
                nodes=[self.before],
                opened=[Action("create", ActionKind.CREATE, "b", 7)],
            )
        )

    def play(self, world: World) -> None:
        sync = world.sync()
        for _ in range(3):
            if not sync.open_of([7]):
                return
            before = sync.base().get([7])[7]
            after = msgspec.structs.replace(
                before, replicas={**before.replicas, "b": replica(self.made)}
            )
            seen = Observation("b", [self.made], log=False)
            if not sync.commit(Commit(nodes=[after], closed=["create"], observed=[seen])):
                return

    def conclude(self, world: World) -> None:
        sync = world.sync()
        assert sync.open_actions() == []
        assert sync.base().get([7])[7].replicas["b"].entry == "new"
        assert sync.observed("b").get(["new"]) == {"new": self.made}


class Deleting(Scene):
    """A worker has deleted an entry, and closes the action by forgetting the node."""

    def prepare(self, world: World) -> None:
        sync = world.sync()
        replicas = {"a": replica(entry("x"), gone=True), "b": replica(entry("x"))}
        sync.commit(Commit(observed=[Observation("b", [entry("x")], log=False)]))
        sync.commit(
            Commit(
                nodes=[node(8, replicas=replicas, conflict=Conflict(1, "a"))],
                opened=[action("delete", node=8, kind=ActionKind.DELETE)],
            )
        )

    def play(self, world: World) -> None:
        sync = world.sync()
        if sync.open_of([8]):
            seen = Observation("b", gone=["x"], log=False)
            sync.commit(Commit(forget=[8], closed=["delete"], observed=[seen], losses=1, at=5.0))

    def conclude(self, world: World) -> None:
        sync = world.sync()
        assert sync.base().get([8]) == {}
        assert sync.base().of("a", "x") == sync.base().of("b", "x") == {}
        assert sync.observed("b").get("x") == {}
        assert sync.open_actions() == []


class Moving(Scene):
    """A worker has moved an entry, by which its id changed, and closes the action."""

    def prepare(self, world: World) -> None:
        sync = world.sync()
        old = entry("old", "P", "Name")
        sync.commit(Commit(observed=[Observation("b", [old], log=False)]))
        sync.commit(
            Commit(
                nodes=[node(9, 3, "Name", replicas={"b": replica(old)})],
                opened=[action("move", node=9, kind=ActionKind.MOVE)],
            )
        )

    def play(self, world: World) -> None:
        sync = world.sync()
        if sync.open_of([9]):
            new = entry("moved", "Q", "Other")
            seen = Observation("b", [new], ["old"], log=False)
            moved = node(9, 4, "Other", replicas={"b": replica(new)})
            sync.commit(Commit(nodes=[moved], closed=["move"], observed=[seen]))

    def conclude(self, world: World) -> None:
        sync = world.sync()
        assert [one.id for one in sync.base().children(4)] == [9]
        assert sync.base().children(3) == []
        assert sync.observed("b").children("P") == []
        assert [one.id for one in sync.observed("b").at("Q", "other")] == ["moved"]
        assert sync.base().of("b", ["old", "moved"]) == {"moved": 9}


class Polling(Scene):
    """A page tells of what moved, changed, came and went; what is known is not told again."""

    asked = 20.0
    put: Sequence[Entry] = (
        entry("m", "Q", "Moved"),
        entry("e", "P", "edited", version="2"),
        entry("n", "P", "new"),
    )
    gone: Sequence[str] = ("g",)

    def prepare(self, world: World) -> None:
        old = [entry("m", "P", "Name"), entry("e", "P", "edited", version="1"), entry("g", "P")]
        world.sync().commit(Commit(observed=[Observation("a", old, asked=1.0)]))

    def play(self, world: World) -> None:
        sync = world.sync()
        known = sync.observed("a").get([*(one.id for one in self.put), *self.gone])
        put = [one for one in self.put if known.get(one.id) != one]  # as a follower of feeds does
        gone = [each for each in self.gone if each in known]
        if put or gone:
            sync.commit(Commit(observed=[Observation("a", put, gone, asked=self.asked)]))

    def conclude(self, world: World) -> None:
        tree = world.sync().observed("a")
        assert tree.get(["m", "e", "n", "g"]) == {one.id: one for one in self.put}
        assert sorted(one.id for one in tree.children("P")) == ["e", "n"]
        world.now += 1_000.0  # whoever died with something to be logged is dead for sure
        logged = world.sync().observed("a").changes(0, 100)[0]
        assert set(logged[3:]) >= {"m", "e", "n", "g"}


class PollingLate(Polling):
    """An older page of the same places, which comes late."""

    asked = 10.0
    put = (entry("m", "R", "Elsewhere"), entry("e", "R", "edited", version="1.5"))
    gone = ("n",)

    def conclude(self, world: World) -> None: ...


class Confirming(Scene):
    """A worker confirms that entries stand elsewhere, or not any more."""

    def prepare(self, world: World) -> None: ...

    def play(self, world: World) -> None:
        sync = world.sync()
        seen = Observation("a", [entry("m", "P", "Name"), entry("g", "P")], ["e"], log=False)
        sync.commit(Commit(observed=[seen]))

    def conclude(self, world: World) -> None: ...


class Finishing(Scene):
    """A worker finishes two batches that a third waits for; somebody hears that it is ready."""

    def __init__(self, *which: str) -> None:
        self.which = which or ("1", "2")
        self.ready: set[str] = set()

    def prepare(self, world: World) -> None:
        self.ready.clear()
        third = Batch("3", "b", waits=frozenset("12"))
        world.sync().put_batches([Batch("1", "b"), Batch("2", "b"), third])

    def play(self, world: World) -> None:
        sync = world.sync()
        for each in self.which:
            sync.begin_batch(each, 5.0)
            self.ready |= {one.id for one in sync.finish_batch(each, [f"not {each}"])}

    def conclude(self, world: World) -> None:
        assert "3" in self.ready
        (third,) = (one for one in world.sync().batches() if one.id == "3")
        assert (third.id, third.waits) == ("3", frozenset())
        assert third.failed == {"not 1", "not 2"}


class Following(Scene):
    """A planner hands out a batch that waits for others."""

    def play(self, world: World) -> None:
        world.sync().put_batches([Batch("4", "b", waits=frozenset("12"))])

    def conclude(self, world: World) -> None:
        (fourth,) = (one for one in world.sync().batches() if one.id == "4")
        assert fourth.waits == frozenset()


class Writing(Scene):
    """A large text replaces another; the one or the other is there at any time."""

    def __init__(self, seed: int) -> None:
        source = random.Random(seed)
        self.text = "".join(chr(source.randrange(32, 0x2FFF)) for _ in range(200_000))
        self.old = self.text[::-1]

    def prepare(self, world: World) -> None:
        world.sync().save_text("key", self.old)

    def play(self, world: World) -> None:
        assert world.sync().text("key")
        world.sync().save_text("key", self.text)

    def conclude(self, world: World) -> None:
        assert world.sync().text("key") == self.text


class Reporting(Scene):
    """A run is reported, and the one that a dead process left open is ended."""

    def play(self, world: World) -> None:
        sync = world.sync()
        run = sync.begin_run(5.0)
        sync.log(run, [Event("note", "a", "path")])
        sync.end_run(RunRecord(run, 5.0, 6.0, "done"))

    def conclude(self, world: World) -> None:
        newest, *rest = world.sync().runs(9)
        assert newest.outcome == "done"
        assert all(run.outcome in {"done", "interrupted"} for run in rest)
        assert len(world.sync().events(newest.id)) == 1


class Trimming(Scene):
    """A planner trims the log as far as it has planned."""

    def prepare(self, world: World) -> None:
        for number in range(3):
            seen = Observation("b", [entry(f"{number}")], asked=1.0)
            world.sync().commit(Commit(observed=[seen]))
        world.sync().trim({"b": 3})
        world.now += LIFE  # nobody lives any more who has not heard of what is trimmed

    def play(self, world: World) -> None:
        world.sync().trim({"b": 3})

    def conclude(self, world: World) -> None:
        assert set(world.sync().observed("b").changes(0, 9)[0]) <= {"late"}


class Logging(Scene):
    """Somebody else's page goes into the log that is trimmed."""

    def play(self, world: World) -> None:
        seen = Observation("b", [entry("late", "P")], asked=9.0)
        world.sync().commit(Commit(observed=[seen]))

    def conclude(self, world: World) -> None:
        assert "late" in world.sync().observed("b").changes(3, 9)[0]


class Adopting(Scene):
    """A planner finds that a new entry is what a known node is at another endpoint."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.lost: frozenset[int] = frozenset()

    def prepare(self, world: World) -> None:
        keep(world.sync(), node(self.number))
        seen = Observation("a", [entry("x")], asked=1.0)
        world.sync().commit(Commit(observed=[seen]))

    def play(self, world: World) -> None:
        sync = world.sync()
        before = sync.base().get([self.number])[self.number]
        if not before.replicas and not sync.base().of("a", "x"):
            after = msgspec.structs.replace(before, replicas={"a": replica(entry("x"))})
            self.lost = sync.commit(Commit(nodes=[after]))

    def conclude(self, world: World) -> None:
        assert len(world.sync().base().of("a", "x")) == 1
