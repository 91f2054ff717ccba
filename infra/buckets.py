"""S3 buckets of this AWS account that are endpoints: who may touch them, and their events."""

from collections.abc import Iterable

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.code import Function

OBJECTS = (
    "s3:AbortMultipartUpload",
    "s3:DeleteObject",
    "s3:GetObject",
    "s3:GetObjectTagging",
    "s3:ListMultipartUploadParts",
    "s3:PutObject",
    "s3:PutObjectTagging",
)
WHOLE = ("s3:GetBucketVersioning", "s3:ListBucket")


class Buckets(Construct):
    """Lets functions work in buckets without a key, and tells the webhook of changes there."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        names: tuple[str, ...],
        *,
        workers: Iterable[Function],
        webhook: Function,
    ) -> None:
        super().__init__(scope, construct_id)
        self.names = names
        arns = [self._arn(name) for name in names]
        for function in workers:
            function.allow(
                iam.PolicyStatement(actions=list(WHOLE), resources=arns),
                iam.PolicyStatement(actions=list(OBJECTS), resources=[f"{arn}/*" for arn in arns]),
            )
        # Events come only of buckets that have EventBridge turned on.
        events.Rule(
            self,
            "Objects",
            description="Changes in buckets that are endpoints",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created", "Object Deleted"],
                detail={"bucket": {"name": list(names)}},
            ),
            targets=[targets.LambdaFunction(webhook.function)],
        )

    def _arn(self, name: str) -> str:
        return Stack.of(self).format_arn(
            service="s3",
            region="",
            account="",
            resource=name,
            arn_format=ArnFormat.NO_RESOURCE_NAME,
        )
