"""Push channels are opened, renewed in time, overlap, and are closed when nobody wants to hear."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from msgspec import structs

from syncoxiders.adapters.items.leases import ItemsLeases
from syncoxiders.adapters.items.registry import ItemsRegistry
from syncoxiders.adapters.memory.clock import MemoryClock
from syncoxiders.adapters.memory.items import MemoryItems
from syncoxiders.adapters.memory.provider import MemoryProvider
from syncoxiders.adapters.memory.queue import MemoryQueue
from syncoxiders.engine.pipeline.channels import Renewal, renew
from syncoxiders.engine.pipeline.context import Pipeline
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.errors import AccountError, ProviderError, Revoked, StateBusy, Unreachable
from syncoxiders.ports.provider import Provider
from syncoxiders.ports.push import Channel
from syncoxiders.ports.registry import EndpointSettings, SyncSettings

DAY = 86_400.0
WEEK = 7 * DAY
NOW = 1_700_000_000.0
BASE = "https://hooks.example"
SYNC = SyncSettings("photos", (EndpointSettings("a", "work"), EndpointSettings("b", "disk")))


class Pushing(MemoryProvider):
    """A provider whose vendor keeps channels for a week; ``new_ids`` if none can be renewed."""

    def __init__(self, clock: MemoryClock, registry: ItemsRegistry) -> None:
        super().__init__(clock=clock)
        self.clock = clock
        self.registry = registry
        self.new_ids = True
        self.error: BaseException | None = None
        self.open: dict[str, str] = {}
        self.known_when_opened: list[bool] = []

    def open_channel(self, address: str, channel: str, secret: str, expires: float) -> Channel:
        self._check()
        self.known_when_opened.append(self.registry.channel(channel) is not None)
        token = f"token-{len(self.known_when_opened)}"
        self.open[token] = address
        return Channel(channel, secret, min(expires, self.clock.now() + WEEK), token)

    def renew_channel(self, channel: Channel, address: str, expires: float) -> Channel:
        self._check()
        if self.new_ids:
            return self.open_channel(address, f"{channel.id}x", channel.secret, expires)
        return structs.replace(channel, expires=min(expires, self.clock.now() + WEEK))

    def close_channel(self, channel: Channel) -> None:
        self._check()
        self.open.pop(channel.token, None)

    def _check(self) -> None:
        if self.error is not None:
            raise self.error


class Lazy(Mapping[str, Provider]):
    """The providers of a sync, which may not be there."""

    def __init__(self, stage: "Stage", sync: SyncSettings) -> None:
        self._stage = stage
        self._accounts = {each.id: each.account for each in sync.endpoints}

    def __getitem__(self, endpoint: str) -> Provider:
        account = self._accounts[endpoint]
        if account not in self._stage.providers:
            raise AccountError(f"there is no account {account}")
        return self._stage.providers[account]

    def __iter__(self) -> Iterator[str]:
        return iter(self._accounts)

    def __len__(self) -> int:
        return len(self._accounts)


@dataclass
class Stage:
    clock: MemoryClock = field(default_factory=lambda: MemoryClock(NOW))

    def __post_init__(self) -> None:
        items = MemoryItems()
        self.registry = ItemsRegistry(items)
        self.leases = ItemsLeases(items, self.clock)
        self.polls = MemoryQueue(self.clock)
        self.work = Pushing(self.clock, self.registry)
        self.providers: dict[str, Provider] = {"work": self.work, "disk": MemoryProvider()}
        self.registry.put_account("ann", Account("work", "drive"))
        self.registry.put_account("ann", Account("disk", "folder"))
        self.registry.put_sync("ann", SYNC)
        unused: Any = None
        self.pipeline = Pipeline(
            states=unused,
            registry=self.registry,
            leases=self.leases,
            polls=self.polls,
            merges=unused,
            applies=unused,
            clock=self.clock,
            providers=lambda _, sync: self.connect(sync),
        )

    def connect(self, sync: SyncSettings) -> "Lazy":
        return Lazy(self, sync)

    def renew(self, days: float = 0.0) -> Renewal:
        self.clock.advance(days * DAY)
        return renew(self.pipeline, BASE)

    def channels(self) -> list[Channel]:
        """Return the channels, the one that lives longest first."""
        found = [each.channel for each in self.registry.channels("ann")]
        return sorted(found, key=lambda each: -each.expires)

    def deaf(self) -> str:
        found = self.registry.account("ann", "work")
        assert found is not None
        return found.deaf


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_opened(stage: Stage) -> None:
    """Each endpoint that can push has a channel, whose secret nobody guesses."""
    done = stage.renew()
    (channel,) = stage.channels()
    assert (done.opened, done.renewed, done.failed, done.lapses) == (1, 0, 0, WEEK)
    assert stage.work.open == {channel.token: f"{BASE}/push/drive"}
    assert len(channel.secret) >= 40
    assert len(f"{channel.id}:{channel.secret}") <= 127
    opened = stage.registry.channel(channel.id)
    assert opened is not None
    assert (opened.owner, opened.account, opened.sync, opened.endpoint) == (
        "ann",
        "work",
        "photos",
        "a",
    )


def test_known_before(stage: Stage) -> None:
    """A channel that speaks while it is being opened is known."""
    stage.renew()
    assert stage.work.known_when_opened == [True]


def test_looked_at(stage: Stage) -> None:
    """What changed before a channel was open is looked for."""
    stage.renew()
    assert len(stage.polls.receive()) == 1
    found = stage.registry.account("ann", "work")
    assert found is not None
    assert found.hints == 1


def test_left_alone(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A channel that lives long enough is left alone: its provider is not even connected."""
    stage.renew()
    before = stage.channels()
    asked: list[str] = []

    class Noting(Lazy):
        def __getitem__(self, endpoint: str) -> Provider:
            asked.append(endpoint)
            return super().__getitem__(endpoint)

    monkeypatch.setattr(stage, "connect", lambda sync: Noting(stage, sync))
    done = stage.renew(days=5.5)
    assert done == Renewal(lapses=1.5 * DAY)
    assert stage.channels() == before
    assert asked == ["b"]


