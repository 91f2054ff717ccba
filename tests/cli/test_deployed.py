"""Which deployment a command means that speaks to AWS: a stack's, or that of a file of outputs."""

import json
from typing import Any

import pytest

from syncoxiders.adapters.aws import clients
from syncoxiders.cli import deployed
from syncoxiders.cloud.app import App
from tests.cli.conftest import Shell

OUTPUTS = {
    "TableTree": "tree",
    "TableJournal": "journal",
    "TableControl": "control",
    "QueuePoll": "poll-url",
    "QueueMerge": "merge-url",
    "QueueApply": "apply-url",
    "Key": "key",
    "Secrets": "/Stack/vault",
    "Url": "https://hooks.example",
    "FunctionPoll": "function",
}


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[App]:
    """Note the deployment that a command works with, which has no queues."""
    seen: list[App] = []
    made = App

    def app(settings: Any) -> App:
        seen.append(made(settings))
        return seen[-1]

    monkeypatch.setattr(deployed, "App", app)
    monkeypatch.setattr(App, "lines", {})
    return seen


@pytest.mark.parametrize("content", [OUTPUTS, {"SyncOxiders": OUTPUTS}])
def test_outputs(shell: Shell, seen: list[App], content: dict[str, Any]) -> None:
    """A file of the stack's outputs tells where everything is, whichever way it is written."""
    file = shell.write("outputs.json", json.dumps(content))
    assert shell("cloud", "aside", "--outputs", file).code == 0
    assert seen[0].settings.table_tree == "tree"
    assert seen[0].settings.secrets == "/Stack/vault"
    assert seen[0].settings.url == "https://hooks.example"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "not JSON"),
        ("[]", "outputs"),
        ("{}", "TableTree"),
        (json.dumps({**OUTPUTS, "QueueApply": ""}), "QueueApply"),
    ],
)
def test_wrong(shell: Shell, content: str, words: str) -> None:
    """A file that is something else is named, with what it lacks."""
    file = shell.write("outputs.json", content)
    said = shell("cloud", "aside", "--outputs", file)
    assert said.code == 1
    assert words in said.err
    assert "outputs.json" in said.err


def test_no_aws(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without credentials it says what is missing, in a line."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    clients.client.cache_clear()
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    for variable, value in (("AWS_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", "")):
        said = shell("cloud", "aside")
        assert said.code == 1
        assert variable in said.err
        assert len(said.err.splitlines()) == 1
        monkeypatch.setenv(variable, value)


@pytest.mark.parametrize("command", ["aside", "login-link"])
def test_no_region(shell: Shell, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    """With a file of outputs, too, it says what is missing, in a line."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    clients.client.cache_clear()
    file = shell.write("outputs.json", json.dumps({**OUTPUTS, "Site": "https://a.example"}))
    said = shell("cloud", command, "--outputs", file)
    assert said.code in {1, 7}
    assert "AWS_REGION" in said.err or "region" in said.err
    assert len(said.err.splitlines()) == 1


def test_no_site(shell: Shell) -> None:
    """A link needs to know where the console is."""
    file = shell.write("outputs.json", json.dumps({**OUTPUTS, "Url": ""}))
    said = shell("cloud", "login-link", "--outputs", file)
    assert said.code == 1
    assert "where the console is" in said.err
