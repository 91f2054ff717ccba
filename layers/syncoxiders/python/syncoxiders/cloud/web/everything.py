"""The whole API: every group of routes is named here."""

from functools import lru_cache

from syncoxiders.cloud.app import App
from syncoxiders.cloud.web.gates import SessionGate
from syncoxiders.cloud.web.routes.auth import auth
from syncoxiders.cloud.web.routes.deployment import deployment
from syncoxiders.cloud.web.routes.devices import devices
from syncoxiders.cloud.web.routes.files import files
from syncoxiders.cloud.web.routes.people import people
from syncoxiders.cloud.web.service import Web


def everything(web: Web) -> Web:
    """Add all routes to an API, and return it."""
    web.include(deployment, people, devices, files)
    web.include_pages(auth)
    return web


@lru_cache(maxsize=1)
def served(app: App) -> Web:
    """Return the API of a deployment, made once."""
    return everything(Web(app, SessionGate(app.sessions, app.settings)))
