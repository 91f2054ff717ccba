"""The contract against a real bucket: only when the environment names one.

``SYNCOXIDERS_S3_LIVE=bucket`` or ``bucket/prefix``; credentials and region are found as the AWS
command line finds them, ``SYNCOXIDERS_S3_LIVE_URL`` is another service's address. Every test works
below a prefix of its own and removes what it made there, versions included. What it costs is
some ten thousand requests.
"""

import os
import uuid
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import boto3  # type: ignore[import-untyped]  # it ships no types
import pytest
from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # it ships no types

from syncoxiders.adapters.memory.pace import MemoryPace
from syncoxiders.adapters.providers.s3 import connect
from syncoxiders.adapters.providers.s3.provider import S3Provider
from syncoxiders.ports.accounts import Account
from tests.contracts.provider_contract import *  # noqa: F403 -- the suite is its names
from tests.contracts.s3_harness import FOREVER, PART, S3Harness

LIVE = os.environ.get("SYNCOXIDERS_S3_LIVE", "")
URL = os.environ.get("SYNCOXIDERS_S3_LIVE_URL", "")

if not LIVE:
    pytest.skip("no bucket is named in SYNCOXIDERS_S3_LIVE", allow_module_level=True)


class LiveHarness(S3Harness):
    """People's hands on a real bucket."""

    def __init__(self) -> None:
        bucket, _, top = LIVE.partition("/")
        client = boto3.session.Session().client("s3", endpoint_url=URL or None)
        told = {}
        with suppress(ClientError):  # who may not ask gets copies, as without versions
            told = client.get_bucket_versioning(Bucket=bucket)
        prefix = f"{top.strip('/')}/{uuid.uuid4()}/".lstrip("/")
        super().__init__(client, bucket, prefix, versioned=told.get("Status") == "Enabled")
        client.put_object(Bucket=bucket, Key=prefix)

    def open(self) -> S3Provider:
        account = Account("live", "s3", settings={"url": URL} if URL else {})
        root = f"{self.bucket}/{self.prefix}"
        return connect(account, {}, root, pace=MemoryPace(), single=PART, settling=FOREVER)

    def deny(self, path: str) -> bool:
        del path
        return False  # that would take another account

    def clear(self) -> None:
        """Remove all that is below the prefix, with its versions."""
        self.lose_root()


@pytest.fixture
def harness() -> Iterator[Any]:
    harness = LiveHarness()
    yield harness
    harness.clear()
