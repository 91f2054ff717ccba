"""Accounts that ask for patience: a sync that was throttled finishes, and does not ask too soon."""

import datetime as dt
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from syncoxiders.adapters import vault
from syncoxiders.cli import bootstrap
from tests.cli.conftest import Shell
from tests.cli.test_clouds import local
from tests.emulators.clouds import CONNECTED, Cloud, connected
from tests.emulators.drive import errors as google
from tests.emulators.dropbox.refusals import rate_limited
from tests.emulators.faults import Fault

FILES = 40
SHORT, PAUSE, LONG = 2, 30, 2 * 3600

Answer = Callable[..., None]


def google_says(
    cloud: Cloud, seconds: int, name: str = "userRateLimitExceeded", **which: Any
) -> None:
    name = "dailyLimitExceeded" if seconds == LONG else name
    cloud.emulator.faults.add("status", **google.throttle(name), **which)


def google_counts(cloud: Cloud, seconds: int, **which: Any) -> None:
    google_says(cloud, seconds, "tooManyRequests", **which)


def dropbox_says(cloud: Cloud, seconds: int, **which: Any) -> None:
    answer = rate_limited("too_many_requests", seconds)
    cloud.emulator.faults.add(
        "status", status=429, body=answer.body, headers=answer.headers, **which
    )


def microsoft_says(cloud: Cloud, seconds: int, status: int = 429, **which: Any) -> None:
    headers = {"Retry-After": str(seconds)}
    cloud.emulator.faults.add("status", status=status, headers=headers, **which)


def microsoft_is_busy(cloud: Cloud, seconds: int, **which: Any) -> None:
    microsoft_says(cloud, seconds, 503, **which)


def s3_says(cloud: Cloud, seconds: int, **which: Any) -> None:
    body = (
        b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
    )
    headers = {"Retry-After": str(seconds)}
    cloud.emulator.faults.add("status", status=503, body=body, headers=headers, **which)


ANSWERS: list[tuple[str, Answer, float]] = [
    ("drive", google_says, 0.5),  # Google names no pause: it is the first of ours
    ("drive", google_counts, 0.5),
    ("dropbox", dropbox_says, PAUSE),
    ("onedrive", microsoft_says, PAUSE),
    ("onedrive", microsoft_is_busy, PAUSE),
    ("s3", s3_says, PAUSE),
]
"""How each kind asks for patience, and for how long at least."""

KNOWN = [each for each in ANSWERS if each[0] in {*CONNECTED, "s3"}]


class Clock:
    """A clock of which the time only goes on while somebody waits."""

    def __init__(self, stop: threading.Event | None = None) -> None:
        self._stop = stop
        self._lock = threading.Lock()

    ahead = 0.0
    began = time.time()

    def now(self) -> float:
        return Clock.began + Clock.ahead

    def sleep(self, seconds: float) -> None:
        until = self.now() + seconds
        with self._lock:  # those who wait at once wait for the same time
            Clock.ahead = max(Clock.ahead, until - Clock.began)


class Patient:
    """An account that asks for patience, and when it was asked for what."""

    def __init__(self, shell: Shell, cloud: Cloud, says: Answer, pause: float) -> None:
        self.shell = shell
        self.cloud = cloud
        self.pause = pause
        self._says = says
        self._take = cloud.emulator.faults.take
        self.asked: list[tuple[float, bool]] = []
        cloud.emulator.faults.take = self._took

    def says(self, seconds: int, **which: Any) -> None:
        self._says(self.cloud, seconds, **which)

    def _took(self, method: str, path: str) -> Fault | None:
        fault: Fault | None = self._take(method, path)
        self.asked.append((Clock.ahead, fault is not None))
        return fault

    def sync(self, *args: str) -> str:
        said = self.shell("sync", "left", self.cloud.place, *args)
        assert said.code == 0, said
        assert local(self.shell.left) == self.cloud.tree()
        return said.out


@pytest.fixture(params=KNOWN, ids=[f"{each[0]}-{each[1].__name__}" for each in KNOWN])
def patient(
    request: pytest.FixtureRequest, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Patient]:
    monkeypatch.setenv(vault.CHOICE, "file")
    monkeypatch.setattr(bootstrap, "SystemClock", Clock)
    monkeypatch.setattr(Clock, "ahead", 0.0)
    monkeypatch.setattr(Clock, "began", time.time())
    kind, says, pause = request.param
    with connected(kind, "mine") as cloud:
        for number in range(FILES):
            cloud.people.write(f"theirs/{number}", f"theirs {number}".encode())
            shell.write(f"left/ours/{number}", f"ours {number}")
        yield Patient(shell, cloud, says, pause)


def test_pauses_are_honoured(patient: Patient) -> None:
    """Who is asked for a pause makes no request before it is over; all is done in one run."""
    patient.sync()
    for number in range(FILES):
        patient.shell.write(f"left/more/{number}", f"more {number}")
    # Looking, S3 is asked for many objects at once; what was sent then cannot wait.
    which = {"method": "PUT"} if patient.cloud.kind.kind == "s3" else {}
    patient.asked.clear()
    for skip in (1, 2, 3):
        patient.says(PAUSE, skip=skip, times=2, **which)
    patient.sync("--transfers", "1")
    assert len(patient.cloud.tree()) == 3 * FILES + 3
    refused = [at for at, throttled in patient.asked if throttled]
    assert len(refused) == 6
    for (at, throttled), (after, _) in zip(patient.asked, patient.asked[1:], strict=False):
        assert after - at >= (patient.pause if throttled else 0)


def test_a_storm(patient: Patient) -> None:
    """Many refusals amid many transfers at once end in a complete sync, and nothing comes twice."""
    for skip in range(0, 80, 4):
        patient.says(SHORT, skip=skip, times=2)
    patient.sync()
    assert sorted(patient.cloud.tree()) == sorted(
        ["ours", "theirs", *(f"{each}/{n}" for each in ("ours", "theirs") for n in range(FILES))]
    )
    assert "nothing to do" in patient.sync()


def test_a_long_pause(patient: Patient) -> None:
    """A pause of hours parks the account, which is told with the time; then it goes on.

    The other places are kept in step meanwhile, and the account is not asked at all.
    """
    shell, place = patient.shell, patient.cloud.place
    patient.says(LONG, skip=8, times=1000)
    first = shell("sync", "left", "right", place)
    assert first.code == 4
    assert "it is left alone until 20" in first.err
    assert {f"ours/{number}" for number in range(FILES)} <= local(shell.right).keys()
    patient.cloud.emulator.faults.clear()
    patient.asked.clear()
    shell.write("left/later", "later")
    second = shell("sync", "left", "right", place)
    assert second.code == 4
    assert patient.asked == []
    assert local(shell.right)["later"] == b"later"
    over = dt.datetime.fromtimestamp(Clock.began + LONG, tz=dt.UTC)
    hours = {over.replace(minute=0), (over - dt.timedelta(hours=1)).replace(minute=0)}
    assert "mine: " in second.err
    assert any(f"pause until {each:%Y-%m-%d %H:}" in second.err for each in hours), second.err
    Clock.ahead += LONG
    assert shell("sync", "left", "right", place).code == 0
    assert local(shell.left) == local(shell.right) == patient.cloud.tree()
    assert len(patient.cloud.tree()) == 2 * FILES + 3
