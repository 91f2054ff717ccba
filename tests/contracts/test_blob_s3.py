"""The blob store in a bucket passes the contract, and forgets rather than fails."""

import datetime as dt
import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError  # type: ignore[import-untyped]  # has none

from syncoxiders.adapters.aws.blobs import DAYS, S3BlobStore
from tests.aws.clients import client
from tests.aws.ministack import Ministack
from tests.contracts.blob_contract import LIMIT, TestBlobs, digest, noise

__all__ = ["TestBlobs"]

TEXT = b"a line of text\n" * 5_000


class Stage:
    def __init__(self, ministack: Ministack) -> None:
        account = ministack.account()
        self.s3 = client(ministack, account, "s3")
        self.bucket = f"texts-{account}"  # whose names all accounts share
        self.s3.create_bucket(Bucket=self.bucket)
        self.late = 0.0
        self.blobs = S3BlobStore(
            lambda: self.s3, self.bucket, lambda: time.time() + self.late, LIMIT
        )

    def objects(self) -> list[Any]:
        return list(self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", ()))


@pytest.fixture
def stage(ministack: Ministack) -> Iterator[Stage]:
    made = Stage(ministack)
    yield made
    made.s3.close()


@pytest.fixture
def blobs(stage: Stage) -> S3BlobStore:
    return stage.blobs


def test_compressed(stage: Stage) -> None:
    """Text takes less room than it is long."""
    stage.blobs.put(digest(TEXT), TEXT)
    (found,) = stage.objects()
    assert found["Size"] < len(TEXT) / 10


@pytest.mark.parametrize("damage", ["cut", "empty", "huge", "other"])
def test_damaged(stage: Stage, damage: str) -> None:
    """A damaged blob is none, whatever it claims to be, and can be put again."""
    data = noise(1)
    stage.blobs.put(digest(data), data)
    (found,) = stage.objects()
    packed = stage.s3.get_object(Bucket=stage.bucket, Key=found["Key"])["Body"].read()
    body = {
        "cut": packed[:-9],
        "empty": b"",
        "huge": b"\x28\xb5\x2f\xfd\xe0" + b"\xff" * 7 + b"\x0f" + packed[8:],
        "other": b"\x28\xb5\x2f\xfd\x20\x05\x29\x00\x00other",
    }[damage]
    stage.s3.put_object(Bucket=stage.bucket, Key=found["Key"], Body=body)
    assert stage.blobs.get(digest(data)) is None
    stage.blobs.put(digest(data), data)
    assert stage.blobs.get(digest(data)) == data


def test_used(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is used is written anew long before the bucket lets go of it, and not before."""
    stage.blobs.put(digest(TEXT), TEXT)
    written: list[str] = []
    put = stage.s3.put_object

    def noting(**asked: Any) -> Any:
        written.append(asked["Key"])
        return put(**asked)

    monkeypatch.setattr(stage.s3, "put_object", noting)
    assert stage.blobs.get(digest(TEXT)) == TEXT
    assert written == []
    stage.late = dt.timedelta(days=DAYS / 2).total_seconds()
    assert stage.blobs.get(digest(TEXT)) == TEXT
    assert len(written) == 1


def test_no_answer() -> None:
    """Where S3 does not answer nothing is kept, and nothing fails."""

    class Deaf:
        def __getattr__(self, name: str) -> Any:
            raise EndpointConnectionError(endpoint_url=f"http://none/{name}")

    store = S3BlobStore(Deaf, "texts", time.time)
    store.put(digest(b"text"), b"text")
    assert store.get(digest(b"text")) is None


def test_no_bucket(stage: Stage) -> None:
    """Nor where there is no bucket."""
    store = S3BlobStore(lambda: stage.s3, "none", time.time)
    store.put(digest(b"text"), b"text")
    assert store.get(digest(b"text")) is None
