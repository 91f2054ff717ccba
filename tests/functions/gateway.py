"""API Gateway before the webhook: what emulated vendors push to."""

import httpx

import functions.webhook
from tests.emulators.serving import Emulator, Request, Response
from tests.functions.stage import Context, request


class Gateway(Emulator):
    """API Gateway before the webhook: requests become events, and answers responses."""

    def handle(self, request_: Request) -> Response:
        query = str(httpx.QueryParams(dict(request_.query)))
        answer = functions.webhook.handler(
            request(
                request_.path,
                method=request_.method,
                query=query,
                headers=request_.headers,
                body=request_.body or None,
            ),
            Context(),
        )
        body = answer["body"].encode()
        return Response(answer["statusCode"], body, dict(answer["headers"]))
