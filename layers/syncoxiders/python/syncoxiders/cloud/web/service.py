"""The API as a whole: routes, who may call them, and what becomes of errors."""

import base64
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import msgspec
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from syncoxiders.cloud.app import App
from syncoxiders.cloud.handling import logger, told
from syncoxiders.cloud.web.callers import Caller, Gate
from syncoxiders.cloud.web.problems import MEDIA, Refusal, declined
from syncoxiders.engine.desk.declined import Declined
from syncoxiders.ports.errors import StateUnavailable

PREFIX = "/api/v1"

PUBLIC = frozenset({"GET /api/v1/deployment"})
"""What may be asked by anybody."""


class Web:
    """What routes work with: the deployment, and who asks."""

    def __init__(self, app: App, gate: Gate) -> None:
        self.app = app
        self.gate = gate
        self.resolver = APIGatewayHttpResolver(
            enable_validation=True,
            response_validation_error_http_code=HTTPStatus.INTERNAL_SERVER_ERROR,
            serializer=lambda value: msgspec.json.encode(value).decode(),
        )
        self.resolver.exception_handler(Refusal)(self._refused)
        self.resolver.exception_handler(Declined)(lambda error: self._refused(declined(error)))
        self.resolver.exception_handler(RequestValidationError)(self._invalid)
        self.resolver.exception_handler(StateUnavailable)(self._unavailable)
        self.resolver.exception_handler(Exception)(self._failed)
        self.resolver.not_found()(self._missing)

    @property
    def caller(self) -> Caller:
        """Who makes the request that is being answered."""
        found: Caller = self.resolver.context["caller"]
        return found

    @property
    def owner(self) -> str:
        """Whose things the request is about."""
        return self.caller.owner

    @property
    def method(self) -> str:
        """The request's method."""
        return self.resolver.current_event.http_method.upper()

    @property
    def path(self) -> str:
        """The request's path."""
        return self.resolver.current_event.path

    @property
    def body(self) -> bytes:
        """The request's body as it came."""
        event = self.resolver.current_event
        body = event.body or ""
        return base64.b64decode(body) if event.is_base64_encoded else body.encode()

    def header(self, name: str) -> str | None:
        """Return a header of the request, None if it has none of this name (in lower case)."""
        found: str | None = self.resolver.current_event.headers.get(name)
        return found

    def include(self, *makers: Callable[["Web"], Router]) -> None:
        """Add groups of routes."""
        for make in makers:
            self.resolver.include_router(make(self), prefix=PREFIX)

    def resolve(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """Answer a request. Who asks is known before what is asked is looked at."""
        try:
            caller = self._known(event)
        except Refusal as refusal:
            return _sent(self._refused(refusal))
        except StateUnavailable as error:
            return _sent(self._unavailable(error))
        self.resolver.context["caller"] = caller
        return self.resolver.resolve(event, context)

    def _known(self, event: dict[str, Any]) -> Caller | None:
        """Return who asks; None where anybody may. Raises Refusal, StateUnavailable."""
        method: str = event["requestContext"]["http"]["method"]
        if f"{method} {event['rawPath']}" in PUBLIC:
            return None
        headers = {name.lower(): value for name, value in event.get("headers", {}).items()}
        caller = self.gate.caller(headers, method)
        if caller is None:
            raise Refusal(
                HTTPStatus.UNAUTHORIZED,
                "not-logged-in",
                "nobody is logged in, or the login has ended",
                mend="log in again",
            )
        return caller

    def _refused(self, refusal: Refusal) -> Response[str]:
        problem = refusal.problem
        body = msgspec.json.encode({k: v for k, v in msgspec.to_builtins(problem).items() if v})
        return Response(problem.status, MEDIA, body.decode())

    def _invalid(self, error: RequestValidationError) -> Response[str]:
        # What was sent may be a secret: only where it is wrong, and how, is told.
        fields = {
            ".".join(str(part) for part in each["loc"]): str(each.get("msg") or each["type"])
            for each in error.errors()
        }
        return self._refused(
            Refusal(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "invalid",
                "; ".join(f"{where}: {what}" for where, what in fields.items()),
                fields=fields,
            )
        )

    def _unavailable(self, error: StateUnavailable) -> Response[str]:
        logger.warning("the state is not available", extra=told(error))
        return self._refused(
            Refusal(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "unavailable",
                "the tables cannot be used now; nothing was changed",
                mend="try again in some seconds",
            )
        )

    def _missing(self, error: NotFoundError) -> Response[str]:
        del error
        return self._refused(
            Refusal(HTTPStatus.NOT_FOUND, "no-such-address", "there is nothing at this address")
        )

    def _failed(self, error: Exception) -> Response[str]:
        logger.error("a request failed", extra=told(error))
        return self._refused(
            Refusal(
                HTTPStatus.INTERNAL_SERVER_ERROR,
                "failed",
                "something went wrong here; the function's log says what",
                mend="try again; if it stays so, report it with the time",
            )
        )


def new_router() -> Router:
    """Return a group of routes, as yet without any."""
    router: Router = Router()  # type: ignore[no-untyped-call]  # Powertools does not type it
    return router


def _sent(response: Response[str]) -> dict[str, Any]:
    """Return a response as API Gateway takes it."""
    return {
        "statusCode": response.status_code,
        "headers": {"content-type": response.content_type},
        "body": response.body,
        "isBase64Encoded": False,
    }
