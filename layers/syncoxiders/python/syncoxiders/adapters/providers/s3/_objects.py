"""What S3 tells of an object, and what of it is an entry.

A *version* is made of what tells the content and of the modified time, so that it is the same
after a move, which is a copy. An ETag that is an MD5 stays in a copy. Others (of what was written
in parts, or is encrypted by a key of one's own) do not; but S3 computes a checksum of the whole
of every new object, and that stays. A copy of such an object, whose own ETag may be an MD5 again,
notes in its metadata that its version goes by checksum. Only what has neither, an object in parts
from the time before 2025 or of a service without checksums, is another version after a move.

Checksums: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
ETags: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
"""

import base64
import binascii
import email.utils
import re
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from syncoxiders.adapters.providers.s3._keys import Keys
from syncoxiders.core import hashes
from syncoxiders.core.model import Entry, Kind

MTIME = "mtime"
"""User metadata: the modified time in seconds with a fraction, as rclone and s3fs keep it."""

MD5 = "md5chksum"
"""User metadata: the content's MD5 in base64, as rclone keeps it where an ETag is none."""

SHA256 = "sha256"
"""User metadata: the content's SHA-256 in hexadecimal. Trusted only beside an MD5 that is true."""

BY = "syncoxiders-version"
"""User metadata: ``checksum`` where the version goes by it though the ETag is an MD5."""

SETTLING = "~"
"""Ends the mark of what changed so recently that a listing need not show the next change."""

_WHOLE = ("SHA256", "SHA512", "XXHASH128", "CRC64NVME", "SHA1", "CRC32C", "CRC32")
_PLAIN_ETAG = re.compile(r"[0-9a-f]{32}")
_CONTENT_HEADERS = (
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "ContentType",
    "WebsiteRedirectLocation",
)
_ARCHIVE_CLASSES = frozenset({"GLACIER", "DEEP_ARCHIVE"})


class Listed(msgspec.Struct, frozen=True, gc=False):
    """An object as a listing has it. ``modified`` is in whole seconds since the epoch."""

    key: str
    etag: str
    size: int
    modified: int
    storage_class: str = "STANDARD"

    @property
    def is_archived(self) -> bool:
        """Say whether it is in a class that cannot be read (it may have been restored)."""
        return self.storage_class in _ARCHIVE_CLASSES


class Object(msgspec.Struct, frozen=True):
    """An object as a HEAD or GET has it.

    ``checksum`` is one of the whole content, as ``ALGORITHM:base64``, ``""`` where there is
    none. ``headers`` are those that a copy with other metadata has to repeat.
    """

    key: str
    etag: str
    size: int
    modified: int
    seen: int
    metadata: Mapping[str, str] = {}
    checksum: str = ""
    encryption: str = ""
    own_key: bool = False
    kms_key: str = ""
    storage_class: str = ""
    restored: bool = False
    headers: Mapping[str, Any] = {}

    @property
    def mtime_ns(self) -> int:
        """The modified time that was set, or else the one at which it was written."""
        told = parse_time(self.metadata.get(MTIME, ""))
        return self.modified * 1_000_000_000 if told is None else told

    @property
    def version(self) -> str:
        """The version of :class:`~syncoxiders.core.model.Entry`."""
        tells = (self.checksum if self.goes_by_checksum else "") or self.etag
        return f"{tells}@{self.mtime_ns}"

    @property
    def goes_by_checksum(self) -> bool:
        """Say whether the version goes by checksum, if there is one, and not by ETag."""
        return not self.md5 or self.metadata.get(BY) == "checksum"

    @property
    def md5(self) -> str:
        """The content's MD5 in hexadecimal, ``""`` where the ETag is not known to be one.

        It is one if the object was put in one part and is encrypted by S3's own keys or not.
        """
        managed = self.own_key or self.encryption not in {"", "AES256"}
        return "" if managed or not _PLAIN_ETAG.fullmatch(self.etag) else self.etag

    @property
    def sha256(self) -> str:
        """The content's SHA-256 in hexadecimal, ``""`` where nobody vouches for one.

        S3 vouches for its checksum. Metadata is what a client said, of bytes that another
        client may have replaced since and kept the metadata: it counts beside the MD5 that it
        was written with, if that still is the content's.
        """
        algorithm, _, digest = self.checksum.partition(":")
        if algorithm == "SHA256":
            return base64.b64decode(digest).hex()
        said, of = self.metadata.get(SHA256, ""), self.metadata.get(MD5, "")
        return said if said and of and self.md5 == _hex(of) else ""

    @property
    def hashes(self) -> str:
        """The content's hashes."""
        if self.size == 0:
            return hashes.EMPTY
        known = {"md5": self.md5, "sha256": self.sha256}
        return hashes.encode({name: digest for name, digest in known.items() if digest})

    def mark(self, settling: float) -> str:
        """Return what a listing shows of it, by which a change is noticed.

        A listing shows neither metadata nor fractions of a second: of what was written less than
        ``settling`` seconds before, the next change might not show.
        """
        young = self.seen - self.modified < settling
        return mark_of(self.etag, self.modified) + (SETTLING if young else "")

    def entry(self, keys: Keys, settling: float) -> Entry:
        """Return it as an entry."""
        return Entry(
            id=keys.id(self.key),
            parent=keys.id(keys.parent(self.key)),
            name=keys.name(self.key),
            kind=Kind.FILE,
            version=self.version,
            size=self.size,
            mtime_ns=self.mtime_ns,
            hashes=self.hashes,
            mark=self.mark(settling),
        )


