"""What can be known of a deployment without a login."""

from functools import lru_cache
from http import HTTPStatus
from pathlib import Path

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from syncoxiders import __version__, api
from syncoxiders.api.shapes.people import Deployment
from syncoxiders.cloud.web.service import Web, new_router


def deployment(web: Web) -> Router:
    """Return the routes."""
    router = new_router()

    @router.get("/deployment", operation_id="get_deployment", tags=["people"])
    def get_deployment() -> Deployment:
        """Say what this is, and by whom people are let in."""
        return Deployment(version=__version__, login=web.gate.login)

    @router.get("/openapi.json", include_in_schema=False)
    def get_document() -> Response[bytes]:
        """Give the description of the API."""
        return Response(HTTPStatus.OK, "application/json", _document())

    return router


@lru_cache(maxsize=1)
def _document() -> bytes:
    return Path(api.__file__).with_name("openapi.json").read_bytes()
