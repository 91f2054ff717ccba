"""Queues at Amazon SQS, first in, first out.

Limits: 10 messages and 1 MiB a request; ids of groups and for deduplication have up to 128
letters, digits and ASCII punctuation marks.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
"""

import hashlib
import math
import string
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from syncoxiders.adapters.aws.clients import ERRORS, failed
from syncoxiders.ports.errors import StateUnavailable
from syncoxiders.ports.queue import Message

MOST, LARGEST, LONGEST = 10, 1 << 20, 128
"""Messages and bytes a request, and characters an id."""

_ALLOWED = frozenset(string.ascii_letters + string.digits + string.punctuation)


class SqsQueue:
    """A :class:`~syncoxiders.ports.queue.Queue`; ``client`` is botocore's of SQS."""

    def __init__(self, client: Any, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, messages: Sequence[Message]) -> None:
        """Send all; what SQS does not take of a request is sent once more.

        Raises StateUnavailable, after which some may have been sent.
        """
        for part in _parts(messages):
            failed = self._send(part)
            if failed and self._send([part[index] for index in failed]):
                raise StateUnavailable("the queue takes no messages")

    def give_back(self, receipts: Mapping[str, float]) -> None:
        """Have messages that were received come again, each after so many seconds, not before.

        One that is not being handled any more stays as it is. Raises StateUnavailable.
        """
        pauses = list(receipts.items())
        for start in range(0, len(pauses), MOST):
            entries = [
                {
                    "Id": str(index),
                    "ReceiptHandle": receipt,
                    "VisibilityTimeout": math.ceil(seconds),
                }
                for index, (receipt, seconds) in enumerate(pauses[start : start + MOST])
            ]
            try:
                self._client.change_message_visibility_batch(QueueUrl=self._url, Entries=entries)
            except ERRORS as error:
                raise failed("the queue does not answer", error, StateUnavailable) from error

    def _send(self, messages: Sequence[Message]) -> list[int]:
        """Send what fits into a request; returns which of it were not taken."""
        entries = [
            {
                "Id": str(index),
                "MessageBody": message.body,
                "MessageGroupId": identifier(message.group),
                "MessageDeduplicationId": identifier(message.once),
            }
            for index, message in enumerate(messages)
        ]
        try:
            told = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
        except ERRORS as error:
            raise failed("the queue does not answer", error, StateUnavailable) from error
        return [int(each["Id"]) for each in told.get("Failed", ())]


def identifier(text: str) -> str:
    """Return a text as SQS takes it for an id: itself, or a digest of it."""
    if 0 < len(text) <= LONGEST and _ALLOWED.issuperset(text):
        return text
    return f"~{hashlib.sha256(text.encode()).hexdigest()}"


def _parts(messages: Sequence[Message]) -> Iterator[list[Message]]:
    part: list[Message] = []
    size = 0
    for message in messages:
        length = len(message.body.encode())
        if length > LARGEST:
            raise ValueError(f"a message of {length} bytes is no hint")
        if part and (len(part) == MOST or size + length > LARGEST):
            yield part
            part, size = [], 0
        part.append(message)
        size += length
    if part:
        yield part
