"""Questions to a synthesised template."""

import json
from collections.abc import Iterator
from typing import Any

FUNCTIONS = (
    *("webhook", "poll", "merge", "apply", "renew", "housekeeping", "sweep"),
    *("live", "api", "console", "index"),
)
QUEUES = ("Poll", "Merge", "Apply")
TABLES = ("Tree", "Journal", "Control")

Resource = dict[str, Any]


def of_type(template: Resource, kind: str) -> dict[str, Resource]:
    found = {
        name: resource
        for name, resource in template["Resources"].items()
        if resource["Type"] == kind
    }
    assert found, f"there is no {kind}"
    return found


def one(template: Resource, kind: str, begins: str) -> tuple[str, Resource]:
    """The one resource of a type whose logical id begins so, and its properties."""
    found = [
        (name, resource["Properties"])
        for name, resource in of_type(template, kind).items()
        if name.startswith(begins)
    ]
    assert len(found) == 1, f"{kind} {begins}: {[name for name, _ in found]}"
    return found[0]


def function(template: Resource, name: str) -> tuple[str, Resource]:
    return next(
        (logical, resource["Properties"])
        for logical, resource in of_type(template, "AWS::Lambda::Function").items()
        if resource["Properties"]["Handler"] == f"functions.{name}.handler"
    )


def queue(template: Resource, name: str) -> tuple[str, Resource]:
    """The queue that feeds a function."""
    return next(
        (logical, resource["Properties"])
        for logical, resource in of_type(template, "AWS::SQS::Queue").items()
        if logical.startswith(f"Pipeline{name}Queue") and "Aside" not in logical
    )


def statements(template: Resource, name: str) -> Iterator[tuple[str, list[str], str]]:
    """What a function may do: effect, actions, resource by resource as text."""
    role = function(template, name)[1]["Role"]["Fn::GetAtt"][0]
    assert not template["Resources"][role]["Properties"].get("ManagedPolicyArns")
    for policy in of_type(template, "AWS::IAM::Policy").values():
        if {"Ref": role} not in policy["Properties"]["Roles"]:
            continue
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            for resource in listed(statement["Resource"]):
                yield statement["Effect"], listed(statement["Action"]), text(resource)


def allowed(template: Resource, name: str) -> dict[str, set[str]]:
    """The actions of a function by what they are allowed on, named for what it is."""
    found: dict[str, set[str]] = {}
    for effect, actions, resource in statements(template, name):
        assert effect == "Allow"
        found.setdefault(_called(template, resource), set()).update(actions)
    return found


def _called(template: Resource, resource: str) -> str:
    names = {
        **{one(template, "AWS::DynamoDB::GlobalTable", f"State{t}")[0]: t for t in TABLES},
        **{queue(template, q)[0]: f"{q}Queue" for q in QUEUES},
    }
    for logical, name in names.items():
        if logical in resource:
            return f"{name}Stream" if "StreamArn" in resource else name
    if resource.startswith("TextsBucket"):
        return "Texts"
    if resource.startswith("IndexBucket"):
        return "IndexObjects" if resource.endswith("/*") else "Index"
    if "@connections" in resource:
        return "Connections"
    if ":schedule/" in resource:
        return "Alarms"
    if "AlarmsRole" in resource:
        return "AlarmRole"
    if ":parameter" in resource:
        return resource.partition(":parameter")[2]
    if resource.startswith("PeoplePool"):
        return "Pool"
    return next((name for name in ("Key", "Log") if name in resource), resource)


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def text(value: Any) -> str:
    """An ARN as one text: the parts that are only known when deployed are named."""
    if isinstance(value, str):
        return value
    if "Fn::Join" in value:
        glue, parts = value["Fn::Join"]
        return str(glue.join(text(part) for part in parts))
    if "Fn::GetAtt" in value:
        return ".".join(value["Fn::GetAtt"])
    if "Ref" in value:
        return str(value["Ref"])
    return json.dumps(value)
