"""The webhook, called as API Gateway and EventBridge call it."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import pytest

from functions.webhook import handler
from syncoxiders.adapters.memory.queue import Faults
from syncoxiders.cloud.handling import Failed
from syncoxiders.cloud.secrets import of_app
from syncoxiders.engine.pipeline.hear import LIMIT
from syncoxiders.engine.pipeline.messages import Poll
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.errors import AccountError, StateUnavailable
from syncoxiders.ports.push import Channel
from syncoxiders.ports.registry import OpenChannel
from tests.functions.stage import Context, Stage, dumped, object_event, request

APP, SECRET, GUESS = "k3y-of-the-app", "s3cret-of-the-channel", "guess"
NOTE = dumped({"list_folder": {"accounts": ["dbid:1"]}, "delta": {"users": [1]}})


@pytest.fixture
def stage(stage: Stage) -> Stage:
    """A person with an account of each kind."""
    stage.registry.put_account("me", Account("work", "drive"))
    stage.registry.put_account("me", Account("one", "onedrive"))
    stage.registry.put_account("me", Account("box", "dropbox"), frozenset({"dbid:1"}))
    stage.registry.put_account("me", Account("aws", "s3"), frozenset({"photos"}))
    stage.vault.put(of_app("dropbox"), APP)
    for channel, account in (("c-work", "work"), ("c-one", "one")):
        opened = Channel(channel, SECRET, stage.clock.now() + 3600, "token")
        stage.registry.put_channel(OpenChannel(opened, "me", account, "s", "a"))
    return stage


def call(event: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = handler(event, Context())
    return answer


def signed(body: bytes, secret: str = APP) -> dict[str, str]:
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Dropbox-Signature": signature, "Content-Type": "application/json"}


def drive_push(channel: str = "c-work", secret: str = SECRET) -> dict[str, Any]:
    headers = {
        "X-Goog-Channel-ID": channel,
        "X-Goog-Channel-Token": secret,
        "X-Goog-Resource-State": "change",
        "X-Goog-Message-Number": "10",
        "Content-Length": "0",
    }
    return request("/push/drive", headers=headers)


def metrics(capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    """Return the metrics that were written, and make sure that nothing secret was."""
    text = capsys.readouterr().out
    assert SECRET not in text
    assert APP not in text
    found: dict[str, float] = {}
    for line in text.splitlines():
        content = json.loads(line)
        for group in content.get("_aws", {}).get("CloudWatchMetrics", ()):
            assert group["Namespace"] == "SyncOxiders"
            found |= {each["Name"]: sum(content[each["Name"]]) for each in group["Metrics"]}
    return found


class TestGenuine:
    def test_drive(self, stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
        """A push of Drive's, which has no body, is counted, enqueued and answered."""
        assert call(drive_push())["statusCode"] == 200
        assert stage.account("work").hints == 1
        assert stage.messages() == [Poll("me", "work", after=0)]
        assert metrics(capsys) == {"PushHeard": 1}

    @pytest.mark.parametrize("encoded", [True, False])
    def test_dropbox(self, stage: Stage, encoded: bool) -> None:
        """A signature is checked over the body's own bytes, however they are handed over."""
        event = request("/push/dropbox", headers=signed(NOTE), body=NOTE, encoded=encoded)
        assert call(event)["statusCode"] == 200
        assert stage.messages() == [Poll("me", "box", after=0)]

    def test_dropbox_bytes(self, stage: Stage) -> None:
        """Also of bytes that no text would keep: a signed body is told from its like."""
        body = NOTE + b" \r\n"
        assert call(request("/push/dropbox", headers=signed(body), body=body))["statusCode"] == 200
        event = request("/push/dropbox", headers=signed(body), body=body.strip())
        assert call(event)["statusCode"] == 403
        assert len(stage.messages()) == 1

    def test_onedrive(self, stage: Stage) -> None:
        """Notes of Graph's are proved by their clientState."""
        body = dumped({"value": [{"clientState": f"c-one:{SECRET}", "changeType": "updated"}]})
        assert call(request("/push/onedrive", body=body))["statusCode"] == 200
        assert stage.messages() == [Poll("me", "one", after=0)]

    def test_lifecycle(self, stage: Stage) -> None:
        """What happens to a subscription comes in at the same door."""
        note = {"clientState": f"c-one:{SECRET}", "lifecycleEvent": "reauthorizationRequired"}
        event = request("/push/onedrive", body=dumped({"value": [note]}))
        assert call(event)["statusCode"] == 200
        opened = stage.registry.channel("c-one")
        assert opened is not None
        assert opened.channel.expires <= stage.clock.now()

    def test_replayed(self, stage: Stage) -> None:
        """A push that comes again is taken again, and is no message more."""
        for _ in range(10):
            assert call(drive_push())["statusCode"] == 200
        assert stage.account("work").hints == 10
        assert stage.messages() == [Poll("me", "work", after=0)]

    def test_quick(self, stage: Stage) -> None:
        """Graph's 3 seconds are far away: a hundred pushes do not take one."""
        before = time.process_time()
        for _ in range(100):
            call(drive_push())
        assert time.process_time() - before < 1.0
        assert stage.account("work").hints == 100

    def test_handshake(self, stage: Stage) -> None:
        """Graph's validation token is answered as it was, decoded."""
        query = "validationToken=Validation%3a+Testing+client+application+reachability+%2b%26%3d"
        answer = call(
            request("/push/onedrive", query=query, headers={"Content-Type": "text/plain"})
        )
        assert answer["statusCode"] == 200
        assert answer["body"] == "Validation: Testing client application reachability +&="
        assert answer["headers"]["content-type"] == "text/plain; charset=utf-8"
        assert stage.messages() == []

    def test_challenge(self, stage: Stage) -> None:
        """Dropbox's challenge is echoed, and no browser takes it for a page."""
        answer = call(request("/push/dropbox", method="GET", query="challenge=%3Cscript%3E"))
        assert (answer["statusCode"], answer["body"]) == (200, "<script>")
        assert stage.messages() == []
        assert answer["headers"]["x-content-type-options"] == "nosniff"


