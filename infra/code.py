"""The code of the functions: what `python -m infra.build` has made ready below ``build``."""

from pathlib import Path

from aws_cdk import Duration, RemovalPolicy, Size, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.settings import Settings
from infra.target import LAMBDA

FUNCTIONS = (
    *("webhook", "poll", "merge", "apply", "renew", "housekeeping", "sweep"),
    *("live", "api", "console", "index"),
)
NAMESPACE = "SyncOxiders"


class Code(Construct):
    """The two layers: our own code, which changes often, and what it is built upon."""

    def __init__(self, scope: Construct, construct_id: str, settings: Settings) -> None:
        super().__init__(scope, construct_id)
        self.settings = settings
        self.layers = [self._layer("vendor"), self._layer("code")]

    def _layer(self, name: str) -> lambda_.LayerVersion:
        # An emulator runs the functions on its own interpreter, whatever the template says.
        return lambda_.LayerVersion(
            self,
            name.capitalize(),
            code=lambda_.Code.from_asset(str(self.archive(name))),
            compatible_runtimes=[runtime()],
            compatible_architectures=[lambda_.Architecture.ARM_64],
            removal_policy=RemovalPolicy.DESTROY,
        )

    def archive(self, name: str) -> Path:
        """Return a built archive, or say how it is built."""
        path = self.settings.built / f"{name}.zip"
        if not path.is_file():
            raise SystemExit(f"{path} is not there: run `make lambda` before the CDK.")
        return path


def runtime() -> lambda_.Runtime:
    """Return the runtime that the layers are built for."""
    return lambda_.Runtime(f"python{LAMBDA.python}", lambda_.RuntimeFamily.PYTHON)


class Function(Construct):
    """One function with a role and a log of its own; what it may do is granted one by one.

    ``room`` is the size of its temporary folder, if half a gigabyte is not enough.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        code: Code,
        timeout: Duration,
        memory: int,
        description: str,
        room: Size | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        name = construct_id.lower()
        self.timeout = timeout
        self.log = logs.LogGroup(
            self,
            "Log",
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description=f"What {name} may do in {Stack.of(self).stack_name}",
        )
        self.function = lambda_.Function(
            self,
            "Function",
            description=description,
            runtime=runtime(),
            architecture=lambda_.Architecture.ARM_64,
            handler=f"functions.{name}.handler",
            code=lambda_.Code.from_asset(str(code.archive(name))),
            layers=code.layers,
            role=self.role,
            log_group=self.log,
            timeout=timeout,
            memory_size=memory,
            ephemeral_storage_size=room,
            tracing=lambda_.Tracing.DISABLED if code.settings.local else lambda_.Tracing.ACTIVE,
            # Messages go in circles here by design (apply tells merge, merge tells apply), and
            # each circle ends when nothing is left to do. Lambda would cut it off after 16 rounds.
            recursive_loop=lambda_.RecursiveLoop.ALLOW,
            environment={
                "POWERTOOLS_SERVICE_NAME": name,
                "POWERTOOLS_METRICS_NAMESPACE": NAMESPACE,
                "POWERTOOLS_LOG_LEVEL": code.settings.log_level,
                "POWERTOOLS_TRACE_DISABLED": "true" if code.settings.local else "false",
            },
        )
        self.log.grant_write(self.role)

    def allow(self, *statements: iam.PolicyStatement) -> None:
        """Let the function do more."""
        for statement in statements:
            self.role.add_to_principal_policy(statement)
