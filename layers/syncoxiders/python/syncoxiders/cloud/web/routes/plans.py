"""The routes of plans that wait for a person, and of what is being done right now."""

import dataclasses
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path

from syncoxiders.api.shapes.syncs import Movings, Plan, Plans, Sync
from syncoxiders.cloud.desks import desk_of
from syncoxiders.cloud.web.pages import cursor, position
from syncoxiders.cloud.web.routes.syncs import JSON, Cursor, Name
from syncoxiders.cloud.web.service import Web, new_router
from syncoxiders.engine.desk import moving, plans, standing

PlanId = Annotated[str, Path(max_length=1_024, description="The plan's id.")]


def plan_routes(web: Web) -> Router:
    """Return the routes."""
    router = new_router()

    @router.get("/plans", operation_id="list_plans", tags=["plans"])
    def list_plans() -> Plans:
        """List what waits to be let through: of each sync one plan, with all that it asks."""
        return plans.waiting(desk_of(web.app, web.owner))

    @router.get("/syncs/<name>/plans/<plan>", operation_id="get_plan", tags=["plans"])
    def get_plan(name: Name, plan: PlanId, given: Cursor = "") -> Plan:
        """Show a plan, page by page; only the last one of a sync is kept."""
        desk = desk_of(web.app, web.owner)
        start = max(position("plan", given, int) or 0, 0)
        found, following = plans.one_plan(desk, desk.sync(name), plan, start)
        after = None if following is None else cursor("plan", following)
        return dataclasses.replace(found, next=after)

    @router.post(
        "/syncs/<name>/plans/<plan>/approve",
        operation_id="approve_plan",
        tags=["plans"],
        status_code=HTTPStatus.ACCEPTED,
    )
    def approve_plan(name: Name, plan: PlanId) -> Response[Sync]:
        """Let exactly what this plan shows through.

        What is asked since is asked still, and if things are otherwise by then, it asks again.
        """
        desk = desk_of(web.app, web.owner)
        settings = desk.sync(name)
        plans.approve(desk, settings, plan)
        return Response(HTTPStatus.ACCEPTED, JSON, standing.one_sync(desk, settings))

    @router.get("/syncs/<name>/moving", operation_id="list_moving", tags=["syncs"])
    def list_moving(name: Name) -> Movings:
        """Say what is being done right now, and what will be next."""
        desk = desk_of(web.app, web.owner)
        return moving.moving(desk, desk.sync(name))

    return router
