"""The file with the accounts: read by people, written whole, never overwritten if it is odd."""

import json
import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from syncoxiders.adapters import accounts as facade
from syncoxiders.adapters import private
from syncoxiders.adapters.accounts import Accounts
from syncoxiders.adapters.accounts.records import check_name, reconnect
from syncoxiders.adapters.accounts.secret import Secret
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.errors import AccountError
from tests.accounts.conftest import Commands

WORK = Account("work", "drive", "client", "ann@example.org", {"url": "https://example.org"})
SCHEMA = '"schema": "syncoxiders.accounts/1"'
ODD = {
    "empty": "",
    "not JSON": "accounts:\n  work: drive\n",
    "another's": '{"accounts": {"work": {"kind": "drive"}}}',
    "of another version": '{"schema": "syncoxiders.accounts/9", "accounts": {}}',
    "a list": "[]",
    "of an unknown kind": f'{{{SCHEMA}, "accounts": {{"a": {{"kind": "ftp"}}}}}}',
    "with something unknown": f'{{{SCHEMA}, "accounts": {{}}, "more": 1}}',
    "with a bad name": f'{{{SCHEMA}, "accounts": {{"a/b": {{"kind": "s3"}}}}}}',
}


@pytest.fixture
def accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Accounts:
    monkeypatch.setenv("SYNCOXIDERS_VAULT", "file")
    return Accounts(tmp_path / "config")


def records(accounts: Accounts) -> Path:
    return accounts.folder / "accounts.json"


