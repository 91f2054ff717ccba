"""The emulated clouds as accounts of this machine, and as remotes of rclone."""

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from syncoxiders.adapters.accounts import Accounts
from syncoxiders.adapters.accounts.secret import Secret
from syncoxiders.ports.accounts import Account
from tests.emulators import drive, dropbox, onedrive
from tests.emulators.serving import Server

ROOT = "Root"
"""The folder in which people of each emulated cloud work."""


@dataclass(frozen=True)
class Kind:
    """A kind of emulated cloud: how to make one, what an account of it is set to, and a remote.

    ``writes`` is how requests begin that bring content; ``chunk`` the remote's option for the
    size of its chunks.
    """

    kind: str
    create: Callable[[], Any]
    writes: tuple[str, ...]
    settings: Callable[[Any], Mapping[str, str]] = lambda _: {}
    remote: Callable[[Any], Mapping[str, str]] = lambda _: {}


def _drive_of(emulator: onedrive.OneDrive) -> dict[str, str]:
    return {"drive_id": emulator.drive.id, "drive_type": emulator.drive.type}


_UPLOADS = ("POST /upload", "PATCH /upload", "PUT /upload")
_GRAPH = ("PUT /",)
KINDS = {
    "drive": Kind(
        "drive", drive.create, _UPLOADS, remote=lambda _: {"scope": "drive", "chunk_size": "1M"}
    ),
    "dropbox": Kind(
        "dropbox",
        dropbox.create,
        ("POST /2/files/upload",),
        remote=lambda _: {"chunk_size": "4M"},
    ),
    "onedrive": Kind(
        "onedrive",
        lambda: onedrive.create("personal"),
        _GRAPH,
        settings=_drive_of,
        remote=lambda emulator: {**_drive_of(emulator), "chunk_size": "5M"},
    ),
    "onedrive-business": Kind(
        "onedrive",
        lambda: onedrive.create("business"),
        _GRAPH,
        settings=_drive_of,
        remote=lambda emulator: {**_drive_of(emulator), "chunk_size": "5M"},
    ),
}


@dataclass
class Cloud:
    """An emulated cloud that is connected as an account."""

    name: str
    kind: Kind
    emulator: Any

    @property
    def place(self) -> str:
        """The folder in which its people work, as the command line names it."""
        return f"{self.name}:{ROOT}"

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
def connected(name: str) -> Iterator[Cloud]:
    """Serve a cloud and connect it as an account of that name in the user's configuration."""
    kind = KINDS[name]
    emulator = kind.create()
    with Server(emulator) as server:
        settings = {"url": server.url, **kind.settings(emulator)}
        secret = Secret(access=emulator.token, expires=time.time() + 3600)
        Accounts().add(Account(name, kind.kind, client="client", settings=settings), secret)
        yield Cloud(name, kind, emulator)
