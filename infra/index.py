"""The index of all files: what keeps it up, and the bucket that it is in."""

from aws_cdk import Duration, RemovalPolicy, Size
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.code import Code, Function
from infra.state import READ, State

WINDOW = Duration.minutes(1)
"""So long what was written is collected, before the index is told of it at once."""

_LOCAL_WINDOW = Duration.seconds(2)
"""On an emulator a person waits for what they have just done."""

_ENTRIES = {
    "dynamodb": {
        "Keys": {
            "sk": {"S": [{"prefix": "="}, {"prefix": "#"}]},
        }
    }
}
"""What the items of entries have in their sort keys, and no other items of the table."""

ROOM = Size.gibibytes(4)
"""Of the temporary folder: for an index of millions of files five times over, while it is built."""

_GET, _PUT, _DELETE = "s3:GetObject", "s3:PutObject", "s3:DeleteObject"


class Index(Construct):
    """A bucket of what can be made anew at any time, and the function that makes it."""

    def __init__(self, scope: Construct, construct_id: str, *, code: Code, state: State) -> None:
        super().__init__(scope, construct_id)
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=[
                s3.LifecycleRule(abort_incomplete_multipart_upload_after=Duration.days(1))
            ],
            removal_policy=RemovalPolicy.DESTROY
            if code.settings.disposable
            else RemovalPolicy.RETAIN,
        )
        self.function = Function(
            self,
            "Index",
            code=code,
            timeout=Duration.minutes(15),
            memory=1769,  # a whole processor: it sorts, and compresses
            room=ROOM,
            description="Keeps the index of all files up",
        )
        for table in (state.tree, state.journal):
            table.grant(self.function.role, *READ)
        state.control.grant(self.function.role, *READ, "dynamodb:PutItem", "dynamodb:UpdateItem")
        self._open(self.function, _GET, _PUT, _DELETE)
        self.function.function.add_event_source(
            sources.DynamoEventSource(
                state.tree,
                starting_position=lambda_.StartingPosition.TRIM_HORIZON,
                batch_size=1000,
                max_batching_window=_LOCAL_WINDOW if code.settings.local else WINDOW,
                report_batch_item_failures=True,
                bisect_batch_on_error=True,
                filters=[lambda_.FilterCriteria.filter(_ENTRIES)],
            )
        )

    def read_by(self, api: Function, housekeeping: Function) -> None:
        """Let the API search, and both remove what was known of a sync that is no more."""
        self._open(api, _GET, _DELETE)
        self._open(housekeeping, _DELETE)

    def _open(self, function: Function, *actions: str) -> None:
        # What is not there is told from what is forbidden only to who may list.
        function.allow(
            iam.PolicyStatement(
                actions=list(actions), resources=[self.bucket.arn_for_objects("*")]
            ),
            iam.PolicyStatement(actions=["s3:ListBucket"], resources=[self.bucket.bucket_arn]),
        )
