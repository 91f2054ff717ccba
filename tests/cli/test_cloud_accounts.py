"""``syncoxiders cloud accounts``: copied from here, signed in to, checked and removed."""

from typing import Any

import pytest

from syncoxiders.adapters.accounts import Accounts
from syncoxiders.adapters.accounts.secret import Secret
from syncoxiders.ports.accounts import Account
from tests.api.conftest import problem
from tests.cli.deployment import Cloud, account, desktop
from tests.emulators.serving import Response

REFRESH, APP, KEY = "r3fresh", "k3y-of-the-app", "s3-key"
PUSH = "https://hooks.example/push/dropbox"


@pytest.fixture
def accounts(cloud: Cloud) -> Accounts:
    """The accounts of this machine."""
    return Accounts(cloud.shell.config.parent)


def local(accounts: Accounts, name: str, kind: str, secret: Secret | None, **settings: str) -> None:
    accounts.add(Account(name, kind, "client", "ann@example.org", settings), secret)


def taken(cloud: Cloud, kind: str = "drive", **provider: Any) -> None:
    """Have a deployment take an account."""
    cloud.there.say("POST", "/accounts", account(kind=kind), 201)
    known = {"kind": kind, "title": "", "connects": "oauth", "ready": True, **provider}
    cloud.there.say("GET", "/providers", {"items": [known]})


class TestShown:
    def test_none(self, cloud: Cloud) -> None:
        """Where nothing is connected it says how to."""
        cloud.there.say("GET", "/accounts", {"items": []})
        assert "accounts add" in cloud("accounts").out
        assert cloud("accounts", "list", "--json").out == ""

    def test_some(self, cloud: Cloud) -> None:
        """Of each account its provider, its owner, and what is wrong are told."""
        broken = account("box", health="broken", reason="connect it again", looked_at=None)
        later = account("slow", paused_until="2026-11-25T13:00:00Z", pushes=True)
        cloud.there.say("GET", "/accounts", {"items": [account(), broken, later]})
        said = cloud("accounts").out
        assert said == cloud("accounts", "list").out
        assert "work  drive, ann@example.org, looked at 2026-11-25" in said
        assert "box   drive, ann@example.org, not looked at yet, does not work" in said
        assert "      connect it again" in said
        assert "left alone until" in said
        assert "pushes come in" in said
        told = cloud("accounts", "list", "--json").of("cloud-account")
        assert [each["name"] for each in told] == ["work", "box", "slow"]
        assert told[1]["health"] == "broken"

    def test_escaped(self, cloud: Cloud) -> None:
        """What others chose cannot command the terminal."""
        cloud.there.say("GET", "/accounts", {"items": [account(identity="a\x1b[2Jb")]})
        assert "\x1b" not in cloud("accounts").out


class TestAdded:
    def test_copied(self, cloud: Cloud, accounts: Accounts) -> None:
        """What lasts of an account of this machine is sent there, once."""
        secret = Secret(client_secret=APP, refresh=REFRESH, access="access", expires=9e9)
        local(accounts, "work", "drive", secret, documents="skip", drive_id="shared")
        taken(cloud)
        said = cloud("accounts", "add", "work")
        assert said.out == "work is connected there: drive\n"
        assert cloud.sent(0) == {
            "name": "work",
            "kind": "drive",
            "client_id": "client",
            "settings": {"documents": "skip", "shared_drive": "shared"},
            "refresh_token": REFRESH,
            "client_secret": APP,
        }
        assert "idempotency-key" in cloud.there.requests[0].headers
        assert accounts.secret("work") == secret

    def test_keys(self, cloud: Cloud, accounts: Accounts) -> None:
        """Keys of S3 are sent there, too; without keys the functions' own role is used."""
        local(accounts, "aws", "s3", Secret(keys={"access_key_id": "1", "secret_access_key": KEY}))
        local(accounts, "role", "s3", None, region="eu-central-1")
        taken(cloud, "s3")
        cloud("accounts", "add", "aws")
        cloud("accounts", "add", "role")
        sent = [each.json() for each in cloud.there.requests if each.method == "POST"]
        assert (sent[0]["access_key_id"], sent[0]["secret_access_key"]) == ("1", KEY)
        assert sent[1]["settings"] == {"region": "eu-central-1"}
        assert "access_key_id" not in sent[1]

    def test_folder(self, cloud: Cloud) -> None:
        """A folder that the functions can reach is an account by its absolute path."""
        taken(cloud, "folder")
        cloud("accounts", "add", "disk", "--folder", "left")
        assert cloud.sent(0) == {
            "name": "disk",
            "kind": "folder",
            "settings": {"path": str(cloud.shell.left.resolve())},
        }

    @pytest.mark.parametrize("given", ["--app-secret", "account", "there", "nothing"])
    def test_pushes(self, cloud: Cloud, accounts: Accounts, given: str) -> None:
        """Where pushes are to be registered it says the address, and what they need."""
        secret = Secret(client_secret=APP if given == "account" else "", refresh=REFRESH)
        local(accounts, "box", "dropbox", secret)
        taken(cloud, "dropbox", push=PUSH, ready=given == "there")
        more = ["--app-secret", APP] if given == "--app-secret" else []
        said = cloud("accounts", "add", "box", *more)
        if given == "nothing":
            assert "--app-secret" in said.err
        else:
            assert PUSH in said.out
        sent = cloud.sent(0).get("client_secret")
        assert sent == (APP if given in {"--app-secret", "account"} else None)

    @pytest.mark.parametrize(
        ("args", "words"),
        [
            (["nobody"], "nobody"),
            (["work"], "not connected on this machine"),
            (["profiled"], "profile"),
            (["-bad", "--folder", "left"], "option"),
            (["a:b", "--folder", "left"], "name"),
        ],
    )
    def test_cannot(self, cloud: Cloud, accounts: Accounts, args: list[str], words: str) -> None:
        """What cannot be copied is told before anything is asked of the deployment."""
        local(accounts, "work", "drive", None)
        local(accounts, "profiled", "s3", None, profile="mine")
        assert words in cloud("accounts", "add", *args, code=2).err
        assert cloud.there.calls == []

    def test_refused(self, cloud: Cloud, accounts: Accounts) -> None:
        """A refusal has none of what was sent in its text."""
        local(accounts, "work", "drive", Secret(refresh=REFRESH, client_secret=APP))
        cloud.there.say("POST", "/accounts", problem(422, "invalid", "no"))
        said = cloud("accounts", "add", "work", code=2)
        assert REFRESH not in said.err + said.out
        assert APP not in said.err + said.out


