"""What people and their programs speak to: the API, and the console that is given out beside it.

Both are on the HTTP API that pushes arrive at. So a browser has one origin to deal with: the
session's cookie is of the same site, no page of another origin may read an answer, and there is no
CORS to be set right.
"""

from aws_cdk import Duration
from aws_cdk import aws_apigatewayv2 as http
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.code import Code, Function
from infra.index import ROOM
from infra.ingress import Ingress
from infra.people import People
from infra.pipeline import Lines
from infra.state import READ, WRITE, Secrets, State

_ANY = (http.HttpMethod.ANY,)
_SHOWN = (http.HttpMethod.GET, http.HttpMethod.HEAD)

ROUTES = {
    "api": (
        ("/api/{proxy+}", _ANY),
        ("/auth/{proxy+}", _ANY),
        ("/oauth/callback", (http.HttpMethod.GET,)),
    ),
    "console": (("/", _SHOWN), ("/{proxy+}", _SHOWN)),
}
"""What a more specific route has is not the console's: pushes and the API come first."""


class Front(Construct):
    """The functions api and console, and what is routed to them."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        code: Code,
        state: State,
        secrets: Secrets,
        lines: Lines,
        ingress: Ingress,
        people: People | None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.api = Function(
            self,
            "Api",
            code=code,
            timeout=Duration.seconds(29),  # a second less than the gateway's
            memory=1024,  # mostly for its share of a processor: people wait
            room=ROOM,
            description="Answers the console and people's programs",
        )
        # Of what is held of a sync it writes how a person has decided a conflict, and removes all.
        for table in (state.control, state.journal, state.tree):
            table.grant(self.api.role, *READ, *WRITE)
        self.api.allow(*secrets.refreshing())
        lines.poll.sent_by(self.api)
        lines.merge.sent_by(self.api)
        self.console = Function(
            self,
            "Console",
            code=code,
            timeout=Duration.seconds(10),
            memory=512,
            description="Gives out the console's files",
        )
        functions = {"api": self.api, "console": self.console}
        for name, function in functions.items():
            answer = integrations.HttpLambdaIntegration(name.capitalize(), function.function)
            for path, methods in ROUTES[name]:
                ingress.api.add_routes(path=path, methods=list(methods), integration=answer)
        self._tell("URL", ingress.url)
        for name, value in ingress.local.items():
            self._tell(name, value)
        if people is not None:
            for name, value in people.told.items():
                self._tell(name, value)
            if people.pool is not None:
                self.api.allow(
                    iam.PolicyStatement(
                        actions=["cognito-idp:AdminCreateUser", "cognito-idp:AdminDeleteUser"],
                        resources=[people.pool.user_pool_arn],
                    )
                )

    def _tell(self, name: str, value: str) -> None:
        if value:
            self.api.function.add_environment(f"SYNCOXIDERS_{name}", value)
