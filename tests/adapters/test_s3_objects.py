"""What S3 tells of an object: which hash is one, what a version is made of, what times mean."""

import base64
import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncoxiders.adapters.providers.s3._keys import Keys
from syncoxiders.adapters.providers.s3._objects import (
    MD5,
    SHA256,
    Object,
    described,
    format_time,
    parse_time,
)
from syncoxiders.core import hashes
from syncoxiders.ports.provider import Attributes
from tests.adapters.s3_support import (
    BUCKET,
    MTIME,
    PART,
    TRASH,
    World,
    entry_at,
    people,
    ref,
    served,
    upload,
    w,
)
from tests.contracts.provider_harness import ROOT_REF, pattern, sha256

__all__ = ["people", "served", "w"]

CONTENT = b"content"
ETAG = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
SHA = hashlib.sha256(CONTENT)


def answer(**more: Any) -> dict[str, Any]:
    return {
        "ETag": f'"{ETAG}"',
        "ContentLength": 7,
        "LastModified": datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC),
        "ResponseMetadata": {"HTTPHeaders": {"date": "Tue, 02 Jan 2024 03:04:10 GMT"}},
        **more,
    }


def ours(etag: str = ETAG) -> dict[str, str]:
    md5 = base64.b64encode(bytes.fromhex(etag)).decode()
    return {MD5: md5, SHA256: SHA.hexdigest()}


class TestTimes:
    @given(st.integers(-(10**19), 10**19))
    def test_round_trip(self, mtime_ns: int) -> None:
        """Every time that is written is read as the same, before 1970 as well."""
        assert parse_time(format_time(mtime_ns)) == mtime_ns

    @pytest.mark.parametrize(
        ("text", "mtime_ns"),
        [
            ("1600000000.123456789", 1_600_000_000_123_456_789),
            ("1600000000", 1_600_000_000_000_000_000),
            ("1600000000.5", 1_600_000_000_500_000_000),
            ("1600000000.", 1_600_000_000_000_000_000),
            ("-1.5", -1_500_000_000),
            ("0.0000000019", 1),
            (" 1 ", 1_000_000_000),
        ],
    )
    def test_of_other_programs(self, text: str, mtime_ns: int) -> None:
        """Times are read as rclone and s3fs write them."""
        assert parse_time(text) == mtime_ns

    @pytest.mark.parametrize(
        "text", ["", "x", "1e9", "1600000000000000000ns", "0x1", "1.2.3", "--1"]
    )
    def test_that_are_none(self, text: str) -> None:
        """What is no time is not taken for one: the time of writing counts."""
        assert parse_time(text) is None
        found = described("key", answer(Metadata={"mtime": text}))
        assert found.mtime_ns == 1_704_164_645_000_000_000


