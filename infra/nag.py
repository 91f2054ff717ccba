"""The AWS Solutions rules of cdk-nag, and why some do not fit here."""

from typing import cast

from aws_cdk import Acknowledgment, CfnElement, Validations
from cdk_nag import AwsSolutionsChecks
from constructs import IConstruct

from infra.stack import SyncOxiders

_SECRETS = "arn:<AWS::Partition>:ssm:<AWS::Region>:<AWS::AccountId>:parameter{path}/{begins}*"

_CONNECTIONS = (
    "arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<{api}>"
    "/live/POST/@connections/*"
)

_SCHEDULES = "arn:<AWS::Partition>:scheduler:<AWS::Region>:<AWS::AccountId>:schedule/<{group}>/*"


def check(stack: SyncOxiders) -> None:
    """Have the stack checked whenever it is synthesised."""
    Validations.of(stack).add_plugins(AwsSolutionsChecks(stack))
    path = stack.secrets.path
    for name, function in stack.functions.items():
        _accept(function, "IAM5[Resource::*]", "X-Ray's actions know no resources.")
        if name in ("poll", "apply", "renew", "housekeeping", "api"):
            _accept(
                function,
                f"IAM5[Resource::{_SECRETS.format(path=path, begins='')}]",
                "Parameters are made when an account is connected; all are below one path.",
            )
            for bucket in stack.buckets.names if stack.buckets else ():
                _accept(
                    function,
                    f"IAM5[Resource::arn:<AWS::Partition>:s3:::{bucket}/*]",
                    "Which objects there will be is what a sync is about.",
                )
    texts = stack.get_logical_id(cast("CfnElement", stack.texts.bucket.node.default_child))
    _accept(
        stack.pipeline.apply,
        f"IAM5[Resource::<{texts}.Arn>/*]",
        "Texts are kept under their digests.",
    )
    _accept(
        stack.texts.bucket,
        "S1",
        "One function reads and writes what it can do without; a log of it would hold more.",
    )
    index = stack.get_logical_id(cast("CfnElement", stack.index.bucket.node.default_child))
    for name in ("index", "api", "housekeeping"):
        _accept(
            stack.functions[name],
            f"IAM5[Resource::<{index}.Arn>/*]",
            "An index has as many objects as there are syncs, and their folders, to be found.",
        )
    _accept(
        stack.index.bucket,
        "S1",
        "Our own functions read and write what can be made anew; a log of it would hold more.",
    )
    group = stack.get_logical_id(stack.pipeline.alarms.group)
    for name in ("poll", "apply"):
        _accept(
            stack.functions[name],
            f"IAM5[Resource::{_SCHEDULES.format(group=group)}]",
            "Schedules are made when something is put off; all are in one group.",
        )
    if stack.people is not None and stack.people.pool is not None:
        _accept(
            stack.people.pool,
            "COG2",
            "It is for who deploys to say: `-c mfa=required` asks everybody for a second factor.",
        )
        _accept(
            stack.people.pool,
            "COG8",
            "Of the dearer plan nothing is used, and it costs for everybody who logs in. Nobody "
            "can sign up, and passwords are long.",
        )
    live = stack.get_logical_id(cast("CfnElement", stack.live.api.node.default_child))
    for name in ("poll", "merge", "apply", "housekeeping"):
        _accept(
            stack.functions[name],
            f"IAM5[Resource::{_CONNECTIONS.format(api=live)}]",
            "Connections come and go; a function may speak on any of them, and do nothing else.",
        )
    _accept(
        stack.live.api,
        "APIG4",
        "The function lets in who brings a ticket that the API gave to somebody who is logged in.",
    )
    _accept(
        stack.live.stage,
        "APIG1",
        "A log of a WebSocket API needs a role for the whole AWS account, which is not ours to "
        "set; the function's own log tells who was not let in.",
    )
    _accept(
        stack.ingress.webhook,
        f"IAM5[Resource::{_SECRETS.format(path=path, begins='app_2f')}]",
        "The secrets of the OAuth apps, with which pushes are signed, come after the stack.",
    )
    _accept(
        stack.ingress.api,
        "APIG4",
        "Providers cannot sign in. Their pushes are authenticated by the function, over the raw "
        "body: an HMAC, or a channel's id and secret token. People have sessions that can be "
        "ended at any time, which the API's function checks before anything else.",
    )


def _accept(construct: IConstruct, finding: str, reason: str) -> None:
    """Let a finding pass, below a construct, for a reason."""
    Validations.of(construct).acknowledge(
        Acknowledgment(id=f"AwsSolutions::AwsSolutions-{finding}", reason=reason)
    )
