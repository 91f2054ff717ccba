"""Looks and plans that take long: others wait for who lives, and go on where one has ended."""

from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from syncoxiders.adapters.memory.clock import MemoryClock
from syncoxiders.adapters.memory.provider import MemoryProvider
from syncoxiders.adapters.memory.provider_cloud import MemoryCloudProvider
from syncoxiders.core.model import Entry, EntryId, Ref
from syncoxiders.core.plan import Plan, plan
from syncoxiders.engine.pipeline import holding, reconcile
from syncoxiders.engine.pipeline.listen import poll
from syncoxiders.engine.pipeline.messages import Merge, Poll
from syncoxiders.engine.pipeline.reconcile import merge
from syncoxiders.engine.pipeline.times import LEASE, MARGIN
from syncoxiders.ports.errors import StateBusy
from syncoxiders.ports.provider import FolderDelta, Known
from tests.engine.deployed import OWNER, SYNC, Deployed

LOOK = f"look#{OWNER}#{SYNC}#a"
STEP = 10.0
"""Seconds that it takes to look into a folder."""


class _Slow:
    def __init__(self, known: Known, provider: "SlowProvider") -> None:
        self._known = known
        self._provider = provider

    def children(self, folder: EntryId) -> list[Entry]:
        provider = self._provider
        provider.looked.append(folder)
        provider.time.advance(STEP)
        if len(provider.looked) == provider.dies_at:
            raise KeyboardInterrupt
        return self._known.children(folder)


class SlowProvider(MemoryProvider):
    """``looked`` are the folders that were looked into; it dies at number ``dies_at`` of them."""

    def __init__(self, clock: MemoryClock) -> None:
        super().__init__(clock=clock, name="a")
        self.time = clock
        self.looked: list[EntryId] = []
        self.dies_at = 0

    def rescan(self, known: Known, folders: Iterable[Ref] | None = None) -> Iterator[FolderDelta]:
        return super().rescan(_Slow(known, self), folders)


class SlowFeed(SlowProvider, MemoryCloudProvider):
    """One with a feed."""


def slow(deployed: Deployed, provider: SlowProvider) -> SlowProvider:
    deployed.a = provider
    deployed.providers["a"] = provider
    return provider


def fill(provider: MemoryProvider, folders: int = 12) -> dict[str, bytes | None]:
    for number in range(folders):
        provider.write(f"{number % 3}/{number}/file", b"%d" % number)
    return provider.tree()


def looks(deployed: Deployed, seconds: float) -> int:
    """Look at ``a`` for so long at a time, as often as messages ask for it; returns how often."""
    now = deployed.clock.now
    deployed.polls.send([Poll(OWNER, "a").message("begin")])
    rounds = 0
    while found := deployed.polls.receive():
        for each in found:
            poll(deployed.pipeline, Poll(OWNER, "a"), now() + MARGIN + seconds)
            deployed.polls.delete(each.receipt)
        rounds += 1
        assert rounds < 50, "it does not get on"
    return rounds


def test_who_died_blocks_nobody_for_long() -> None:
    """The lease of a look that was killed is over a minute later."""
    deployed = Deployed()
    fill(deployed.a)
    assert deployed.pipeline.leases.take(LOOK, LEASE) is not None  # and is killed
    poll(deployed.pipeline, Poll(OWNER, "a"))
    assert deployed.store().observed("a").count() == 0
    deployed.clock.advance(LEASE)
    poll(deployed.pipeline, Poll(OWNER, "a"))
    assert deployed.store().observed("a").count() == len(deployed.a.tree())


