"""Properties of the planner alone: one plan at a time, over a memory store."""

import concurrent.futures
import dataclasses
import os
import random
from collections.abc import Sequence

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from syncoxiders.adapters.memory.quirks import Quirks
from syncoxiders.core.model import ROOT, Action, ActionKind, EndpointId, Kind, Mode, NodeId, Traits
from syncoxiders.core.plan import Plan, plan
from syncoxiders.core.rule import Look
from syncoxiders.engine.apply import Applied, Applier
from syncoxiders.engine.context import Options
from syncoxiders.engine.guard import Limit
from syncoxiders.engine.observe import Observer
from syncoxiders.engine.operations import Operations
from syncoxiders.engine.places import Places
from syncoxiders.engine.view import StoreView
from syncoxiders.ports.state import Commit, SyncStore
from tests.engine.world import World
from tests.simulation.people import People

Touched = dict[EndpointId, list[str]]
Deed = tuple[int, int]
"""Which endpoint's people act, and the seed of what they do."""

PROMPT = Traits(cheap_hash=True, keeps_executable=True, keeps_links=True, sets_meta=True)
ROUNDS = 12

DEEDS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2**16)), max_size=14)
NAMES = st.sampled_from(["ab", "ab", "abc"])


@dataclasses.dataclass
class Desk:
    """A sync whose endpoints people work on, and of which single plans can be made.

    It is the same again for equal arguments, so that two plans of one state can be compared.
    """

    names: str
    before: Sequence[Deed]
    after: Sequence[Deed]
    mode: Mode = Mode.TWO_WAY
    stable_ids: bool = True

    def __post_init__(self) -> None:
        traits = msgspec.structs.replace(PROMPT, stable_ids=self.stable_ids)
        self.world = World(self.names, {name: Quirks(traits=traits) for name in self.names})
        self.world.options = Options(limit=Limit(percent=None))
        self.world.rule = msgspec.structs.replace(self.world.rule, mode=self.mode)
        self.people = People(random.Random(0), [])
        self.act(self.before)
        self.look()
        self.do(self.plan(self.everything(union=True)))
        self.look()
        self.settle()
        self.positions = {name: self.end(name) for name in self.names}
        self.act(self.after)
        self.look()

    @property
    def store(self) -> SyncStore:
        found: SyncStore = self.world.store.sync("me", "sync")
        return found

    def act(self, deeds: Sequence[Deed]) -> None:
        providers = list(self.world.providers.values())
        for who, seed in deeds:
            self.people._rng = random.Random(seed)
            self.people.act(providers[who % len(providers)])

    def look(self) -> None:
        for name, provider in self.world.providers.items():
            Observer(self.store, name, provider, told=lambda *_: None, now=float).look()

    def end(self, name: EndpointId) -> int:
        return self.store.observed(name).changes(1 << 60, 1)[1]

    def everything(self, *, union: bool = False) -> Look:
        """Return the look of a full plan."""
        base = self.store.base()
        return Look(
            touched={name: [e for some in base.unbound(name) for e in some] for name in self.names},
            suspects=[each for some in base.suspects(list(self.names)) for each in some],
            union=union,
            first_id=base.next_id(),
        )

    def changed(
        self, extra: Sequence[tuple[EndpointId, str]] = (), suspects: Sequence[NodeId] = ()
    ) -> Look:
        """Return the look of an incremental plan: what the change log holds, and more."""
        touched: Touched = {name: [] for name in self.names}
        for name in self.names:
            ids, self.positions[name] = self.store.observed(name).changes(
                self.positions[name], 1 << 30
            )
            touched[name].extend(dict.fromkeys(ids))
        for name, entry in extra:
            touched[name].append(entry)
        return Look(touched=touched, suspects=suspects, first_id=self.store.base().next_id())

    def plan(self, look: Look) -> Plan:
        return plan(StoreView(self.store), self.world.rule, look)

    def do(self, result: Plan, order: Sequence[Action] | None = None) -> Applied:
        """Write a plan into base and run its actions, in its order or another."""
        actions = result.actions if order is None else tuple(order)
        self.store.commit(Commit(nodes=result.nodes, forget=result.forget, opened=actions))
        places = Places(self.store)
        operations = Operations(self.world.providers, places)
        ordered = msgspec.structs.replace(result, actions=actions)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            applier = Applier(self.world.context(), operations, places, ordered, pool)
            applier.start()
            return applier.finish()

    def settle(self, *, incremental: bool = False) -> list[Plan]:
        """Plan and do until nothing is left; returns what was planned."""
        plans: list[Plan] = []
        more: Sequence[tuple[EndpointId, str]] = ()
        again: Sequence[NodeId] = ()
        for _ in range(ROUNDS):
            result = self.plan(self.changed(more, again) if incremental else self.everything())
            if not (result.actions or result.nodes or result.forget or result.more):
                return plans
            plans.append(result)
            applied = self.do(result)
            if applied.failed:
                assert not self.stable_ids  # else what moves has another id for what comes next
                self.look()
            more = [*result.more, *result.waiting, *applied.again, *applied.stale]
            again = sorted(applied.nodes)
        raise AssertionError(f"it does not come to rest: {[each.actions for each in plans]}")

    def base(self) -> set[tuple[str, Kind, str, int]]:
        """Return the base tree without the numbers that it goes by."""
        base = self.store.base()
        nodes = base.get(each for some in base.ids() for each in some)

        def path(node: NodeId) -> str:
            parts: list[str] = []
            while node in nodes:
                parts.append(nodes[node].name)
                node = nodes[node].parent
            return "/".join(reversed(parts))

        return {
            (
                path(node.id),
                node.kind,
                node.content.hashes if node.content else "",
                sum(not replica.gone for replica in node.replicas.values()),
            )
            for node in nodes.values()
        }


