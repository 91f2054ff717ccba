"""Carrying many small files to a Dropbox: few requests, one commit, each file on its own."""

from collections.abc import Iterator

import pytest

from syncoxiders.adapters.memory.provider import MemoryProvider
from syncoxiders.adapters.providers.dropbox import Limits
from syncoxiders.core.model import Entry
from syncoxiders.ports.errors import Throttled, Unreachable
from tests.adapters.dropbox_support import MIB, Box, NotedPace, item, served

START, APPEND, FINISH = (
    f"upload_session/{step}" for step in ("start_batch", "append_batch", "finish_batch_v2")
)


@pytest.fixture
def box() -> Iterator[Box]:
    with served() as box:
        yield box


def test_three_requests_for_many_files(box: Box) -> None:
    """Many small files take three requests, one of which writes."""
    memory = MemoryProvider()
    items = [item(memory, f"{number}", b"content %d" % number) for number in range(80)]
    pace = NotedPace()
    provider = box.open(pace=pace)
    provider.root()
    pace.writes.clear()
    with box.requests() as made:
        results = provider.carry(memory, items)
    assert made == [START, APPEND, FINISH]
    assert sum(pace.writes) == 1
    assert [each.name for each in results if isinstance(each, Entry)] == [
        each.name for each in items
    ]
    assert box.people.tree() == {f"{number}": b"content %d" % number for number in range(80)}


@pytest.mark.parametrize("count", [1, 2])
def test_few_files(box: Box, count: int) -> None:
    """For one file or two a batch would cost more than it gives."""
    memory = MemoryProvider()
    items = [item(memory, f"{number}", b"content %d" % number) for number in range(count)]
    box.provider.root()
    with box.requests() as made:
        results = box.provider.carry(memory, items)
    assert made == ["upload"] * count
    assert [type(each) for each in results] == [Entry] * count


def test_batches_are_bounded(box: Box) -> None:
    """A batch holds so many files and bytes; what is larger than one goes on its own."""
    memory = MemoryProvider()
    sizes = [*[300_000] * 5, 2 * MIB, 100, 0]
    items = [item(memory, f"{n}", bytes([n]) * size) for n, size in enumerate(sizes)]
    provider = box.open()
    provider.root()
    with box.requests() as made:
        results = provider.carry(memory, items)
    assert [type(each) for each in results] == [Entry] * 8
    assert made.count(FINISH) == 2
    assert made.count("upload_session/finish") == 1  # 2 MiB
    assert made.count("upload") == 1  # nothing at all
    assert box.people.tree() == {f"{n}": bytes([n]) * size for n, size in enumerate(sizes)}


def test_number_of_files(box: Box) -> None:
    """A batch holds no more files than Dropbox takes."""
    memory = MemoryProvider()
    limits = Limits(batch=MIB, batch_files=10)
    items = [item(memory, f"{number}", b"x") for number in range(25)]
    with box.requests() as made:
        box.open(limits=limits).carry(memory, items)
    assert made.count(FINISH) == 3


def test_what_there_was_no_time_for(box: Box) -> None:
    """Entries that were refused for the write lock are committed again, the others are not."""
    memory = MemoryProvider()
    items = [item(memory, f"{number}", b"content %d" % number) for number in range(6)]
    box.emulator.write_lock.refuse(4, "409")
    provider = box.open(pace=box.pacer())
    with box.requests() as made:
        results = provider.carry(memory, items)
    assert [type(each) for each in results] == [Entry] * 6
    assert made.count(FINISH) == 2
    assert box.clock.slept > 0
    assert box.people.kept() == []


def test_no_time_at_all(box: Box) -> None:
    """Where the pace gives up, what was not committed is Throttled, the rest is there."""
    memory = MemoryProvider()
    items = [item(memory, f"{number}", b"content %d" % number) for number in range(4)]
    box.emulator.write_lock.refuse(2, "409")
    results = box.provider.carry(memory, items)
    assert [type(each) for each in results] == [Throttled, Throttled, Entry, Entry]
    assert box.people.tree().keys() == {"2", "3"}


def test_lost_answer_to_the_bytes(box: Box) -> None:
    """Bytes whose answer was lost are sent again, and are in the files once."""
    memory = MemoryProvider()
    items = [item(memory, f"{number}", b"content %d" % number) for number in range(3)]
    box.emulator.faults.add("drop-after", path=APPEND)
    results = box.open(pace=box.pacer()).carry(memory, items)
    assert [type(each) for each in results] == [Entry] * 3
    assert box.people.tree() == {f"{number}": b"content %d" % number for number in range(3)}


def test_lost_answer_to_the_commit(box: Box) -> None:
    """A commit whose answer was lost is not repeated: each file is Unreachable, none twice."""
    memory = MemoryProvider()
    items = [item(memory, f"{number}", b"content %d" % number) for number in range(3)]
    box.emulator.faults.add("drop-after", path=FINISH)
    results = box.open(pace=box.pacer()).carry(memory, items)
    assert [type(each) for each in results] == [Unreachable] * 3
    assert len(box.people.tree()) == 3


def test_dropbox_is_away(box: Box) -> None:
    """Where Dropbox does not answer each file is Unreachable, and nothing is raised."""
    memory = MemoryProvider()
    items = [item(memory, f"{number}", b"content") for number in range(3)]
    box.provider.root()
    box.emulator.faults.add("status", path="upload_session", status=503, times=9)
    results = box.provider.carry(memory, items)
    assert [type(each) for each in results] == [Unreachable] * 3


def test_source_is_away(box: Box) -> None:
    """A source that does not answer is told from a Dropbox that does not."""
    memory = MemoryProvider()
    items = [item(memory, "file", b"content")]
    memory.offline = True
    (result,) = box.provider.carry(memory, items)
    assert isinstance(result, Unreachable)
    assert result.reading
