"""The functions on a local AWS: its tables, queues, keys and parameters, and emulated vendors.

What the deployed event sources do is done here by hand: messages are received, handed to the
functions, and deleted unless they failed.
"""

import time
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

import functions.apply
import functions.housekeeping
import functions.merge
import functions.poll
import functions.renew
import functions.sweep
import functions.webhook
from syncoxiders.adapters.accounts.secret import Secret
from syncoxiders.adapters.aws import clients
from syncoxiders.adapters.items.store import ItemsSync
from syncoxiders.cloud import app as root
from syncoxiders.cloud.app import App, app
from syncoxiders.cloud.secrets import of_app, secret_of
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.pipeline import Batch
from syncoxiders.ports.registry import EndpointSettings, SyncSettings
from tests.aws.clients import client
from tests.aws.ministack import Ministack
from tests.emulators.clouds import BUCKET, KINDS, ROOT
from tests.emulators.serving import Server
from tests.functions.gateway import Gateway
from tests.functions.stage import Context, object_event, schedule

LINES = {"poll": functions.poll, "merge": functions.merge, "apply": functions.apply}


class Aws:
    """What is deployed, in an AWS account of its own, and its event sources."""

    def __init__(self, ministack: Ministack, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
        account = ministack.account()
        for name, value in ministack.environment(account).items():
            monkeypatch.setenv(name, value)
        tables = client(ministack, account, "dynamodb")
        self._sqs = client(ministack, account, "sqs")
        kms = client(ministack, account, "kms")
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        variables = {"KEY": key, "SECRETS": "/stack/vault", "URL": url, "PATIENCE": "2"}
        for name in ("tree", "journal", "control"):
            keys = {"pk": "HASH", "sk": "RANGE"}
            tables.create_table(
                TableName=name,
                BillingMode="PAY_PER_REQUEST",
                KeySchema=[{"AttributeName": each, "KeyType": keys[each]} for each in keys],
                AttributeDefinitions=[
                    {"AttributeName": each, "AttributeType": "S"} for each in keys
                ],
            )
            variables[f"TABLE_{name.upper()}"] = name
        self.urls: dict[str, str] = {}
        self._received: list[str] = []
        for name in LINES:
            attributes = {"FifoQueue": "true", "VisibilityTimeout": "600"}
            told = self._sqs.create_queue(QueueName=f"{name}.fifo", Attributes=attributes)
            self.urls[name] = variables[f"QUEUE_{name.upper()}"] = told["QueueUrl"]
        for name, value in variables.items():
            monkeypatch.setenv(f"SYNCOXIDERS_{name}", value)
        for each in (tables, kms):
            each.close()

    def add(self, name: str, kind: str, emulator: Any, url: str) -> None:
        """Connect an emulated account, by its refresh token alone."""
        found = app()
        tokens = emulator.oauth.issue()
        secret = Secret(
            client_secret=emulator.oauth.clients["client"], refresh=tokens["refresh_token"]
        )
        secret_of(found.vault, "me", name).put(secret)
        ids = frozenset({emulator.account.id}) if kind == "dropbox" else frozenset[str]()
        account = Account(name, kind, "client", settings={"url": url})
        found.registry.put_account("me", account, ids)

    def settle(self) -> None:
        """Hand out messages until all queues are empty."""
        quiet = 0
        while quiet < 2:
            handled = [self._handled(name) for name in LINES]
            quiet = 0 if any(handled) else quiet + 1

    def come_again(self, name: str) -> None:
        """Let what was received and not deleted come again, as when its time is over."""
        self._sqs.change_message_visibility_batch(
            QueueUrl=self.urls[name],
            Entries=[
                {"Id": str(index), "ReceiptHandle": each, "VisibilityTimeout": 0}
                for index, each in enumerate(self._received)
            ],
        )

    def _handled(self, name: str) -> bool:
        url = self.urls[name]
        found = self._sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"]
        ).get("Messages", [])
        if not found:
            return False
        self._received = [each["ReceiptHandle"] for each in found]
        records = [
            {
                "messageId": each["MessageId"],
                "receiptHandle": each["ReceiptHandle"],
                "body": each["Body"],
                "attributes": each["Attributes"],
                "messageAttributes": {},
                "md5OfBody": each["MD5OfBody"],
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:us-east-1:000000000000:{name}.fifo",
                "awsRegion": "us-east-1",
            }
            for each in found
        ]
        answer = LINES[name].handler({"Records": records}, Context())
        failed = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
        assert not failed
        for each in found:
            self._sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
        return True


@pytest.fixture
def serving() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def aws(ministack: Ministack, monkeypatch: pytest.MonkeyPatch, serving: ExitStack) -> Iterator[Aws]:
    gateway = serving.enter_context(Server(Gateway()))
    for cache in (root.app, clients.client, clients.session):
        cache.cache_clear()
    found = Aws(ministack, monkeypatch, gateway.url)
    yield found
    made: App = app()
    made.connections.close()
    made._dynamo.close()
    for each in ("sqs", "ssm", "kms"):
        clients.client(each).close()
    found._sqs.close()
    for cache in (root.app, clients.client, clients.session):
        cache.cache_clear()


