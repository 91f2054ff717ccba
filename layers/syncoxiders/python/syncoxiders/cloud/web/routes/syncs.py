"""The routes of syncs."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Header, Path, Query

from syncoxiders.api.shapes.syncs import NewSync, Sync, SyncChange, Syncs
from syncoxiders.cloud.desks import desk_of
from syncoxiders.cloud.web.etags import check, etag
from syncoxiders.cloud.web.idempotency import once
from syncoxiders.cloud.web.service import Web, new_router
from syncoxiders.engine.desk import standing, syncs
from syncoxiders.engine.desk.context import Desk
from syncoxiders.ports.registry import SyncSettings

JSON = "application/json"

Name = Annotated[str, Path(max_length=64, description="The sync's name.")]
Cursor = Annotated[
    str, Query(alias="cursor", max_length=8192, description="``next`` of the page before.")
]
IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", description="The ETag of the sync as you have seen it."),
]


def sync_routes(web: Web) -> Router:
    """Return the routes."""
    router = new_router()

    def desk() -> Desk:
        return desk_of(web.app, web.owner)

    def told(settings: SyncSettings, status: HTTPStatus = HTTPStatus.OK) -> Response[Sync]:
        sync = standing.one_sync(desk(), settings)
        headers = {"ETag": etag(sync.revision)}
        if status is HTTPStatus.CREATED:
            headers["Location"] = f"/api/v1/syncs/{sync.name}"
        return Response(status, JSON, sync, headers=headers)

    @router.get("/syncs", operation_id="list_syncs", tags=["syncs"])
    def list_syncs() -> Syncs:
        """List all syncs as they are."""
        return standing.every_sync(desk())

    @router.post(
        "/syncs",
        operation_id="create_sync",
        tags=["syncs"],
        status_code=HTTPStatus.CREATED,
        middlewares=[once(web)],
    )
    def create_sync(asked: NewSync) -> Response[Sync]:
        """Make a sync; with ``preview`` its first plan waits to be let through."""
        mine = desk()
        settings = syncs.create(mine, asked)
        syncs.listen(mine)
        return told(settings, HTTPStatus.CREATED)

    @router.get("/syncs/<name>", operation_id="get_sync", tags=["syncs"])
    def get_sync(name: Name) -> Response[Sync]:
        """Say how a sync is."""
        return told(desk().sync(name))

    @router.patch("/syncs/<name>", operation_id="change_sync", tags=["syncs"])
    def change_sync(name: Name, asked: SyncChange, if_match: IfMatch = None) -> Response[Sync]:
        """Change a sync's rule, pause it, or go on with it."""
        return told(
            syncs.change(desk(), name, asked, seen=lambda revision: check(if_match, revision))
        )

    @router.delete(
        "/syncs/<name>",
        operation_id="delete_sync",
        tags=["syncs"],
        status_code=HTTPStatus.NO_CONTENT,
    )
    def delete_sync(name: Name, if_match: IfMatch = None) -> Response[None]:
        """Keep its folders in step no longer. No file is touched."""
        mine = desk()
        syncs.remove(mine, name, seen=lambda revision: check(if_match, revision))
        syncs.listen(mine)
        return Response(HTTPStatus.NO_CONTENT)

    @router.post(
        "/syncs/<name>/run",
        operation_id="run_sync",
        tags=["syncs"],
        status_code=HTTPStatus.ACCEPTED,
    )
    def run_sync(name: Name) -> Response[Sync]:
        """Look at its folders now, whatever the providers tell."""
        return told(syncs.run(desk(), name), HTTPStatus.ACCEPTED)

    return router
