"""What accounts can be at, and the OAuth apps that are signed in through."""

import urllib.parse

from syncoxiders.adapters.providers import kinds
from syncoxiders.api.shapes.accounts import App as NewApp
from syncoxiders.api.shapes.accounts import Provider
from syncoxiders.cloud.app import App
from syncoxiders.cloud.desks import title
from syncoxiders.cloud.secrets import of_app
from syncoxiders.engine.desk.declined import Absent, Unfit
from syncoxiders.ports.apps import ProviderApp

_CONNECTS = {"tokens": "oauth", "keys": "keys", "": "path"}


def providers(app: App, *, admin: bool) -> list[Provider]:
    """Return all providers; what is to be registered is told to administrators only."""
    known = app.apps.all()
    found = []
    for name, kind in kinds.KINDS.items():
        oauth = kind.opened == "tokens"
        if not kind.opened and not app.settings.folders:
            continue  # they are for an emulator only
        pushes = kind.called == "id" and app.settings.url
        found.append(
            Provider(
                kind=name,  # type: ignore[arg-type]  # the kinds are the shape's
                title=title(name),
                connects=_CONNECTS[kind.opened],  # type: ignore[arg-type]  # one for each
                ready=name in known or not oauth,
                client_id=known[name].client if admin and name in known else "",
                redirect=f"{app.settings.site}/oauth/callback" if admin and oauth else "",
                push=f"{app.settings.url}/push/{name}" if admin and pushes else "",
            )
        )
    return found


def put(app: App, kind: str, asked: NewApp) -> None:
    """Keep the app of a provider, its secret before it. Raises Absent, Unfit, AccountError.

    A secret that is not given stays, if the app is the same.
    """
    _check(kind)
    if asked.url:
        _check_url(app, asked.url)
    before = app.apps.get(kind)
    if asked.client_secret:
        app.lasting.put(of_app(kind), asked.client_secret)
    elif before is not None and before.client != asked.client_id:
        app.lasting.delete(of_app(kind))
    app.apps.put(ProviderApp(kind, asked.client_id, asked.url))


def remove(app: App, kind: str) -> None:
    """Forget the app of a provider, and then its secret. Raises Absent, AccountError."""
    _check(kind)
    if app.apps.get(kind) is None:
        raise Absent("app", kind)
    app.lasting.delete(of_app(kind))
    app.apps.remove(kind)


def _check(kind: str) -> None:
    found = kinds.KINDS.get(kind)
    if found is None or found.opened != "tokens":
        raise Absent("provider", kind)


def _check_url(app: App, url: str) -> None:
    if not app.settings.local:
        raise Unfit("url", "the provider's own servers are asked here")
    if urllib.parse.urlsplit(url).scheme not in {"http", "https"}:
        raise Unfit("url", "an address as http://127.0.0.1:8080")
