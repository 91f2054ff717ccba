"""Many small files go to Drive with one request each, and no precondition is given up for it."""

from collections.abc import Iterator

import pytest

from syncoxiders.adapters.memory.provider import MemoryProvider
from syncoxiders.core.model import Entry, Ref
from syncoxiders.ports.errors import Occupied, ProviderError, Refused, Stale, Unreachable, Vanished
from syncoxiders.ports.provider import Attributes, Carry
from tests.adapters.drive_support import Stage, serving, staged
from tests.contracts.provider_harness import ROOT_REF
from tests.emulators.serving import Server

CREATE = ("POST", "^/upload/drive/v3/files$")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def s(server: Server) -> Iterator[Stage]:
    with staged(server) as stage:
        yield stage


@pytest.fixture
def source() -> MemoryProvider:
    return MemoryProvider()


def item(source: MemoryProvider, name: str, data: bytes, parent: Ref = ROOT_REF) -> Carry:
    entry = source.write(name, data)
    return Carry(Ref(entry.id, name), entry.version, parent, name, len(data), Attributes())


def carried(s: Stage, source: MemoryProvider, *items: Carry) -> list[Entry | ProviderError]:
    return s.provider.carry(source, list(items))


def test_few_requests(s: Stage, source: MemoryProvider) -> None:
    """For sixty files in two folders there are sixty requests, and a few besides."""
    s.people.mkdir("one")
    s.people.mkdir("two")
    folders = [Ref(s.entry(name).id, name) for name in ("one", "two")]
    items = [item(source, f"file{n}", b"%d" % n, folders[n % 2]) for n in range(60)]
    carried(s, source, item(source, "first", b"which fetches ids for all"))
    calls = s.requests(lambda: carried(s, source, *items))
    assert sum(call.startswith("POST /upload") for call in calls) == 60
    assert len(calls) <= 60 + 2 * 2 * 2
    assert len(s.people.tree()) == 63


def test_person_was_there(s: Stage, source: MemoryProvider) -> None:
    """Where a file stands already it stays alone, and only that item fails."""
    s.people.write("taken", b"person's")
    results = carried(s, source, item(source, "taken", b"ours"), item(source, "free", b"free"))
    assert isinstance(results[0], Occupied)
    assert isinstance(results[1], Entry)
    assert s.people.tree() == {"taken": b"person's", "free": b"free"}


def test_person_was_quicker(s: Stage, source: MemoryProvider) -> None:
    """What a person put at a place after we had looked stays alone there; ours is withdrawn."""
    s.before(*CREATE, lambda: s.people.write("file", b"person's"))
    s.before(*CREATE, s.tick)
    (result,) = carried(s, source, item(source, "file", b"ours"))
    assert isinstance(result, Occupied)
    assert s.people.tree() == {"file": b"person's"}
    assert b"ours" in s.people.kept()


def test_lost_answer(s: Stage, source: MemoryProvider) -> None:
    """A file whose answer was lost is found by its id, and is there once."""
    s.emulator.faults.add("drop-after", path="^/upload/")
    (result,) = carried(s, source, item(source, "file", b"content"))
    assert isinstance(result, Entry)
    assert s.people.tree() == {"file": b"content"}


def test_folder_is_gone(s: Stage, source: MemoryProvider) -> None:
    """A folder that is not there any more fails its items, and no others."""
    s.people.mkdir("gone")
    gone = Ref(s.entry("gone").id, "gone")
    s.people.remove("gone")
    results = carried(s, source, item(source, "a", b"a", gone), item(source, "b", b"b"))
    assert isinstance(results[0], Vanished)
    assert isinstance(results[1], Entry)
    assert s.people.tree() == {"b": b"b"}


def test_each_for_itself(s: Stage, source: MemoryProvider) -> None:
    """What cannot be read, or has no name there, says so; whose fault it is is marked."""
    changed = item(source, "changed", b"old")
    source.write("changed", b"new")
    refused = Carry(changed.source, changed.version, ROOT_REF, "a/b", 3, Attributes())
    results = carried(s, source, changed, refused, item(source, "fine", b"fine"))
    assert isinstance(results[0], Stale)
    assert results[0].reading
    assert isinstance(results[1], Refused)
    assert isinstance(results[2], Entry)
    assert s.people.tree() == {"fine": b"fine"}


def test_network_fails(s: Stage, source: MemoryProvider) -> None:
    """Files that could not be looked at are told as unreachable, and none is left half-way."""
    s.emulator.faults.add("drop-before", path="^/drive/v3/files$", times=9)
    results = carried(s, source, item(source, "a", b"a"), item(source, "b", b"b"))
    assert all(isinstance(each, Unreachable) for each in results)
    assert s.people.tree() == {}


def test_long_names(s: Stage, source: MemoryProvider) -> None:
    """Names that one query cannot hold together are asked for in several."""
    items = [item(source, f"{number:03}{'ü' * 100}", b"x") for number in range(40)]
    results = carried(s, source, *items)
    assert all(isinstance(each, Entry) for each in results)
    assert len(s.people.tree()) == 40