class TestRefused:
    @pytest.mark.parametrize(
        ("event", "status", "outcome"),
        [
            (drive_push(secret=GUESS), 403, "Forged"),
            (drive_push("c-other"), 403, "Strange"),
            (request("/push/drive"), 403, "Forged"),
            (request("/push/dropbox", headers=signed(NOTE, "guess"), body=NOTE), 403, "Forged"),
            (request("/push/dropbox", body=NOTE), 403, "Forged"),
            (request("/push/dropbox", headers=signed(NOTE[:-1]), body=NOTE), 403, "Forged"),
            (request("/push/dropbox", headers=signed(b"{"), body=b"{"), 403, "Forged"),
            (request("/push/onedrive", body=b'{"value":[{"clientState":1}]}'), 403, "Forged"),
            (request("/push/onedrive", body=b"\xff\xfe"), 403, "Forged"),
            (request("/push/onedrive", body=b""), 403, "Forged"),
            (request("/push/drive", body=b"x" * (LIMIT + 1)), 413, "Oversized"),
            (
                request("/push/dropbox", headers=signed(NOTE), body=NOTE) | {"body": "@@"},
                400,
                "Malformed",
            ),
            (request("/push/elsewhere"), 404, "Lost"),
            (request("/push/drive", method="DELETE"), 405, "Lost"),
        ],
    )
    def test_refused(
        self,
        stage: Stage,
        capsys: pytest.CaptureFixture[str],
        event: dict[str, Any],
        status: int,
        outcome: str,
    ) -> None:
        """What is forged, oversized or malformed is refused and counted; nothing is enqueued."""
        assert call(event)["statusCode"] == status
        assert stage.messages() == []
        assert [each.hints for each in stage.registry.accounts("me")] == [0, 0, 0, 0]
        assert metrics(capsys) == {f"Push{outcome}": 1}

    def test_constant_time(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        """Secrets are compared in a way that does not tell how far a guess is right."""
        compared: list[tuple[Any, Any]] = []
        genuine = hmac.compare_digest

        def compare(left: Any, right: Any) -> bool:
            compared.append((left, right))
            return genuine(left, right)

        monkeypatch.setattr(hmac, "compare_digest", compare)
        call(drive_push(secret=GUESS))
        call(request("/push/dropbox", headers=signed(NOTE, "guess"), body=NOTE))
        note = {"clientState": "c-one:guess"}
        call(request("/push/onedrive", body=dumped({"value": [note]})))
        assert len(compared) == 3
        assert stage.messages() == []


class TestTrouble:
    def test_not_enqueued(self, stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
        """A push that cannot be enqueued is not taken: the vendor sends it again."""
        stage.polls.faults = Faults(refusal=1.0)
        answer = call(drive_push())
        assert answer["statusCode"] == 503
        assert int(answer["headers"]["retry-after"]) > 0
        assert metrics(capsys) == {"PushUnavailable": 1}
        stage.polls.faults = Faults()
        assert call(drive_push())["statusCode"] == 200
        assert stage.messages() == [Poll("me", "work", after=0)]

    def test_vault(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        """A push that cannot be checked now is not taken, and not called forged."""

        def fail(name: str) -> str | None:
            raise AccountError(f"no {name}")

        monkeypatch.setattr(stage.vault, "get", fail)
        event = request("/push/dropbox", headers=signed(NOTE), body=NOTE)
        assert call(event)["statusCode"] == 503

    def test_secret_read_once(self, stage: Stage) -> None:
        """The app's secret is read once, and another one is known a few minutes later."""
        event = request("/push/dropbox", headers=signed(NOTE, "new"), body=NOTE)
        assert call(event)["statusCode"] == 403
        stage.vault.put(of_app("dropbox"), "new")
        assert call(event)["statusCode"] == 403
        stage.clock.advance(301.0)
        assert call(event)["statusCode"] == 200

    def test_bug(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        """Of an error that nobody expected neither log nor answer tell what a library says."""

        def fail(*_: object) -> None:
            raise RuntimeError(f"PUT https://upload.example/session?token={SECRET}")

        monkeypatch.setattr(stage.registry, "hint", fail)
        with pytest.raises(Failed) as caught:
            call(drive_push())
        assert SECRET not in str(caught.value)
        assert caught.value.__suppress_context__
        text = stage.log.getvalue()
        assert SECRET not in text
        assert "RuntimeError" in text
        assert "test_webhook.py" in text


class TestBuckets:
    @pytest.mark.parametrize("kind", ["Object Created", "Object Deleted"])
    def test_heard(self, stage: Stage, kind: str) -> None:
        """An event of S3's has the key's folder looked into, in the accounts its bucket calls."""
        assert call(object_event("photos", kind)) == {"accounts": 1}
        assert stage.messages() == [Poll("me", "aws", ("photos/a",))]

    def test_burst(self, stage: Stage) -> None:
        """A thousand objects in a folder are one message, until somebody looks there."""
        for _ in range(1000):
            call(object_event("photos"))
        assert stage.messages() == [Poll("me", "aws", ("photos/a",))]

    def test_own_trash(self, stage: Stage) -> None:
        """What we keep in our own folder of a bucket leads to no look."""
        event = object_event("photos")
        event["detail"]["object"]["key"] = "root/.syncoxiders-trash/2026/x"
        assert call(event) == {"accounts": 0}
        assert stage.messages() == []

    @pytest.mark.parametrize(
        "event",
        [
            object_event("elsewhere"),
            object_event("photos", "Object Restore Completed"),
            object_event("photos", source="aws.other"),
            object_event("photos", detail={"bucket": "photos"}),
        ],
    )
    def test_others(self, stage: Stage, event: dict[str, Any]) -> None:
        """Other buckets, other events and what is none leads to nothing."""
        assert call(event) == {"accounts": 0}
        assert stage.messages() == []

    def test_unavailable(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        """An event that cannot be told fails, so that EventBridge brings it again."""

        def fail(*_: object) -> None:
            raise StateUnavailable("no answer")

        monkeypatch.setattr(stage.registry, "account", fail)
        with pytest.raises(Failed, match="StateUnavailable"):
            call(object_event("photos"))


def test_base64_of_gateway() -> None:
    """API Gateway's encoding is the standard one, with padding."""
    event = request("/push/dropbox", body=b"\xfb\xff")
    assert event["body"] == base64.b64encode(b"\xfb\xff").decode() == "+/8="
