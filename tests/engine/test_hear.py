"""The webhook: genuine pushes are counted and enqueued, nothing else is."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from syncoxiders.adapters.items.registry import ItemsRegistry
from syncoxiders.adapters.memory.clock import MemoryClock
from syncoxiders.adapters.memory.items import MemoryItems
from syncoxiders.adapters.memory.queue import Faults, MemoryQueue
from syncoxiders.adapters.providers import drive, dropbox, onedrive
from syncoxiders.engine.pipeline.hear import LIMIT, Door, Ear, Reply, Request
from syncoxiders.engine.pipeline.messages import Poll, read
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.errors import AccountError, StateUnavailable
from syncoxiders.ports.push import Channel
from syncoxiders.ports.registry import Connected, OpenChannel

APP = "k3y-of-the-app"
SECRET = "the channel's secret"  # noqa: S105 -- an example
GUESS, NONE = "guess", ""
NOW = 1_700_000_000.0


@dataclass
class Stage:
    clock: MemoryClock = field(default_factory=lambda: MemoryClock(NOW))
    app: str | None = APP

    def __post_init__(self) -> None:
        self.registry = ItemsRegistry(MemoryItems())
        self.polls = MemoryQueue(self.clock)
        for name, kind in (("work", "drive"), ("box", "dropbox"), ("one", "onedrive")):
            ids = frozenset({"dbid:1"}) if kind == "dropbox" else frozenset[str]()
            self.registry.put_account("ann", Account(name, kind), ids)
        for channel, account in (("c-work", "work"), ("c-one", "one")):
            opened = Channel(channel, SECRET, NOW + 3600, "token")
            self.registry.put_channel(OpenChannel(opened, "ann", account, "s", "a"))
        self.ear = self.another()

    def another(self) -> Ear:
        """Return what another process hears with."""
        doors = {
            "drive": Door(drive.verify),
            "dropbox": Door(dropbox.verify, lambda: self.app),
            "onedrive": Door(onedrive.verify),
        }
        return Ear(self.registry, self.polls, self.clock, doors)

    def hear(self, path: str, **request: object) -> Reply:
        return self.ear.hear(Request(**{"method": "POST", "path": path, **request}))  # type: ignore[arg-type]  # the tests name the fields

    def drive(self, channel: str = "c-work", secret: str = SECRET, state: str = "change") -> Reply:
        return self.hear("/push/drive", headers=drive_headers(channel, secret, state))

    def dropbox(self, *accounts: str, secret: str = APP) -> Reply:
        body = json.dumps({"list_folder": {"accounts": accounts}}).encode()
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return self.hear("/push/dropbox", headers={"x-dropbox-signature": signature}, body=body)

    def onedrive(self, *notes: Mapping[str, str]) -> Reply:
        return self.hear("/push/onedrive", body=json.dumps({"value": notes}).encode())

    def messages(self) -> list[Poll]:
        """Take what is in the queue."""
        found = []
        while batch := self.polls.receive():
            for each in batch:
                found.append(read(each.message.body, Poll))
                self.polls.delete(each.receipt)
        return found

    def account(self, name: str) -> Connected:
        found = self.registry.account("ann", name)
        assert found is not None
        return found


def drive_headers(channel: str, secret: str, state: str) -> dict[str, str]:
    return {
        "x-goog-channel-id": channel,
        "x-goog-channel-token": secret,
        "x-goog-resource-state": state,
        "x-goog-message-number": "7",
    }


def note(channel: str = "c-one", secret: str = SECRET, **more: str) -> dict[str, str]:
    return {"clientState": f"{channel}:{secret}", "changeType": "updated", **more}


@pytest.fixture
def stage() -> Stage:
    return Stage()


class TestHeard:
    @pytest.mark.parametrize(
        ("push", "account"),
        [
            (lambda stage: stage.drive(), "work"),
            (lambda stage: stage.dropbox("dbid:1"), "box"),
            (lambda stage: stage.onedrive(note()), "one"),
        ],
        ids=["drive", "dropbox", "onedrive"],
    )
    def test_genuine(self, stage: Stage, push: object, account: str) -> None:
        """A genuine push is counted on its account, and has it looked at."""
        assert callable(push)
        reply = push(stage)
        assert (reply.status, reply.outcome, reply.hints) == (200, "heard", 1)
        assert stage.account(account).hints == 1
        assert stage.messages() == [Poll("ann", account, after=0)]

    def test_only_opened(self, stage: Stage) -> None:
        """A channel's first word, that it is open, is no hint."""
        assert stage.drive(state="sync").status == 200
        assert stage.account("work").hints == 0
        assert stage.messages() == []

    def test_several(self, stage: Stage) -> None:
        """What one push says of several accounts is counted for each; of one, once."""
        stage.registry.put_account("bob", Account("b", "dropbox"), frozenset({"dbid:1", "dbid:2"}))
        assert stage.dropbox("dbid:1", "dbid:2", "dbid:3").hints == 2
        assert sorted(stage.messages(), key=lambda each: each.owner) == [
            Poll("ann", "box", after=0),
            Poll("bob", "b", after=0),
        ]
        found = stage.registry.account("bob", "b")
        assert found is not None
        assert found.hints == 1

    def test_strangers(self, stage: Stage) -> None:
        """A genuine push that calls nobody here is answered, and leads to nothing."""
        assert stage.dropbox("dbid:9").status == 200
        assert stage.messages() == []

    def test_removed_account(self, stage: Stage) -> None:
        """The channel of an account that was removed wakes nobody."""
        stage.registry.remove_account("ann", "work")
        assert stage.drive().status == 200
        assert stage.messages() == []

    def test_burst(self, stage: Stage) -> None:
        """A burst is counted whole, and is one message until a look has answered it."""
        for _ in range(5):
            stage.drive()
        assert stage.account("work").hints == 5
        assert stage.messages() == [Poll("ann", "work", after=0)]

    def test_none_is_swallowed(self, stage: Stage) -> None:
        """A hint that comes after a look has counted is another message, whatever came before."""
        stage.drive()
        assert stage.messages() == [Poll("ann", "work", after=0)]
        stage.registry.polled("ann", "work", 1, NOW)
        stage.drive()
        assert stage.messages() == [Poll("ann", "work", after=1)]

    def test_by_bucket(self, stage: Stage) -> None:
        """An event from elsewhere that names its source tells of folders in what it names."""
        stage.registry.put_account("ann", Account("aws", "s3"), frozenset({"photos"}))
        assert stage.ear.touched("s3", {"photos": ["2024", ""], "other": [""]}) == 1
        assert stage.messages() == [Poll("ann", "aws", ("photos", "photos/2024"))]

    def test_folders_once(self, stage: Stage) -> None:
        """What happens in a folder until somebody looks there is one message; then it is another.

        Others of the same minute are not swallowed with it.
        """
        stage.registry.put_account("ann", Account("aws", "s3"), frozenset({"photos"}))
        for _ in range(50):
            stage.ear.touched("s3", {"photos": ["2024"]})
        stage.ear.touched("s3", {"photos": ["2025"]})
        assert stage.messages() == [
            Poll("ann", "aws", ("photos/2024",)),
            Poll("ann", "aws", ("photos/2025",)),
        ]
        stage.registry.looking("ann", "aws")
        stage.ear.touched("s3", {"photos": ["2024"]})
        assert stage.messages() == [Poll("ann", "aws", ("photos/2024",))]
        assert stage.account("aws").hints == 0

    def test_many_folders(self, stage: Stage) -> None:
        """A message names a few folders, however many there are."""
        stage.registry.put_account("ann", Account("aws", "s3"), frozenset({"photos"}))
        stage.ear.touched("s3", {"photos": [f"{number:03}" for number in range(50)]})
        found = stage.messages()
        assert [len(each.folders) for each in found] == [20, 20, 10]
        assert len({folder for each in found for folder in each.folders}) == 50