def test_two_clouds(aws: Aws, serving: ExitStack) -> None:
    """Two clouds are kept in step by pushes alone, after the first look by the clock."""
    drive, drive_url = serving.enter_context(KINDS["drive"].serve())
    box, box_url = serving.enter_context(KINDS["dropbox"].serve())
    aws.add("work", "drive", drive, drive_url)
    aws.add("box", "dropbox", box, box_url)
    app().vault.put(of_app("dropbox"), box.oauth.clients["client"])
    endpoints = (EndpointSettings("a", "work", ROOT), EndpointSettings("b", "box", ROOT))
    app().registry.put_sync("me", SyncSettings("photos", endpoints, changed_at=time.time()))
    box.webhook.register(f"{app().settings.url}/push/dropbox")

    drive.people.write("folder/one", b"from drive")
    box.people.write("two", b"from dropbox")
    assert functions.renew.handler(schedule(), Context())["opened"] == 1
    assert functions.poll.handler(schedule(), Context()) == {"accounts": 2}
    aws.settle()
    expected = {"folder": None, "folder/one": b"from drive", "two": b"from dropbox"}
    assert drive.people.tree() == box.people.tree() == expected

    drive.people.write("folder/three", b"pushed by drive")
    drive.channels.flush()
    aws.settle()
    assert box.people.tree()["folder/three"] == b"pushed by drive"

    box.people.rename("two", "folder/two")
    box.webhook.settle()
    aws.settle()
    assert drive.people.tree() == box.people.tree()
    assert drive.people.tree()["folder/two"] == b"from dropbox"

    drive.people.remove("folder/one")
    drive.channels.flush()
    aws.settle()
    assert "folder/one" not in box.people.tree()

    drive.channels.flush()
    box.webhook.settle()
    aws.settle()
    assert functions.sweep.handler(schedule(), Context()) == {}
    assert functions.housekeeping.handler(schedule(), Context()) == {"syncs": 1}
    box.webhook.unregister()


def test_bucket_and_disk(aws: Aws, serving: ExitStack, tmp_path: Path) -> None:
    """A bucket, by keys of the vault, and a disk are kept in step by events and the clock."""
    kind = KINDS["s3"]
    bucket, url = serving.enter_context(kind.serve())
    found = app()
    secret_of(found.vault, "me", "aws").put(kind.secret(bucket))
    settings = {"url": url, **kind.settings(bucket)}
    found.registry.put_account("me", Account("aws", "s3", settings=settings), frozenset({BUCKET}))
    disk = Account("disk", "folder", settings={"path": str(tmp_path)})
    found.registry.put_account("me", disk)
    endpoints = (EndpointSettings("a", "aws", kind.root), EndpointSettings("b", "disk"))
    found.registry.put_sync("me", SyncSettings("notes", endpoints, changed_at=time.time()))

    (tmp_path / "from-disk").write_bytes(b"from the disk")
    functions.poll.handler(schedule(), Context())
    aws.settle()
    assert bucket.people.tree() == {"from-disk": b"from the disk"}

    bucket.people.write("folder/from-s3", b"from the bucket")
    event = object_event(BUCKET)
    event["detail"]["object"]["key"] = f"{kind.root.partition('/')[2]}/folder/from-s3".lstrip("/")
    assert functions.webhook.handler(event, Context()) == {"accounts": 1}
    aws.settle()
    assert (tmp_path / "folder" / "from-s3").read_bytes() == b"from the bucket"


def test_killed(aws: Aws, serving: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function that dies in the middle is made up for when its message comes again."""
    drive, drive_url = serving.enter_context(KINDS["drive"].serve())
    box, box_url = serving.enter_context(KINDS["dropbox"].serve())
    aws.add("work", "drive", drive, drive_url)
    aws.add("box", "dropbox", box, box_url)
    endpoints = (EndpointSettings("a", "work", ROOT), EndpointSettings("b", "box", ROOT))
    app().registry.put_sync("me", SyncSettings("photos", endpoints, changed_at=time.time()))
    for number in range(5):
        drive.people.write(f"file{number}", b"content")
    functions.poll.handler(schedule(), Context())
    finish = ItemsSync.finish_batch
    deaths: list[str] = []

    def die(store: ItemsSync, batch: str, failed: Collection[str]) -> list[Batch]:
        if not deaths:
            deaths.append(batch)
            raise Killed
        return finish(store, batch, failed)

    monkeypatch.setattr(ItemsSync, "finish_batch", die)
    with pytest.raises(Killed):
        aws.settle()
    aws.come_again("apply")
    aws.settle()
    assert deaths
    assert box.people.tree() == {f"file{number}": b"content" for number in range(5)}
    assert box.people.tree() == drive.people.tree()


class Killed(BaseException):
    """A function dies, as when its time or memory is over."""
