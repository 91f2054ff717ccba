"""What Google answers when it does not do what was asked, and what the engine does next."""

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from syncoxiders.adapters.providers.drive._errors import LONG, Failure
from syncoxiders.core.model import Ref
from syncoxiders.ports.errors import (
    Denied,
    Full,
    Occupied,
    ProviderError,
    Refused,
    Revoked,
    Stale,
    Throttled,
    Unreachable,
    Vanished,
)
from tests.adapters.drive_support import PLAIN, Stage, serving, staged
from tests.contracts.provider_harness import ROOT_REF, pattern
from tests.emulators.drive import errors
from tests.emulators.serving import Server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def s(server: Server) -> Iterator[Stage]:
    with staged(server) as stage:
        yield stage


ANSWERS = [
    (400, "badRequest", Refused),
    (401, "authError", Revoked),
    (403, "userRateLimitExceeded", Throttled),
    (403, "rateLimitExceeded", Throttled),
    (403, "sharingRateLimitExceeded", Throttled),
    (403, "dailyLimitExceeded", Throttled),
    (429, "rateLimitExceeded", Throttled),
    (429, "", Throttled),
    (403, "storageQuotaExceeded", Full),
    (403, "teamDriveFileLimitExceeded", Full),
    (403, "numChildrenInNonRootLimitExceeded", Refused),
    (403, "myDriveHierarchyDepthLimitExceeded", Refused),
    (403, "insufficientFilePermissions", Denied),
    (403, "appNotAuthorizedToFile", Denied),
    (403, "cannotDownloadAbusiveFile", Denied),
    (403, "domainPolicy", Denied),
    (403, "whatever comes next", Denied),
    (403, "insufficientPermissions", Revoked),
    (403, "accessNotConfigured", Revoked),
    (403, "parentNotAFolder", Vanished),
    (404, "notFound", Vanished),
    (408, "", Unreachable),
    (409, "fileIdInUse", Occupied),
    (410, "", Vanished),
    (412, "", Stale),
    (418, "", Refused),
    (500, "internalError", Unreachable),
    (502, "", Unreachable),
    (503, "backendError", Unreachable),
]


