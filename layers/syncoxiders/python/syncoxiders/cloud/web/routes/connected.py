"""Where a provider sends a person back to who has signed in there."""

import urllib.parse
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from syncoxiders.cloud.handling import logger, told
from syncoxiders.cloud.web.service import Web, new_router
from syncoxiders.ports.errors import StateUnavailable


def connected(web: Web) -> Router:
    """Return the routes."""
    router = new_router()

    @router.get("/oauth/callback", include_in_schema=False)
    def callback() -> Response[str]:
        from syncoxiders.cloud import connecting  # noqa: PLC0415 -- brings an HTTP client

        caller = web.visitor
        if caller is None or caller.device:
            return _to("/#/accounts?problem=not-logged-in")
        query = web.request.query
        try:
            name = connecting.finish(web.app, caller.owner, caller.session, query)
        except connecting.Failed as error:
            logger.warning("an account was not connected", extra=_why(error))
            place = f"/{urllib.parse.quote(error.account, safe='')}" if error.account else ""
            return _to(f"/#/accounts{place}?problem={error.code}")
        except StateUnavailable as error:
            logger.warning("an account was not connected", extra=told(error))
            return _to("/#/accounts?problem=unavailable")
        return _to(f"/#/accounts/{urllib.parse.quote(name, safe='')}?connected")

    return router


def _why(error: Exception) -> dict[str, object]:
    cause = error.__cause__
    return {"code": str(error), **(told(cause) if cause is not None else {})}


def _to(place: str) -> Response[str]:
    return Response(HTTPStatus.SEE_OTHER, body="", headers={"Location": place})
