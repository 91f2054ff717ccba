"""What the emulator cannot show is asserted on the template."""

import json
from typing import Any

import pytest

from syncoxiders.adapters.aws import blobs
from syncoxiders.adapters.items._keys import Keys, sort_key
from syncoxiders.cloud import batches
from syncoxiders.core.model import EntryId, NodeId
from syncoxiders.engine.pipeline import times
from tests.infra.conftest import Synthesis
from tests.infra.reading import (
    FUNCTIONS,
    QUEUES,
    TABLES,
    allowed,
    function,
    listed,
    of_type,
    one,
    queue,
    text,
)

Template = dict[str, Any]


@pytest.mark.parametrize("name", TABLES)
def test_tables(template: Template, name: str) -> None:
    """A table has string keys, is on demand, expires items, can be restored and outlives all."""
    logical, table = one(template, "AWS::DynamoDB::GlobalTable", f"State{name}")
    assert table["KeySchema"] == [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ]
    assert {a["AttributeName"]: a["AttributeType"] for a in table["AttributeDefinitions"]} == {
        "pk": "S",
        "sk": "S",
    }
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}
    (replica,) = table["Replicas"]
    assert replica["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert replica["DeletionProtectionEnabled"] is True
    resource = template["Resources"][logical]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert "TableName" not in table


def test_key(template: Template) -> None:
    """There is one key; it is rotated and outlives the stack, for what lies under it does."""
    ((_, key),) = of_type(template, "AWS::KMS::Key").items()
    assert key["Properties"]["EnableKeyRotation"] is True
    assert key["DeletionPolicy"] == "Retain"


@pytest.mark.parametrize("name", QUEUES)
def test_queues(template: Template, name: str) -> None:
    """A queue is FIFO, encrypted, refuses plain HTTP, and puts aside what fails each time."""
    logical, main = queue(template, name)
    aside_name = main["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
    aside = template["Resources"][aside_name]["Properties"]
    assert main["RedrivePolicy"]["maxReceiveCount"] == 5
    for each in (main, aside):
        assert each["FifoQueue"] is True
        assert each["SqsManagedSseEnabled"] is True
        assert each["ContentBasedDeduplication"] is True  # the Scheduler gives no id
        assert each["DeduplicationScope"] == "messageGroup"
        assert each["FifoThroughputLimit"] == "perMessageGroupId"
    assert aside["MessageRetentionPeriod"] == 14 * 86400
    plain = {
        listed(policy["Properties"]["Queues"])[0]["Ref"]
        for policy in of_type(template, "AWS::SQS::QueuePolicy").values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny"
        and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    }
    assert {logical, aside_name} <= plain


@pytest.mark.parametrize("name", QUEUES)
def test_event_sources(template: Template, name: str) -> None:
    """A queue hides a message for six times its function's time, and takes partial answers."""
    feeding = {
        text(source["Properties"]["EventSourceArn"]): source["Properties"]
        for source in of_type(template, "AWS::Lambda::EventSourceMapping").values()
    }
    logical, main = queue(template, name)
    source = feeding[f"{logical}.Arn"]
    called, properties = function(template, name.lower())
    assert source["FunctionName"] == {"Ref": called}
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["BatchSize"] == 10
    assert main["VisibilityTimeout"] >= 6 * properties["Timeout"]
    assert properties["Timeout"] == times.LIFE


def test_times_fit() -> None:
    """Who died is made up for soon; who lives is not taken for dead."""
    assert times.LEASE <= 60
    assert times.DEAD > times.LIFE + times.MARGIN
    assert 2 * batches.HIDDEN_EVERY < batches.HIDDEN_FOR <= times.LEASE


def test_a_new_account_is_enough(template: Template) -> None:
    """Of ten concurrent executions the queues leave three, and none are reserved."""
    at_once = [
        source["Properties"]["ScalingConfig"]["MaximumConcurrency"]
        for source in of_type(template, "AWS::Lambda::EventSourceMapping").values()
        if "ScalingConfig" in source["Properties"]
    ]
    assert len(at_once) == len(QUEUES)
    assert min(at_once) >= 2
    assert sum(at_once) <= 7
    for resource in of_type(template, "AWS::Lambda::Function").values():
        assert "ReservedConcurrentExecutions" not in resource["Properties"]


def test_the_index_is_told(template: Template) -> None:
    """The stream holds keys alone; a minute of them goes to the index, of entries and no others."""
    logical, tree = one(template, "AWS::DynamoDB::GlobalTable", "StateTree")
    assert tree["StreamSpecification"] == {"StreamViewType": "KEYS_ONLY"}
    for name in ("Journal", "Control"):
        _, other = one(template, "AWS::DynamoDB::GlobalTable", f"State{name}")
        assert "StreamSpecification" not in other
    (source,) = (
        each["Properties"]
        for each in of_type(template, "AWS::Lambda::EventSourceMapping").values()
        if "StreamArn" in text(each["Properties"]["EventSourceArn"])
    )
    assert text(source["EventSourceArn"]) == f"{logical}.StreamArn"
    assert source["FunctionName"] == {"Ref": function(template, "index")[0]}
    assert source["StartingPosition"] == "TRIM_HORIZON"
    assert source["MaximumBatchingWindowInSeconds"] == 60
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["BisectBatchOnFunctionError"] is True
    (found,) = source["FilterCriteria"]["Filters"]
    prefixes = json.loads(found["Pattern"])["dynamodb"]["Keys"]["sk"]["S"]
    for entry in ("id of a vendor", "a long one " * 20):
        sort = sort_key(EntryId(entry))
        assert any(sort.startswith(each["prefix"]) for each in prefixes)
    keys = Keys("ann", "photos")
    for sort in (keys.node(NodeId(7))[1], "loser/token/1"):
        assert not any(sort.startswith(each["prefix"]) for each in prefixes)


def test_the_index_has_room(template: Template) -> None:
    """Whoever holds a whole index in its temporary folder has one that is large enough."""
    for name in ("api", "index"):
        assert function(template, name)[1]["EphemeralStorage"]["Size"] >= 4096
    _, bucket = one(template, "AWS::S3::Bucket", "Index")
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}


def test_texts(template: Template) -> None:
    """The bucket of texts is nobody's but ours, encrypted, and forgets when the code says."""
    _, bucket = one(template, "AWS::S3::Bucket", "Texts")
    assert bucket["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    (life,) = bucket["LifecycleConfiguration"]["Rules"]
    assert (life["Status"], life["ExpirationInDays"]) == ("Enabled", blobs.DAYS)
    assert "VersioningConfiguration" not in bucket


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(template: Template, name: str) -> None:
    """A function is arm64, has both layers, a role and a log of its own, and all settings."""
    _, properties = function(template, name)
    assert properties["Architectures"] == ["arm64"]
    assert properties["Runtime"] == "python3.14"
    layers = set(of_type(template, "AWS::Lambda::LayerVersion"))
    assert len(layers) == 2
    assert {text(layer) for layer in properties["Layers"]} == layers
    assert properties["TracingConfig"] == {"Mode": "Active"}
    roles = [f["Properties"]["Role"]["Fn::GetAtt"][0] for f in _functions(template)]
    assert len(set(roles)) == len(FUNCTIONS)
    log = template["Resources"][properties["LoggingConfig"]["LogGroup"]["Ref"]]
    assert log["Properties"]["RetentionInDays"] == 30
    variables = set(properties["Environment"]["Variables"])
    assert {
        "SYNCOXIDERS_TABLE_TREE",
        "SYNCOXIDERS_TABLE_JOURNAL",
        "SYNCOXIDERS_TABLE_CONTROL",
        "SYNCOXIDERS_QUEUE_POLL",
        "SYNCOXIDERS_QUEUE_MERGE",
        "SYNCOXIDERS_QUEUE_APPLY",
        "SYNCOXIDERS_KEY",
        "SYNCOXIDERS_SECRETS",
    } <= variables


@pytest.mark.parametrize("name", FUNCTIONS)
def test_circles_are_not_cut_off(template: Template, name: str) -> None:
    """Lambda does not take apply, merge, apply … for a runaway recursion."""
    assert function(template, name)[1]["RecursiveLoop"] == "Allow"


def test_every_log_ends(template: Template) -> None:
    """No log is kept for ever."""
    for log in of_type(template, "AWS::Logs::LogGroup").values():
        assert log["Properties"]["RetentionInDays"] == 30


def test_webhook_answers_providers(template: Template) -> None:
    """Each provider has its address, for handshakes and pushes, and may not flood it."""
    pushes = {key for key in routes(template, "Ingress") if " /push/" in key}
    assert pushes == {
        f"{method} /push/{provider}"
        for method in ("GET", "POST")
        for provider in ("drive", "dropbox", "onedrive")
    }
    _, stage = one(template, "AWS::ApiGatewayV2::Stage", "Ingress")
    settings = stage["DefaultRouteSettings"]
    assert settings == {"ThrottlingRateLimit": 50, "ThrottlingBurstLimit": 100}
    assert "query" not in stage["AccessLogSettings"]["Format"].lower()


def test_live_updates(template: Template) -> None:
    """Connections come to one function; nothing is logged of them, for a ticket is in the query."""
    assert routes(template, "Live") == {"$connect", "$disconnect", "$default"}
    _, api = one(template, "AWS::ApiGatewayV2::Api", "Live")
    assert api["ProtocolType"] == "WEBSOCKET"
    logical, stage = one(template, "AWS::ApiGatewayV2::Stage", "Live")
    assert stage["DefaultRouteSettings"] == {"ThrottlingRateLimit": 20, "ThrottlingBurstLimit": 40}
    assert "AccessLogSettings" not in stage
    assert stage["StageName"] == "live"
    assert logical
    url = function(template, "merge")[1]["Environment"]["Variables"]["SYNCOXIDERS_LIVE"]
    assert text(url).startswith("wss://")
    assert text(url).endswith("/live")


def test_schedules(template: Template) -> None:
    """What the clock wakes, how often; a run that failed is not repeated."""
    woken = {}
    for rule in of_type(template, "AWS::Events::Rule").values():
        (target,) = rule["Properties"]["Targets"]
        assert target["RetryPolicy"] == {"MaximumRetryAttempts": 0}
        woken[target["Arn"]["Fn::GetAtt"][0]] = rule["Properties"]["ScheduleExpression"]
    assert woken == {
        function(template, "poll")[0]: "rate(15 minutes)",
        function(template, "sweep")[0]: "rate(1 minute)",
        function(template, "renew")[0]: "rate(15 minutes)",
        function(template, "housekeeping")[0]: "rate(1 hour)",
        function(template, "index")[0]: "rate(5 minutes)",
    }


def test_alarms(template: Template) -> None:
    """What does not heal by itself has an alarm, on one metric each."""
    alarms = {
        name.removeprefix("Observability")[:-8]: alarm["Properties"]
        for name, alarm in of_type(template, "AWS::CloudWatch::Alarm").items()
    }
    assert set(alarms) == {
        *(f"{queue_}{kind}" for queue_ in QUEUES for kind in ("Aside", "Waiting")),
        *(f"{name}Throttled" for name in ("Webhook", "Poll", "Merge", "Apply")),
        *(f"{name}Fails" for name in ("Sweep", "Renew", "Housekeeping")),
        "ApiFails",
        "IndexLate",
        "ChannelLapses",
        "HeartbeatOld",
    }
    for alarm in alarms.values():
        assert "MetricName" in alarm
        assert alarm["TreatMissingData"] == "notBreaching"
    assert alarms["PollAside"]["MetricName"] == "ApproximateNumberOfMessagesVisible"
    assert "Aside" in str(alarms["PollAside"]["Dimensions"])
    assert alarms["PollWaiting"]["MetricName"] == "ApproximateAgeOfOldestMessage"
    assert alarms["ChannelLapses"]["ComparisonOperator"] == "LessThanThreshold"
    for name, service in (("ChannelLapses", "renew"), ("HeartbeatOld", "housekeeping")):
        assert alarms[name]["Namespace"] == "SyncOxiders"
        assert alarms[name]["Dimensions"] == [{"Name": "service", "Value": service}]
    assert alarms["HeartbeatOld"]["ComparisonOperator"] == "GreaterThanThreshold"


def test_options(synthesise: Synthesis) -> None:
    """An address is told of alarms, over an encrypted topic; a budget and buckets are taken up."""
    template = synthesise(email="me@example.org", budget="5", buckets="one, two")
    ((topic, properties),) = of_type(template, "AWS::SNS::Topic").items()
    assert "KmsMasterKeyId" in properties["Properties"]
    for alarm in of_type(template, "AWS::CloudWatch::Alarm").values():
        assert alarm["Properties"]["AlarmActions"] == [{"Ref": topic}]
    ((_, budget),) = of_type(template, "AWS::Budgets::Budget").items()
    assert budget["Properties"]["Budget"]["BudgetLimit"] == {"Amount": 5, "Unit": "USD"}
    (rule,) = (
        r["Properties"]
        for r in of_type(template, "AWS::Events::Rule").values()
        if "EventPattern" in r["Properties"]
    )
    assert rule["EventPattern"]["detail"]["bucket"]["name"] == ["one", "two"]
    assert rule["Targets"][0]["Arn"]["Fn::GetAtt"][0] == function(template, "webhook")[0]
    for name in ("poll", "apply", "renew", "housekeeping", "api"):
        found = allowed(template, name)
        assert "s3:PutObject" in found["arn:AWS::Partition:s3:::one/*"]
        assert found["arn:AWS::Partition:s3:::two"] == {"s3:GetBucketVersioning", "s3:ListBucket"}
    for name in ("webhook", "merge", "sweep"):
        assert ":s3:" not in str(allowed(template, name))


@pytest.mark.parametrize("setting", ["local", "disposable"])
def test_nothing_outlives_a_disposable_stack(synthesise: Synthesis, setting: str) -> None:
    """On an emulator, and where one only tries, the stack can be taken down whole."""
    template = synthesise(**{setting: "true"})
    for resource in template["Resources"].values():
        assert resource.get("DeletionPolicy", "Delete") == "Delete"
        assert not resource.get("Properties", {}).get("DeletionProtectionEnabled")


def routes(template: Template, begins: str) -> set[str]:
    """The keys of the routes whose logical ids begin so."""
    return {
        route["Properties"]["RouteKey"]
        for name, route in of_type(template, "AWS::ApiGatewayV2::Route").items()
        if name.startswith(begins)
    }


def _functions(template: Template) -> list[dict[str, Any]]:
    return list(of_type(template, "AWS::Lambda::Function").values())
