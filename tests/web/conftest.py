"""The API with adapters in memory, asked as a browser or a program asks it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from aws_lambda_powertools.event_handler.api_gateway import Router

from syncoxiders.cloud.web.callers import Caller
from syncoxiders.cloud.web.service import Web
from tests.functions.stage import Context, Stage, request


@dataclass
class Answer:
    """A response."""

    status: int
    headers: dict[str, str]
    body: str

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
        answer = self.web.resolve(event, Context())
        headers_ = {name.lower(): str(value) for name, value in answer["headers"].items()}
        return Answer(answer["statusCode"], headers_, answer["body"])


@pytest.fixture
def stage() -> Stage:
    return Stage()
