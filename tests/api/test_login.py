"""Coming by a token: a person allows it elsewhere."""

import pytest

from syncoxiders.api.client import Client
from syncoxiders.api.errors import ApiError
from syncoxiders.api.login import wait
from syncoxiders.api.shapes.people import Device
from syncoxiders.ports.errors import Unreachable
from tests.api.conftest import Deployment, problem
from tests.emulators.serving import Response

ASKED = {
    "device_code": "d3vice",
    "user_code": "ABCD-EFGH",
    "verification_uri": "https://a.example/device",
    "verification_uri_complete": "https://a.example/device?code=ABCD-EFGH",
    "expires_in": 60,
    "interval": 5,
}
ALLOWED = "granted"
GRANTED = {"token": ALLOWED, "expires_at": "2027-01-01T00:00:00Z"}


class Clock:
    """Time that goes on when one waits; ``waits`` are the pauses."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def begin(there: Deployment, client: Client, *answers: Response) -> Device:
    there.say("POST", "/devices", ASKED, 201)
    there.say("POST", "/tokens", list(answers))
    return client.devices.begin("a test")


def test_allowed(there: Deployment, client: Client, clock: Clock) -> None:
    """It is asked at the pace that the deployment wants, until the person has said yes."""
    pending, slower = problem(400, "authorization-pending"), problem(400, "slow-down")
    device = begin(there, client, pending, slower, pending, Response(200, GRANTED))
    assert wait(client, device, sleep=clock.sleep, now=clock).token == ALLOWED
    assert clock.waits == [5.0, 5.0, 10.0, 10.0]
    assert there.requests[0].json() == {"name": "a test"}
    assert there.requests[1].json() == {"device_code": "d3vice"}
    assert "d3vice" not in repr(device)


def test_denied(there: Deployment, client: Client, clock: Clock) -> None:
    """A "no" ends it."""
    device = begin(there, client, problem(403, "access-denied", "they said no"))
    with pytest.raises(ApiError, match="they said no"):
        wait(client, device, sleep=clock.sleep, now=clock)


def test_nobody(there: Deployment, client: Client, clock: Clock) -> None:
    """Where nobody says anything it ends when the code does."""
    device = begin(there, client, *[problem(400, "authorization-pending") for _ in range(20)])
    with pytest.raises(ApiError) as caught:
        wait(client, device, sleep=clock.sleep, now=clock)
    assert caught.value.code == "expired-token"
    assert clock.now <= 60.0


def test_away(there: Deployment, client: Client, clock: Clock) -> None:
    """A deployment that is away for a moment does not end it; it is asked less often then."""
    device = begin(there, client, Response(200, GRANTED))
    there.faults.add("drop-before", path="tokens")
    assert wait(client, device, sleep=clock.sleep, now=clock).token == ALLOWED
    assert clock.waits == [5.0, 10.0]


def test_away_for_good(there: Deployment, client: Client, clock: Clock) -> None:
    """One that stays away ends it in time."""
    device = begin(there, client)
    there.faults.add("drop-before", path="tokens", times=99)
    with pytest.raises((ApiError, Unreachable)):
        wait(client, device, sleep=clock.sleep, now=clock)
    assert clock.now <= 60.0
