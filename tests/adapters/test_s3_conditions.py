"""S3's conditions: what people do between our requests stays, and lost answers do no harm."""

from collections.abc import Callable
from typing import Any

import pytest

from syncoxiders.adapters.providers.s3.provider import S3Provider
from syncoxiders.core import hashes
from syncoxiders.core.digests import digests_of
from syncoxiders.core.model import Entry
from syncoxiders.ports.errors import Changing, Occupied, ProviderError, Refused, Stale, Vanished
from syncoxiders.ports.provider import Attributes
from tests.adapters.s3_support import (
    BUCKET,
    MTIME,
    PART,
    CutPace,
    World,
    entry_at,
    people,
    ref,
    served,
    upload,
    w,
)
from tests.contracts.provider_harness import ROOT_REF, is_same, pattern, sha256

__all__ = ["people", "served", "w"]

LARGE = pattern(PART + 7)
PERSON = b"person's"


class TestRaces:
    """A person acts just before the request that has the effect."""

    @pytest.mark.parametrize("data", [b"ours", LARGE], ids=["small", "in parts"])
    def test_place_is_taken(self, w: World, data: bytes) -> None:
        """What was put there in the last moment stays: Occupied."""
        method = "PUT" if data == b"ours" else "POST"
        part = "/file" if data == b"ours" else "/file?uploadId"
        w.just_before(method, part, lambda: w.write("file", PERSON))
        with pytest.raises(Occupied):
            upload(w.open(), "file", data)
        assert w.tree() == {"file": PERSON}

    @pytest.mark.parametrize("data", [b"ours", LARGE], ids=["small", "in parts"])
    def test_edited_before_it_is_replaced(self, w: World, data: bytes) -> None:
        """An edit of the last moment stays: Stale; what was kept of it in vain is gone."""
        provider = w.open()
        old = upload(provider, "file", b"old")
        method = "PUT" if data == b"ours" else "POST"
        part = f"/{BUCKET}/file" if data == b"ours" else "/file?uploadId"
        w.just_before(method, part, lambda: w.write("file", PERSON))
        with pytest.raises(Stale):
            upload(provider, "file", data, old)
        assert w.tree(trash=True) == {"file": PERSON}

    def test_removed_before_it_is_replaced(self, w: World) -> None:
        """What was deleted in the last moment is not made again: Stale."""
        provider = w.open()
        old = upload(provider, "file", b"old")
        w.just_before("PUT", f"/{BUCKET}/file", lambda: w.remove("file"))
        with pytest.raises(Stale):
            upload(provider, "file", b"ours", old)
        assert w.tree() == {}

    def test_edited_before_it_is_deleted(self, w: World) -> None:
        """An edit of the last moment is not deleted: Stale; nothing is left in the trash."""
        provider = w.open()
        old = upload(provider, "file", b"old")
        w.just_before("DELETE", "/file", lambda: w.write("file", PERSON))
        with pytest.raises(Stale):
            provider.delete(ref(old), old.version)
        assert w.tree(trash=True) == {"file": PERSON}

    def test_edited_before_it_is_kept(self, w: World) -> None:
        """What goes to the trash is what is deleted, not what stands there a moment later."""
        provider = w.open()
        old = upload(provider, "file", b"old")
        w.just_before("PUT", "/file", lambda: w.write("file", PERSON))
        with pytest.raises(Stale):
            provider.delete(ref(old), old.version)
        assert w.tree(trash=True) == {"file": PERSON}

    def test_place_to_move_to_is_taken(self, w: World) -> None:
        """What came to the place in the last moment stays, and so does the file: Occupied."""
        provider = w.open()
        old = upload(provider, "file", b"ours")
        w.just_before("PUT", "/place", lambda: w.write("place", PERSON))
        with pytest.raises(Occupied):
            provider.move(ref(old), old.version, ROOT_REF, "place")
        assert w.tree(trash=True) == {"file": b"ours", "place": PERSON}

    def test_edited_before_it_is_copied(self, w: World) -> None:
        """What was edited before it was copied is not moved: Stale."""
        provider = w.open()
        old = upload(provider, "file", b"ours")
        w.just_before("PUT", "/place", lambda: w.write("file", PERSON))
        with pytest.raises(Stale):
            provider.move(ref(old), old.version, ROOT_REF, "place")
        assert w.tree(trash=True) == {"file": PERSON}

    def test_edited_between_copy_and_deletion(self, w: World) -> None:
        """What was edited after it was copied stays, and the copy goes: Stale."""
        provider = w.open()
        old = upload(provider, "file", b"ours")
        w.just_before("DELETE", "/file", lambda: w.write("file", PERSON))
        with pytest.raises(Stale):
            provider.move(ref(old), old.version, ROOT_REF, "place")
        assert w.tree(trash=True) == {"file": PERSON}

    def test_edited_before_its_time_is_set(self, w: World) -> None:
        """A modified time is not put on an edit of the last moment: Stale."""
        provider = w.open()
        old = upload(provider, "file", b"ours")
        w.just_before("PUT", "/file", lambda: w.write("file", PERSON))
        with pytest.raises(Stale):
            provider.set_meta(ref(old), old.version, Attributes(mtime_ns=1))
        assert w.tree() == {"file": PERSON}
        assert "mtime" not in w.head("file")["Metadata"]

    def test_edited_before_a_session_replaces_it(self, w: World) -> None:
        """A session replaces what was expected when it began, and nothing that came later."""
        provider = w.open()
        old = upload(provider, "file", b"old")
        session = provider.begin(
            ROOT_REF,
            "file",
            size=4,
            attributes=Attributes(),
            replaces=(ref(old), old.version),
            keep=True,
        )
        session = provider.append(session, b"ours", last=True)
        w.just_before("POST", "/file?uploadId", lambda: w.write("file", PERSON))
        with pytest.raises(Stale):
            provider.finish(session, digests_of([b"ours"], provider.upload_hashes).text())
        assert w.tree(trash=True) == {"file": PERSON}

    def test_folder_that_gets_something(self, w: World) -> None:
        """A folder into which something was put in the last moment stays with it."""
        provider = w.open()
        provider.make_folder(ROOT_REF, "folder")
        w.just_before("DELETE", "/folder/", lambda: w.write("folder/file", PERSON))
        provider.delete(ref(entry_at(provider, "folder/")), "")
        assert w.tree() == {"folder/file": PERSON}
        assert entry_at(provider, "folder/").name == "folder"