class TestLifecycle:
    @pytest.mark.parametrize("event", ["reauthorizationRequired", "subscriptionRemoved"])
    def test_renewal(self, stage: Stage, event: str) -> None:
        """A channel that will end lapses in our books now, and its account is looked at."""
        stage.onedrive(note(lifecycleEvent=event))
        opened = stage.registry.channel("c-one")
        assert opened is not None
        assert opened.channel == Channel("c-one", SECRET, NOW, "token")
        assert stage.messages() == [Poll("ann", "one", after=0)]

    def test_missed(self, stage: Stage) -> None:
        """Where the vendor says that something was missed, the account is looked at."""
        stage.onedrive(note(lifecycleEvent="missed"))
        assert stage.messages() == [Poll("ann", "one", after=0)]

    @pytest.mark.parametrize(
        ("path", "query"),
        [
            ("/push/dropbox", {"challenge": "abc <b>"}),
            ("/push/onedrive", {"validationToken": "Validation: Testing & more"}),
        ],
    )
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_handshake(self, stage: Stage, path: str, query: dict[str, str], method: str) -> None:
        """A vendor's challenge is echoed as text that no browser takes for a page."""
        reply = stage.hear(path, query=query, method=method)
        assert (reply.status, reply.outcome) == (200, "challenged")
        assert reply.body == next(iter(query.values()))
        assert reply.headers["content-type"].startswith("text/plain")
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert stage.messages() == []


