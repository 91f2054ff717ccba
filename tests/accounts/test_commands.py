"""Listing, checking and removing accounts."""

import json
from pathlib import Path

import pytest

from syncoxiders.adapters.accounts.secret import Secret
from syncoxiders.ports.accounts import Account
from tests.accounts.conftest import Commands

KINDS = ["drive", "dropbox", "onedrive"]


class TestList:
    def test_none(self, commands: Commands) -> None:
        """Without accounts it is said how to add one."""
        said = commands("list")
        assert (said.code, said.out.count("\n")) == (0, 1)
        assert "syncoxiders account add" in said.out

    def test_all(self, commands: Commands) -> None:
        """Each account is listed with whose it is and where its secrets are."""
        commands.connect("work", "drive")
        commands.accounts.add(Account("box", "dropbox", "own-app"), None)
        commands.accounts.add(Account("bucket", "s3"), None)
        said = commands("list")
        assert said.code == 0
        assert f"work    drive, ann@example.org, at {commands.url}" in said.out
        assert f"secrets in files in {commands.folder / 'secrets'}" in said.out
        assert "not connected: connect it again by syncoxiders account add dropbox box" in said.out
        assert "AWS's settings are used" in said.out

    def test_for_programs(self, commands: Commands) -> None:
        """For programs each account is one object."""
        commands.connect("work", "drive")
        (found,) = commands("list", "--json").of("account")
        assert found["name"] == "work"
        assert found["identity"] == "ann@example.org"
        assert (found["vault"], found["connected"]) == ("file", True)

    def test_keyring(self, commands: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
        """A keyring that is out of reach is named as that; nothing of it is asked for."""
        commands.connect("work", "drive")
        path = commands.folder / "accounts.json"
        path.write_text(path.read_text().replace('"vault": "file"', '"vault": "keyring"'))
        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
        import keyring  # noqa: PLC0415 -- only here

        before = keyring.get_keyring()
        keyring.core.init_backend()
        try:
            said = commands("list")
            assert "secrets in the system's keyring (not reachable here)" in said.out
            said = commands("check")
            assert said.code == 1
            assert "run this in the session in which the account was added" in said.err
            said = commands("remove", "work")
            assert said.code == 1
            assert "work" in commands.accounts.all()
            assert commands("remove", "work", "--force").code == 0
            assert commands.accounts.all() == {}
        finally:
            keyring.set_keyring(before)


class TestCheck:
    @pytest.mark.parametrize("kind", KINDS)
    def test_good(self, commands: Commands, kind: str) -> None:
        """An account that lets us in is said to be whose it is, and how full."""
        with commands.tls() as server:
            commands.connect("work", kind, server.url)
            said = commands("check", "work")
        assert said.code == 0, said.err
        total = {"drive": "15.0 GiB", "dropbox": "2.0 GiB", "onedrive": "5.0 GiB"}[kind]
        assert said.out == f"work: lets us in as ann@example.org, 4.0 KiB of {total} used.\n"
        assert commands.cloud.oauth.refreshes >= 1

    @pytest.mark.parametrize("kind", KINDS)
    def test_revoked(self, commands: Commands, kind: str) -> None:
        """An account that was revoked is found out though its access token is still good."""
        with commands.tls() as server:
            tokens = commands.connect("work", kind, server.url)
            good = Secret(
                refresh="none", access=tokens["access_token"], expires=commands.cloud.now() + 999
            )
            commands.accounts.add(commands.accounts.record("work").account, good, again=True)
            said = commands("check")
        assert said.code == 1
        assert f"syncoxiders account add {kind} work --reconnect" in said.err

    @pytest.mark.parametrize(
        ("kind", "granted"),
        [
            ("drive", "https://www.googleapis.com/auth/drive.readonly"),
            ("dropbox", "account_info.read"),
            ("onedrive", "Files.Read User.Read"),
        ],
    )
    def test_scopes(self, commands: Commands, kind: str, granted: str) -> None:
        """Scopes that are lacking are named, with how to mend it."""
        commands.cloud.granted = granted
        with commands.tls() as server:
            commands.connect("work", kind, server.url)
            said = commands("check")
        assert said.code == 1
        assert "has not granted" in said.err
        assert "--reconnect" in said.err

    def test_several(self, commands: Commands) -> None:
        """One bad account does not hide the others, and is what the exit code says."""
        commands.connect("bad", "drive", "http://127.0.0.1:1")
        commands.connect("good", "drive")
        said = commands("check")
        assert said.code == 1
        assert "bad: Google cannot be reached" in said.err
        assert "good: lets us in" in said.out

    def test_api_off(self, commands: Commands) -> None:
        """What the API says of its refusal is told."""
        commands.connect("work", "drive")
        body = {"error": {"code": 403, "message": "Drive API has not been used in project 1"}}
        commands.cloud.faults.add("status", path="/about", status=403, body=body)
        said = commands("check")
        assert said.code == 1
        assert "lets us in, but not further: 403: Drive API has not been used" in said.err

    def test_who(self, commands: Commands) -> None:
        """Who it is becomes known by a check, where it was not, and stands in the list."""
        commands.connect("work", "drive")
        account = commands.accounts.record("work").account
        commands.accounts.update(Account("work", "drive", "client", "", account.settings))
        assert "whose is not known yet" in commands("list").out
        commands("check")
        assert "ann@example.org" in commands("list").out

    def test_for_programs(self, commands: Commands) -> None:
        """For programs each result is one object."""
        commands.connect("good", "drive")
        commands.connect("bad", "drive", "http://127.0.0.1:1")
        said = commands("check", "--json")
        assert said.code == 1
        good, bad = said.of("account-check")
        assert (good["ok"], good["identity"], good["used"]) == (True, "ann@example.org", 4096)
        assert (bad["ok"], bad["name"]) == (False, "bad")

    def test_not_there(self, commands: Commands) -> None:
        """An account that is not there is a slip of the pen."""
        commands.connect("work", "drive")
        said = commands("check", "wrok")
        assert said.code == 2
        assert "there is no account called 'wrok' (there are: work)" in said.err

    def test_not_connected(self, commands: Commands) -> None:
        """An account without tokens is not called good."""
        commands.accounts.add(Account("box", "dropbox", "own-app"), None)
        said = commands("check")
        assert said.code == 1
        assert "is not connected yet" in said.err


class TestRemove:
    @pytest.mark.parametrize("kind", ["drive", "dropbox"])
    def test_revoked(self, commands: Commands, kind: str) -> None:
        """The access ends at the provider, and nothing stays here."""
        tokens = commands.connect("work", kind)
        said = commands("remove", "work")
        assert (said.code, said.err) == (0, "")
        assert commands.cloud.oauth._refresh[tokens["refresh_token"]].alive is False
        assert commands.accounts.all() == {}
        assert list((commands.folder / "secrets").iterdir()) == []

    def test_by_hand(self, commands: Commands) -> None:
        """Where a provider cannot be told, the person is."""
        with commands.tls() as server:
            commands.connect("work", "onedrive", server.url)
            said = commands("remove", "work")
        assert said.code == 0
        assert "https://account.live.com/consent/Manage" in said.err
        assert commands.accounts.all() == {}

    @pytest.mark.parametrize("kind", KINDS)
    def test_away(self, commands: Commands, kind: str) -> None:
        """A provider that does not answer does not keep the account here."""
        commands.connect("work", kind, "https://127.0.0.1:1")
        said = commands("remove", "work")
        assert said.code == 0
        assert "could not be ended at the provider" in said.err
        assert "taken out of the connected apps" in said.err
        assert commands.accounts.all() == {}

    def test_gone_already(self, commands: Commands) -> None:
        """What was revoked elsewhere is not made much of."""
        commands.connect("work", "drive")
        commands.cloud.oauth.revoke_all()
        said = commands("remove", "work")
        assert (said.code, said.err) == (0, "")

    def test_in_use(self, commands: Commands, tmp_path: Path) -> None:
        """An account that a sync uses stays, unless the person insists."""
        commands.connect("work", "drive")
        state = tmp_path / "home" / "state" / "syncoxiders" / "0123456789ab"
        state.mkdir(parents=True)
        folders = ["/home/ann/Work", "work:Documents"]
        index = {"schema": "syncoxiders.folders/1", "folders": folders}
        (state / "folders.json").write_text(json.dumps(index))
        said = commands("remove", "work")
        assert said.code == 2
        assert "used by the sync of /home/ann/Work and work:Documents" in said.err
        assert "work" in commands.accounts.all()
        assert commands.cloud.calls == []
        assert commands("remove", "work", "--force").code == 0

    def test_not_there(self, commands: Commands) -> None:
        """What is not there cannot be removed."""
        said = commands("remove", "work")
        assert said.code == 2
        assert "there is no account called 'work' (there are: none)" in said.err


@pytest.mark.parametrize("command", [(), ("add",)])
def test_help(commands: Commands, command: tuple[str, ...]) -> None:
    """A group without a command shows its help."""
    said = commands(*command)
    assert said.code == 2
    assert said.out.startswith("Usage: syncoxiders account")
