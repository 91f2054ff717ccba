"""The cloud commands, the client and the API together, over a deployment in memory."""

import functools
import threading
from collections.abc import Iterator

import pytest

from syncoxiders.adapters import vault
from syncoxiders.api import login
from syncoxiders.api.client import Client
from syncoxiders.api.errors import ApiError
from syncoxiders.api.live import Updates
from syncoxiders.api.shapes.live import Hint
from syncoxiders.api.shapes.people import Device
from syncoxiders.cli import asking, cloud_login, deployed
from syncoxiders.cli.deployments import Deployments
from syncoxiders.cloud.web.everything import everything
from syncoxiders.cloud.web.gates import SessionGate
from syncoxiders.cloud.web.service import Web
from syncoxiders.ports.accounts import Account
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
        for name in "ab":  # what they are called in the API, where there is no memory
            self.world.registry.put_account("me", Account(name, "folder"))
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


class TestSyncs:
    def test_life(self, logged_in: Whole) -> None:
        """A sync is added, seen, changed, paused, run, resumed and removed."""
        cloud = logged_in
        said = cloud("syncs", "add", "photos", "a:x/./y/", "b:", "--exclude", "*.tmp")
        assert said.out == "photos: a:x/y and b: (two-way, keeps newer, 1 pattern)\n"
        assert cloud("syncs").out == said.out
        assert "already" in cloud("syncs", "add", "photos", "a:x", "b:", code=2).err
        cloud("syncs", "change", "photos", "--mode", "copy", "--min-size", "1K")
        (told,) = cloud("syncs", "list", "--json").of("cloud-sync")
        rule = told["rule"]
        assert (rule["mode"], rule["min_size"], rule["patterns"]) == ("copy", 1024, ["*.tmp"])
        assert "paused" in cloud("pause", "photos").out
        assert "resume" in cloud("run", "photos", code=2).err
        assert "paused" not in cloud("resume", "photos").out
        cloud("run", "photos")
        cloud("syncs", "remove", "photos")
        assert cloud("syncs").out.startswith("No syncs")
        assert "only just" in cloud("syncs", "add", "photos", "a:", "b:", code=2).err

    @pytest.mark.parametrize(
        ("args", "words"),
        [
            (["a b", "a:", "b:"], "cannot name"),
            (["photos", "a:", "other:"], "no account 'other'"),
        ],
    )
    def test_cannot(self, logged_in: Whole, args: list[str], words: str) -> None:
        """What the deployment refuses is told, and nothing is made."""
        assert words in logged_in("syncs", "add", *args, code=2).err
        assert logged_in("syncs").out.startswith("No syncs")

    @pytest.mark.parametrize("command", ["pause", "resume", "run"])
    def test_nobody(self, logged_in: Whole, command: str) -> None:
        """A sync that is not there is told of."""
        assert "'pictures'" in logged_in(command, "pictures", code=2).err

    def test_used(self, logged_in: Whole) -> None:
        """An account that a sync uses stays."""
        logged_in("syncs", "add", "photos", "a:", "b:")
        assert "photos" in logged_in("accounts", "remove", "a", code=2).err
        assert "a  folder" in logged_in("accounts").out


class Synced:
    """A sync of two folders that do what is asked for."""

    def __init__(self, whole: Whole) -> None:
        self.whole = whole
        self.world = whole.world
        self("syncs", "add", "photos", "a:", "b:")

    def __call__(self, *args: str, code: int = 0) -> Said:
        return self.whole(*args, code=code)

    def look(self, times: int = 1) -> None:
        for _ in range(times):
            self.world.look()

    def stopped(self, count: int = 30) -> str:
        """Have a guard stop the deletion of so many files of 31; return the plan's id."""
        for number in range(31):
            self.world.a.write(f"file{number}", b"content")
        self.look(2)
        for number in range(count):
            self.world.a.remove(f"file{number}")
        self.look()
        (plan,) = self("plans", "--json").of("cloud-plan")
        return str(plan["id"])


@pytest.fixture
def synced(logged_in: Whole) -> Synced:
    return Synced(logged_in)


class TestStatus:
    def test_new(self, synced: Synced) -> None:
        """Of what was never looked at it says so."""
        said = synced("status").out
        assert "not looked at yet" in said
        assert "photos: a: and b: (two-way, keeps newer)\n  at work" in said

    def test_in_step(self, synced: Synced) -> None:
        """What is in step is said to be."""
        synced.world.a.write("file", b"content")
        synced.look(2)
        assert "\n  in step" in synced("status").out

    def test_under_way(self, synced: Synced) -> None:
        """What is handed out and not done is counted."""
        synced.world.a.write("file", b"content")
        synced.world.failing = {"apply"}
        synced.look()
        assert "1 thing to do" in synced("status").out

    def test_accounts(self, synced: Synced) -> None:
        """Of accounts pauses and trouble are told."""
        registry, now = synced.world.registry, synced.world.clock.now()
        registry.pause("me", "a", now + 3600)
        registry.trouble("me", "b", "connect it again")
        said = synced("status").out
        assert "left alone until" in said
        assert "connect it again" in said


