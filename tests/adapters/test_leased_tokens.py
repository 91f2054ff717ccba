"""Access tokens of the deployed system: refreshed once for all functions, hidden, never lost."""

import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # it has none
from msgspec import structs

from syncoxiders.adapters.accounts.secret import Secret, Secrets
from syncoxiders.adapters.aws.kms import Cipher
from syncoxiders.adapters.aws.tokens import AccessItems, leased
from syncoxiders.adapters.items.leases import ItemsLeases
from syncoxiders.adapters.memory.clock import MemoryClock
from syncoxiders.adapters.memory.items import MemoryItems
from syncoxiders.adapters.memory.vault import MemoryVault
from syncoxiders.adapters.oauth.http import Rejected
from syncoxiders.adapters.oauth.tokens import SharedTokens
from syncoxiders.adapters.oauth.vendors import Traits
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.errors import AccountError, Revoked, StateUnavailable, Unreachable
from syncoxiders.ports.items import Update

ACCOUNT = Account("work", "drive", "client")
APP = "cl13nt"
KEY = ("me#access", "work")
LEASE = "me#work#tokens"


class Fake:
    """A vendor that gives ``a1``, ``r1``, ``a2``, ``r2`` …, each refresh token good once."""

    traits = Traits(title="A cloud")

    def __init__(self, now: Callable[[], float]) -> None:
        self.count = 0
        self.refusal = ""
        self.rotates = True
        self.now = now
        self.meanwhile: Callable[[], object] = lambda: None

    def refresh(self, secret: Secret) -> Secret:
        self.meanwhile()
        if self.refusal:
            raise Rejected(self.refusal)
        if self.rotates and secret.refresh != f"r{self.count}":
            raise Rejected("invalid_grant", "used before")
        self.count += 1
        refresh = f"r{self.count}" if self.rotates else secret.refresh
        return Secret(refresh=refresh, access=f"a{self.count}", expires=self.now() + 3600)


class Kms:
    """A key that turns bytes around, and wants the context again."""

    def __init__(self) -> None:
        self.away = False

    def encrypt(self, *, KeyId: str, Plaintext: bytes, EncryptionContext: dict[str, str]) -> Any:  # noqa: N803 -- the SDK's names
        assert KeyId == "key"
        text = f"{sorted(EncryptionContext.items())}|".encode() + Plaintext
        return {"CiphertextBlob": text[::-1]}

    def decrypt(
        self,
        *,
        KeyId: str,  # noqa: N803 -- the SDK's names
        CiphertextBlob: bytes,  # noqa: N803 -- the SDK's names
        EncryptionContext: dict[str, str],  # noqa: N803 -- the SDK's names
    ) -> Any:
        assert KeyId == "key"
        context, _, text = CiphertextBlob[::-1].partition(b"|")
        if context.decode() != str(sorted(EncryptionContext.items())):
            error = {"Error": {"Code": "InvalidCiphertextException", "Message": "no"}}
            raise ClientError(error, "Decrypt")
        return {"Plaintext": text}


class Patient(MemoryClock):
    """A clock by which waiting takes a little real time, and passes slowly."""

    slowness = 100.0

    def sleep(self, seconds: float) -> None:
        time.sleep(0.002)
        super().sleep(seconds / self.slowness)


class Stage:
    def __init__(self) -> None:
        self.clock = Patient()
        self.items = MemoryItems()
        self.vendor = Fake(self.clock.now)
        self.vault = MemoryVault()
        self.secrets = Secrets(self.vault, "me/work")
        self.secrets.put(Secret(refresh="r0"))
        self.leases = ItemsLeases(self.items, self.clock)

    def tokens(self, account: Account = ACCOUNT) -> SharedTokens:
        """Return what another function would have."""
        return leased(
            account,
            self.vendor,
            owner="me",
            vault=self.secrets,
            items=AccessItems(self.items, Cipher(Kms(), "key"), "me", account),
            leases=self.leases,
            clock=self.clock,
        )

    def stored(self) -> object:
        return self.items.get([KEY])[KEY].attributes.get("access")


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_refreshed_once(stage: Stage) -> None:
    """Of many functions that start at once exactly one refreshes; all have the same token."""
    stage.vendor.meanwhile = lambda: time.sleep(0.05)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: stage.tokens().access(), range(8)))
    assert found == ["a1"] * 8
    assert stage.vendor.count == 1


def test_kept_apart(stage: Stage) -> None:
    """The refresh token is in the vault alone, and the access token in an item, hidden."""
    stage.tokens().access()
    assert stage.secrets.get() == Secret(refresh="r1")
    data = stage.stored()
    assert isinstance(data, bytes)
    assert b"a1" not in data
    assert b"r1" not in data


def test_cheap(stage: Stage) -> None:
    """As long as the token is valid a new function asks neither the vault nor for the lease."""
    stage.tokens().access()
    stage.vault.delete("me/work")
    assert stage.leases.take(LEASE, 60.0) is not None
    assert stage.tokens().access() == "a1"


