"""The emulated clouds as accounts of this machine, and as remotes of rclone."""

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from syncoxiders.adapters.accounts import Accounts
from syncoxiders.adapters.accounts.secret import Secret
from syncoxiders.ports.accounts import Account
from tests.emulators import drive, dropbox, onedrive
from tests.emulators.hands import Bucket, FolderPeople
from tests.emulators.s3 import ACCESS_KEY, SECRET_KEY, S3Server
from tests.emulators.serving import Server

ROOT = "Root"
"""The folder in which people of each emulated cloud work."""

BUCKET = "bucket"
"""The bucket that has it, where there are buckets."""


@dataclass(frozen=True)
class Kind:
    """A kind of emulated cloud: how to serve one, what an account of it is set to, and a remote.

    ``serve`` yields an emulator and its address. ``writes`` is how requests begin that bring
    content; ``root`` the people's folder.
    """

    kind: str
    serve: Callable[[], AbstractContextManager[tuple[Any, str]]]
    writes: tuple[str, ...]
    settings: Callable[[Any], Mapping[str, str]] = lambda _: {}
    remote: Callable[[Any], Mapping[str, str]] = lambda _: {}
    secret: Callable[[Any], Secret] = lambda emulator: Secret(
        access=emulator.token, expires=time.time() + 3600
    )
    root: str = ROOT


def _served(
    create: Callable[[], Any],
) -> Callable[[], AbstractContextManager[tuple[Any, str]]]:
    @contextlib.contextmanager
    def serve() -> Iterator[tuple[Any, str]]:
        emulator = create()
        with Server(emulator) as server:
            yield emulator, server.url

    return serve


@contextlib.contextmanager
def _bucket() -> Iterator[tuple[Any, str]]:
    """Serve a bucket; all of one process are the same."""
    with S3Server() as server:
        try:
            yield Bucket(server, BUCKET, ROOT), server.url
        finally:
            server.reset()


def _drive_of(emulator: onedrive.OneDrive) -> dict[str, str]:
    return {"drive_id": emulator.drive.id, "drive_type": emulator.drive.type}


_UPLOADS = ("POST /upload", "PATCH /upload", "PUT /upload")
_GRAPH = ("PUT /",)
KINDS = {
    "drive": Kind(
        "drive",
        _served(drive.create),
        _UPLOADS,
        remote=lambda _: {"scope": "drive", "chunk_size": "1M"},
    ),
    "dropbox": Kind(
        "dropbox",
        _served(dropbox.create),
        ("POST /2/files/upload",),
        remote=lambda _: {"chunk_size": "4M"},
    ),
    "onedrive": Kind(
        "onedrive",
        _served(lambda: onedrive.create("personal")),
        _GRAPH,
        settings=_drive_of,
        remote=lambda emulator: {**_drive_of(emulator), "chunk_size": "5M"},
    ),
    "onedrive-business": Kind(
        "onedrive",
        _served(lambda: onedrive.create("business")),
        _GRAPH,
        settings=_drive_of,
        remote=lambda emulator: {**_drive_of(emulator), "chunk_size": "5M"},
    ),
    "s3": Kind(
        "s3",
        _bucket,
        ("PUT /",),
        settings=lambda _: {"region": "us-east-1", "style": "path"},
        secret=lambda _: Secret(
            keys={"access_key_id": ACCESS_KEY, "secret_access_key": SECRET_KEY}
        ),
        root=f"{BUCKET}/{ROOT}",
    ),
}
CONNECTED = ("drive", "dropbox", "onedrive")
"""Kinds with ids, a feed and a sign-in, of which there is a connector."""

PLACES = ("folder", *CONNECTED, "s3")
"""All kinds of places that can be kept in step."""


@dataclass
class Local:
    """A folder on disk, as a place like the clouds."""

    place: str
    people: FolderPeople

    def tree(self) -> dict[str, bytes | None]:
        return self.people.tree()


@dataclass
class Cloud:
    """An emulated cloud that is connected as an account."""

    name: str
    kind: Kind
    emulator: Any

    @property
    def place(self) -> str:
        """The folder in which its people work, as the command line names it."""
        return f"{self.name}:{self.kind.root}"

    @property
    def people(self) -> Any:
        return self.emulator.people

    def tree(self) -> dict[str, bytes | None]:
        found: dict[str, bytes | None] = self.people.tree()
        return found

    def uploads(self) -> int:
        """Return how many requests have brought content."""
        return sum(call.startswith(self.kind.writes) for call in self.emulator.calls)

    def remote(self) -> dict[str, str]:
        """Return the settings of an rclone remote."""
        token = {
            "access_token": self.emulator.token,
            "token_type": "Bearer",
            "refresh_token": "unused",
            "expiry": "2099-01-01T00:00:00Z",
        }
        return {
            "type": self.kind.kind,
            "token": json.dumps(token),
            **self.kind.remote(self.emulator),
        }


@contextlib.contextmanager
def connected(kind_name: str, name: str = "") -> Iterator[Cloud]:
    """Serve a cloud and connect it as an account in the user's configuration.

    Its name is that of the kind, if no other is given.
    """
    kind = KINDS[kind_name]
    name = name or kind_name
    with kind.serve() as (emulator, url):
        settings = {"url": url, **kind.settings(emulator)}
        client = "client" if kind.kind != "s3" else ""
        Accounts().add(
            Account(name, kind.kind, client=client, settings=settings), kind.secret(emulator)
        )
        yield Cloud(name, kind, emulator)


@contextlib.contextmanager
def place(name: str, folder: Path) -> Iterator[Cloud | Local]:
    """Have a place of a kind; ``folder`` is where one on disk is made."""
    if name == "folder":
        root = folder / "here"
        root.mkdir()
        yield Local(str(root), FolderPeople(root))
        return
    with connected(name) as cloud:
        yield cloud
