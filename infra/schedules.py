"""What happens by the clock: looks that no push asked for, and the care of what is there."""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from infra.code import Code, Function
from infra.index import Index
from infra.pipeline import Pipeline
from infra.state import READ, WRITE, Secrets, State

# Pushes get lost, so each account is looked at now and then without one.
LOOK = Duration.minutes(15)
# What was planned and told to nobody, or told and lost, is told again.
SWEEP = Duration.minutes(1)
# A channel that could not be opened, or that its vendor ended, is soon opened again. One that is
# well costs a read of a table.
RENEW = Duration.minutes(15)
KEEP_HOUSE = Duration.hours(1)
# Indexes that are not there are built, and what has changed is merged into those that are.
TEND = Duration.minutes(5)


class Schedules(Construct):
    """Renew, housekeeping and sweep, and the clock that also wakes poll and index."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        code: Code,
        state: State,
        secrets: Secrets,
        pipeline: Pipeline,
        index: Index,
        url: str,
    ) -> None:
        super().__init__(scope, construct_id)
        lines = pipeline.lines
        self.renew = Function(
            self,
            "Renew",
            code=code,
            timeout=Duration.minutes(2),
            memory=512,
            description="Opens push channels, and new ones before they lapse",
        )
        state.control.grant(self.renew.role, *READ, *WRITE)
        self.renew.allow(*secrets.refreshing())
        lines.poll.sent_by(self.renew)
        self.renew.function.add_environment("SYNCOXIDERS_URL", url)

        self.housekeeping = Function(
            self,
            "Housekeeping",
            code=code,
            timeout=Duration.minutes(5),
            memory=512,
            description="Empties the trash, forgets what is old, says which sync fell behind",
        )
        # It removes what is left of syncs that were removed.
        state.tree.grant(
            self.housekeeping.role, *READ, "dynamodb:BatchWriteItem", "dynamodb:DeleteItem"
        )
        for table in (state.journal, state.control):
            table.grant(self.housekeeping.role, *READ, *WRITE)
        self.housekeeping.allow(*secrets.refreshing())

        self.sweep = Function(
            self,
            "Sweep",
            code=code,
            timeout=Duration.minutes(2),
            memory=512,
            description="Tells again what was told to nobody",
        )
        for table in (state.tree, state.control):
            table.grant(self.sweep.role, *READ)
        # What a worker that died had not let go of is let go.
        state.journal.grant(self.sweep.role, *READ, *WRITE)
        for line in (lines.poll, lines.merge, lines.apply):
            line.sent_by(self.sweep)

        self._every(LOOK, pipeline.poll)
        self._every(SWEEP, self.sweep)
        self._every(RENEW, self.renew)
        self._every(KEEP_HOUSE, self.housekeeping)
        self._every(TEND, index.function)

    def _every(self, time: Duration, function: Function) -> None:
        # A run that failed is not tried again: the next one is the same.
        events.Rule(
            self,
            f"{function.node.id}Clock",
            description=f"Wakes {function.node.id.lower()}",
            schedule=events.Schedule.rate(time),
            targets=[targets.LambdaFunction(function.function, retry_attempts=0)],
        )
