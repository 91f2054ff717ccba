"""Access tokens that are shared: one refresh for all, nothing lost, clear when it is over."""

import contextlib
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from syncoxiders.adapters import accounts
from syncoxiders.adapters.accounts.secret import Secret, Secrets
from syncoxiders.adapters.memory.vault import MemoryVault
from syncoxiders.adapters.oauth.http import Rejected
from syncoxiders.adapters.oauth.tokens import SharedTokens
from syncoxiders.adapters.oauth.vendors import Traits
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.errors import AccountError, Revoked, Unreachable
from tests.accounts.conftest import Commands

ACCOUNT = Account("work", "drive", "client")


class Fake:
    """A vendor that gives ``a1``, ``r1``, ``a2``, ``r2`` …, each refresh token good once."""

    traits = Traits(title="A cloud")

    def __init__(self) -> None:
        self.count = 0
        self.refusal = ""
        self.away = False

    def refresh(self, secret: Secret) -> Secret:
        if self.away:
            raise Unreachable("no answer")
        if self.refusal:
            raise Rejected(self.refusal)
        if secret.refresh != f"r{self.count}":
            raise Rejected("invalid_grant", "used before")
        self.count += 1
        return Secret(refresh=f"r{self.count}", access=f"a{self.count}", expires=time.time() + 3600)


class Stage:
    def __init__(self) -> None:
        self.vendor = Fake()
        self.vault = MemoryVault()
        self.secrets = Secrets(self.vault, "work")
        self.secrets.put(Secret(refresh="r0"))
        self.lock = threading.Lock()
        self.entered = 0

    def tokens(self) -> SharedTokens:
        """Return what another process would have."""
        return SharedTokens(ACCOUNT, self.vendor, self.secrets, self._locked)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with self.lock:
            self.entered += 1
            yield


@pytest.fixture
def stage() -> Stage:
    return Stage()


