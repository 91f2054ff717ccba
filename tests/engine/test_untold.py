"""What was done without an answer at an endpoint that is away then: nothing of it comes back."""

import dataclasses
from collections.abc import Callable

import pytest

from syncoxiders.adapters.memory.provider import MemoryProvider
from syncoxiders.engine.pipeline import setting
from syncoxiders.engine.pipeline.setting import PATIENCE
from syncoxiders.engine.stopped import parts
from syncoxiders.ports.errors import Stale, Unreachable
from tests.engine.deployed import HOUR, OWNER, Deployed, goes_on, populated
from tests.engine.world import World

Deed = Callable[[MemoryProvider], object]

STAYS = {f"stays{number}": b"%d" % number for number in range(3)}

DEEDS: dict[str, tuple[Deed, Deed, Deed]] = {
    "make-folder": (lambda _: None, lambda a: a.mkdir("new"), lambda a: a.remove("new")),
    "create": (lambda _: None, lambda a: a.write("new", b"new"), lambda a: a.remove("new")),
    "update": (
        lambda a: a.write("file", b"old"),
        lambda a: a.write("file", b"newer"),
        lambda a: a.remove("file"),
    ),
    "move": (
        lambda a: a.write("file", b"old"),
        lambda a: a.rename("file", "moved"),
        lambda a: a.remove("moved"),
    ),
}
"""What people do before, what is brought to the others then, and how it is deleted."""


def no_answer(_: str) -> None:
    raise Unreachable("no answer")


@pytest.mark.parametrize("what", DEEDS)
def test_deleted_meanwhile(what: str) -> None:
    """What people delete while somebody is away who may have got it is deleted there, too."""
    world = World("abc")
    before, deed, deletion = DEEDS[what]
    for path, data in STAYS.items():
        world.a.write(path, data)
    before(world.a)
    world.run()
    deed(world.a)
    world.b.after = no_answer
    world.run()
    world.b.after = None
    world.b.offline = True
    world.run()
    deletion(world.a)
    world.run()
    assert world.a.tree() == world.c.tree() == STAYS
    assert world.b.tree() != STAYS
    world.b.offline = False
    world.run()
    assert world.agreed() == STAYS
    world.quiet()


def test_deleted_meanwhile_and_another_root() -> None:
    """A root that was exchanged since holds nothing that was made without an answer."""
    world = World("abc")
    for path, data in STAYS.items():
        world.a.write(path, data)
    world.run()
    world.a.mkdir("new")
    world.b.after = no_answer
    world.run()
    world.b.after = None
    world.b.offline = True
    world.run()
    world.a.remove("new")
    world.run()
    world.b.offline = False
    world.b.exchange_root()
    world.b.mkdir("new")
    stop = world.run().stop
    assert stop is not None
    world.options = dataclasses.replace(world.options, approve=parts(stop.plan_id))
    world.run()
    world.options = dataclasses.replace(world.options, approve=frozenset())
    world.run()
    assert world.agreed() == STAYS | {"new": None}


@pytest.fixture
def deployed() -> Deployed:
    """A system of which ``b`` has done something without an answer, and wants to be left alone."""
    world = Deployed()
    world.join(changed_at=world.clock.now())
    for path, data in STAYS.items():
        world.a.write(path, data)
    return world


def third(world: Deployed) -> MemoryProvider:
    found = world.providers["c"]
    assert isinstance(found, MemoryProvider)
    return found


def is_done_without_an_answer(world: Deployed, deed: Deed) -> None:
    """Have something brought to ``b``, which does not say so, and is away from then on."""
    world.look()
    world.look()
    assert world.a.tree() == world.b.tree() == third(world).tree()
    deed(world.a)
    world.failing = {"apply"}
    world.look()
    world.failing = {"poll"}
    world.b.after = no_answer
    world.settle()
    world.b.after = None
    world.registry.pause(OWNER, "b", world.clock.now() + 24 * HOUR)
    world.failing.clear()
    goes_on(world, 2 * PATIENCE)


