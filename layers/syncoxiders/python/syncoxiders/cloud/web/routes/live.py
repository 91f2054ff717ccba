"""Live updates: a ticket for them."""

from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import urlencode

from aws_lambda_powertools.event_handler.api_gateway import Router

from syncoxiders.api.shapes.people import Ticket
from syncoxiders.cloud.web.problems import Refusal
from syncoxiders.cloud.web.service import Web, new_router
from syncoxiders.engine.desk.live import ticket


def live(web: Web) -> Router:
    """Return the routes."""
    router = new_router()

    @router.post("/live", operation_id="open_live", tags=["people"])
    def open_live() -> Ticket:
        """Give an address at which a WebSocket can be opened once, within a minute."""
        address = web.app.settings.live
        if not address:
            raise Refusal(
                HTTPStatus.NOT_FOUND,
                "no-live-updates",
                "this deployment has no live updates",
                mend="ask for what is new every few seconds",
            )
        app, caller = web.app, web.caller
        word, expires = ticket(app.listeners, caller.owner, caller.session, app.clock.now())
        return Ticket(
            url=f"{address}?{urlencode({'ticket': word})}",
            expires_at=datetime.fromtimestamp(expires, UTC),
        )

    return router