class TestMapping:
    @pytest.mark.parametrize(("status", "reason", "kind"), ANSWERS)
    def test_next_move(self, status: int, reason: str, kind: type[ProviderError]) -> None:
        """Status and reason say what the engine does next, and the text what it is about."""
        content = _json(errors.body(status, reason, "Because.")) if reason else b"<html>"
        error = Failure(status, {}, content).error("work: folder/file")
        assert type(error) is kind
        assert str(error).startswith("work: folder/file: ")
        assert str(status) in str(error)

    def test_newer_form(self) -> None:
        """The reason is also found where newer Google APIs put it."""
        details = [{"@type": "ErrorInfo", "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}]
        content = {"error": {"code": 403, "status": "PERMISSION_DENIED", "details": details}}
        assert type(Failure(403, {}, _json(content)).error("work")) is Revoked

    @pytest.mark.parametrize("content", [b"", b"null", b"[]", b'{"error": "no"}', b'{"error": {}}'])
    def test_what_is_no_error_of_google(self, content: bytes) -> None:
        """An answer of whatever form is an error of ours all the same."""
        assert type(Failure(500, {}, content).error("work")) is Unreachable

    def test_retry_after(self) -> None:
        """Google's own word on how long to wait is heeded."""
        failure = Failure(429, {"retry-after": "17"}, b"")
        error = failure.error("work")
        assert isinstance(error, Throttled)
        assert error.retry_after == 17


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


class TestThrottling:
    @pytest.mark.parametrize("name", errors.THROTTLES)
    def test_is_throttled(self, s: Stage, name: str) -> None:
        """Whatever throttles raises Throttled, and nothing is done."""
        s.provider.root()
        s.emulator.throttle(name)
        with pytest.raises(Throttled) as caught:
            s.provider.make_folder(ROOT_REF, "folder")
        is_daily = name in {"dailyLimitExceeded", "uploadLimitExceeded"}
        assert (caught.value.retry_after == LONG) is is_daily
        assert s.people.tree() == {}

    def test_daily_upload_quota(self, s: Stage) -> None:
        """The limit of what is uploaded a day asks for a long pause, in the midst of chunks too."""
        s.emulator.throttle("uploadLimitExceeded", method="PUT", path="^/upload/")
        with pytest.raises(Throttled) as caught:
            s.upload("file", pattern(6 << 20))
        assert caught.value.retry_after == LONG
        assert s.people.tree() == {}


class TestQuota:
    def test_is_told(self, s: Stage) -> None:
        """What is used and what there is come from Google; no bound is 0."""
        s.people.write("file", b"content")
        quota = s.provider.quota()
        assert (quota.used, quota.total) == (7, s.emulator.drive.limit)
        s.colour("GET", "/about$", lambda body: body["storageQuota"].pop("limit"))
        assert s.provider.quota().total == 0

    @pytest.mark.parametrize("size", [100, 6 << 20])
    def test_is_exceeded(self, s: Stage, size: int) -> None:
        """A full storage raises Full, which says what to do, and nothing is written."""
        s.emulator.drive.limit = 50
        with pytest.raises(Full, match="free some or buy more"):
            s.upload("file", pattern(size))
        assert s.people.tree() == {}

    def test_is_exceeded_by_a_session(self, s: Stage) -> None:
        """An upload for which there is no room does not begin."""
        s.emulator.drive.limit = 50
        with pytest.raises(Full):
            s.provider.begin(ROOT_REF, "file", size=1000, attributes=PLAIN)


class TestTokens:
    def test_token_that_ran_out(self, s: Stage) -> None:
        """A token that is not valid any more is exchanged for another, and nobody notices."""
        s.people.write("file", b"content")
        s.tokens.tokens.insert(0, "old")
        assert s.read("file") == b"content"
        assert s.tokens.refusals == ["old"]

    def test_download_and_upload(self, s: Stage) -> None:
        """So it is with downloads and chunks of uploads."""
        s.people.write("file", b"content")
        entry = s.entry("file")
        for method, path in (("GET", f"/files/{entry.id}$"), ("PUT", "^/upload/")):
            s.after(method, path, lambda: s.tokens.tokens.insert(0, "old"))
        assert s.read("file") == b"content"
        s.upload("large", pattern(20 << 20))
        assert s.tokens.refusals == ["old", "old"]

    @pytest.mark.parametrize("deed", ["root", "read", "upload"])
    def test_account_that_is_revoked(self, s: Stage, deed: str) -> None:
        """Where another token helps no more either, it is Revoked, naming account and cure."""
        s.people.write("file", b"content")
        entry = s.entry("file")
        deeds: dict[str, Callable[[], object]] = {
            "root": s.provider.root,
            "read": lambda: s.provider.read(Ref(entry.id, "file"), entry.version),
            "upload": lambda: s.provider.upload(
                ROOT_REF, "new", [b"ours"], size=4, attributes=PLAIN
            ),
        }
        s.emulator.oauth.revoke_all()
        with pytest.raises(Revoked, match=r"^work: .*connect the account again"):
            deeds[deed]()

    def test_scope_that_does_not_suffice(self, s: Stage) -> None:
        """A token that may only read raises Revoked on writing, and says what is lacking."""
        scope = "https://www.googleapis.com/auth/drive.readonly"
        s.provider.root()
        s.tokens.tokens = [str(s.emulator.oauth.issue(scope)["access_token"])]
        with pytest.raises(Revoked, match="permission"):
            s.upload("file", b"ours")


class TestNetwork:
    @pytest.mark.parametrize("fault", ["drop-before", "drop-after", "cut", "status"])
    def test_reading(self, s: Stage, fault: Any) -> None:
        """A download that breaks off is Unreachable, never a shorter file."""
        s.people.write("file", pattern(1 << 20))
        entry = s.entry("file")
        s.emulator.faults.add(fault, path=f"/files/{entry.id}$", skip=1)
        with pytest.raises(Unreachable, match=r"^work: "):
            b"".join(s.provider.read(Ref(entry.id, "file"), entry.version).chunks())

    def test_nobody_there(self, s: Stage) -> None:
        """Where no server is, it is Unreachable."""
        provider = s.open(url="http://127.0.0.1:1")
        with pytest.raises(Unreachable, match=r"^work: "):
            provider.root()

    def test_not_an_answer_of_google(self, s: Stage) -> None:
        """A page that something in between put in the way is Unreachable."""
        s.emulator.faults.add("status", status=200, body=b"<html>Please log in</html>", times=2)
        with pytest.raises(Unreachable, match="not one of Google Drive's"):
            s.provider.root()

    def test_search_that_is_incomplete(self, s: Stage) -> None:
        """A listing of which Google says that it is not complete is none."""
        s.provider.root()
        s.colour("GET", "/files$", lambda body: body.update(incompleteSearch=True))
        with pytest.raises(Unreachable):
            s.look()

    def test_secrets(self, s: Stage) -> None:
        """Neither a token nor the address of an upload is in an error's text, or its causes'."""
        session = s.provider.begin(ROOT_REF, "file", size=4, attributes=PLAIN)
        address = session.token.partition("upload_id=")[2].partition('"')[0]
        assert address
        s.emulator.faults.add("drop-before", method="PUT", times=2)
        s.emulator.faults.add("status", method="PUT", status=500)
        for _ in range(2):
            with pytest.raises(ProviderError) as caught:
                s.provider.append(session, b"ours", last=True)
            error: BaseException | None = caught.value
            while error is not None:
                assert s.emulator.token not in repr(error) + str(error)
                assert address not in repr(error) + str(error)
                error = error.__cause__ or error.__context__


class TestLog:
    def test_secrets(self, s: Stage, caplog: pytest.LogCaptureFixture) -> None:
        """Neither a token nor the address of an upload is logged, whatever is asked to be."""
        caplog.set_level(logging.DEBUG)
        session = s.provider.begin(ROOT_REF, "file", size=4, attributes=PLAIN)
        s.provider.append(session, b"ours", last=True)
        s.read("file")
        address = session.token.partition("upload_id=")[2].partition('"')[0]
        assert address not in caplog.text
        assert s.emulator.token not in caplog.text


class TestImport:
    def test_costs_nothing(self) -> None:
        """The package, and a push's verifier, come without SDK and HTTP client."""
        code = (
            "import sys; import syncoxiders.adapters.providers.drive as drive; drive.verify;"
            "assert not {'httpx', 'httplib2', 'googleapiclient'} & set(sys.modules)"
        )
        subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
