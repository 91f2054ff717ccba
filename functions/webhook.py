"""Hears pushes: requests from API Gateway (payload 2.0), and S3's events from EventBridge."""

import base64
import binascii
import urllib.parse
from http import HTTPStatus

import msgspec

from syncoxiders.adapters.providers.s3.events import around, touched
from syncoxiders.cloud.app import app, prepare
from syncoxiders.cloud.handling import Context, Event, count, function, logger
from syncoxiders.engine.pipeline.hear import Reply, Request
from syncoxiders.ports.push import Forged


@function
def handler(event: Event, context: Context) -> Event:
    """Take a push or an event."""
    del context
    return _objects(event) if "detail-type" in event else _push(msgspec.convert(event, _Called))


class _Method(msgspec.Struct):
    method: str


class _Context(msgspec.Struct):
    http: _Method


class _Called(msgspec.Struct, rename="camel"):
    """What is used of a request, as API Gateway hands it over in its format 2.0.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    (The typed events of Powertools take 40 ms to import, of the few that a push may take.)
    """

    raw_path: str
    request_context: _Context
    raw_query_string: str = ""
    headers: dict[str, str] = {}
    body: str | None = None
    is_base64_encoded: bool = msgspec.field(default=False, name="isBase64Encoded")


def _push(event: _Called) -> Event:
    try:
        reply = app().ear.hear(_request(event))
    except (binascii.Error, UnicodeError):
        reply = Reply(HTTPStatus.BAD_REQUEST, "malformed", "the body is not what it says it is\n")
    count(f"Push{reply.outcome.capitalize()}")
    logger.info("push", extra={"path": event.raw_path, "outcome": reply.outcome})
    return {"statusCode": reply.status, "headers": dict(reply.headers), "body": reply.body}


def _request(event: _Called) -> Request:
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
        return {"accounts": 0}
    accounts = app().ear.touched("s3", around(touches))
    count("PushHeard")
    return {"accounts": accounts}


prepare()