def conflict(w: World, method: str, path: str) -> None:
    body = b"<Error><Code>ConditionalRequestConflict</Code></Error>"
    w.app.faults.add("status", method=method, path=path, status=409, body=body)


class TestConflicts:
    """Two conditional writes to one key at once: S3 answers one of them with 409."""

    def test_of_a_create(self, w: World) -> None:
        """Where the other one created something it is Occupied."""
        provider = w.open()
        conflict(w, "PUT", "/file")

        def other(method: str, path: str) -> None:
            if method == "HEAD" and path.endswith("/file"):
                w.app.before = None
                w.write("file", PERSON)

        w.app.before = other
        with pytest.raises(Occupied):
            upload(provider, "file", b"ours")
        assert w.tree() == {"file": PERSON}

    def test_of_a_create_that_nobody_won(self, w: World) -> None:
        """Where nothing stands there it is Stale, and nothing was written."""
        conflict(w, "PUT", "/file")
        with pytest.raises(Stale) as caught:
            upload(w.open(), "file", b"ours")
        assert not isinstance(caught.value, Occupied | Vanished)
        assert w.tree() == {}

    def test_of_a_replacement(self, w: World) -> None:
        """A replacement that came second is Stale."""
        provider = w.open()
        old = upload(provider, "file", b"old")
        conflict(w, "PUT", f"/{BUCKET}/file")
        with pytest.raises(Stale):
            upload(provider, "file", b"ours", old)
        assert w.tree(trash=True) == {"file": b"old"}


def making(provider: S3Provider, _old: Entry) -> Entry:
    return upload(provider, "new", b"ours")


def making_large(provider: S3Provider, _old: Entry) -> Entry:
    return upload(provider, "new", LARGE)


def replacing(provider: S3Provider, old: Entry) -> Entry:
    return upload(provider, "old", b"ours", old)


def moving(provider: S3Provider, old: Entry) -> Entry:
    return provider.move(ref(old), old.version, ROOT_REF, "new")


def setting(provider: S3Provider, old: Entry) -> Entry:
    return provider.set_meta(ref(old), old.version, Attributes(mtime_ns=MTIME + 1))


def copying(provider: S3Provider, old: Entry) -> Entry:
    return provider.copy(ref(old), old.version, ROOT_REF, "new", Attributes())


