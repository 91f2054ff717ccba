"""The hands of people where no emulator brings them: in a folder on disk, and in a bucket.

They do what the hands of the emulators do that all kinds of places have in common.
"""

import datetime as dt
import os
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from moto.s3.models import FakeKey

from tests.emulators.s3 import SECRET_KEY, S3Server, standing

TRASH = ".syncoxiders-trash"
_HOUR = dt.timedelta(hours=1)


class FolderPeople:
    """The hands of people in a folder on disk; paths are below it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, path: str, data: bytes, *, mtime_ns: int | None = None) -> None:
        """Write in place; folders that are lacking are made."""
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        if mtime_ns is not None:
            os.utime(place, ns=(mtime_ns, mtime_ns))

    def remove(self, path: str) -> None:
        """Remove what stands there, with everything in it."""
        place = self.root / path
        if place.is_dir():
            shutil.rmtree(place)
        else:
            place.unlink()

    def rename(self, path: str, to: str) -> None:
        """Bring what stands there to another place."""
        (self.root / to).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).rename(self.root / to)

    def mkdir(self, path: str) -> None:
        """Make a folder, unless it is there."""
        (self.root / path).mkdir(parents=True, exist_ok=True)

    def tree(self) -> dict[str, bytes | None]:
        """Return every path and its bytes, or None for a folder; the trash is left out."""
        return {
            str(path.relative_to(self.root)): None if path.is_dir() else path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if TRASH not in path.parts
        }


class BucketPeople:
    """The hands of people below a prefix of a bucket, by a client of their own.

    Their program keeps a modified time as rclone does, and marks folders as the console does, so
    that a folder stays when what was in it is removed.
    """

    def __init__(self, server: S3Server, bucket: str, prefix: str) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix}/"
        self._server = server
        self._client = server.client()
        self._client.create_bucket(Bucket=bucket)
        self._mark("")

    def write(self, path: str, data: bytes, *, mtime_ns: int | None = None) -> None:
        """Write an object."""
        self._mark(path.rpartition("/")[0])
        self._put(path, data, mtime_ns)

    def fill(self, files: dict[str, bytes]) -> None:
        """Write many objects, long ago."""
        for folder in sorted({path.rpartition("/")[0] for path in files}):
            self._mark(folder)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda path: self._put(path, files[path], None), files))
        self.age()

    def remove(self, path: str) -> None:
        """Remove what stands there, with everything in it."""
        for key in self._below(path):
            self._client.delete_object(Bucket=self._bucket, Key=key.name)

    def rename(self, path: str, to: str) -> None:
        """Bring what stands there to another place, object by object."""
        self._mark(to.rpartition("/")[0])
        top = self._prefix + path
        for key in self._below(path):
            source = {"Bucket": self._bucket, "Key": key.name}
            target = self._prefix + to + key.name[len(top) :]
            self._client.copy_object(Bucket=self._bucket, Key=target, CopySource=source)
            self._client.delete_object(Bucket=self._bucket, Key=key.name)

    def mkdir(self, path: str) -> None:
        """Make a folder, unless it is there."""
        self._mark(path)

    def tree(self) -> dict[str, bytes | None]:
        """Return every path and its bytes, or None for a folder; the trash is left out."""
        found: dict[str, bytes | None] = {}
        for key in self._below(""):
            path = key.name[len(self._prefix) :]
            if path.startswith(f"{TRASH}/"):
                continue
            names = path.split("/")
            for number in range(1, len(names)):
                found["/".join(names[:number])] = None
            if path and not path.endswith("/"):
                found[path] = key.value
        return found

    def age(self) -> None:
        """Let it be an hour since everything was written: listings are sure to show it all."""
        now = dt.datetime.now(dt.UTC).replace(tzinfo=None)  # as moto has it
        for key in self._below(""):
            if now - key.last_modified < _HOUR:
                key.last_modified -= _HOUR

    def _put(self, path: str, data: bytes, mtime_ns: int | None) -> None:
        when = time.time_ns() if mtime_ns is None else mtime_ns
        kept = {"mtime": f"{when // 10**9}.{when % 10**9:09}"}
        key = self._prefix + path
        self._client.put_object(Bucket=self._bucket, Key=key, Body=data, Metadata=kept)

    def _mark(self, path: str) -> None:
        """Make markers of a folder and those that it is in."""
        there = {key.name for key in self._below("")}
        folder = self._prefix
        for name in ["", *filter(None, path.split("/"))]:
            folder += f"{name}/" if name else ""
            if folder not in there:
                self._client.put_object(Bucket=self._bucket, Key=folder, Body=b"")

    def _below(self, path: str) -> Iterator[FakeKey]:
        """Yield the objects of a file, or of everything in a folder."""
        top = self._prefix + path
        with self._server.app.turn:
            found = standing(self._bucket)
        for key in found:
            inside = top if not path else f"{top}/"
            if key.name == top or key.name.startswith(inside):
                yield key


class Bucket:
    """A served bucket in the form of an emulator, as far as all emulators have it in common."""

    token = SECRET_KEY
    """What must not be told to anybody."""

    def __init__(self, server: S3Server, bucket: str, prefix: str) -> None:
        self.faults = server.app.faults
        self.calls = server.app.calls
        self._app = server.app
        self.people = BucketPeople(server, bucket, prefix)
        self.calls.clear()

    @property
    def received(self) -> int:
        """How many bytes requests have brought."""
        return self._app.received
