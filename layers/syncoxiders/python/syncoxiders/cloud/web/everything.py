"""The whole API: every group of routes is named here."""

from functools import lru_cache

from syncoxiders.cloud.app import App
from syncoxiders.cloud.web.gates import SessionGate
from syncoxiders.cloud.web.routes.accounts import account_routes
from syncoxiders.cloud.web.routes.activity import activity_routes
from syncoxiders.cloud.web.routes.auth import auth
from syncoxiders.cloud.web.routes.conflicts import conflict_routes
from syncoxiders.cloud.web.routes.connected import connected
from syncoxiders.cloud.web.routes.deployment import deployment
from syncoxiders.cloud.web.routes.devices import devices
from syncoxiders.cloud.web.routes.files import files
from syncoxiders.cloud.web.routes.live import live
from syncoxiders.cloud.web.routes.people import people
from syncoxiders.cloud.web.routes.plans import plan_routes
from syncoxiders.cloud.web.routes.syncs import sync_routes
from syncoxiders.cloud.web.service import Web

ROUTES = (
    account_routes,
    activity_routes,
    conflict_routes,
    deployment,
    devices,
    files,
    live,
    people,
    plan_routes,
    sync_routes,
)


def everything(web: Web) -> Web:
    """Add all routes to an API, and return it."""
    web.include(*ROUTES)
    web.include_pages(auth, connected)
    return web


@lru_cache(maxsize=1)
def served(app: App) -> Web:
    """Return the API of a deployment, made once."""
    return everything(Web(app, SessionGate(app.sessions, app.settings)))
