"""Whatever dies, is told twice or comes between: shared state stays sound, and work goes on.

Each scene is cut off at every change that it makes, before and after it; then again at every
change of the second try. At every change of one scene another is played in between.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from msgspec import structs

from syncoxiders.adapters.items.store import ItemsSync
from syncoxiders.core.model import ROOT, ROOT_ENTRY, Kind, Node
from syncoxiders.ports.errors import StateUnavailable
from syncoxiders.ports.state import Commit, Observation
from tests.contracts.shared_scenes import (
    ENDPOINTS,
    Adopting,
    Confirming,
    Creating,
    Deleting,
    Finishing,
    Following,
    Killed,
    Logging,
    Moving,
    Planning,
    Polling,
    PollingLate,
    Reporting,
    Scene,
    Trimming,
    World,
    Writing,
    assert_sound,
    die,
    everything,
    lose_answer,
)
from tests.contracts.state_harness import action, entry, keep, node, observe, replica

SCENES: list[Callable[[], Scene]] = [
    Planning,
    Creating,
    Deleting,
    Moving,
    Polling,
    Finishing,
    lambda: Writing(1),
    Reporting,
    Trimming,
]
NAMES = [
    *("planning", "creating", "deleting", "moving", "polling", "finishing"),
    *("writing", "reporting", "trimming"),
]


def prepared(scene: Scene, *others: Scene) -> World:
    world = World()
    for each in (scene, *others):
        each.prepare(world)
    return world


def deaths(play: Callable[[], object], world: World, number: int, when: str) -> bool:
    """Play until the change of this number; says whether it came."""
    world.at_change(number, when, die)
    try:
        play()
    except Killed:
        return True
    finally:
        world.calm()
    return False


def cuts(scene: Scene) -> Iterator[tuple[World, Callable[[], None]]]:
    """Yield worlds in which a scene was cut off, at each change, before and after it."""
    for when in ("before", "after"):
        number = 0
        while True:
            world = prepared(scene)
            if not deaths(lambda world=world: scene.play(world), world, number, when):  # type: ignore[misc]  # mypy infers no type of a lambda with a default
                break
            yield world, lambda world=world: scene.play(world)  # type: ignore[misc]  # mypy infers no type of a lambda with a default
            number += 1
        assert number > 1


@pytest.mark.parametrize("make", SCENES, ids=NAMES)
def test_death(make: Callable[[], Scene]) -> None:
    """A death at any change leaves a sound state, and the next one brings the work to its end."""
    scene = make()
    for world, again in cuts(scene):
        assert_sound(world)
        again()
        assert_sound(world)
        scene.conclude(world)


@pytest.mark.parametrize("make", SCENES[:5], ids=NAMES[:5])
def test_two_deaths(make: Callable[[], Scene]) -> None:
    """So does a second death at any change of the second try."""
    scene = make()
    for number in range(100):
        for then in range(100):
            world = prepared(scene)
            if not deaths(lambda: scene.play(world), world, number, "before"):  # noqa: B023 -- called at once
                assert number > 1
                return
            if not deaths(lambda: scene.play(world), world, then, "before"):  # noqa: B023 -- called at once
                break
            assert_sound(world)
            scene.play(world)
            assert_sound(world)
            scene.conclude(world)


@pytest.mark.parametrize("make", SCENES, ids=NAMES)
def test_told_twice(make: Callable[[], Scene]) -> None:
    """A change that is made twice, since its first answer was lost on the way, is one change."""
    scene = make()
    number, told = 0, True
    while told:
        world = prepared(scene)
        told_twice = world.tell_twice(number)
        scene.play(world)
        world.calm()
        assert_sound(world)
        scene.conclude(world)
        number, told = number + 1, bool(told_twice)
    assert number > 1


@pytest.mark.parametrize("make", SCENES, ids=NAMES)
def test_answer_lost(make: Callable[[], Scene]) -> None:
    """Who hears nothing of a change, and gives up, can do the same again."""
    scene = make()
    number = 0
    while True:
        world = prepared(scene)
        world.at_change(number, "after", lose_answer)
        try:
            scene.play(world)
        except StateUnavailable:
            world.calm()
        else:
            break
        scene.play(world)
        assert_sound(world)
        scene.conclude(world)
        number += 1
    assert number > 1


PAIRS: dict[str, tuple[Callable[[], Scene], Callable[[], Scene], bool]] = {
    "two planners": (Planning, Planning, True),
    "two workers": (Creating, Creating, True),
    "two deletions": (Deleting, Deleting, True),
    "two moves": (Moving, Moving, True),
    "two polls": (Polling, Polling, True),
    "a late page": (Polling, PollingLate, True),
    "before a late page": (PollingLate, Polling, True),
    "a page and a worker": (Polling, Confirming, True),
    "a worker and a page": (Confirming, Polling, False),
    "a batch each": (lambda: Finishing("1"), lambda: Finishing("2"), True),
    "a batch that waits": (Finishing, Following, False),
    "what is waited for": (Following, Finishing, False),
    "a text each": (lambda: Writing(1), lambda: Writing(2), True),
    "trimmed and logged": (Trimming, Logging, False),
    "logged and trimmed": (Logging, Trimming, False),
}


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS.keys())
def test_in_between(pair: tuple[Callable[[], Scene], Callable[[], Scene], bool]) -> None:
    """Whatever is done between any two changes of another, both come to their end."""
    first, second = pair[0](), pair[1]()
    number = 0
    played = True
    while played:
        world = prepared(first) if pair[2] else prepared(first, second)
        if isinstance(first, Finishing) and isinstance(second, Finishing):
            second.ready = first.ready
        played = False

        def strike() -> None:
            nonlocal played
            played = True
            second.play(world)  # noqa: B023 -- called in this round

        world.at_change(number, "before", strike)
        first.play(world)
        world.calm()
        assert_sound(world)
        if not isinstance(second, PollingLate | Confirming | Writing) and played:
            first.play(world)  # a hint brings whoever lost a race back
            assert_sound(world)
            if not isinstance(first, Confirming):
                first.conclude(world)
                second.conclude(world)
        number += 1
    assert number > 1


def test_worker_and_planner() -> None:
    """Where the feed tells of what a worker has just made, it gets one node, whoever is first."""
    scene = Creating()
    for number in range(20):
        world = prepared(scene)
        strikes = []

        def strike() -> None:
            strikes.append(1)  # noqa: B023 -- called in this round
            seen = Observation("b", [scene.made], asked=world.now + 1)  # noqa: B023 -- called in this round
            world.sync().commit(Commit(observed=[seen]))  # noqa: B023 -- called in this round
            planner = world.planner()  # noqa: B023 -- called in this round
            if not planner.base().of("b", ["new"]):
                made = node(planner.base().next_id(), replicas={"b": replica(scene.made)})
                planner.commit(Commit(nodes=[made]))

        world.at_change(number, "before", strike)
        scene.play(world)
        world.calm()
        assert_sound(world)
        assert len(world.sync().base().of("b", ["new"])) == 1
        if not strikes:
            assert number > 2
            return


def test_held_while_closing() -> None:
    """A node is held or found free; if it was held, its last closer is told."""
    for number in range(20):
        world = World()
        keep(world.sync(), node(1))
        world.sync().commit(Commit(opened=[action("x")]))
        worker, free = world.sync(), set[int]()
        worker.open_of([1])
        struck = []

        def strike() -> None:
            struck.append(1)  # noqa: B023 -- called in this round
            free.update(world.sync().hold([1]))  # noqa: B023 -- called in this round

        world.at_change(number, "before", strike)
        forget = [1] if number % 2 else []
        nodes = [] if number % 2 else [node(1, name="new")]
        assert not worker.commit(Commit(nodes=nodes, forget=forget, closed=["x"]))
        world.calm()
        if not struck:
            assert number > 1
            return
        assert (1 in free) is (1 not in worker.released())


def test_held_and_closed_between() -> None:
    """That holds as well if the node is closed while it is being held."""
    for number in range(5):
        world = World()
        keep(world.sync(), node(1))
        world.sync().commit(Commit(opened=[action("x")]))
        worker, free = world.sync(), set[int]()
        worker.open_of([1])

        def strike() -> None:
            worker.commit(Commit(closed=["x"]))  # noqa: B023 -- called in this round

        world.at_change(number, "before", strike)
        free.update(world.sync().hold([1]))
        world.calm()
        worker.commit(Commit(closed=["x"]))
        assert (1 in free) is (1 not in worker.released())
        keep(world.sync(), node(2))


def test_new_folders_are_known_with_their_content() -> None:
    """Who dies while new folders are taken in leaves none of which a part is known.

    A feed that tells of it would not lead there again.
    """
    put = [
        entry("f", name="f", kind=Kind.FOLDER),
        entry("g", "f", name="g", kind=Kind.FOLDER),
        entry("x", "g", name="x"),
        entry("y", "f", name="y"),
    ]
    inside = {"f": {"g", "y"}, "g": {"x"}}
    number = 0
    while True:
        world = World()
        died = deaths(lambda: observe(world.sync(), *put), world, number, "before")  # noqa: B023 -- called at once
        tree = world.sync().observed("a")
        for folder in tree.get(inside):
            assert {each.id for each in tree.children(folder)} == inside[folder]
        if not died:
            assert number > len(put)
            return
        number += 1


def test_what_is_known_stays_until_the_new_folder_that_it_was_moved_to_is_known() -> None:
    """Else it stands nowhere, and no look would ever miss it, should the folder go before."""
    number = 0
    while True:
        world = World()
        observe(world.sync(), entry("x", name="x"))
        put = [
            entry("x", "g", name="x"),
            entry("y", "g", name="y"),
            entry("g", "f", name="g", kind=Kind.FOLDER),
            entry("f", name="f", kind=Kind.FOLDER),
        ]
        died = deaths(lambda: observe(world.sync(), *put), world, number, "before")  # noqa: B023 -- called at once
        known = world.sync().observed("a").get(["x", "g", "f"])
        assert known["x"].parent == ROOT_ENTRY or "g" in known
        if not died:
            assert number > len(put)
            assert known["x"].parent == "g"
            return
        number += 1


def test_new_folders_are_in_base_before_what_is_moved_into_them() -> None:
    """Who dies while a plan is written leaves no node in a folder that base does not have."""
    for number in range(40):
        world = World()
        keep(world.sync(), node(1, name="x"))
        planner = world.planner()
        base = planner.base()
        first = base.next_id()
        (known,) = base.get([1]).values()
        moved = structs.replace(known, parent=first + 1, place_gen=2)
        nodes = [
            moved,
            node(first + 1, first, name="inner", kind=Kind.FOLDER),
            node(first, name="outer", kind=Kind.FOLDER),
        ]
        died = deaths(lambda: planner.commit(Commit(nodes=nodes)), world, number, "before")  # noqa: B023 -- called at once
        found = world.sync().base().get([1, first, first + 1])
        assert all(each.parent in {ROOT, *found} for each in found.values())
        if not died:
            assert number > len(nodes)
            assert found[1] == moved
            return


def half_gone(world: World) -> tuple[ItemsSync, list[Node]]:
    """Return a planner for which a folder and its content have no part at ``b`` any more."""
    folder, inside = (
        {each: entry(f"{each}{name}", name=name) for each in "ab"} for name in ("folder", "file")
    )
    observe(world.sync(), folder["a"], inside["a"])
    nodes = [
        node(1, name="folder", kind=Kind.FOLDER, replicas={e: replica(folder[e]) for e in "ab"}),
        node(2, 1, name="file", replicas={e: replica(inside[e]) for e in "ab"}),
    ]
    keep(world.sync(), *nodes)
    planner = world.planner()
    known = planner.base().get([1, 2])
    return planner, [
        structs.replace(each, replicas={"a": each.replicas["a"]}) for each in known.values()
    ]


def test_a_folder_lets_go_of_a_part_after_what_is_in_it() -> None:
    """Who dies while that is written leaves what was in it to be decided by what it was."""
    for number in range(40):
        world = World()
        planner, nodes = half_gone(world)
        died = deaths(lambda: planner.commit(Commit(nodes=nodes)), world, number, "before")  # noqa: B023 -- called at once
        found = world.sync().base().get([1, 2])
        assert "b" in found[1].replicas or "b" not in found[2].replicas
        if not died:
            assert number > len(nodes)
            assert [found[1], found[2]] == nodes
            return


def test_a_folder_lets_go_of_no_part_if_what_is_in_it_lost_a_race() -> None:
    """What is in it is then planned again, and with it the folder."""
    world = World()
    planner, nodes = half_gone(world)
    (known,) = world.sync().base().get([2]).values()
    other = world.planner()
    other.base().get([2])
    assert not other.commit(Commit(nodes=[structs.replace(known, merge_failed="other")]))
    assert planner.commit(Commit(nodes=nodes)) == {1, 2}
    assert "b" in world.sync().base().get([1])[1].replicas


def test_nothing_is_moved_into_a_folder_that_lost_a_race() -> None:
    """What is to stand in a new folder that is not written is not written either."""
    world = World()
    observe(world.sync(), entry("f", name="f", kind=Kind.FOLDER))
    keep(world.sync(), node(1, name="x"))
    slow = world.planner()
    base = slow.base()
    first = base.next_id()
    (known,) = base.get([1]).values()
    folder = replica(entry("f", name="f", kind=Kind.FOLDER))
    mine = node(first, name="f", kind=Kind.FOLDER, replicas={"a": folder})
    moved = structs.replace(known, parent=first, place_gen=2)
    other = world.planner()
    theirs = structs.replace(mine, id=other.base().next_id())
    assert not other.commit(Commit(nodes=[theirs]))
    assert slow.commit(Commit(nodes=[moved, mine])) == {1, first}
    assert world.sync().base().get([1, first]) == {1: known}


def test_id_taken_from_a_slow_planner() -> None:
    """A planner that is overtaken after it took an entry never writes the node that it meant."""
    scene = Planning()
    overtaken = 0
    for number in range(40):
        world = prepared(scene)
        slow = world.planner()
        made = node(slow.base().next_id(), replicas={"a": replica(entry("x"))})
        world.at_change(number, "before", lambda: scene.play(world))  # noqa: B023 -- called in this round
        lost = slow.commit(Commit(nodes=[made], opened=[action("slow", node=made.id)]))
        world.calm()
        scene.play(world)
        assert_sound(world)
        owner = world.sync().base().of("a", ["x"])["x"]
        assert (owner == made.id) is not bool(lost)
        assert (made.id in world.sync().base().get([made.id])) is not bool(lost)
        overtaken += bool(lost)
    assert overtaken > 1


def test_adopted_by_two() -> None:
    """Of two known nodes that are given one entry, one gets it, whatever comes between."""
    number = 0
    while True:
        first, second = Adopting(1), Adopting(2)
        world = prepared(first, second)
        played = []

        def strike() -> None:
            played.append(1)  # noqa: B023 -- called in this round
            second.play(world)  # noqa: B023 -- called in this round

        world.at_change(number, "before", strike)
        first.play(world)
        world.calm()
        assert_sound(world)
        first.conclude(world)
        if not played:
            assert number > 1
            return
        assert len(first.lost | second.lost) == 1
        number += 1


def test_adoption_cut_off() -> None:
    """What a planner that died had meant for a known node, another node may get."""
    for world, _ in cuts(Adopting(1)):
        other = Adopting(2)
        keep(world.sync(), node(2))
        other.play(world)
        assert_sound(world)
        other.conclude(world)


@pytest.mark.parametrize("scene", [Planning(), Deleting(), Polling()], ids=NAMES[:1] + NAMES[2:5:2])
def test_counts(scene: Scene) -> None:
    """A death may put the counts out; to go through everything sets them right."""
    wrong = 0
    for world, _ in cuts(scene):
        base = world.sync().base()
        nodes = [one for batch in base.ids() for one in base.get(batch).values()]
        entries = {each: len(everything(world.sync(), each)) for each in ENDPOINTS}
        wrong += base.count() != len(nodes)
        wrong += any(world.sync().observed(e).count() != n for e, n in entries.items())
        list(base.suspects(ENDPOINTS))
        assert base.count() == len(nodes)
        assert {each: world.sync().observed(each).count() for each in ENDPOINTS} == entries
    assert wrong


@pytest.mark.parametrize("fate", [die, lose_answer])
def test_made_for_nobody(fate: Callable[[], None]) -> None:
    """What a worker that died had made is planned, though its action is closed as not done."""
    scene, made = Creating(), 0
    for number in range(20):
        world = prepared(scene)
        world.at_change(number, "after", fate)
        with suppress(Killed, StateUnavailable):
            scene.play(world)
        world.calm()
        world.now += 1_000.0
        sync = world.sync()
        _, position = sync.observed("b").changes(0, 9)
        if sync.open_of([7]) and sync.observed("b").get(["new"]):
            made += 1
            sync.commit(Commit(closed=["create"]))
            assert sync.base().of("b", ["new"]) == {}
            world.now += 1_000.0
            assert world.sync().observed("b").changes(position, 9)[0] == ["new"]
    assert made