def comes_back(world: Deployed) -> None:
    goes_on(world, 26 * HOUR)
    world.look()
    goes_on(world, 2 * HOUR)
    assert world.a.tree() == world.b.tree() == third(world).tree()
    assert not world.store().open_actions()
    assert not world.store().batches()


@pytest.mark.parametrize("what", DEEDS)
def test_deleted_meanwhile_elsewhere(deployed: Deployed, what: str) -> None:
    """Workers leave it open as well what may have been done at who is away by then."""
    before, deed, deletion = DEEDS[what]
    before(deployed.a)
    is_done_without_an_answer(deployed, deed)
    deletion(deployed.a)
    deployed.look()
    assert deployed.a.tree() == third(deployed).tree() == STAYS
    assert deployed.b.tree() != STAYS
    comes_back(deployed)
    assert deployed.a.tree() == STAYS
    assert not [
        node
        for batch in deployed.store().base().ids()
        for node in deployed.store().base().get(batch).values()
        if node.gone
    ]


@pytest.mark.parametrize("what", ["create", "update", "move"])
def test_goes_on_meanwhile(deployed: Deployed, what: str) -> None:
    """Who is here does not wait for it: a file is kept in step that one who is away may have."""
    before, deed, _ = DEEDS[what]
    before(deployed.a)
    is_done_without_an_answer(deployed, deed)
    (path,) = deployed.a.tree().keys() - STAYS.keys()
    deployed.a.write(path, b"the newest")
    deployed.look()
    third(deployed).rename(path, "renamed")
    deployed.look()
    assert deployed.a.tree() == third(deployed).tree() == STAYS | {"renamed": b"the newest"}
    comes_back(deployed)
    assert deployed.a.tree() == STAYS | {"renamed": b"the newest"}


def test_what_was_never_begun_is_given_up(deployed: Deployed) -> None:
    """Nothing stays open of what was handed out for who is away, if nobody came to begin it."""
    deployed.look()
    deployed.look()
    deployed.a.write("new", b"new")
    deployed.failing = {"apply"}
    deployed.look()
    deployed.failing = {"poll"}
    deployed.b.offline = True
    goes_on(deployed, 120)
    assert [each.tries for each in deployed.store().batches()] != [0]
    deployed.registry.pause(OWNER, "b", deployed.clock.now() + 24 * HOUR)
    deployed.failing.clear()
    goes_on(deployed, HOUR)
    assert third(deployed).tree() == STAYS | {"new": b"new"}
    assert not deployed.store().batches()
    assert not deployed.store().open_actions()
    deployed.b.offline = False
    comes_back(deployed)


def test_nothing_is_noted_where_nothing_can_be_planned() -> None:
    """A planner that has nobody to plan for leaves what is known of planning to the next one.

    It may be slow, and what it knew of be out of date by the time that it writes.
    """
    world = populated()
    before = setting.planning(world.store())
    world.registry.pause(OWNER, "b", world.clock.now() + 24 * HOUR)
    world.a.write("new", b"new")
    world.look()
    assert setting.planning(world.store()) == before


@pytest.mark.parametrize("refused", [0, 1, 2])
def test_what_is_made_in_a_folder_does_not_wait_for_who_is_away(refused: int) -> None:
    """The folder itself is still to be made there: what is in it goes to all others meanwhile."""
    world = Deployed()
    other = world.join()
    world.a.write("known", b"0")
    world.look()
    world.look()
    world.failing = {"apply"}
    world.a.mkdir("folder")
    world.look()
    world.a.write("folder/inner/file", b"1")
    world.look()
    world.b.on_call = no_answer
    world.look()
    world.clock.advance(PATIENCE)
    world.look()
    refusals = [Stale("it is not as planned")] * refused

    def refuse(called: str) -> None:
        if called == "make_folder" and refusals:
            raise refusals.pop()

    other.on_call = refuse
    world.failing = set()
    world.settle()
    goes_on(world, 300)
    assert not refusals
    assert other.tree() == world.a.tree()
    world.b.on_call = None
    world.look()
    goes_on(world, 2 * HOUR)
    assert world.b.tree() == other.tree() == world.a.tree()
