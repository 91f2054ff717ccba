"""What is carried at the same time by one process shares a bounded memory."""

import functools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncoxiders.core.model import Entry
from syncoxiders.engine.apply import SMALL
from syncoxiders.engine.operations import Operations
from syncoxiders.engine.room import MOST, TWICE, Room
from syncoxiders.ports.errors import Unreachable
from tests.engine.world import World

MB = 1 << 20


@given(st.lists(st.integers(0, 100 * MB), max_size=30))
def test_never_more_than_there_is(sizes: list[int]) -> None:
    """Whatever is carried at once fits, and everything has its turn."""
    room, lock = Room(2 * MOST), threading.Lock()
    held, most, done = 0, 0, 0

    def carry(size: int) -> None:
        nonlocal held, most, done
        with room.taken(size):
            with lock:
                held += min(TWICE * size, MOST)
                most = max(most, held)
            time.sleep(0)
            with lock:
                held -= min(TWICE * size, MOST)
                done += 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(carry, sizes))
    assert most <= 2 * MOST
    assert done == len(sizes)


def test_room_is_given_back() -> None:
    """A transfer that fails leaves its room to the others."""
    room = Room(MOST)
    for _ in range(3):
        with pytest.raises(Unreachable), room.taken(MOST):
            raise Unreachable("it broke off")
    with room.taken(MOST):
        assert room.left == 0
    assert room.left == MOST


def test_transfers_share_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that fill the room are carried one after the other, however many threads there are."""
    size = 2 * SMALL
    narrow = functools.partial(Operations, room=Room(TWICE * size))
    monkeypatch.setattr("syncoxiders.engine.sync.Operations", narrow)
    world, lock = World("ab"), threading.Lock()
    for number in range(12):
        world.a.write(str(number), bytes([number]) * size)
    inner, carried, most = world.b.upload, 0, 0

    def upload(*args: Any, **kwargs: Any) -> Entry:
        nonlocal carried, most
        with lock:
            carried += 1
            most = max(most, carried)
        time.sleep(0.001)
        try:
            return inner(*args, **kwargs)
        finally:
            with lock:
                carried -= 1

    monkeypatch.setattr(world.b, "upload", upload)
    world.run()
    assert world.agreed().keys() == {str(number) for number in range(12)}
    assert most == 1
