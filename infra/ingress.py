"""Where pushes arrive, and everything else that comes by HTTP."""

import json

from aws_cdk import CfnParameter, Duration, RemovalPolicy, Stack, Tags
from aws_cdk import aws_apigatewayv2 as http
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.code import Code, Function
from infra.pipeline import Lines
from infra.places import LOCAL_API
from infra.state import READ, Secrets, State

PROVIDERS = ("drive", "dropbox", "onedrive")

LOGGED = {
    "time": "$context.requestTime",
    "id": "$context.requestId",
    "ip": "$context.identity.sourceIp",
    "route": "$context.routeKey",
    "status": "$context.status",
    "bytes": "$context.responseLength",
    "trouble": "$context.integrationErrorMessage",
}


class Ingress(Construct):
    """The webhook. Whoever calls it is known by the provider's signature, channel or token."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        code: Code,
        state: State,
        secrets: Secrets,
        lines: Lines,
    ) -> None:
        super().__init__(scope, construct_id)
        # It takes milliseconds; whoever pushes gives up after 3 to 10 seconds and comes again. The
        # time is for a state that is slow to answer: a hint that was counted is worth it.
        self.webhook = Function(
            self,
            "Webhook",
            code=code,
            timeout=Duration.seconds(29),
            memory=512,
            description="Verifies a push, counts it on its account, asks for a look",
        )
        # It counts, and notes of a channel that it is about to end.
        state.control.grant(self.webhook.role, *READ, "dynamodb:PutItem", "dynamodb:UpdateItem")
        # Dropbox signs with the app's secret.
        self.webhook.allow(*secrets.reading("app_2f"))
        lines.poll.sent_by(self.webhook)
        self.api = self._api()
        self.url, self.local = self.api.api_endpoint, dict[str, str]()
        if code.settings.local:
            self._be_local()

    def _api(self) -> http.HttpApi:
        api = http.HttpApi(
            self,
            "Api",
            description=f"API and console of {Stack.of(self).stack_name}, and pushes of providers",
            create_default_stage=False,
        )
        log = logs.LogGroup(
            self,
            "Log",
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.DESTROY,
        )
        http.CfnStage(
            self,
            "Stage",
            api_id=api.api_id,
            stage_name="$default",
            auto_deploy=True,
            # Providers send a push again that was turned away, and one is as good as many.
            default_route_settings=http.CfnStage.RouteSettingsProperty(
                throttling_rate_limit=50, throttling_burst_limit=100
            ),
            # No query: Graph sends its validation token there.
            access_log_settings=http.CfnStage.AccessLogSettingsProperty(
                destination_arn=log.log_group_arn, format=json.dumps(LOGGED)
            ),
        )
        answer = integrations.HttpLambdaIntegration("Webhook", self.webhook.function)
        for provider in PROVIDERS:
            api.add_routes(
                path=f"/push/{provider}",
                methods=[http.HttpMethod.GET, http.HttpMethod.POST],
                integration=answer,
            )
        return api

    def _be_local(self) -> None:
        """Let an emulator's address be given when deploying: the API's own is only a name there.

        So is where browsers find the console, and below which folder accounts may be folders.
        """
        Tags.of(self.api).add("ms-custom-id", LOCAL_API)
        self.url = self._given("LocalUrl", "Where the emulator has the API")
        self.local = {
            "CONSOLE": self._given("LocalConsole", "Where browsers find the console"),
            "FOLDERS": self._given("LocalFolders", "Below which folder accounts may be folders"),
        }

    def _given(self, name: str, description: str) -> str:
        parameter = CfnParameter(self, name, description=description, default="")
        parameter.override_logical_id(name)
        return parameter.value_as_string
