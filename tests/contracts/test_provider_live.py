"""Providers pass the contract on live accounts, where a person has named one for that.

``SYNCOXIDERS_LIVE`` names an empty folder of an account of this machine, as
``work:Some/Empty folder`` (several are separated by ``;``). It is filled and emptied; nothing
else of the account is touched.
``SYNCOXIDERS_LIVE_WAIT`` is for how many seconds to wait until listings and feed show what was
done (3 by default).

People's hands are a second provider of the same kind, which knows nothing of the first.
"""

import os
import time
import uuid
from collections.abc import Iterator

import pytest

from syncoxiders.adapters.system import SystemClock
from syncoxiders.cli import endpoints
from syncoxiders.cli.endpoints import Root
from syncoxiders.cli.providers import Connections
from syncoxiders.core.model import Entry, Kind, Ref
from syncoxiders.ports.provider import Attributes, Provider, Rescans
from tests.contracts.provider_contract import *  # noqa: F403 -- the suite is its names
from tests.contracts.provider_harness import ROOT_REF, KnownTree

PLACES = [place for place in os.environ.get("SYNCOXIDERS_LIVE", "").split(";") if place]
WAIT = float(os.environ.get("SYNCOXIDERS_LIVE_WAIT", "3"))
STEPS = {"drive": 1_000_000, "dropbox": 1_000_000_000, "onedrive": 1_000_000_000, "s3": 1}
"""To how many nanoseconds each kind of account keeps modified times."""

if not PLACES:
    pytest.skip(
        "no live account is named: SYNCOXIDERS_LIVE='work:Some/Empty folder', see docs/accounts.md",
        allow_module_level=True,
    )

pytestmark = pytest.mark.slow


