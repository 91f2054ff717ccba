"""The OneDrive emulator's subscriptions bring notifications as Microsoft Graph does."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.emulators import onedrive
from tests.emulators.onedrive import facets
from tests.emulators.onedrive.client import JSON, Client, serving
from tests.emulators.onedrive.pushes import LONGEST
from tests.emulators.serving import Emulator, Request, Response, Server


class Receiver(Emulator):
    """Whoever wants to hear of changes; ``answer`` is the status of its answers."""

    def __init__(self) -> None:
        super().__init__()
        self.answer = 202
        self.echoes = True
        self.kind = "text/plain; charset=utf-8"
        self.received: list[JSON] = []
        self.validations = 0
        self.routes.add("POST", "/hook", self._hear)
        self.routes.add("POST", "/life", self._hear)

    def _hear(self, request: Request) -> Response:
        if "validationToken" in request.query:
            self.validations += 1
            token = request.query["validationToken"] if self.echoes else "something else"
            return Response(200, token.encode(), {"Content-Type": self.kind})
        for each in request.json()["value"]:
            self.received.append({**each, "path": request.path})
        return Response(self.answer)


@pytest.fixture(params=["personal", "business"])
def c(request: pytest.FixtureRequest) -> Iterator[Client]:
    with serving(onedrive.create(request.param)) as client:
        yield client


@pytest.fixture
def personal() -> Iterator[Client]:
    with serving(onedrive.create("personal")) as client:
        yield client


@pytest.fixture
def business() -> Iterator[Client]:
    with serving(onedrive.create("business")) as client:
        yield client


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def hook(receiver: Receiver) -> Iterator[str]:
    with Server(receiver) as server:
        yield server.url


def subscribe(c: Client, hook: str, expect: int = 201, **changed: Any) -> JSON:
    body = {
        "changeType": "updated",
        "notificationUrl": f"{hook}/hook",
        "resource": "/me/drive/root",
        "expirationDateTime": facets.stamp(c.emulator.now() + 3600),
        "clientState": "a secret",
        **changed,
    }
    found: JSON = c("POST", f"{c.url}/v1.0/subscriptions", expect, json=body).json()
    return found


def test_notification(c: Client, hook: str, receiver: Receiver) -> None:
    """After the handshake a change brings a notification, without saying what changed."""
    made = subscribe(c, f"{hook}", clientState="a secret")
    assert receiver.validations == 1
    c.emulator.people.write("folder/file", b"")
    c.emulator.pushes.wait()
    (heard,) = receiver.received
    assert heard["subscriptionId"] == made["id"]
    assert heard["clientState"] == "a secret"
    assert heard["resource"] == "/me/drive/root"
    assert heard["changeType"] == "updated"
    assert "file" not in str(heard)


def test_own_writes_notify(c: Client, hook: str, receiver: Receiver) -> None:
    """A client's own writes are notified too; reading is not."""
    subscribe(c, hook)
    c.put("file", b"data")
    c.get("/root:/file")
    c.emulator.pushes.wait()
    assert len(receiver.received) == 1


def test_handshake_keeps_the_query(c: Client, hook: str, receiver: Receiver) -> None:
    """The query of the address stays, in the handshake and afterwards."""
    receiver.routes.add("POST", "/q", lambda request: Response(200, b"", dict(request.query)))
    subscribe(c, hook, 400, notificationUrl=f"{hook}/q?x=1")
    assert receiver.calls == ["POST /q"]
    subscribe(c, hook, notificationUrl=f"{hook}/hook?x=1")


def test_handshake_fails(c: Client, hook: str, receiver: Receiver) -> None:
    """Without the token, as text, there is no subscription."""
    receiver.echoes = False
    error = subscribe(c, hook, 400)["error"]
    assert error["code"] == "ValidationError"
    receiver.echoes, receiver.kind = True, "text/html"
    subscribe(c, hook, 400)
    subscribe(c, hook, 400, notificationUrl=f"{hook}/nowhere")
    subscribe(c, hook, 400, notificationUrl="http://127.0.0.1:1/hook")
    assert c.get(f"{c.url}/v1.0/subscriptions")["value"] == []


def test_receiver_may_use_the_service_during_the_handshake(c: Client) -> None:
    """Other requests are answered while the address is being asked."""
    asked = threading.Event()

    class Curious(Receiver):
        def _hear(self, request: Request) -> Response:
            c.get("")
            asked.set()
            return super()._hear(request)

    with Server(Curious()) as server:
        subscribe(c, server.url)
    assert asked.is_set()


