"""The engine with a OneDrive: what the service does to files of its own comes to rest."""

from collections.abc import Iterator

import pytest

from syncoxiders.adapters.memory.provider import MemoryProvider
from syncoxiders.adapters.memory.state import MemoryBlobStore, MemoryStateStore
from syncoxiders.core.model import Endpoint
from syncoxiders.core.rule import Rule
from syncoxiders.engine.context import Context
from syncoxiders.engine.report import Outcome
from syncoxiders.engine.sync import Run
from syncoxiders.ports.provider import Provider
from tests.adapters.onedrive_support import MTIME, Cloud, served, shape
from tests.emulators.serving import Request

WRITES = {"POST", "PUT", "PATCH", "DELETE"}


class Pair:
    """A folder in memory and a folder of a drive, kept in step."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.local = MemoryProvider(clock=cloud.clock)
        self.providers: dict[str, Provider] = {"local": self.local, "cloud": cloud.provider}
        self.store = MemoryStateStore()
        self.blobs = MemoryBlobStore()

    def run(self) -> Outcome:
        endpoints = tuple(
            Endpoint(name, name, provider.traits) for name, provider in self.providers.items()
        )
        context = Context(
            store=self.store.sync("me", "sync"),
            providers=self.providers,
            rule=Rule(endpoints=endpoints),
            clock=self.cloud.clock,
            blobs=self.blobs,
        )
        return Run(context).run()

    def written(self) -> list[Request]:
        """Run once more; return what was written to the drive."""
        with self.cloud.requests() as made:
            self.run()
        return [each for each in made if each.method in WRITES]

    def assert_equal(self) -> None:
        assert self.local.tree() == self.cloud.people.tree()


@pytest.fixture(params=["personal", "business"])
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    with served(request.param) as cloud:
        yield Pair(cloud)


@pytest.fixture
def library() -> Iterator[Pair]:
    with served("documentLibrary") as cloud:
        yield Pair(cloud)


def test_both_ways(pair: Pair) -> None:
    """Content goes both ways, a renamed folder is renamed, and then there is nothing to do."""
    pair.local.write("folder/ours", b"ours")
    pair.cloud.people.write("folder/theirs", b"theirs")
    pair.cloud.people.write("empty", b"")
    pair.run()
    pair.assert_equal()
    assert len(pair.local.tree()) == 4
    assert pair.written() == []
    pair.cloud.people.rename("folder", "renamed")
    pair.local.write("empty", b"filled")
    pair.run()
    pair.assert_equal()
    assert pair.local.tree()["renamed/theirs"] == b"theirs"
    pair.cloud.people.delete("renamed/ours")
    pair.local.rename("renamed/theirs", "theirs")
    pair.run()
    pair.assert_equal()
    assert pair.local.tree().keys() == {"renamed", "theirs", "empty"}
    assert pair.written() == []


def test_change_costs_what_it_is(pair: Pair) -> None:
    """After the first look a change is followed by the feed: nothing is listed."""
    for number in range(30):
        pair.local.write(f"folder {number % 3}/{number}", b"content")
    pair.run()
    pair.run()
    pair.cloud.people.write("folder 1/1", b"edited")
    with pair.cloud.requests() as made:
        pair.run()
    pair.assert_equal()
    asked = [shape(each) for each in made]
    assert "GET children" not in asked
    assert asked.count("GET delta") == 1
    assert len(asked) < 10


@pytest.mark.parametrize("when", ["at once", "later"])
def test_rewritten_documents(library: Pair, when: str) -> None:
    """What SharePoint makes of a document comes back once; nothing is sent again."""
    library.cloud.emulator.quirks.rewrites_office = when  # type: ignore[assignment]  # one of them
    library.local.write("report.docx", b"document")
    library.local.write("notes.txt", b"notes")
    library.run()
    assert library.written() == []
    tree = library.cloud.people.tree()
    assert tree["report.docx"] != b"document"
    library.assert_equal()
    assert library.written() == []
    assert library.cloud.people.tree() == tree
    assert library.local.tree() == tree
    library.local.write("report.docx", b"document, edited")
    sent = library.written()
    assert [shape(each) for each in sent] == ["POST createUploadSession", "PUT _upload"]
    for _ in range(2):
        assert library.written() == []
    library.assert_equal()
    assert (library.local.tree()["report.docx"] or b"").startswith(b"document, edited")
    assert len(library.local.tree()) == 2


def test_late_hashes(pair: Pair) -> None:
    """Hashes that the service computes when it likes to bring no byte about."""
    pair.cloud.emulator.quirks.hashes_late = True
    pair.local.write("file", b"content")
    pair.cloud.people.write("theirs", b"theirs")
    pair.cloud.people.entry("theirs").hashed = False
    pair.run()
    pair.assert_equal()
    mutations = pair.local.mutations
    for _ in range(2):
        assert pair.written() == []
    assert pair.local.mutations == mutations


def test_time_that_was_not_set(pair: Pair) -> None:
    """A file that was left with the time of its upload is known again, and is not sent again."""
    pair.local.write("empty", b"", mtime_ns=MTIME)
    pair.cloud.emulator.faults.add("drop-before", method="PATCH")
    pair.run()
    pair.cloud.emulator.faults.clear()
    pair.run()
    sent = [shape(each) for each in pair.written()]
    assert "PUT content" not in sent
    pair.assert_equal()
    assert pair.written() == []
    assert len(pair.local.tree()) == 1


def test_answer_that_was_lost(pair: Pair) -> None:
    """A file whose last answer was lost is found by its hash, and is not sent again."""
    pair.local.write("file", b"content")
    pair.cloud.emulator.faults.add("drop-after", path="/_upload/", method="PUT")
    pair.run()
    assert pair.written() == []
    pair.assert_equal()
    assert pair.local.tree() == {"file": b"content"}


def test_names_come_back(pair: Pair) -> None:
    """Names that OneDrive does not hold stand there mapped, and come back as they were."""
    for name in (" leading", "trailing.", 'a:b"c', "~tilde", "CON"):
        pair.local.write(name, name.encode())
    pair.run()
    assert pair.written() == []
    stands = pair.cloud.people.tree()
    assert set(stands.values()) == set(pair.local.tree().values())
    for name in stands:
        pair.cloud.people.write(name, b"edited")
    pair.run()
    assert set(pair.local.tree()) == {" leading", "trailing.", 'a:b"c', "~tilde", "CON"}
    assert set(pair.local.tree().values()) == {b"edited"}
