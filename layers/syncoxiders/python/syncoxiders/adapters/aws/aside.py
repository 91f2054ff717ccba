"""Messages that failed each time, and were put aside into a queue's dead-letter queue."""

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from syncoxiders.adapters.aws.clients import ERRORS, failed
from syncoxiders.ports.errors import StateUnavailable

_HIDDEN = 30
"""Seconds for which a message that was shown is not shown again."""

_MOST = 10
"""So many messages go into a request."""


class PutAside(msgspec.Struct, frozen=True):
    """A message that was put aside; ``sent`` is when it was sent, in seconds since the epoch."""

    body: str
    group: str
    sent: float
    receipt: str


class Aside:
    """What was put aside of a queue; ``client`` is botocore's of SQS. Raises StateUnavailable."""

    def __init__(self, client: Any, url: str) -> None:
        self._client = client
        self._url = self._found(url)

    def messages(self, limit: int = 1000) -> list[PutAside]:
        """Return the messages, or so many of them; they stay there.

        For half a minute they are not returned again, nor is anything behind them in their groups.
        """
        found: list[PutAside] = []
        while self._url and len(found) < limit:
            try:
                told = self._client.receive_message(
                    QueueUrl=self._url,
                    MaxNumberOfMessages=_MOST,
                    VisibilityTimeout=_HIDDEN,
                    AttributeNames=["MessageGroupId", "SentTimestamp"],
                )
            except ERRORS as error:
                raise failed("the queue does not answer", error, StateUnavailable) from error
            page = told.get("Messages", [])
            if not page:
                break
            found.extend(_put_aside(each) for each in page)
        return found

    def forget(self, messages: Sequence[PutAside]) -> None:
        """Let go of messages that were returned just now."""
        for start in range(0, len(messages), _MOST):
            entries = [
                {"Id": str(index), "ReceiptHandle": each.receipt}
                for index, each in enumerate(messages[start : start + _MOST])
            ]
            try:
                self._client.delete_message_batch(QueueUrl=self._url, Entries=entries)
            except ERRORS as error:
                raise failed("the queue does not answer", error, StateUnavailable) from error

    def _found(self, url: str) -> str:
        """Return the address of the queue where messages of another go; ``""`` if there is none."""
        try:
            told = self._client.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])
            policy = told.get("Attributes", {}).get("RedrivePolicy")
            if not policy:
                return ""
            name = json.loads(policy)["deadLetterTargetArn"].rpartition(":")[2]
            return str(self._client.get_queue_url(QueueName=name)["QueueUrl"])
        except ERRORS as error:
            raise failed("the queue does not answer", error, StateUnavailable) from error


def _put_aside(message: dict[str, Any]) -> PutAside:
    attributes = message.get("Attributes", {})
    return PutAside(
        body=message["Body"],
        group=str(attributes.get("MessageGroupId", "")),
        sent=int(attributes.get("SentTimestamp", 0)) / 1000,
        receipt=message["ReceiptHandle"],
    )
