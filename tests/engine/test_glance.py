"""Events that name folders: only these are looked into, and nothing is missed for it."""

from collections.abc import Iterable, Iterator

import pytest

from syncoxiders.adapters.memory.clock import MemoryClock
from syncoxiders.adapters.memory.provider import MemoryProvider
from syncoxiders.adapters.memory.quirks import Quirks
from syncoxiders.core.model import Ref, Traits
from syncoxiders.engine.pipeline.glance import within
from syncoxiders.engine.pipeline.messages import Poll, read
from syncoxiders.engine.pipeline.sweep import sweep
from syncoxiders.ports.errors import Throttled, Unreachable
from syncoxiders.ports.provider import FolderDelta, Known
from tests.engine.deployed import OWNER, Deployed

PATHS = Traits(stable_ids=False, cheap_hash=True)


class Noting(MemoryProvider):
    """A bucket, say: ids are paths, and it has no feed. ``looked`` is what was asked for."""

    def __init__(self, clock: MemoryClock) -> None:
        super().__init__(Quirks(traits=PATHS), clock=clock, name="a")
        self.looked: list[list[str] | None] = []

    def rescan(self, known: Known, folders: Iterable[Ref] | None = None) -> Iterator[FolderDelta]:
        refs = None if folders is None else list(folders)
        self.looked.append(None if refs is None else sorted(each.path for each in refs))
        return super().rescan(known, refs)


class Stage(Deployed):
    def __post_init__(self) -> None:
        super().__post_init__()
        self.bucket = Noting(self.clock)
        self.a = self.bucket
        self.providers["a"] = self.bucket
        for path in ("top", "d/x", "d/e/y", "d/e/f/z", "other/w"):
            self.bucket.write(path, path.encode())
        self.look()
        self.look()
        assert self.b.tree() == self.bucket.tree()
        self.bucket.looked.clear()

    def tell(self, *folders: str) -> None:
        once = f"{len(self.bucket.looked)}"
        self.polls.send([Poll(OWNER, "a", folders).message(f"told-{once}-{self.clock.now()}")])
        self.settle()

    def hints(self) -> int:
        account = self.registry.account(OWNER, "a")
        assert account is not None
        return account.hints - account.polled


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.mark.parametrize(
    ("path", "folder", "looked"),
    [
        ("new", "", ""),
        ("d/x", "d", "d"),
        ("d/e/f/z", "d/e/f", "d/e/f"),
        ("d/e/new/deep/er", "d/e/new/deep", "d/e"),
    ],
)
def test_written(stage: Stage, path: str, folder: str, looked: str) -> None:
    """The deepest folder that is known on the way is looked into, and what is new in it."""
    stage.bucket.write(path, b"changed")
    stage.tell(folder)
    assert stage.bucket.looked == [[looked]]
    assert stage.b.tree() == stage.bucket.tree()
    assert stage.hints() == 0


@pytest.mark.parametrize(
    ("path", "folder", "looked"),
    [("d/x", "d", "d"), ("d/e", "d/e", "d"), ("d/e", "d/e/f", "d"), ("d", "d/e/f", "")],
)
def test_removed(stage: Stage, path: str, folder: str, looked: str) -> None:
    """Of a folder that is gone the nearest one that is there tells."""
    stage.bucket.remove(path)
    stage.tell(folder)
    assert set(map(str, stage.bucket.looked)) == {str([looked])}
    assert stage.b.tree() == stage.bucket.tree()


def test_our_own(stage: Stage) -> None:
    """What we wrote ourselves leads to a look into one folder, and to no plan."""
    stage.b.write("d/new", b"new")
    stage.look()
    stage.bucket.looked.clear()
    stage.tell("d")
    assert stage.bucket.looked == [["d"]]
    assert stage.merges.receive() == []


def test_several(stage: Stage) -> None:
    """Folders of a message are looked into together, each once."""
    stage.bucket.write("d/x", b"1")
    stage.bucket.write("other/w", b"2")
    stage.tell("d", "other", "d/none")
    assert stage.bucket.looked == [["d", "other"]]
    assert stage.b.tree() == stage.bucket.tree()


def test_throttled(stage: Stage) -> None:
    """What could not be looked at is a hint, which is answered when the pause is over."""

    def throttle(_: str) -> None:
        raise Throttled("slower", 60.0)

    stage.bucket.write("d/x", b"changed")
    stage.bucket.on_call = throttle
    stage.tell("d")
    stage.bucket.on_call = None
    stage.clock.advance(1.0)
    stage.tell("d")  # within the pause
    assert stage.bucket.looked == []
    assert stage.hints() == 2
    stage.clock.advance(60.0)
    sweep(stage.pipeline)
    stage.settle()
    assert stage.b.tree() == stage.bucket.tree()
    assert stage.hints() == 0


def test_fails_on_the_way(stage: Stage) -> None:
    """An endpoint that does not answer costs a hint, and no message fails."""

    def fail(what: str) -> None:
        if what == "get":
            raise Unreachable("no network")

    stage.bucket.on_call = fail
    stage.tell("d")
    assert stage.hints() == 1


def test_not_looked_at_yet() -> None:
    """A first look is a look at everything, whatever was told before."""
    deployed = Deployed()
    deployed.a.write("d/x", b"x")
    deployed.polls.send([Poll(OWNER, "a", ("d",)).message("told")])
    deployed.settle()
    assert deployed.store().observed("a").count() == 0
    sweep(deployed.pipeline)
    deployed.settle()
    assert deployed.store().observed("a").count() == 2


def test_elsewhere(stage: Stage) -> None:
    """What is outside the roots of all endpoints is nothing to them."""
    endpoint = stage.settings.endpoints[0]
    inside = type(endpoint)(endpoint.id, endpoint.account, "bucket/inside")
    stage.put(endpoints=(inside, stage.settings.endpoints[1]))
    stage.tell("bucket", "bucket/insider", "other/inside")
    assert stage.bucket.looked == []
    assert stage.hints() == 0


@pytest.mark.parametrize(
    ("root", "folders", "paths"),
    [
        ("", ["a/b", ""], ["a/b", ""]),
        ("a", ["a", "a/b", "ab", "b/a"], ["", "b"]),
        ("a/b", ["a", "a/b/c/d", "a/b"], ["c/d", ""]),
    ],
)
def test_within(root: str, folders: list[str], paths: list[str]) -> None:
    """Folders of a bucket are named below each endpoint's root."""
    assert within(root, folders) == paths


def test_message() -> None:
    """A message without folders is what it always was."""
    plain = Poll("me", "a")
    assert plain.message("x").body == '{"owner":"me","account":"a"}'
    told = Poll("me", "a", ("b/c",))
    assert read(told.message("x").body, Poll) == told
