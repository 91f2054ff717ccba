"""Carrying many small files from one folder to another: as good as one by one."""

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from syncoxiders.adapters.memory.provider import MemoryProvider
from syncoxiders.adapters.providers.folder import FolderProvider, _linux, provider
from syncoxiders.core.model import ROOT_ENTRY, Entry, Kind, Ref
from syncoxiders.ports.errors import Occupied, Stale, Vanished
from syncoxiders.ports.provider import Attributes, Carry
from tests.contracts.provider_harness import KnownTree

TIME = 1_600_000_000_123_456_789


def look(provider: FolderProvider) -> list[Entry]:
    known = KnownTree()
    for delta in provider.rescan(known):
        known.apply(delta)
    return sorted(known.children(ROOT_ENTRY), key=lambda each: each.name)


class Pair:
    """Two folders, and what the left one holds."""

    def __init__(self, tmp_path: Path) -> None:
        self.left, self.right = tmp_path / "left", tmp_path / "right"
        self.left.mkdir()
        self.right.mkdir()
        self.source, self.target = FolderProvider(self.left), FolderProvider(self.right)

    def write(self, name: str | bytes, data: bytes) -> None:
        path = self.left / os.fsdecode(name)
        path.write_bytes(data)
        os.utime(path, ns=(TIME, TIME))

    def items(self) -> list[Carry]:
        return [
            Carry(
                source=Ref(entry.id, entry.name),
                version=entry.version,
                parent=Ref(ROOT_ENTRY, ""),
                name=entry.name,
                size=entry.size,
                attributes=Attributes(
                    kind=entry.kind, mtime_ns=entry.mtime_ns, executable=entry.executable
                ),
            )
            for entry in look(self.source)
            if entry.kind is Kind.FILE
        ]


@pytest.fixture(params=["here", "processes"])
def pair(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Pair]:
    monkeypatch.setattr(provider, "_MANY", 0 if request.param == "processes" else 1 << 30)
    pair = Pair(tmp_path)
    yield pair
    pair.target.close()


def carried(pair: Pair, items: list[Carry]) -> list[object]:
    results = pair.target.carry(pair.source, items)
    assert results is not None
    return list(results)


def test_what_is_carried_is_what_a_look_finds(pair: Pair) -> None:
    """Each result is the entry that a rescan reports, with the hash of the bytes; nothing more."""
    for number in range(50):
        pair.write(f"f{number}", b"x" * number)
    (pair.left / "f7").chmod(0o755)
    results = carried(pair, pair.items())
    found = {entry.name: entry for entry in look(pair.target)}
    for result in results:
        assert isinstance(result, Entry)
        assert result.hashes.startswith("sha256:")
        seen = found.pop(result.name)
        assert (seen.id, seen.version, seen.mark) == (result.id, result.version, result.mark)
        assert (pair.right / result.name).read_bytes() == (pair.left / result.name).read_bytes()
        assert (pair.right / result.name).stat().st_mtime_ns == TIME
    assert not found
    assert os.access(pair.right / "f7", os.X_OK)


def test_each_item_fails_by_itself(pair: Pair) -> None:
    """What cannot be carried says why, in its place; the others are carried."""
    for name in ("changed", "gone", "occupied", "plain"):
        pair.write(name, b"before")
    items = pair.items()
    pair.write("changed", b"after!!")
    (pair.left / "gone").unlink()
    (pair.right / "occupied").write_bytes(b"theirs")
    changed, gone, occupied, plain = carried(pair, items)
    assert isinstance(changed, Stale)
    assert isinstance(gone, Vanished)
    assert isinstance(occupied, Occupied)
    assert isinstance(plain, Entry)
    assert (pair.right / "occupied").read_bytes() == b"theirs"
    assert sorted(each.name for each in pair.right.iterdir()) == ["occupied", "plain"]


