"""Objects in a bucket pass the contract; without one, or an answer, that is said."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError  # type: ignore[import-untyped]  # has none

from syncoxiders.adapters.aws.objects import S3Objects
from syncoxiders.ports.errors import StateUnavailable
from tests.aws.clients import client
from tests.aws.ministack import Ministack
from tests.contracts.objects_contract import TestObjects

__all__ = ["TestObjects"]


class Deaf:
    def __getattr__(self, name: str) -> Any:
        raise EndpointConnectionError(endpoint_url=f"http://none/{name}")


@pytest.fixture
def s3(ministack: Ministack) -> Iterator[tuple[Any, str]]:
    account = ministack.account()
    made = client(ministack, account, "s3")
    bucket = f"index-{account}"  # whose names all accounts share
    made.create_bucket(Bucket=bucket)
    yield made, bucket
    made.close()


@pytest.fixture
def objects(s3: tuple[Any, str]) -> S3Objects:
    return S3Objects(lambda: s3[0], s3[1])


def test_unavailable(s3: tuple[Any, str], tmp_path: Path) -> None:
    """Where S3 does not answer, or there is no bucket, each call says so."""
    for store in (S3Objects(Deaf, "index"), S3Objects(lambda: s3[0], "there-is-none")):
        with pytest.raises(StateUnavailable):
            store.get("a")
        with pytest.raises(StateUnavailable):
            store.fetch("a", tmp_path / "a")
        with pytest.raises(StateUnavailable):
            store.put("a", b"")
        with pytest.raises(StateUnavailable):
            store.put("a", b"", over='"tag"')
        with pytest.raises(StateUnavailable):
            store.delete(["a"])
        with pytest.raises(StateUnavailable):
            store.names("a")
