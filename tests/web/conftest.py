"""The API with adapters in memory, asked as a browser or a program asks it."""

import json
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from aws_lambda_powertools.event_handler.api_gateway import Router

from syncoxiders.cloud.people import login_link
from syncoxiders.cloud.web.callers import Caller
from syncoxiders.cloud.web.everything import everything
from syncoxiders.cloud.web.gates import SessionGate
from syncoxiders.cloud.web.service import Web
from tests.functions.stage import Context, Stage, request


@dataclass
class Answer:
    """A response."""

    status: int
    headers: dict[str, str]
    body: str
    cookies: list[str] = field(default_factory=list)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class OpenGate:
    """Lets in whoever says who they are: ``Bearer NAME``."""

    login: Literal["oidc", "once"] = "once"

    def caller(self, headers: Mapping[str, str], method: str) -> Caller | None:
        del method
        name = headers.get("authorization", "").removeprefix("Bearer ")
        return Caller(name, email=f"{name}@example.com", admin=name == "me") if name else None


class Api:
    """The API of a deployment in memory, with some of its routes."""

    def __init__(self, stage: Stage, *routes: Callable[[Web], Router]) -> None:
        self.stage = stage
        self.web = Web(stage.app, OpenGate())
        self.web.include(*routes)

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        who: str = "me",
        query: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request; ``who`` may be ``""`` for nobody."""
        sent = {"content-type": "application/json", **(headers or {})}
        if who:
            sent["authorization"] = f"Bearer {who}"
        event = request(
            f"/api/v1{path}",
            method=method,
            query=query,
            headers=sent,
            body=None if body is None else json.dumps(body).encode(),
        )
        return self.send(event)

    def send(self, event: dict[str, Any]) -> Answer:
        """Send a request as it is."""
        answer = self.web.resolve(event, Context())
        headers = {name.lower(): str(value) for name, value in answer["headers"].items()}
        return Answer(answer["statusCode"], headers, answer["body"])


class Browser:
    """A browser at the whole API: it keeps cookies, and goes nowhere by itself."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.web = everything(Web(stage.app, SessionGate(stage.app.sessions, stage.app.settings)))
        self.cookies: dict[str, str] = {}

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        console: bool = True,
        source: str = "192.0.2.1",
    ) -> Answer:
        """Send a request; ``console`` if by the console's own pages."""
        sent = dict(headers or {})
        data = None
        if body is not None:
            sent["content-type"], data = "application/json", json.dumps(body).encode()
        elif form is not None:
            sent["content-type"] = "application/x-www-form-urlencoded"
            data = urllib.parse.urlencode(form).encode()
        if console:
            sent["x-syncoxiders"] = "console"
        address = urllib.parse.urlsplit(path)
        event = request(address.path, method=method, query=address.query, headers=sent, body=data)
        event["requestContext"]["http"]["sourceIp"] = source
        if self.cookies:
            event["cookies"] = [f"{name}={value}" for name, value in self.cookies.items()]
        answer = self.web.resolve(event, Context())
        for each in answer["cookies"]:
            name, _, rest = each.partition("=")
            value = rest.partition(";")[0]
            self.cookies.pop(name, None)
            if value:
                self.cookies[name] = value
        got = {name.lower(): str(value) for name, value in answer["headers"].items()}
        return Answer(answer["statusCode"], got, answer["body"], answer["cookies"])

    def log_in(self) -> None:
        """Log in by a link that works once, as who deploys."""
        code = login_link(self.stage.app).partition("code=")[2]
        answer = self.ask("POST", "/auth/once", form={"code": code})
        assert answer.status == 303


@pytest.fixture
def browser(stage: Stage) -> Browser:
    return Browser(stage)


@pytest.fixture
def stage() -> Stage:
    return Stage()
