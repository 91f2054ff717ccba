"""Alarms of the EventBridge Scheduler: one-time schedules that send to a FIFO queue."""

import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import (  # type: ignore[import-untyped]  # has none
    ClientError,
    EndpointConnectionError,
)

from syncoxiders.adapters.aws.alarms import SchedulerAlarms
from syncoxiders.engine.pipeline.messages import Poll
from syncoxiders.ports.errors import StateUnavailable
from tests.aws.clients import client
from tests.aws.ministack import Ministack

GROUP = "alarms"
MESSAGE = Poll("me", "work").message("once")
SOON = 1_900_000_000.25


class Stage:
    def __init__(self, ministack: Ministack) -> None:
        account = ministack.account()
        self.scheduler = client(ministack, account, "scheduler")
        self.sqs = client(ministack, account, "sqs")
        self.role = f"arn:aws:iam::{account}:role/alarms"
        self.scheduler.create_schedule_group(Name=GROUP)
        self.url = self.sqs.create_queue(
            QueueName="polls.fifo",
            Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"},
        )["QueueUrl"]
        self.arn = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])[
            "Attributes"
        ]["QueueArn"]
        self.alarms = SchedulerAlarms(lambda: self.scheduler, GROUP, self.role, {"poll": self.url})

    def schedules(self) -> list[Any]:
        found = self.scheduler.list_schedules(GroupName=GROUP)["Schedules"]
        return [self.scheduler.get_schedule(GroupName=GROUP, Name=each["Name"]) for each in found]


@pytest.fixture
def stage(ministack: Ministack) -> Iterator[Stage]:
    made = Stage(ministack)
    yield made
    made.scheduler.close()
    made.sqs.close()


def test_set(stage: Stage) -> None:
    """A schedule fires once, at the second after the time, and goes when it has."""
    stage.alarms.set("poll", MESSAGE, SOON)
    (found,) = stage.schedules()
    assert found["ScheduleExpression"] == "at(2030-03-17T17:46:41)"
    assert found["ScheduleExpressionTimezone"] == "UTC"
    assert found["ActionAfterCompletion"] == "DELETE"
    assert found["FlexibleTimeWindow"] == {"Mode": "OFF"}
    target = found["Target"]
    assert (target["Arn"], target["RoleArn"]) == (stage.arn, stage.role)
    assert target["Input"] == MESSAGE.body
    assert target["SqsParameters"] == {"MessageGroupId": "me#work"}


def test_set_again(stage: Stage) -> None:
    """The same message for the same time is one schedule; for another time it is another."""
    for at in (SOON, SOON, SOON + 0.5, SOON + 60):
        stage.alarms.set("poll", MESSAGE, at)
    assert len(stage.schedules()) == 2


@pytest.mark.slow
def test_rings(stage: Stage) -> None:
    """The message is sent at its time, to its group, and the schedule is deleted."""
    stage.alarms.set("poll", MESSAGE, time.time() + 1)
    end = time.monotonic() + 60
    found: list[Any] = []
    while not found:
        assert time.monotonic() < end, "it does not ring"
        told = stage.sqs.receive_message(
            QueueUrl=stage.url, AttributeNames=["All"], WaitTimeSeconds=1
        )
        found = told.get("Messages", [])
    assert found[0]["Body"] == MESSAGE.body
    assert found[0]["Attributes"]["MessageGroupId"] == "me#work"
    while stage.schedules():
        assert time.monotonic() < end, "it is not deleted"


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="http://none"),
        ClientError({"Error": {"Code": "ThrottlingException"}}, "CreateSchedule"),
    ],
)
def test_no_answer(error: Exception) -> None:
    """What the scheduler does not take is an error of ours."""

    def fail(**_: Any) -> None:
        raise error

    scheduler = SimpleNamespace(create_schedule=fail, meta=SimpleNamespace(region_name="eu-west-1"))
    made: Callable[[], Any] = lambda: scheduler  # noqa: E731 -- as it is given
    alarms = SchedulerAlarms(made, GROUP, "arn:aws-cn:iam::1:role/r", {"poll": "https://sqs/1/q"})
    with pytest.raises(StateUnavailable, match="scheduler"):
        alarms.set("poll", MESSAGE, SOON)
