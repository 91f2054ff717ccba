"""The S3 provider passes the contract, in a bucket with versions and in one without.

The one without has a prefix for its root, and folders only by the keys in them, as most programs
leave it; in the other, people's programs make markers, as the console does.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from syncoxiders.adapters.memory.pace import MemoryPace
from syncoxiders.adapters.providers.s3 import connect
from syncoxiders.adapters.providers.s3.provider import S3Provider
from syncoxiders.ports.accounts import Account
from tests.contracts.provider_contract import *  # noqa: F403 -- the suite is its names
from tests.contracts.s3_harness import FOREVER, PART, S3Harness
from tests.emulators.s3 import ACCESS_KEY, SECRET_KEY, S3Server

LONG_AGO = datetime(2015, 1, 1, tzinfo=UTC).replace(tzinfo=None)  # as moto has its times
KEYS = {"access_key_id": ACCESS_KEY, "secret_access_key": SECRET_KEY}
BUCKET = "bucket"


class MotoHarness(S3Harness):
    """A bucket at moto: with versions and markers, or without and below a prefix.

    What people write is of long ago, each a second later than the last: what is young is asked
    for at each look, which takes its time where a test makes a thousand files.
    """

    def __init__(self, server: S3Server, client: Any, *, versioned: bool) -> None:
        prefix = "" if versioned else "some/where/"
        super().__init__(client, BUCKET, prefix, versioned=versioned)
        self.server = server
        self.writes = 0
        client.create_bucket(Bucket=BUCKET)
        if versioned:
            status = {"Status": "Enabled"}
            client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration=status)
        else:
            client.put_object(Bucket=BUCKET, Key=prefix)
            client.put_object(Bucket=BUCKET, Key="some/wherever", Body=b"not below the root")

    def open(self) -> S3Provider:
        settings = {"url": self.server.url, "region": "us-east-1"}
        account = Account("people's", "s3", settings=settings)
        root = f"{BUCKET}/{self.prefix}"
        return connect(account, KEYS, root, pace=MemoryPace(), single=PART, settling=FOREVER)

    def put(self, path: str, data: bytes, mtime_ns: int | None) -> None:
        super().put(path, data, mtime_ns)
        self.writes += 1
        self.server.standing(BUCKET, self.prefix + path).last_modified = LONG_AGO + timedelta(
            seconds=self.writes
        )

    def deny(self, path: str) -> bool:
        if f"{self.prefix}{path}" not in self.keys(path):
            return False  # who may list a bucket sees every folder in it
        self.server.app.denied.add(f"{BUCKET}/{self.prefix}{path}")
        return True


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with S3Server() as server:
        yield server


@pytest.fixture(scope="module")
def client(server: S3Server) -> Any:
    return server.client()


@pytest.fixture(params=[False, True], ids=["without versions", "with versions"])
def harness(request: pytest.FixtureRequest, server: S3Server, client: Any) -> Iterator[MotoHarness]:
    yield MotoHarness(server, client, versioned=request.param)
    server.reset()
