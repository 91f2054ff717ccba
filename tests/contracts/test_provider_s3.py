"""The S3 provider passes the contract, in a bucket with versions and in one without.

The one without has a prefix for its root, and folders only by the keys in them, as most programs
leave it; in the other, people's programs make markers, as the console does.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # it ships no types

from syncoxiders.adapters.memory.pace import MemoryPace
from syncoxiders.adapters.providers.s3 import connect
from syncoxiders.adapters.providers.s3.provider import S3Provider
from syncoxiders.ports.accounts import Account
from tests.contracts.provider_contract import *  # noqa: F403 -- the suite is its names
from tests.emulators.s3 import ACCESS_KEY, SECRET_KEY, S3Server

KEYS = {"access_key_id": ACCESS_KEY, "secret_access_key": SECRET_KEY}
BUCKET = "bucket"
TRASH = ".syncoxiders-trash/"
PART = 5 << 20
FOREVER = 3600.0


class S3Harness:
    """People's hands on a bucket, by a client of their own.

    Their programs keep a modified time as rclone does. What they remove leaves the folder, as it
    does in the console.
    """

    mtime_step_ns = 1
    touching_is_a_change = True

    def __init__(self, server: S3Server, client: Any, *, versioned: bool) -> None:
        self.server = server
        self.client = client
        self.prefix = "" if versioned else "some/where/"
        self.marks = versioned
        self.marked: set[str] = set()
        client.create_bucket(Bucket=BUCKET)
        if versioned:
            status = {"Status": "Enabled"}
            client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration=status)
        else:
            client.put_object(Bucket=BUCKET, Key=self.prefix)
            client.put_object(Bucket=BUCKET, Key="some/wherever", Body=b"not below the root")

    def open(self) -> S3Provider:
        account = Account(
            "people's", "s3", settings={"url": self.server.url, "region": "us-east-1"}
        )
        root = f"{BUCKET}/{self.prefix}"
        return connect(account, KEYS, root, pace=MemoryPace(), part_size=PART, settling=FOREVER)

    def keys(self, path: str = "") -> list[str]:
        """Return the keys of a file or of everything in a folder, or of all but the trash."""
        top = self.prefix + path
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=top)
        found = [each["Key"] for page in pages for each in page.get("Contents", ())]
        if not path:
            return [key for key in found if not key.startswith(self.prefix + TRASH)]
        return [key for key in found if key == top or key.startswith(f"{top}/")]

    def put(self, path: str, data: bytes, mtime_ns: int | None) -> None:
        time = {} if mtime_ns is None else {"mtime": f"{mtime_ns // 10**9}.{mtime_ns % 10**9:09}"}
        self.client.put_object(Bucket=BUCKET, Key=self.prefix + path, Body=data, Metadata=time)

    def mark_above(self, path: str) -> None:
        """Make markers for the folders that something is in."""
        names = path.split("/")[:-1]
        for number in range(1, len(names) + 1):
            folder = "/".join(names[:number]) + "/"
            if folder not in self.marked:
                self.marked.add(folder)
                self.put(folder, b"", None)

    def write(
        self, path: str, data: bytes, *, mtime_ns: int | None = None, executable: bool | None = None
    ) -> None:
        del executable
        if self.marks:
            self.mark_above(path)
        self.put(path, data, mtime_ns)

    def replace(self, path: str, data: bytes, *, mtime_ns: int | None = None) -> None:
        self.remove(path)
        self.write(path, data, mtime_ns=mtime_ns)

    def remove(self, path: str) -> None:
        self.mark_above(path)
        for key in self.keys(path):
            self.client.delete_object(Bucket=BUCKET, Key=key)
        self.marked.clear()  # the provider may remove markers, too

    def rename(self, path: str, to: str) -> None:
        self.mark_above(path)
        if self.marks:
            self.mark_above(to)
        top = self.prefix + path
        for key in self.keys(path):
            source = {"Bucket": BUCKET, "Key": key}
            target = self.prefix + to + key[len(top) :]
            self.client.copy_object(Bucket=BUCKET, Key=target, CopySource=source)
            self.client.delete_object(Bucket=BUCKET, Key=key)
        self.marked.clear()  # the provider may remove markers, too

    def mkdir(self, path: str) -> None:
        if self.marks:
            self.mark_above(path)
        self.put(f"{path}/", b"", None)

    def link(self, path: str, target: str) -> bool:
        del path, target
        return False

    def deny(self, path: str) -> bool:
        if f"{self.prefix}{path}" not in self.keys(path):
            return False  # who may list a bucket sees every folder in it
        self.server.app.denied.add(f"{BUCKET}/{self.prefix}{path}")
        return True

    def lose_root(self) -> bool:
        for page in self.client.get_paginator("list_object_versions").paginate(Bucket=BUCKET):
            for each in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                if each["Key"].startswith(self.prefix):
                    where = {"Key": each["Key"], "VersionId": each["VersionId"]}
                    self.client.delete_object(Bucket=BUCKET, **where)
        if not self.prefix:
            self.client.delete_bucket(Bucket=BUCKET)
        return True

    def exchange_root(self) -> bool:
        return False  # a bucket has no id

    def tree(self) -> dict[str, bytes | None]:
        found: dict[str, bytes | None] = {}
        for key in self.keys():
            path = key[len(self.prefix) :]
            names = path.split("/")
            for number in range(1, len(names)):
                found["/".join(names[:number])] = None
            if path and not path.endswith("/"):
                with suppress(ClientError):
                    found[path] = self.client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return found

    def kept(self) -> list[bytes]:
        if not self.marks:
            top = self.prefix + TRASH
            listed = self.client.list_objects_v2(Bucket=BUCKET, Prefix=top).get("Contents", ())
            where = [{"Key": each["Key"]} for each in listed]
        else:
            listed = self.client.list_object_versions(Bucket=BUCKET)["Versions"]
            where = [
                {"Key": each["Key"], "VersionId": each["VersionId"]}
                for each in listed
                if not each["IsLatest"]
            ]
        return [self.client.get_object(Bucket=BUCKET, **each)["Body"].read() for each in where]

    def catch_up(self) -> None:
        """Do nothing: S3's listings are consistent."""


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with S3Server() as server:
        yield server


@pytest.fixture(scope="module")
def client(server: S3Server) -> Any:
    return server.client()


@pytest.fixture(params=[False, True], ids=["without versions", "with versions"])
def harness(request: pytest.FixtureRequest, server: S3Server, client: Any) -> Iterator[S3Harness]:
    yield S3Harness(server, client, versioned=request.param)
    server.reset()
