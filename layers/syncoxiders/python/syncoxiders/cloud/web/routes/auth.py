"""Where a browser is sent to log in, and out: pages, not data."""

import base64
import hashlib
import html
import urllib.parse
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.shared.cookies import Cookie

from syncoxiders.cloud.handling import logger, told
from syncoxiders.cloud.web.gates import Keeper
from syncoxiders.cloud.web.problems import Refusal
from syncoxiders.cloud.web.service import Web, new_router
from syncoxiders.engine.desk.declined import Declined
from syncoxiders.engine.desk.login import WAITS
from syncoxiders.engine.desk.sessions import BROWSER
from syncoxiders.engine.desk.words import Guesses
from syncoxiders.ports.errors import Unreachable
from syncoxiders.ports.people import Issuer, NotLetIn, User

_LINKS = 30
"""So many links that are none may come from one address in an hour."""

_LOGINS = 100
"""So many logins may be begun from one address in an hour: each is an item in a table."""

CALLBACK = "/auth/callback"


def auth(web: Web) -> Router:
    """Return the routes."""
    router = new_router()
    app = web.app
    session, begun = Keeper("session", app.settings), Keeper("login", app.settings)
    links = Guesses(app.words, "link", _LINKS)
    logins = Guesses(app.words, "login", _LOGINS)

    @router.get("/auth/login", include_in_schema=False)
    def login() -> Response[str]:
        issuer = _issuer()
        if issuer is None:
            return _away("/")
        then = web.request.query.get("next", "/")
        source, now = web.request.source, app.clock.now()
        if not logins.left(source, now):
            return _page(HTTPStatus.TOO_MANY_REQUESTS, "Too many logins", _LATER)
        logins.count(source, now)
        try:
            found = app.logins.begin(issuer, _redirect(), then)
        except (NotLetIn, Unreachable) as error:
            return _problem(error)
        return _away(found.url, begun.made(found.word, WAITS))

    @router.get(CALLBACK, include_in_schema=False)
    def callback() -> Response[str]:
        issuer = _issuer()
        if issuer is None:
            return _away("/")
        word = begun.read(web.request.headers)
        try:
            user, then = app.logins.finish(issuer, _redirect(), web.request.query, word)
        except (NotLetIn, Declined, Unreachable) as error:
            return _problem(error)
        return _let_in(user, then)

    @router.get("/auth/once", include_in_schema=False)
    def show_once() -> Response[str]:
        code = html.escape(web.request.query.get("code", ""))
        return _page(HTTPStatus.OK, "Log in to SyncOxiders", _FORM.format(code=code))

    @router.post("/auth/once", include_in_schema=False)
    def take_once() -> Response[str]:
        source, now = web.request.source, app.clock.now()
        if web.header("sec-fetch-site") not in {None, "same-origin", "none"}:
            return _page(HTTPStatus.FORBIDDEN, "This came from another page", _OVER)
        if not links.left(source, now):
            return _page(HTTPStatus.TOO_MANY_REQUESTS, "Too many links", _LATER)
        user = app.logins.take_link(web.request.form().get("code", ""))
        if user is None:
            links.count(source, now)
            return _page(HTTPStatus.NOT_FOUND, "This link does not work any more", _OVER)
        return _let_in(user, "/")

    @router.post("/auth/logout", include_in_schema=False)
    def logout() -> Response[str]:
        caller = web.visitor
        if caller is None:
            raise Refusal(HTTPStatus.UNAUTHORIZED, "not-logged-in", "nobody is logged in")
        app.sessions.end(caller.owner, caller.session)
        return Response(HTTPStatus.NO_CONTENT, body="", cookies=[session.gone()])

    def _issuer() -> Issuer | None:
        return app.issuer

    def _redirect() -> str:
        return f"{app.settings.site}{CALLBACK}"

    def _let_in(user: User, then: str) -> Response[str]:
        made = app.sessions.begin(user)
        if made is None:
            return _away("/#/?login-problem=not-invited")
        word, _ = made
        # One cookie only: the other one is over soon, and good for nothing any more.
        return _away(then, session.made(word, BROWSER.whole))

    return router


def _problem(error: NotLetIn | Declined | Unreachable) -> Response[str]:
    code = "unreachable" if isinstance(error, Unreachable) else error.code
    logger.warning("nobody was let in", extra={"code": code, **told(error)})
    return _away(f"/#/?login-problem={urllib.parse.quote(code)}")


def _away(url: str, *set_cookies: Cookie) -> Response[str]:
    return Response(
        HTTPStatus.SEE_OTHER, body="", headers={"Location": url}, cookies=list(set_cookies)
    )


def _page(status: HTTPStatus, title: str, content: str) -> Response[str]:
    text = _PAGE.format(title=title, style=_STYLE, content=content)
    headers: dict[str, str | list[str]] = {
        "Content-Security-Policy": _POLICY,
        "Referrer-Policy": "same-origin",  # without one a form of ours would come from nowhere
    }
    return Response(status, "text/html; charset=utf-8", text, headers=headers)


_STYLE = (
    ":root{color-scheme:light dark}"
    "body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:20vh auto 0;padding:0 1.5rem}"
    "h1{font-size:1.25rem}"
    "button{font:inherit;padding:.6rem 1.2rem}"
)
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_PAGE = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    "<title>{title}</title><style>{style}</style></head>"
    "<body><main><h1>{title}</h1>{content}</main></body></html>"
)
_FORM = (
    "<p>This link logs you in as the administrator of this deployment. It works once.</p>"
    '<form method="post" action="/auth/once"><input type="hidden" name="code" value="{code}">'
    "<button autofocus>Log in</button></form>"
)
_OVER = "<p>A link works once, for an hour. Make a new one where you deployed this from.</p>"
_LATER = "<p>This was tried too often from your network. Try again in an hour.</p>"