class TestLostAnswers:
    """The work is done, and nobody hears of it: the request is made again."""

    @pytest.mark.parametrize(
        ("act", "method", "path", "expected"),
        [
            (making, "PUT", "/new", {"old": b"old", "new": b"ours"}),
            (making_large, "POST", "uploadId=", {"old": b"old", "new": LARGE}),
            (making_large, "PUT", "partNumber=1", {"old": b"old", "new": LARGE}),
            (replacing, "PUT", "/bucket/old", {"old": b"ours"}),
            (moving, "PUT", "/new", {"new": b"old"}),
            (moving, "DELETE", "/bucket/old", {"new": b"old"}),
            (setting, "PUT", "/bucket/old", {"old": b"old"}),
            (copying, "PUT", "/new", {"old": b"old", "new": b"old"}),
        ],
    )
    def test_write(
        self,
        w: World,
        act: Callable[[S3Provider, Entry], Entry],
        method: str,
        path: str,
        expected: dict[str, bytes],
    ) -> None:
        """A conditional request that is made twice has done what was asked, and says so."""
        provider = w.open()
        old = upload(provider, "old", b"old")
        w.app.faults.add("drop-after", method=method, path=path)
        entry = act(provider, old)
        assert w.tree() == expected
        assert is_same(provider.get(ref(entry)), entry)
        assert w.app.faults.take(method, path) is None, "the fault never happened"

    @pytest.mark.parametrize("versioned", [False, True])
    def test_deletion(self, w: World, versioned: bool) -> None:
        """A deletion that was made is not an error when it is made again."""
        if versioned:
            w.version()
        provider = w.open()
        old = upload(provider, "old", b"old")
        w.app.faults.add("drop-after", method="DELETE", path="/bucket/old")
        provider.delete(ref(old), old.version)
        assert w.tree() == {}

    def test_same_content_of_somebody_else(self, w: World) -> None:
        """Content of another time is somebody else's, though the bytes are the same."""
        w.just_before("PUT", "/file", lambda: w.write("file", b"ours", Metadata={"mtime": "1"}))
        with pytest.raises(Occupied):
            upload(w.open(), "file", b"ours")


