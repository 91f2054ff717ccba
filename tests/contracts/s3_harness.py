"""People's hands on a bucket, wherever it is served."""

from abc import ABC, abstractmethod
from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # it ships no types

from syncoxiders.adapters.providers.s3.provider import S3Provider

TRASH = ".syncoxiders-trash/"
PART = 5 << 20
FOREVER = 3600.0


class S3Harness(ABC):
    """People's hands on a bucket, by a client of their own.

    Their programs keep a modified time as rclone does. What they remove leaves the folder, as it
    does in the console.
    """

    mtime_step_ns = 1
    touching_is_a_change = True

    def __init__(self, client: Any, bucket: str, prefix: str, *, versioned: bool) -> None:
        self.client = client
        self.bucket = bucket
        self.prefix = prefix
        self.versioned = versioned
        self.marks = versioned
        self.marked: set[str] = set()

    @abstractmethod
    def open(self) -> S3Provider:
        """Return a provider of the bucket."""

    def keys(self, path: str = "") -> list[str]:
        """Return the keys of a file or of everything in a folder, or of all but the trash."""
        top = self.prefix + path
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=top
        )
        found = [each["Key"] for page in pages for each in page.get("Contents", ())]
        if not path:
            return [key for key in found if not key.startswith(self.prefix + TRASH)]
        return [key for key in found if key == top or key.startswith(f"{top}/")]

    def put(self, path: str, data: bytes, mtime_ns: int | None) -> None:
        time = {} if mtime_ns is None else {"mtime": f"{mtime_ns // 10**9}.{mtime_ns % 10**9:09}"}
        self.client.put_object(Bucket=self.bucket, Key=self.prefix + path, Body=data, Metadata=time)

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
            self.client.delete_object(Bucket=self.bucket, Key=key)
        self.marked.clear()  # the provider may remove markers, too

    def rename(self, path: str, to: str) -> None:
        self.mark_above(path)
        if self.marks:
            self.mark_above(to)
        top = self.prefix + path
        for key in self.keys(path):
            source = {"Bucket": self.bucket, "Key": key}
            target = self.prefix + to + key[len(top) :]
            self.client.copy_object(Bucket=self.bucket, Key=target, CopySource=source)
            self.client.delete_object(Bucket=self.bucket, Key=key)
        self.marked.clear()  # the provider may remove markers, too

    def mkdir(self, path: str) -> None:
        if self.marks:
            self.mark_above(path)
        self.put(f"{path}/", b"", None)

    def link(self, path: str, target: str) -> bool:
        del path, target
        return False

    @abstractmethod
    def deny(self, path: str) -> bool:
        """Make what stands there unreadable for the provider."""

    def lose_root(self) -> bool:
        pages = self.client.get_paginator("list_object_versions")
        for page in pages.paginate(Bucket=self.bucket, Prefix=self.prefix):
            for each in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                where = {"Key": each["Key"], "VersionId": each["VersionId"]}
                self.client.delete_object(Bucket=self.bucket, **where)
        if not self.prefix:
            self.client.delete_bucket(Bucket=self.bucket)
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
                    found[path] = self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return found

    def kept(self) -> list[bytes]:
        if not self.versioned:
            top = self.prefix + TRASH
            listed = self.client.list_objects_v2(Bucket=self.bucket, Prefix=top).get("Contents", ())
            where = [{"Key": each["Key"]} for each in listed]
        else:
            listed = self.client.list_object_versions(Bucket=self.bucket, Prefix=self.prefix)[
                "Versions"
            ]
            where = [
                {"Key": each["Key"], "VersionId": each["VersionId"]}
                for each in listed
                if not each["IsLatest"]
            ]
        return [self.client.get_object(Bucket=self.bucket, **each)["Body"].read() for each in where]

    def catch_up(self) -> None:  # noqa: B027 -- there is nothing to wait for
        """Do nothing: S3's listings are consistent."""
