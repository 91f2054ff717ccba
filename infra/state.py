"""Where the state is: three tables, and the key under which secrets lie."""

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.settings import Settings

READ = ("dynamodb:BatchGetItem", "dynamodb:Query")
WRITE = (
    "dynamodb:BatchWriteItem",
    "dynamodb:DeleteItem",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
)


class State(Construct):
    """The tables of docs/pipeline.md. They outlive the stack, and any second can be restored."""

    def __init__(self, scope: Construct, construct_id: str, settings: Settings) -> None:
        super().__init__(scope, construct_id)
        self._kept = RemovalPolicy.DESTROY if settings.disposable else RemovalPolicy.RETAIN
        # What was written in it goes to the index: its key is enough, the item is read anew.
        self.tree = self._table("Tree", stream=dynamodb.StreamViewType.KEYS_ONLY)
        self.journal = self._table("Journal")
        self.control = self._table("Control")

    def _table(self, name: str, stream: dynamodb.StreamViewType | None = None) -> dynamodb.TableV2:
        return dynamodb.TableV2(
            self,
            name,
            partition_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="sk", type=dynamodb.AttributeType.STRING),
            billing=dynamodb.Billing.on_demand(),
            # Encrypted under DynamoDB's own key, as there is nothing secret in the tables that is
            # not encrypted under ours already: tokens on account items are.
            encryption=dynamodb.TableEncryptionV2.dynamo_owned_key(),
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            time_to_live_attribute="expires",
            dynamo_stream=stream,
            deletion_protection=self._kept is RemovalPolicy.RETAIN,
            removal_policy=self._kept,
        )


class Secrets(Construct):
    """One key, and the path below which secrets are in the Parameter Store.

    The parameters are made when an account is connected, so the stack has none of them. What
    begins with ``app_2f`` ("app/", encoded) is of an OAuth app, which pushes are verified with.
    """

    def __init__(self, scope: Construct, construct_id: str, settings: Settings) -> None:
        super().__init__(scope, construct_id)
        stack = Stack.of(self)
        self.path = f"/{stack.stack_name}/vault"
        self.key = kms.Key(
            self,
            "Key",
            description=f"Secrets of {stack.stack_name}",
            enable_key_rotation=True,
            removal_policy=RemovalPolicy.DESTROY if settings.disposable else RemovalPolicy.RETAIN,
        )

    def arn(self, begins: str = "") -> str:
        """Return the pattern of the parameters whose names begin so."""
        return Stack.of(self).format_arn(
            service="ssm", resource="parameter", resource_name=f"{self.path[1:]}/{begins}*"
        )

    def reading(self, begins: str = "") -> list[iam.PolicyStatement]:
        """Return what it takes to read those secrets."""
        return [
            iam.PolicyStatement(actions=["ssm:GetParameter"], resources=[self.arn(begins)]),
            iam.PolicyStatement(actions=["kms:Decrypt"], resources=[self.key.key_arn]),
        ]

    def refreshing(self) -> list[iam.PolicyStatement]:
        """Return what it takes to read all secrets, and to keep a token in place of an old one.

        A long secret is in several parameters, of which the old ones are deleted.
        """
        return [
            iam.PolicyStatement(
                actions=["ssm:DeleteParameter", "ssm:GetParameter", "ssm:PutParameter"],
                resources=[self.arn()],
            ),
            iam.PolicyStatement(
                actions=["kms:Decrypt", "kms:Encrypt"], resources=[self.key.key_arn]
            ),
        ]
