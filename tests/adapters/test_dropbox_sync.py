"""A folder in memory and an emulated Dropbox are kept in step by the engine, over the wire."""

from collections.abc import Iterator

import pytest

from syncoxiders.adapters.memory.clock import MemoryClock
from syncoxiders.adapters.memory.provider import MemoryProvider
from syncoxiders.adapters.memory.state import MemoryBlobStore, MemoryStateStore
from syncoxiders.core.model import Endpoint
from syncoxiders.core.names import QUOTE
from syncoxiders.core.rule import Rule
from syncoxiders.engine.context import Context, Options
from syncoxiders.engine.report import Outcome
from syncoxiders.engine.sync import Run
from syncoxiders.ports.provider import Provider
from tests.adapters.dropbox_support import MIB, Box, served


class Pair:
    """A memory provider ``a`` and a Dropbox ``b`` in one two-way sync."""

    def __init__(self, box: Box) -> None:
        self.box = box
        self.clock = MemoryClock(start=box.emulator.now(), tick=1.0)
        self.a = MemoryProvider(clock=self.clock, name="a")
        self.b = box.people
        self.store = MemoryStateStore()
        self.blobs = MemoryBlobStore()

    def run(self) -> Outcome:
        """Let a process of its own bring both in step."""
        dropbox = self.box.open(pace=self.box.pacer(), documents="export")
        providers: dict[str, Provider] = {"a": self.a, "b": dropbox}
        rule = Rule(
            endpoints=tuple(Endpoint(name, name, each.traits) for name, each in providers.items())
        )
        context = Context(
            store=self.store.sync("me", "sync"),
            providers=providers,
            rule=rule,
            clock=self.clock,
            blobs=self.blobs,
            options=Options(),
        )
        return Run(context).run()

    def in_step(self) -> dict[str, bytes | None]:
        """Run, make sure that both are equal and that nothing is left to do."""
        outcome = self.run()
        assert outcome.word == "done", outcome
        before, mutations = self.box.emulator.tree.number, self.a.mutations
        assert self.a.tree() == self.b.tree()
        assert self.run().word == "done"
        assert (self.box.emulator.tree.number, self.a.mutations) == (before, mutations)
        return self.a.tree()


@pytest.fixture
def pair() -> Iterator[Pair]:
    with served() as box:
        yield Pair(box)


def test_first_contact(pair: Pair) -> None:
    """What each side has the other gets, equal files are adopted, and empty folders count."""
    pair.a.write("both", b"equal", mtime_ns=1_600_000_000_000_000_000)
    pair.b.write("both", b"equal", mtime_ns=1_600_000_000_000_000_000)
    pair.a.write("docs/one", b"one")
    pair.b.write("docs/two", b"two")
    pair.b.mkdir("empty")
    pair.a.write("large", bytes(3 * MIB))
    assert pair.in_step().keys() == {"both", "docs", "docs/one", "docs/two", "empty", "large"}


def test_everything_that_people_do(pair: Pair) -> None:
    """Edits, renames, moves and deletions go both ways, and are moves where they are moves."""
    for number in range(20):
        pair.a.write(f"folder/inner/{number}", b"content %d" % number)
    pair.a.write("a", b"A")
    pair.a.write("b", b"B")
    pair.in_step()
    pair.b.rename("folder", "renamed")
    pair.b.write("renamed/inner/0", b"edited there")
    pair.b.remove("renamed/inner/1")
    pair.b.rename("a", "c")
    pair.a.rename("b", "folder of mine/b")
    pair.a.write("new", b"new here")
    made = pair.a.calls["upload"]
    tree = pair.in_step()
    assert tree["renamed/inner/0"] == b"edited there"
    assert "renamed/inner/1" not in tree
    assert {"c", "folder of mine/b", "new", "renamed/inner/19"} <= tree.keys()
    assert pair.a.calls["upload"] == made + 1, "a move was made by an upload"


def test_costs_follow_changes(pair: Pair) -> None:
    """A run that finds one change asks the feed and writes; it lists nothing."""
    for number in range(60):
        pair.a.write(f"{number % 6}/{number}", b"content %d" % number)
    pair.in_step()
    pair.b.write("3/3", b"edited")
    with pair.box.requests() as made:
        pair.run()
    assert not any(route.endswith("list_folder") for route in made)
    assert len(made) <= 12, made
    pair.in_step()


def test_first_copy_is_carried(pair: Pair) -> None:
    """Many small files go to Dropbox by few commits."""
    for number in range(150):
        pair.a.write(f"folder/{number}", b"content %d" % number)
    with pair.box.requests() as made:
        pair.run()
    assert sum("finish_batch" in route for route in made) <= 3
    assert "upload" not in made
    pair.in_step()


def test_both_edited(pair: Pair) -> None:
    """A conflict keeps both contents on both sides."""
    pair.a.write("file", b"old")
    pair.in_step()
    pair.a.write("file", b"mine", mtime_ns=1_700_000_000_000_000_000)
    pair.b.write("file", b"theirs", mtime_ns=1_800_000_000_000_000_000)
    tree = pair.in_step()
    assert sorted(filter(None, tree.values())) == [b"mine", b"theirs"]


