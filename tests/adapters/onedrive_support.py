"""What the tests of the OneDrive connector share."""

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from syncoxiders.adapters.memory.clock import MemoryClock
from syncoxiders.adapters.providers.onedrive import Limits, connect
from syncoxiders.adapters.providers.onedrive.provider import OneDriveProvider
from syncoxiders.core.model import ROOT_ENTRY, Entry, EntryId, Ref
from syncoxiders.engine.pacing import Pacer
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.errors import Revoked
from syncoxiders.ports.pace import Pace
from syncoxiders.ports.provider import Attributes, FolderDelta
from tests.contracts.provider_harness import KnownTree
from tests.emulators import onedrive
from tests.emulators.onedrive import DriveType, OneDrive
from tests.emulators.serving import Request, Server

T = TypeVar("T")

ROOT = Ref(ROOT_ENTRY, "")
KIB = 1 << 10
CHUNK = 320 * KIB
SMALL = Limits(single=1 << 20, chunk=CHUNK)
MTIME = 1_600_000_000_000_000_000
LATER = 1_700_000_000_000_000_000


class EmulatorTokens:
    """Tokens of an emulated drive; another one is fetched after ``refused``.

    ``revoked``: there is none any more, as is found out then. ``keep``: it is the same again.
    """

    def __init__(self, emulator: OneDrive) -> None:
        self._emulator = emulator
        self.token = emulator.token
        self.refusals = 0
        self.revoked = False
        self.keep = False

    def access(self) -> str:
        if self.revoked and self.refusals:
            raise Revoked("connect the account again")
        return self.token

    def refused(self, token: str) -> None:
        assert token == self.token, "not the token that was refused"
        self.refusals += 1
        if not self.keep:
            self.token = str(self._emulator.oauth.issue()["access_token"])


class NotedPace:
    """A pace that notes how each request is marked, and lets it through once."""

    def __init__(self) -> None:
        self.repeatable: list[bool] = []

    def __call__(
        self, request: Callable[[], T], *, repeatable: bool = True, writes: bool = False
    ) -> T:
        del writes
        self.repeatable.append(repeatable)
        return request()


class Cloud:
    """An emulated drive, a provider of a folder in it, and people's hands."""

    def __init__(self, emulator: OneDrive, url: str, root: str) -> None:
        self.emulator = emulator
        self.url = url
        self.people = emulator.people
        self.where = root
        drive = emulator.drive
        self.settings = {"url": url, "drive_id": drive.id, "drive_type": drive.type}
        self.tokens = EmulatorTokens(emulator)
        self.clock = MemoryClock()
        self.known = KnownTree()
        self._opened: list[OneDriveProvider] = []
        self.provider = self.open()

    def open(
        self,
        *,
        root: str | None = None,
        pace: Pace | None = None,
        limits: Limits = SMALL,
        timeout: float = 10.0,
        settings: dict[str, str] | None = None,
    ) -> OneDriveProvider:
        """Return a provider; without a ``pace`` each request is made once."""
        provider = connect(
            Account("megan", "onedrive", settings=settings or self.settings),
            self.tokens,
            self.where if root is None else root,
            pace=pace or NotedPace(),
            limits=limits,
            timeout=timeout,
        )
        self._opened.append(provider)
        return provider

    def close(self) -> None:
        for provider in self._opened:
            provider.close()

    def pacer(self) -> Pacer:
        """Return the engine's own pace, whose waiting takes no time."""
        return Pacer(self.clock, vary=lambda: 1.0)

    # The provider, as an engine uses it

    def entry(self, path: str) -> Entry:
        """Return what stands at a path, asked name by name."""
        parent, entry, way = ROOT, None, ""
        for name in path.split("/"):
            entry = self.provider.at(parent, name)
            assert entry is not None, f"nothing stands at {path!r}"
            way = f"{way}/{name}" if way else name
            parent = Ref(entry.id, way)
        assert entry is not None
        return entry

    def ref(self, path: str) -> Ref:
        return Ref(self.entry(path).id, path) if path else ROOT

    def upload(
        self,
        path: str,
        data: bytes,
        *,
        replaces: Entry | None = None,
        mtime_ns: int | None = MTIME,
        provider: OneDriveProvider | None = None,
        verify: bool = True,
    ) -> Entry:
        folder, _, name = path.rpartition("/")
        return (provider or self.provider).upload(
            self.ref(folder),
            name,
            [data],
            size=len(data),
            attributes=Attributes(mtime_ns=mtime_ns),
            replaces=None if replaces is None else (Ref(replaces.id, path), replaces.version),
            verify=verify,
        )

    def read(
        self, entry: Entry, offset: int = 0, *, provider: OneDriveProvider | None = None
    ) -> bytes:
        reader = (provider or self.provider).read(Ref(entry.id, entry.name), entry.version, offset)
        try:
            return b"".join(bytes(chunk) for chunk in reader.chunks())
        finally:
            reader.close()

    def look(self) -> list[FolderDelta]:
        """Look at everything, and take in what it tells."""
        self.people.catch_up()
        deltas = list(self.provider.rescan(self.known))
        for delta in deltas:
            self.known.apply(delta)
        return deltas

    def told(self, cursor: str) -> tuple[dict[EntryId, Entry | None], str]:
        """Return what the feed tells last of each id, and where it ends."""
        found: dict[EntryId, Entry | None] = {}
        while True:
            page = self.provider.changes(cursor)
            for change in page.changes:
                found[change.entry.id if change.entry else change.id] = change.entry
            cursor = page.cursor
            if not page.more:
                return found, cursor

    # The service

    @contextmanager
    def requests(self) -> Iterator[list[Request]]:
        """Yield a list that gathers the requests that are made in the block."""
        made: list[Request] = []
        inner = self.emulator.handle

        def handle(request: Request) -> Any:
            made.append(request)
            return inner(request)

        self.emulator.handle = handle  # type: ignore[method-assign]  # what a proxy would see
        try:
            yield made
        finally:
            self.emulator.handle = inner  # type: ignore[method-assign]  # as it was

    def meddle(self, path: str, change: Callable[[Request], Request], *, method: str = "") -> None:
        """Let something happen to, or just before, the next request to matching paths."""
        inner = self.emulator.handle
        left = [1]

        def handle(request: Request) -> Any:
            if left[0] and path in request.path and method in {"", request.method}:
                left[0] = 0
                request = change(request)
            return inner(request)

        self.emulator.handle = handle  # type: ignore[method-assign]  # what a person would time

    def when(self, path: str, act: Callable[[], object], *, method: str = "") -> None:
        """Let a person act just before the next request to matching paths is answered."""

        def change(request: Request) -> Request:
            act()
            return request

        self.meddle(path, change, method=method)


def damaged(request: Request) -> Request:
    """Return a request of which a byte arrives as another."""
    return dataclasses.replace(request, body=b"?" + request.body[1:])


def shape(request: Request) -> str:
    """Return what a request is, without ids: ``PUT /content``."""
    if request.path.startswith("/_"):
        return f"{request.method} {request.path.split('/')[1]}"
    tail = request.path.rpartition("/")[2].partition(":")[0]
    known = {"content", "createUploadSession", "children", "delta", "root"}
    return f"{request.method} {tail}" if tail in known else request.method


@contextmanager
def served(drive_type: DriveType = "personal", root: str = "Root") -> Iterator[Cloud]:
    """Serve a fresh drive."""
    emulator = onedrive.create(drive_type, root)
    with Server(emulator) as server:
        cloud = Cloud(emulator, server.url, root)
        try:
            yield cloud
        finally:
            cloud.close()
