"""What can be known of a deployment without a login."""

from importlib.metadata import version

from aws_lambda_powertools.event_handler.api_gateway import Router

from syncoxiders.api.shapes.people import Deployment
from syncoxiders.cloud.web.service import Web, new_router


def deployment(web: Web) -> Router:
    """Return the routes."""
    router = new_router()

    @router.get("/deployment", operation_id="get_deployment", tags=["people"])
    def get_deployment() -> Deployment:
        """Say what this is, and by whom people are let in."""
        return Deployment(version=version("syncoxiders"), login=web.gate.login)

    return router
