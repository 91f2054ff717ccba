"""What S3 says went wrong, as the engine's next move, with a sentence that says what to do."""

import socket
from pathlib import Path
from typing import Any

import pytest

from syncoxiders.adapters.memory.pace import MemoryPace
from syncoxiders.adapters.providers.s3 import connect
from syncoxiders.adapters.providers.s3.provider import S3Provider
from syncoxiders.core.model import Ref
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.errors import (
    Denied,
    Full,
    ProviderError,
    Refused,
    Revoked,
    RootLost,
    Stale,
    Throttled,
    Unreachable,
    Vanished,
)
from syncoxiders.ports.provider import Attributes
from tests.adapters.s3_support import (
    BUCKET,
    KEYS,
    World,
    entry_at,
    look,
    people,
    ref,
    served,
    upload,
    w,
)
from tests.contracts.provider_harness import ROOT_REF, KnownTree
from tests.emulators.s3 import ACCESS_KEY, SECRET_KEY

__all__ = ["people", "served", "w"]

ANY = 1000
"""So often that no repetition gets past it."""


def answer(code: str, **more: str) -> bytes:
    fields = "".join(f"<{name}>{text}</{name}>" for name, text in more.items())
    return f"<Error><Code>{code}</Code><Message>said</Message>{fields}</Error>".encode()


def fault(w: World, status: int, code: str, *, method: str = "", path: str = ".*") -> None:
    w.app.faults.add(
        "status", method=method, path=path, status=status, body=answer(code), times=ANY
    )


def plain(w: World) -> S3Provider:
    return w.open(pace=MemoryPace())


class TestMeaning:
    @pytest.mark.parametrize(
        ("status", "code", "kind", "said"),
        [
            (503, "SlowDown", Throttled, "patience"),
            (503, "ServiceUnavailable", Throttled, "patience"),
            (503, "", Throttled, "patience"),
            (429, "TooManyRequestsException", Throttled, "patience"),
            (400, "RequestLimitExceeded", Throttled, "patience"),
            (409, "OperationAborted", Throttled, "patience"),
            (404, "NoSuchBucket", RootLost, "no such bucket"),
            (403, "AccessDenied", Denied, "s3:ListBucket"),
            (403, "InvalidAccessKeyId", Revoked, "access key is not known.*--reconnect"),
            (403, "SignatureDoesNotMatch", Revoked, "secret access key.*--reconnect"),
            (400, "ExpiredToken", Revoked, "expired.*account add s3 ours --reconnect"),
            (400, "InvalidToken", Revoked, "session token"),
            (403, "RequestTimeTooSkewed", Unreachable, "clock"),
            (403, "AccountProblem", Revoked, "problem with the account"),
            (500, "InternalError", Unreachable, "InternalError"),
            (502, "", Unreachable, "."),
            (507, "XMinioStorageFull", Full, "."),
            (403, "QuotaExceeded", Full, "."),
            (400, "KeyTooLongError", Refused, "."),
            (400, "EntityTooLarge", Refused, "."),
            (501, "NotImplemented", Refused, "does not know"),
            (400, "KMS.DisabledException", Denied, "encryption key"),
            (400, "AuthorizationHeaderMalformed", Unreachable, "region"),
        ],
    )
    def test_of_an_answer(
        self, w: World, status: int, code: str, kind: type[ProviderError], said: str
    ) -> None:
        """Each answer is the next move that it stands for, and names the account at fault."""
        fault(w, status, code, path="list-type")
        with pytest.raises(kind, match=said) as caught:
            plain(w).root()
        assert type(caught.value) is kind
        if kind in {Revoked, Throttled}:
            assert "'ours'" in str(caught.value)

    def test_pause(self, w: World) -> None:
        """The pause that is asked for is as long as the service says, else a second."""
        for headers, seconds in (
            ({"Retry-After": "17"}, 17.0),
            ({}, 1.0),
            ({"Retry-After": "x"}, 1),
        ):
            w.app.faults.add("status", status=503, body=answer("SlowDown"), headers=headers)
            with pytest.raises(Throttled) as caught:
                plain(w).root()
            assert caught.value.retry_after == seconds

    @pytest.mark.parametrize(
        ("status", "code", "kind"),
        [
            (400, "ExpiredToken", Revoked),
            (403, "InvalidAccessKeyId", Revoked),
            (403, "RequestTimeTooSkewed", Unreachable),
        ],
    )
    def test_of_an_answer_without_body(
        self, w: World, status: int, code: str, kind: type[ProviderError]
    ) -> None:
        """Why a HEAD was refused is asked again in a way that has an answer."""
        fault(w, status, "", method="HEAD")
        fault(w, status, code, method="GET")
        with pytest.raises(kind):
            plain(w).get(Ref("/file", "file"))

    def test_head_that_is_denied(self, w: World) -> None:
        """Where only this object is refused, it is the object: Denied."""
        for status in (403, 400):
            fault(w, status, "", method="HEAD")
            with pytest.raises(Denied, match="file"):
                plain(w).get(Ref("/file", "file"))
            w.app.faults.clear()

    def test_region(self, w: World) -> None:
        """A bucket that is elsewhere says where."""
        w.app.faults.add(
            "status",
            status=400,
            body=answer("AuthorizationHeaderMalformed", Region="eu-central-1"),
            times=ANY,
        )
        with pytest.raises(Unreachable, match="eu-central-1"):
            plain(w).root()

    def test_error_in_a_good_answer(self, w: World) -> None:
        """A copy that fails after S3 began its answer with 200 has failed."""
        provider = plain(w)
        entry = upload(provider, "file", b"1")
        body = b'<?xml version="1.0" encoding="UTF-8"?>' + answer("InternalError")
        w.app.faults.add("status", method="PUT", path="/new", status=200, body=body)
        with pytest.raises(Unreachable):
            provider.copy(ref(entry), entry.version, ROOT_REF, "new", Attributes())
        assert w.tree() == {"file": b"1"}

    def test_service_without_conditions(self, w: World) -> None:
        """A service that does not know a condition refuses the write, instead of doing without."""
        fault(w, 501, "NotImplemented", method="PUT")
        with pytest.raises(Refused, match="does not know"):
            upload(plain(w), "file", b"1")

    def test_nothing_is_repeated_here(self, w: World) -> None:
        """botocore makes each request once; whether again is for the pace to say."""
        provider = plain(w)
        provider.root()
        for status in (503, 500):
            fault(w, status, "InternalError" if status == 500 else "SlowDown")
            w.app.calls.clear()
            with pytest.raises((Throttled, Unreachable)):
                provider.root()
            assert len(w.app.calls) == 1
            w.app.faults.clear()


