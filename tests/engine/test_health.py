"""How a sync is, when it was last in step, and what housekeeping does about it."""

from collections.abc import Callable

import pytest

from syncoxiders.engine.pipeline.health import health, verify
from syncoxiders.engine.pipeline.housekeeping import Heartbeat, keep_house
from tests.engine.deployed import OWNER, SYNC, Deployed

QUARTER = 900.0


@pytest.fixture
def world() -> Deployed:
    found = Deployed()
    found.a.write("folder/file", b"content")
    return found


def beat(world: Deployed) -> Heartbeat:
    (found,) = keep_house(world.pipeline)
    assert (found.owner, found.sync) == (OWNER, SYNC)
    return found


class TestHealth:
    def test_new(self, world: Deployed) -> None:
        """A sync that nobody has looked at is behind everywhere, and was never verified."""
        found = health(world.pipeline, OWNER, world.settings)
        assert found.behind == ("a", "b")
        assert not found.in_step
        assert found.verified == 0.0

    def test_in_step(self, world: Deployed) -> None:
        """After everything was done nothing is left."""
        world.look()
        world.look()
        assert world.b.tree() == world.a.tree()
        found = health(world.pipeline, OWNER, world.settings)
        assert found.in_step
        assert (found.batches, found.waiting, found.behind) == (0, 0, ())

    def test_not_planned(self, world: Deployed) -> None:
        """News that was heard and not planned is told of, by the side that has it."""
        world.look()
        world.look()
        world.failing = {"merge"}
        world.a.write("folder/more", b"content")
        world.look()
        found = health(world.pipeline, OWNER, world.settings)
        assert found.behind == ("a",)
        assert not found.in_step

    def test_not_done(self, world: Deployed) -> None:
        """What was handed out and not done is counted."""
        world.failing = {"apply"}
        world.look()
        found = health(world.pipeline, OWNER, world.settings)
        assert found.batches > 0
        assert not found.in_step

    def test_stopped(self, world: Deployed) -> None:
        """A plan that a guard stopped is told of, with its id."""
        for number in range(30):
            world.a.write(f"file{number}", b"content")
        world.look()
        world.look()
        for number in range(30):
            world.a.remove(f"file{number}")
        world.look()
        found = health(world.pipeline, OWNER, world.settings)
        assert found.stop is not None
        assert found.stop.plan_id
        assert not found.in_step


class TestVerified:
    def test_by_looks(self, world: Deployed) -> None:
        """A sync was in step when the one was looked at that was looked at longest ago."""
        world.look()
        world.look()
        looked = world.clock.now()
        world.clock.advance(QUARTER)
        found = world.registry.account(OWNER, "b")
        assert found is not None
        world.registry.polled(OWNER, "b", found.hints, world.clock.now())
        assert verify(world.pipeline, OWNER, world.settings).verified == looked
        assert health(world.pipeline, OWNER, world.settings).verified == looked

    @pytest.mark.parametrize(
        "disturb",
        [
            lambda world: world.registry.hint(OWNER, "a"),
            lambda world: world.registry.trouble(OWNER, "b", "connect it again"),
            lambda world: world.registry.remove_account(OWNER, "b"),
        ],
        ids=["unanswered", "trouble", "gone"],
    )
    def test_not_by_less(self, world: Deployed, disturb: Callable[[Deployed], object]) -> None:
        """Where there is something to look for, or nobody can look, nothing is verified."""
        world.look()
        world.look()
        before = verify(world.pipeline, OWNER, world.settings).verified
        world.look()
        disturb(world)
        assert verify(world.pipeline, OWNER, world.settings).verified == before > 0.0

    def test_not_while_busy(self, world: Deployed) -> None:
        """What is under way is not in step, however lately everything was looked at."""
        world.look()
        world.look()
        before = verify(world.pipeline, OWNER, world.settings).verified
        world.failing = {"apply"}
        world.a.write("folder/more", b"content")
        world.look()
        assert verify(world.pipeline, OWNER, world.settings).verified == before
        world.failing = set()
        world.settle()
        world.look()
        assert verify(world.pipeline, OWNER, world.settings).verified > before


class TestHeartbeat:
    def test_beats(self, world: Deployed) -> None:
        """While everything goes well the heartbeat is as old as the last look."""
        for _ in range(5):
            world.look()
            assert beat(world).silent <= 2 * QUARTER
        assert beat(world).health.in_step

    def test_silent(self, world: Deployed) -> None:
        """A sync that is not verified any more grows silent; so does one that never was."""
        world.failing = {"poll"}
        world.clock.advance(3600.0)
        assert beat(world).silent == 3600.0
        world.failing = set()
        world.look()
        world.look()
        start = beat(world).silent
        world.failing = {"poll"}
        for _ in range(4):
            world.look()
        assert beat(world).silent == start + 4 * QUARTER

    def test_paused(self, world: Deployed) -> None:
        """One that a person has paused is not missed."""
        world.put(paused=True)
        world.clock.advance(3600.0)
        assert beat(world).silent == 0.0


class TestTidying:
    def test_recovers(self, world: Deployed) -> None:
        """Where nothing is left to be done providers clear away, and what they keep is told."""

        class Leaving(type(world.a)):  # type: ignore[misc]  # it is that very class
            def recover(self, on_rescue: Callable[[str], None]) -> None:
                on_rescue("a file was kept")

        world.look()
        world.look()
        world.a.__class__ = Leaving
        beat(world)
        runs = world.store().runs(1)
        assert "a file was kept" in [each.detail for each in world.store().events(runs[0].id)]

    def test_not_while_busy(self, world: Deployed) -> None:
        """Nothing is cleared away that somebody may be at."""

        class Leaving(type(world.a)):  # type: ignore[misc]  # it is that very class
            def recover(self, on_rescue: Callable[[str], None]) -> None:
                raise AssertionError(on_rescue)

        world.look()
        world.look()
        world.failing = {"apply"}
        world.a.write("folder/more", b"content")
        world.look()
        world.a.__class__ = Leaving
        beat(world)
