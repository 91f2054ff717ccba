"""A deployment in a real AWS account keeps two buckets in step: only when asked for.

``SYNCOXIDERS_LIVE_AWS=1``, in an account and region that were prepared by ``cdk bootstrap``;
credentials and region are found as the AWS command line finds them. The stack and the buckets
have names of their own, and are removed with all that is in them, whatever happens. With
``AWS_ENDPOINT_URL`` the same goes to an emulator.
"""

import contextlib
import functools
import json
import os
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest

from infra.build import FUNCTIONS, build
from infra.places import BUILT, BUILT_LOCAL, LOCAL_API, ROOT
from infra.target import LAMBDA, this_machine
from local.connecting import connect, disconnect
from local.deploy import Deployed, cdk, check_machine, python_of_emulator
from local.places import Place
from syncoxiders.adapters.aws.clients import ERRORS, client, code
from syncoxiders.api.shapes.accounts import App as RegisteredApp
from syncoxiders.cloud.app import made
from syncoxiders.ports.accounts import Account

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(
        os.environ.get("SYNCOXIDERS_LIVE_AWS") != "1",
        reason="SYNCOXIDERS_LIVE_AWS=1 deploys to your AWS account, see docs/deploying.md",
    ),
]

PATIENCE = 300.0
"""Seconds for a change to arrive. Without events it would take up to 15 minutes."""

GONE = {"ValidationError", "ResourceNotFoundException", "404"}
"""What CloudFormation, DynamoDB and S3 say of what is not there."""

TRASH = ".syncoxiders-trash/"
EMULATOR = os.environ.get("AWS_ENDPOINT_URL", "")


@dataclass(frozen=True)
class Bucket:
    """A bucket as people see it."""

    name: str

    def write(self, key: str, data: bytes) -> None:
        client("s3").put_object(Bucket=self.name, Key=key, Body=data)

    def remove(self, key: str) -> None:
        client("s3").delete_object(Bucket=self.name, Key=key)

    def listed(self) -> list[str]:
        pages = client("s3").get_paginator("list_objects_v2").paginate(Bucket=self.name)
        return [each["Key"] for page in pages for each in page.get("Contents", ())]

    def files(self) -> dict[str, bytes]:
        """Return what is there, but for folders' markers and the trash."""
        found = {}
        for key in self.listed():
            if not key.startswith(TRASH) and not key.endswith("/"):
                with contextlib.suppress(client("s3").exceptions.NoSuchKey):
                    body = client("s3").get_object(Bucket=self.name, Key=key)["Body"]
                    found[key] = body.read()
        return found


class Buckets:
    """Two new buckets, which tell EventBridge of changes; removed when the context is left."""

    app_secrets: Mapping[str, str] = {}
    apps: Mapping[str, RegisteredApp] = {}

    def __init__(self, prefix: str) -> None:
        self.left, self.right = (Bucket(f"{prefix}-{side}") for side in ("left", "right"))
        self.names = (self.left.name, self.right.name)
        self._region = client("s3").meta.region_name
        self._there = contextlib.ExitStack()

    @property
    def opened(self) -> Sequence[Place]:
        settings = {"region": self._region}
        return [
            Place(
                Account(each.name, "s3", settings=settings), each.name, None, frozenset({each.name})
            )
            for each in (self.left, self.right)
        ]

    def listen(self, stack: Deployed) -> None:
        """The stack's own rule listens."""

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as there:
            for each in (self.left, self.right):
                self._make(each.name)
                there.callback(self._remove, each)
            self._there = there.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._there.close()

    def _make(self, name: str) -> None:
        s3 = client("s3")
        where: dict[str, Any] = {}
        if self._region != "us-east-1":  # it must not be named
            where = {"CreateBucketConfiguration": {"LocationConstraint": self._region}}
        s3.create_bucket(Bucket=name, **where)
        s3.put_bucket_notification_configuration(
            Bucket=name, NotificationConfiguration={"EventBridgeConfiguration": {}}
        )

    @staticmethod
    def _remove(bucket: Bucket) -> None:
        for key in bucket.listed():
            bucket.remove(key)
        client("s3").delete_bucket(Bucket=bucket.name)


@contextlib.contextmanager
def deployed(name: str, buckets: Sequence[str], work: Path) -> Iterator[Deployed]:
    """Deploy a stack of a name, and destroy it."""
    check_machine()
    told = work / "outputs.json"
    context = {"stack": name, "disposable": "true", "buckets": ",".join(buckets)}
    more: list[str] = []
    if EMULATOR:
        build(BUILT_LOCAL, this_machine(python_of_emulator()), FUNCTIONS)
        context["local"] = "true"
        url = f"{EMULATOR}/_aws/execute-api/{LOCAL_API}/$default"
        more = ["--parameters", f"LocalUrl={url}"]
    else:
        build(BUILT, LAMBDA, FUNCTIONS)
    options = [f"--context={key}={value}" for key, value in context.items()]
    options.append(f"--output={work / 'cdk.out'}")
    try:
        cdk(
            ["deploy", *options, *more, "--require-approval=never", f"--outputs-file={told}"],
            cwd=ROOT,
            environment={},
        )
        outputs = json.loads(told.read_text())[name]
        yield Deployed(url=outputs["Url"], outputs=outputs)
    finally:
        cdk(["destroy", *options, "--force"], cwd=ROOT, environment={})


def await_both(buckets: Buckets, told: Callable[[dict[str, bytes]], bool], what: str) -> None:
    """Wait until both buckets are equal, and as told."""
    end = time.monotonic() + PATIENCE
    while True:
        left, right = buckets.left.files(), buckets.right.files()
        if left == right and told(left):
            return
        assert time.monotonic() < end, f"{what}: {sorted(left)} and {sorted(right)}"
        time.sleep(1)


def is_gone(ask: Callable[[], object]) -> bool:
    """Say whether AWS does not know any more what is asked for."""
    try:
        ask()
    except ERRORS as error:
        return code(error) in GONE
    return False


def test_two_buckets(tmp_path: Path) -> None:
    """What is made, edited and deleted in one arrives in the other, and nothing is left over."""
    name = f"SyncOxidersLive{uuid.uuid4().hex[:8]}"
    with Buckets(name.lower()) as buckets:
        buckets.left.write("folder/left.txt", b"left")
        buckets.right.write("right.txt", b"right")
        with deployed(name, buckets.names, tmp_path) as stack:
            app = made(stack.environment())
            connect(app, stack, buckets, pushes=False)
            first = {"folder/left.txt": b"left", "right.txt": b"right"}
            await_both(buckets, lambda files: files == first, "the first sync")
            buckets.left.write("new.txt", b"new")
            await_both(buckets, lambda files: files.get("new.txt") == b"new", "a new file")
            buckets.right.write("new.txt", b"edited")
            await_both(buckets, lambda files: files.get("new.txt") == b"edited", "an edit")
            buckets.left.remove("folder/left.txt")
            await_both(buckets, lambda files: "folder/left.txt" not in files, "a deletion")
            assert buckets.left.files() == {"right.txt": b"right", "new.txt": b"edited"}
            disconnect(app, buckets)
    assert is_gone(lambda: client("cloudformation").describe_stacks(StackName=name))
    for table in ("TableTree", "TableJournal", "TableControl"):
        describe = functools.partial(
            client("dynamodb").describe_table, TableName=stack.outputs[table]
        )
        assert is_gone(describe)
    for bucket in buckets.names:
        assert is_gone(functools.partial(client("s3").head_bucket, Bucket=bucket))
