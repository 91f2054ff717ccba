"""The cloud commands, the client and the API together, over a deployment in memory."""

import functools

import pytest

from syncoxiders.adapters import vault
from syncoxiders.api import login
from syncoxiders.api.client import Client
from syncoxiders.api.errors import ApiError
from syncoxiders.api.shapes.people import Device
from syncoxiders.cli import asking, cloud_login, deployed
from syncoxiders.cli.deployments import Deployments
from syncoxiders.cloud.web.everything import everything
from syncoxiders.cloud.web.gates import SessionGate
from syncoxiders.cloud.web.service import Web
from tests.api.inmemory import Transport
from tests.cli.conftest import Said, Shell
from tests.web.conftest import Browser
from tests.web.office import Office

URL = "https://sync.example.org"


class Whole:
    """A deployment in memory, a person with a browser, and their terminal.

    ``allow`` is what the person says to a program that asks.
    """

    def __init__(self, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(vault.CHOICE, "file")
        office = Office(())
        self.world = office.world
        self.stage = office.api.stage
        app = self.stage.app
        self.transport = Transport(everything(Web(app, SessionGate(app.sessions, app.settings))))
        self.browser = Browser(self.stage)
        self.allow = True
        self._code = ""
        self._shell = shell
        monkeypatch.setattr(asking, "opened", self.client)
        monkeypatch.setattr(deployed, "connected", lambda _: app)
        wait = functools.partial(login.wait, sleep=self._decide, now=self.world.clock.now)
        monkeypatch.setattr(cloud_login, "wait", wait)
        monkeypatch.setattr(cloud_login, "_opens", self._shown)

    def client(self, url: str, token: str = "") -> Client:
        return Client(url, token, transport=self.transport, sleep=self.world.clock.advance)

    def _shown(self, device: Device) -> bool:
        self._code = device.user_code
        return True

    def _decide(self, seconds: float) -> None:
        """Have the person decide while the program waits."""
        self.world.clock.advance(seconds)
        if self._code and self.world.clock.now() > self._begun + 8.0:
            path = f"/api/v1/devices/{self._code}"
            assert self.browser.ask("GET", path).json["name"].startswith("syncoxiders on")
            answer = self.browser.ask("POST", f"{path}/decision", {"allow": self.allow})
            assert answer.status == 204
            self._code = ""

    def __call__(self, *args: str, code: int = 0, stdin: str | None = None) -> Said:
        self._begun = self.world.clock.now()
        said = self._shell.typed(stdin, "cloud", *args)
        assert said.code == code, said
        return said


@pytest.fixture
def whole(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Whole:
    return Whole(shell, monkeypatch)


@pytest.fixture
def logged_in(whole: Whole) -> Whole:
    """The first administrator has logged in, there and here."""
    whole.browser.log_in()
    whole("login", URL)
    return whole


class TestLogin:
    def test_in_and_out(self, whole: Whole, shell: Shell) -> None:
        """By a link, a browser and a code one is logged in; after logging out nobody is."""
        assert "/auth/once?code=" in whole("login-link").out
        whole.browser.log_in()
        said = whole("login", URL)
        assert "(an administrator), until" in said.out
        assert whole.transport.asked.count("POST /api/v1/tokens") == 2
        known = Deployments(shell.config.parent)
        token = known.token(*known.named(""))
        assert token not in said.out + said.err
        assert "administrator" in whole("whoami").out
        assert "syncoxiders on" in whole("programs").out
        whole("logout")
        client = whole.client(URL, token)
        with client, pytest.raises(ApiError, match="nobody is logged in"):
            client.sessions.current()

    def test_denied(self, whole: Whole) -> None:
        """Where the person says no there is no login."""
        whole.browser.log_in()
        whole.allow = False
        assert "said no" in whole("login", URL, code=2).err
        assert "cloud login URL" in whole("whoami", code=2).err

    def test_anew(self, logged_in: Whole) -> None:
        """Who logs in anew leaves no login behind."""
        logged_in("login")
        assert len(logged_in("programs").out.splitlines()) == 1

    def test_taken_away(self, logged_in: Whole) -> None:
        """A login that is taken away has ended."""
        (program,) = logged_in("programs", "list", "--json").of("cloud-program")
        logged_in("programs", "remove", program["id"])
        assert "cloud login" in logged_in("whoami", code=1).err


class TestPeople:
    def test_invited(self, logged_in: Whole) -> None:
        """Somebody is invited once, and the invitation taken back."""
        logged_in("invite", "bob@example.org")
        logged_in("invite", "bob@example.org", "--admin")
        assert "bob@example.org, an administrator" in logged_in("invitations").out
        logged_in("invitations", "remove", "bob@example.org")
        assert logged_in("invitations").out == "No invitations.\n"
        assert "no e-mail address" in logged_in("invite", "bob", code=2).err
        assert "an administrator" in logged_in("users").out
