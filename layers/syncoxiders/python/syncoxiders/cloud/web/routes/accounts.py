"""The routes of providers, accounts, and signing in to them."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from syncoxiders.api.shapes.accounts import (
    Account,
    Accounts,
    App,
    Check,
    Connection,
    Folder,
    Folders,
    NewAccount,
    NewConnection,
    Providers,
)
from syncoxiders.cloud import accounts as making
from syncoxiders.cloud import apps
from syncoxiders.cloud.browsing import folders
from syncoxiders.cloud.desks import desk_of
from syncoxiders.cloud.web import pages
from syncoxiders.cloud.web.idempotency import once
from syncoxiders.cloud.web.problems import unfit
from syncoxiders.cloud.web.routes.people import check_admin
from syncoxiders.cloud.web.service import Web, new_router, nothing
from syncoxiders.cloud.web.times import moment
from syncoxiders.engine.desk import accounts as desk

Name = Annotated[str, Path(max_length=64, description="The account's name.")]
Kind = Annotated[str, Path(max_length=32, description="The provider.")]

_PAGE = 200
"""Folders on a page."""


def account_routes(web: Web) -> Router:
    """Return the routes."""
    router = new_router()
    app = web.app

    @router.get("/providers", operation_id="list_providers", tags=["accounts"])
    def list_providers() -> Providers:
        """List what accounts can be at, and whether one can be made now."""
        return Providers(items=apps.providers(app, admin=web.caller.admin))

    @router.put("/providers/<kind>/app", operation_id="put_app", tags=["accounts"], status_code=204)
    def put_app(kind: Kind, asked: App) -> Response[None]:
        """Make the OAuth app of a provider known, for administrators."""
        check_admin(web)
        apps.put(app, kind, asked)
        return nothing()

    @router.delete(
        "/providers/<kind>/app", operation_id="remove_app", tags=["accounts"], status_code=204
    )
    def remove_app(kind: Kind) -> Response[None]:
        """Forget the OAuth app of a provider, for administrators; accounts go on."""
        check_admin(web)
        apps.remove(app, kind)
        return nothing()

    @router.get("/accounts", operation_id="list_accounts", tags=["accounts"])
    def list_accounts() -> Accounts:
        """List all accounts as they are."""
        return desk.every_account(desk_of(app, web.owner))

    @router.post(
        "/accounts",
        operation_id="create_account",
        tags=["accounts"],
        status_code=201,
        middlewares=[once(web)],
    )
    def create_account(asked: NewAccount) -> Account:
        """Make an account that needs no sign-in here, or give one that is there new keys."""
        making.create(app, web.owner, asked, admin=web.caller.admin)
        return desk.one_account(desk_of(app, web.owner), asked.name)

    @router.post(
        "/connections", operation_id="begin_connection", tags=["accounts"], status_code=201
    )
    def begin_connection(asked: NewConnection) -> Connection:
        """Begin a sign-in at a provider: a person opens the address, and comes back here."""
        from syncoxiders.cloud import connecting  # noqa: PLC0415 -- brings an HTTP client

        caller = web.caller
        url, until = connecting.begin(
            app, web.owner, caller.session, asked, by_program=bool(caller.device)
        )
        return Connection(url=url, expires_at=moment(until))

    @router.get("/accounts/<name>", operation_id="get_account", tags=["accounts"])
    def get_account(name: Name) -> Account:
        """Say how an account is."""
        return desk.one_account(desk_of(app, web.owner), name)

    @router.delete(
        "/accounts/<name>", operation_id="remove_account", tags=["accounts"], status_code=204
    )
    def remove_account(name: Name) -> Response[None]:
        """Forget an account with its secrets; no file is touched."""
        making.remove(app, web.owner, name)
        return nothing()

    @router.post("/accounts/<name>/check", operation_id="check_account", tags=["accounts"])
    def check_account(name: Name) -> Check:
        """Ask the provider whether it lets us in, and how full it is."""
        return making.check(app, web.owner, name)

    @router.get("/accounts/<name>/folders", operation_id="list_folders", tags=["accounts"])
    def list_folders(
        name: Name,
        path: Annotated[str, Query(max_length=4096)] = "",
        cursor: Annotated[str, Query(max_length=8192)] = "",
    ) -> Folders:
        """List the folders in a folder, by name."""
        after = pages.position(f"folders {path}", cursor, str)
        parts = [part for part in path.split("/") if part]
        if any(part in {".", ".."} or not part.isprintable() for part in parts):
            raise unfit("query.path", "this is no path from the account's root")
        place = "/".join(parts)
        found = [each for each in folders(app, web.owner, name, place) if each > (after or "")]
        taken = desk.taken(desk_of(app, web.owner), name)
        items = []
        for each in found[:_PAGE]:
            at = f"{place}/{each}" if place else each
            items.append(Folder(name=each, path=at, taken_by=taken(at)))
        more = pages.cursor(f"folders {path}", found[_PAGE - 1]) if found[_PAGE:] else None
        return Folders(account=name, path=place, items=items, next=more)

    return router