class TestHashes:
    @pytest.mark.parametrize(
        "more",
        [
            {"ServerSideEncryption": "aws:kms"},
            {"ServerSideEncryption": "aws:kms:dsse"},
            {"SSECustomerAlgorithm": "AES256"},
            {"ETag": f'"{ETAG}-2"'},
            {"ETag": '"anything"'},
        ],
    )
    def test_etag_that_is_no_md5(self, more: dict[str, str]) -> None:
        """The ETag of what is encrypted by a key of one's own, or came in parts, is no MD5."""
        assert described("key", answer(**more)).hashes == ""

    @pytest.mark.parametrize("more", [{}, {"ServerSideEncryption": "AES256"}])
    def test_etag_that_is_an_md5(self, more: dict[str, str]) -> None:
        """The ETag of what was put at once, and is encrypted by S3's keys or not, is the MD5."""
        assert described("key", answer(**more)).hashes == f"md5:{ETAG}"

    def test_checksum_of_the_whole(self) -> None:
        """S3's SHA-256 is one of the content, unless it was made of those of parts."""
        value = base64.b64encode(SHA.digest()).decode()
        more: dict[str, Any] = {"ETag": f'"{ETAG}-2"', "ChecksumSHA256": value}
        assert described("key", answer(**more)).hashes == sha256(CONTENT)
        for parts in ({"ChecksumType": "COMPOSITE"}, {"ChecksumSHA256": f"{value}-2"}):
            assert described("key", answer(**(more | parts))).hashes == ""

    def test_metadata_beside_a_true_md5(self) -> None:
        """The SHA-256 that metadata tell counts as long as the MD5 beside it is the content's."""
        told = hashes.decode(described("key", answer(Metadata=ours())).hashes)
        assert told == {"md5": ETAG, "sha256": SHA.hexdigest()}

    @pytest.mark.parametrize(
        "more",
        [
            {"Metadata": ours("0" * 32)},
            {"Metadata": {SHA256: SHA.hexdigest()}},
            {"Metadata": {**ours(), MD5: "no base64!"}},
            {"Metadata": ours(), "ServerSideEncryption": "aws:kms"},
            {"Metadata": ours(), "ETag": '"' + "0" * 32 + '"'},
        ],
    )
    def test_metadata_of_other_content(self, more: dict[str, Any]) -> None:
        """What a program wrote anew and kept the metadata of has not the hash that they tell."""
        assert "sha256" not in hashes.decode(described("key", answer(**more)).hashes)

    def test_edited_under_our_metadata(self, w: World) -> None:
        """A program that edits the bytes and keeps all metadata does not deceive us."""
        provider = w.open()
        entry = upload(provider, "file", CONTENT)
        w.write("file", b"CONTENT", Metadata=w.head("file")["Metadata"])
        after = entry_at(provider, "file")
        assert after.version != entry.version
        assert hashes.equal(after.hashes, sha256(CONTENT)) is not True
        assert hashes.equal(provider.hash(ref(after), after.version), sha256(b"CONTENT")) is True

    def test_nothing(self) -> None:
        """No bytes have a hash whatever S3 tells."""
        found = described("key", answer(ContentLength=0, ETag='"x"'))
        assert found.hashes == hashes.EMPTY

    def test_what_s3_knows_is_not_read(self, w: World) -> None:
        """A hash that S3 vouches for costs one HEAD."""
        provider = w.open()
        entry = upload(provider, "file", CONTENT)
        w.app.calls.clear()
        assert hashes.decode(provider.hash(ref(entry), entry.version, ("sha256", "md5")))
        assert [call.split()[0] for call in w.app.calls] == ["HEAD"]


class TestVersions:
    def test_of_what_stays_in_a_copy(self) -> None:
        """An MD5 for an ETag stays in a copy, with the checksum that a copy gets: one version."""
        before = described("key", answer(Metadata={"mtime": "1"}))
        copied = described("key", answer(Metadata={"mtime": "1"}, ChecksumCRC64NVME="AAAA"))
        assert before.version == copied.version

    def test_of_what_does_not(self) -> None:
        """An ETag of parts does not stay, the checksum does, and the copy says to go by it."""
        crc = {"ChecksumCRC64NVME": "AAAA", "ChecksumType": "FULL_OBJECT"}
        before = described("key", answer(ETag='"x-2"', Metadata={"mtime": "1"}, **crc))
        noted = {"mtime": "1", "syncoxiders-version": "checksum"}
        copied = described("key", answer(Metadata=noted, **crc))
        assert before.version == copied.version
        assert described("key", answer(Metadata=noted)).version != before.version

    @pytest.mark.parametrize(
        "more",
        [
            {"ETag": '"' + "0" * 32 + '"'},
            {"Metadata": {"mtime": "2"}},
            {"LastModified": datetime(2024, 1, 2, tzinfo=UTC), "Metadata": {}},
        ],
    )
    def test_change(self, more: dict[str, Any]) -> None:
        """Other content or another time is another version."""
        before = described("key", answer(Metadata={"mtime": "1"}))
        assert described("key", answer(**({"Metadata": {"mtime": "1"}} | more))).version != (
            before.version
        )

    def test_mark_of_what_is_young(self) -> None:
        """What a listing shows is enough only when the second of the write is over for good."""
        found = described("key", answer())
        assert found.mark(6).endswith("~")
        assert not found.mark(5).endswith("~")

    def test_where_it_is(self) -> None:
        """An entry has its path below the root for an id, and its folder's for its parent."""
        found: Object = described("top/folder/file", answer())
        entry = found.entry(Keys("top/"), 0)
        assert (entry.id, entry.parent, entry.name) == ("/folder/file", "/folder/", "file")