def keys(plans: Sequence[Plan]) -> list[tuple[str, ...]]:
    """Return what plans do, without the numbers that nodes go by."""
    return sorted(
        (
            action.endpoint,
            action.kind.value,
            result.paths[action.node],
            action.name.partition(".moving-")[0],
            action.expect,
            action.source.version if action.source else "",
        )
        for result in plans
        for action in result.actions
    )


def shuffled(actions: Sequence[Action], rng: random.Random) -> list[Action]:
    """Return actions in some order that their ``after`` allows."""
    left = list(actions)
    done: set[str] = set()
    order: list[Action] = []
    while left:
        ready = [each for each in left if done.issuperset(each.after)]
        action = rng.choice(ready)
        left.remove(action)
        done.add(action.id)
        order.append(action)
    return order


FAST = settings(
    max_examples=int(os.environ.get("PLAN_EXAMPLES", "150")),
)
"""How many examples each property is tried with; ``PLAN_EXAMPLES`` asks for more, by hand."""


@FAST
@given(names=NAMES, before=DEEDS, after=DEEDS, stable=st.booleans())
def test_a_plan_that_was_done_is_not_planned_again(
    names: str, before: list[Deed], after: list[Deed], stable: bool
) -> None:
    """Idempotence: once all of it is applied, neither view has anything to plan."""
    desk = Desk(names, before, after, stable_ids=stable)
    desk.settle()
    desk.look()
    for look in (desk.everything(), desk.changed()):
        again = desk.plan(look)
        assert again.actions == ()
        assert again.waiting == ()
        assert again.nodes == ()
    first, *others = desk.world.trees()
    assert all(other == first for other in others)


@FAST
@given(names=NAMES, before=DEEDS, after=DEEDS, stable=st.booleans())
def test_the_incremental_plan_is_the_full_plan(
    names: str, before: list[Deed], after: list[Deed], stable: bool
) -> None:
    """Planned from the change log or from all that differs, the same is done in the end."""
    one = Desk(names, before, after, stable_ids=stable)
    other = Desk(names, before, after, stable_ids=stable)
    assert keys(one.settle(incremental=True)) == keys(other.settle())
    assert one.world.trees() == other.world.trees()
    assert one.base() == other.base()


@FAST
@given(names=NAMES, before=DEEDS, after=DEEDS, mode=st.sampled_from(Mode), lost=st.booleans())
def test_a_union_deletes_and_renames_nothing(
    names: str, before: list[Deed], after: list[Deed], mode: Mode, lost: bool
) -> None:
    """A union has no deletion, and no move but that of a conflict's loser."""
    desk = Desk(names, before, after, mode)
    if lost:
        desk.world.store = type(desk.world.store)()
        desk.look()
    result = desk.plan(desk.everything(union=True))
    conflicts = {node.id for node in result.nodes if node.conflict is not None}
    for action in result.actions:
        if action.kind is ActionKind.DELETE:
            assert mode is Mode.MOVE, action  # it hands over, which is no deletion
        elif action.kind is ActionKind.MOVE:
            assert action.node in conflicts