class TestConnection:
    @pytest.mark.parametrize("kind", ["drop-before", "drop-after"])
    def test_that_breaks(self, w: World, kind: str) -> None:
        """A connection that breaks is Unreachable, whatever was done."""
        w.app.faults.add("drop-before" if kind == "drop-before" else "drop-after")
        with pytest.raises(Unreachable, match="'ours'"):
            plain(w).root()

    def test_that_breaks_while_reading(self, w: World) -> None:
        """Bytes that stop coming are Unreachable, not the end of the file."""
        w.write("file", b"content" * 100_000)
        provider = plain(w)
        entry = entry_at(provider, "file")
        w.app.faults.add("cut", method="GET", path="/file")
        reader = provider.read(ref(entry), entry.version)
        with pytest.raises(Unreachable):
            list(reader.chunks())
        reader.close()

    def test_nobody_listens(self) -> None:
        """Where nobody listens it is Unreachable."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{free.getsockname()[1]}"
        account = Account("ours", "s3", settings={"url": url})
        with pytest.raises(Unreachable):
            connect(account, KEYS, BUCKET, pace=MemoryPace()).root()

    def test_damaged_while_reading(self, w: World) -> None:
        """Bytes that are not those of S3's checksum are no content."""
        provider = plain(w)
        entry = upload(provider, "file", b"content")
        body = b"CONTENT"
        head = w.client.head_object(Bucket=BUCKET, Key="file", ChecksumMode="ENABLED")
        headers = {
            "ETag": head["ETag"],
            "Last-Modified": head["ResponseMetadata"]["HTTPHeaders"]["last-modified"],
            "x-amz-checksum-sha256": head["ChecksumSHA256"],
            **{f"x-amz-meta-{name}": said for name, said in head["Metadata"].items()},
        }
        w.app.faults.add(
            "status", method="GET", path="/file", status=200, body=body, headers=headers
        )
        reader = provider.read(ref(entry), entry.version)
        with pytest.raises(Unreachable):
            list(reader.chunks())
        reader.close()