class TestProof:
    """What was written is proved, by the service or by reading it."""

    @pytest.mark.parametrize("data", [b"ours", LARGE], ids=["small", "in parts"])
    def test_damaged_on_its_way(
        self, w: World, data: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Bytes that arrive otherwise than they were sent are refused by the service."""
        provider = w.open(pace=CutPace())
        call = provider._bucket.call

        def damaged(operation: str, about: str, **values: Any) -> object:
            body = values.get("Body")
            if isinstance(body, bytes) and body:
                values["Body"] = b"!" + body[1:]
            return call(operation, about, **values)

        monkeypatch.setattr(provider._bucket, "call", damaged)
        with pytest.raises(ProviderError):
            upload(provider, "file", data)
        assert w.tree() == {}

    @pytest.mark.parametrize("verify", [True, False])
    def test_service_that_vouches_for_nothing(
        self, w: World, verify: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Where there is neither checksum nor MD5 the content is read, and removed if wrong."""
        provider = w.open()

        def mute(key: str, body: bytes, **values: object) -> dict[str, object]:
            del body, values
            w.write(key, b"other", ServerSideEncryption="aws:kms", SSEKMSKeyId="key")
            return {"ETag": w.head(key)["ETag"], "ServerSideEncryption": "aws:kms"}

        monkeypatch.setattr(provider._bucket, "put", mute)

        def write() -> Entry:
            return provider.upload(
                ROOT_REF, "file", [b"ours!"], size=5, attributes=Attributes(), verify=verify
            )

        if verify:
            with pytest.raises(Changing):
                write()
            assert w.tree() == {}
        else:
            assert write().name == "file"

    @pytest.mark.parametrize("told", [True, False])
    def test_whole_of_parts(self, w: World, told: bool, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where the service tells the CRC-32 of the whole nothing is read, else everything is."""
        if not told:
            module = "syncoxiders.adapters.providers.s3"
            monkeypatch.setattr(f"{module}._upload.whole_checksum", lambda _: "")
            monkeypatch.setattr(f"{module}._objects.whole_checksum", lambda _: "")
        upload(w.open(), "file", LARGE)
        gets = [call for call in w.app.calls if call.startswith("GET /bucket/file")]
        assert bool(gets) is not told

    def test_too_many_parts(self, w: World, monkeypatch: pytest.MonkeyPatch) -> None:
        """Content far beyond its announced size ends as Refused, with nothing left behind."""
        monkeypatch.setattr("syncoxiders.adapters.providers.s3._upload.MAX_PARTS", 1)
        with pytest.raises(Refused):
            w.open().upload(
                ROOT_REF, "file", [LARGE[:PART], LARGE], size=1, attributes=Attributes()
            )
        assert w.tree() == {}
        assert "Uploads" not in w.client.list_multipart_uploads(Bucket=BUCKET)


class TestSessions:
    def test_parts_at_once(self, w: World) -> None:
        """Parts may be sent in any order, and by several at once: what counts is the offset."""
        provider = w.open()
        data = pattern(2 * PART + 5)
        session = provider.begin(ROOT_REF, "file", size=len(data), attributes=Attributes())
        token = session.token
        offsets = [2 * PART, 0, PART]
        for offset in offsets:
            at = type(session)(token, offset)
            chunk = data[offset : offset + PART]
            provider.append(at, chunk, last=offset == 2 * PART)
        done = provider.resume(session)
        assert done is not None
        assert done.offset == len(data)
        entry = provider.finish(done, digests_of([data], provider.upload_hashes).text())
        assert w.tree() == {"file": data}
        assert hashes.equal(entry.hashes, sha256(data)) is True

    @pytest.mark.parametrize("size", [1, PART, 10_000 * PART + 1, 5 * 10**13])
    def test_number_of_parts(self, w: World, size: int) -> None:
        """However large an upload is, it has at most 10,000 parts of 5 MiB to 5 GiB."""
        chunk = w.open().session_chunk(size)
        assert 5 << 20 <= chunk <= 5 << 30
        assert -(-size // chunk) <= 10_000

    def test_parts_beyond_a_gap(self, w: World) -> None:
        """An upload goes on at the first byte that is lacking, whatever is there beyond it."""
        provider = w.open()
        session = provider.begin(ROOT_REF, "file", size=3 * PART, attributes=Attributes())
        provider.append(type(session)(session.token, 2 * PART), pattern(PART), last=True)
        resumed = provider.resume(session)
        assert resumed is not None
        assert resumed.offset == 0

    def test_token_of_another_kind(self, w: World) -> None:
        """A token that is none of ours cannot be gone on with: Stale."""
        provider = w.open()
        session = provider.begin(ROOT_REF, "file", size=1, attributes=Attributes())
        with pytest.raises(Stale):
            provider.resume(type(session)("{}"))


class TestOlderServices:
    """Services that speak the protocol as it was some years ago, and say so: 501."""

    def unknown(self, w: World, *headers: str, copies: bool = False) -> None:
        def refuse(environ: dict[str, Any]) -> bool:
            if copies and "HTTP_X_AMZ_COPY_SOURCE" not in environ:
                return False
            return any(f"HTTP_{name}" in environ for name in headers)

        w.app.unknown = refuse

    @pytest.mark.parametrize("data", [b"ours", LARGE], ids=["small", "in parts"])
    def test_without_checksums(self, w: World, data: bytes) -> None:
        """A service that knows no checksums is not asked for them again; bytes are proved anew."""
        self.unknown(w, "X_AMZ_SDK_CHECKSUM_ALGORITHM", "X_AMZ_CHECKSUM_ALGORITHM")
        provider = w.open()
        for name in ("one", "two"):
            entry = upload(provider, name, data)
            assert hashes.equal(entry.hashes, sha256(data)) is True
        assert w.tree() == {"one": data, "two": data}
        asked = ("POST", "uploads") if data is LARGE else ("PUT", "/bucket/")
        begun = [call for call in w.app.calls if call.startswith(asked[0]) and asked[1] in call]
        assert len(begun) == 3

    def test_session_without_checksums(self, w: World) -> None:
        """A session that was begun without checksums goes on and ends without them."""
        self.unknown(w, "X_AMZ_SDK_CHECKSUM_ALGORITHM", "X_AMZ_CHECKSUM_ALGORITHM")
        provider = w.open()
        session = provider.begin(ROOT_REF, "file", size=4, attributes=Attributes())
        session = w.open().append(session, b"ours", last=True)
        w.open().finish(session, digests_of([b"ours"], provider.upload_hashes).text())
        assert w.tree() == {"file": b"ours"}

    @pytest.mark.parametrize("data", [b"", b"content"])
    def test_copies_without_conditions(self, w: World, data: bytes) -> None:
        """Where a copy cannot have a condition it is made in parts, the last step of which can."""
        self.unknown(w, "IF_NONE_MATCH", copies=True)
        provider = w.open()
        entry = upload(provider, "file", data)
        moved = provider.move(ref(entry), entry.version, ROOT_REF, "moved")
        assert w.tree() == {"moved": data}
        assert moved.mtime_ns == MTIME
        w.write("other", b"2")
        other = entry_at(provider, "other")
        w.just_before("POST", "/place?uploadId", lambda: w.write("place", PERSON))
        with pytest.raises(Occupied):
            provider.move(ref(other), other.version, ROOT_REF, "place")
        assert w.tree() == {"moved": data, "other": b"2", "place": PERSON}


def test_close(w: World) -> None:
    """A provider whose connections were closed opens others when it is asked again."""
    provider = w.open()
    provider.root()
    provider.close()
    provider.close()
    assert upload(provider, "file", b"1").size == 1