def test_expired(stage: Stage) -> None:
    """A token that ends is refreshed by one function, and the others take what it got."""
    first, second = stage.tokens(), stage.tokens()
    assert (first.access(), second.access()) == ("a1", "a1")
    stage.clock.advance(3590.0)
    assert (first.access(), second.access()) == ("a2", "a2")
    assert stage.vendor.count == 2


def test_refused(stage: Stage) -> None:
    """A token that the provider refused is replaced once, whoever hears of it and when."""
    first, second = stage.tokens(), stage.tokens()
    assert (first.access(), second.access()) == ("a1", "a1")
    first.refused("a1")
    assert first.access() == "a2"
    second.refused("a1")
    assert second.access() == "a2"
    second.refused("a1")
    assert second.access() == "a2"
    assert stage.vendor.count == 2


def test_vault_left_alone(stage: Stage) -> None:
    """A vendor whose refresh tokens stay the same costs no write to the vault."""
    stage.vendor.rotates = False
    puts = stage.vault.puts
    stage.tokens().access()
    assert stage.vault.puts == puts


def test_refresh_token_first(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever dies while tokens are kept has kept the refresh token, which cannot be had again."""

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(AccessItems, "put", die)
        with pytest.raises(KeyboardInterrupt):
            stage.tokens().access()
    assert stage.secrets.get() == Secret(refresh="r1")
    assert stage.tokens().access() == "a2"


def test_died_refreshing(stage: Stage) -> None:
    """A lease whose holder died is waited for in vain only until it is over."""
    stage.clock.slowness = 1.0
    assert stage.leases.take(LEASE, 90.0) is not None
    with pytest.raises(Unreachable, match="another function"):
        stage.tokens().access()
    assert stage.vendor.count == 0
    stage.clock.advance(90.0)
    assert stage.tokens().access() == "a1"


def test_released(stage: Stage) -> None:
    """A refresh that fails keeps nobody waiting."""
    stage.vendor.refusal = "server_broken"
    with pytest.raises(Unreachable):
        stage.tokens().access()
    assert stage.leases.take(LEASE, 60.0) is not None


def test_revoked(stage: Stage) -> None:
    """What only a person can mend is told so, also where there are no tokens at all."""
    stage.vendor.refusal = "invalid_grant"
    with pytest.raises(Revoked, match="connect it again"):
        stage.tokens().access()
    stage.secrets.delete()
    with pytest.raises(Revoked, match="connect it again"):
        stage.tokens().access()


def test_damaged(stage: Stage) -> None:
    """An access token that cannot be read is as none."""
    stage.tokens().access()
    stage.items.write([Update(KEY, put={"access": b"\x91"})])
    assert stage.tokens().access() == "a2"


def test_connected_anew(stage: Stage) -> None:
    """An account that is connected anew, perhaps as another person, has no use of the old token."""
    stage.tokens().access()
    other = structs.replace(ACCOUNT, identity="bob@example.org")
    assert stage.tokens(other).access() == "a2"
    assert stage.tokens(other).access() == "a2"


def test_late_for_the_old(stage: Stage) -> None:
    """Nor has it of a token that was being fetched for the old one meanwhile."""
    other = structs.replace(ACCOUNT, identity="bob@example.org")
    tokens = stage.tokens(other)
    assert tokens.access() == "a1"
    stage.clock.advance(3600.0)
    assert stage.tokens().access() == "a2"
    assert tokens.access() == "a3"


def test_goes_by_itself(stage: Stage) -> None:
    """A token's item ends with it."""
    stage.tokens().access()
    ends = stage.items.get([KEY])[KEY].attributes["expires"]
    assert isinstance(ends, int)
    assert 0 <= ends - (stage.clock.now() + 3600.0) < 1.0 + 60.0


@pytest.mark.parametrize("error", [StateUnavailable("no answer"), AccountError("no answer")])
def test_away(stage: Stage, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """A table or vault that does not answer makes the provider unreachable, not the account bad."""

    def fail() -> None:
        raise error

    monkeypatch.setattr(stage.secrets, "get", fail)
    with pytest.raises(Unreachable, match="no answer"):
        stage.tokens().access()


def test_nothing_shows(stage: Stage) -> None:
    """No error and no representation holds a token."""
    stage.secrets.put(Secret(refresh="r3fresh-token", client_secret=APP))
    stage.vendor.refusal = "invalid_grant"
    tokens = stage.tokens()
    with pytest.raises(Revoked) as caught:
        tokens.access()
    told = "".join(traceback.format_exception(caught.value)) + repr(vars(tokens))
    assert "r3fresh-token" not in told
    assert APP not in told


def test_one_function_many_threads(stage: Stage) -> None:
    """Threads of one function share one refresh as well."""
    stage.vendor.meanwhile = lambda: time.sleep(0.02)
    tokens = stage.tokens()
    started = threading.Barrier(4)

    def ask(_: int) -> str:
        started.wait()
        return tokens.access()

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(ask, range(4))) == {"a1"}
    assert stage.vendor.count == 1
