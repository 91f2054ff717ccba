"""A deployed system in memory: the functions' app, and the events that call them."""

import base64
import io
import json
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from msgspec import structs

from syncoxiders.adapters.items.leases import ItemsLeases
from syncoxiders.adapters.items.registry import ItemsRegistry
from syncoxiders.adapters.items.store import ItemsStates
from syncoxiders.adapters.memory.clock import MemoryClock
from syncoxiders.adapters.memory.items import MemoryItems
from syncoxiders.adapters.memory.queue import MemoryQueue
from syncoxiders.adapters.memory.vault import MemoryVault
from syncoxiders.cloud.app import App
from syncoxiders.cloud.settings import Settings
from syncoxiders.engine.pipeline.messages import Poll, read
from syncoxiders.ports.queue import Message
from syncoxiders.ports.registry import Connected

FUNCTIONS = ("apply", "housekeeping", "index", "live", "merge", "poll", "renew", "sweep", "webhook")

SETTINGS = Settings(
    table_tree="tree",
    table_journal="journal",
    table_control="control",
    queue_poll="poll-url",
    queue_merge="merge-url",
    queue_apply="apply-url",
    key="key",
    secrets="/syncoxiders/vault",
    url="https://hooks.example",
    texts="texts",
)


@dataclass
class Context:
    """Lambda's context."""

    seconds: float = 120.0
    function_name: str = "function"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:000000000000:function:function"
    aws_request_id: str = "8e1f3a62-request"

    def get_remaining_time_in_millis(self) -> int:
        return int(self.seconds * 1000)


class Stage:
    """``log`` is what was logged, ``returned`` what was given back, by its queue."""

    def __init__(self) -> None:
        self.log = io.StringIO()
        self.clock = MemoryClock()
        self.items = MemoryItems()
        self.registry = ItemsRegistry(self.items)
        self.leases = ItemsLeases(self.items, self.clock)
        self.vault = MemoryVault()
        self.polls, self.merges, self.applies = (MemoryQueue(self.clock) for _ in range(3))
        self.returned: dict[str, dict[str, float]] = {}
        self.app = App(SETTINGS, self.clock)
        vars(self.app).update(
            control=self.items,
            registry=self.registry,
            leases=self.leases,
            vault=self.vault,
            polls=self.polls,
            merges=self.merges,
            applies=self.applies,
            states=ItemsStates(MemoryItems(), MemoryItems(), now=self.clock.now),
            _queue=lambda url: Returning(self, url),
        )

    def settle(self, **changes: Any) -> None:
        """Deploy it with other settings, before anything is asked of it."""
        self.app.settings = structs.replace(self.app.settings, **changes)

    def messages(self) -> list[Poll]:
        """Take the messages to poll."""
        found = []
        while batch := self.polls.receive():
            for each in batch:
                found.append(read(each.message.body, Poll))
                self.polls.delete(each.receipt)
        return found

    def account(self, name: str) -> Connected:
        found = self.registry.account("me", name)
        assert found is not None
        return found


class Returning:
    """A queue that notes what is given back to it."""

    def __init__(self, stage: Stage, url: str) -> None:
        self._stage = stage
        self._url = url

    def give_back(self, receipts: Mapping[str, float]) -> None:
        self._stage.returned[self._url] = dict(receipts)


def request(
    path: str,
    *,
    method: str = "POST",
    query: str = "",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    encoded: bool | None = None,
) -> dict[str, Any]:
    """Return an HTTP API's event (format 2.0) as AWS documents it.

    A body is encoded unless its type is a text, or as told.
    """
    sent = {"Host": "hooks.example", **(headers or {})}
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {name.lower(): value for name, value in sent.items()},
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "a1b2c3",
            "domainName": "hooks.example",
            "domainPrefix": "hooks",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "APIs-Google",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": f"{method} {path}",
            "stage": "$default",
            "time": "25/Nov/2026:14:00:00 +0000",
            "timeEpoch": 1795615200000,
        },
        "isBase64Encoded": False,
    }
    if query:
        event["queryStringParameters"] = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
    if body is not None:
        event["isBase64Encoded"] = encoded if encoded is not None else True
        event["body"] = (
            base64.b64encode(body).decode() if event["isBase64Encoded"] else body.decode()
        )
    return event


def records(*messages: Message, queue: str = "poll", count: int = 1) -> dict[str, Any]:
    """Return an event of a FIFO queue."""
    return {
        "Records": [
            {
                "messageId": f"id-{number}",
                "receiptHandle": f"receipt-{number}",
                "body": message.body,
                "attributes": {
                    "ApproximateReceiveCount": str(count),
                    "SentTimestamp": "1795615200000",
                    "SequenceNumber": str(18849496460467696128 + number),
                    "MessageGroupId": message.group,
                    "SenderId": "AROAEXAMPLE:function",
                    "MessageDeduplicationId": message.once,
                    "ApproximateFirstReceiveTimestamp": "1795615200001",
                },
                "messageAttributes": {},
                "md5OfBody": "098f6bcd4621d373cade4e832627b4f6",
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:us-east-1:000000000000:{queue}.fifo",
                "awsRegion": "us-east-1",
            }
            for number, message in enumerate(messages)
        ]
    }


def schedule() -> dict[str, Any]:
    """Return a schedule's event."""
    return {
        "version": "0",
        "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "000000000000",
        "time": "2026-11-25T14:00:00Z",
        "region": "us-east-1",
        "resources": ["arn:aws:events:us-east-1:000000000000:rule/clock"],
        "detail": {},
    }


def object_event(bucket: str, kind: str = "Object Created", **more: Any) -> dict[str, Any]:
    """Return an event of S3's, as EventBridge brings it."""
    return {
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": kind,
        "source": "aws.s3",
        "account": "000000000000",
        "time": "2026-11-25T14:00:00Z",
        "region": "us-east-1",
        "resources": [f"arn:aws:s3:::{bucket}"],
        "detail": {
            "version": "0",
            "bucket": {"name": bucket},
            "object": {
                "key": "a/b c.txt",
                "size": 5,
                "etag": "b1946ac92492d2347c6235b4d2611184",
                "version-id": "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e",
                "sequencer": "617f08299329d189",
            },
            "request-id": "N4N7GDK58NMKJ12R",
            "requester": "000000000000",
            "source-ip-address": "192.0.2.1",
            "reason": "PutObject",
        },
        **more,
    }


def dumped(value: object) -> bytes:
    return json.dumps(value).encode()
