"""``syncoxiders cloud status`` and ``log``: how a deployment is, and what it does."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from syncoxiders.api.live import Updates
from syncoxiders.api.shapes.live import Hint
from tests.api.conftest import PREFIX, TOKEN, Deployment, problem
from tests.cli.deployment import Cloud, account, sync
from tests.emulators.serving import Request, Response


def run(number: int, outcome: str = "done", **more: Any) -> dict[str, Any]:
    started = "2026-11-25T12:00:00Z"
    return {
        "sync": "photos",
        "number": number,
        "started_at": started,
        "outcome": outcome,
        "counts": {"create": 1},
        **more,
    }


def event(run: int, number: int, path: str, **more: Any) -> dict[str, Any]:
    return {
        "sync": "photos",
        "run": run,
        "number": number,
        "verb": "create",
        "endpoint": "b",
        "account": "home",
        "path": path,
        **more,
    }


class TestStatus:
    def told(self, cloud: Cloud, **more: Any) -> str:
        cloud.there.say("GET", "/accounts", {"items": [account()]})
        cloud.there.say("GET", "/syncs", {"items": [sync(**more)]})
        return cloud("status").out

    def test_in_step(self, cloud: Cloud) -> None:
        """What is in step is said to be, and since when that is known."""
        said = self.told(cloud, verified_at="2026-11-25T12:00:00Z")
        assert "work  drive, ann@example.org" in said
        assert "photos: work:Photos and home: (two-way, keeps newer)\n  in step, last" in said

    def test_under_way(self, cloud: Cloud) -> None:
        """What is to be done is told, why it waits, and what a person should know."""
        more = {"state": "waiting", "reason": "home wants a pause", "to_do": 1200, "conflicts": 2}
        problems = [f"problem {number}" for number in range(12)]
        said = self.told(cloud, problems=problems, **more)
        assert "waiting, 1,200 things to do\n  home wants a pause\n" in said
        assert "2 conflicts: see syncoxiders cloud conflicts list photos" in said
        assert "problem 9\n  and 2 problems more" in said

    def test_stopped(self, cloud: Cloud) -> None:
        """What a guard stopped is told, and how to see it and let it through."""
        stopped = {"reason": "30 would be deleted", "plan": "p1"}
        said = self.told(cloud, state="stopped", reason="30 would be deleted", stopped=stopped)
        assert said.count("30 would be deleted") == 1
        assert "syncoxiders cloud plan photos" in said
        assert "syncoxiders cloud approve photos p1" in said

    def test_json(self, cloud: Cloud) -> None:
        """A program is told the same."""
        self.told(cloud)
        said = cloud("status", "--json")
        assert said.of("cloud-status")[0]["account"] == "work"
        assert said.of("cloud-sync")[0]["state"] == "in-step"


class TestLog:
    def test_none(self, cloud: Cloud) -> None:
        """Where nothing was done yet it says so."""
        cloud.there.say("GET", "/syncs/photos", sync())
        cloud.there.say("GET", "/syncs/photos/runs", {"items": []})
        assert "no runs yet" in cloud("log", "photos").out
        cloud.there.say("GET", "/syncs", {"items": []})
        assert "No syncs" in cloud("log").out

    def test_runs(self, cloud: Cloud) -> None:
        """Runs are told oldest first, so many of them; those without a deed share a line."""
        idle = [run(number, counts={}) for number in (5, 4, 3)]
        cloud.there.say("GET", "/syncs/photos", sync())
        cloud.there.say("GET", "/syncs", {"items": [sync()]})
        cloud.there.say("GET", "/syncs/photos/runs", {"items": [*idle, run(2), run(1)]})
        lines = cloud("log", "photos").out.splitlines()
        assert [line.split()[0] for line in lines[1:]] == ["1", "2", "5"]
        assert "2 more before" in lines[3]
        assert cloud("log").out.splitlines() == lines
        told = cloud("log", "photos", "--limit", "2", "--json").of("run")
        assert [each["run"] for each in told] == [4, 5]
        assert told[0]["started"] == 1795608000.0

    def test_run(self, cloud: Cloud) -> None:
        """Each thing that a run did is told, in its order."""
        cloud.there.say("GET", "/syncs/photos/runs/7", run(7))
        events = [event(7, 0, "a\x1b"), event(7, 1, "b", detail="why")]
        cloud.there.say("GET", "/syncs/photos/runs/7/events", {"items": events})
        said = cloud("log", "photos", "--run", "7").out
        assert "create       home: a\\x1b\n" in said
        assert "create       home: b  (why)\n" in said
        told = cloud("log", "photos", "--run", "7", "--json")
        assert told.of("run")[0]["outcome"] == "done"
        assert [each["path"] for each in told.of("event")] == ["a\x1b", "b"]

    @pytest.mark.parametrize(
        "args", [["--run", "7"], ["--plan", "p"], ["a", "--run", "7", "--follow"]]
    )
    def test_wrong(self, cloud: Cloud, args: list[str]) -> None:
        """What cannot be meant is refused before anything is asked."""
        cloud("log", *args, code=2)
        assert cloud.there.calls == []


class TestActivity:
    def test_told(self, cloud: Cloud) -> None:
        """What was done last is told, newest last, so much of it."""
        pages = [
            {"items": [event(2, 1, "c", at="2026-11-25T12:00:00Z")], "next": "x"},
            {"items": [], "next": "y"},
            {"items": [event(1, 1, "b"), event(1, 0, "a")], "next": None},
        ]
        cloud.there.say("GET", "/activity", [*pages, *pages])
        said = cloud("activity", "photos", "--verb", "create", "--about", "x", "--limit", "2").out
        assert [line.split(": ")[-1] for line in said.splitlines()] == ["b", "c"]
        assert cloud.there.requests[0].query == {"sync": "photos", "verb": "create", "q": "x"}
        told = cloud("activity", "--json").of("event")
        assert [each["path"] for each in told] == ["a", "b", "c"]

    def test_none(self, cloud: Cloud) -> None:
        """Where nothing was done it says so."""
        cloud.there.say("GET", "/activity", {"items": []})
        assert cloud("activity").out == "Nothing was done.\n"


class World:
    """The runs of a sync as they come to be; ``script`` is what happens between two looks."""

    def __init__(self, there: Deployment) -> None:
        self.there = there
        self.runs: dict[int, dict[str, Any]] = {}
        self.events: dict[int, list[dict[str, Any]]] = {}
        self.asked: list[str] = []
        for path, answer in (
            ("runs", self._runs),
            ("runs/{number}/events", self._events),
        ):
            there.routes.add("GET", f"{PREFIX}/syncs/photos/{path}", answer)
        there.say("GET", "/syncs/photos", sync())

    def begin(self, number: int, outcome: str = "", **more: Any) -> None:
        self.runs[number] = run(number, outcome, **more)
        self.events.setdefault(number, [])

    def do(self, number: int, *paths: str) -> None:
        for path in paths:
            self.events[number].append(event(number, len(self.events[number]), path))

    def _runs(self, request: Request) -> Response:
        del request
        newest = [self.runs[each] for each in sorted(self.runs, reverse=True)]
        return Response(200, {"items": newest, "next": None})

    def _events(self, request: Request, number: str) -> Response:
        """Return three a page."""
        first = int(request.query.get("cursor", "0"))
        self.asked.append(f"{number}:{first}")
        found = self.events[int(number)]
        more = len(found) > first + 3
        page = {"items": found[first : first + 3], "next": str(first + 3) if more else None}
        return Response(200, page)


@pytest.fixture
def world(cloud: Cloud) -> World:
    return World(cloud.there)


Script = Callable[..., None]


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Script:
    """Have these things happen one by one, each with a hint that it returns, or none."""

    def play(*steps: Callable[[], Hint | None]) -> None:
        def hints(self: Updates, stop: threading.Event) -> Iterator[Hint | None]:
            del self, stop
            yield None
            for step in steps:
                yield step()

        monkeypatch.setattr(Updates, "hints", hints)

    return play


def paths(out: str) -> list[str]:
    return [line.split(": ")[-1] for line in out.splitlines() if line.startswith("create")]


class TestFollowed:
    def test_interrupted(self, cloud: Cloud, world: World) -> None:
        """Without live updates it asks by the clock, until Ctrl-C, which is no failure of it."""
        cloud.there.say("POST", "/live", problem(404, "no-such-address"))
        world.begin(1)
        world.do(1, "a")
        program = Path(sys.executable).with_name("syncoxiders")
        environment = {**os.environ, "SYNCOXIDERS_URL": cloud.there.url, "SYNCOXIDERS_TOKEN": TOKEN}
        with subprocess.Popen(
            [program, "cloud", "log", "photos", "-f", "--json"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            lines = iter(process.stdout.readline, "")
            assert next(line for line in lines if '"a"' in line)
            world.do(1, "b")
            assert next(line for line in lines if '"b"' in line)
            process.send_signal(signal.SIGINT)
            _, error = process.communicate(timeout=30)
        assert process.returncode == 130
        assert error.strip() == "syncoxiders: no longer followed; there all goes on"

    def test_as_it_is_done(self, cloud: Cloud, world: World, script: Script) -> None:
        """What is done is told once, as it is done; what is over before is not told again."""
        world.begin(1, "done")
        world.do(1, "old")
        world.begin(2)
        world.do(2, "a", "b")

        def go_on() -> None:
            world.do(2, "c", "d", "e")

        def end() -> Hint:
            world.do(2, "f")
            world.begin(2, "done", counts={"create": 6})
            world.begin(3, "partial", message="it did not work")
            return Hint(type="sync", name="photos")

        def other() -> Hint:
            world.do(2, "never")
            return Hint(type="sync", name="others")

        script(go_on, end, other, lambda: Hint(type="account", name="work"))
        said = cloud("log", "photos", "--follow").out
        assert paths(said) == ["a", "b", "c", "d", "e", "f"]
        assert said.index("home: f") < said.index("6 files copied") < said.index("did not work")
        assert "1:0" not in world.asked
        assert world.asked == ["2:0", "2:0", "2:3", "2:0", "2:3", "3:0"]

    def test_nothing_new(self, cloud: Cloud, world: World, script: Script) -> None:
        """Where nothing is new only the runs are asked for; runs without a deed are not told."""
        world.begin(1, "done")

        def idle() -> None:
            world.begin(2, "done", counts={})

        script(lambda: None, idle, lambda: None)
        said = cloud("log", "photos", "-f").out
        assert len(said.splitlines()) == 2
        assert world.asked == ["2:0"]

    def test_several(self, cloud: Cloud, world: World, script: Script) -> None:
        """An older run that goes on is told of, though a newer one has ended."""
        world.begin(1)

        def overtake() -> None:
            world.begin(2, "done")
            world.do(2, "b")

        def end() -> None:
            world.do(1, "a")
            world.begin(1, "done")

        script(overtake, end, lambda: None)
        said = cloud("log", "photos", "-f").out
        assert paths(said) == ["b", "a"]
        assert world.asked == ["1:0", "1:0", "2:0", "1:0"]

    def test_late(self, cloud: Cloud, world: World, script: Script) -> None:
        """What was written late, before what was told already, is told in the end."""
        world.begin(1)
        world.do(1, *"abcdef")
        late = world.events[1].pop(1)

        def come() -> None:
            world.events[1].insert(1, late)

        def end() -> None:
            world.begin(1, "done")

        script(come, end, lambda: None)
        assert paths(cloud("log", "photos", "-f").out) == ["a", "c", "d", "e", "f", "b"]

    def test_all(self, cloud: Cloud, world: World, script: Script) -> None:
        """All syncs are followed, also one that is new; one that is removed no longer."""
        cloud.there.say("GET", "/syncs", [{"items": []}, *[{"items": [sync()]}] * 3])
        world.begin(1)
        world.do(1, "a")

        def remove() -> None:
            cloud.there.faults.add(
                "status",
                path="photos/runs$",
                status=404,
                body=b'{"code":"no-such-sync","detail":"gone"}',
            )

        script(remove)
        assert "photos: create       home: a" in cloud("log", "--follow").out

    def test_away(self, cloud: Cloud, world: World, script: Script) -> None:
        """While the deployment is away that is said once, and nothing is missed."""
        world.begin(1)

        def leave() -> None:
            cloud.there.faults.add("drop-before", times=8)

        def come() -> None:
            world.do(1, "a")

        script(leave, lambda: None, come)
        said = cloud("log", "photos", "-f")
        assert said.err.count("trying again") == 1
        assert paths(said.out) == ["a"]

    def test_json(self, cloud: Cloud, world: World, script: Script) -> None:
        """A program gets an object for each thing."""
        world.begin(1)
        world.do(1, "a")
        script()
        assert [each["path"] for each in cloud("log", "photos", "-f", "--json").of("event")] == [
            "a"
        ]

    def test_ended(self, cloud: Cloud, world: World, script: Script) -> None:
        """When the login ends, so does it."""
        world.begin(1)

        def end() -> None:
            body = b'{"code":"not-logged-in","detail":"the login has ended"}'
            cloud.there.faults.add("status", status=401, body=body)

        script(end)
        assert "cloud login" in cloud("log", "photos", "-f", code=1).err
