"""Writing content: in one request if it is small, else in parts.

Conditions: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
Limits: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html

Everything that is sent is proved: each body by its MD5 and SHA-256 (the request is signed over
it), the content of one request by the SHA-256 that S3 computes, content in parts by the CRC-32
of the whole, which S3 derives from those of the parts. A service that does not say that it has
done so is asked for the content again; one that knows no checksums is not asked for them twice.

Parts of an upload that was killed cost their storage until somebody gives it up: a bucket should
have a lifecycle rule with AbortIncompleteMultipartUpload.
"""

import base64
import hashlib
import mimetypes
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from itertools import chain
from typing import Any, TypeVar

import msgspec

from syncoxiders.adapters.providers.s3._bucket import Bucket, Part, code, is_unknown
from syncoxiders.adapters.providers.s3._copying import MAX_PARTS
from syncoxiders.adapters.providers.s3._keys import quoted
from syncoxiders.adapters.providers.s3._objects import (
    MD5,
    MTIME,
    SHA256,
    Object,
    format_time,
    plain,
    whole_checksum,
)
from syncoxiders.adapters.providers.s3._place import Places
from syncoxiders.adapters.providers.s3._trash import Trash
from syncoxiders.core import hashes
from syncoxiders.core.digests import CRC32, Digests
from syncoxiders.ports.errors import Changing, ProviderError, Refused, Stale, Unreachable, Vanished
from syncoxiders.ports.pieces import pieces

T = TypeVar("T")

MAX_PART = 5 << 30
AT_ONCE = 3
"""How many parts are on their way at once: so many times their size is held in memory."""

_MIB = 1 << 20


class Begun(msgspec.Struct, frozen=True):
    """An upload in parts: whether it has checksums, and when the service gives it up."""

    id: str
    checks: bool = True
    ends: float = 0.0


class Target(msgspec.Struct, frozen=True):
    """Where content goes: ``etag`` and ``version`` are of what it replaces, if anything."""

    folder: str
    key: str
    etag: str = ""
    version: str = ""
    keep: bool = False

    @property
    def condition(self) -> dict[str, str]:
        """What must hold at the moment of writing."""
        return {"IfMatch": f'"{self.etag}"'} if self.etag else {"IfNoneMatch": "*"}


