"""The simulated queue passes the contract, and does to messages what it is told to."""

import pytest

from syncoxiders.adapters.memory.clock import MemoryClock
from syncoxiders.adapters.memory.queue import WINDOW, Faults, MemoryQueue
from syncoxiders.ports.errors import StateUnavailable
from syncoxiders.ports.queue import Message
from tests.contracts.queue_contract import *  # noqa: F403 -- the suite is its names
from tests.contracts.queue_contract import bodies, message


class Memory:
    def __init__(self, clock: MemoryClock, seed: int = 0, faults: Faults | None = None) -> None:
        self.queue = MemoryQueue(clock, seed, faults=faults, visibility=30.0, receives=3)

    def drain(self) -> list[str]:
        bodies: list[str] = []
        while found := self.queue.receive():
            bodies.extend(each.message.body for each in found)
            for each in found:
                self.queue.delete(each.receipt)
        return bodies


@pytest.fixture
def clock() -> MemoryClock:
    return MemoryClock()


@pytest.fixture
def harness(clock: MemoryClock) -> Memory:
    return Memory(clock)


@pytest.fixture
def queue(harness: Memory) -> MemoryQueue:
    return harness.queue


def came(queue: MemoryQueue, limit: int = 10) -> list[str]:
    return [each.message.body for each in queue.receive(limit)]


def test_one_at_a_time(queue: MemoryQueue) -> None:
    """While a message of a group is being handled no other of that group is delivered."""
    queue.send([message(1), message(2), message(3, "other")])
    first = queue.receive(1)
    rest = came(queue)
    assert len(rest) == (1 if first[0].message.group == "ann#work" else 2)
    assert came(queue) == []


def test_visible_again(queue: MemoryQueue, clock: MemoryClock) -> None:
    """What is not let go of in time comes again, before what was behind it, and is counted."""
    queue.send([message(1), message(2)])
    (first,) = queue.receive(1)
    clock.advance(29.0)
    assert queue.receive() == []
    assert queue.next_at() == clock.now() + 1.0
    clock.advance(1.0)
    again = queue.receive()
    assert [(each.message, each.count) for each in again] == [(message(1), 2), (message(2), 1)]
    queue.delete(first.receipt)
    assert len(queue) == 2


def test_part_of_a_batch(queue: MemoryQueue, clock: MemoryClock) -> None:
    """A group whose batch was let go of in part waits for the rest of it."""
    queue.send([message(number) for number in range(4)])
    batch = queue.receive(3)
    queue.delete(batch[0].receipt)
    assert queue.receive() == []
    clock.advance(30.0)
    assert came(queue) == bodies([message(number) for number in (1, 2, 3)])


def test_given_back(queue: MemoryQueue, clock: MemoryClock) -> None:
    """A message that is given back comes when that was asked for."""
    queue.send([message(1)])
    (first,) = queue.receive()
    queue.give_back(first.receipt, 5.0)
    assert queue.receive() == []
    clock.advance(5.0)
    assert came(queue) == bodies([message(1)])


def test_dead(queue: MemoryQueue, clock: MemoryClock) -> None:
    """What was delivered often enough in vain is put aside, and its group goes on."""
    queue.send([message(1), message(2)])
    for _ in range(3):
        assert came(queue, 1) == bodies([message(1)])
        clock.advance(30.0)
    assert came(queue, 1) == bodies([message(2)])
    assert queue.redrive() == [message(1)]
    assert queue.redrive() == []
    assert len(queue) == 1


def test_window(queue: MemoryQueue, clock: MemoryClock) -> None:
    """Names are remembered for five minutes, also of messages that are gone."""
    queue.send([message(1)])
    queue.delete(queue.receive()[0].receipt)
    clock.advance(WINDOW - 1.0)
    queue.send([message(1)])
    assert queue.receive() == []
    clock.advance(1.0)
    queue.send([message(1)])
    assert came(queue) == bodies([message(1)])


def test_chance(clock: MemoryClock) -> None:
    """Groups come in different orders; the same seed gives the same one."""

    def order(seed: int) -> list[str]:
        memory = Memory(clock, seed)
        memory.queue.send([message(number, f"group-{number}") for number in range(8)])
        return memory.drain()

    assert order(1) == order(1)
    assert len({tuple(order(seed)) for seed in range(5)}) > 1


def test_repeated(clock: MemoryClock) -> None:
    """A message may come twice, one after the other."""
    memory = Memory(clock, faults=Faults(repeat=1.0))
    memory.queue.send([message(1), message(2)])
    assert memory.drain() == bodies([message(number) for number in (1, 1, 2, 2)])


def test_lost(clock: MemoryClock) -> None:
    """A message may be lost, by choice or by chance."""
    memory = Memory(clock, faults=Faults(loss=1.0))
    memory.queue.send([message(1)])
    assert memory.drain() == []
    memory.queue.faults = Faults()
    memory.queue.lose = lambda each: each.group == "other"
    memory.queue.send([message(2), message(3, "other")])
    assert memory.drain() == bodies([message(2)])


def test_undeleted(clock: MemoryClock) -> None:
    """A deletion may be forgotten, and the message come again."""
    memory = Memory(clock, faults=Faults(undeleted=1.0))
    memory.queue.send([message(1)])
    memory.queue.delete(memory.queue.receive()[0].receipt)
    clock.advance(30.0)
    assert came(memory.queue) == bodies([message(1)])


def test_delayed(clock: MemoryClock) -> None:
    """A message may be late, and with it what is behind it in its group."""
    memory = Memory(clock, faults=Faults(delay=60.0))
    sent = [message(number) for number in range(10)]
    memory.queue.send(sent)
    assert memory.queue.receive() == []
    bodies_came: list[str] = []
    while (due := memory.queue.next_at()) is not None:
        clock.advance(due - clock.now())
        bodies_came.extend(memory.drain())
    assert bodies_came == bodies(sent)


def test_refused(clock: MemoryClock) -> None:
    """A queue that takes no more may have taken the first of them."""
    taken = set()
    for seed in range(20):
        memory = Memory(clock, seed, Faults(refusal=1.0))
        with pytest.raises(StateUnavailable):
            memory.queue.send([message(1), message(2)])
        taken.add(len(memory.drain()))
    assert taken == {0, 1, 2}


def test_mixed(clock: MemoryClock) -> None:
    """With all faults at once nothing is delivered out of its group's order, and nothing kept."""
    for seed in range(20):
        faults = Faults(repeat=0.3, undeleted=0.2, delay=20.0)
        queue = MemoryQueue(clock, seed, faults=faults, visibility=30.0, receives=100)
        sent = [
            Message(f"{number}", f"group-{number % 3}", f"{seed}-{number}") for number in range(30)
        ]
        queue.send(sent)
        first: dict[str, list[int]] = {}
        while (due := queue.next_at()) is not None:
            clock.advance(due - clock.now())
            for each in queue.receive():
                seen = first.setdefault(each.message.group, [])
                if int(each.message.body) not in seen:
                    seen.append(int(each.message.body))
                queue.delete(each.receipt)
        assert sorted(each for seen in first.values() for each in seen) == list(range(30))
        assert all(numbers == sorted(numbers) for numbers in first.values())
