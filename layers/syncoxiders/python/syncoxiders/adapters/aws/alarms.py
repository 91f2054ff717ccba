"""Alarms of the EventBridge Scheduler: schedules that fire once and are deleted after.

One fires within a minute after its time, and sends to a FIFO queue that deduplicates by content:
of equal messages within five minutes only the first counts.
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-delete.html
https://docs.aws.amazon.com/scheduler/latest/APIReference/API_SqsParameters.html
"""

import datetime as dt
import hashlib
import math
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any

from syncoxiders.adapters.aws.clients import ERRORS, code, failed
from syncoxiders.adapters.aws.sqs import identifier
from syncoxiders.ports.alarm import Line
from syncoxiders.ports.errors import StateUnavailable
from syncoxiders.ports.queue import Message

TOO_LATE = 3_600
"""Seconds after which one that could not be sent is given up: by then the sweep has told."""


class SchedulerAlarms:
    """:class:`~syncoxiders.ports.alarm.Alarms`; ``client`` makes botocore's of the Scheduler.

    ``group`` is the schedules' group, ``role`` the ARN of what they send as, ``lines`` are the
    addresses of the queues.
    """

    def __init__(
        self, client: Callable[[], Any], group: str, role: str, lines: Mapping[Line, str]
    ) -> None:
        self._client = client
        self._group = group
        self._role = role
        self._lines = lines

    def set(self, line: Line, message: Message, at: float) -> None:
        """Have a message sent to a queue at a time; one that was set before stays."""
        moment = dt.datetime.fromtimestamp(math.ceil(at), tz=dt.UTC)
        named = hashlib.sha256(f"{line} {message.body} {moment.isoformat()}".encode()).hexdigest()
        client = self._client()
        try:
            client.create_schedule(
                Name=named[:48],
                GroupName=self._group,
                ScheduleExpression=f"at({moment:%Y-%m-%dT%H:%M:%S})",
                ScheduleExpressionTimezone="UTC",
                FlexibleTimeWindow={"Mode": "OFF"},
                ActionAfterCompletion="DELETE",
                Target={
                    "Arn": _arn(self._lines[line], self._role, client.meta.region_name),
                    "RoleArn": self._role,
                    "Input": message.body,
                    "SqsParameters": {"MessageGroupId": identifier(message.group)},
                    "RetryPolicy": {"MaximumEventAgeInSeconds": TOO_LATE},
                },
            )
        except ERRORS as error:
            if code(error) != "ConflictException":  # else it was set before
                raise failed("the scheduler does not answer", error, StateUnavailable) from error


def _arn(url: str, role: str, region: str) -> str:
    """Return the ARN of a queue by its address, in the partition of a role's ARN."""
    partition = role.split(":")[1]
    account, name = urllib.parse.urlsplit(url).path.split("/")[-2:]
    return f"arn:{partition}:sqs:{region}:{account}:{name}"
