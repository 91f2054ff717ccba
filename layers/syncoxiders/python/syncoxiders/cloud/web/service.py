"""The API as a whole: routes, who may call them, and what becomes of errors."""

import time
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from syncoxiders.cloud.app import App
from syncoxiders.cloud.handling import logger, told
from syncoxiders.cloud.web import requests
from syncoxiders.cloud.web.callers import Caller, Gate
from syncoxiders.cloud.web.guards import guarded
from syncoxiders.cloud.web.problems import MEDIA, Refusal, conflicting, declined
from syncoxiders.cloud.web.requests import Request
from syncoxiders.engine.desk.declined import Declined
from syncoxiders.ports.errors import AccountError, ProviderError, StateUnavailable, SyncError

PREFIX = "/api/v1"

PUBLIC = frozenset(
    {
        "GET /api/v1/deployment",
        "GET /api/v1/openapi.json",
        "POST /api/v1/devices",
        "POST /api/v1/tokens",
    }
)
"""What may be asked by anybody."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""What the log knows of: a method is whatever somebody writes."""


class Web:
    """What routes work with: the deployment, and who asks."""

    def __init__(self, app: App, gate: Gate) -> None:
        self.app = app
        self.gate = gate
        self.resolver = APIGatewayHttpResolver(
            enable_validation=True,
            response_validation_error_http_code=HTTPStatus.INTERNAL_SERVER_ERROR,
            serializer=lambda value: msgspec.json.encode(value).decode(),
            json_body_deserializer=msgspec.json.decode,
        )
        self.resolver.exception_handler(Refusal)(self._refused)
        self.resolver.exception_handler(Declined)(lambda error: self._refused(declined(error)))
        self.resolver.exception_handler(RequestValidationError)(self._invalid)
        self.resolver.exception_handler(StateUnavailable)(self._unavailable)
        self.resolver.exception_handler([AccountError, ProviderError])(self._elsewhere)
        self.resolver.exception_handler(Exception)(self._failed)
        self.resolver.not_found()(self._missing)
        self._pages: set[str] = set()
        self._route = ""

    @property
    def request(self) -> Request:
        """The request that is being answered."""
        found: Request = self.resolver.context["request"]
        return found

    @property
    def caller(self) -> Caller:
        """Who makes the request that is being answered."""
        found: Caller = self.resolver.context["caller"]
        return found

    @property
    def visitor(self) -> Caller | None:
        """Who makes the request, where anybody may; None if that is not known."""
        found: Caller | None = self.resolver.context["caller"]
        return found

    @property
    def owner(self) -> str:
        """Whose things the request is about."""
        return self.caller.owner

    def header(self, name: str) -> str | None:
        """Return a header of the request, None if it has none of this name (in lower case)."""
        return self.request.headers.get(name)

    def include(self, *makers: Callable[["Web"], Router]) -> None:
        """Add groups of routes."""
        for make in makers:
            self.resolver.include_router(make(self), prefix=PREFIX)

    def include_pages(self, *makers: Callable[["Web"], Router]) -> None:
        """Add groups of routes that a browser is sent to: anybody may, and bodies are forms."""
        for make in makers:
            before = {id(each) for each in self.routes}
            self.resolver.include_router(make(self))
            self._pages |= {each.path for each in self.routes if id(each) not in before}

    def resolve(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """Answer a request. Who asks is known before what is asked is looked at.

        Of what was asked only its kind gets into the log: addresses have names in them, and codes.
        """
        began = time.monotonic()
        answer = self._answered(event, context)
        answer["headers"] = guarded(answer["headers"])
        answer["body"] = answer["body"] or ""  # the emulator of API Gateway takes no null
        method = event["requestContext"]["http"]["method"]
        if method == "HEAD":
            answer.update(body="", isBase64Encoded=False)
        about = {
            "method": method if method in _METHODS else "other",
            "route": self._route,
            "status": answer["statusCode"],
            "milliseconds": round((time.monotonic() - began) * 1000),
        }
        logger.info("request", extra=about)
        return answer

    def _answered(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        self._route = ""
        try:
            request = requests.read(event)
            method = request.method
            if method == "HEAD" and request.path not in self._pages:  # those do something
                method = "GET"
            caller = self._known(request, method)
            self._check(request, method)
        except Refusal as refusal:
            return _sent(self._refused(refusal))
        except StateUnavailable as error:
            return _sent(self._unavailable(error))
        self.resolver.context.update(request=request, caller=caller)
        return self.resolver.resolve(_plain(event, request, method), context)

    def _known(self, request: Request, method: str) -> Caller | None:
        """Return who asks; perhaps None where anybody may. Raises Refusal, StateUnavailable."""
        if f"{method} {request.path}" in PUBLIC:
            return None
        caller = self.gate.caller(request.headers, method)
        if caller is None and request.path not in self._pages:
            raise Refusal(
                HTTPStatus.UNAUTHORIZED,
                "not-logged-in",
                "nobody is logged in, or the login has ended",
                mend="log in again",
            )
        return caller

    def _check(self, request: Request, method: str) -> None:
        """Make sure that there is such an address, and that it can be asked so. Raises Refusal."""
        if request.path not in self._pages:
            requests.check_json(request)
        found = [each for each in self.routes if each.rule.match(request.path)]
        methods = {each.method for each in found}
        self._route = found[0].path if found else ""
        if methods and method not in methods:
            methods |= {"HEAD"} if "GET" in methods else set()
            raise Refusal(
                HTTPStatus.METHOD_NOT_ALLOWED,
                "no-such-method",
                f"{request.method} cannot be asked of this address",
                mend=f"there are: {', '.join(sorted(methods))}",
                headers={"Allow": ", ".join(sorted(methods))},
            )

    @property
    def routes(self) -> Sequence[Any]:
        """All routes, as Powertools has them."""
        return [*self.resolver._static_routes, *self.resolver._dynamic_routes]  # noqa: SLF001 -- there is no public way to ask

    def _refused(self, refusal: Refusal) -> Response[str]:
        problem = refusal.problem
        body = msgspec.json.encode({k: v for k, v in msgspec.to_builtins(problem).items() if v})
        return Response(problem.status, MEDIA, body.decode(), headers=dict(refusal.headers))

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
                headers={"Retry-After": "5"},
            )
        )

    def _elsewhere(self, error: SyncError) -> Response[str]:
        """Say that something besides us does not do what it should; its text is for a person."""
        logger.warning("a request cannot be done now", extra=told(error))
        return self._refused(conflicting("not-possible-now", str(error), "try again later"))

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


def nothing() -> Response[None]:
    """Return that it was done, and that there is nothing to say of it."""
    return Response(HTTPStatus.NO_CONTENT)


def _plain(event: Mapping[str, Any], request: Request, method: str) -> dict[str, Any]:
    """Return an event whose body and path are and query are as they were read."""
    context = event["requestContext"]
    http = {**context["http"], "method": method, "path": request.path}
    return {
        **event,
        "rawPath": request.path,
        "queryStringParameters": dict(request.query),
        "headers": {**request.headers, "content-type": request.media},
        "body": request.body.decode(errors="replace"),
        "isBase64Encoded": False,
        "requestContext": {**context, "http": http},
    }


def _sent(response: Response[str]) -> dict[str, Any]:
    """Return a response as API Gateway takes it."""
    return {
        "statusCode": response.status_code,
        "headers": {"content-type": response.content_type, **response.headers},
        "cookies": [],
        "body": response.body,
        "isBase64Encoded": False,
    }