class TestConnected:
    @pytest.fixture(autouse=True)
    def _quick(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("syncoxiders.cli.cloud_connect.time.sleep", lambda _: None)

    def begins(self, cloud: Cloud, *answers: Any, until: str = "2030-01-01T00:00:00Z") -> None:
        url = "https://accounts.example/auth?state=x"
        cloud.there.say("POST", "/connections", {"url": url, "expires_at": until}, 201)
        cloud.there.say("GET", "/accounts/work", list(answers))

    def test_new(self, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
        """A person signs in in the browser, and it is waited for."""
        opened = desktop(monkeypatch)
        missing = problem(404, "no-such-account")
        self.begins(cloud, missing, missing, Response(200, account()))
        said = cloud("accounts", "connect", "drive", "work", "--documents", "skip")
        assert said.out == "work is connected there: Google Drive of ann@example.org.\n"
        assert opened == ["https://accounts.example/auth?state=x"]
        sent = next(each for each in cloud.there.requests if each.method == "POST")
        assert sent.json() == {"kind": "drive", "name": "work", "settings": {"documents": "skip"}}

    def test_anew(self, cloud: Cloud) -> None:
        """An account that does not work is waited for until it does."""
        broken = Response(200, account(health="broken"))
        self.begins(cloud, broken, broken, Response(200, account()))
        said = cloud("accounts", "connect", "drive", "work", "--no-browser")
        assert "https://accounts.example/auth?state=x" in said.err
        assert "is connected there" in said.out

    def test_works(self, cloud: Cloud) -> None:
        """Of one that works it cannot be told when it is done."""
        self.begins(cloud, Response(200, account()))
        said = cloud("accounts", "connect", "drive", "work", "--no-browser")
        assert "accounts check work" in said.err

    def test_late(self, cloud: Cloud) -> None:
        """It ends when the address does."""
        missing = problem(404, "no-such-account")
        self.begins(cloud, missing, until="2026-01-01T00:00:00Z")
        said = cloud("accounts", "connect", "drive", "work", "--no-browser", code=1)
        assert "nobody has signed in in time" in said.err


class TestChecked:
    def test_all(self, cloud: Cloud) -> None:
        """Each account is asked; if one does not let the deployment in the exit code says so."""
        good = {"working": True, "identity": "ann", "quota": {"used": 1024, "total": 4096}}
        bad = {"working": False, "identity": "", "reason": "connect it again"}
        items = {"items": [account("work"), account("box")]}
        cloud.there.say("GET", "/accounts", items)
        cloud.there.say("POST", "/accounts/work/check", good)
        cloud.there.say("POST", "/accounts/box/check", bad)
        said = cloud("accounts", "check", code=1)
        assert said.out == "work: lets it in as ann, 1.0 KiB of 4.0 KiB used.\n"
        assert said.err == "syncoxiders: box: connect it again\n"
        assert cloud("accounts", "check", "work").err == ""
        told = cloud("accounts", "check", "--json", code=1).of("cloud-account-check")
        assert [each["working"] for each in told] == [True, False]


class TestRemoved:
    def test_done(self, cloud: Cloud, accounts: Accounts) -> None:
        """An account is forgotten there, and stays here."""
        local(accounts, "work", "drive", Secret(refresh=REFRESH))
        cloud.there.say("DELETE", "/accounts/work", None, 204)
        assert "not connected there any more" in cloud("accounts", "remove", "work").out
        assert "work" in accounts.all()

    def test_used(self, cloud: Cloud) -> None:
        """An account that a sync needs is not removed; it says which."""
        used = problem(409, "account-used", "photos uses it", mend="remove that first")
        cloud.there.say("DELETE", "/accounts/work", used)
        assert "photos uses it: remove" in cloud("accounts", "remove", "work", code=2).err
