"""Blobs in an S3 bucket, for the base contents that automatic merges need.

A blob is bounded by its size, all of them together by time: the bucket's lifecycle rule lets go of
what was not written for long, and what is used is written anew before that.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lifecycle-mgmt.html
"""

import datetime as dt
from collections.abc import Callable
from contextlib import closing
from typing import Any

import zstandard

from syncoxiders.adapters.aws.clients import ERRORS
from syncoxiders.adapters.state.blobs import address, genuine

LARGEST = 4 << 20
"""So many bytes a blob has at most."""

DAYS = 90
"""Days after which the bucket lets go of what was not written; its lifecycle rule says the same."""

_OLD = dt.timedelta(days=DAYS / 3)
"""What is used when it is this old is written anew."""


class S3BlobStore:
    """:class:`~syncoxiders.ports.state.BlobStore` in a bucket; ``client`` makes botocore's of S3.

    To lose a blob costs no more than a merge that becomes a conflict: so an error is forgetting,
    never a failure.
    """

    def __init__(
        self,
        client: Callable[[], Any],
        bucket: str,
        now: Callable[[], float],
        largest: int = LARGEST,
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._now = now
        self._largest = largest

    def put(self, digest: str, data: bytes) -> None:
        """Keep the bytes. Too large is silently not kept."""
        name = address(digest)
        if name and len(data) <= self._largest:
            self._write(name, data)

    def get(self, digest: str) -> bytes | None:
        """Return the bytes, verified against the digest, or None if they were forgotten."""
        name = address(digest)
        if not name:
            return None
        try:
            answer = self._client().get_object(Bucket=self._bucket, Key=_key(name))
            with closing(answer["Body"]) as body:
                packed: bytes = body.read()
        except ERRORS:
            return None
        data = self._verified(name, packed)
        if data is not None and self._age(answer["LastModified"]) > _OLD:
            self._write(name, data)
        return data

    def _write(self, name: str, data: bytes) -> None:
        packed = zstandard.compress(data)
        try:
            self._client().put_object(Bucket=self._bucket, Key=_key(name), Body=packed)
        except ERRORS:
            return  # it is not kept

    def _verified(self, name: str, packed: bytes) -> bytes | None:
        try:
            # What was put is no longer than the limit; a damaged header may claim anything.
            if zstandard.frame_content_size(packed) > self._largest:
                return None
            data = zstandard.decompress(packed)
        except zstandard.ZstdError:
            return None
        return data if genuine(name, data) else None

    def _age(self, written: dt.datetime) -> dt.timedelta:
        return dt.datetime.fromtimestamp(self._now(), tz=dt.UTC) - written


def _key(name: str) -> str:
    return f"{name[:2]}/{name}"
