"""The client, and a deployment on this machine that answers what a test wants."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from syncoxiders.api.client import Client
from tests.emulators.serving import Emulator, Request, Response, Server

TOKEN = "t0ken-of-a-login"  # noqa: S105 -- of no real deployment
PREFIX = "/api/v1"


class Deployment(Emulator):
    """Answers by what was ``said`` for a request; ``requests`` are those that came in."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[Request] = []
        self.waits: list[float] = []
        self.url = ""

    def say(self, method: str, path: str, body: Any = None, status: int = 200) -> None:
        """Answer a request so, each time; a list of answers is given one by one."""
        answers = list(body) if isinstance(body, list) else None

        def answer(request: Request, **_: str) -> Response:
            self.requests.append(request)
            found = body if answers is None else answers.pop(0)
            if isinstance(found, Response):
                return found
            return Response(status, b"" if found is None else found)

        place = path if path.startswith("/auth/") else f"{PREFIX}{path}"
        self.routes.add(method, place, answer)

    def handled(self) -> list[str]:
        """Return what was asked, without the prefix."""
        return [each.replace(PREFIX, "") for each in self.calls]

    def client(self, token: str = TOKEN, **more: Any) -> Client:
        return Client(self.url, token, sleep=self.waits.append, **more)


def problem(status: int, code: str, detail: str = "", **more: Any) -> Response:
    body = {"type": f"x:{code}", "title": code, "status": status, "code": code, "detail": detail}
    answer = Response(status, {**body, **more})
    answer.headers["Content-Type"] = "application/problem+json"
    return answer


@pytest.fixture
def there() -> Iterator[Deployment]:
    deployment = Deployment()
    with Server(deployment) as server:
        deployment.url = server.url
        yield deployment


@pytest.fixture
def client(there: Deployment) -> Iterator[Client]:
    with there.client() as client:
        yield client


@pytest.fixture
def closing() -> Iterator[Callable[[Client], Client]]:
    """Close what a test has made."""
    made: list[Client] = []

    def keep(client: Client) -> Client:
        made.append(client)
        return client

    yield keep
    for each in made:
        each.close()
