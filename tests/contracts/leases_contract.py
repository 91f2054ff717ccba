"""The contract of :class:`syncoxiders.ports.registry.Leases`, which every adapter passes.

A test module imports everything from here and adds fixtures ``leases``, of which none is taken,
and ``clock``, the :class:`~syncoxiders.adapters.memory.clock.MemoryClock` that they go by.
"""

from concurrent.futures import ThreadPoolExecutor

from syncoxiders.adapters.memory.clock import MemoryClock
from syncoxiders.ports.registry import Leases

__all__ = ["TestLeases"]


def taken(leases: Leases, name: str = "ann#photos", seconds: float = 60.0) -> int:
    fence = leases.take(name, seconds)
    assert fence is not None
    return fence


class TestLeases:
    def test_one_holder(self, leases: Leases) -> None:
        """What somebody holds nobody else gets; another name is another lease."""
        taken(leases)
        assert leases.take("ann#photos", 60.0) is None
        taken(leases, "ann#notes")
        taken(leases, "bob#photos")

    def test_over(self, leases: Leases, clock: MemoryClock) -> None:
        """A lease ends with its time, not before, and the next holder's fence is higher."""
        first = taken(leases)
        clock.advance(59.9)
        assert leases.take("ann#photos", 60.0) is None
        clock.advance(0.2)
        assert taken(leases) > first

    def test_released(self, leases: Leases) -> None:
        """A lease that was given back is free, and fences go on growing."""
        fences = []
        for _ in range(3):
            fences.append(taken(leases))
            leases.release("ann#photos", fences[-1])
        assert fences == sorted(set(fences))
        assert min(fences) >= 1

    def test_extended(self, leases: Leases, clock: MemoryClock) -> None:
        """Whoever holds on longer keeps others out for as long, from now on."""
        fence = taken(leases)
        clock.advance(50.0)
        assert leases.extend("ann#photos", fence, 60.0)
        clock.advance(50.0)
        assert leases.take("ann#photos", 60.0) is None
        clock.advance(20.0)
        taken(leases)

    def test_lost(self, leases: Leases, clock: MemoryClock) -> None:
        """Who lost a lease is told, and can neither extend nor release another's."""
        old = taken(leases)
        clock.advance(61.0)
        new = taken(leases)
        assert not leases.extend("ann#photos", old, 600.0)
        leases.release("ann#photos", old)
        assert leases.take("ann#photos", 60.0) is None
        assert leases.extend("ann#photos", new, 60.0)

    def test_never_held(self, leases: Leases) -> None:
        """What nobody ever took can be neither extended nor released, and stays free."""
        assert not leases.extend("ann#photos", 1, 600.0)
        leases.release("ann#photos", 1)
        taken(leases)

    def test_race(self, leases: Leases) -> None:
        """Of several who try at once exactly one gets it."""
        with ThreadPoolExecutor(8) as pool:
            fences = list(pool.map(lambda _: leases.take("ann#photos", 60.0), range(8)))
        assert len([fence for fence in fences if fence is not None]) == 1
