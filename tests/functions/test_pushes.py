"""Emulated vendors open channels at, and push to, the deployed webhook: by HTTP, as they do."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

import functions.renew
from syncoxiders.adapters.providers.kinds import Kind
from syncoxiders.adapters.system import SystemClock
from syncoxiders.cloud.app import App
from syncoxiders.cloud.secrets import of_app
from syncoxiders.engine.pipeline.messages import Poll
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.errors import StateUnavailable
from syncoxiders.ports.registry import EndpointSettings, SyncSettings
from tests.emulators.clouds import KINDS, ROOT
from tests.emulators.serving import Server
from tests.functions.gateway import Gateway
from tests.functions.stage import SETTINGS, Context, Stage


class Tokens:
    """The token of an emulated vendor."""

    def __init__(self, token: str) -> None:
        self._token = token

    def access(self) -> str:
        return self._token

    def refused(self, token: str) -> None:
        raise AssertionError(f"{token} was refused")


class Deployed:
    """The functions at an address, and emulated vendors with an account and a sync each."""

    def __init__(self, stage: Stage, url: str) -> None:
        self.stage = stage
        self.emulators: dict[str, Any] = {}
        app = App(type(SETTINGS)(**{**_fields(SETTINGS), "url": url}), SystemClock())
        for name in (
            "control",
            "registry",
            "leases",
            "vault",
            "polls",
            "merges",
            "applies",
            "states",
        ):
            vars(app)[name] = vars(stage.app)[name]
        vars(app)["credentials"] = self._credentials
        stage.app = app

    def _credentials(self, owner: str, account: Account, kind: Kind) -> Tokens:
        assert owner == "me"
        assert kind.opened == "tokens"
        return Tokens(self.emulators[account.name].token)

    def add(self, name: str, emulator: Any, url: str) -> None:
        kind = KINDS[name]
        self.emulators[name] = emulator
        settings = {"url": url, **kind.settings(emulator)}
        self.stage.registry.put_account("me", Account(name, kind.kind, settings=settings))
        endpoints = (EndpointSettings("a", name, ROOT),)
        self.stage.registry.put_sync("me", SyncSettings(f"sync-{name}", endpoints))


def _fields(settings: Any) -> dict[str, Any]:
    return {each: getattr(settings, each) for each in settings.__struct_fields__}


@pytest.fixture
def serving() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def gateway(serving: ExitStack) -> Server:
    return serving.enter_context(Server(Gateway()))


@pytest.fixture
def deployed(stage: Stage, gateway: Server) -> Iterator[Deployed]:
    yield Deployed(stage, gateway.url)
    stage.app.connections.close()


Settle = Callable[[Any], object]

VENDORS = [
    pytest.param("drive", lambda each: each.channels.flush(), id="drive"),
    pytest.param("onedrive", lambda each: each.pushes.wait(), id="onedrive"),
]


@pytest.mark.parametrize(("kind", "settle"), VENDORS)
def test_channel(
    deployed: Deployed, stage: Stage, serving: ExitStack, kind: str, settle: Settle
) -> None:
    """A channel is opened by renew, and what people then do has the account looked at."""
    emulator, url = serving.enter_context(KINDS[kind].serve())
    deployed.add(kind, emulator, url)
    assert functions.renew.handler({}, Context())["opened"] == 1
    settle(emulator)
    stage.messages()
    before = stage.account(kind).hints
    stage.registry.polled("me", kind, before, stage.clock.now())
    emulator.people.write("file", b"content")
    settle(emulator)
    assert stage.account(kind).hints > before
    assert stage.messages() == [Poll("me", kind, after=before)]


@pytest.mark.parametrize(("kind", "settle"), VENDORS)
def test_closed(
    deployed: Deployed, stage: Stage, serving: ExitStack, kind: str, settle: Settle
) -> None:
    """After its sync is gone a vendor is told to be silent, and is."""
    emulator, url = serving.enter_context(KINDS[kind].serve())
    deployed.add(kind, emulator, url)
    functions.renew.handler({}, Context())
    stage.registry.remove_sync("me", f"sync-{kind}")
    assert functions.renew.handler({}, Context())["closed"] == 1
    settle(emulator)
    before = stage.account(kind).hints
    emulator.people.write("file", b"content")
    settle(emulator)
    assert stage.account(kind).hints == before


def test_reauthorization(deployed: Deployed, stage: Stage, serving: ExitStack) -> None:
    """A subscription of Graph's that asks for it is renewed by the next run, and goes on."""
    emulator, url = serving.enter_context(KINDS["onedrive"].serve())
    deployed.add("onedrive", emulator, url)
    functions.renew.handler({}, Context())
    (subscription,) = emulator.pushes.subscriptions.values()
    emulator.pushes.require_reauthorization(subscription.id)
    emulator.pushes.wait()
    assert functions.renew.handler({}, Context())["renewed"] == 1
    stage.messages()
    before = stage.account("onedrive").hints
    stage.registry.polled("me", "onedrive", before, stage.clock.now())
    emulator.people.write("file", b"content")
    emulator.pushes.wait()
    assert stage.messages() == [Poll("me", "onedrive", after=before)]


def test_unavailable(deployed: Deployed, stage: Stage, serving: ExitStack) -> None:
    """A push that could not be taken is sent again by the vendor, and heard then."""
    emulator, url = serving.enter_context(KINDS["onedrive"].serve())
    deployed.add("onedrive", emulator, url)
    functions.renew.handler({}, Context())
    emulator.pushes.wait()
    stage.messages()
    before = stage.account("onedrive").hints
    stage.registry.polled("me", "onedrive", before, stage.clock.now())
    hint = stage.registry.hint
    failures: list[int] = []

    def once(owner: str, account: str) -> Any:
        if not failures:
            failures.append(1)
            raise StateUnavailable("no answer")
        return hint(owner, account)

    stage.registry.hint = once  # type: ignore[method-assign]  # it fails once
    emulator.people.write("file", b"content")
    emulator.pushes.wait()
    assert 503 in emulator.pushes.sent
    assert stage.messages() == [Poll("me", "onedrive", after=before)]


def test_dropbox(deployed: Deployed, stage: Stage, gateway: Server, serving: ExitStack) -> None:
    """Dropbox proves the app's address by a challenge, and then signs what it tells."""
    emulator, url = serving.enter_context(KINDS["dropbox"].serve())
    deployed.add("dropbox", emulator, url)
    found = stage.account("dropbox").account
    stage.registry.put_account("me", found, frozenset({emulator.account.id}))
    stage.vault.put(of_app("dropbox"), emulator.oauth.clients["client"])
    emulator.webhook.register(f"{gateway.url}/push/dropbox")
    emulator.webhook.repeat(1)
    emulator.people.write("file", b"content")
    emulator.webhook.settle()
    emulator.webhook.unregister()
    assert set(emulator.webhook.answers) == {200}
    assert stage.account("dropbox").hints == len(emulator.webhook.answers) >= 2
    assert stage.messages() == [Poll("me", "dropbox", after=0)]


def test_another_app(deployed: Deployed, stage: Stage, gateway: Server, serving: ExitStack) -> None:
    """What another app's secret signed is refused."""
    emulator, url = serving.enter_context(KINDS["dropbox"].serve())
    deployed.add("dropbox", emulator, url)
    stage.vault.put(of_app("dropbox"), "another app's")
    emulator.webhook.pause = 0.001
    emulator.webhook.register(f"{gateway.url}/push/dropbox")
    emulator.people.write("file", b"content")
    emulator.webhook.settle()
    emulator.webhook.unregister()
    assert set(emulator.webhook.answers) == {403}
    assert stage.messages() == []
