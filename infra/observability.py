"""What a person sees and is told of: a dashboard, alarms, a budget."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.code import NAMESPACE, Function
from infra.front import Front
from infra.index import Index
from infra.ingress import Ingress
from infra.live import Live
from infra.pipeline import Line, Pipeline
from infra.schedules import Schedules
from infra.settings import Settings

# Each is one metric and no formula: an alarm costs as much as it has metrics, and ten are free.
WAITING = Duration.hours(2)
"""How old a message may grow: those of an invocation that died are hidden for 90 minutes."""

LAPSES = Duration.hours(6)
"""How long before it lapses a push channel has to have a successor."""

HEARTBEAT = Duration.hours(26)
"""How long ago a sync may have been verified last; a whole look is taken every day."""

LATE = Duration.hours(2)
"""How old what the index is told of may be."""

UNTIL_LAPSE = "ChannelSecondsLeft"
"""Seconds until the first push channel lapses; renew counts it at each run."""

SINCE_VERIFIED = "SecondsSinceVerified"
"""Seconds since the sync was verified that waits longest; housekeeping counts it each hour."""


class Observability(Construct):
    """Alarms for what does not heal by itself, and a page with what there is to see."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        key: kms.IKey,
        ingress: Ingress,
        pipeline: Pipeline,
        schedules: Schedules,
        live: Live,
        front: Front,
        index: Index,
    ) -> None:
        super().__init__(scope, construct_id)
        self.topic = self._topic(settings.email, key) if settings.email else None
        lines = {
            "Poll": pipeline.lines.poll,
            "Merge": pipeline.lines.merge,
            "Apply": pipeline.lines.apply,
        }
        for name, line in lines.items():
            self._queue_alarms(name, line)
        by_queue = [pipeline.poll, pipeline.merge, pipeline.apply]
        by_clock = [schedules.sweep, schedules.renew, schedules.housekeeping]
        for function in (ingress.webhook, *by_queue):
            self._alarm(
                f"{function.node.id}Throttled",
                function.function.metric_throttles(period=Duration.minutes(5), statistic="Sum"),
                above=0,
                times=3,
                text=f"{function.node.id.lower()} is throttled: too much runs at once",
            )
        # A person sees what fails, but not that nobody else gets through either.
        self._alarm(
            "ApiFails",
            front.api.function.metric_errors(period=Duration.minutes(15), statistic="Sum"),
            above=5,
            text="The API fails again and again",
        )
        # What a queue drives is tried again, and put aside in the end; nobody waits for these.
        for function in by_clock:
            self._alarm(
                f"{function.node.id}Fails",
                function.function.metric_errors(period=Duration.hours(1), statistic="Sum"),
                above=0,
                times=2,
                text=f"{function.node.id.lower()} fails each time",
            )
        self._alarm(
            "IndexLate",
            index.function.function.metric(
                "IteratorAge", period=Duration.minutes(15), statistic="Maximum"
            ),
            above=int(LATE.to_milliseconds()),
            text="What has changed does not get into the index of all files",
        )
        self.lapse = self._own(UNTIL_LAPSE, "renew", "Minimum")
        self._alarm(
            "ChannelLapses",
            self.lapse,
            below=int(LAPSES.to_seconds()),
            text="A push channel is about to lapse and was not renewed",
        )
        self.verified = self._own(SINCE_VERIFIED, "housekeeping", "Maximum")
        self._alarm(
            "HeartbeatOld",
            self.verified,
            above=int(HEARTBEAT.to_seconds()),
            text="A sync was not verified for longer than a day",
        )
        self._dashboard(
            lines,
            [
                ingress.webhook,
                *by_queue,
                *by_clock,
                front.api,
                front.console,
                live.function,
                index.function,
            ],
        )
        if settings.budget:
            self._budget(settings)

    @staticmethod
    def _own(name: str, of: str, statistic: str) -> cloudwatch.Metric:
        """Return a metric that a function writes into its log."""
        return cloudwatch.Metric(
            namespace=NAMESPACE,
            metric_name=name,
            dimensions_map={"service": of},
            statistic=statistic,
            period=Duration.hours(6),
        )

    def _topic(self, email: str, key: kms.IKey) -> sns.Topic:
        key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsToTopic",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                resources=["*"],
            )
        )
        topic = sns.Topic(self, "Alarms", master_key=key, enforce_ssl=True)
        topic.add_subscription(subscriptions.EmailSubscription(email))
        return topic

    def _queue_alarms(self, name: str, line: Line) -> None:
        self._alarm(
            f"{name}Aside",
            line.aside.metric_approximate_number_of_messages_visible(
                period=Duration.minutes(5), statistic="Maximum"
            ),
            above=0,
            text=f"Messages to {name.lower()} failed each time and were put aside",
        )
        self._alarm(
            f"{name}Waiting",
            line.queue.metric_approximate_age_of_oldest_message(
                period=Duration.minutes(5), statistic="Maximum"
            ),
            above=int(WAITING.to_seconds()),
            text=f"Messages to {name.lower()} have been waiting for long",
        )

    def _alarm(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        *,
        text: str,
        above: int | None = None,
        below: int | None = None,
        times: int = 1,
    ) -> None:
        comparison = cloudwatch.ComparisonOperator
        threshold = below if above is None else above
        if threshold is None:
            raise ValueError(f"{name}: above or below what?")
        alarm = cloudwatch.Alarm(
            self,
            name,
            metric=metric,
            alarm_description=text,
            threshold=threshold,
            comparison_operator=comparison.LESS_THAN_THRESHOLD
            if above is None
            else comparison.GREATER_THAN_THRESHOLD,
            evaluation_periods=times,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        if self.topic is not None:
            alarm.add_alarm_action(actions.SnsAction(self.topic))
            alarm.add_ok_action(actions.SnsAction(self.topic))

    def _dashboard(self, lines: dict[str, Line], functions: list[Function]) -> None:
        def graph(title: str, metrics: list[cloudwatch.IMetric]) -> cloudwatch.GraphWidget:
            return cloudwatch.GraphWidget(title=title, left=metrics, width=12, height=6)

        cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=Stack.of(self).stack_name,
            default_interval=Duration.days(1),
            widgets=[
                [
                    graph(
                        "Messages waiting",
                        [
                            line.queue.metric_approximate_number_of_messages_visible(label=name)
                            for name, line in lines.items()
                        ],
                    ),
                    graph(
                        "Age of the oldest message (s)",
                        [
                            line.queue.metric_approximate_age_of_oldest_message(label=name)
                            for name, line in lines.items()
                        ],
                    ),
                ],
                [
                    graph(
                        "Put aside",
                        [
                            line.aside.metric_approximate_number_of_messages_visible(label=name)
                            for name, line in lines.items()
                        ],
                    ),
                    graph("Last verified, channels left (s)", [self.verified, self.lapse]),
                ],
                [
                    graph("Invocations", [f.function.metric_invocations() for f in functions]),
                    graph("Duration (ms)", [f.function.metric_duration() for f in functions]),
                ],
                [
                    graph("Errors", [f.function.metric_errors() for f in functions]),
                    graph("Throttles", [f.function.metric_throttles() for f in functions]),
                ],
            ],
        )

    def _budget(self, settings: Settings) -> None:
        subscriber = budgets.CfnBudget.SubscriberProperty(
            address=settings.email, subscription_type="EMAIL"
        )
        notices = [
            budgets.CfnBudget.NotificationWithSubscribersProperty(
                notification=budgets.CfnBudget.NotificationProperty(
                    comparison_operator="GREATER_THAN",
                    notification_type=kind,
                    threshold=100,
                    threshold_type="PERCENTAGE",
                ),
                subscribers=[subscriber],
            )
            for kind in ("ACTUAL", "FORECASTED")
        ]
        budgets.CfnBudget(
            self,
            "Budget",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=settings.budget, unit="USD"),
            ),
            notifications_with_subscribers=notices,
        )