class LiveHarness:
    """A folder of its own in a folder of an account, and the hands of people in it."""

    touching_is_a_change = True

    def __init__(self, connections: Connections, place: Root, kind: str) -> None:
        self.mtime_step_ns = STEPS[kind]
        self._connections = connections
        self._place = place
        self._above = self._provider(place)
        self._name = f"case-{uuid.uuid4().hex[:12]}"
        self._above.make_folder(ROOT_REF, self._name)
        self._opened = [self._above]
        self._hands = self.open()
        self._stirred = True

    def open(self) -> Provider:
        folder = f"{self._place.folder}/{self._name}"
        provider = self._provider(
            Root(folder, f"{self._place.account}:{folder}", self._place.account, folder)
        )
        self._opened.append(provider)
        return provider

    def clear(self) -> None:
        """Take away what is left, and all connections."""
        if self._above.at(ROOT_REF, self._name) is not None:
            self._remove(self._above, self._name)
        for provider in self._opened:
            provider.close()

    # People's hands

    def write(
        self, path: str, data: bytes, *, mtime_ns: int | None = None, executable: bool | None = None
    ) -> None:
        del executable  # no cloud has such a bit
        standing = self._find(self._hands, path)
        folder, _, name = path.rpartition("/")
        self._hands.upload(
            self._folder(folder),
            name,
            [data],
            size=len(data),
            attributes=Attributes(mtime_ns=mtime_ns),
            replaces=None if standing is None else (Ref(standing.id, path), standing.version),
        )
        self._stirred = True

    def replace(self, path: str, data: bytes, *, mtime_ns: int | None = None) -> None:
        self.remove(path)
        self.write(path, data, mtime_ns=mtime_ns)

    def remove(self, path: str) -> None:
        self._remove(self._hands, path)
        self._stirred = True

    def rename(self, path: str, to: str) -> None:
        if self._find(self._hands, to) is not None:
            self.remove(to)
        entry = self._find(self._hands, path)
        assert entry is not None, f"nothing stands at {path!r}"
        folder, _, name = to.rpartition("/")
        self._hands.move(Ref(entry.id, path), entry.version, self._folder(folder), name)
        self._stirred = True

    def mkdir(self, path: str) -> None:
        self._folder(path)
        self._stirred = True

    def link(self, path: str, target: str) -> bool:
        del path, target
        return False

    def deny(self, path: str) -> bool:
        del path
        return False

    def lose_root(self) -> bool:
        self._remove(self._above, self._name)
        return True

    def exchange_root(self) -> bool:
        if not self._above.traits.stable_ids:
            return False
        self.lose_root()
        self._above.make_folder(ROOT_REF, self._name)
        return True

    def tree(self) -> dict[str, bytes | None]:
        self.catch_up()
        found: dict[str, bytes | None] = {}
        for path, entry in self._below(self._hands, ROOT_REF).items():
            found[path] = None if entry.kind is Kind.FOLDER else self._read(path, entry)
        return found

    def kept(self) -> list[bytes]:
        pytest.skip("what trash and versions of a live account hold cannot be asked for")

    def catch_up(self) -> None:
        if self._stirred:
            time.sleep(WAIT)
        self._stirred = False

    # Within

    def _provider(self, place: Root) -> Provider:
        return self._connections.provider(place)

    @staticmethod
    def _find(provider: Provider, path: str) -> Entry | None:
        parent, entry, way = ROOT_REF, None, ""
        for name in path.split("/"):
            entry = provider.at(parent, name)
            if entry is None:
                return None
            way = f"{way}/{name}" if way else name
            parent = Ref(entry.id, way)
        return entry

    def _folder(self, path: str) -> Ref:
        """Return a folder, made if it is not there."""
        at = ROOT_REF
        for name in filter(None, path.split("/")):
            entry = self._hands.at(at, name) or self._hands.make_folder(at, name)
            at = Ref(entry.id, f"{at.path}/{name}" if at.path else name)
        return at

    @staticmethod
    def _below(provider: Provider, top: Ref) -> dict[str, Entry]:
        """Return everything in a folder by its path from there."""
        assert isinstance(provider, Rescans)
        known = KnownTree()
        for delta in provider.rescan(known, [top]):
            known.apply(delta)
        found: dict[str, Entry] = {}
        todo = [(top.id, "")]
        while todo:
            folder, prefix = todo.pop()
            for entry in known.children(folder):
                found[prefix + entry.name] = entry
                todo.append((entry.id, f"{prefix}{entry.name}/"))
        return found

    def _remove(self, provider: Provider, path: str) -> None:
        entry = self._find(provider, path)
        assert entry is not None, f"nothing stands at {path!r}"
        ref = Ref(entry.id, path)
        if entry.kind is Kind.FOLDER:
            inside = self._below(provider, ref)
            for way in sorted(inside, key=lambda each: -each.count("/")):
                provider.delete(Ref(inside[way].id, f"{path}/{way}"), inside[way].version)
        provider.delete(ref, entry.version)

    def _read(self, path: str, entry: Entry) -> bytes:
        reader = self._hands.read(Ref(entry.id, path), entry.version)
        try:
            return b"".join(bytes(chunk) for chunk in reader.chunks())
        finally:
            reader.close()


@pytest.fixture(scope="module", params=PLACES)
def live(request: pytest.FixtureRequest) -> tuple[Connections, Root, str]:
    """Return a way to a folder that a person has named, which has to be empty."""
    from syncoxiders.adapters import accounts  # noqa: PLC0415 -- only where there is one

    place = endpoints.parse(request.param)
    assert place.account, f"{request.param} is no folder of an account"
    connections = Connections(SystemClock())
    provider = connections.provider(place)
    provider.root()
    assert isinstance(provider, Rescans)
    standing = [entry for delta in provider.rescan(KnownTree()) for entry in delta.changed]
    provider.close()
    if standing:
        pytest.fail(f"{request.param} is not empty, and will not be touched")
    return connections, place, accounts.load(place.account).kind


@pytest.fixture
def harness(live: tuple[Connections, Root, str]) -> Iterator[LiveHarness]:
    harness = LiveHarness(*live)
    yield harness
    harness.clear()
