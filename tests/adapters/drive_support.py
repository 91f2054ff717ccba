"""An emulated Drive with a provider, and people who act between any two requests."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from syncoxiders.adapters.memory.pace import MemoryPace
from syncoxiders.adapters.providers.drive import connect
from syncoxiders.adapters.providers.drive.provider import DriveProvider
from syncoxiders.core.model import Entry, Ref
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.errors import Unreachable
from syncoxiders.ports.pace import Pace
from syncoxiders.ports.provider import Attributes
from tests.contracts.provider_harness import ROOT_REF, KnownTree
from tests.emulators.drive import DriveEmulator, create
from tests.emulators.serving import Request, Response, Server

PLAIN = Attributes()


class Tokens:
    """Tokens of an emulated account; one that is refused makes way for the next."""

    def __init__(self, *tokens: str) -> None:
        self.tokens = list(tokens)
        self.refusals: list[str] = []

    def access(self) -> str:
        return self.tokens[0]

    def refused(self, token: str) -> None:
        self.refusals.append(token)
        if len(self.tokens) > 1:
            self.tokens.pop(0)


class Stage:
    """An emulated Drive, a provider of its folder ``Root``, and what happens meanwhile."""

    def __init__(self, emulator: DriveEmulator, url: str) -> None:
        self.emulator = emulator
        self.people = emulator.people
        self.url = url
        self.tokens = Tokens(emulator.token)
        self.known = KnownTree()
        self._opened: list[DriveProvider] = []
        self._before: list[tuple[str, str, Callable[[], object]]] = []
        self._after: list[tuple[str, str, Callable[[], object]]] = []
        self._tampers: list[tuple[str, str, Callable[[Request], Request]]] = []
        self._colours: list[tuple[str, str, Callable[[Any], None]]] = []
        self._eyes: list[Callable[[Request], object]] = []
        self._handle = emulator.handle
        emulator.handle = self._answer  # type: ignore[method-assign]  # a test's hand in it
        self.provider = self.open()

    def open(
        self,
        root: str = "Root",
        *,
        pace: Pace | None = None,
        documents: Any = "export",
        **settings: str,
    ) -> DriveProvider:
        account = Account("work", "drive", settings={"url": self.url, **settings})
        pace = MemoryPace() if pace is None else pace
        provider = connect(account, self.tokens, root, pace=pace, documents=documents)
        self._opened.append(provider)
        return provider

    def close(self) -> None:
        for provider in self._opened:
            provider.close()

    # What happens meanwhile, each once

    def before(self, method: str, path: str, deed: Callable[[], object]) -> None:
        """Do something just before a request of this method to a path like that."""
        self._before.append((method, path, deed))

    def after(self, method: str, path: str, deed: Callable[[], object]) -> None:
        """Do something just after a request is answered."""
        self._after.append((method, path, deed))

    def tamper(self, method: str, path: str, change: Callable[[Request], Request]) -> None:
        """Let a request arrive otherwise than it was sent."""
        self._tampers.append((method, path, change))

    def colour(self, method: str, path: str, change: Callable[[Any], None]) -> None:
        """Change every JSON answer to such requests."""
        self._colours.append((method, path, change))

    def watch(self, eye: Callable[[Request], object]) -> None:
        """Show every request to come."""
        self._eyes.append(eye)

    def tick(self) -> None:
        """Let a second pass, so that what comes then is younger."""
        self.emulator.ahead += 1

    def _answer(self, request: Request) -> Response:
        for eye in self._eyes:
            eye(request)
        for deed in _due(self._before, request):
            deed()
        for change in _due(self._tampers, request):
            request = change(request)
        response = self._handle(request)
        for method, path, paint in self._colours:
            if _matches(request, method, path):
                paint(response.body)
        for deed in _due(self._after, request):
            deed()
        return response

    def requests(self, deed: Callable[[], object]) -> list[str]:
        """Return what is asked of Drive while something is done."""
        start = len(self.emulator.calls)
        deed()
        return self.emulator.calls[start:]

    # Short words for the provider

    def look(self, provider: DriveProvider | None = None) -> list[str]:
        """Rescan, and return the names of what changed, sorted."""
        told: list[str] = []
        for delta in (provider or self.provider).rescan(self.known):
            self.known.apply(delta)
            told += [entry.name for entry in delta.changed]
        return sorted(told)

    def entry(self, path: str) -> Entry:
        parent, entry, way = ROOT_REF, None, ""
        for name in path.split("/"):
            entry = self.provider.at(parent, name)
            assert entry is not None, f"nothing stands at {path!r}"
            way = f"{way}/{name}" if way else name
            parent = Ref(entry.id, way)
        assert entry is not None
        return entry

    def ref(self, path: str) -> Ref:
        return Ref(self.entry(path).id, path) if path else ROOT_REF

    def upload(
        self,
        path: str,
        data: bytes,
        *,
        replaces: Entry | None = None,
        provider: DriveProvider | None = None,
        **options: Any,
    ) -> Entry:
        folder, _, name = path.rpartition("/")
        return (provider or self.provider).upload(
            self.ref(folder),
            name,
            [data],
            size=len(data),
            attributes=PLAIN,
            replaces=None if replaces is None else (Ref(replaces.id, path), replaces.version),
            **options,
        )

    def read(self, path: str, provider: DriveProvider | None = None) -> bytes:
        provider = provider or self.provider
        entry = self.entry(path) if provider is self.provider else self.at(path, provider)
        reader = provider.read(Ref(entry.id, path), entry.version)
        try:
            return b"".join(bytes(chunk) for chunk in reader.chunks())
        finally:
            reader.close()

    @staticmethod
    def at(name: str, provider: DriveProvider) -> Entry:
        entry = provider.at(ROOT_REF, name)
        assert entry is not None, f"nothing stands at {name!r}"
        return entry

    def drain(self, cursor: str, provider: DriveProvider | None = None) -> list[Any]:
        """Return the changes of all pages after a cursor."""
        changes: list[Any] = []
        while True:
            page = (provider or self.provider).changes(cursor)
            changes += page.changes
            cursor = page.cursor
            if not page.more:
                return changes


class Patience(MemoryPace):
    """A pace that makes a request again after silence, as often as it takes."""

    def __call__(
        self, request: Callable[[], Any], *, repeatable: bool = True, writes: bool = False
    ) -> Any:
        for _ in range(5):
            try:
                return super().__call__(request, repeatable=repeatable, writes=writes)
            except Unreachable:
                if not repeatable:
                    raise
        return super().__call__(request, repeatable=repeatable, writes=writes)


def _matches(request: Request, method: str, path: str) -> bool:
    return method in {"", request.method} and bool(re.search(path, request.path))


def _due(waiting: list[tuple[str, str, Any]], request: Request) -> list[Any]:
    due = [each for each in waiting if _matches(request, each[0], each[1])]
    for each in due:
        waiting.remove(each)
    return [each[2] for each in due]


@contextmanager
def serving() -> Iterator[Server]:
    """Serve Drives one after the other at one address; see :func:`staged`."""
    with Server(create()) as server:
        yield server


@contextmanager
def staged(server: Server) -> Iterator[Stage]:
    """Set a stage with a fresh Drive."""
    emulator = create()
    server._server.emulator = emulator
    stage = Stage(emulator, server.url)
    try:
        yield stage
    finally:
        stage.close()
