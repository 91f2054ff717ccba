"""Objects in an S3 bucket, written on conditions.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

import shutil
from collections.abc import Callable, Collection
from contextlib import closing
from pathlib import Path
from typing import Any

from syncoxiders.adapters.aws.clients import ERRORS, code, failed
from syncoxiders.ports.errors import StateUnavailable
from syncoxiders.ports.index import Stored

_MISSING = frozenset({"NoSuchKey", "404"})
_RACED = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"})
"""The latter of two conditional writes at once: what is there may be either's."""

_AT_ONCE = 1_000
"""https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html"""


class S3Objects:
    """:class:`~syncoxiders.ports.index.Objects` in a bucket; ``client`` makes botocore's of S3."""

    def __init__(self, client: Callable[[], Any], bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def get(self, name: str, unless: str = "") -> Stored | None:
        """Return an object, None where there is none."""
        asked = {"IfNoneMatch": unless} if unless else {}
        try:
            answer = self._client().get_object(Bucket=self._bucket, Key=name, **asked)
            with closing(answer["Body"]) as body:
                return Stored(body.read(), answer["ETag"])
        except ERRORS as error:
            if code(error) in ("304", "NotModified"):
                return Stored(b"", unless)
            if code(error) in _MISSING:
                return None
            raise failed("the index cannot be read", error, StateUnavailable) from error

    def fetch(self, name: str, into: Path) -> bool:
        """Write an object into a file; False where there is none."""
        try:
            answer = self._client().get_object(Bucket=self._bucket, Key=name)
            with closing(answer["Body"]) as body, into.open("wb") as file:
                shutil.copyfileobj(body, file, 1 << 20)
        except ERRORS as error:
            if code(error) in _MISSING:
                return False
            raise failed("the index cannot be read", error, StateUnavailable) from error
        return True

    def put(self, name: str, data: bytes | Path, *, over: str | None = None) -> str:
        """Write an object; returns its tag, ``""`` if there is another version."""
        asked = {} if over is None else {"IfMatch": over} if over else {"IfNoneMatch": "*"}
        try:
            if isinstance(data, bytes):
                answer = self._client().put_object(
                    Bucket=self._bucket, Key=name, Body=data, **asked
                )
            else:
                with data.open("rb") as file:
                    answer = self._client().put_object(
                        Bucket=self._bucket, Key=name, Body=file, **asked
                    )
        except ERRORS as error:
            if code(error) in _RACED or (over and code(error) in _MISSING):
                return ""
            raise failed("the index cannot be written", error, StateUnavailable) from error
        tag: str = answer["ETag"]
        return tag

    def delete(self, names: Collection[str]) -> None:
        """Remove objects; they need not be there."""
        keys = [{"Key": name} for name in names]
        for start in range(0, len(keys), _AT_ONCE):
            try:
                answer = self._client().delete_objects(
                    Bucket=self._bucket,
                    Delete={"Objects": keys[start : start + _AT_ONCE], "Quiet": True},
                )
            except ERRORS as error:
                raise failed("the index cannot be removed", error, StateUnavailable) from error
            if answer.get("Errors"):
                raise StateUnavailable("the index cannot be removed")

    def names(self, prefix: str) -> list[tuple[str, float]]:
        """Return the names that begin so, and when each was written."""
        found: list[tuple[str, float]] = []
        asked: dict[str, Any] = {"Bucket": self._bucket, "Prefix": prefix}
        while True:
            try:
                answer = self._client().list_objects_v2(**asked)
            except ERRORS as error:
                raise failed("the index cannot be listed", error, StateUnavailable) from error
            found += [
                (each["Key"], each["LastModified"].timestamp())
                for each in answer.get("Contents", ())
            ]
            if not answer.get("IsTruncated"):
                return found
            asked["ContinuationToken"] = answer["NextContinuationToken"]
