"""Copies within a bucket, so that no byte passes through us.

An object of up to 5 GB is copied in one request, a larger one in parts. A copy carries on what
describes the content; the storage class and the encryption key have to be named again, or the
copy gets the bucket's defaults.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from syncoxiders.adapters.providers.s3._bucket import Bucket, Part, is_unknown
from syncoxiders.adapters.providers.s3._objects import BY, MTIME, Object, format_time, plain
from syncoxiders.ports.errors import Occupied, ProviderError, Refused, Stale, Vanished

LARGEST_COPY = 5 * 10**9
"""What one request copies, in bytes (the documentation says GB, so decimal is on the safe side)."""

COPY_PART = 512 << 20
MAX_PARTS = 10_000
_AT_ONCE = 4


class Copier:
    """Copies objects. ``largest`` is what is copied in one request, ``part`` the size of parts."""

    def __init__(
        self, bucket: Bucket, *, largest: int = LARGEST_COPY, part: int = COPY_PART
    ) -> None:
        self._bucket = bucket
        self._largest = largest
        self._part = part

    def copy(
        self,
        found: Object,
        key: str,
        *,
        mtime_ns: int | None = None,
        over: str = "",
    ) -> None:
        """Copy an object as it was found to a key; ``over`` is the ETag of what it replaces.

        Raises Occupied if something stands there, Stale if either is not what it was, Vanished
        if the source is gone. The modified time stays, even one that nobody had set.
        """
        time = found.mtime_ns if mtime_ns is None else mtime_ns
        metadata = {**found.metadata, MTIME: format_time(time)}
        if found.checksum and found.goes_by_checksum:
            metadata[BY] = "checksum"
        condition: dict[str, Any] = {"IfMatch": f'"{over}"'} if over else {"IfNoneMatch": "*"}
        described: dict[str, Any] = {**found.headers, **stored_as(found), "Metadata": metadata}
        try:
            if found.size > self._largest:
                self._in_parts(found, key, described, condition)
            else:
                self._at_once(found, key, described, condition)
        except Vanished:
            raise
        except Stale as stale:
            error = self._why(found, key, stale, time, over)
            if error is not None:
                raise error from stale

    def _at_once(
        self, found: Object, key: str, described: Mapping[str, Any], condition: Mapping[str, Any]
    ) -> None:
        try:
            self._bucket.call(
                "copy_object",
                key,
                Key=key,
                CopySource={"Bucket": self._bucket.name, "Key": found.key},
                CopySourceIfMatch=f'"{found.etag}"',
                MetadataDirective="REPLACE",
                **described,
                **condition,
            )
        except Refused as refused:
            # Conditions on copies came later than those on other writes, to AWS in October 2025.
            if not is_unknown(refused):
                raise
            if found.size:
                self._in_parts(found, key, described, condition)
            else:
                self._bucket.put(key, b"", **described, **condition)

    def _why(
        self, found: Object, key: str, stale: Stale, mtime_ns: int, over: str
    ) -> ProviderError | None:
        """Return which of the conditions failed: both are answered by the same status.

        None if what stands there is the copy: it was made, and the answer was lost.
        """
        there = self._bucket.head(key, sure=False)
        if there is not None and is_copy(there, found, mtime_ns) and there.etag != over:
            return None
        source = self._bucket.head(found.key)
        if source is None:
            return Vanished(f"{found.key} is not there")
        if source.etag != found.etag or over or there is None:
            return stale
        return Occupied(f"{key} stands there already")

    def _in_parts(
        self, found: Object, key: str, described: Mapping[str, Any], condition: Mapping[str, Any]
    ) -> None:
        algorithm = found.checksum.partition(":")[0]
        whole = {"ChecksumAlgorithm": algorithm, "ChecksumType": "FULL_OBJECT"}
        begun = self._bucket.begin(
            key, **described, **(whole if algorithm.startswith("CRC") else {})
        )
        upload = begun["UploadId"]
        size = max(self._part, -(-found.size // MAX_PARTS))
        starts = range(0, found.size, size)

        def one(number: int, start: int) -> Part:
            end = min(start + size, found.size)
            answer = self._bucket.call(
                "upload_part_copy",
                key,
                Key=key,
                UploadId=upload,
                PartNumber=number,
                CopySource={"Bucket": self._bucket.name, "Key": found.key},
                CopySourceIfMatch=f'"{found.etag}"',
                CopySourceRange=f"bytes={start}-{end - 1}",
            )
            return Part(number, plain(answer["CopyPartResult"]["ETag"]), end - start)

        try:
            with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="s3-copy") as pool:
                parts = list(pool.map(one, range(1, len(starts) + 1), starts))
            self._bucket.complete(key, upload, parts, **condition)
        except BaseException:
            with suppress(ProviderError):
                self._bucket.abort(key, upload)
            raise


def is_copy(there: Object, found: Object, mtime_ns: int) -> bool:
    """Say whether an object has the content of another and this modified time."""
    same = there.etag == found.etag or (bool(there.checksum) and there.checksum == found.checksum)
    return same and there.size == found.size and there.mtime_ns == mtime_ns


def stored_as(found: Object) -> dict[str, str]:
    """Return how an object is stored, for one that is to be stored likewise."""
    stored: dict[str, str] = {}
    if found.storage_class:
        stored["StorageClass"] = found.storage_class
    if found.kms_key:
        stored["ServerSideEncryption"] = found.encryption
        stored["SSEKMSKeyId"] = found.kms_key
    return stored
