"""The local AWS that tests use."""

import socket
from pathlib import Path

import boto3  # type: ignore[import-untyped]  # it ships no types
import pytest

from tests.aws.ministack import Ministack


def names_of_queues(ministack: Ministack, account: str) -> list[str]:
    settings = ministack.environment(account)
    client = boto3.client(
        "sqs",
        endpoint_url=settings["AWS_ENDPOINT_URL"],
        region_name=settings["AWS_REGION"],
        aws_access_key_id=settings["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=settings["AWS_SECRET_ACCESS_KEY"],
    )
    client.create_queue(QueueName=f"of-{account}")
    found = [url.rsplit("/", 1)[1] for url in client.list_queues()["QueueUrls"]]
    client.close()
    return found


def test_apart(ministack: Ministack) -> None:
    """Accounts do not see each other's resources."""
    for account in (ministack.account(), ministack.account()):
        assert names_of_queues(ministack, account) == [f"of-{account}"]


def test_stopped(tmp_path: Path) -> None:
    """It answers on this machine only, and is gone when the context is left."""
    with Ministack(tmp_path) as running:
        socket.create_connection(("127.0.0.1", running.port), 5).close()
        log = (tmp_path / "ministack.log").read_text()
    assert f"http://127.0.0.1:{running.port}" in log
    assert "0.0.0.0" not in log  # noqa: S104 -- nothing is bound: that is the rule
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", running.port), 5)


def test_broken(tmp_path: Path) -> None:
    """If it does not start, the error tells what it said."""
    with pytest.raises(RuntimeError, match="no such thing"):
        Ministack(tmp_path, command=["sh", "-c", "echo no such thing; exit 3"])