def test_names_that_dropbox_cannot_hold(pair: Pair) -> None:
    """An emoji, a system file and a trailing space are held under another name, and come back."""
    names = ["so \U0001f600.txt", "desktop.ini", "end "]
    for name in names:
        pair.a.write(name, name.encode())
    assert pair.run().word == "done"
    there = pair.b.tree()
    assert sorted(there.values(), key=str) == sorted((n.encode() for n in names), key=str)
    assert all(QUOTE in path for path in there)
    pair.b.write(next(path for path in there if "1F600" in path), b"edited there")
    pair.run()
    assert pair.a.tree().keys() == set(names)
    assert pair.a.tree()[names[0]] == b"edited there"


def test_names_that_differ_in_case(pair: Pair) -> None:
    """Of two names that are one to Dropbox each gets a place of its own there."""
    pair.a.write("name", b"one")
    pair.a.write("NAME", b"two")
    pair.run()
    assert sorted(filter(None, pair.b.tree().values())) == [b"one", b"two"]
    pair.run()
    assert pair.a.tree() == {"name": b"one", "NAME": b"two"}


def test_another_case(pair: Pair) -> None:
    """A name whose case is changed here has the new case there."""
    pair.a.write("Folder/name", b"content")
    pair.in_step()
    pair.a.rename("Folder/name", "Folder/NAME")
    pair.a.rename("Folder", "FOLDER")
    assert pair.in_step().keys() == {"FOLDER", "FOLDER/NAME"}


def test_time_alone(pair: Pair) -> None:
    """A file whose modified time alone is changed here is let be there, and nothing flaps."""
    pair.a.write("file", b"content", mtime_ns=1_600_000_000_000_000_000)
    pair.in_step()
    pair.a.write("file", b"content", mtime_ns=1_650_000_000_000_000_000)
    pair.in_step()
    pair.b.write("file", b"content", mtime_ns=1_660_000_000_000_000_000)
    pair.in_step()


def test_lost_answers(pair: Pair) -> None:
    """Where answers are lost the next run finds what was done, and nothing is there twice."""
    for number in range(5):
        pair.a.write(f"{number}", b"content %d" % number)
    pair.box.emulator.faults.add("drop-after", path="finish_batch")
    pair.run()
    tree = pair.in_step()
    assert tree == {f"{number}": b"content %d" % number for number in range(5)}
    assert pair.b.kept() == []


def test_lost_root(pair: Pair) -> None:
    """A root that is gone deletes nothing at the other side."""
    pair.a.write("folder/file", b"content")
    pair.in_step()
    pair.b.lose_root()
    outcome = pair.run()
    assert outcome.word != "done"
    assert pair.a.tree() == {"folder": None, "folder/file": b"content"}


def test_lost_cursor(pair: Pair) -> None:
    """After a cursor that Dropbox gave up everything is looked at, and nothing is missed."""
    pair.a.write("folder/file", b"content")
    pair.in_step()
    pair.b.write("folder/new", b"new")
    pair.b.remove("folder/file")
    pair.box.emulator.listing.reset()
    assert pair.in_step().keys() == {"folder", "folder/new"}


def test_documents(pair: Pair) -> None:
    """A Paper document is kept as a file that follows it; what is written to that stays here."""
    pair.b.write("folder/file", b"content")
    pair.b.add_paper("folder/Notes.paper", b"# Notes")
    assert pair.run().word == "done"
    name = "folder/Notes.paper.html"
    assert pair.a.tree()[name] == b"<p># Notes</p>"
    before = pair.a.mutations
    assert pair.run().word == "done"
    assert pair.a.mutations == before
    pair.b.add_paper("folder/Notes.paper", b"# Edited")
    pair.run()
    assert pair.a.tree()[name] == b"<p># Edited</p>"
    pair.b.rename("folder", "moved")
    pair.run()
    assert pair.a.tree().keys() == {"moved", "moved/file", "moved/Notes.paper.html"}
    pair.b.add_paper("moved/Short.paper", b"# Short")
    pair.run()
    assert "moved/Short.paper.html" in pair.a.tree()
    pair.b.remove("moved/Short.paper")
    pair.run()
    assert "moved/Short.paper.html" not in pair.a.tree()
    pair.a.write("moved/Notes.paper.html", b"mine")
    outcome = pair.run()
    assert outcome.word == "partial", outcome
    assert b"mine" in pair.a.tree().values()
    assert "moved/Notes.paper" in pair.b.tree()


def test_shared_folder_that_is_left(pair: Pair) -> None:
    """A shared folder that goes from the Dropbox is not deleted here, and comes back with news."""
    pair.b.write("team/file", b"content")
    pair.b.write("team/deleted", b"content")
    pair.b.share("team")
    pair.in_step()
    pair.b.remove("team/deleted")
    assert pair.in_step() == {"team": None, "team/file": b"content"}
    pair.b.leave("team")
    pair.run()
    assert pair.a.tree() == {"team": None, "team/file": b"content"}
    pair.b.join("team")
    pair.b.write("team/file", b"edited there")
    pair.run()
    assert pair.a.tree() == {"team": None, "team/file": b"edited there"}


def test_file_that_is_restricted(pair: Pair) -> None:
    """A file that Dropbox does not give out is reported; the others arrive."""
    pair.b.write("restricted", b"secret")
    pair.b.write("other", b"content")
    pair.b.restrict("restricted")
    outcome = pair.run()
    assert outcome.word == "partial"
    assert pair.a.tree() == {"other": b"content"}