class TestRootsAndAccounts:
    @pytest.mark.parametrize(
        ("root", "kind"),
        [
            ("", RootLost),
            ("/", RootLost),
            ("missing-bucket", RootLost),
            ("No_Such+Name", RootLost),
            ("bucket/missing", RootLost),
            ("express--use1-az4--x-s3", Refused),
        ],
    )
    def test_root_that_is_none(self, w: World, root: str, kind: type[ProviderError]) -> None:
        """A root that cannot be one is told so at once, a missing one when it is asked for."""
        with pytest.raises(kind):
            w.open(root).root()

    @pytest.mark.parametrize("url", ["http://", "ftp//x", "http://[::1"])
    def test_address_that_is_none(self, url: str) -> None:
        """An address that is none is an error of the account, not of Python."""
        account = Account("ours", "s3", settings={"url": url})
        with pytest.raises(Unreachable, match="'ours'"):
            connect(account, KEYS, BUCKET, pace=MemoryPace()).root()

    def test_no_keys_at_all(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """Without keys anywhere it is Revoked, with what to do."""
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
        account = Account("ours", "s3", settings={"url": "http://127.0.0.1:9"})
        with pytest.raises(Revoked, match="account add s3 ours"):
            connect(account, {}, BUCKET, pace=MemoryPace()).root()

    def test_profile(self, w: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """Without keys those of the profile are used; one that is missing is Revoked."""
        (tmp_path / "credentials").write_text(
            f"[work]\naws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET_KEY}\n"
        )
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
        provider = connect(w.account(profile="work"), {}, BUCKET, pace=MemoryPace())
        assert provider.root() == "s3:bucket/"
        with pytest.raises(Revoked, match="'ours'"):
            connect(w.account(profile="play"), {}, BUCKET, pace=MemoryPace()).root()

    def test_no_secret_in_errors(self, w: World) -> None:
        """No error's text, nor that of its cause, holds a key."""
        keys = {**KEYS, "session_token": "very-secret-token"}
        for code in ("SignatureDoesNotMatch", "ExpiredToken", "AccessDenied"):
            fault(w, 403, code)
            provider = connect(w.account(), keys, BUCKET, pace=MemoryPace())
            with pytest.raises(ProviderError) as caught:
                provider.root()
            w.app.faults.clear()
            error: BaseException | None = caught.value
            while error is not None:
                assert SECRET_KEY not in str(error)
                assert ACCESS_KEY not in str(error)
                assert "very-secret-token" not in str(error)
                error = error.__cause__

    @pytest.mark.parametrize("style", ["path", "virtual"])
    def test_style_of_addresses(self, w: World, style: str) -> None:
        """The bucket's name stands in the path or in the host, as the service wants it."""
        url = w.server.url.replace("127.0.0.1", "localhost")
        account = Account("ours", "s3", settings={"url": url, "style": style})
        provider = connect(account, KEYS, BUCKET, pace=MemoryPace())
        asked: list[str] = []

        def refuse(request: Any, **_: object) -> None:
            asked.append(request.url)
            raise ConnectionRefusedError("no name is resolved in a test")

        provider._bucket._client.meta.events.register("before-send.s3", refuse)
        with pytest.raises(Unreachable):
            provider.root()
        expected = f"{url}/bucket?" if style == "path" else url.replace("//", "//bucket.") + "/?"
        assert asked[0].startswith(expected)


class TestThrottledLook:
    def test_tells_nothing_wrong(self, w: World) -> None:
        """A look that is throttled in the middle ends so, and tells of no deletion."""
        for number in range(5):
            w.write(f"{number}", b"1")
        provider, known = plain(w), KnownTree()
        look(provider, known)
        w.write("new", b"1")
        fault(w, 503, "SlowDown", method="HEAD", path="/new")
        with pytest.raises(Throttled):
            look(provider, known)
        assert len(known.paths()) == 5

    def test_error_of_one_delete(self, w: World) -> None:
        """Who may not delete loses nothing: the object stays, and what was kept of it as well."""
        provider = plain(w)
        entry = upload(provider, "file", b"1")
        fault(w, 403, "AccessDenied", method="DELETE")
        with pytest.raises(Denied, match="s3:DeleteObject"):
            provider.delete(ref(entry), entry.version)
        w.app.faults.clear()
        assert w.tree() == {"file": b"1"}

    def test_stale_and_vanished(self, w: World) -> None:
        """What is gone is Vanished, what is another is Stale and no more than that."""
        provider = plain(w)
        entry = upload(provider, "file", b"1")
        w.write("file", b"2")
        with pytest.raises(Stale) as caught:
            provider.read(ref(entry), entry.version, 1)
        assert not isinstance(caught.value, Vanished)
        w.remove("file")
        with pytest.raises(Vanished):
            provider.read(ref(entry), entry.version)