@FAST
@given(
    names=NAMES,
    before=DEEDS,
    after=DEEDS,
    mode=st.sampled_from(Mode),
    seed=st.integers(0, 2**16),
)
def test_actions_succeed_in_any_order_that_they_allow(
    names: str, before: list[Deed], after: list[Deed], mode: Mode, seed: int
) -> None:
    """On quiet providers each action of a plan succeeds, once those it comes after have."""
    desk = Desk(names, before, after, mode)
    result = desk.plan(desk.everything())
    known: set[str] = set()
    for action in result.actions:
        assert known.issuperset(action.after)
        known.add(action.id)
    assert len(known) == len(result.actions)
    applied = desk.do(result)
    assert not applied.failed, [each for each in result.actions if each.id in applied.failed]
    other = Desk(names, before, after, mode)
    again = other.plan(other.everything())
    assert again.actions == result.actions
    assert not other.do(again, shuffled(again.actions, random.Random(seed))).failed


FOLDERS = st.lists(
    st.tuples(st.integers(0, 6), st.sampled_from("xyz"), st.sampled_from("xyz")),
    min_size=2,
    max_size=6,
)
"""Folders, each with whose child it becomes (one of those before it, or the root's), its name,
and the name of a file in it."""


def paths(folders: Sequence[tuple[int, str, str]]) -> list[str]:
    """Return a path for each folder; of namesakes in one folder all but the first are numbered."""
    found: list[str] = []
    for index, (parent, name, _) in enumerate(folders):
        above = found[parent % (index + 1) - 1] if parent % (index + 1) else ""
        path = f"{above}/{name}".removeprefix("/")
        while path in found:
            path += "+"
        found.append(path)
    return found


@FAST
@given(
    before=FOLDERS,
    after=FOLDERS,
    order=st.permutations(range(6)),
    stable=st.booleans(),
    seed=st.integers(0, 2**16),
)
def test_folders_go_through_each_other_in_any_way(
    before: list[tuple[int, str, str]],
    after: list[tuple[int, str, str]],
    order: list[int],
    stable: bool,
    seed: int,
) -> None:
    """However a tree of folders is turned inside out, each action of the one plan succeeds."""
    count = min(len(before), len(after))
    old, new = paths(before[:count]), paths(after[:count])
    desks = [Desk("ab", (), (), stable_ids=stable) for _ in range(2)]
    for desk in desks:
        a = desk.world.a
        for path, (_, _, file) in zip(old, before, strict=False):
            a.write(f"{path}/{file}.txt", path.encode())
        desk.look()
        desk.settle()
        # deepest first, so that each is still where it was; then into their places, top down
        turned = [each for each in order if each < count]
        for each in sorted(range(count), key=lambda each: -old[each].count("/")):
            a.rename(old[each], f"passing {each}")
        for path, each in zip(new, turned, strict=True):
            a.rename(f"passing {each}", path)
        desk.look()
    first, second = (desk.plan(desk.everything()) for desk in desks)
    assert first.actions == second.actions
    if stable:
        assert {each.kind for each in first.actions} <= {ActionKind.MOVE}
    assert not desks[0].do(first).failed
    assert not desks[1].do(second, shuffled(second.actions, random.Random(seed))).failed
    assert desks[0].world.trees()[0] == desks[0].world.trees()[1]
    assert desks[1].world.trees()[0] == desks[1].world.trees()[1]


@FAST
@given(names=NAMES, before=DEEDS, after=DEEDS)
def test_nothing_is_lost_by_a_plan(names: str, before: list[Deed], after: list[Deed]) -> None:
    """Every line that nobody overwrote or deleted stands everywhere in the end."""
    desk = Desk(names, before, after)
    desk.settle()
    for tree in desk.world.trees():
        standing = {
            line for data in tree.values() if data is not None for line in data.split(b"\n")
        }
        assert desk.people.alive - {b""} <= standing


def test_a_union_does_not_part_what_has_an_open_action_in_it() -> None:
    """What an open action is upon stays with its node, though its folder was moved."""
    desk = Desk("ab", (), ())
    desk.world.a.write("d/x", b"x")
    desk.look()
    desk.settle()
    base = desk.store.base()
    (folder,) = base.at(ROOT, "d")
    (file,) = base.at(folder.id, "x")
    desk.world.a.rename("d", "e")
    desk.look()
    look = msgspec.structs.replace(desk.everything(union=True), open=frozenset({file.id}))
    result = desk.plan(look)
    assert file.replicas["a"].entry not in {
        replica.entry for node in result.nodes for replica in node.replicas.values()
    }


@FAST
@given(before=DEEDS, after=DEEDS, mode=st.sampled_from([Mode.ONE_WAY, Mode.COPY]))
def test_a_mirror_leaves_its_source_alone(
    before: list[Deed], after: list[Deed], mode: Mode
) -> None:
    """No plan of one-way or copy has an action at the source."""
    desk = Desk("abc", before, after, mode)
    assert {each.endpoint for each in desk.plan(desk.everything()).actions} <= {"b", "c"}
