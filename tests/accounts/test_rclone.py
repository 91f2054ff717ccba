"""Taking over what rclone knows, and saying what was not taken."""

import base64
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from syncoxiders.adapters import accounts, rclone
from syncoxiders.ports.accounts import Account
from tests.accounts.conftest import Commands, Person
from tests.cli.conftest import Said
from tests.emulators.rclone import BINARY

TOKEN = {
    "access_token": "rclone-access",
    "token_type": "Bearer",
    "refresh_token": "rclone-refresh",
    "expiry": "2024-05-01T10:20:30.123456789+02:00",
}
SECRETS = {"rclone-access", "rclone-refresh", "client-secret-value", "the-s3-key", "the-password"}


@pytest.fixture
def config(commands: Commands, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> "Config":
    commands.secrets |= SECRETS
    path = tmp_path / "rclone.conf"
    monkeypatch.setenv("RCLONE_CONFIG", str(path))
    return Config(path)


class Config:
    """rclone's settings, written by rclone itself."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, name: str, kind: str, options: Mapping[str, str]) -> None:
        with self.path.open("a") as file:
            file.write(f"[{name}]\ntype = {kind}\n")
            file.writelines(f"{key} = {value}\n" for key, value in options.items())
            file.write("\n")

    def rclone(self, *args: str) -> None:
        subprocess.run(
            [str(BINARY), "--config", str(self.path), *args], capture_output=True, check=True
        )


def own(**more: str) -> dict[str, str]:
    """Return a remote's options with an app of the person's own."""
    app = {"client_id": "client", "client_secret": "client-secret-value"}
    return {**app, "token": json.dumps(TOKEN), **more}


class TestTaken:
    def test_own_app(self, commands: Commands, config: Config) -> None:
        """A remote with an app of one's own goes on as it is, without signing in."""
        config.add("gd", "drive", own(scope="drive", team_drive="shared-1", skip_gdocs="true"))
        config.add("box", "dropbox", own())
        config.add("one", "onedrive", own(drive_id="d!1", drive_type="business"))
        said = commands("import-rclone")
        assert said.code == 0, said.err
        assert "3 accounts taken over" in said.out
        records = commands.accounts.all()
        assert [(name, each.account.kind) for name, each in records.items()] == [
            ("gd", "drive"),
            ("box", "dropbox"),
            ("one", "onedrive"),
        ]
        assert records["gd"].account.client == "client"
        assert records["gd"].account.settings == {"drive_id": "shared-1", "documents": "skip"}
        assert records["one"].account.settings == {"drive_id": "d!1", "drive_type": "business"}
        secret = commands.accounts.secret("gd")
        assert secret is not None
        assert (secret.refresh, secret.access) == ("rclone-refresh", "rclone-access")
        assert secret.client_secret == commands.cloud.oauth.clients["client"]
        assert secret.expires == pytest.approx(1714551630.12, abs=0.01)

    @pytest.mark.parametrize("kind", ["drive", "dropbox", "onedrive"])
    def test_it_works(self, commands: Commands, config: Config, kind: str) -> None:
        """What was taken over is refreshed by the person's own app, and lets us in."""
        token = json.dumps(TOKEN | {"refresh_token": commands.cloud.issue()["refresh_token"]})
        config.add("work", kind, own(token=token))
        assert commands("import-rclone").code == 0
        with commands.tls() as server:
            account = accounts.load("work")
            settings = {**account.settings, "url": server.url, "ca": str(commands.cafile)}
            commands.accounts.update(Account("work", kind, account.client, "", settings))
            said = commands("check")
        assert said.code == 0, said.err
        assert "lets us in as ann@example.org" in said.out

    def test_other_scopes(self, commands: Commands, config: Config, person: Person) -> None:
        """What rclone asked Microsoft for is enough, though it is not what we ask for."""
        scopes = "Files.Read Files.ReadWrite Files.Read.All Files.ReadWrite.All Sites.Read.All"
        token = json.dumps(TOKEN | {"refresh_token": commands.cloud.issue(scopes)["refresh_token"]})
        config.add("work", "onedrive", own(token=token, drive_id="own", drive_type="personal"))
        assert commands("import-rclone").code == 0
        with commands.tls() as server:
            account = accounts.load("work")
            settings = {**account.settings, "url": server.url, "ca": str(commands.cafile)}
            commands.accounts.update(Account("work", "onedrive", "client", "", settings))
            for _ in range(2):  # before it is known what was granted, and after
                said = commands("check")
                assert said.code == 0, said.err
                assert "lets us in as Ann" in said.out
            assert commands("add", "onedrive", "work", "--reconnect").code == 0
        assert accounts.load("work").identity == "ann@example.org"
        person.done()

    def test_s3(self, commands: Commands, config: Config) -> None:
        """Keys, region and endpoint of S3 are taken; AWS's own settings stay AWS's."""
        keys = {"access_key_id": "AKIA1", "secret_access_key": "the-s3-key"}
        style = {"provider": "Minio", "force_path_style": "false"}
        config.add("minio", "s3", {**keys, "endpoint": "minio.example:9000", **style})
        config.add("aws", "s3", {"env_auth": "true", "provider": "AWS", "region": "eu-west-1"})
        said = commands("import-rclone")
        assert (said.code, said.err) == (0, "")
        minio = accounts.load("minio")
        assert minio.settings == {"url": "https://minio.example:9000", "style": "virtual"}
        assert accounts.keys(minio) == keys
        aws = accounts.load("aws")
        assert aws.settings == {"region": "eu-west-1"}
        assert accounts.keys(aws) == {}

    def test_written_by_rclone(self, commands: Commands, config: Config) -> None:
        """What rclone itself writes can be read."""
        options = ["access_key_id=AKIA1", "secret_access_key=the-s3-key", "region=eu-west-1"]
        config.rclone("config", "create", "b u", "s3", "provider=AWS", *options)
        assert commands("import-rclone").code == 0
        assert "the-s3-key" in accounts.keys(accounts.load("b u")).values()

    def test_only_some(self, commands: Commands, config: Config) -> None:
        """Only the remotes that are named are taken, with or without rclone's colon."""
        for name in ("a", "b", "c"):
            config.add(name, "drive", own())
        assert commands("import-rclone", "c:", "a").code == 0
        assert list(commands.accounts.all()) == ["c", "a"]

    def test_file(self, commands: Commands, config: Config, tmp_path: Path) -> None:
        """The first word may be the file."""
        config.add("a", "drive", own())
        other = config.path.rename(tmp_path / "settings")
        assert commands("import-rclone", "settings").code == 0
        assert commands("import-rclone", str(other), "a").code == 4  # it is there now
        assert list(commands.accounts.all()) == ["a"]

    def test_rclone_untouched(self, commands: Commands, config: Config) -> None:
        """Nothing of rclone's is changed."""
        config.add("a", "drive", own())
        before = config.path.read_bytes(), config.path.stat().st_mtime_ns
        commands("import-rclone")
        assert (config.path.read_bytes(), config.path.stat().st_mtime_ns) == before


class TestNotTaken:
    @pytest.mark.parametrize("kind", ["drive", "dropbox", "onedrive"])
    def test_rclones_app(self, commands: Commands, config: Config, kind: str) -> None:
        """Tokens of rclone's own app are not used; it is said how to go on."""
        config.add("work", kind, {"token": json.dumps(TOKEN)})
        said = commands("import-rclone")
        assert said.code == 0
        assert "it uses rclone's own app, whose tokens only rclone may renew" in said.out
        assert f"account add {kind} work --reconnect --client-id ID" in said.out
        assert commands.accounts.record("work").vault == ""
        assert not (commands.folder / "secrets").exists()
        assert "not connected" in commands("list").out

    def test_what_is_left_out(self, commands: Commands, config: Config) -> None:
        """Options that have no counterpart are named, their values are not."""
        config.add("gd", "drive", own(service_account_file="/secret/path", impersonate="bob"))
        said = commands("import-rclone")
        assert "service_account_file was not taken" in said.out
        assert "impersonate was not taken" in said.out
        assert "/secret/path" not in said.out

    def test_national_clouds(self, commands: Commands, config: Config) -> None:
        """A token of another cloud of Microsoft's is not sent to the usual one."""
        config.add("cn", "onedrive", own(region="cn"))
        config.add("one", "onedrive", own(region="global"))
        said = commands("import-rclone")
        assert "Microsoft's national clouds are not supported" in said.out
        assert [each.vault for each in commands.accounts.all().values()] == ["", "file"]

    def test_root_folder(self, commands: Commands, config: Config) -> None:
        """A remote that begins at a folder is not taken for one that begins at the top."""
        config.add("gd", "drive", own(root_folder_id="folder-1"))
        config.add("one", "onedrive", own(root_folder_id="folder-2"))
        said = commands("import-rclone")
        assert "its root_folder_id is gd:id:folder-1" in said.out
        assert "root_folder_id was not taken" in said.out
        assert commands.accounts.record("gd").account.settings == {}

    def test_other_types(self, commands: Commands, config: Config) -> None:
        """Types that are not supported are named."""
        config.add("safe", "crypt", {"remote": "gd:x", "password": "the-password"})
        config.add("box", "dropbox", own())
        said = commands("import-rclone")
        assert said.code == 0
        assert "safe was not taken: type 'crypt' is not supported" in said.err
        assert commands("import-rclone", "safe").code == 4

    def test_read_only(self, commands: Commands, config: Config) -> None:
        """A scope that does not let us write is not taken for access."""
        config.add("gd", "drive", own(scope="drive.readonly"))
        said = commands("import-rclone")
        assert "its scope 'drive.readonly' does not let us sync" in said.out
        assert commands.accounts.record("gd").vault == ""

    @pytest.mark.parametrize("token", ["", "{", '{"access_token": "rclone-access"}', "7"])
    def test_no_token(self, commands: Commands, config: Config, token: str) -> None:
        """A remote without a token that lasts has to be connected."""
        config.add("gd", "drive", own(token=token))
        said = commands("import-rclone")
        assert said.code == 0
        assert "--reconnect" in said.out

    def test_there_already(self, commands: Commands, config: Config) -> None:
        """An account of the same name stays as it is."""
        commands.connect("gd", "drive")
        before = commands.files(), commands.accounts.secret("gd")
        config.add("gd", "drive", own())
        said = commands("import-rclone")
        assert "gd was not taken: there is an account called 'gd' already" in said.err
        assert (commands.files(), commands.accounts.secret("gd")) == before

    def test_encrypted(self, commands: Commands, config: Config) -> None:
        """Encrypted settings are said to be that, with what to do."""
        blob = base64.b64encode(b"x" * 99).decode()
        config.path.write_text(
            f"# Encrypted rclone configuration File\n\nRCLONE_ENCRYPT_V0:\n{blob}\n"
        )
        said = commands("import-rclone")
        assert said.code == 2
        assert "is encrypted, and RCLONE_CONFIG_PASS is not supported" in said.err
        assert commands.accounts.all() == {}

    @pytest.mark.parametrize("text", ["type = drive\n", "[a\nsecret = the-s3-key\n", "\ud800"])
    def test_damaged(self, commands: Commands, config: Config, text: str) -> None:
        """What is not rclone's is not quoted."""
        config.path.write_bytes(text.encode("utf-8", "surrogatepass"))
        said = commands("import-rclone")
        assert said.code == 2
        assert "is not a settings file of rclone" in said.err

    def test_no_file(self, commands: Commands, config: Config) -> None:
        """A file that is not there is named."""
        said = commands("import-rclone")
        assert said.code == 2
        assert f"there is no {config.path}" in said.err

    def test_no_such_remote(self, commands: Commands, config: Config) -> None:
        """A remote that is not there is a slip of the pen, and then nothing is taken."""
        config.add("work", "drive", own())
        said: Said = commands("import-rclone", "work", "play")
        assert said.code == 2
        assert "has no remote 'play'; it has work" in said.err
        assert commands.accounts.all() == {}


def test_where_it_is(tmp_path: Path) -> None:
    """rclone's settings are looked for where rclone looks for them."""
    assert rclone.usual({"RCLONE_CONFIG": "/x/y"}, tmp_path) == Path("/x/y")
    usual = tmp_path / ".config" / "rclone" / "rclone.conf"
    assert rclone.usual({}, tmp_path) == usual
    (tmp_path / ".rclone.conf").touch()
    assert rclone.usual({}, tmp_path) == tmp_path / ".rclone.conf"
    usual.parent.mkdir(parents=True)
    usual.touch()
    assert rclone.usual({}, tmp_path) == usual
    xdg = tmp_path / "xdg" / "rclone" / "rclone.conf"
    xdg.parent.mkdir(parents=True)
    xdg.touch()
    assert rclone.usual({"XDG_CONFIG_HOME": str(tmp_path / "xdg")}, tmp_path) == xdg
