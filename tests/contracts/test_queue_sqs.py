"""A queue at SQS passes the contract; what SQS does not take is sent once more."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError  # type: ignore[import-untyped]  # has none

from syncoxiders.adapters.aws.sqs import LARGEST, LONGEST, SqsQueue, identifier
from syncoxiders.ports.errors import StateUnavailable
from syncoxiders.ports.queue import Message
from tests.aws.clients import client
from tests.aws.ministack import Ministack
from tests.contracts.queue_contract import *  # noqa: F403 -- the suite is its names
from tests.contracts.queue_contract import bodies, message


class Sqs:
    def __init__(self, sqs: Any) -> None:
        self._client = sqs
        attributes = {"FifoQueue": "true", "VisibilityTimeout": "60"}
        self._url = sqs.create_queue(QueueName="polls.fifo", Attributes=attributes)["QueueUrl"]
        self.queue = SqsQueue(sqs, self._url)

    def drain(self) -> list[str]:
        bodies: list[str] = []
        while found := self._client.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for each in found:
                bodies.append(each["Body"])
                self._client.delete_message(QueueUrl=self._url, ReceiptHandle=each["ReceiptHandle"])
        return bodies


@pytest.fixture
def harness(ministack: Ministack) -> Iterator[Sqs]:
    sqs = client(ministack, ministack.account(), "sqs")
    yield Sqs(sqs)
    sqs.close()


def test_given_back(harness: Sqs) -> None:
    """What is given back comes again when that was asked for, before what is behind it."""
    harness.queue.send([message(1), message(2)])
    (first,) = harness._client.receive_message(QueueUrl=harness._url)["Messages"]
    assert harness.drain() == []
    harness.queue.give_back({first["ReceiptHandle"]: 0.0})
    assert harness.drain() == bodies([message(1), message(2)])


def test_given_back_late(harness: Sqs) -> None:
    """What is not being handled any more cannot be given back, which is no error."""
    harness.queue.send([message(1)])
    (first,) = harness._client.receive_message(QueueUrl=harness._url)["Messages"]
    harness._client.delete_message(QueueUrl=harness._url, ReceiptHandle=first["ReceiptHandle"])
    harness.queue.give_back({first["ReceiptHandle"]: 0.0})
    assert harness.drain() == []


class Stub:
    """A client that refuses messages by their bodies, so many times each, and notes requests."""

    def __init__(self, **refuse: int) -> None:
        self.refuse = refuse
        self.requests: list[list[str]] = []

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, str]]) -> Any:  # noqa: N803 -- the SDK's names
        assert QueueUrl == "url"
        self.requests.append([each["MessageBody"] for each in Entries])
        failed = []
        for each in Entries:
            left = self.refuse.get(each["MessageBody"], 0)
            if left:
                self.refuse[each["MessageBody"]] = left - 1
                failed.append({"Id": each["Id"], "Code": "InternalError", "SenderFault": False})
        return {"Failed": failed} if failed else {}


def sent(*bodies: str) -> list[Message]:
    return [message(number, body=body) for number, body in enumerate(bodies)]


def test_part_refused() -> None:
    """Of a request only what was not taken is sent again."""
    stub = Stub(b=1)
    SqsQueue(stub, "url").send(sent("a", "b", "c"))
    assert stub.requests == [["a", "b", "c"], ["b"]]


def test_refused_twice() -> None:
    """What is not taken the second time either is the caller's to know."""
    stub = Stub(b=2)
    with pytest.raises(StateUnavailable):
        SqsQueue(stub, "url").send(sent("a", "b", "c"))
    assert stub.requests == [["a", "b", "c"], ["b"]]


def test_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A queue that does not answer is unavailable, and the error holds no message."""
    stub = Stub()

    def fail(**_: object) -> None:
        raise EndpointConnectionError(endpoint_url="http://localhost:1/secret")

    monkeypatch.setattr(stub, "send_message_batch", fail)
    with pytest.raises(StateUnavailable) as caught:
        SqsQueue(stub, "url").send(sent("secret"))
    assert "secret" not in str(caught.value)


def test_sizes() -> None:
    """A request holds ten messages and a mebibyte, and not a byte more."""
    stub = Stub()
    SqsQueue(stub, "url").send([message(number) for number in range(21)])
    assert [len(each) for each in stub.requests] == [10, 10, 1]
    stub = Stub()
    half = "x" * (LARGEST // 2)
    SqsQueue(stub, "url").send(sent(half, half, "y", half, half + "z"))
    assert [sum(map(len, each)) for each in stub.requests] == [
        LARGEST,
        LARGEST // 2 + 1,
        LARGEST // 2 + 1,
    ]


def test_given_back_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten are given back in a request, each not before its own pause, in whole seconds."""
    stub = Stub()
    requests: list[list[int]] = []

    def change(*, QueueUrl: str, Entries: list[dict[str, Any]]) -> Any:  # noqa: N803 -- the SDK's names
        assert QueueUrl == "url"
        requests.append([each["VisibilityTimeout"] for each in Entries])
        return {}

    monkeypatch.setattr(stub, "change_message_visibility_batch", change, raising=False)
    SqsQueue(stub, "url").give_back({f"receipt-{number}": number + 0.5 for number in range(12)})
    assert requests == [list(range(1, 11)), [11, 12]]


def test_no_hint() -> None:
    """A message that no request holds is refused before anything is sent."""
    stub = Stub()
    with pytest.raises(ValueError, match="no hint"):
        SqsQueue(stub, "url").send(sent("a", "x" * (LARGEST + 1)))
    assert stub.requests == []


@pytest.mark.parametrize("text", ["me#work", "x" * LONGEST, "a-b_c.d+e@f", "#"])
def test_plain(text: str) -> None:
    """A name that SQS takes is its own id."""
    assert identifier(text) == text


@pytest.mark.parametrize("text", ["", "a b", "é", "x" * (LONGEST + 1), "tab\t"])
def test_digested(text: str) -> None:
    """Any other name has an id that SQS takes, always the same one and another than others."""
    found = identifier(text)
    assert found == identifier(text)
    assert found != identifier(text + "'")
    assert found.isascii()
    assert found.isprintable()
    assert " " not in found
    assert 0 < len(found) <= LONGEST
