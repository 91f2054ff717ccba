"""The routes of the view over all files, and of statistics."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Literal

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from syncoxiders.api.shapes.files import Files, Statistics, Type
from syncoxiders.cloud.web.pages import cursor as cursor_of
from syncoxiders.cloud.web.pages import position
from syncoxiders.cloud.web.problems import Refusal
from syncoxiders.cloud.web.service import Web, new_router
from syncoxiders.engine.desk.declined import Absent
from syncoxiders.engine.desk.search import Asked, Folder, Page, browse, places_among, search
from syncoxiders.engine.desk.statistics import statistics
from syncoxiders.ports.index import Index, Position

LONGEST = 4_096
LARGEST = 1 << 60

Cursor = Annotated[str, Query(max_length=16_384, description="Where a page goes on: its `next`.")]
Limit = Annotated[int, Query(ge=1, le=200, description="So many at most.")]
Words = Annotated[
    str,
    Query(
        max_length=200,
        description="Words that a name has to have, each from its beginning on, without regard to "
        "case and accents; words in quotes have to follow each other.",
    ),
]
Named = Annotated[str, Query(max_length=64, description="Only what is there.")]
Kinds = Annotated[Type | None, Query(description="Only files of a type, or folders.")]
Size = Annotated[int | None, Query(ge=0, le=LARGEST, description="In bytes, included.")]
Instant = Annotated[
    datetime | None, Query(description="When a file was modified, included; UTC without a zone.")
]
Order = Annotated[
    Literal["relevance", "name", "size", "modified"],
    Query(description="Largest and newest first; without words the newest are the most relevant."),
]
Path = Annotated[str, Query(max_length=LONGEST, description="A folder's path; none is the root.")]


def files(web: Web) -> Router:
    """Return the routes."""
    router = new_router()

    def index() -> Index:
        found = web.app.index
        if found is None:
            raise Refusal(
                HTTPStatus.NOT_FOUND,
                "no-index",
                "this deployment has no index of files",
                mend="deploy it anew: it has a bucket for it by default",
            )
        return found

    @router.get("/files", operation_id="search_files", tags=["files"])
    def search_files(  # noqa: PLR0917 -- by name, as a query has them
        q: Words = "",
        account: Named = "",
        sync: Named = "",
        endpoint: Named = "",
        type: Kinds = None,  # noqa: A002 -- the parameter's name
        min_size: Size = None,
        max_size: Size = None,
        after: Instant = None,
        before: Instant = None,
        sort: Order = "relevance",
        cursor: Cursor = "",
        limit: Limit = 50,
    ) -> Files:
        """Search all files and folders by name, type, size and time."""
        asked = Asked(
            q=q,
            type=type,
            min_size=min_size,
            max_size=max_size,
            after=after,
            before=before,
            sort=sort,
        )
        places = places_among(
            web.app.registry, web.owner, sync=sync, endpoint=endpoint, account=account
        )
        past = position(f"files-{sort}", cursor, Position)
        return _told(search(index(), places, asked, past=past, limit=limit), f"files-{sort}")

    @router.get("/files/in", operation_id="list_folder", tags=["files"])
    def list_folder(
        sync: Named,
        endpoint: Named,
        path: Path = "",
        cursor: Cursor = "",
        limit: Limit = 100,
    ) -> Files:
        """Say what is in a folder, as far as is known: folders first, by name."""
        places = places_among(web.app.registry, web.owner, sync=sync, endpoint=endpoint)
        if len(places) != 1:
            raise Absent("endpoint", f"{sync}:{endpoint}")
        past = position("files-in", cursor, Position)
        folder = Folder(endpoint, path.strip("/"))
        return _told(browse(index(), places, folder, past=past, limit=limit), "files-in")

    @router.get("/statistics", operation_id="get_statistics", tags=["files"])
    def get_statistics() -> Statistics:
        """Give figures over all files of all accounts."""
        places = places_among(web.app.registry, web.owner)
        return statistics(index(), web.owner, places)

    return router


def _told(page: Page, of: str) -> Files:
    return Files(
        items=page.items,
        next=None if page.past is None else cursor_of(of, page.past),
        as_of=datetime.fromtimestamp(page.as_of, UTC) if page.as_of else None,
        pending=list(page.pending),
    )