class TestLog:
    def test_none(self, synced: Synced) -> None:
        """Where nothing was done yet it says so."""
        assert "no runs yet" in synced("log", "photos").out
        assert "'other'" in synced("log", "other", code=2).err

    def test_runs(self, synced: Synced) -> None:
        """Each run is told, and each thing that one of them did."""
        synced.world.a.write("folder/file", b"content")
        synced.look(2)
        (run,) = synced("log", "photos", "--json").of("run")
        assert (run["outcome"], run["sync"]) == ("done", "photos")
        assert "done" in synced("log").out
        number = str(run["run"])
        events = synced("log", "photos", "--run", number, "--json").of("event")
        assert {each["path"] for each in events} >= {"folder", "folder/file"}
        assert "create       b: folder/file" in synced("log", "photos", "--run", number).out
        assert "99" in synced("log", "photos", "--run", "99", code=2).err
        assert "create       b: folder/file" in synced("activity", "--verb", "create").out

    def test_followed(self, synced: Synced, monkeypatch: pytest.MonkeyPatch) -> None:
        """What is done is told once, as it is done."""

        def hints(self: Updates, stop: threading.Event) -> Iterator[Hint | None]:
            del self, stop
            for name in ("first", "second"):
                yield None
                synced.world.a.write(name, b"content")
                synced.look(2)
            yield Hint(type="sync", name="photos")
            yield None

        monkeypatch.setattr(Updates, "hints", hints)
        said = synced("log", "photos", "--follow").out
        assert said.count("create       b: first\n") == said.count("create       b: second\n") == 1
        assert said.count("1 file copied") == 2


class TestPlans:
    def test_let_through(self, synced: Synced) -> None:
        """A plan that a guard stopped is told, shown action by action, and let through."""
        plan = synced.stopped()
        said = synced("status").out
        assert "stopped: 30 of 31 files and folders would be deleted" in said
        assert f"syncoxiders cloud approve photos {plan}" in said
        assert synced("plan", "photos").out.count("delete") >= 30
        assert len(synced("log", "photos", "--plan", plan, "--json").of("planned")) == 30
        synced("log", "photos", "--plan", "other", code=2)
        synced("approve", "photos", "other", code=2)
        synced.world.settle()
        assert len(synced.world.b.tree()) == 31
        synced("approve", "photos", plan)
        synced.world.settle()
        assert list(synced.world.b.tree()) == ["file30"]
        assert synced("plans").out == "No plan waits for you.\n"

    def test_empty(self, synced: Synced) -> None:
        """That a folder is empty is let through first, then what follows from it."""
        plan = synced.stopped(31)
        assert "nothing is left in a" in synced("status").out
        for _ in range(2):
            synced.world.clock.advance(1.0)
            synced("approve", "photos", plan)
            synced.world.settle()
            plan = next((each["id"] for each in synced("plans", "--json").of("cloud-plan")), "")
        assert synced.world.b.tree() == {}

    def test_preview(self, logged_in: Whole) -> None:
        """The first plan of a sync can be seen before anything is done."""
        cloud, world = logged_in, logged_in.world
        world.a.write("file", b"content")
        cloud("syncs", "add", "photos", "a:", "b:", "--preview")
        world.look()
        world.look()
        assert world.b.tree() == {}
        assert "its first plan waits" in cloud("status").out
        assert "b  file" in cloud("plan", "photos").out
        (plan,) = cloud("plans", "--json").of("cloud-plan")
        cloud("approve", "photos", plan["id"])
        world.settle()
        assert world.b.tree() == {"file": b"content"}


class TestConflicts:
    def conflict(self, whole: Whole) -> str:
        """Have one conflict; return its id."""
        whole.world.a.write("x.txt", b"one\nof a\n")
        whole.world.clock.advance(9.0)
        whole.world.b.write("x.txt", b"one\nof b\n")
        whole("syncs", "add", "photos", "a:", "b:")
        whole.world.settle()
        whole.world.look()
        whole.world.look()
        (found,) = whole("conflicts", "list", "--json").of("conflict")
        return str(found["id"])

    def test_seen(self, logged_in: Whole) -> None:
        """A conflict is told of wherever one looks, and how its texts differ."""
        id_ = self.conflict(logged_in)
        assert "1 conflict: see syncoxiders cloud conflicts list photos" in logged_in("status").out
        assert f"photos {id_}  x.txt" in logged_in("conflicts").out
        said = logged_in("conflicts", "show", "photos", id_).out
        assert "kept   the version of b" in said
        assert "-of b\n+of a\n" in said
        assert "'nothing'" in logged_in("conflicts", "show", "photos", "nothing", code=2).err

    def test_changed_meanwhile(self, logged_in: Whole) -> None:
        """What was decided of other versions than there are is not done."""
        id_ = self.conflict(logged_in)
        (told,) = logged_in("conflicts", "show", "photos", id_, "--json").of("conflict")
        args = ("conflicts", "resolve", "photos", id_, "--take", "kept", "--seen")
        logged_in.world.clock.advance(9.0)
        logged_in.world.a.write(told["path"], b"one\nedited\n")
        logged_in.world.look()
        logged_in.world.look()
        assert "nothing was done" in logged_in(*args, told["revision"], code=1).err
        (again,) = logged_in("conflicts", "show", "photos", id_, "--json").of("conflict")
        logged_in(*args, again["revision"])

    @pytest.mark.parametrize(
        ("take", "content"),
        [("kept", b"one\nof b\n"), ("other", b"one\nof a\n"), ("merged", b"both\n")],
    )
    def test_decided(self, logged_in: Whole, take: str, content: bytes) -> None:
        """What was decided comes to be at all sides, and nothing is left to decide."""
        id_ = self.conflict(logged_in)
        more = ["--text", "-"] if take == "merged" else []
        args = ("conflicts", "resolve", "photos", id_, "--take", take, *more)
        assert "Decided" in logged_in(*args, stdin="both\n").out
        logged_in.world.settle()
        logged_in.world.look()
        assert logged_in.world.a.tree() == logged_in.world.b.tree() == {"x.txt": content}
        assert logged_in("conflicts").out == "No conflicts.\n"