def test_refused(c: Client, hook: str) -> None:
    """Only "updated", by https (or loopback), of what is there, for at most 42,300 minutes."""
    subscribe(c, hook, 400, changeType="created,updated")
    subscribe(c, hook, 400, notificationUrl="http://example.com/hook")
    subscribe(c, hook, 400, clientState="x" * 129)
    subscribe(c, hook, 400, resource="/me/messages")
    subscribe(c, hook, 404, resource="/drives/other/root")
    subscribe(c, hook, 400, expirationDateTime=facets.stamp(c.emulator.now() + LONGEST + 60))
    subscribe(c, hook, 400, expirationDateTime=facets.stamp(c.emulator.now() - 60))
    subscribe(c, hook, 201, expirationDateTime=facets.stamp(c.emulator.now() + LONGEST - 60))
    c.bare("POST", "/v1.0/subscriptions", 401, json={})


def test_folder_of_a_personal_drive(personal: Client, hook: str, receiver: Receiver) -> None:
    """A folder of a personal drive can be watched: what happens outside is not notified."""
    people = personal.emulator.people
    people.write("watched/file", b"")
    folder = people.entry("watched").id
    subscribe(personal, hook, resource=f"/me/drive/items/{folder}")
    people.write("outside", b"")
    personal.emulator.pushes.wait()
    assert receiver.received == []
    people.rename("outside", "watched/inside")
    people.rename("watched/inside", "outside")
    personal.emulator.pushes.wait()
    assert len(receiver.received) == 2


def test_folder_of_a_business_drive(business: Client, hook: str) -> None:
    """Of a business drive only the root can be watched."""
    business.emulator.people.mkdir("folder")
    folder = business.emulator.people.entry("folder").id
    subscribe(business, hook, 400, resource=f"/drives/{business.emulator.drive.id}/items/{folder}")
    subscribe(business, hook, resource=f"/drives/{business.emulator.drive.id}/root")


def test_renew_and_end(c: Client, hook: str, receiver: Receiver) -> None:
    """A subscription ends at its time unless it is renewed, and at once when deleted."""
    first, second = subscribe(c, hook), subscribe(c, hook)
    path = f"{c.url}/v1.0/subscriptions/{first['id']}"
    later = facets.stamp(c.emulator.now() + 7200)
    assert (
        c("PATCH", path, json={"expirationDateTime": later}).json()["expirationDateTime"] == later
    )
    too_long = facets.stamp(c.emulator.now() + LONGEST + 60)
    c("PATCH", path, 400, json={"expirationDateTime": too_long})
    c.emulator.ahead += 3700
    c.sign_in()
    assert [each["id"] for each in c.get(f"{c.url}/v1.0/subscriptions")["value"]] == [first["id"]]
    c("GET", f"{c.url}/v1.0/subscriptions/{second['id']}", 404)
    c("DELETE", path, 204)
    c("DELETE", path, 404)
    c.emulator.people.write("file", b"")
    c.emulator.pushes.wait()
    assert receiver.received == []


def test_lost_and_repeated(c: Client, hook: str, receiver: Receiver) -> None:
    """Notifications get lost, or come several times."""
    subscribe(c, hook)
    c.emulator.pushes.lost = 1
    c.emulator.people.write("file", b"1")
    c.emulator.pushes.wait()
    assert receiver.received == []
    c.emulator.pushes.repeats = 2
    c.emulator.people.write("file", b"2")
    c.emulator.pushes.wait()
    assert len(receiver.received) == 3


def test_retried(c: Client, hook: str, receiver: Receiver) -> None:
    """A notification that was not answered with 2xx is sent again, for some time."""
    subscribe(c, hook)
    receiver.answer = 500
    c.emulator.people.write("file", b"1")
    c.emulator.pushes.wait()
    assert c.emulator.pushes.sent == [500] * c.emulator.pushes.attempts
    receiver.answer = 200
    c.emulator.people.write("file", b"2")
    c.emulator.pushes.wait()
    assert c.emulator.pushes.sent[-1] == 200


@pytest.mark.parametrize("way", ["renew", "reauthorize"])
def test_reauthorization(c: Client, hook: str, receiver: Receiver, way: str) -> None:
    """reauthorizationRequired goes to its own address; until it is heeded nothing is notified."""
    made = subscribe(c, hook, lifecycleNotificationUrl=f"{hook}/life")
    assert receiver.validations == 2
    c.bare("POST", "/_control/reauthorize", 204, json={"subscription": made["id"]})
    c.emulator.pushes.wait()
    (heard,) = receiver.received
    assert (heard["path"], heard["lifecycleEvent"]) == ("/life", "reauthorizationRequired")
    assert (heard["subscriptionId"], heard["clientState"]) == (made["id"], "a secret")
    c.emulator.people.write("file", b"1")
    c.emulator.pushes.wait()
    assert len(receiver.received) == 1
    path = f"{c.url}/v1.0/subscriptions/{made['id']}"
    if way == "renew":
        later = facets.stamp(c.emulator.now() + 7200)
        c("PATCH", path, json={"expirationDateTime": later})
    else:
        c("POST", f"{path}/reauthorize")
    c.emulator.people.write("file", b"2")
    c.emulator.pushes.wait()
    assert receiver.received[-1]["path"] == "/hook"
