"""Where a deployment's tables, queues and secrets are: its stack's outputs, or a file of them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from syncoxiders.cloud.settings import Settings, SettingsError

_LACKING = {
    "NoRegionError": "region: set AWS_REGION, or AWS_PROFILE to a profile that has one",
    "NoCredentialsError": "credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and its secret",
}


def output(field: str) -> str:
    """Return what the stack calls a setting: ``table_tree`` is ``TableTree``."""
    return "".join(part.capitalize() for part in field.split("_"))


def from_outputs(outputs: Mapping[str, Any], where: str) -> Settings:
    """Return the settings that outputs tell. Raises SettingsError, which names ``where``."""
    fields = msgspec.structs.fields(Settings)
    found = {
        each.name: str(outputs[output(each.name)])
        for each in fields
        if each.type is str and outputs.get(output(each.name))
    }
    missing = [output(each.name) for each in fields if each.required and each.name not in found]
    if missing:
        raise SettingsError(f"{where} has no {', '.join(missing)}")
    return msgspec.convert(found, Settings)


def from_file(path: Path) -> Settings:
    """Return the settings of a file as ``cdk deploy --outputs-file`` writes it.

    The outputs may be within an object that has the stack's name. Raises SettingsError.
    """
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise SettingsError(f"{path} is not JSON: {error}") from error
    if isinstance(content, dict) and len(content) == 1:
        (inner,) = content.values()
        content = inner if isinstance(inner, dict) else content
    if not isinstance(content, dict):
        raise SettingsError(f"{path} does not hold a stack's outputs")
    return from_outputs(content, str(path))


def from_stack(name: str) -> Settings:
    """Return the settings of a stack, asked of CloudFormation. Raises SettingsError."""
    from syncoxiders.adapters.aws import clients  # noqa: PLC0415 -- a file of outputs needs none

    try:
        told = clients.client("cloudformation").describe_stacks(StackName=name)
    except clients.ERRORS as error:
        code = clients.code(error)
        if code == "ValidationError":  # what CloudFormation says of a stack that is not there
            raise SettingsError(
                f"there is no stack {name} in this region; say which by --stack, and where by "
                "AWS_REGION and AWS_PROFILE"
            ) from error
        raise unreached("CloudFormation does not answer", error) from error
    outputs = {
        each["OutputKey"]: each["OutputValue"] for each in told["Stacks"][0].get("Outputs", ())
    }
    return from_outputs(outputs, f"the stack {name}")


def unreached(what: str, error: Exception) -> SettingsError:
    """Return what an error of AWS's client means to a person."""
    from syncoxiders.adapters.aws import clients  # noqa: PLC0415 -- a file of outputs needs none

    lacking = _LACKING.get(type(error).__name__)
    if lacking:
        return SettingsError(f"AWS's own settings have no {lacking}")
    return clients.failed(what, error, SettingsError)
