"""Opens and closes the connections of live updates: events of a WebSocket API."""

from http import HTTPStatus

import msgspec

from syncoxiders.cloud.app import app, prepare
from syncoxiders.cloud.handling import Context, Event, function, logger, told, traced
from syncoxiders.engine.desk.live import begin
from syncoxiders.ports.errors import StateUnavailable


class _Context(msgspec.Struct, rename="camel"):
    route_key: str
    connection_id: str


class _Called(msgspec.Struct, rename="camel"):
    """What is used of a connection's event.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-keys-connect-disconnect.html
    """

    request_context: _Context
    query_string_parameters: dict[str, str] | None = None


@traced
@function
def handler(event: Event, context: Context) -> Event:
    """Let in who brings a ticket, and forget who has gone; what is said to us is nothing."""
    del context
    called = msgspec.convert(event, _Called)
    connection = called.request_context.connection_id
    status = HTTPStatus.OK
    match called.request_context.route_key:
        case "$connect":
            status = _opened((called.query_string_parameters or {}).get("ticket", ""), connection)
        case "$disconnect":
            _closed(connection)
    return {"statusCode": int(status)}


def _opened(word: str, connection: str) -> HTTPStatus:
    try:
        known = begin(app().listeners, word, connection, app().clock.now())
    except StateUnavailable as error:
        logger.warning("who brings this ticket is not known now", extra=told(error))
        return HTTPStatus.SERVICE_UNAVAILABLE
    return HTTPStatus.OK if known else HTTPStatus.UNAUTHORIZED


def _closed(connection: str) -> None:
    try:
        app().listeners.remove(connection)
    except StateUnavailable as error:  # whoever speaks there next will forget it
        logger.warning("a connection was not forgotten", extra=told(error))


prepare()
