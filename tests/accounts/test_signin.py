"""Signing in: a person's browser, the loopback redirect, and the copy-paste way."""

import json
import re
import signal
import stat
import subprocess
import sys
import urllib.parse
from pathlib import Path

import pytest
import trustme

from tests.accounts.browser import visit
from tests.accounts.conftest import Commands, Person, address
from tests.cli.conftest import Said
from tests.emulators.serving import Server

DRIVE = ("add", "drive", "work", "--client-id=client", "--client-secret=client-secret-value")
PKCE = {"response_type", "client_id", "state", "code_challenge", "code_challenge_method"}


def drive(commands: Commands, *more: str) -> Said:
    return commands(*DRIVE, f"--url={commands.url}", *more)


def onedrive(commands: Commands, server: Server, *more: str, stdin: str | None = None) -> Said:
    return commands(
        *("add", "onedrive", "one", "--client-id=public", f"--url={server.url}"),
        *(f"--ca-file={commands.cafile}", *more),
        stdin=stdin,
    )


def process(tmp_path: Path, url: str, *more: str, **environment: str) -> "subprocess.Popen[str]":
    program = str(Path(sys.executable).with_name("syncoxiders"))
    return subprocess.Popen(
        [program, "account", "add", "drive", "work", "--client-id=client", f"--url={url}", *more],
        env={
            "HOME": str(tmp_path / "home"),
            "XDG_CONFIG_HOME": str(tmp_path / "home" / "config"),
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "SYNCOXIDERS_VAULT": "file",
            "SYNCOXIDERS_DRIVE_CLIENT_SECRET": "client-secret-value",
            **environment,
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


class TestBrowser:
    def test_drive(self, commands: Commands, person: Person) -> None:
        """A person allows access, and the account is there with who it is; no file has a secret."""
        said = commands(
            "add",
            "drive",
            "work",
            "--client-id=client",
            f"--url={commands.url}",
            stdin="client-secret-value\n",
        )

        assert said.code == 0
        assert "Connected work: Google Drive of ann@example.org." in said.out
        assert "You can close this window" in person.done().text
        query = commands.cloud.asked[0]
        assert query.keys() >= PKCE
        assert query["code_challenge_method"] == "S256"
        assert query["access_type"] == "offline"
        assert query["scope"] == "https://www.googleapis.com/auth/drive"
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", query["redirect_uri"])
        account = commands.accounts.record("work").account
        assert (account.kind, account.client, account.identity) == (
            "drive",
            "client",
            "ann@example.org",
        )
        secret = commands.accounts.secret("work")
        assert secret is not None
        assert secret.client_secret in commands.cloud.secrets
        for text in commands.files().values():
            assert not any(each in text for each in commands.cloud.secrets)

    def test_dropbox(self, commands: Commands, person: Person) -> None:
        """Dropbox takes the redirect address to the letter, and asks for no secret."""
        said = commands(
            "add", "dropbox", "box", "--client-id=public", f"--url={commands.url}", "--port=0"
        )
        assert said.code == 0
        assert "Connected box: Dropbox of ann@example.org." in said.out
        query = commands.cloud.asked[0]
        assert ("token_access_type", "offline") in query.items()
        assert re.fullmatch(r"http://localhost:\d+/", query["redirect_uri"])
        person.done()

    def test_onedrive(self, commands: Commands, person: Person) -> None:
        """Microsoft is signed in to under TLS, by our own CA; the account knows its drive."""
        commands.cloud.oauth.rotates = True
        with commands.tls() as server:
            said = commands(
                "add",
                "onedrive",
                "one",
                "--client-id=public",
                f"--url={server.url}",
                f"--ca-file={commands.cafile}",
                "--tenant=consumers",
            )
            assert said.code == 0
            assert "--drive-id vault" in said.err
            account = commands.accounts.record("one").account
            assert account.settings["drive_id"] == "own"
            assert account.settings["drive_type"] == "personal"
            query = commands.cloud.asked[0]
            assert re.fullmatch(r"http://localhost:\d+", query["redirect_uri"])
            assert "offline_access" in query["scope"]
            assert "Sites" not in query["scope"]
            assert commands("check").code == 0
        assert "GET /consumers/oauth2/v2.0/authorize" in commands.cloud.calls
        person.done()

    def test_settings(self, commands: Commands, person: Person) -> None:
        """What is chosen for an account is kept with it."""
        said = drive(commands, "--shared-drive=shared-1", "--documents=link")
        assert said.code == 0
        settings = commands.accounts.record("work").account.settings
        assert settings == {"url": commands.url, "drive_id": "shared-1", "documents": "link"}
        person.done()

    def test_a_process(self, commands: Commands, tmp_path: Path) -> None:
        """The program itself opens the browser and ends well."""
        with process(
            tmp_path, commands.url, BROWSER=f"{sys.executable} -m tests.accounts.browser %s &"
        ) as it:
            out, err = it.communicate(timeout=60)
        assert it.returncode == 0, err
        assert "Connected work" in out
        assert not any(each in out + err for each in commands.cloud.secrets)
        assert commands.accounts.record("work").account.identity == "ann@example.org"

    def test_denied(self, commands: Commands, person: Person) -> None:
        """Who says no is told so, and nothing is kept."""
        person.choice = "deny"
        said = drive(commands)
        assert said.code == 1
        assert "access was not allowed in the browser; nothing was changed" in said.err
        assert "No access" in person.done().text
        assert commands.accounts.all() == {}

    def test_wrong_state(self, commands: Commands, person: Person) -> None:
        """A code that belongs to another sign-in is not used."""
        person.meddle = lambda where: re.sub(r"state=[^&]*", "state=forged", where)
        said = drive(commands)
        assert said.code == 1
        assert "its state is not the one that was sent" in said.err
        assert "POST /token" not in commands.cloud.calls
        assert "No access" in person.done().text

    def test_other_requests(self, commands: Commands, person: Person) -> None:
        """What the browser asks for besides does not end the sign-in."""

        def wander(where: str) -> str:
            redirect = urllib.parse.parse_qs(urllib.parse.urlsplit(where).query)["redirect_uri"][0]
            assert visit(redirect + "favicon.ico").status == 404
            assert visit(redirect).status == 404
            return where

        person.meddle = wander
        assert drive(commands).code == 0
        person.done()

    def test_expired_code(self, commands: Commands, person: Person) -> None:
        """A code that was left lying is refused, and the person told to start again."""
        commands.cloud.oauth.code_lifetime = -1.0
        said = drive(commands)
        assert said.code == 1
        assert "it has expired, or was used already" in said.err
        assert "start again" in said.err
        assert commands.accounts.all() == {}
        person.done()

    def test_nobody_there(self, commands: Commands, person: Person) -> None:
        """Who does nothing is not waited for forever."""
        person.choice = ""
        said = drive(commands, "--timeout=1")
        assert said.code == 1
        assert "no answer came from the browser within 1 seconds" in said.err

    def test_port_taken(self, commands: Commands, person: Person) -> None:
        """A port that is in use is named, with what to do."""
        taken = commands.url.rpartition(":")[2]
        said = drive(commands, f"--port={taken}")
        assert said.code == 1
        assert f"port {taken} of this machine cannot be used" in said.err
        assert person.opened == []

    def test_ctrl_c(self, commands: Commands, tmp_path: Path) -> None:
        """Who thinks better of it presses Ctrl-C, and nothing was changed."""
        with process(tmp_path, commands.url) as it:
            assert it.stderr is not None
            while "On another machine" not in it.stderr.readline():
                continue
            it.send_signal(signal.SIGINT)
            _, err = it.communicate(timeout=60)
        assert it.returncode == 130
        assert err.strip() == "syncoxiders: interrupted; nothing was changed"
        assert commands.accounts.all() == {}

    @pytest.mark.parametrize("status", [429, 500, 503])
    def test_server_down(self, commands: Commands, person: Person, status: int) -> None:
        """A token endpoint that is out of order is told from a refusal."""
        commands.cloud.faults.add("status", path="/token", status=status)
        said = drive(commands)
        assert said.code == 1
        assert f"Google answers with status {status}; try again later" in said.err
        person.done()

    def test_connection_lost(self, commands: Commands, person: Person) -> None:
        """A broken connection is told without what was in the request."""
        commands.cloud.faults.add("drop-before", path="/token")
        said = drive(commands)
        assert said.code == 1
        assert "Google cannot be reached" in said.err
        person.done()

    def test_wrong_client(self, commands: Commands, person: Person) -> None:
        """A wrong secret of the app is said to be that."""
        commands.secrets.add("another-secret")
        said = drive(commands, "--client-secret=another-secret")
        assert said.code == 1
        assert "does not know this app: check its client id and secret" in said.err
        person.done()

    def test_debugging(
        self, commands: Commands, person: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A traceback has no secret in it either."""
        monkeypatch.setenv("SYNCOXIDERS_DEBUG", "1")
        commands.secrets.add("another-secret")
        said = drive(commands, "--client-secret=another-secret")
        assert "Traceback" in said.err
        person.done()


class TestConsent:
    @pytest.mark.parametrize(
        ("kind", "mend"), [("drive", "tick all"), ("dropbox", "Permissions tab")]
    )
    def test_too_few_scopes(self, commands: Commands, person: Person, kind: str, mend: str) -> None:
        """Scopes that do not suffice are named, with how to mend it, and nothing is kept."""
        commands.cloud.granted = "https://www.googleapis.com/auth/drive.file account_info.read"
        said = commands(
            "add", kind, "work", "--client-id=client", f"--url={commands.url}",
            "--port=0", stdin="client-secret-value\n",
        )  # fmt: skip
        assert said.code == 1
        assert "did not grant what is needed" in said.err
        assert mend in said.err
        assert commands.accounts.all() == {}
        person.done()

    def test_app_in_testing(self, commands: Commands, person: Person) -> None:
        """A token that will end soon is warned of, with what to do."""
        commands.cloud.ends = 604_799
        said = drive(commands)
        assert said.code == 0
        assert "Note: the access of work ends" in said.err
        assert "Publish app" in said.err
        person.done()
        assert "Publish app" in commands("check").out

    def test_no_refresh_token(self, commands: Commands, person: Person) -> None:
        """Access that cannot be renewed is not taken for an account."""
        commands.cloud.online = True
        said = drive(commands)
        assert said.code == 1
        assert "without a refresh token" in said.err
        assert commands.accounts.all() == {}
        person.done()

    def test_wrong_clock(self, commands: Commands, person: Person) -> None:
        """A token that is refused though it is new hints at the clock."""
        commands.cloud.oauth.lifetime = -10.0
        said = drive(commands)
        assert said.code == 1
        assert "check the clock of this machine" in said.err
        person.done()


class TestPasting:
    @pytest.mark.parametrize("alone", [False, True])
    def test_elsewhere(self, commands: Commands, tmp_path: Path, alone: bool) -> None:
        """The address that a browser elsewhere is led to is pasted, or the code that is in it."""
        heard = ""
        with process(tmp_path, commands.url, "--no-browser") as it:
            assert it.stdin is not None
            assert it.stderr is not None
            while not heard.endswith("then has.\n"):
                heard += it.stderr.readline()
            reached = visit(address(heard))
            assert reached.status == 0
            code = reached.url.partition("code=")[2].partition("&")[0]
            it.stdin.write((code if alone else reached.url) + "\n")
            out, err = it.communicate(timeout=60)
        assert it.returncode == 0, err
        assert "Connected work" in out
        assert not any(each in heard + out + err for each in commands.cloud.secrets)
        assert commands.accounts.record("work").account.identity == "ann@example.org"

    def test_of_another_sign_in(self, commands: Commands) -> None:
        """The address of another sign-in is not taken."""
        said = commands(
            *DRIVE,
            f"--url={commands.url}",
            "--no-browser",
            stdin="http://127.0.0.1:53682/?code=abcd&state=x\n",
        )
        assert said.code == 1
        assert "its state is not the one that was sent" in said.err

    @pytest.mark.parametrize(
        "typed", ["ab", "what is this", "\u00e9\u00e9\u00e9\u00e9", "http://127.0.0.1/"]
    )
    def test_something_else(self, commands: Commands, typed: str) -> None:
        """What is no code is not sent anywhere."""
        said = commands(*DRIVE, f"--url={commands.url}", "--no-browser", stdin=f"{typed}\n")
        assert said.code == 1
        assert commands.accounts.all() == {}

    def test_input_ends(self, commands: Commands) -> None:
        """Without anything to read, it ends."""
        said = commands(*DRIVE, f"--url={commands.url}", "--no-browser", stdin="")
        assert said.code == 1
        assert "the input ended" in said.err

    def test_dropbox_shows_the_code(self, commands: Commands) -> None:
        """Dropbox has a page that shows the code, and needs no redirect address."""
        said = commands(
            "add", "dropbox", "box", "--client-id=public", f"--url={commands.url}", "--no-browser",
            stdin="wrong-code\n",
        )  # fmt: skip
        assert said.code == 1
        assert "paste the code that is shown" in said.err
        assert "redirect_uri" not in address(said.err)


class TestReconnecting:
    def test_the_same(self, commands: Commands, person: Person) -> None:
        """An account is connected anew without saying its app again, and keeps its settings."""
        assert drive(commands).code == 0
        commands.cloud.oauth.revoke_all()
        assert commands("check", "work").code == 1
        said = commands("add", "drive", "work", "--reconnect")
        assert said.code == 0, said.err
        assert commands("check", "work").code == 0
        assert commands.accounts.record("work").account.settings["url"] == commands.url
        person.done()

    def test_somebody_else(self, commands: Commands, person: Person) -> None:
        """Another person's cloud does not take the place of the one that is synced."""
        assert drive(commands).code == 0
        before = commands.accounts.secret("work"), commands.files()
        commands.cloud.identity = "bob@example.org"
        said = commands("add", "drive", "work", "--reconnect")
        assert said.code == 1
        assert "this is bob@example.org, but work is of ann@example.org" in said.err
        assert (commands.accounts.secret("work"), commands.files()) == before
        person.done()

    def test_not_there(self, commands: Commands) -> None:
        """What is not there cannot be connected anew."""
        said = commands(*DRIVE, "--reconnect")
        assert said.code == 2
        assert "there is no account called 'work'" in said.err

    def test_of_another_kind(self, commands: Commands) -> None:
        """An account stays of its kind."""
        commands.connect("work", "dropbox")
        said = commands(*DRIVE, "--reconnect")
        assert said.code == 2
        assert "work is a dropbox account, not a drive one" in said.err

    @pytest.mark.parametrize("name", ["work", "WORK"])
    def test_name_taken(self, commands: Commands, name: str) -> None:
        """A name stands for one account, however it is written."""
        commands.connect("work", "drive")
        said = commands("add", "drive", name, "--client-id=client")
        assert said.code == 2
        assert "there is an account called 'work' already" in said.err


class TestMicrosoft:
    @pytest.mark.parametrize(
        ("which", "drive_id"),
        [
            (("--drive-id=lib-2", ""), "lib-2"),
            (("--site=https://contoso.example/sites/Team", "2\n"), "lib-2"),
            (("--site=https://contoso.example/sites/Team", "\n"), "lib-1"),
        ],
    )
    def test_which_drive(
        self, commands: Commands, person: Person, which: tuple[str, str], drive_id: str
    ) -> None:
        """A drive is chosen by its id, or from the libraries of a site."""
        option, typed = which
        with commands.tls() as server:
            said = onedrive(commands, server, option, stdin=typed)
        assert said.code == 0, said.err
        settings = commands.accounts.record("one").account.settings
        assert (settings["drive_id"], settings["drive_type"]) == (drive_id, "documentLibrary")
        assert ("Sites.Read.All" in commands.cloud.asked[0]["scope"]) == ("site" in option)
        person.done()

    def test_only_one(self, commands: Commands, person: Person) -> None:
        """Where the other drives may not be listed, the account's own is taken."""
        commands.cloud.faults.add("status", path="/me/drives", status=403, times=9)
        with commands.tls() as server:
            said = onedrive(commands, server)
        assert said.code == 0, said.err
        assert commands.accounts.record("one").account.settings["drive_id"] == "own"
        person.done()

    def test_no_such_drive(self, commands: Commands, person: Person) -> None:
        """A drive that is not there is said to be missing, and nothing is kept."""
        with commands.tls() as server:
            said = onedrive(commands, server, "--drive-id=lib-9")
        assert said.code == 1
        assert "there is no drive lib-9 for this account" in said.err
        assert commands.accounts.all() == {}
        person.done()

    def test_expired_code(self, commands: Commands, person: Person) -> None:
        """A code that was left lying is refused here as well."""
        commands.cloud.oauth.code_lifetime = -1.0
        with commands.tls() as server:
            said = onedrive(commands, server)
        assert said.code == 1
        assert "it has expired, or was used already" in said.err
        person.done()

    def test_no_such_tenant(self, commands: Commands) -> None:
        """A tenant that is not there is named."""
        with commands.tls() as server:
            said = onedrive(commands, server, "--tenant=nowhere")
        assert said.code == 1
        assert "does not know the tenant 'nowhere'" in said.err

    def test_strange_certificate(self, commands: Commands) -> None:
        """A server that cannot prove who it is is not talked to."""
        with commands.tls(authority=trustme.CA()) as server:
            said = onedrive(commands, server)
        assert said.code == 1
        assert "Microsoft cannot be reached" in said.err
        assert commands.cloud.calls == []

    def test_no_ca_file(self, commands: Commands) -> None:
        """A file that holds no certificates is said to be that."""
        commands.cafile.write_text("nothing")
        said = commands(
            "add", "onedrive", "one", "--client-id=public", f"--ca-file={commands.cafile}"
        )
        assert said.code == 1
        assert "cannot be read" in said.err


class TestApp:
    def test_none(self, commands: Commands) -> None:
        """Without an app of one's own it is said where to get one."""
        said = commands("add", "drive", "work")
        assert said.code == 2
        assert "SYNCOXIDERS_DRIVE_CLIENT_ID" in said.err
        assert "docs/accounts.md" in said.err

    def test_from_file(self, commands: Commands, person: Person, tmp_path: Path) -> None:
        """Google's file has both the id and the secret."""
        file = tmp_path / "client.json"
        app = {"client_id": "client", "client_secret": "client-secret-value"}
        file.write_text(json.dumps({"installed": app}))
        said = commands("add", "drive", "work", f"--client-file={file}", f"--url={commands.url}")
        assert said.code == 0
        person.done()

    def test_from_a_wrong_file(self, commands: Commands, tmp_path: Path) -> None:
        """A file of another kind of client is not taken, and not quoted."""
        file = tmp_path / "client.json"
        commands.secrets.add("web-secret")
        file.write_text('{"web": {"client_id": "c", "client_secret": "web-secret"}}')
        said = commands("add", "drive", "work", f"--client-file={file}")
        assert said.code == 2
        assert "of the type Desktop app" in said.err

    def test_vault_first(self, commands: Commands, person: Person) -> None:
        """Where secrets cannot be kept, nobody is asked to sign in."""
        folder = commands.folder / "secrets"
        folder.mkdir(parents=True)
        folder.chmod(0o755)
        said = drive(commands)
        assert said.code == 2
        assert "chmod 700" in said.err
        assert person.opened == []
        assert stat.S_IMODE(folder.stat().st_mode) == 0o755
