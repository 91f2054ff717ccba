"""A bucket at moto, people's hands on it, and a provider whose requests can be counted or cut."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import pytest

from syncoxiders.adapters.providers.s3 import connect
from syncoxiders.adapters.providers.s3.provider import S3Provider
from syncoxiders.core.model import Entry, Ref
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.errors import Throttled, Unreachable
from syncoxiders.ports.provider import Attributes, Problem
from tests.contracts.provider_harness import ROOT_REF, KnownTree
from tests.emulators.s3 import ACCESS_KEY, SECRET_KEY, S3Server

T = TypeVar("T")

BUCKET = "bucket"
KEYS = {"access_key_id": ACCESS_KEY, "secret_access_key": SECRET_KEY}
PART = 5 << 20
MTIME = 1_600_000_000_123_456_789
TRASH = ".syncoxiders-trash/"


class Dead(BaseException):
    """The process is killed: nothing that it still wants to ask is asked."""


class CutPace:
    """A pace that repeats what may be repeated once, and dies after ``left`` requests."""

    def __init__(self) -> None:
        self.requests = 0
        self.left = 1_000_000

    def __call__(
        self, request: Callable[[], T], *, repeatable: bool = True, writes: bool = False
    ) -> T:
        del writes
        self.requests += 1
        self.left -= 1
        if self.left < 0:
            raise Dead
        try:
            return request()
        except (Unreachable, Throttled) as error:
            if isinstance(error, Unreachable) and not repeatable:
                raise
            return request()


class World:
    """A bucket. Paths are keys."""

    def __init__(self, server: S3Server, client: Any) -> None:
        self.server = server
        self.app = server.app
        self.client = client
        client.create_bucket(Bucket=BUCKET)

    def account(self, **settings: str) -> Account:
        return Account("ours", "s3", settings={"url": self.server.url, **settings})

    def open(self, root: str = BUCKET, **policies: Any) -> S3Provider:
        policies.setdefault("pace", CutPace())
        policies.setdefault("single", PART)
        return connect(self.account(), KEYS, root, **policies)

    def version(self) -> None:
        """Let the bucket keep versions."""
        status = {"Status": "Enabled"}
        self.client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration=status)

    def write(self, key: str, data: bytes = b"", **values: Any) -> None:
        self.client.put_object(Bucket=BUCKET, Key=key, Body=data, **values)

    def read(self, key: str) -> bytes:
        data: bytes = self.client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return data

    def remove(self, key: str) -> None:
        self.client.delete_object(Bucket=BUCKET, Key=key)

    def head(self, key: str) -> Mapping[str, Any]:
        answer: Mapping[str, Any] = self.client.head_object(Bucket=BUCKET, Key=key)
        return answer

    def listed(self) -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        return [each["Key"] for page in pages for each in page.get("Contents", ())]

    def tree(self, *, trash: bool = False) -> dict[str, bytes]:
        """Return every key with its bytes; of those in the trash only if asked."""
        kept = [key for key in self.listed() if trash or not key.startswith(TRASH)]
        return {key: self.read(key) for key in kept}

    def kept(self) -> list[bytes]:
        """Return what the trash holds."""
        return [self.read(key) for key in self.listed() if key.startswith(TRASH)]

    def whole_etag(self, key: str) -> None:
        """Give a copy the ETag that S3 gives it, the MD5 of the whole; moto keeps the source's."""
        found = self.server.standing(BUCKET, key)
        found._etag = hashlib.md5(found.value, usedforsecurity=False).hexdigest()

    def just_before(self, method: str, part: str, deed: Callable[[], object]) -> None:
        """Act just before the first request of this method whose address holds ``part``."""
        left = [deed]

        def before(asked: str, path: str) -> None:
            if left and asked == method and part in path:
                left.pop()()

        self.app.before = before


def upload(provider: S3Provider, name: str, data: bytes, replaces: Entry | None = None) -> Entry:
    return provider.upload(
        ROOT_REF,
        name,
        [data],
        size=len(data),
        attributes=Attributes(mtime_ns=MTIME),
        replaces=None if replaces is None else (ref(replaces), replaces.version),
        keep=replaces is not None,
    )


def ref(entry: Entry) -> Ref:
    return Ref(entry.id, entry.id.strip("/"))


def entry_at(provider: S3Provider, path: str) -> Entry:
    entry = provider.get(Ref(f"/{path}", path.rstrip("/")))
    assert entry is not None, f"nothing stands at {path!r}"
    return entry


def look(provider: S3Provider, known: KnownTree) -> tuple[list[str], list[Problem]]:
    """Take in what a look tells; returns the names of what changed, and the problems."""
    names: list[str] = []
    problems: list[Problem] = []
    for delta in provider.rescan(known):
        known.apply(delta)
        names += [entry.name for entry in delta.changed]
        problems += delta.problems
    return sorted(names), problems


@pytest.fixture(scope="module")
def served() -> Iterator[S3Server]:
    with S3Server() as server:
        yield server


@pytest.fixture(scope="module")
def people(served: S3Server) -> Any:
    return served.client()


@pytest.fixture
def w(served: S3Server, people: Any) -> Iterator[World]:
    yield World(served, people)
    served.reset()
