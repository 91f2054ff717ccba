"""The endpoints of a sync are connected when asked for, share an account's pace, and are kept."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from syncoxiders.adapters.items.registry import ItemsRegistry
from syncoxiders.adapters.memory.clock import MemoryClock
from syncoxiders.adapters.memory.items import MemoryItems
from syncoxiders.adapters.providers import kinds
from syncoxiders.adapters.providers.folder import FolderProvider
from syncoxiders.adapters.providers.kinds import Credentials, Kind
from syncoxiders.cloud.providers import KEPT, MOST, Connections
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.errors import AccountError
from syncoxiders.ports.registry import EndpointSettings, SyncSettings
from tests.contracts.provider_harness import ROOT_REF


class Fake:
    """A provider that remembers how it was connected."""

    def __init__(self, account: Account, credentials: Credentials, folder: str, pace: Any) -> None:
        self.account = account
        self.credentials = credentials
        self.folder = folder
        self.pace = pace
        self.closed = 0

    def close(self) -> None:
        self.closed += 1


class Stage:
    def __init__(self) -> None:
        self.clock = MemoryClock()
        self.registry = ItemsRegistry(MemoryItems())
        self.keys = {"access_key_id": "1"}
        self.asked: list[tuple[str, str]] = []
        self.connections = Connections(self.registry, self._open, self.clock, patience=5.0)
        self.registry.put_account("me", Account("work", "drive"))
        self.registry.put_account("me", Account("box", "dropbox"))

    def _open(self, owner: str, account: Account, kind: Kind) -> Credentials:
        self.asked.append((owner, account.name))
        return dict(self.keys) if kind.opened else None

    def sync(self, *endpoints: tuple[str, str, str]) -> Any:
        settings = SyncSettings("s", tuple(EndpointSettings(*each) for each in endpoints))
        return self.connections("me", settings)


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    def connect(account: Account, credentials: Credentials, folder: str, *, pace: Any) -> Fake:
        return Fake(account, credentials, folder, pace)

    stage = Stage()
    monkeypatch.setattr(kinds, "connect", connect)
    yield stage
    stage.connections.close()


def test_lazy(stage: Stage) -> None:
    """Nothing is connected, or asked of the vault, before an endpoint is asked for."""
    providers = stage.sync(("a", "work", "Photos"), ("b", "nobody", ""))
    assert list(providers) == ["a", "b"]
    assert len(providers) == 2
    assert stage.asked == []
    assert providers["a"].folder == "Photos"
    assert providers["a"] is providers["a"]
    assert stage.asked == [("me", "work")]


def test_unknown(stage: Stage) -> None:
    """An endpoint in an account that is not there says so; one that is not there is none."""
    providers = stage.sync(("b", "nobody", ""))
    with pytest.raises(AccountError, match="nobody"):
        providers["b"]
    with pytest.raises(KeyError):
        providers["c"]


def test_unknown_kind(stage: Stage) -> None:
    """An account of a kind from another version says so."""
    stage.registry.put_account("me", Account("new", "carrier pigeon"))
    with pytest.raises(AccountError, match="carrier pigeon"):
        stage.sync(("a", "new", ""))["a"]


def test_pace(stage: Stage) -> None:
    """Endpoints of one account wait for each other, also in different syncs; others do not."""
    first = stage.sync(("a", "work", "A"), ("b", "work", "B"), ("c", "box", ""))
    second = stage.sync(("a", "work", "C"))
    assert first["a"].pace is first["b"].pace is second["a"].pace
    assert first["c"].pace is not first["a"].pace


def test_kept(stage: Stage) -> None:
    """A provider serves several messages, with its connections."""
    found = stage.sync(("a", "work", "A"))["a"]
    stage.clock.advance(KEPT - 1)
    assert stage.sync(("a", "work", "A"))["a"] is found
    assert stage.asked == [("me", "work")]


def test_keys_changed(stage: Stage) -> None:
    """Keys that were changed hold a few minutes later."""
    found = stage.sync(("a", "work", "A"))["a"]
    stage.keys = {"access_key_id": "2"}
    stage.clock.advance(KEPT)
    assert stage.sync(("a", "work", "A"))["a"].credentials == {"access_key_id": "2"}
    assert found.closed == 1


def test_account_changed(stage: Stage) -> None:
    """An account that was changed is connected anew at once."""
    stage.sync(("a", "work", "A"))["a"]
    stage.registry.put_account("me", Account("work", "drive", settings={"drive_id": "d"}))
    assert stage.sync(("a", "work", "A"))["a"].account.settings == {"drive_id": "d"}


def test_bounded(stage: Stage) -> None:
    """Not more than so many are kept, and those that go are closed."""
    first = stage.sync(("a", "work", "0"))["a"]
    for number in range(1, MOST + 1):
        stage.sync(("a", "work", str(number)))["a"]
    assert first.closed == 1
    assert stage.sync(("a", "work", "0"))["a"] is not first


def test_folder(tmp_path: Path) -> None:
    """A disk that the functions can reach is an account, too; a sync's root is below it."""
    stage = Stage()
    account = Account("disk", "folder", settings={"path": str(tmp_path)})
    stage.registry.put_account("me", account)
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "file").write_bytes(b"content")
    provider = stage.sync(("a", "disk", "inner"))["a"]
    assert isinstance(provider, FolderProvider)
    entry = provider.at(ROOT_REF, "file")
    assert entry is not None
    assert entry.size == 7
    stage.connections.close()


@pytest.mark.parametrize(("path", "root"), [("", ""), ("relative", ""), ("/tmp", "../etc")])  # noqa: S108 -- no file is made
def test_no_folder(path: str, root: str) -> None:
    """A folder is named by an absolute path, and a root does not lead out of it."""
    stage = Stage()
    stage.registry.put_account("me", Account("disk", "folder", settings={"path": path}))
    with pytest.raises(AccountError, match="absolute path"):
        stage.sync(("a", "disk", root))["a"]