class Uploader:
    """Writes objects. So many bytes go in a ``single`` request; ``part`` is a part's usual size."""

    def __init__(
        self,
        bucket: Bucket,
        places: Places,
        trash: Trash,
        *,
        single: int,
        part: int,
        storage_class: str,
    ) -> None:
        self._bucket = bucket
        self._places = places
        self._trash = trash
        self._single = single
        self._part = part
        self._storage = {"StorageClass": storage_class} if storage_class else {}
        self._checksums = True

    def part_size(self, size: int) -> int:
        """Return the size of the parts of so many bytes: 10,000 of them at most."""
        least = -(-size // MAX_PARTS)
        return min(MAX_PART, max(self._part, -(-least // _MIB) * _MIB))

    def upload(
        self,
        target: Target,
        chunks: Iterable[memoryview | bytes],
        *,
        size: int,
        mtime_ns: int | None,
        verify: bool,
    ) -> tuple[Object, str]:
        """Write content to its place; returns the object and the hashes of the bytes given."""
        digests = Digests((CRC32,))
        limit = max(self._single, self.part_size(size))
        rest = pieces(digests.passing(chunks), limit)
        first, last = next(rest)
        if last:
            return self._at_once(target, first, digests, mtime_ns, verify)
        return self._in_parts(target, first, rest, digests, mtime_ns, verify=verify)

    # In one request

    def _at_once(
        self, target: Target, body: bytes, digests: Digests, mtime_ns: int | None, verify: bool
    ) -> tuple[Object, str]:
        md5 = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
        sha256 = digests.of(hashes.OWN)
        metadata = {**time_of(mtime_ns), MD5: md5, SHA256: sha256}
        checksum = base64.b64encode(bytes.fromhex(sha256)).decode()
        proof = {"ChecksumAlgorithm": "SHA256", "ChecksumSHA256": checksum}
        kept = self.ready(target)
        try:
            answer = self._with_checksums(
                lambda checks: self._bucket.put(
                    target.key,
                    body,
                    Metadata=metadata,
                    ContentMD5=md5,
                    ContentType=content_type(target.key),
                    **self._storage,
                    **target.condition,
                    **(proof if checks else {}),
                )
            )
        except Stale as stale:
            there = self._bucket.head(target.key, sure=False)
            if there is not None and _is_written(there, metadata, len(body)):
                return there, digests.text()  # it was, and the answer was lost
            self._trash.forget(kept)
            raise self.failed(target, stale) from stale
        written = self.written(target.key, answer, metadata, len(body))
        told = whole_checksum(answer) or written.checksum
        if verify and told != f"SHA256:{checksum}" and written.md5 != base64.b64decode(md5).hex():
            self.prove_by_reading(written, sha256)
        return written, digests.text()

    # In parts

    def _in_parts(
        self,
        target: Target,
        first: bytes,
        rest: Iterator[tuple[bytes, bool]],
        digests: Digests,
        mtime_ns: int | None,
        *,
        verify: bool,
    ) -> tuple[Object, str]:
        self.check(target)
        upload = self.begin(target.key, mtime_ns)
        try:
            parts = self._send(target.key, upload, first, rest)
            kept = self.ready(target)
            try:
                answer = self.complete(target, upload, parts, digests.of(CRC32))
            except ProviderError:
                self._trash.forget(kept)
                raise
        except BaseException:
            with suppress(ProviderError):
                self._bucket.abort(target.key, upload.id)
            raise
        written = self.written(target.key, answer, time_of(mtime_ns), digests.size)
        if verify:
            self.prove(written, answer, digests.text())
        return written, digests.text()

    def _send(
        self, key: str, upload: Begun, first: bytes, rest: Iterator[tuple[bytes, bool]]
    ) -> list[Part]:
        parts: list[Part] = []
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="s3-parts") as pool:
            flying: list[Future[Part]] = []
            for number, (piece, _) in enumerate(chain([(first, False)], rest), 1):
                if number > MAX_PARTS:
                    raise Refused(f"{quoted(key)} is larger than was said: it has too many parts")
                if len(flying) >= AT_ONCE:
                    parts.append(flying.pop(0).result())
                flying.append(pool.submit(self.send, key, upload, number, piece))
            parts.extend(each.result() for each in flying)
        return parts

    def begin(self, key: str, mtime_ns: int | None) -> Begun:
        """Begin an upload in parts."""
        proof = {"ChecksumAlgorithm": "CRC32", "ChecksumType": "FULL_OBJECT"}

        def begin(checks: bool) -> Begun:
            answer = self._bucket.begin(
                key,
                Metadata=time_of(mtime_ns),
                ContentType=content_type(key),
                **self._storage,
                **(proof if checks else {}),
            )
            ends = answer.get("AbortDate")
            return Begun(answer["UploadId"], checks, ends.timestamp() if ends else 0.0)

        return self._with_checksums(begin)

    def send(self, key: str, upload: Begun, number: int, body: bytes) -> Part:
        """Send a part. What has its number already is replaced."""
        crc32 = base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()
        md5 = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
        proof: dict[str, Any] = {}
        if upload.checks:
            proof = {"ChecksumAlgorithm": "CRC32", "ChecksumCRC32": crc32}
        answer = self._bucket.call(
            "upload_part",
            key,
            Key=key,
            UploadId=upload.id,
            PartNumber=number,
            Body=body,
            ContentMD5=md5,
            **proof,
        )
        return Part(number, plain(answer["ETag"]), len(body), crc32 if upload.checks else "")

    def complete(
        self, target: Target, upload: Begun, parts: list[Part], crc32: str
    ) -> Mapping[str, Any]:
        """Put the parts in their place as one; ``crc32`` is of all their bytes, in hexadecimal."""
        proof: dict[str, Any] = {}
        if crc32 and upload.checks:
            whole = base64.b64encode(bytes.fromhex(crc32)).decode()
            proof = {
                "ChecksumCRC32": whole,
                "ChecksumType": "FULL_OBJECT",
                "MpuObjectSize": sum(part.size for part in parts),
            }
        try:
            return self._bucket.complete(target.key, upload.id, parts, **proof, **target.condition)
        except Stale as stale:
            there = self._bucket.head(target.key, sure=False)
            if there is not None and there.etag == _etag_of(parts):
                return {"ETag": there.etag}  # it was, and the answer was lost
            raise self.failed(target, stale) from stale
        except Unreachable as error:
            if code(error) in {"BadDigest", "XAmzContentChecksumMismatch"}:
                raise Changing(
                    f"{quoted(target.key)}: what was sent is not what was to be sent"
                ) from error
            raise

    def _with_checksums(self, request: Callable[[bool], T]) -> T:
        """Make a request with checksums, and without if the service does not know them."""
        if self._checksums:
            try:
                return request(True)
            except Refused as refused:
                if not is_unknown(refused):
                    raise
            answer = request(False)
            self._checksums = False
            return answer
        return request(False)

    # Before and after

    def check(self, target: Target) -> None:
        """Find out early what would fail in the end."""
        if target.etag:
            self._places.expected(target.key, target.version)
        else:
            self._places.require_folder(target.folder)
            self._places.require_free(target.key)

    def ready(self, target: Target) -> str:
        """Check what no condition of S3's does, and keep what is to be kept.

        Returns the key of the copy that was kept.
        """
        if not target.etag:
            self._places.require_folder(target.folder)
            self._places.require_no_folder(target.key)
            return ""
        found = self._places.expected(target.key, target.version)
        if found.etag != target.etag:
            raise Stale(f"{quoted(target.key)} is not what was expected")
        return self._trash.keep(found) if target.keep else ""

    def failed(self, target: Target, stale: Stale) -> ProviderError:
        """Return what a failed condition means."""
        if isinstance(stale, Vanished) or code(stale) in {"NoSuchUpload", "InvalidPart"}:
            return stale
        return stale if target.etag else self._places.settled(target.key, stale)

    def written(
        self, key: str, answer: Mapping[str, Any], metadata: Mapping[str, str], size: int
    ) -> Object:
        """Return what was written, as it stands; as it was if somebody has replaced it since."""
        etag = plain(answer["ETag"])
        there = self._bucket.head(key, sure=False)
        if there is not None and there.etag == etag:
            return there
        return Object(
            key=key,
            etag=etag,
            size=size,
            modified=0,
            seen=0,
            metadata=metadata,
            checksum=whole_checksum(answer),
            encryption=answer.get("ServerSideEncryption", ""),
        )

    def prove(self, written: Object, answer: Mapping[str, Any], given: str) -> None:
        """Make sure that content in parts is what was given: hashes of all its bytes."""
        digests = hashes.decode(given)
        told = (whole_checksum(answer) or written.checksum).partition(":")
        ours = base64.b64encode(bytes.fromhex(digests.get(CRC32, ""))).decode()
        if not ours or (told[0], told[2]) != ("CRC32", ours):
            self.prove_by_reading(written, digests[hashes.OWN])

    def prove_by_reading(self, written: Object, sha256: str) -> None:
        """Read what was written, where the service vouches for nothing. Raises Changing.

        What is not what was to be written is removed: nobody else has written it.
        """
        digest = hashlib.sha256()
        answer = self._bucket.get(written.key, IfMatch=f'"{written.etag}"')
        with closing(answer["Body"]) as body:
            while chunk := self._bucket.wrapped(lambda: body.read(_MIB), written.key):
                digest.update(chunk)
        if digest.hexdigest() != sha256:
            self._bucket.delete(written.key, written.etag)
            raise Changing(f"{quoted(written.key)}: what arrived is not what was sent")


def time_of(mtime_ns: int | None) -> dict[str, str]:
    """Return the metadata of a modified time."""
    return {} if mtime_ns is None else {MTIME: format_time(mtime_ns)}


def content_type(key: str) -> str:
    """Return the media type that a name suggests."""
    return mimetypes.guess_type(key)[0] or "application/octet-stream"


def _is_written(there: Object, metadata: Mapping[str, str], size: int) -> bool:
    """Say whether what stands there is what we have just tried to write."""
    return there.size == size and dict(there.metadata) == dict(metadata)


def _etag_of(parts: list[Part]) -> str:
    """Return the ETag of an object of these parts, where ETags are made of MD5s."""
    try:
        digests = b"".join(bytes.fromhex(part.etag) for part in parts)
    except ValueError:
        return ""
    return f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(parts)}"
