"""The three queues and the functions that they feed."""

from dataclasses import dataclass

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.code import Code, Function
from infra.settings import FEWEST
from infra.state import READ, WRITE, Secrets, State

TIME = Duration.minutes(15)
"""How long an invocation may last: the longest there is, for a first look takes what it takes.

Its messages, and all of their groups, are hidden for six times this, but while they are handled
the function shortens that itself, so that one which dies leaves them hidden for a minute.
"""

RECEIVES = 5
"""How often a message is tried before it is put aside."""


class Line(Construct):
    """A FIFO queue, what becomes of messages that fail each time, and who may speak to it."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.aside = self._queue("Aside", retention=Duration.days(14))
        self.queue = self._queue(
            "Queue",
            # AWS asks for six times the function's time, so that a throttled batch is not
            # received again while it is still being tried.
            # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
            visibility=Duration.seconds(6 * int(TIME.to_seconds())),
            retention=Duration.days(4),
            aside=self.aside,
        )

    def _queue(
        self,
        name: str,
        *,
        retention: Duration,
        visibility: Duration | None = None,
        aside: sqs.Queue | None = None,
    ) -> sqs.Queue:
        # Each group has its own 300 requests a second and its own memory of what was sent.
        return sqs.Queue(
            self,
            name,
            retention_period=retention,
            visibility_timeout=visibility,
            dead_letter_queue=None
            if aside is None
            else sqs.DeadLetterQueue(queue=aside, max_receive_count=RECEIVES),
            fifo=True,
            # What we send has an id of its own; what the Scheduler sends has none.
            content_based_deduplication=True,
            deduplication_scope=sqs.DeduplicationScope.MESSAGE_GROUP,
            fifo_throughput_limit=sqs.FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
        )

    def sent_by(self, *functions: Function) -> None:
        """Let functions send to the queue."""
        for function in functions:
            function.allow(
                iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[self.queue.queue_arn])
            )


@dataclass(frozen=True)
class Lines:
    """The queues by what their messages ask for."""

    poll: Line
    merge: Line
    apply: Line


class Alarms(Construct):
    """Schedules that fire once: what was put off is told of again at its time."""

    def __init__(self, scope: Construct, construct_id: str, lines: Lines) -> None:
        super().__init__(scope, construct_id)
        stack = Stack.of(self)
        self.group = scheduler.CfnScheduleGroup(self, "Group")
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal(
                "scheduler.amazonaws.com",
                # https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
                conditions={
                    "StringEquals": {
                        "aws:SourceAccount": stack.account,
                        "aws:SourceArn": self.group.attr_arn,
                    }
                },
            ),
            description=f"Sends what was put off in {stack.stack_name}",
        )
        queues = [lines.poll.queue.queue_arn, lines.apply.queue.queue_arn]
        self.role.add_to_principal_policy(
            iam.PolicyStatement(actions=["sqs:SendMessage"], resources=queues)
        )
        self.schedules = stack.format_arn(
            service="scheduler", resource="schedule", resource_name=f"{self.group.ref}/*"
        )

    def set_by(self, function: Function) -> None:
        """Let a function set alarms, which send as the role and as no other."""
        function.allow(
            iam.PolicyStatement(actions=["scheduler:CreateSchedule"], resources=[self.schedules]),
            iam.PolicyStatement(
                actions=["iam:PassRole"],
                resources=[self.role.role_arn],
                conditions={"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}},
            ),
        )


class Pipeline(Construct):
    """Poll, merge and apply, each behind its queue.

    A new AWS account runs 10 invocations at a time. What the queues start is bounded so that the
    others find room: 2 polls, 2 merges and 3 applies leave 3 for pushes and schedules. (Nothing
    is reserved: an account of 10 has nothing that it could reserve.)
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, code: Code, state: State, secrets: Secrets
    ) -> None:
        super().__init__(scope, construct_id)
        self.lines = Lines(
            poll=Line(self, "PollQueue"),
            merge=Line(self, "MergeQueue"),
            apply=Line(self, "ApplyQueue"),
        )
        self.poll = Function(
            self,
            "Poll",
            code=code,
            timeout=TIME,
            memory=1024,  # of some vendors a first look holds all that is listed
            description="Reads what is new at a provider",
        )
        self.merge = Function(
            self,
            "Merge",
            code=code,
            timeout=TIME,
            memory=1024,
            description="Plans what changes mean for the other sides",
        )
        # Most of its time goes by waiting. What is carried at once shares half of this.
        self.apply = Function(
            self,
            "Apply",
            code=code,
            timeout=TIME,
            memory=1024,
            description="Carries out what was planned",
        )
        for function in (self.poll, self.merge, self.apply):
            state.tree.grant(function.role, *READ, *WRITE)
            state.journal.grant(function.role, *READ, *WRITE)
            state.control.grant(function.role, *READ, *WRITE)
        for function in (self.poll, self.apply):
            function.allow(*secrets.refreshing())
        self.lines.poll.sent_by(self.poll, self.apply)
        self.lines.merge.sent_by(self.poll, self.merge, self.apply)
        self.lines.apply.sent_by(self.merge, self.apply)
        self.alarms = Alarms(self, "Alarms", self.lines)
        for function in (self.poll, self.apply):
            self.alarms.set_by(function)
        self._feed(self.poll, self.lines.poll, at_once=FEWEST)
        self._feed(self.merge, self.lines.merge, at_once=FEWEST)
        self._feed(self.apply, self.lines.apply, at_once=code.settings.apply)

    @staticmethod
    def _feed(function: Function, line: Line, *, at_once: int) -> None:
        function.function.add_event_source(
            sources.SqsEventSource(
                line.queue,
                batch_size=10,
                max_concurrency=at_once,
                report_batch_item_failures=True,
            )
        )
