"""The engine between Google Drive and another storage: in step both ways, also after a kill."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest

from syncoxiders.adapters.memory.clock import MemoryClock
from syncoxiders.adapters.memory.pace import MemoryPace
from syncoxiders.adapters.memory.provider import MemoryProvider
from syncoxiders.adapters.memory.state import MemoryBlobStore, MemoryStateStore
from syncoxiders.core.model import Endpoint
from syncoxiders.core.rule import Rule
from syncoxiders.engine.context import Context, Options
from syncoxiders.engine.report import Outcome
from syncoxiders.engine.sync import Run
from syncoxiders.ports.provider import Provider
from tests.adapters.drive_support import Stage, serving, staged
from tests.contracts.provider_harness import pattern
from tests.emulators.serving import Server

T = TypeVar("T")
MIB = 1 << 20


class Dead(BaseException):
    """The process is killed: nothing that it still wants to ask is asked."""


class Mortal(MemoryPace):
    """A pace that dies with a request: before it is made, or when it is ``done``."""

    def __init__(self, left: int | None, *, done: bool) -> None:
        super().__init__()
        self.left = 1_000_000 if left is None else left
        self.done = done

    def __call__(
        self, request: Callable[[], T], *, repeatable: bool = True, writes: bool = False
    ) -> T:
        self.left -= 1
        if self.left < 0 and not (self.done and self.left == -1):
            raise Dead
        answer = super().__call__(request, repeatable=repeatable, writes=writes)
        if self.left < 0:
            raise Dead
        return answer


class Pair:
    """A memory provider and a folder in a Drive, in one sync. Each run is a process of its own."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.people = stage.people
        self.clock = MemoryClock(tick=1.0)
        self.memory = MemoryProvider(clock=self.clock, name="memory")
        self.store = MemoryStateStore()
        self.blobs = MemoryBlobStore()

    def run(self, *, dies_after: int | None = None, done: bool = False, **how: Any) -> Outcome:
        drive = self.stage.open(pace=Mortal(dies_after, done=done), **how)
        providers: dict[str, Provider] = {"memory": self.memory, "drive": drive}
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
        self.stage.emulator.calls.clear()
        return Run(context).run()

    def agreed(self) -> dict[str, bytes | None]:
        """Return the tree that both have; fails if they differ."""
        tree = self.memory.tree()
        assert self.people.tree() == tree
        return tree

    def quiet(self) -> None:
        """Make sure that a further run finds nothing to do, and asks next to nothing."""
        before = self.memory.mutations
        outcome = self.run()
        assert outcome.word == "done", outcome
        assert self.memory.mutations == before
        assert not [call for call in self.asked() if not call.startswith("GET")]

    def asked(self, part: str = "") -> list[str]:
        return [call for call in self.stage.emulator.calls if part in call]

    def settle(self) -> None:
        """Run until what waits a while has been waited for."""
        for _ in range(3):
            self.run()
            self.clock.advance(600)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def pair(server: Server) -> Iterator[Pair]:
    with staged(server) as stage:
        yield Pair(stage)


def filled(pair: Pair) -> dict[str, bytes | None]:
    """Bring both in step over a small tree that began on both sides."""
    pair.memory.write("folder/inner/one", b"1")
    pair.memory.write("folder/two", b"22")
    pair.memory.mkdir("empty")
    pair.people.write("theirs/three", b"333")
    pair.people.write("four", b"4444")
    assert pair.run().word == "done"
    return pair.agreed()


def test_both_ways(pair: Pair) -> None:
    """What began on either side is on both, with empty folders; then there is nothing to do."""
    assert filled(pair) == {
        "folder": None,
        "folder/inner": None,
        "folder/inner/one": b"1",
        "folder/two": b"22",
        "empty": None,
        "theirs": None,
        "theirs/three": b"333",
        "four": b"4444",
    }
    pair.quiet()
    pair.quiet()
    assert len(pair.asked()) <= 3


def test_changes(pair: Pair) -> None:
    """Edits, moves and deletions of either side reach the other; what we delete is kept."""
    filled(pair)
    pair.memory.write("four", b"edited here")
    pair.people.write("folder/two", b"edited there")
    pair.memory.remove("theirs/three")
    pair.people.trash("folder/inner/one")
    pair.people.rename("empty", "folder/moved")
    pair.settle()
    tree = pair.agreed()
    assert (tree["four"], tree["folder/two"]) == (b"edited here", b"edited there")
    assert "folder/moved" in tree
    assert not {"theirs/three", "folder/inner/one", "empty"} & tree.keys()
    assert {b"333", b"4444"} <= set(pair.people.kept())
    pair.quiet()


