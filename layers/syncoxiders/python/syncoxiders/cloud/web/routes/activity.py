"""The routes of runs, and of what they did."""

from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from syncoxiders.api.shapes.activity import Events, Run, Runs
from syncoxiders.cloud.desks import desk_of
from syncoxiders.cloud.web.pages import cursor, position
from syncoxiders.cloud.web.routes.syncs import Cursor, Name
from syncoxiders.cloud.web.service import Web, new_router
from syncoxiders.engine.desk import activity
from syncoxiders.engine.desk.activity import Stand, Wish

Number = Annotated[int, Path(ge=1, le=1 << 32, description="The run's number.")]


def activity_routes(web: Web) -> Router:
    """Return the routes."""
    router = new_router()

    @router.get("/syncs/<name>/runs", operation_id="list_runs", tags=["activity"])
    def list_runs(name: Name, given: Cursor = "") -> Runs:
        """List a sync's runs, newest first."""
        desk = desk_of(web.app, web.owner)
        before = position("runs", given, int) or 0
        found, following = activity.some_runs(desk, desk.sync(name), before)
        return Runs(items=found, next=None if following is None else cursor("runs", following))

    @router.get("/syncs/<name>/runs/<number>", operation_id="get_run", tags=["activity"])
    def get_run(name: Name, number: Number) -> Run:
        """Say how a run went."""
        desk = desk_of(web.app, web.owner)
        return activity.one_run(desk, desk.sync(name), number)

    @router.get("/syncs/<name>/runs/<number>/events", operation_id="list_events", tags=["activity"])
    def list_events(name: Name, number: Number, given: Cursor = "") -> Events:
        """List what a run did, in its order."""
        desk = desk_of(web.app, web.owner)
        after = position("events", given, int)
        found, following = activity.run_events(
            desk, desk.sync(name), number, -1 if after is None else after
        )
        return Events(items=found, next=None if following is None else cursor("events", following))

    @router.get("/activity", operation_id="list_activity", tags=["activity"])
    def list_activity(
        sync: Annotated[str, Query(max_length=64, description="Of this sync alone.")] = "",
        verb: Annotated[str, Query(max_length=32, description="What was done.")] = "",
        q: Annotated[str, Query(max_length=256, description="A part of path or detail.")] = "",
        given: Cursor = "",
    ) -> Events:
        """List what happened, newest first. A page may be short, even empty, before the last."""
        desk = desk_of(web.app, web.owner)
        stands = position("activity", given, dict[str, Stand])
        if stands is None:
            stands = activity.first_stands(desk, sync)
        elif sync:
            stands = {name: stand for name, stand in stands.items() if name == sync}
        found, left = activity.happened(desk, stands, Wish(verb, q))
        return Events(items=found, next=cursor("activity", left) if left else None)

    return router