@pytest.mark.parametrize("new_ids", [True, False])
def test_renewed(stage: Stage, new_ids: bool) -> None:
    """A channel is renewed before it lapses, and one that is replaced goes on until next time."""
    stage.work.new_ids = new_ids
    stage.renew()
    (old,) = stage.channels()
    done = stage.renew(days=6.5)
    assert (done.opened, done.renewed, done.closed, done.lapses) == (0, 1, 0, WEEK)
    assert len(stage.channels()) == (2 if new_ids else 1)
    assert old.token in stage.work.open
    done = stage.renew(days=0.1)
    (new,) = stage.channels()
    assert (done.renewed, done.closed) == (0, 1 if new_ids else 0)
    assert new.expires == stage.clock.now() - 0.1 * DAY + WEEK
    assert list(stage.work.open) == [new.token]


def test_lapsed(stage: Stage) -> None:
    """After a channel that ended unnoticed the account is looked at."""
    stage.renew()
    stage.polls.delete(stage.polls.receive()[0].receipt)
    stage.registry.polled("ann", "work", 1, stage.clock.now())
    assert stage.renew(days=8).renewed == 1
    assert len(stage.polls.receive()) == 1


def test_removed(stage: Stage) -> None:
    """The channels of a sync that is no more are closed and forgotten."""
    stage.renew()
    stage.registry.remove_sync("ann", "photos")
    assert stage.renew().closed == 1
    assert stage.work.open == {}
    assert stage.channels() == []


def test_removed_account(stage: Stage) -> None:
    """The channel of an account that is no more is forgotten."""
    stage.renew()
    stage.registry.remove_account("ann", "work")
    del stage.providers["work"]
    stage.renew()
    assert stage.channels() == []