def mark_of(etag: str, modified: int) -> str:
    """Return what a listing shows of an object."""
    return f"{etag}.{modified:x}"


def described(key: str, answer: Mapping[str, Any]) -> Object:
    """Return an object from the answer to a HEAD or a GET of all of it."""
    answered = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
    headers = {name: answer[name] for name in _CONTENT_HEADERS if answer.get(name)}
    if answer.get("ExpiresString"):
        headers["Expires"] = answer["ExpiresString"]
    return Object(
        key=key,
        etag=plain(answer["ETag"]),
        size=answer["ContentLength"],
        modified=seconds(answer["LastModified"]),
        seen=_date(answered),
        metadata={name.lower(): said for name, said in answer.get("Metadata", {}).items()},
        checksum=whole_checksum(answer),
        encryption=answer.get("ServerSideEncryption", ""),
        own_key=bool(answer.get("SSECustomerAlgorithm")),
        kms_key=answer.get("SSEKMSKeyId", ""),
        storage_class=answer.get("StorageClass", ""),
        restored='ongoing-request="false"' in answer.get("Restore", ""),
        headers=headers,
    )


def whole_checksum(answer: Mapping[str, Any]) -> str:
    """Return a checksum of the whole content from an answer, the surest there is.

    One that was made of the parts' checksums (COMPOSITE) says as little of the content of a
    copy as an ETag does.
    """
    if answer.get("ChecksumType") == "COMPOSITE":
        return ""
    for algorithm in _WHOLE:
        value = answer.get(f"Checksum{algorithm}", "")
        if value and "-" not in value:
            return f"{algorithm}:{value}"
    return ""


def plain(etag: str) -> str:
    """Return an ETag without its quotes."""
    return etag.strip('"')


def seconds(when: datetime) -> int:
    """Return a time in whole seconds: HEAD has no more, listings of some services have."""
    return int(when.timestamp())


def _date(header: str) -> int:
    try:
        return int(email.utils.parsedate_to_datetime(header).timestamp())
    except ValueError:
        return int(time.time())


def _hex(digest: str) -> str:
    try:
        return base64.b64decode(digest, validate=True).hex()
    except (binascii.Error, ValueError):
        return ""


def format_time(mtime_ns: int) -> str:
    """Return a time as rclone writes it: seconds, and a fraction without trailing zeros."""
    whole, fraction = divmod(abs(mtime_ns), 1_000_000_000)
    text = f"{whole}.{fraction:09}".rstrip("0").rstrip(".")
    return f"-{text}" if mtime_ns < 0 else text


def parse_time(text: str) -> int | None:
    """Return nanoseconds since the epoch from seconds with a fraction, None for anything else."""
    match = re.fullmatch(r"(-?)(\d{1,11})(?:\.(\d*))?", text.strip())
    if match is None:
        return None
    fraction = (match[3] or "")[:9].ljust(9, "0")
    value = int(match[2]) * 1_000_000_000 + int(fraction)
    return -value if match[1] else value