class TestRefused:
    @pytest.mark.parametrize(
        ("push", "outcome"),
        [
            (lambda stage: stage.drive(secret=GUESS), "forged"),
            (lambda stage: stage.drive(secret=NONE), "forged"),
            (lambda stage: stage.drive("c-other"), "strange"),
            (lambda stage: stage.drive("c-work#"), "forged"),
            (lambda stage: stage.hear("/push/drive"), "forged"),
            (lambda stage: stage.dropbox("dbid:1", secret=GUESS), "forged"),
            (lambda stage: stage.hear("/push/dropbox", body=b"{}"), "forged"),
            (lambda stage: stage.hear("/push/dropbox"), "forged"),
            (lambda stage: stage.onedrive(note(secret=GUESS)), "forged"),
            (lambda stage: stage.onedrive(note(), note(secret=GUESS)), "forged"),
            (lambda stage: stage.onedrive(note("c-other")), "strange"),
            (lambda stage: stage.hear("/push/onedrive", body=b"\xff{"), "forged"),
            (lambda stage: stage.hear("/push/onedrive", body=b"[" * 100_000), "forged"),
        ],
    )
    def test_forged(self, stage: Stage, push: object, outcome: str) -> None:
        """What is not genuine is refused; nothing is counted or sent, and no secret is told."""
        assert callable(push)
        reply = push(stage)
        assert (reply.status, reply.outcome, reply.hints) == (403, outcome, 0)
        assert SECRET not in reply.body
        assert APP not in reply.body
        assert [each.hints for each in stage.registry.accounts("ann")] == [0, 0, 0]
        assert stage.messages() == []

    def test_oversized(self, stage: Stage) -> None:
        """What is longer than any push is not even looked at."""
        body = b" " * (LIMIT + 1)
        signature = hmac.new(APP.encode(), body, hashlib.sha256).hexdigest()
        reply = stage.hear("/push/dropbox", headers={"x-dropbox-signature": signature}, body=body)
        assert (reply.status, reply.outcome) == (413, "oversized")
        assert stage.messages() == []

    @pytest.mark.parametrize(
        "path", ["/", "/push", "/push/", "/push/s3", "/push/drive/x", "//push/drive"]
    )
    def test_elsewhere(self, stage: Stage, path: str) -> None:
        """There is nothing at other addresses."""
        assert stage.hear(path, headers=drive_headers("c-work", SECRET, "change")).status == 404
        assert stage.messages() == []

    @pytest.mark.parametrize("method", ["PUT", "DELETE", "HEAD", "OPTIONS"])
    def test_method(self, stage: Stage, method: str) -> None:
        """Pushes are posted, and challenges got."""
        headers = drive_headers("c-work", SECRET, "change")
        assert stage.hear("/push/drive", method=method, headers=headers).status == 405
        assert stage.messages() == []

    def test_no_app(self, stage: Stage) -> None:
        """Without the app's secret nothing is taken on trust."""
        stage.app = None
        assert stage.dropbox("dbid:1", secret=NONE).status == 403
        assert stage.messages() == []


class TestUnavailable:
    def test_queue(self, stage: Stage) -> None:
        """What cannot be enqueued is not taken, and is enqueued when the vendor sends it again."""
        stage.polls.faults = Faults(refusal=1.0)
        reply = stage.drive()
        assert (reply.status, reply.outcome) == (503, "unavailable")
        stage.polls.faults = Faults()
        assert stage.drive().status == 200
        assert stage.messages() == [Poll("ann", "work", after=0)]

    def test_registry(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        """While nothing can be counted nothing is taken."""

        def fail(*_: object) -> None:
            raise StateUnavailable("the table does not answer")

        monkeypatch.setattr(stage.registry, "hint", fail)
        assert stage.drive().status == 503
        assert stage.messages() == []

    def test_vault(self, stage: Stage) -> None:
        """While a signature cannot be checked nothing is taken."""

        def fail() -> str | None:
            raise AccountError("the vault does not answer")

        doors = {"dropbox": Door(dropbox.verify, fail)}
        stage.ear = Ear(stage.registry, stage.polls, stage.clock, doors)
        assert stage.dropbox("dbid:1").status == 503
        assert stage.messages() == []