def test_what_is_unusual_goes_the_long_way(pair: Pair) -> None:
    """Names that are no text, hard links and larger files are carried all the same."""
    pair.write(b"caf\xe9", b"not utf-8")
    pair.write("one", b"linked")
    os.link(pair.left / "one", pair.left / "two")
    pair.write("large", bytes(1 << 19))
    results = carried(pair, pair.items())
    assert all(isinstance(result, Entry) for result in results)
    names = sorted(os.fsencode(each.name) for each in pair.right.iterdir())
    assert names == [b"caf\xe9", b"large", b"one", b"two"]


def test_a_parent_that_was_exchanged_is_not_written_to(pair: Pair) -> None:
    """A folder that is another by now takes nothing."""
    pair.write("file", b"data")
    (item,) = pair.items()
    folder = pair.target.make_folder(Ref(ROOT_ENTRY, ""), "sub")
    (pair.right / "sub").rename(pair.right / "old")
    (pair.right / "sub").mkdir()
    moved = Carry(
        source=item.source,
        version=item.version,
        parent=Ref(folder.id, "sub"),
        name="file",
        size=item.size,
        attributes=item.attributes,
    )
    (result,) = carried(pair, [moved])
    assert isinstance(result, Stale)
    assert not list((pair.right / "sub").iterdir())


def test_a_process_that_dies_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a dead process left undone is done here."""
    monkeypatch.setattr(provider, "_MANY", 0)
    pair = Pair(tmp_path)
    for number in range(10):
        pair.write(f"f{number}", b"%d" % number)
    items = pair.items()
    assert len(carried(pair, items[:5])) == 5
    for worker in pair.target._workers._free:
        worker._process.kill()
        worker._process.wait()
    results = carried(pair, items[5:])
    assert all(isinstance(result, Entry) for result in results)
    assert len(list(pair.right.iterdir())) == 10
    pair.target.close()


def test_more_threads_than_processes_wait_for_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While every process is at work the next job waits, and is not done here."""
    monkeypatch.setattr(provider, "_MANY", 0)
    monkeypatch.setattr(provider, "_PROCESSORS", 1)
    pair = Pair(tmp_path)
    for number in range(12):
        pair.write(f"f{number}", b"%d" % number)
    items = pair.items()
    here: list[object] = []
    monkeypatch.setattr(pair.target, "carry_here", lambda *_, **__: here.append(_))
    with ThreadPoolExecutor(4) as pool:
        jobs = [items[start : start + 3] for start in range(0, 12, 3)]
        results = [each for job in pool.map(lambda job: carried(pair, job), jobs) for each in job]
    assert all(isinstance(result, Entry) for result in results)
    assert len(results) == 12
    assert not here
    pair.target.close()


def test_what_a_process_wrote_is_settled(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file system that files were carried to is synced, whoever wrote them, and once."""
    synced: list[int] = []
    monkeypatch.setattr(_linux, "sync_file_system", lambda fd: synced.append(os.fstat(fd).st_dev))
    pair.write("file", b"data")
    carried(pair, pair.items())
    pair.target.settle()
    pair.target.settle()
    assert synced == [pair.right.stat().st_dev]


def test_who_settles_second_waits_for_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was written before settling is durable after it, even if another is at it already."""
    pair = Pair(tmp_path)
    begun, go_on = threading.Event(), threading.Event()

    def sync(_: int) -> None:
        begun.set()
        assert go_on.wait(10)

    monkeypatch.setattr(_linux, "sync_file_system", sync)
    pair.write("file", b"data")
    carried(pair, pair.items())
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(pair.target.settle)
        assert begun.wait(10)
        second = pool.submit(pair.target.settle)
        with pytest.raises(TimeoutError):
            second.result(0.1)
        go_on.set()
        first.result(10)
        second.result(10)


def test_only_folders_are_carried_from(tmp_path: Path) -> None:
    """From another kind of provider nothing is carried, and that is said beforehand."""
    pair = Pair(tmp_path)
    assert pair.target.can_carry(pair.source)
    assert not pair.target.can_carry(MemoryProvider())
