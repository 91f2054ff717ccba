"""Settings come from the environment, and what is wrong with them is told by its name there."""

import os
import subprocess
import sys

import pytest

from infra.build import FUNCTIONS
from syncoxiders.cloud.settings import Settings, SettingsError, from_environment

ENVIRONMENT = {
    "SYNCOXIDERS_TABLE_TREE": "tree",
    "SYNCOXIDERS_TABLE_JOURNAL": "journal",
    "SYNCOXIDERS_TABLE_CONTROL": "control",
    "SYNCOXIDERS_QUEUE_POLL": "https://sqs.example/poll.fifo",
    "SYNCOXIDERS_QUEUE_MERGE": "https://sqs.example/merge.fifo",
    "SYNCOXIDERS_QUEUE_APPLY": "https://sqs.example/apply.fifo",
    "SYNCOXIDERS_KEY": "key",
    "SYNCOXIDERS_SECRETS": "/stack/vault",
}


def test_read() -> None:
    """Each setting has the name of its variable; what others use the environment for is theirs."""
    found = from_environment({**ENVIRONMENT, "PATH": "/bin", "SYNCOXIDERS_VAULT": "file"})
    assert found.table_tree == "tree"
    assert found.queue_apply == "https://sqs.example/apply.fifo"
    assert (found.url, found.patience) == ("", 20.0)


def test_optional() -> None:
    """What has a default may be set, as a text of its kind."""
    more = {"SYNCOXIDERS_URL": " https://hooks.example ", "SYNCOXIDERS_PATIENCE": "7.5"}
    found = from_environment({**ENVIRONMENT, **more})
    assert (found.url, found.patience) == ("https://hooks.example", 7.5)


@pytest.mark.parametrize("name", sorted(ENVIRONMENT))
@pytest.mark.parametrize("value", [None, "", " "])
def test_missing(name: str, value: str | None) -> None:
    """What is missing, or empty, is named."""
    environment = {each: text for each, text in ENVIRONMENT.items() if each != name}
    if value is not None:
        environment[name] = value
    with pytest.raises(SettingsError) as caught:
        from_environment(environment)
    assert str(caught.value) == f"not set: {name}"


def test_all_missing() -> None:
    """Everything that is missing is named at once."""
    with pytest.raises(SettingsError) as caught:
        from_environment({})
    assert all(name in str(caught.value) for name in ENVIRONMENT)


def test_wrong() -> None:
    """What is not of its kind is named."""
    with pytest.raises(SettingsError, match="SYNCOXIDERS_PATIENCE is not right"):
        from_environment({**ENVIRONMENT, "SYNCOXIDERS_PATIENCE": "long"})


def test_documented() -> None:
    """Every required setting is in this test's environment, and no other."""
    required = {f"SYNCOXIDERS_{name.upper()}" for name in Settings.__struct_fields__[:8]}
    assert required == set(ENVIRONMENT)


HEAVY = (
    "botocore.client",
    "boto3",
    "pynamodb",
    "googleapiclient",
    "dropbox",
    "msal",
    "httpx",
    "aws_xray_sdk",
    "jwt",
    "websocket",
)

OF_THE_API = ("pydantic",)
"""What it takes to check requests: of the API alone."""

NAMES = sorted(each.stem for each in FUNCTIONS.glob("*.py") if not each.stem.startswith("_"))


@pytest.mark.parametrize("name", NAMES)
def test_light(name: str) -> None:
    """To import a function takes no SDK, needs no settings and makes nothing."""
    heavy = HEAVY if name == "api" else HEAVY + OF_THE_API
    code = f"import sys, functions.{name}; print(*sorted(set(sys.modules) & set({heavy!r})))"
    environment = {each: os.environ[each] for each in ("PATH", "HOME") if each in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""
