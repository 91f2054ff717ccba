"""A deployed system of three accounts, and what a person is asked about it."""

from syncoxiders.adapters.memory.clock import MemoryClock
from syncoxiders.adapters.memory.provider import MemoryProvider
from syncoxiders.engine.desk import plans
from syncoxiders.engine.desk.context import Desk
from syncoxiders.engine.pipeline import setting
from syncoxiders.engine.pipeline.health import health
from syncoxiders.engine.report import Stop
from tests.engine.deployed import OWNER, Deployed

FILES = 12


def three() -> Deployed:
    """Return three accounts in step, of which more than two files may not be lost unasked."""
    found = Deployed(MemoryClock(tick=0.001))
    found.join(max_delete="2")
    for number in range(FILES):
        found.a.write(f"{number}", b"%d" % number)
    found.look()
    found.look()
    assert len(third(found).tree()) == FILES
    return found


def third(world: Deployed) -> MemoryProvider:
    found = world.providers["c"]
    assert isinstance(found, MemoryProvider)
    return found


def asked(world: Deployed) -> Stop | None:
    """Return all that a person is asked, as she sees it."""
    return health(world.pipeline, OWNER, world.settings).stop


def shown(world: Deployed) -> Stop:
    found = asked(world)
    assert found is not None
    return found


def at(world: Deployed, endpoint: str) -> Stop:
    """Return what is asked about an endpoint's root."""
    found = setting.heard(world.store(), endpoint).stop
    assert found is not None
    return found


def planned(world: Deployed) -> Stop:
    """Return what is asked about a plan."""
    found = setting.planning(world.store()).stop
    assert found is not None
    return found


def approve(world: Deployed, plan: str) -> None:
    """Let through what is shown under an id."""
    world.clock.advance(1.0)
    plans.approve(Desk(world.pipeline, OWNER), world.settings, plan)


def lose(world: Deployed, first: int = 0, count: int = 4) -> None:
    """Have a plan stopped that is about files which were deleted at a."""
    for number in range(first, first + count):
        world.a.remove(f"{number}")
    world.look()
    assert planned(world).kind == "losses"
