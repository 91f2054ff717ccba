"""``syncoxiders cloud login``, ``logout`` and ``whoami``; and what every command says of errors."""

import functools
import json
import stat
from typing import Any

import pytest

from syncoxiders.api import login
from syncoxiders.cli import cloud_login
from tests.api.conftest import TOKEN, Deployment, problem
from tests.cli.conftest import Shell
from tests.cli.deployment import OTHER, WHO, Cloud, desktop
from tests.emulators.serving import Response, Server

ASKED = {
    "device_code": "d3vice",
    "user_code": "ABCD-EFGH",
    "verification_uri": "https://a.example/device",
    "verification_uri_complete": "https://a.example/device?code=ABCD-EFGH",
    "expires_in": 600,
    "interval": 5,
}
GRANTED = {"token": OTHER, "expires_at": "2027-01-01T00:00:00Z"}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = functools.partial(login.wait, sleep=lambda _: None)
    monkeypatch.setattr(cloud_login, "wait", quick)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Have a desktop, and note what its browser opens."""
    return desktop(monkeypatch)


def allows(there: Deployment, *answers: Any) -> None:
    """Have a deployment let a program in, after these answers."""
    there.say("GET", "/deployment", {"version": "1", "login": "once"})
    there.say("POST", "/devices", ASKED, 201)
    there.say("POST", "/tokens", [*answers, Response(200, GRANTED)])
    there.say("GET", "/session", WHO)
    there.say("POST", "/auth/logout", None, 204)


class TestLogin:
    def test_first(self, cloud: Cloud, opened: list[str]) -> None:
        """A person allows it in the browser; the address is kept, and the token in the vault."""
        cloud.known.forget("default")
        allows(cloud.there, problem(400, "authorization-pending"), problem(400, "slow-down"))
        said = cloud("login", f"{cloud.there.url}/")
        assert "ABCD-EFGH" in said.err
        assert "Allow it in your browser" in said.err
        assert opened == ["https://a.example/device?code=ABCD-EFGH"]
        assert f"Logged in to {cloud.there.url} as ann@example.org (an administrator)" in said.out
        name, known = cloud.known.named("")
        assert (name, known.url, known.user) == ("default", cloud.there.url, "ann@example.org")
        assert cloud.known.token(name, known) == OTHER
        assert cloud.there.requests[-1].headers["authorization"] == f"Bearer {OTHER}"

    def test_kept(self, cloud: Cloud) -> None:
        """The file that a person can read has no token; that of the vault is theirs alone."""
        folder = cloud.shell.config.parent
        assert TOKEN not in (folder / "deployments.json").read_text()
        (secret,) = (folder / "secrets").iterdir()
        assert secret.read_text() == TOKEN
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600

    def test_no_browser(self, cloud: Cloud, opened: list[str]) -> None:
        """The address can be opened elsewhere."""
        allows(cloud.there)
        said = cloud("login", "--no-browser")
        assert "Open this address in any browser" in said.err
        assert "https://a.example/device?code=ABCD-EFGH" in said.err
        assert opened == []

    def test_odd_address(self, cloud: Cloud, opened: list[str]) -> None:
        """What is no address of the web is not opened."""
        cloud.there.say("GET", "/deployment", {"version": "1", "login": "once"})
        odd = {**ASKED, "verification_uri_complete": "file:///etc/passwd"}
        cloud.there.say("POST", "/devices", odd)
        cloud.there.say("POST", "/tokens", problem(400, "access-denied", "no"))
        cloud("login", code=2)
        assert opened == []

    def test_again(self, cloud: Cloud) -> None:
        """Who logs in anew needs no address; the login that there was is ended."""
        allows(cloud.there)
        cloud("login")
        (ended,) = [each for each in cloud.there.requests if each.path == "/auth/logout"]
        assert ended.headers["authorization"] == f"Bearer {TOKEN}"
        assert cloud.known.token(*cloud.known.named("")) == OTHER

    def test_denied(self, cloud: Cloud) -> None:
        """Where a person says no, all stays as it was."""
        cloud.there.say("GET", "/deployment", {"version": "1", "login": "once"})
        cloud.there.say("POST", "/devices", ASKED)
        cloud.there.say("POST", "/tokens", problem(400, "access-denied", "they said no"))
        assert "they said no" in cloud("login", code=2).err
        assert cloud.known.token(*cloud.known.named("")) == TOKEN

    def test_several(self, cloud: Cloud) -> None:
        """Several deployments have names, and a command says which is meant."""
        with Server(Deployment()) as server:
            other = server.emulator
            assert isinstance(other, Deployment)
            other.url = server.url
            allows(other)
            said = cloud("login", other.url, code=2)
            assert "--deployment" in said.err
            cloud("login", other.url, "--deployment", "other")
            other.say("GET", "/syncs", {"items": []})
            cloud.there.say("GET", "/session", WHO)
            assert cloud("syncs", "--deployment", "other").out.startswith("No syncs")
            assert cloud("--deployment", "other", "syncs").out.startswith("No syncs")
            assert cloud.there.url in cloud("whoami").out
            said = cloud("deployments")
            assert other.url in said.out
            assert cloud.there.url in said.out
            told = cloud("deployments", "--json").of("cloud-deployment")
            assert [each["name"] for each in told] == ["default", "other"]
            assert "default and other" in cloud("syncs", "--deployment", "no", code=2).err
            cloud.known.forget("default")
            assert other.url in cloud("whoami").out

    def test_which(self, cloud: Cloud) -> None:
        """Where nothing says which of several is meant it asks."""
        cloud.known.forget("default")
        for name in ("one", "two"):
            cloud.known.put(name, cloud.there.url, "", TOKEN)
        assert "one and two" in cloud("whoami", code=2).err

    @pytest.mark.parametrize(
        ("args", "words"),
        [
            (["http://a.example"], "https only"),
            (["a b"], "no address"),
            (["https://a.example", "--deployment", "-x"], "cannot name"),
            (["--deployment", "new"], "say where the deployment is"),
        ],
    )
    def test_wrong(self, cloud: Cloud, args: list[str], words: str) -> None:
        """What is wrong is told before anybody is asked."""
        assert words in cloud("login", *args, code=2).err
        assert cloud.there.calls == []

    def test_no_deployment(self, cloud: Cloud) -> None:
        """Where something else answers it says so."""
        cloud.there.routes.add("GET", "/api/v1/deployment", lambda _: Response(200, b"<html>"))
        assert "no deployment of SyncOxiders" in cloud("login", code=1).err


class TestLogout:
    def test_done(self, cloud: Cloud) -> None:
        """The login is ended there, and forgotten here."""
        cloud.there.say("POST", "/auth/logout", None, 204)
        cloud("logout")
        assert cloud.there.requests[0].headers["authorization"] == f"Bearer {TOKEN}"
        assert cloud.known.all() == {}
        assert list((cloud.shell.config.parent / "secrets").iterdir()) == []

    def test_ended_before(self, cloud: Cloud) -> None:
        """A login that has ended is forgotten."""
        cloud.there.say("POST", "/auth/logout", problem(401, "not-logged-in"))
        assert cloud("logout").err == ""
        assert cloud.known.all() == {}

    def test_away(self, cloud: Cloud) -> None:
        """If it cannot be ended there that is told, and it is forgotten nevertheless."""
        cloud.there.faults.add("drop-before", times=9)
        assert "take it out of the programs" in cloud("logout", code=4).err
        assert cloud.known.all() == {}

    def test_secret_lost(self, cloud: Cloud) -> None:
        """A token that others could read is not used; the deployment can be forgotten."""
        for each in (cloud.shell.config.parent / "secrets").iterdir():
            each.chmod(0o644)
        assert "chmod" in cloud("whoami", code=1).err
        cloud("logout")


class TestAsked:
    def test_whoami(self, cloud: Cloud) -> None:
        """It says who one is, and until when."""
        cloud.there.say("GET", "/session", WHO)
        assert "ann@example.org (an administrator) at" in cloud("whoami").out
        (told,) = cloud("whoami", "--json").of("cloud-session")
        assert told["user"]["email"] == "ann@example.org"

    def test_environment(self, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
        """A script's login is in its environment; a name goes before."""
        cloud.there.say("GET", "/session", [WHO, WHO, problem(401, "not-logged-in", "ended")])
        monkeypatch.setenv("SYNCOXIDERS_URL", cloud.there.url)
        assert "together" in cloud("whoami", code=2).err
        monkeypatch.setenv("SYNCOXIDERS_TOKEN", OTHER)
        cloud("whoami")
        cloud("whoami", "--deployment", "default")
        used = [each.headers["authorization"] for each in cloud.there.requests]
        assert used == [f"Bearer {OTHER}", f"Bearer {TOKEN}"]
        assert cloud("whoami", code=1).err == (
            "syncoxiders: ended: SYNCOXIDERS_TOKEN is not good (any more)\n"
        )

    def test_nobody(self, cloud: Cloud) -> None:
        """Who is not logged in is told how to."""
        cloud.known.forget("default")
        assert "cloud login URL" in cloud("status", code=2).err

    def test_ended(self, cloud: Cloud) -> None:
        """A login that has ended is told, with how to log in again."""
        cloud.there.say("GET", "/syncs", problem(401, "not-logged-in", "the login has ended"))
        said = cloud("syncs", code=1)
        assert said.err == (
            "syncoxiders: the login has ended: syncoxiders cloud login --deployment default\n"
        )

    @pytest.mark.parametrize(
        ("status", "name", "code"),
        [
            (400, "bad", 2),
            (404, "no-such-sync", 2),
            (409, "used", 2),
            (422, "invalid", 2),
            (403, "not-an-administrator", 1),
            (412, "changed-meanwhile", 1),
            (500, "failed", 1),
            (503, "unavailable", 7),
        ],
    )
    def test_problems(self, cloud: Cloud, status: int, name: str, code: int) -> None:
        """A problem is a line with what to do; the exit code says of what sort it is."""
        cloud.there.say("GET", "/syncs", problem(status, name, "it is so", mend="do this"))
        said = cloud("syncs", code=code)
        assert said.err == "syncoxiders: it is so: do this\n"
        assert said.out == ""

    def test_away(self, cloud: Cloud) -> None:
        """A deployment that cannot be reached is told, after some attempts."""
        cloud.there.faults.add("drop-before", times=9)
        said = cloud("syncs", code=7)
        assert f"{cloud.there.url} cannot be reached" in said.err
        assert len(said.err.splitlines()) == 1

    @pytest.mark.parametrize(
        "content",
        [
            "{",
            "[]",
            '{"schema":"other","deployments":{}}',
            '{"schema":"syncoxiders.deployments/1","deployments":{"a":{"url":"http://a.example"}}}',
        ],
    )
    def test_damaged(self, cloud: Cloud, content: str) -> None:
        """A file that is something else is left as it is, and told of."""
        file = cloud.shell.config.parent / "deployments.json"
        file.write_text(content)
        assert "put it aside" in cloud("syncs", code=1).err
        assert file.read_text() == content

    def test_schema(self, cloud: Cloud) -> None:
        """The file is one that a person can read."""
        content = json.loads((cloud.shell.config.parent / "deployments.json").read_text())
        assert content == {
            "schema": "syncoxiders.deployments/1",
            "deployments": {
                "default": {"url": cloud.there.url, "user": "ann@example.org", "vault": "file"}
            },
        }


@pytest.mark.parametrize(
    "args", [[], ["accounts", "--help"], ["syncs", "add", "--help"], ["syncs", "change", "--help"]]
)
def test_help(shell: Shell, args: list[str]) -> None:
    """Help needs no deployment."""
    said = shell("cloud", *args)
    assert said.code == (0 if args else 2)
    assert "Usage: syncoxiders cloud" in said.out
