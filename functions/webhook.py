"""Hears pushes: requests from API Gateway (payload 2.0), and S3's events from EventBridge."""

import base64
import binascii
import urllib.parse
from http import HTTPStatus

import msgspec
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from syncoxiders.adapters.providers.s3.events import touched
from syncoxiders.cloud.app import app
from syncoxiders.cloud.handling import Context, Event, count, function, logger
from syncoxiders.engine.pipeline.hear import Reply, Request
from syncoxiders.ports.push import Forged


@function
def handler(event: Event, context: Context) -> Event:
    """Take a push or an event."""
    del context
    return _objects(event) if "detail-type" in event else _push(APIGatewayProxyEventV2(event))


def _push(event: APIGatewayProxyEventV2) -> Event:
    try:
        reply = app().ear.hear(_request(event))
    except (binascii.Error, UnicodeError):
        reply = Reply(HTTPStatus.BAD_REQUEST, "malformed", "the body is not what it says it is\n")
    count(f"Push{reply.outcome.capitalize()}")
    logger.info("push", extra={"path": event.raw_path, "outcome": reply.outcome})
    return {"statusCode": reply.status, "headers": dict(reply.headers), "body": reply.body}


def _request(event: APIGatewayProxyEventV2) -> Request:
    body = event.body or ""
    encoded = event.is_base64_encoded
    query = urllib.parse.parse_qsl(event.raw_query_string, keep_blank_values=True)
    return Request(
        method=event.request_context.http.method,
        path=event.raw_path,
        query=dict(query),
        headers={name.lower(): value for name, value in event.headers.items()},
        body=base64.b64decode(body, validate=True) if encoded else body.encode(),
    )


def _objects(event: Event) -> Event:
    try:
        touches = touched(msgspec.json.encode(event))
    except Forged as error:
        count("PushForged")
        logger.warning("event", extra={"text": str(error)})
        return {"hints": 0}
    hints = app().ear.called("s3", sorted({each.bucket for each in touches}))
    count("PushHeard")
    return {"hints": hints}
