"""The stack: everything of one deployment."""

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from infra.buckets import Buckets
from infra.code import FUNCTIONS, Code, Function
from infra.front import Front
from infra.index import Index
from infra.ingress import PROVIDERS, Ingress
from infra.live import Live
from infra.observability import Observability
from infra.people import People
from infra.pipeline import Pipeline
from infra.schedules import Schedules
from infra.settings import Settings
from infra.state import Secrets, State
from infra.texts import Texts


class SyncOxiders(Stack):
    """Tables, queues, functions, and what watches over them."""

    def __init__(self, scope: Construct, construct_id: str, settings: Settings) -> None:
        super().__init__(
            scope,
            construct_id,
            stack_name=settings.stack,
            description="SyncOxiders: keeps folders and clouds in step",
            termination_protection=not settings.disposable,
        )
        self.state = State(self, "State", settings)
        self.secrets = Secrets(self, "Secrets", settings)
        code = Code(self, "Code", settings)
        self.pipeline = Pipeline(
            self, "Pipeline", code=code, state=self.state, secrets=self.secrets
        )
        self.ingress = Ingress(
            self,
            "Ingress",
            code=code,
            state=self.state,
            secrets=self.secrets,
            lines=self.pipeline.lines,
        )
        self.index = Index(self, "Index", code=code, state=self.state)
        self.schedules = Schedules(
            self,
            "Schedules",
            code=code,
            state=self.state,
            secrets=self.secrets,
            pipeline=self.pipeline,
            index=self.index,
            url=self.ingress.url,
        )
        # On an emulator people come by links that work once.
        self.people = None if settings.local else People(self, "People", settings, self.ingress.url)
        self.front = Front(
            self,
            "Front",
            code=code,
            state=self.state,
            secrets=self.secrets,
            lines=self.pipeline.lines,
            ingress=self.ingress,
            people=self.people,
        )
        self.index.read_by(self.front.api, self.schedules.housekeeping)
        self.live = Live(
            self,
            "Live",
            code=code,
            state=self.state,
            speakers=[
                self.pipeline.poll,
                self.pipeline.merge,
                self.pipeline.apply,
                self.schedules.housekeeping,
            ],
        )
        self.texts = Texts(self, "Texts", settings, worker=self.pipeline.apply)
        self.buckets: Buckets | None = None
        if settings.buckets:
            self.buckets = Buckets(
                self,
                "Buckets",
                settings.buckets,
                workers=[
                    self.pipeline.poll,
                    self.pipeline.apply,
                    self.schedules.renew,
                    self.schedules.housekeeping,
                    self.front.api,
                ],
                webhook=self.ingress.webhook,
            )
        Observability(
            self,
            "Observability",
            settings=settings,
            key=self.secrets.key,
            ingress=self.ingress,
            pipeline=self.pipeline,
            schedules=self.schedules,
            live=self.live,
            front=self.front,
            index=self.index,
        )
        self._settle()

    @property
    def functions(self) -> dict[str, Function]:
        """All functions by name."""
        found = (
            self.ingress.webhook,
            self.pipeline.poll,
            self.pipeline.merge,
            self.pipeline.apply,
            self.schedules.renew,
            self.schedules.housekeeping,
            self.schedules.sweep,
            self.live.function,
            self.front.api,
            self.front.console,
            self.index.function,
        )
        return dict(zip(FUNCTIONS, found, strict=True))

    def _settle(self) -> None:
        """Tell the functions, and whoever deploys, where everything is."""
        lines = self.pipeline.lines
        names = {
            "TABLE_TREE": self.state.tree.table_name,
            "TABLE_JOURNAL": self.state.journal.table_name,
            "TABLE_CONTROL": self.state.control.table_name,
            "QUEUE_POLL": lines.poll.queue.queue_url,
            "QUEUE_MERGE": lines.merge.queue.queue_url,
            "QUEUE_APPLY": lines.apply.queue.queue_url,
            "KEY": self.secrets.key.key_id,
            "SECRETS": self.secrets.path,
            "ALARMS": self.pipeline.alarms.group.ref,
            "ALARM_ROLE": self.pipeline.alarms.role.role_arn,
            "TEXTS": self.texts.bucket.bucket_name,
            "LIVE": self.live.url,
            "INDEX": self.index.bucket.bucket_name,
        }
        for function in self.functions.values():
            for name, value in names.items():
                function.function.add_environment(f"SYNCOXIDERS_{name}", value)
        outputs = {name.title().replace("_", ""): value for name, value in names.items()}
        outputs["Url"] = self.ingress.url
        outputs["Console"] = self.ingress.local.get("CONSOLE", f"{self.ingress.url}/")
        if self.people is not None:
            if self.people.pool is not None:
                outputs["Pool"] = self.people.pool.user_pool_id
            outputs["Administrator"] = self.people.told["ADMINISTRATOR"] or (
                "nobody yet: deploy with -c admin=you@example.com"
            )
        outputs |= {
            f"Push{provider.capitalize()}": f"{self.ingress.url}/push/{provider}"
            for provider in PROVIDERS
        }
        outputs |= {
            f"Function{name.capitalize()}": function.function.function_name
            for name, function in self.functions.items()
        }
        outputs |= {
            f"Log{name.capitalize()}": function.log.log_group_name
            for name, function in self.functions.items()
        }
        shown = Construct(self, "Outputs")
        for name, value in outputs.items():
            CfnOutput(shown, name, value=value).override_logical_id(name)
