"""What all functions have in common: being made ready, traced, logged."""

import json
import os
import subprocess
import sys

import pytest

from syncoxiders.cloud import app as root
from syncoxiders.cloud import handling
from syncoxiders.cloud.app import App, prepare
from syncoxiders.cloud.handling import Event, Failed, function, told, traced
from syncoxiders.ports.errors import Revoked
from tests.functions.stage import SETTINGS, Context, Stage

IN_LAMBDA = "AWS_LAMBDA_INITIALIZATION_TYPE"


class TestReady:
    def test_in_lambda(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where Lambda starts a function it is made ready; anywhere else nothing is made."""
        made: list[App] = []

        def note(app: App) -> None:
            made.append(app)

        monkeypatch.setattr(App, "prepare", note)
        monkeypatch.setattr(root, "app", lambda: App(SETTINGS))
        monkeypatch.delenv(IN_LAMBDA, raising=False)
        prepare()
        assert made == []
        monkeypatch.setenv(IN_LAMBDA, "on-demand")
        prepare()
        assert len(made) == 1

    def test_told_later(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A function whose settings are wrong starts all the same, to say so when it is called."""
        monkeypatch.setenv(IN_LAMBDA, "on-demand")
        monkeypatch.setattr(root, "app", lambda: root.made({}))
        prepare()

    @pytest.mark.parametrize("name", ["webhook", "poll", "sweep"])
    def test_without_network(self, name: str) -> None:
        """What is made ready is all that the first event needs of SDKs, and sends nothing."""
        variables = {
            each: f"https://127.0.0.1:9/{each}" if each.startswith("queue") else "name"
            for each in SETTINGS.__struct_fields__
            if each != "patience"
        }
        environment = {f"SYNCOXIDERS_{each.upper()}": text for each, text in variables.items()}
        environment |= {
            IN_LAMBDA: "on-demand",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "id",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
            "PATH": os.environ["PATH"],
        }
        code = (
            "import socket, sys\n"
            "def no(*_): raise SystemExit('something was sent')\n"
            "socket.socket.connect = no\n"
            f"import functions.{name}\n"
            "print('pynamodb.connection' in sys.modules, 'botocore.client' in sys.modules)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.split() == ["True", "True"]


@pytest.mark.parametrize("disabled", ["true", "false", None])
def test_traced(monkeypatch: pytest.MonkeyPatch, disabled: str | None) -> None:
    """A function does the same whether it is traced or not."""
    monkeypatch.delenv("POWERTOOLS_TRACE_DISABLED", raising=False)
    if disabled is not None:
        monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", disabled)

    @traced
    @function
    def handle(event: Event, context: handling.Context) -> Event:
        return {**event, "request": context.aws_request_id}

    assert handle({"a": 1}, Context()) == {"a": 1, "request": "8e1f3a62-request"}


def test_logged(stage: Stage) -> None:
    """Each line of the log names the request, and neither the event nor a cause's own words."""

    @function
    def handle(event: Event, context: handling.Context) -> Event:
        del context
        cause = RuntimeError(f"PUT https://upload.example/{event['token']}")
        raise Revoked("connect the account again") from cause

    with pytest.raises(Failed, match="Revoked"):
        handle({"token": "s3cret"}, Context())
    (line,) = stage.log.getvalue().splitlines()
    content = json.loads(line)
    assert content["function_request_id"] == "8e1f3a62-request"
    assert (content["error"], content["text"]) == ("Revoked", "connect the account again")
    assert content["at"][-1].endswith(" handle")
    assert "s3cret" not in line


def test_text_of_ours_only() -> None:
    """The text of an error is told if it is one of ours."""
    assert told(Revoked("connect it"))["text"] == "connect it"
    assert "text" not in told(ValueError("a secret"))