def test_another_account(stage: Stage) -> None:
    """An endpoint that is in another account now has a channel there, and none in the old one."""
    stage.renew()
    other = stage.providers["other"] = Pushing(stage.clock, stage.registry)
    stage.registry.put_account("ann", Account("other", "drive"))
    endpoints = (EndpointSettings("a", "other"), SYNC.endpoints[1])
    stage.registry.put_sync("ann", structs.replace(SYNC, endpoints=endpoints))
    done = stage.renew()
    assert (done.opened, done.closed) == (1, 1)
    assert stage.work.open == {}
    assert len(other.open) == 1


def test_cannot_close(stage: Stage) -> None:
    """A channel that cannot be closed now is closed the next time, or ends by itself."""
    stage.renew()
    stage.registry.remove_sync("ann", "photos")
    stage.work.error = Unreachable("no answer")
    assert stage.renew().failed == 1
    assert len(stage.channels()) == 1
    stage.work.error = None
    assert stage.renew().closed == 1
    assert stage.channels() == []


@pytest.mark.parametrize("error", [Revoked("connect it again"), AccountError("it has no tokens")])
def test_reported(stage: Stage, error: ProviderError | AccountError) -> None:
    """Why no channel can be opened is told with the account, until one can be."""
    stage.work.error = error
    assert stage.renew().failed == 1
    assert stage.deaf() == str(error)
    assert [each for each in stage.channels() if each.token] == []
    stage.work.error = None
    assert stage.renew().opened == 1
    assert stage.deaf() == ""
    assert len(stage.channels()) == 1


def test_other_trouble(stage: Stage) -> None:
    """Other trouble of an account is its own matter."""
    stage.registry.trouble("ann", "work", "connect it again")
    stage.work.error = Unreachable("no answer")
    stage.renew()
    stage.work.error = None
    stage.renew()
    found = stage.registry.account("ann", "work")
    assert found is not None
    assert (found.trouble, found.deaf) == ("connect it again", "")


def test_patience(stage: Stage) -> None:
    """That a channel could not be renewed is told only when it is soon to end."""
    stage.renew()
    stage.work.error = Unreachable("no answer")
    done = stage.renew(days=6.25)
    assert (done.failed, done.lapses) == (1, 0.75 * DAY)
    assert stage.deaf() == ""
    stage.renew(days=0.5)
    assert stage.deaf() == "no answer"


def test_one_fails(stage: Stage) -> None:
    """An account that fails does not keep another one from its channel."""
    other = stage.providers["disk"] = Pushing(stage.clock, stage.registry)
    stage.work.error = Unreachable("no answer")
    done = stage.renew()
    assert (done.opened, done.failed) == (1, 1)
    assert len(other.open) == 1


def test_cut_off(stage: Stage) -> None:
    """Where opening was cut off a channel is opened anew, and the draft forgotten."""
    stage.work.error = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        stage.renew()
    (draft,) = stage.channels()
    assert draft.token == ""
    stage.work.error = None
    assert stage.renew(days=0.1).opened == 1
    (channel,) = stage.channels()
    assert channel.token in stage.work.open
    assert stage.registry.channel(draft.id) is None


def test_one_at_a_time(stage: Stage) -> None:
    """While somebody sees to an owner's channels nobody else does."""
    fence = stage.leases.take("ann#channels", 900.0)
    assert fence is not None
    assert stage.renew() == Renewal()
    stage.leases.release("ann#channels", fence)
    assert stage.renew().opened == 1


def test_taken_over(stage: Stage) -> None:
    """Who took too long, so that somebody else sees to it, goes no further."""
    original = stage.registry.syncs

    def slowly(owner: str) -> list[SyncSettings]:
        stage.clock.advance(1000.0)
        stage.leases.take("ann#channels", 900.0)
        return original(owner)

    stage.registry.syncs = slowly  # type: ignore[method-assign]  # time passes just there
    with pytest.raises(StateBusy):
        stage.renew()
    assert stage.work.open == {}
