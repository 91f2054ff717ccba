"""Hearing of what is new: over a WebSocket, and by asking."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice

import pytest
from websockets.sync.server import Server as Sockets
from websockets.sync.server import ServerConnection, serve

from syncoxiders.api.client import Client
from syncoxiders.api.errors import ApiError
from syncoxiders.api.live import OFTEN, Connection, Updates, connect
from syncoxiders.api.shapes.live import Hint
from syncoxiders.ports.errors import Unreachable
from tests.api.conftest import Deployment, problem

TICKET = "t1cket"


class Wire:
    """A connection that a test speaks on; ``now`` goes on when nothing is said."""

    def __init__(self, *said: object) -> None:
        self.said = list(said)
        self.time = 0.0
        self.closed = False
        self.opened: list[str] = []

    def now(self) -> float:
        return self.time

    @contextmanager
    def open(self, url: str) -> Iterator[Connection]:
        self.opened.append(url)
        yield self
        self.closed = True

    def recv(self, timeout: float | None = None) -> str:
        said = self.said.pop(0) if self.said else None
        if said is None:
            self.time += timeout or 0.0
            raise TimeoutError
        if isinstance(said, BaseException):
            raise said
        return str(said)


def ticket(there: Deployment, url: str = f"wss://a.example/live?ticket={TICKET}") -> None:
    there.say("POST", "/live", {"url": url, "expires_at": "2027-01-01T00:00:00Z"}, 201)


def heard(there: Deployment, wire: Wire, count: int) -> list[Hint | None]:
    with there.client() as client:
        updates = Updates(client, open_=wire.open, now=wire.now)
        return list(islice(updates.hints(threading.Event()), count))


def test_hints(there: Deployment) -> None:
    """What is said is heard; what is of another version is not."""
    ticket(there)
    wire = Wire('{"type":"sync","name":"photos","new":1}', "?", "[]", '{"type":"odd"}')
    assert heard(there, wire, 3) == [None, Hint(type="sync", name="photos"), Hint(type="odd")]
    assert wire.opened == [f"wss://a.example/live?ticket={TICKET}"]
    assert wire.closed


def test_now_and_then(there: Deployment) -> None:
    """With a connection everything is asked for every half minute."""
    ticket(there)
    wire = Wire()
    assert heard(there, wire, 3) == [None, None, None]
    assert wire.time == pytest.approx(60.0, abs=1.0)
    assert len(wire.opened) == 1


def test_lost(there: Deployment) -> None:
    """When a connection is lost everything is asked for at once, then often until the next one."""
    ticket(there)
    wire = Wire(ConnectionResetError())
    waited: list[float] = []

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waited.append(timeout or 0.0)
            wire.time += timeout or 0.0
            return False

    with there.client() as client:
        hints = Updates(client, open_=wire.open, now=wire.now).hints(Stop())
        assert [next(hints), next(hints)] == [None, None]
        assert waited == []
        assert next(hints) is None
        assert sum(waited) == pytest.approx(OFTEN)
        assert [next(hints), next(hints)] == [None, None]
    assert len(wire.opened) == 2


def test_none(there: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a deployment without live updates no ticket is asked again."""
    monkeypatch.setattr("syncoxiders.api.live.OFTEN", 0.0)
    monkeypatch.setattr("syncoxiders.api.live._AGAIN", (0.0, 0.0))
    there.say("POST", "/live", problem(404, "no-such-address"))
    assert heard(there, Wire(), 5) == [None] * 5
    assert there.handled() == ["POST /live"]


def test_ended(there: Deployment) -> None:
    """When the login has ended that is told."""
    there.say("POST", "/live", problem(401, "not-logged-in"))
    with pytest.raises(ApiError):
        heard(there, Wire(), 1)


@pytest.fixture
def sockets() -> Iterator[Callable[[Callable[[ServerConnection], None]], str]]:
    servers: list[Sockets] = []
    threads: list[threading.Thread] = []

    def start(handler: Callable[[ServerConnection], None]) -> str:
        server = serve(handler, "127.0.0.1", 0)
        servers.append(server)
        threads.append(threading.Thread(target=server.serve_forever))
        threads[-1].start()
        return f"ws://127.0.0.1:{server.socket.getsockname()[1]}/?ticket={TICKET}"

    yield start
    for server in servers:
        server.shutdown()
    for thread in threads:
        thread.join()


def test_real(there: Deployment, client: Client, sockets: Callable[..., str]) -> None:
    """A real connection brings hints, and is closed in the end."""
    over = threading.Event()

    def speak(connection: ServerConnection) -> None:
        connection.send('{"type":"plan","name":"photos"}')
        for _ in connection:
            raise AssertionError
        over.set()

    ticket(there, sockets(speak))
    stop = threading.Event()
    hints = Updates(client).hints(stop)
    assert [next(hints), next(hints)] == [None, Hint(type="plan", name="photos")]
    stop.set()
    assert list(hints) == []
    assert over.wait(5.0)


@pytest.mark.parametrize("url", ["ws://a.example/?t=", "https://a.example/?t=", "nonsense?t="])
def test_not_safe(url: str) -> None:
    """A ticket is sent by TLS only, but on this machine."""
    with pytest.raises(Unreachable) as caught, connect(url + TICKET):
        pass
    assert TICKET not in str(caught.value)


def test_refused(there: Deployment) -> None:
    """Where a connection is refused the ticket is in no text."""
    url = there.url.replace("http", "ws")  # where HTTP is spoken, and no WebSocket
    with pytest.raises(Unreachable) as caught, connect(f"{url}/?ticket={TICKET}"):
        pass
    assert TICKET not in str(caught.value)
    assert caught.value.__suppress_context__
