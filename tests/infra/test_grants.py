"""Each function may do what it does, and nothing else."""

from typing import Any

import pytest

from tests.infra.reading import FUNCTIONS, allowed, function, of_type, one, queue, statements, text

Template = dict[str, Any]

READ = {"dynamodb:BatchGetItem", "dynamodb:Query"}
WRITE = {
    "dynamodb:BatchWriteItem",
    "dynamodb:DeleteItem",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
}
SEND = {"sqs:SendMessage"}
RECEIVE = {
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibility",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
}
REFRESH = {
    "/SyncOxiders/vault/*": {"ssm:DeleteParameter", "ssm:GetParameter", "ssm:PutParameter"},
    "Key": {"kms:Decrypt", "kms:Encrypt"},
}
SPEAK = {"Connections": {"execute-api:ManageConnections"}}
ALARM = {"Alarms": {"scheduler:CreateSchedule"}, "AlarmRole": {"iam:PassRole"}}

GRANTS: dict[str, dict[str, set[str]]] = {
    "webhook": {
        "Control": READ | {"dynamodb:PutItem", "dynamodb:UpdateItem"},
        "PollQueue": SEND,
        "/SyncOxiders/vault/app_2f*": {"ssm:GetParameter"},
        "Key": {"kms:Decrypt"},
    },
    "poll": {
        "Tree": READ | WRITE,
        "Journal": READ | WRITE,
        "Control": READ | WRITE,
        "PollQueue": SEND | RECEIVE,
        "MergeQueue": SEND,
        **REFRESH,
        **ALARM,
        **SPEAK,
    },
    "merge": {
        "Tree": READ | WRITE,
        "Journal": READ | WRITE,
        "Control": READ | WRITE,
        "MergeQueue": SEND | RECEIVE,
        "ApplyQueue": SEND,
        **SPEAK,
    },
    "apply": {
        "Texts": {"s3:GetObject", "s3:PutObject"},
        "Tree": READ | WRITE,
        "Journal": READ | WRITE,
        "Control": READ | WRITE,
        "PollQueue": SEND,
        "MergeQueue": SEND,
        "ApplyQueue": SEND | RECEIVE,
        **REFRESH,
        **ALARM,
        **SPEAK,
    },
    "renew": {"Control": READ | WRITE, "PollQueue": SEND, **REFRESH},
    "housekeeping": {
        "Tree": READ | {"dynamodb:BatchWriteItem", "dynamodb:DeleteItem"},
        "Journal": READ | WRITE,
        "Control": READ | WRITE,
        "Index": {"s3:ListBucket"},
        "IndexObjects": {"s3:DeleteObject"},
        **REFRESH,
        **SPEAK,
    },
    "sweep": {
        "Tree": READ,
        "Journal": READ | WRITE,
        "Control": READ,
        "PollQueue": SEND,
        "MergeQueue": SEND,
        "ApplyQueue": SEND,
    },
}
GRANTS["live"] = {
    "Control": {"dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"},
}
GRANTS["api"] = {
    "Tree": READ | WRITE,
    "Journal": READ | WRITE,
    "Control": READ | WRITE,
    "PollQueue": SEND,
    "MergeQueue": SEND,
    "Index": {"s3:ListBucket"},
    "IndexObjects": {"s3:DeleteObject", "s3:GetObject"},
    "Pool": {"cognito-idp:AdminCreateUser", "cognito-idp:AdminDeleteUser"},
    **REFRESH,
}
GRANTS["console"] = {}
GRANTS["index"] = {
    "Tree": READ,
    "TreeStream": {
        "dynamodb:DescribeStream",
        "dynamodb:GetRecords",
        "dynamodb:GetShardIterator",
        "dynamodb:ListStreams",
    },
    "Journal": READ,
    "Control": READ | {"dynamodb:PutItem", "dynamodb:UpdateItem"},
    "Index": {"s3:ListBucket"},
    "IndexObjects": {"s3:DeleteObject", "s3:GetObject", "s3:PutObject"},
}
EVERYWHERE = {
    "*": {"xray:PutTelemetryRecords", "xray:PutTraceSegments"},
    "Log": {"logs:CreateLogStream", "logs:PutLogEvents"},
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_grants(template: Template, name: str) -> None:
    """A function's role allows exactly what is written here."""
    assert allowed(template, name) == GRANTS[name] | EVERYWHERE


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_wildcards(template: Template, name: str) -> None:
    """No action is a pattern, and `*` stands for a resource only where there are none (X-Ray)."""
    for _, actions, resource in statements(template, name):
        assert not [action for action in actions if "*" in action]
        if resource == "*":
            assert {action.partition(":")[0] for action in actions} == {"xray"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_writes_only_its_own_log(template: Template, name: str) -> None:
    """A function cannot write into another one's log."""
    own = function(template, name)[1]["LoggingConfig"]["LogGroup"]["Ref"]
    logs = {
        resource
        for _, actions, resource in statements(template, name)
        if actions[0].startswith("logs:")
    }
    assert logs == {f"{own}.Arn"}


def test_only_lambda_takes_the_roles(template: Template) -> None:
    """No role of the stack may be taken by anybody but Lambda; the alarms' by none but theirs."""
    taken: list[str] = []
    for role in of_type(template, "AWS::IAM::Role").values():
        (statement,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        taken.append(statement["Principal"]["Service"])
        if taken[-1] == "scheduler.amazonaws.com":
            assert set(statement["Condition"]["StringEquals"]) == {
                "aws:SourceAccount",
                "aws:SourceArn",
            }
    assert sorted(taken) == ["lambda.amazonaws.com"] * len(FUNCTIONS) + ["scheduler.amazonaws.com"]


def test_alarms_only_send(template: Template) -> None:
    """What rings may send to two queues; who sets it may give it that role, to the Scheduler."""
    logical, role = one(template, "AWS::IAM::Role", "PipelineAlarms")
    del role
    (policy,) = (
        each["Properties"]["PolicyDocument"]["Statement"]
        for each in of_type(template, "AWS::IAM::Policy").values()
        if {"Ref": logical} in each["Properties"]["Roles"]
    )
    (statement,) = policy
    assert statement["Action"] == "sqs:SendMessage"
    queues = {f"{queue(template, name)[0]}.Arn" for name in ("Poll", "Apply")}
    assert {text(each) for each in statement["Resource"]} == queues
    passing = [
        statement
        for each in of_type(template, "AWS::IAM::Policy").values()
        for statement in each["Properties"]["PolicyDocument"]["Statement"]
        if statement["Action"] == "iam:PassRole"
    ]
    assert len(passing) == 2
    for each in passing:
        condition = {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}}
        assert each["Condition"] == condition
