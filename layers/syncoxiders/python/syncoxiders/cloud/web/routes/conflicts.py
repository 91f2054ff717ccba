"""The routes of conflicts."""

import base64
import urllib.parse
from http import HTTPStatus
from typing import Annotated, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from syncoxiders.api.shapes.conflicts import Conflict, Conflicts, Resolution
from syncoxiders.cloud.desks import desk_of
from syncoxiders.cloud.web.etags import check, etag
from syncoxiders.cloud.web.pages import cursor, position
from syncoxiders.cloud.web.problems import unfit
from syncoxiders.cloud.web.routes.syncs import JSON, Cursor, IfMatch, Name
from syncoxiders.cloud.web.service import Web, new_router
from syncoxiders.engine.desk import conflicts, resolving
from syncoxiders.engine.desk.conflicts import Place

Id = Annotated[str, Path(max_length=64, description="The conflict's id.")]

_LONGEST = 256

_GUARDED = {
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
"""Somebody else may have written it: it is shown as what we say that it is, and runs nothing."""


def conflict_routes(web: Web) -> Router:
    """Return the routes."""
    router = new_router()

    @router.get("/conflicts", operation_id="list_conflicts", tags=["conflicts"])
    def list_conflicts(
        sync: Annotated[str, Query(max_length=64, description="Of this sync alone.")] = "",
        given: Cursor = "",
    ) -> Conflicts:
        """List the conflicts that wait for a decision."""
        desk = desk_of(web.app, web.owner)
        place = position("conflicts", given, Place) or Place()
        if len(place.after) > _LONGEST:  # no key is, and none that is can be asked for
            raise unfit("query.cursor", "this is not a cursor that this list gave")
        found, following = conflicts.some(desk, place, sync)
        after = None if following is None else cursor("conflicts", following)
        return Conflicts(items=found, next=after)

    @router.get("/syncs/<name>/conflicts/<id>", operation_id="get_conflict", tags=["conflicts"])
    def get_conflict(name: Name, id: Id) -> Response[Conflict]:  # noqa: A002 -- as in the address
        """Say what both versions are."""
        desk = desk_of(web.app, web.owner)
        found, revision = conflicts.one(desk, desk.sync(name), id)
        return Response(HTTPStatus.OK, JSON, found, headers={"ETag": etag(revision)})

    @router.get(
        "/syncs/<name>/conflicts/<id>/content",
        operation_id="get_conflict_content",
        tags=["conflicts"],
        responses={
            200: {
                "description": "The bytes.",
                "content": {
                    kind: {"schema": {"type": "string", "format": "binary"}}
                    for kind in ("text/plain", *sorted(set(conflicts.IMAGES.values())))
                },
            }
        },
    )
    def get_content(
        name: Name,
        id: Id,  # noqa: A002 -- as in the address
        version: Annotated[Literal["kept", "other"], Query(description="Which version.")],
    ) -> Response[str]:
        """Give a version's bytes, if it is a text or an image of up to 4 MB."""
        desk = desk_of(web.app, web.owner)
        found = conflicts.content(desk, desk.sync(name), id, version)
        file = urllib.parse.quote(found.name, safe="")
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{file}", **_GUARDED}
        body = base64.b64encode(found.data).decode()  # Powertools would take bytes for text
        response = Response(HTTPStatus.OK, found.media, body, headers=headers)
        response.base64_encoded = True
        return response

    @router.post(
        "/syncs/<name>/conflicts/<id>/resolve",
        operation_id="resolve_conflict",
        tags=["conflicts"],
        status_code=HTTPStatus.NO_CONTENT,
    )
    def resolve(
        name: Name,
        id: Id,  # noqa: A002 -- as in the address
        asked: Resolution,
        if_match: IfMatch = None,
    ) -> Response[None]:
        """Decide a conflict; all folders follow."""
        desk = desk_of(web.app, web.owner)
        settings = desk.sync(name)
        check(if_match, resolving.seen(desk, settings, id))
        resolving.resolve(desk, settings, id, asked.take, asked.text)
        return Response(HTTPStatus.NO_CONTENT)

    return router
