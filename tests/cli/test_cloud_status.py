"""``syncoxiders cloud status``, ``log`` and ``approve``: how a deployment is, and what it did."""

import pytest

from syncoxiders.cli import deployed as commands
from syncoxiders.cloud.app import App
from tests.cli.conftest import Said, Shell
from tests.engine.deployed import OWNER, SYNC, Deployed
from tests.functions.stage import SETTINGS


class Cloud:
    """The commands, and a deployment in memory that does what messages ask for."""

    def __init__(self, shell: Shell, world: Deployed) -> None:
        self.world = world
        self._shell = shell

    def __call__(self, *args: str, code: int = 0) -> Said:
        said = self._shell("cloud", *args)
        assert said.code == code, said
        return said

    def stopped(self, count: int = 30) -> str:
        """Have a guard stop the deletion of so many files of 31; returns the plan's id."""
        for number in range(31):
            self.world.a.write(f"file{number}", b"content")
        self.world.look()
        self.world.look()
        for number in range(count):
            self.world.a.remove(f"file{number}")
        self.world.look()
        (told,) = self("status", "--json").of("cloud-sync")
        return str(told["stop"]["plan"])


@pytest.fixture
def cloud(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    world = Deployed()
    app = App(SETTINGS, world.clock)
    pipeline = world.pipeline
    vars(app).update(
        pipeline=pipeline,
        states=pipeline.states,
        registry=world.registry,
        leases=pipeline.leases,
        polls=world.polls,
        merges=world.merges,
        applies=world.applies,
    )
    monkeypatch.setattr(commands, "connected", lambda _: app)
    return Cloud(shell, world)


class TestStatus:
    def test_new(self, cloud: Cloud) -> None:
        """Of what was never looked at it says so."""
        said = cloud("status").out
        assert "not looked at yet" in said
        assert "news of a: and b: to be planned" in said

    def test_in_step(self, cloud: Cloud) -> None:
        """What is in step is said to be, and since when that is known."""
        cloud.world.a.write("file", b"content")
        cloud.world.look()
        cloud.world.look()
        said = cloud("status").out
        assert "photos: a: and b: (two-way, keeps newer)\n  in step\n" in said
        (told,) = cloud("status", "--json").of("cloud-sync")
        assert (told["in_step"], told["behind"], told["batches"]) == (True, [], 0)

    def test_under_way(self, cloud: Cloud) -> None:
        """What is handed out and not done is said to be under way."""
        cloud.world.a.write("file", b"content")
        cloud.world.failing = {"apply"}
        cloud.world.look()
        assert "1 batch under way" in cloud("status").out

    def test_accounts(self, cloud: Cloud) -> None:
        """Of accounts hints, pauses and trouble are told."""
        registry, now = cloud.world.registry, cloud.world.clock.now()
        registry.hint(OWNER, "a")
        registry.hint(OWNER, "a")
        registry.pause(OWNER, "a", now + 3600)
        registry.trouble(OWNER, "b", "connect it again")
        said = cloud("status").out
        assert "2 hints to answer" in said
        assert "left alone until" in said
        assert "connect it again" in said
        told = {each["account"]: each for each in cloud("status", "--json").of("cloud-status")}
        assert (told["a"]["hints"], told["a"]["polled"]) == (2, 0)
        assert told["a"]["not_before"] == now + 3600
        assert told["b"]["trouble"] == "connect it again"

    def test_stopped(self, cloud: Cloud) -> None:
        """What a guard stopped is told, and how to see it and let it through."""
        plan = cloud.stopped()
        said = cloud("status").out
        assert "stopped: 30 of 31 files and folders would be deleted" in said
        assert f"syncoxiders cloud log photos --plan {plan}" in said
        assert f"syncoxiders cloud approve photos {plan}" in said


class TestLog:
    def test_none(self, cloud: Cloud) -> None:
        """Where nothing was done yet it says so."""
        assert "no runs yet" in cloud("log", SYNC).out
        assert "no sync" in cloud("log", "other", code=2).err

    def test_runs(self, cloud: Cloud) -> None:
        """Each run is told, and each thing that one of them did."""
        cloud.world.a.write("folder/file", b"content")
        cloud.world.look()
        cloud.world.look()
        (run,) = cloud("log", SYNC, "--json").of("run")
        assert (run["outcome"], run["sync"]) == ("done", SYNC)
        assert "done" in cloud("log", SYNC).out
        events = cloud("log", SYNC, "--run", str(run["run"]), "--json").of("event")
        assert {each["path"] for each in events} >= {"folder", "folder/file"}
        said = cloud("log", SYNC, "--run", str(run["run"])).out
        assert "create       b: folder/file" in said
        assert "no run 99" in cloud("log", SYNC, "--run", "99", code=2).err

    def test_plan(self, cloud: Cloud) -> None:
        """A plan that was stopped is shown, action by action."""
        plan = cloud.stopped()
        said = cloud("log", SYNC, "--plan", plan).out
        assert said.count("delete") >= 30
        assert f"approve photos {plan}" in said
        assert len(cloud("log", SYNC, "--plan", plan, "--json").of("planned")) == 30
        assert "no stopped plan" in cloud("log", SYNC, "--plan", "other", code=2).err


class TestApprove:
    def test_goes_on(self, cloud: Cloud) -> None:
        """A plan that is let through is done."""
        plan = cloud.stopped()
        assert len(cloud.world.b.tree()) == 31
        cloud("approve", SYNC, plan)
        cloud.world.settle()
        assert list(cloud.world.b.tree()) == ["file30"]

    def test_empty(self, cloud: Cloud) -> None:
        """That a folder is empty is let through first, then what follows from it."""
        plan = cloud.stopped(31)
        assert "nothing is left in a" in cloud("status").out
        cloud.world.clock.advance(1.0)
        cloud("approve", SYNC, plan)
        cloud.world.settle()
        (told,) = cloud("status", "--json").of("cloud-sync")
        assert told["stop"]["plan"] != plan
        cloud.world.clock.advance(1.0)
        cloud("approve", SYNC, told["stop"]["plan"])
        cloud.world.settle()
        assert cloud.world.b.tree() == {}

    def test_another(self, cloud: Cloud) -> None:
        """No other plan is let through than the one that was stopped."""
        assert "none waits" in cloud("approve", SYNC, "plan", code=2).err
        plan = cloud.stopped()
        assert plan in cloud("approve", SYNC, "other", code=2).err
        cloud.world.settle()
        assert len(cloud.world.b.tree()) == 31
