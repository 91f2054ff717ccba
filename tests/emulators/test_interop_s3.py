"""The engine between a bucket and another storage: in step both ways, also after it was killed."""

from collections.abc import Iterator
from typing import Any

import pytest

from syncoxiders.adapters.memory.clock import MemoryClock
from syncoxiders.adapters.memory.provider import MemoryProvider
from syncoxiders.adapters.memory.state import MemoryBlobStore, MemoryStateStore
from syncoxiders.adapters.providers.s3 import connect
from syncoxiders.adapters.providers.s3.provider import PARTS_AT_ONCE
from syncoxiders.core.model import Endpoint
from syncoxiders.core.rule import Rule
from syncoxiders.engine.context import Context, Options
from syncoxiders.engine.report import Outcome
from syncoxiders.engine.sync import Run
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.provider import Provider
from tests.adapters.s3_support import BUCKET, KEYS, TRASH, CutPace, Dead
from tests.contracts.provider_harness import pattern
from tests.emulators.s3 import S3Server

MIB = 1 << 20


class Pair:
    """A memory provider and a bucket, in one sync. Each run is a process of its own."""

    def __init__(self, server: S3Server, client: Any) -> None:
        self.app = server.app
        self.url = server.url
        self.client = client
        client.create_bucket(Bucket=BUCKET)
        self.clock = MemoryClock(tick=1.0)
        self.memory = MemoryProvider(clock=self.clock, name="memory")
        self.store = MemoryStateStore()
        self.blobs = MemoryBlobStore()

    def run(self, *, dies_after: int | None = None) -> Outcome:
        pace = CutPace()
        account = Account("ours", "s3", settings={"url": self.url})
        bucket = connect(account, KEYS, BUCKET, pace=pace, single=5 * MIB)
        providers: dict[str, Provider] = {"memory": self.memory, "bucket": bucket}
        traits = {name: provider.traits for name, provider in providers.items()}
        rule = Rule(endpoints=tuple(Endpoint(name, name, traits[name]) for name in providers))
        if dies_after is not None:
            pace.left = dies_after
        context = Context(
            store=self.store.sync("me", "sync"),
            providers=providers,
            rule=rule,
            clock=self.clock,
            blobs=self.blobs,
            options=Options(),
        )
        self.app.calls.clear()
        return Run(context).run()

    def write(self, key: str, data: bytes) -> None:
        self.client.put_object(Bucket=BUCKET, Key=key, Body=data)

    def listed(self) -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        return [each["Key"] for page in pages for each in page.get("Contents", ())]

    def tree(self) -> dict[str, bytes | None]:
        found: dict[str, bytes | None] = {}
        for key in self.listed():
            if key.startswith(TRASH):
                continue
            names = key.split("/")
            for number in range(1, len(names)):
                found["/".join(names[:number])] = None
            if not key.endswith("/"):
                found[key] = self.client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return found

    def agreed(self) -> dict[str, bytes | None]:
        """Return the tree that both have; fails if they differ."""
        assert self.tree() == self.memory.tree()
        return self.memory.tree()

    def quiet(self) -> None:
        """Make sure that a further run finds nothing to do."""
        before = self.memory.mutations
        outcome = self.run()
        assert outcome.word == "done", outcome
        assert self.memory.mutations == before
        assert not self.asked("PUT") + self.asked("DELETE") + self.asked("POST")

    def asked(self, method: str, part: str = "") -> list[str]:
        return [call for call in self.app.calls if call.startswith(method) and part in call]


@pytest.fixture(scope="module")
def served() -> Iterator[S3Server]:
    with S3Server() as server:
        yield server


@pytest.fixture(scope="module")
def people(served: S3Server) -> Any:
    return served.client()


@pytest.fixture
def pair(served: S3Server, people: Any) -> Iterator[Pair]:
    yield Pair(served, people)
    served.reset()


def filled(pair: Pair) -> dict[str, bytes | None]:
    """Bring both in step over a small tree that began on both sides."""
    pair.memory.write("folder/inner/one", b"1")
    pair.memory.write("folder/two", b"22")
    pair.memory.mkdir("empty")
    pair.write("theirs/three", b"333")
    pair.write("four", b"4444")
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


