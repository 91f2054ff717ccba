"""A deployment in memory that does what it is asked for, and its API."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Router

from syncoxiders.cloud.web.service import Web
from tests.engine.deployed import Deployed
from tests.functions.stage import Stage
from tests.web.conftest import Answer, Api

Make = Callable[[Web], Router]


@dataclass
class Office:
    """A world with accounts ``a`` and ``b`` of ``me``, and routes; it has no sync yet."""

    routes: tuple[Make, ...]
    world: Deployed = field(default_factory=Deployed)

    def __post_init__(self) -> None:
        world = self.world
        world.registry.remove_sync("me", world.settings.id)
        stage = Stage()
        stage.app.clock = world.clock
        vars(stage.app).update(
            registry=world.registry,
            states=world.pipeline.states,
            polls=world.polls,
            merges=world.merges,
            applies=world.applies,
            pipeline=world.pipeline,
        )
        self.api = Api(stage, *self.routes)

    def ask(self, method: str, path: str, body: object = None, **more: Any) -> Answer:
        """Send a request, which comes a second after the last one."""
        self.world.clock.advance(1.0)
        return self.api.ask(method, path, body, **more)

    def get(self, path: str, **more: Any) -> Any:
        """Return what is answered; it has to be 200."""
        answer = self.ask("GET", path, **more)
        assert answer.status == 200, answer
        return answer.json

    def make(self, name: str = "photos", **more: Any) -> Answer:
        """Make a sync of both accounts."""
        asked = {"name": name, "endpoints": [{"account": "a"}, {"account": "b"}], "rule": {}}
        return self.ask("POST", "/syncs", {**asked, **more})

    def settle(self) -> None:
        """Have what was asked for done; the settings are read anew by all functions."""
        self.world.settle()