def test_who_lives_holds_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look that takes longer than its lease keeps it, folder by folder."""
    deployed = Deployed()
    provider = slow(deployed, SlowProvider(deployed.clock))
    tree = fill(provider)
    taken: list[int | None] = []
    provider.write("0/last", b"")
    whole = provider.rescan

    def rescan(known: Known, folders: Iterable[Ref] | None = None) -> Iterator[FolderDelta]:
        for delta in whole(known, folders):
            taken.append(deployed.pipeline.leases.take(LOOK, LEASE))
            yield delta

    monkeypatch.setattr(provider, "rescan", rescan)
    poll(deployed.pipeline, Poll(OWNER, "a"))
    assert len(provider.looked) * STEP > 2 * LEASE
    assert set(taken) == {None}
    assert deployed.store().observed("a").count() == len(tree) + 1


def test_who_lost_the_lease_stops() -> None:
    """One that was taken for dead ends at its next step, whatever it was doing."""
    deployed = Deployed()
    clock, leases = deployed.clock, deployed.pipeline.leases
    hold = holding.take(leases, "look", clock.now)
    assert hold is not None
    assert holding.take(leases, "look", clock.now) is None
    clock.advance(LEASE)
    later = holding.take(leases, "look", clock.now)
    assert later is not None
    assert later.fence > hold.fence
    with pytest.raises(StateBusy):
        hold()
    hold.release()
    later()
    assert holding.take(leases, "look", clock.now) is None


@pytest.mark.parametrize("kind", [SlowProvider, SlowFeed])
def test_goes_on_in_the_next_one(kind: type[SlowProvider]) -> None:
    """What does not fit into one worker's time is looked at by several, each from where one ended.

    The endpoint takes part once all of it was seen.
    """
    deployed = Deployed()
    provider = slow(deployed, kind(deployed.clock))
    tree = fill(provider)
    folders = 16  # with the root
    assert looks(deployed, 6.5 * STEP) > 2
    assert deployed.store().observed("a").count() == len(tree)
    assert len(provider.looked) < 2.5 * folders
    assert deployed.registry.account(OWNER, "a").polled_at  # type: ignore[union-attr] # it is there
    deployed.settle()
    deployed.look()
    assert deployed.b.tree() == tree


def test_goes_on_after_a_death() -> None:
    """A first look that is killed, for its memory say, is gone on with folder by folder."""
    deployed = Deployed()
    provider = slow(deployed, SlowProvider(deployed.clock))
    tree = fill(provider)
    provider.dies_at = 6
    with pytest.raises(KeyboardInterrupt):
        poll(deployed.pipeline, Poll(OWNER, "a"))
    deployed.clock.advance(LEASE)
    looks(deployed, 100 * STEP)
    assert deployed.store().observed("a").count() == len(tree)
    assert deployed.store().text("looking:a") == ""


def test_changes_while_it_goes_on() -> None:
    """What changes where a look has been already is told by the feed, from before the look."""
    deployed = Deployed()
    provider = slow(deployed, SlowFeed(deployed.clock))
    fill(provider)
    poll(deployed.pipeline, Poll(OWNER, "a"), deployed.clock.now() + MARGIN + 6.5 * STEP)
    seen = [each for each in provider.tree() if each.startswith("2/") and each.endswith("file")]
    for path in seen:
        provider.write(path, b"changed")
    looks(deployed, 6.5 * STEP)
    deployed.settle()
    deployed.look()
    assert deployed.b.tree() == provider.tree()


def test_a_file_is_gone_meanwhile() -> None:
    """What is missing where a look goes on is taken for gone, and nothing besides."""
    deployed = Deployed()
    provider = slow(deployed, SlowProvider(deployed.clock))
    fill(provider)
    deployed.look()
    deployed.look()
    assert deployed.b.tree() == provider.tree()
    provider.remove("1/4/file")
    provider.rename("2/5", "0/5")
    assert looks(deployed, 4.5 * STEP) > 2
    deployed.settle()
    deployed.look()
    assert deployed.b.tree() == provider.tree()
    assert "0/5/file" in deployed.b.tree()


def test_who_lost_the_lease_plans_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A planner that was taken for dead writes nothing of what it has planned."""
    deployed = Deployed()
    for number in range(5):
        deployed.a.write(f"{number}", b"%d" % number)
    for name in "ab":
        poll(deployed.pipeline, Poll(OWNER, name))
    others: list[int | None] = []

    def late(*arguments: Any) -> Plan:
        deployed.clock.advance(LEASE)
        others.append(deployed.pipeline.leases.take(f"merge#{OWNER}#{SYNC}", LEASE))
        return plan(*arguments)

    monkeypatch.setattr(reconcile, "plan", late)
    merge(deployed.pipeline, Merge(OWNER, SYNC))
    assert others[0] is not None
    assert deployed.store().batches() == []
    assert deployed.store().base().count() == 0
    assert deployed.store().record() is None
    monkeypatch.undo()
    deployed.clock.advance(LEASE)
    merge(deployed.pipeline, Merge(OWNER, SYNC))
    deployed.settle()
    assert deployed.b.tree() == deployed.a.tree()
