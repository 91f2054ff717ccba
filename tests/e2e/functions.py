"""What happens to deployed functions and their queues: killed, held up, told again."""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil  # type: ignore[import-untyped]  # it ships no types

from syncoxiders.adapters.aws.clients import client
from tests.aws.deployed import Cloud
from tests.e2e.clouds import PATIENCE

_WAITING = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]


def until(true: Callable[[], object], what: str) -> None:
    """Wait until something is true."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.01)


class Function:
    """A function that a queue feeds: ``Poll``, ``Merge`` or ``Apply``."""

    def __init__(self, cloud: Cloud, name: str) -> None:
        self._emulator = psutil.Process(cloud.emulator.pid)
        self.name = cloud.stack.outputs[f"Function{name}"]
        self.queue = cloud.stack.outputs[f"Queue{name}"]

    # Its processes

    def kill(self) -> None:
        """End its processes by SIGKILL, whatever they do."""
        for process in self._processes():
            process.kill()

    def _processes(self) -> list[psutil.Process]:
        return [each for each in self._emulator.children() if self._is_of(each)]

    def _is_of(self, process: psutil.Process) -> bool:
        try:
            return bool(process.environ().get("AWS_LAMBDA_FUNCTION_NAME") == self.name)
        except psutil.Error:  # it is gone, or not ready yet
            return False

    # Its queue

    def is_idle(self) -> bool:
        """Say whether there is no message for it, and it handles none."""
        return not self._messages()

    def _messages(self) -> int:
        told = client("sqs").get_queue_attributes(QueueUrl=self.queue, AttributeNames=_WAITING)
        return sum(int(told["Attributes"][each]) for each in _WAITING)

    @contextmanager
    def impatient(self, seconds: int = 2) -> Iterator[None]:
        """Have messages hidden for a short time only, unless the function hides them itself.

        In production they are hidden for much longer than a function may live.
        """
        sqs, attribute = client("sqs"), "VisibilityTimeout"
        told = sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=[attribute])
        sqs.set_queue_attributes(QueueUrl=self.queue, Attributes={attribute: str(seconds)})
        try:
            yield
        finally:
            sqs.set_queue_attributes(QueueUrl=self.queue, Attributes=told["Attributes"])

    @contextmanager
    def held_up(self) -> Iterator[None]:
        """Let the function not be called; what is sent stays in its queue."""
        (mapping,) = client("lambda").list_event_source_mappings(FunctionName=self.name)[
            "EventSourceMappings"
        ]
        self._feed(mapping["UUID"], enabled=False)
        try:
            yield
        finally:
            self._feed(mapping["UUID"], enabled=True)

    @staticmethod
    def _feed(mapping: str, *, enabled: bool) -> None:
        client("lambda").update_event_source_mapping(UUID=mapping, Enabled=enabled)

    def repeat(self, times: int) -> int:
        """Send each message of the queue that is waiting so often again; returns how many wait."""
        sqs = client("sqs")
        told = sqs.receive_message(
            QueueUrl=self.queue,
            MaxNumberOfMessages=10,
            VisibilityTimeout=0,
            MessageSystemAttributeNames=["MessageGroupId"],
        )
        messages = told.get("Messages", ())
        for each in messages:
            for _ in range(times):
                sqs.send_message(
                    QueueUrl=self.queue,
                    MessageBody=each["Body"],
                    MessageGroupId=each["Attributes"]["MessageGroupId"],
                    MessageDeduplicationId=str(uuid.uuid4()),
                )
        return len(messages)


def opened(cloud: Cloud) -> int:
    """Return how many nodes have open actions: a planner writes them one by one."""
    told = client("dynamodb").scan(
        TableName=cloud.stack.outputs["TableTree"],
        FilterExpression="attribute_exists(#open)",
        ExpressionAttributeNames={"#open": "open"},
        Select="COUNT",
        ConsistentRead=True,
    )
    return int(told["Count"])


def held_leases(cloud: Cloud, begins: str) -> list[str]:
    """Return the leases of such a name that somebody holds, or held until he was killed."""
    now = int(time.time() * 1000)
    return [
        name
        for item in _leases(cloud)
        if int(item["until"]["N"]) > now
        and (name := item["pk"]["S"].removeprefix("#lease#")).startswith(begins)
    ]


def _leases(cloud: Cloud) -> list[dict[str, dict[str, str]]]:
    found: list[dict[str, dict[str, str]]] = client("dynamodb").scan(
        TableName=cloud.stack.outputs["TableControl"],
        FilterExpression="sk = :lease",
        ExpressionAttributeValues={":lease": {"S": "lease"}},
        ConsistentRead=True,
    )["Items"]
    return found


def forget_leases(cloud: Cloud) -> None:
    """Let the minute go by for which a lease outlives a function that was killed."""
    table, dynamodb = cloud.stack.outputs["TableControl"], client("dynamodb")
    for item in _leases(cloud):
        dynamodb.update_item(
            TableName=table,
            Key={"pk": item["pk"], "sk": item["sk"]},
            UpdateExpression="SET #until = :over",
            ExpressionAttributeNames={"#until": "until"},
            ExpressionAttributeValues={":over": {"N": "0"}},
        )
