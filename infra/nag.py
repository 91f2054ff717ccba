"""The AWS Solutions rules of cdk-nag, and why some do not fit here."""

from aws_cdk import Acknowledgment, Validations
from cdk_nag import AwsSolutionsChecks
from constructs import IConstruct

from infra.stack import SyncOxiders

_SECRETS = (
    "arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:{prefix}{below}*"
)


def check(stack: SyncOxiders) -> None:
    """Have the stack checked whenever it is synthesised."""
    Validations.of(stack).add_plugins(AwsSolutionsChecks(stack))
    prefix = stack.secrets.prefix
    for name, function in stack.functions.items():
        _accept(function, "IAM5[Resource::*]", "X-Ray's actions know no resources.")
        if name in ("poll", "apply", "renew", "housekeeping"):
            _accept(
                function,
                f"IAM5[Resource::{_SECRETS.format(prefix=prefix, below='')}]",
                "Secrets are made when an account is connected; all are below one prefix.",
            )
            _accept(
                function,
                f"IAM5[Resource::{_SECRETS.format(prefix=prefix, below='accounts/')}]",
                "Likewise, and a refreshed token is kept in place of the old one.",
            )
    _accept(
        stack.ingress.webhook,
        f"IAM5[Resource::{_SECRETS.format(prefix=prefix, below='apps/')}]",
        "The secrets of the OAuth apps, with which pushes are signed, come after the stack.",
    )
    _accept(
        stack.ingress.api,
        "APIG4",
        "Providers cannot sign in. Their pushes are authenticated by the function, over the raw "
        "body: an HMAC, or a channel's id and secret token.",
    )


def _accept(construct: IConstruct, finding: str, reason: str) -> None:
    """Let a finding pass, below a construct, for a reason."""
    Validations.of(construct).acknowledge(
        Acknowledgment(id=f"AwsSolutions::AwsSolutions-{finding}", reason=reason)
    )
