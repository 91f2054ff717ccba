"""What it takes to follow the events of a bucket that holds much."""

import json
from collections.abc import Callable

import pytest

from syncoxiders.adapters.providers.s3.events import around, touched
from syncoxiders.engine.pipeline.glance import tell
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.registry import EndpointSettings
from tests.adapters.s3_support import *  # noqa: F403 -- the fixtures are its names
from tests.adapters.s3_support import BUCKET, CutPace, World
from tests.engine.deployed import OWNER, Deployed
from tests.functions.stage import object_event

FEW = 10
"""So many requests may be asked of a bucket for one change."""


class Stage:
    """A bucket of some objects, flat and in a folder, kept in step with a folder in memory."""

    def __init__(self, bucket: World, many: int) -> None:
        self.bucket = bucket
        for number in range(many):
            bucket.server.put(BUCKET, f"{number:05}", b"%d" % number)
        bucket.server.put(BUCKET, "deep/er/file", b"file")
        self.deployed = Deployed()
        self.pace = CutPace()
        registry = self.deployed.registry
        registry.put_account(OWNER, Account("a", "s3"), frozenset({BUCKET}))
        first, second = self.deployed.settings.endpoints
        self.deployed.put(endpoints=(EndpointSettings(first.id, "a", BUCKET), second))
        # What was written long ago need not be asked for again, however a listing shows it.
        self.deployed.providers["a"] = bucket.open(pace=self.pace, settling=0.0)
        self.deployed.look()
        self.deployed.look()
        assert len(self.deployed.b.tree()) == many + 3

    def asked(self, key: str, deed: Callable[[], object], kind: str = "Object Created") -> int:
        """Do something to a key, tell of it; returns how many requests that made."""
        self.deployed.clock.advance(10.0)
        deed()
        event = object_event(BUCKET, kind)
        event["detail"]["object"]["key"] = key
        before = self.pace.requests
        tell(
            self.deployed.registry,
            self.deployed.polls,
            "s3",
            around(touched(json.dumps(event).encode())),
        )
        self.deployed.settle()
        return self.pace.requests - before


@pytest.mark.parametrize("many", [30, pytest.param(3_000, marks=pytest.mark.slow)])
def test_requests(w: World, many: int) -> None:
    """One object that changed in a bucket of thousands costs ten requests at most.

    So does what we wrote ourselves. Where a folder is gone with its last object the one above it is
    looked into, twice.
    """
    stage = Stage(w, many)
    written = stage.asked("00007", lambda: w.write("00007", b"changed"))
    deep = stage.asked("deep/er/file", lambda: w.write("deep/er/file", b"changed"))
    gone = stage.asked("deep/er/file", lambda: w.remove("deep/er/file"), "Object Deleted")
    assert stage.deployed.b.tree()["00007"] == b"changed"
    assert not [path for path in stage.deployed.b.tree() if path.endswith("file")]
    stage.deployed.b.write("deep/er/ours", b"ours")
    stage.deployed.look()
    ours = stage.asked("deep/er/ours", lambda: None)
    assert max(written, deep, ours) <= FEW, (written, deep, ours)
    assert gone <= FEW + 2
    assert stage.deployed.merges.receive() == []
