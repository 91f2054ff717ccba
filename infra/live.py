"""Live updates: a WebSocket API, and who may speak on its connections."""

from collections.abc import Iterable

from aws_cdk import CfnParameter, Duration, Stack, Tags
from aws_cdk import aws_apigatewayv2 as gateway
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.code import Code, Function
from infra.places import LOCAL_LIVE
from infra.state import State

STAGE = "live"


class Live(Construct):
    """Who is logged in to the API gets a ticket there that opens one connection here."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        code: Code,
        state: State,
        speakers: Iterable[Function],
    ) -> None:
        super().__init__(scope, construct_id)
        self.function = Function(
            self,
            "Live",
            code=code,
            timeout=Duration.seconds(10),
            memory=512,
            description="Lets in who listens to what is new, and forgets who has gone",
        )
        state.control.grant(
            self.function.role,
            "dynamodb:BatchGetItem",
            "dynamodb:PutItem",
            "dynamodb:DeleteItem",
        )
        # A message to us keeps a connection open that would else be closed after ten minutes.
        route = gateway.WebSocketRouteOptions(
            integration=integrations.WebSocketLambdaIntegration("Live", self.function.function)
        )
        self.api = gateway.WebSocketApi(
            self,
            "Api",
            description=f"What is new, for people who use {Stack.of(self).stack_name}",
            connect_route_options=route,
            disconnect_route_options=route,
            default_route_options=route,
        )
        self.stage = gateway.WebSocketStage(
            self,
            "Stage",
            web_socket_api=self.api,
            stage_name=STAGE,
            auto_deploy=True,
            throttle=gateway.ThrottleSettings(rate_limit=20, burst_limit=40),
        )
        connections = Stack.of(self).format_arn(
            service="execute-api",
            resource=self.api.api_id,
            resource_name=f"{STAGE}/POST/@connections/*",
        )
        for function in speakers:
            function.allow(
                iam.PolicyStatement(
                    actions=["execute-api:ManageConnections"], resources=[connections]
                )
            )
        self.url = self._local_url() if code.settings.local else self.stage.url

    def _local_url(self) -> str:
        """Let an emulator's address be given when deploying: the API's own is only a name there."""
        Tags.of(self.api).add("ms-custom-id", LOCAL_LIVE)
        parameter = CfnParameter(
            self, "LocalLive", description="Where the emulator has live updates"
        )
        parameter.override_logical_id("LocalLive")
        return parameter.value_as_string
