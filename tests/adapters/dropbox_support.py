"""What the tests of the Dropbox connector share."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from syncoxiders.adapters.memory.clock import MemoryClock
from syncoxiders.adapters.memory.provider import MemoryProvider
from syncoxiders.adapters.providers.dropbox import Documents, Limits, connect
from syncoxiders.adapters.providers.dropbox.provider import DropboxProvider
from syncoxiders.core.model import ROOT_ENTRY, Entry, Ref
from syncoxiders.engine.pacing import Pacer
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.errors import Revoked
from syncoxiders.ports.pace import Pace
from syncoxiders.ports.provider import Attributes, Carry, Change
from tests.contracts.provider_harness import KnownTree
from tests.emulators import dropbox
from tests.emulators.dropbox import DropboxEmulator
from tests.emulators.serving import Request, Response, Server

T = TypeVar("T")

ROOT = Ref(ROOT_ENTRY, "")
MIB = 1 << 20
SMALL = Limits(single=MIB, chunk=4 * MIB, batch=MIB, batch_files=100)
MTIME = 1_600_000_000_000_000_000


class EmulatorTokens:
    """Tokens of an emulated Dropbox; another one is fetched after ``refused``.

    ``revoked``: there is none any more, as is found out then. ``keep``: it is the same again.
    """

    def __init__(self, emulator: DropboxEmulator) -> None:
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
        if self.keep:
            return
        self.token = str(self._emulator.oauth.issue()["access_token"])


class NotedPace:
    """A pace that notes how each request is marked, and lets it through once."""

    def __init__(self) -> None:
        self.writes: list[bool] = []
        self.repeatable: list[bool] = []

    def __call__(
        self, request: Callable[[], T], *, repeatable: bool = True, writes: bool = False
    ) -> T:
        self.writes.append(writes)
        self.repeatable.append(repeatable)
        return request()


class Box:
    """An emulated Dropbox, a provider of a folder in it, and people's hands."""

    def __init__(self, emulator: DropboxEmulator, url: str) -> None:
        self.emulator = emulator
        self.people = emulator.people
        self.account = Account("d", "dropbox", settings={"url": url})
        self.tokens = EmulatorTokens(emulator)
        self.clock = MemoryClock()
        self.provider = self.open()

    def open(
        self,
        *,
        root: str | None = None,
        pace: Pace | None = None,
        documents: Documents = "skip",
        limits: Limits = SMALL,
        timeout: float = 10.0,
    ) -> DropboxProvider:
        """Return a provider; without a ``pace`` each request is made once."""
        return connect(
            self.account,
            self.tokens,
            self.people.root if root is None else root,
            pace=pace or NotedPace(),
            documents=documents,
            limits=limits,
            timeout=timeout,
        )

    def pacer(self) -> Pacer:
        """Return the engine's own pace, whose waiting takes no time."""
        return Pacer(self.clock, one_writer=True, vary=lambda: 1.0)

    def entry(self, path: str) -> Entry:
        """Return what stands at a path, asked name by name."""
        parent, entry = ROOT, None
        way = ""
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
        provider: DropboxProvider | None = None,
    ) -> Entry:
        folder, _, name = path.rpartition("/")
        return (provider or self.provider).upload(
            self.ref(folder),
            name,
            [data],
            size=len(data),
            attributes=Attributes(mtime_ns=mtime_ns),
            replaces=None if replaces is None else (Ref(replaces.id, path), replaces.version),
        )

    def read(
        self, entry: Entry, offset: int = 0, *, provider: DropboxProvider | None = None
    ) -> bytes:
        reader = (provider or self.provider).read(Ref(entry.id, entry.name), entry.version, offset)
        try:
            return b"".join(bytes(chunk) for chunk in reader.chunks())
        finally:
            reader.close()

    @contextmanager
    def requests(self) -> Iterator[list[str]]:
        """Yield a list that holds, when the block is over, the routes that were asked in it."""
        before = len(self.emulator.calls)
        made: list[str] = []
        yield made
        made += [
            call.removeprefix("POST /2/").removeprefix("files/")
            for call in self.emulator.calls[before:]
        ]

    def when(self, route: str, act: Callable[[], object], *, skip: int = 0) -> None:
        """Let a person act just before a request of a route is answered, sparing ``skip``."""
        inner = self.emulator.handle
        seen = itertools.count()

        def handle(request: Request) -> Response:
            if request.path.endswith(f"/{route}") and next(seen) == skip:
                act()
            return inner(request)

        self.emulator.handle = handle  # type: ignore[method-assign]  # what a person would time


@contextmanager
def served(root: str = "/Root") -> Iterator[Box]:
    """Serve a fresh Dropbox whose answers are compared with the specification."""
    emulator = dropbox.create(root)
    emulator.strict = True
    with Server(emulator) as server:
        yield Box(emulator, server.url)


def looked(provider: DropboxProvider, known: KnownTree | None = None) -> dict[str, str]:
    """Return the ids of what a look shows, by path."""
    known = known or KnownTree()
    for delta in provider.rescan(known):
        known.apply(delta)
    return {path: entry.id for path, entry in known.paths().items()}


def told(provider: DropboxProvider, cursor: str) -> list[Change]:
    """Return what the feed tells, to its end."""
    changes: list[Change] = []
    while True:
        page = provider.changes(cursor)
        changes += page.changes
        cursor = page.cursor
        if not page.more:
            return changes


def shown(changes: list[Change]) -> list[str]:
    """Return the paths of a feed in order, those of what went away with a minus."""
    return [each.path if each.entry is not None else f"-{each.path}" for each in changes]


def item(memory: MemoryProvider, name: str, data: bytes, parent: Ref = ROOT) -> Carry:
    """Return how a file is to be carried from memory."""
    entry = memory.write(name, data)
    return Carry(
        source=Ref(entry.id, name),
        version=entry.version,
        parent=parent,
        name=name,
        size=len(data),
        attributes=Attributes(mtime_ns=MTIME),
    )