class TestSharing:
    def test_kept(self, stage: Stage) -> None:
        """A token that is valid is given again; a new refresh token is in the vault."""
        tokens = stage.tokens()
        assert [tokens.access(), tokens.access()] == ["a1", "a1"]
        kept = stage.secrets.get()
        assert kept is not None
        assert (kept.refresh, kept.access) == ("r1", "a1")

    def test_another_process(self, stage: Stage) -> None:
        """What one process has refreshed, the others take from the vault."""
        one, other = stage.tokens(), stage.tokens()
        assert (one.access(), other.access()) == ("a1", "a1")
        one.refused("a1")
        assert one.access() == "a2"
        other.refused("a1")
        assert other.access() == "a2"
        assert stage.vendor.count == 2

    def test_refused_late(self, stage: Stage) -> None:
        """Eight requests that fail with one token make one refresh."""
        tokens = stage.tokens()
        assert tokens.access() == "a1"
        for _ in range(8):
            tokens.refused("a1")
            assert tokens.access() == "a2"
        assert stage.vendor.count == 2

    def test_refused_late_again(self, stage: Stage) -> None:
        """A late word about an old token does not make good what was refused since."""
        tokens = stage.tokens()
        tokens.access()
        tokens.refused("a1")
        assert tokens.access() == "a2"
        tokens.refused("a2")
        tokens.refused("a1")
        assert tokens.access() == "a3"

    def test_threads_ask_once(self, stage: Stage) -> None:
        """Of eight threads one goes to see whether another process has refreshed."""
        tokens = stage.tokens()
        with ThreadPoolExecutor(8) as pool, stage.lock:
            found = [pool.submit(tokens.access) for _ in range(8)]
            time.sleep(0.1)
        assert {each.result() for each in found} == {"a1"}
        assert stage.entered == 1

    def test_ends_soon(self, stage: Stage) -> None:
        """A token that might end on the way is not used."""
        stage.secrets.put(Secret(refresh="r0", access="a0", expires=time.time() + 30))
        assert stage.tokens().access() == "a1"

    def test_without_refresh_token(self, stage: Stage) -> None:
        """A token that cannot be renewed is used as long as it lasts."""
        stage.secrets.put(Secret(access="a0", expires=time.time() + 300))
        tokens = stage.tokens()
        assert tokens.access() == "a0"
        tokens.refused("a0")
        with pytest.raises(Revoked, match="it has no tokens"):
            tokens.access()

    def test_kept_before_use(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        """A new refresh token that cannot be kept is not lost: it is kept the next time."""
        tokens = stage.tokens()
        put = stage.vault.put

        def full(*_: str) -> None:
            raise AccountError("the vault is full")

        monkeypatch.setattr(stage.vault, "put", full)
        with pytest.raises(Unreachable, match="the vault is full"):
            tokens.access()
        monkeypatch.setattr(stage.vault, "put", put)
        assert tokens.access() == "a1"
        assert stage.tokens().access() == "a1"
        assert stage.vendor.count == 1


class TestRefusals:
    @pytest.mark.parametrize("error", ["invalid_grant", "invalid_client", "interaction_required"])
    def test_revoked(self, stage: Stage, error: str) -> None:
        """When only a person can mend it, it is said how, and the vault stays as it was."""
        stage.vendor.refusal = error
        before = stage.secrets.get()
        command = "syncoxiders account add drive work --reconnect"
        with pytest.raises(Revoked, match=command) as failure:
            stage.tokens().access()
        assert "r0" not in str(failure.value)
        assert stage.secrets.get() == before

    def test_connected_again(self, stage: Stage) -> None:
        """A process that goes on sees that the account was connected again."""
        tokens = stage.tokens()
        stage.vendor.refusal = "invalid_grant"
        with pytest.raises(Revoked):
            tokens.access()
        stage.secrets.put(Secret(refresh="x", access="new", expires=time.time() + 3600))
        assert tokens.access() == "new"

    @pytest.mark.parametrize("error", ["invalid_request", "something_new"])
    def test_unclear(self, stage: Stage, error: str) -> None:
        """A refusal that nobody knows is not taken for the end of the access."""
        stage.vendor.refusal = error
        with pytest.raises(Unreachable, match=error):
            stage.tokens().access()

    def test_away(self, stage: Stage) -> None:
        """Without an answer, nothing changes, and the next time may do."""
        stage.vendor.away = True
        tokens = stage.tokens()
        with pytest.raises(Unreachable):
            tokens.access()
        stage.vendor.away = False
        assert tokens.access() == "a1"

    def test_removed(self, stage: Stage) -> None:
        """An account that was removed meanwhile lets nobody in."""
        stage.secrets.delete()
        with pytest.raises(Revoked, match="it has no tokens"):
            stage.tokens().access()

    def test_damaged(self, stage: Stage) -> None:
        """A secret that cannot be read is not quoted."""
        stage.vault.put("work", '{"refresh": "the-secret", "strange": 1}')
        with pytest.raises(Unreachable, match="is damaged: connect it again") as failure:
            stage.tokens().access()
        assert failure.value.__cause__ is not None
        assert failure.value.__cause__.__cause__ is None

    def test_secrets_do_not_show(self) -> None:
        """A secret that is printed shows nothing."""
        secret = Secret(refresh="the-secret", keys={"secret_access_key": "the-secret"})
        assert "the-secret" not in f"{secret} {secret!r} {[secret]}"


class TestTogether:
    def test_threads(self, commands: Commands) -> None:
        """Eight threads that need a token at once make one refresh."""
        commands.connect("work", "drive")
        commands.cloud.faults.add("slow", path="/token", seconds=0.2, times=9)
        tokens = accounts.tokens(accounts.load("work"))
        barrier = threading.Barrier(8)

        def access(_: int) -> str:
            barrier.wait(10)
            return tokens.access()

        with ThreadPoolExecutor(8) as pool:
            found = set(pool.map(access, range(8)))
        assert len(found) == 1
        assert commands.cloud.oauth.refreshes == 1

    @pytest.mark.parametrize("kind", ["drive", "onedrive"])
    def test_processes(self, commands: Commands, tmp_path: Path, kind: str) -> None:
        """Two processes with four threads each make one refresh, also where tokens rotate."""
        commands.cloud.oauth.rotates = kind == "onedrive"
        with commands.tls() as server:
            commands.connect("work", kind, server.url)
            commands.cloud.faults.add("slow", path="/token", seconds=0.3, times=9)
            with contextlib.ExitStack() as stack:
                others = [stack.enter_context(process(tmp_path)) for _ in range(2)]
                for other in others:
                    assert other.stdout is not None
                    assert other.stdout.readline() == "ready\n"
                for other in others:
                    assert other.stdin is not None
                    other.stdin.write("go\n")
                    other.stdin.flush()
                said = [other.communicate(timeout=60)[0].split() for other in others]
        assert [len(each) for each in said] == [4, 4]
        assert len({token for each in said for token in each}) == 1
        assert commands.cloud.oauth.refreshes == 1

    @pytest.mark.parametrize("command", ["reconnect", "remove"])
    def test_changed_meanwhile(self, commands: Commands, command: str) -> None:
        """A refresh that is under way does not bring back what a command has replaced."""
        commands.connect("work", "drive")
        commands.cloud.faults.add("slow", path="/token", seconds=0.5)
        tokens = accounts.tokens(accounts.load("work"))
        with ThreadPoolExecutor(1) as pool:
            refreshing = pool.submit(tokens.access)
            deadline = time.monotonic() + 30
            while not commands.cloud.oauth.refreshes and time.monotonic() < deadline:
                time.sleep(0.01)
            if command == "remove":
                commands.accounts.remove("work")
            else:
                account = commands.accounts.record("work").account
                commands.accounts.add(account, Secret(refresh="new"), again=True)
            refreshing.result(30)
        if command == "remove":
            assert list((commands.folder / "secrets").iterdir()) == []
        else:
            assert commands.accounts.secret("work") == Secret(refresh="new")

    def test_a_process_dies(self, commands: Commands, tmp_path: Path) -> None:
        """Who dies in the middle of a refresh holds nobody up."""
        commands.connect("work", "drive")
        commands.cloud.faults.add("slow", path="/token", seconds=20)
        with process(tmp_path) as other:
            assert other.stdin is not None
            other.stdin.write("go\n")
            other.stdin.flush()
            deadline = time.monotonic() + 30
            while not commands.cloud.oauth.refreshes and time.monotonic() < deadline:
                time.sleep(0.02)
            other.kill()
        assert accounts.tokens(accounts.load("work")).access()
        assert commands.cloud.oauth.refreshes == 2


PROGRAM = """
import sys
from concurrent.futures import ThreadPoolExecutor
from syncoxiders.adapters import accounts
tokens = accounts.tokens(accounts.load("work"))
print("ready", flush=True)
sys.stdin.readline()
with ThreadPoolExecutor(4) as pool:
    print(*pool.map(lambda _: tokens.access(), range(4)))
"""


def process(tmp_path: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        env={"HOME": str(tmp_path / "home"), "XDG_CONFIG_HOME": str(tmp_path / "home" / "config")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


class TestVendors:
    @pytest.mark.parametrize("kind", ["drive", "dropbox", "onedrive"])
    def test_refreshed(self, commands: Commands, kind: str) -> None:
        """Each vendor's tokens are refreshed, and used until they end."""
        commands.cloud.oauth.rotates = kind == "onedrive"
        with commands.tls() as server:
            tokens = commands.connect("work", kind, server.url)
            shared = accounts.tokens(accounts.load("work"))
            first = shared.access()
            assert first == shared.access() != tokens["access_token"]
            shared.refused(first)
            assert shared.access() != first
        assert commands.cloud.oauth.refreshes == 2
        kept = commands.accounts.secret("work")
        assert kept is not None
        assert (kept.refresh == tokens["refresh_token"]) == (kind != "onedrive")

    @pytest.mark.parametrize("kind", ["drive", "dropbox", "onedrive"])
    def test_revoked(self, commands: Commands, kind: str) -> None:
        """Access that was revoked is told as that, with the command that mends it."""
        with commands.tls() as server:
            commands.connect("my work", kind, server.url)
            commands.cloud.oauth.revoke_all()
            with pytest.raises(Revoked) as failure:
                accounts.tokens(accounts.load("my work")).access()
        assert f"syncoxiders account add {kind} 'my work' --reconnect" in str(failure.value)
        assert not any(each in str(failure.value) for each in commands.cloud.secrets)

    @pytest.mark.parametrize("kind", ["drive", "dropbox", "onedrive"])
    @pytest.mark.parametrize("fault", ["status", "drop-before", "cut"])
    def test_unreachable(self, commands: Commands, kind: str, fault: str) -> None:
        """A server that is out of order does not end the access."""
        with commands.tls() as server:
            commands.connect("work", kind, server.url)
            tokens = accounts.tokens(accounts.load("work"))
            commands.cloud.faults.add(fault, path="token$", status=503, times=2)  # type: ignore[arg-type]  # one of them
            with pytest.raises(Unreachable) as failure:
                tokens.access()
            commands.cloud.faults.clear()
            assert tokens.access()
        assert not any(each in str(failure.value) for each in commands.cloud.secrets)

    @pytest.mark.parametrize("kind", ["drive", "onedrive"])
    def test_talkative(self, commands: Commands, kind: str) -> None:
        """A server that repeats what it was sent does not bring a secret into our words."""
        with commands.tls() as server:
            token = str(commands.connect("work", kind, server.url)["refresh_token"])
            body = {"error": "invalid_grant", "error_description": f"Bad {token}.\r\nTrace ID"}
            commands.cloud.faults.add("status", path="token$", status=400, body=body)
            with pytest.raises(Revoked) as failure:
                accounts.tokens(accounts.load("work")).access()
        assert "(invalid_grant: Bad …)" in str(failure.value)
        assert token not in "".join(traceback.format_exception(failure.value))

    def test_nobody_listens(self, commands: Commands) -> None:
        """Without a network it is said that the vendor cannot be reached."""
        commands.connect("work", "drive", "http://127.0.0.1:1")
        with pytest.raises(Unreachable, match="Google cannot be reached"):
            accounts.tokens(accounts.load("work")).access()