class TestTrash:
    def test_where_it_goes(self, w: World) -> None:
        """What is deleted is found by its day and its path, with all that describes it."""
        provider = w.open(clock=lambda: 1_600_000_000.0)
        provider.make_folder(ROOT_REF, "folder")
        w.write("folder/file", CONTENT, ContentType="text/x-own", Metadata={"mtime": "1.5"})
        entry = entry_at(provider, "folder/file")
        provider.delete(ref(entry), entry.version)
        (key,) = (key for key in w.listed() if key.startswith(TRASH))
        assert key.startswith(f"{TRASH}2020-09-13/122640-")
        assert key.endswith("/folder/file")
        assert w.head(key)["ContentType"] == "text/x-own"
        assert w.head(key)["Metadata"]["mtime"] == "1.5"

    def test_switched_off(self, w: World) -> None:
        """Without it nothing is kept, and the traits say so."""
        provider = w.open(trash=False)
        assert not provider.traits.keeps_replaced
        entry = upload(provider, "file", CONTENT)
        entry = upload(provider, "file", b"new", entry)
        provider.delete(ref(entry), entry.version)
        assert w.listed() == []

    @pytest.mark.parametrize("trash", [True, False])
    def test_versions(self, w: World, trash: bool) -> None:
        """A bucket that keeps versions keeps by itself: nothing is copied, a marker is left."""
        w.version()
        provider = w.open(trash=trash)
        assert provider.traits.keeps_replaced
        entry = upload(provider, "file", CONTENT)
        entry = upload(provider, "file", b"new", entry)
        provider.delete(ref(entry), entry.version)
        assert w.listed() == []
        told = w.client.list_object_versions(Bucket=BUCKET)
        assert len(told["Versions"]) == 2
        assert len(told["DeleteMarkers"]) == 1

    def test_suspended_versions(self, w: World) -> None:
        """Where versions are suspended the next write ends the last: there is a copy."""
        w.version()
        status = {"Status": "Suspended"}
        w.client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration=status)
        assert not w.open(trash=False).traits.keeps_replaced
        provider = w.open()
        upload(provider, "file", b"new", upload(provider, "file", CONTENT))
        assert w.kept() == [CONTENT]

    def test_who_may_not_ask(self, w: World) -> None:
        """Who may not ask whether a bucket keeps versions keeps copies."""
        w.version()
        body = b"<Error><Code>AccessDenied</Code></Error>"
        w.app.faults.add("status", path="versioning", status=403, body=body)
        provider = w.open()
        upload(provider, "file", b"new", upload(provider, "file", CONTENT))
        assert w.kept() == [CONTENT]

    def test_without_asking_to_keep(self, w: World) -> None:
        """What is replaced without a word about keeping is not kept."""
        provider = w.open()
        entry = upload(provider, "file", CONTENT)
        provider.upload(
            ROOT_REF,
            "file",
            [b"new"],
            size=3,
            attributes=Attributes(),
            replaces=(ref(entry), entry.version),
        )
        assert w.tree(trash=True) == {"file": b"new"}


class TestWriting:
    def test_what_programs_find(self, w: World) -> None:
        """An object of ours has a media type, the time and the hashes where rclone looks."""
        upload(w.open(), "page.html", CONTENT)
        head = w.client.head_object(Bucket=BUCKET, Key="page.html", ChecksumMode="ENABLED")
        assert head["ContentType"] == "text/html"
        assert head["Metadata"] == {
            "mtime": "1600000000.123456789",
            "md5chksum": base64.b64encode(bytes.fromhex(ETAG)).decode(),
            "sha256": SHA.hexdigest(),
        }
        assert head["ChecksumSHA256"] == base64.b64encode(SHA.digest()).decode()

    @pytest.mark.parametrize("size", [7, PART + 7])
    def test_storage_class(self, w: World, size: int) -> None:
        """New objects go into the class that was asked for."""
        upload(w.open(storage_class="STANDARD_IA"), "file", pattern(size))
        assert w.head("file")["StorageClass"] == "STANDARD_IA"

    def test_same_time_again(self, w: World) -> None:
        """Setting the time that it has already writes nothing."""
        provider = w.open()
        entry = upload(provider, "file", CONTENT)
        w.app.calls.clear()
        assert provider.set_meta(ref(entry), entry.version, Attributes(mtime_ns=MTIME)) == entry
        assert not any(call.startswith("PUT") for call in w.app.calls)

    def test_size_of_parts(self, w: World) -> None:
        """Smaller parts than S3 takes are a mistake of who asks for them."""
        with pytest.raises(ValueError, match="parts"):
            w.open(part_size=PART - 1)
