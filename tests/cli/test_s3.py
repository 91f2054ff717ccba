"""A bucket as an endpoint of the commands, from adding the account to what goes wrong with it."""

from collections.abc import Iterator
from typing import Any

import pytest

from syncoxiders.adapters import vault
from syncoxiders.engine import pacing
from tests.cli.conftest import Shell
from tests.emulators.s3 import ACCESS_KEY, SECRET_KEY, S3Server


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep secrets in the home that the test has; do not wait for long."""
    monkeypatch.setenv(vault.CHOICE, "file")
    monkeypatch.setattr(pacing, "FIRST_PAUSE", 0.01)
    monkeypatch.setenv("SYNCOXIDERS_S3_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("SYNCOXIDERS_S3_SECRET_ACCESS_KEY", SECRET_KEY)


@pytest.fixture
def server() -> Iterator[S3Server]:
    with S3Server() as server:
        server.client().create_bucket(Bucket="bucket")
        yield server
        server.reset()


@pytest.fixture
def bucket(server: S3Server, shell: Shell) -> Any:
    said = shell(
        "account", "add", "s3", "work", "--endpoint-url", server.url, "--region", "us-east-1"
    )
    assert said.code == 0, said
    return server.client()


def contents(client: Any) -> dict[str, bytes]:
    listed = client.list_objects_v2(Bucket="bucket").get("Contents", ())
    return {
        each["Key"]: client.get_object(Bucket="bucket", Key=each["Key"])["Body"].read()
        for each in listed
        if not each["Key"].startswith(".syncoxiders-trash/")
    }


def test_sync(shell: Shell, bucket: Any) -> None:
    """A folder and a bucket come and stay in step; a second run of nothing has nothing to do."""
    shell.write("left/here/one", "from here")
    bucket.put_object(Bucket="bucket", Key="there/two", Body=b"from there")
    assert shell("sync", "left", "work:bucket").code == 0
    assert (shell.left / "there/two").read_text() == "from there"
    assert contents(bucket) == {
        "here/": b"",
        "here/one": b"from here",
        "there/two": b"from there",
    }
    (shell.left / "here/one").unlink()
    bucket.put_object(Bucket="bucket", Key="there/two", Body=b"edited")
    assert shell("sync", "left", "work:bucket").code == 0
    assert (shell.left / "there/two").read_text() == "edited"
    assert contents(bucket) == {"here/": b"", "there/two": b"edited"}


def test_throttled(shell: Shell, bucket: Any, server: S3Server) -> None:
    """A service that asks for patience now and then is given it, and everything arrives."""
    for number in range(5):
        shell.write(f"left/{number}", str(number))
    body = b"<Error><Code>SlowDown</Code></Error>"
    server.app.faults.add("status", method="PUT", path="/bucket/", status=503, body=body, times=4)
    assert shell("sync", "left", "work:bucket").code == 0
    assert contents(bucket) == {str(number): b"%d" % number for number in range(5)}


def test_keys_that_are_not_taken_any_more(shell: Shell, bucket: Any, server: S3Server) -> None:
    """What is wrong with an account is said with its name and what to do, and nothing is done."""
    shell.write("left/file", "content")
    body = b"<Error><Code>InvalidAccessKeyId</Code></Error>"
    server.app.faults.add("status", status=403, body=body, times=1000)
    said = shell("sync", "left", "work:bucket")
    server.app.faults.clear()
    assert said.code != 0
    assert "account add s3 work --reconnect" in said.out + said.err
    assert SECRET_KEY not in said.out + said.err
    assert contents(bucket) == {}


def test_bucket_that_is_not_there(shell: Shell, bucket: Any) -> None:
    """A root that does not exist stops the sync, and says which."""
    shell.write("left/file", "content")
    said = shell("sync", "left", "work:no-such-bucket")
    assert said.code != 0
    assert "no-such-bucket" in said.out + said.err
    assert contents(bucket) == {}