class TestFile:
    def test_readable(self, accounts: Accounts) -> None:
        """The file says all of an account to a person, and no secret."""
        accounts.add(WORK, Secret(refresh="the-secret"))
        text = records(accounts).read_text()
        assert json.loads(text) == {
            "schema": "syncoxiders.accounts/1",
            "accounts": {
                "work": {
                    "kind": "drive",
                    "client": "client",
                    "identity": "ann@example.org",
                    "settings": {"url": "https://example.org"},
                    "vault": "file",
                }
            },
        }
        assert text.count("\n") > 8
        assert stat.S_IMODE(records(accounts).stat().st_mode) == 0o600
        assert accounts.record("work").account == WORK

    def test_any_path(self, accounts: Accounts) -> None:
        """A path that is no UTF-8 is kept as it is."""
        accounts.add(Account("élan", "drive", settings={"ca": "/a/\udcff"}), None)
        assert "élan" in accounts.all()
        assert accounts.record("élan").account.settings == {"ca": "/a/\udcff"}
        assert json.loads(records(accounts).read_bytes())

    @pytest.mark.parametrize("odd", ODD)
    def test_odd(self, accounts: Accounts, odd: str) -> None:
        """A file that is not as we write it is not touched, nor is anything else."""
        accounts.folder.mkdir()
        records(accounts).write_text(ODD[odd])
        for use in (accounts.all, lambda: accounts.add(WORK, Secret(refresh="the-secret"))):
            with pytest.raises(AccountError, match=r"accounts\.json .*nothing was changed"):
                use()
        assert records(accounts).read_text() == ODD[odd]
        assert not (accounts.folder / "secrets").exists()

    def test_unreadable(self, accounts: Accounts) -> None:
        """Something else in the file's place is named."""
        records(accounts).mkdir(parents=True)
        with pytest.raises(AccountError, match=r"accounts\.json cannot be read: Is a directory"):
            accounts.all()

    def test_whole_or_not(self, accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
        """If the record cannot be written, the old file stays, and no secret is left behind."""
        accounts.add(WORK, None)
        before = records(accounts).read_text()
        replace = private.replace

        def full(path: Path, data: bytes) -> None:
            if path.name == "accounts.json":
                raise OSError(28, "No space left on device")
            replace(path, data)

        monkeypatch.setattr(private, "replace", full)
        with pytest.raises(AccountError, match="No space left"):
            accounts.add(Account("other", "drive"), Secret(refresh="x"))
        assert records(accounts).read_text() == before
        assert list((accounts.folder / "secrets").iterdir()) == []

    def test_at_once(self, accounts: Accounts) -> None:
        """Commands that run at once do not lose each other's accounts."""
        barrier = threading.Barrier(8)

        def add(number: int) -> None:
            barrier.wait(10)
            Accounts(accounts.folder).add(Account(f"n{number}", "drive"), None)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(add, range(8)))
        assert set(accounts.all()) == {f"n{number}" for number in range(8)}

    def test_added_once(self, accounts: Accounts) -> None:
        """Of two that add the same name, the second one is told, and replaces nothing."""
        accounts.add(WORK, Secret(refresh="first"))
        with pytest.raises(AccountError, match="already"):
            accounts.add(WORK, Secret(refresh="second"))
        secret = accounts.secret("work")
        assert secret is not None
        assert secret.refresh == "first"

    def test_lock_is_held(self, tmp_path: Path) -> None:
        """Who holds a lock for too long is not waited for without end."""
        lock = tmp_path / "lock"
        with (
            private.locked(lock, patience=1),
            pytest.raises(AccountError, match="another command holds"),
            private.locked(lock, patience=0.1),
        ):
            raise AssertionError
        with private.locked(lock, patience=0.1):
            assert stat.S_IMODE(lock.stat().st_mode) == 0o600

    def test_other_vault(self, accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
        """An account that is connected anew keeps its secrets where they were."""
        accounts.add(WORK, Secret(refresh="one"))
        monkeypatch.delenv("SYNCOXIDERS_VAULT")
        assert accounts.add(WORK, Secret(refresh="two"), again=True).vault == "file"


class TestNames:
    @pytest.mark.parametrize("name", ["a", "work", "my drive", "a.b", "ann@work", "x_1-2", "élan"])
    def test_good(self, name: str) -> None:
        """What rclone takes for a remote's name, an account may have."""
        check_name(name)

    @pytest.mark.parametrize(
        "name",
        ["", ".", "..", "-a", " a", "a ", "a/b", "a:b", "a\\b", "a\nb", "a\0", "x" * 65, "é" * 33],
    )
    def test_bad(self, name: str) -> None:
        """What could be a path, an option or hard to see is no name."""
        with pytest.raises(AccountError, match="cannot name an account"):
            check_name(name)


class TestFacade:
    def test_keys(self, commands: Commands) -> None:
        """An S3 account has its keys, one that leaves it to AWS has none."""
        keys = {"access_key_id": "id", "secret_access_key": "the-key"}
        commands.accounts.add(Account("bucket", "s3"), Secret(keys=keys))
        commands.accounts.add(Account("ours", "s3", settings={"profile": "p"}), None)
        assert facade.keys(facade.load("bucket")) == keys
        assert facade.keys(facade.load("ours")) == {}

    def test_unknown(self, commands: Commands) -> None:
        """A name that stands for nothing is said to be that."""
        commands.connect("work", "drive")
        with pytest.raises(AccountError, match=r"no account called 'play' \(there are: work\)"):
            facade.load("play")

    def test_not_of_oauth(self, commands: Commands) -> None:
        """Keys are no tokens."""
        commands.accounts.add(Account("bucket", "s3"), Secret(keys={"access_key_id": "id"}))
        with pytest.raises(AccountError, match="not one that is signed in to"):
            facade.tokens(facade.load("bucket"))

    def test_environment(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The records are in the user's configuration folder."""
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
        assert Accounts().folder == tmp_path / "syncoxiders"
        assert os.listdir(tmp_path) == []  # noqa: PTH208 -- to look creates nothing


def test_what_to_do_is_said_to_who_can_do_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """On one's own machine it is a command; a deployment's person has none, but the console."""
    account = Account("my work", "drive")
    monkeypatch.delenv("AWS_LAMBDA_FUNCTION_NAME", raising=False)
    command = "connect it again by syncoxiders account add drive 'my work' --reconnect"
    assert reconnect(account) == command
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "api")
    assert reconnect(account) == "connect it again"
