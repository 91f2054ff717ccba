"""The API in memory as a client reaches it: requests become events, and answers responses."""

import base64

import httpx

from syncoxiders.cloud.web.service import Web
from tests.functions.stage import Context, request


class Transport(httpx.BaseTransport):
    """Takes requests to an API in memory; ``asked`` are their methods and paths."""

    def __init__(self, web: Web) -> None:
        self._web = web
        self.asked: list[str] = []

    def handle_request(self, sent: httpx.Request) -> httpx.Response:
        self.asked.append(f"{sent.method} {sent.url.path}")
        event = request(
            sent.url.path,
            method=sent.method,
            query=sent.url.query.decode(),
            headers=dict(sent.headers),
            body=sent.read() or None,
        )
        answer = self._web.resolve(event, Context())
        body = answer["body"] or ""
        content = base64.b64decode(body) if answer["isBase64Encoded"] else body.encode()
        headers = {name: str(value) for name, value in answer["headers"].items()}
        return httpx.Response(answer["statusCode"], headers=headers, content=content)