def test_changes(pair: Pair) -> None:
    """Edits and deletions of either side reach the other; what we delete is kept."""
    filled(pair)
    pair.memory.write("four", b"edited here")
    pair.write("folder/two", b"edited there")
    pair.memory.remove("theirs/three")
    pair.client.delete_object(Bucket=BUCKET, Key="folder/inner/one")
    for _ in range(3):
        pair.run()
        pair.clock.advance(600)
    tree = pair.agreed()
    assert (tree["four"], tree["folder/two"]) == (b"edited here", b"edited there")
    assert "theirs/three" not in tree
    assert "folder/inner/one" not in tree
    kept = {
        pair.client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        for key in pair.listed()
        if key.startswith(TRASH)
    }
    assert kept == {b"333"}
    pair.quiet()


def test_conflict(pair: Pair) -> None:
    """Of two edits of one file both survive, on both sides."""
    filled(pair)
    pair.memory.write("four", b"edited here")
    pair.write("four", b"edited there")
    pair.run()
    assert {b"edited here", b"edited there"} <= set(pair.agreed().values())
    pair.quiet()


def test_renamed_folder(pair: Pair) -> None:
    """A folder that is renamed is moved within the bucket: no content goes either way."""
    for number in range(30):
        pair.memory.write(f"folder/{number}", b"%d" % number)
    pair.run()
    pair.memory.rename("folder", "renamed")
    assert pair.run().word == "done"
    assert not pair.asked("GET", "/folder/") + pair.asked("GET", "/renamed/")
    assert len(pair.asked("PUT", "/renamed/")) == 31
    assert len(pair.agreed()) == 31
    pair.quiet()


def test_folder_renamed_in_the_bucket(pair: Pair) -> None:
    """What people moved in the bucket, by copying and deleting, is moved on the other side."""
    for number in range(10):
        pair.memory.write(f"folder/{number}", b"content %d" % number)
    pair.run()
    ids = {pair.memory.entry(f"folder/{number}").id for number in range(10)}
    for key in [key for key in pair.listed() if key.startswith("folder/")]:
        source = {"Bucket": BUCKET, "Key": key}
        pair.client.copy_object(Bucket=BUCKET, Key=f"renamed/{key[7:]}", CopySource=source)
        pair.client.delete_object(Bucket=BUCKET, Key=key)
    for _ in range(3):
        pair.run()
        pair.clock.advance(600)
    assert len(pair.agreed()) == 11
    assert {pair.memory.entry(f"renamed/{number}").id for number in range(10)} == ids
    pair.quiet()


def test_large_file_goes_on(pair: Pair) -> None:
    """A large file whose upload is killed is continued: no part that had arrived is sent again.

    What was under way beside the part that failed may be, for nobody heard whether it arrived.
    """
    data = pattern(22 * MIB)
    pair.memory.write("large", data)
    with pytest.raises(Dead):
        pair.run(dies_after=9)
    sent = pair.asked("PUT", "partNumber=")
    assert sent, "it was to die in the middle of the upload"
    assert "large" not in pair.tree()
    assert pair.run().word == "done"
    sent += pair.asked("PUT", "partNumber=")
    assert len({call.partition("?")[2] for call in sent}) == 5
    assert len(sent) - 5 < PARTS_AT_ONCE
    assert pair.agreed() == {"large": data}
    pair.quiet()


@pytest.mark.parametrize("first", range(0, 60, 12))
def test_killed_at_any_request(pair: Pair, first: int) -> None:
    """Killed again and again while it makes, edits, moves and deletes, it comes to the same end."""
    filled(pair)
    pair.memory.rename("folder", "renamed")
    pair.memory.write("renamed/two", b"edited")
    pair.memory.rename("four", "theirs/four")
    pair.memory.remove("theirs/three")
    pair.memory.write("new/file", b"new")
    for after in range(first, first + 12, 3):
        try:
            pair.run(dies_after=after)
        except Dead:
            continue
    for _ in range(3):
        pair.run()
        pair.clock.advance(600)
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