def test_conflict(pair: Pair) -> None:
    """Of two edits of one file both survive, on both sides."""
    filled(pair)
    pair.memory.write("four", b"edited here")
    pair.people.write("four", b"edited there")
    pair.run()
    assert {b"edited here", b"edited there"} <= set(pair.agreed().values())
    pair.quiet()


def test_edit_between_plan_and_write(pair: Pair) -> None:
    """What a person writes at the last moment survives as a conflict, on both sides."""
    filled(pair)
    pair.memory.write("four", b"edited here")
    pair.stage.before("PATCH", "^/upload/", lambda: pair.people.write("four", b"edited there"))
    pair.settle()
    assert {b"edited here", b"edited there"} <= set(pair.agreed().values())
    pair.quiet()


@pytest.mark.parametrize("where", ["here", "there"])
def test_renamed_folder(pair: Pair, where: str) -> None:
    """A folder that is renamed on either side is one request, whatever is in it."""
    for number in range(300):
        pair.memory.write(f"folder/{number}", b"%d" % number)
    assert pair.run().word == "done"
    pair.quiet()
    if where == "here":
        pair.memory.rename("folder", "renamed")
    else:
        pair.people.rename("folder", "renamed")
    before = pair.memory.mutations
    assert pair.run().word == "done"
    assert len(pair.asked()) < 12
    assert len(pair.asked("PATCH")) == (1 if where == "here" else 0)
    assert pair.memory.mutations - before <= 1
    assert len(pair.agreed()) == 301
    pair.quiet()


def test_what_one_change_costs(pair: Pair) -> None:
    """One edited file in a tree of hundreds is found, read and written without a listing."""
    for number in range(300):
        pair.people.write(f"{number % 10}/{number}", b"%d" % number)
    assert pair.run().word == "done"
    pair.quiet()
    pair.people.write("3/3", b"edited")
    assert pair.run().word == "done"
    assert len(pair.asked()) < 12
    assert pair.agreed()["3/3"] == b"edited"


def test_duplicates_and_documents(pair: Pair) -> None:
    """Files of one name, and documents, are on the other side by names of their own."""
    pair.people.add_duplicate("file.txt", b"old")
    pair.stage.tick()
    young = pair.people.add_duplicate("file.txt", b"young")
    pair.people.add_document("report", b"text")
    pair.people.add_shortcut("shortcut", "report")
    assert pair.run().word == "done"
    tree = pair.memory.tree()
    (twin,) = tree.keys() - {"file.txt", "report.docx"}
    assert (tree["file.txt"], tree[twin]) == (b"old", b"young")
    assert (tree["report.docx"] or b"").endswith(b"text")
    pair.quiet()
    pair.memory.write(twin, b"edited")
    pair.memory.rename("report.docx", "folder/renamed.docx")
    pair.settle()
    assert pair.stage.emulator.drive.need(young).data == b"edited"
    assert pair.people.tree()["folder/renamed"] == b"text"
    pair.quiet()
    pair.people.trash("file.txt")
    pair.settle()
    assert pair.memory.tree().keys() == {"file.txt", "folder", "folder/renamed.docx"}
    assert pair.memory.tree()["file.txt"] == b"edited"
    pair.quiet()


def test_large_file_goes_on(pair: Pair) -> None:
    """A large file whose upload is killed is continued: what is there is not sent again."""
    data = pattern(36 * MIB)
    pair.memory.write("large", data)
    with pytest.raises(Dead):
        pair.run(dies_after=13)
    sent = pair.asked("PUT /upload/")
    assert 1 < len(sent) < 5, "it was to die in the middle of the upload"
    assert pair.people.tree() == {}
    assert pair.run().word == "done"
    again = pair.asked("PUT /upload/")
    assert not pair.asked("POST /upload/")
    assert (
        len(sent) + len(again) <= 5 + 2
    )  # the question how much is there, and the chunk in flight
    assert pair.agreed() == {"large": data}
    pair.quiet()


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("first", range(0, 60, 12))
def test_killed_at_any_request(pair: Pair, first: int, done: bool) -> None:
    """Killed again and again while it makes, edits, moves and deletes, it comes to the same end."""
    filled(pair)
    pair.memory.rename("folder", "renamed")
    pair.memory.write("renamed/two", b"edited")
    pair.memory.rename("four", "theirs/four")
    pair.memory.remove("theirs/three")
    pair.memory.write("new/file", b"new")
    for after in range(first, first + 12, 3):
        try:
            pair.run(dies_after=after, done=done)
        except Dead:
            continue
    pair.settle()
    assert pair.agreed() == {
        "renamed": None,
        "renamed/inner": None,
        "renamed/inner/one": b"1",
        "renamed/two": b"edited",
        "empty": None,
        "theirs": None,
        "theirs/four": b"4444",
        "new": None,
        "new/file": b"new",
    }
    pair.quiet()
