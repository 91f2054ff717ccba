"""Signing in to accounts at providers: a person goes there by the browser, and comes back.

What finishing takes is kept for ten minutes under the digest of the state, encrypted: the verifier
of PKCE is in it. The answer is good in the browser of the person who began, and once.
"""

import base64
from collections.abc import Mapping

import msgspec
from msgspec import structs

from syncoxiders.adapters import oauth
from syncoxiders.adapters.accounts.secret import Secret
from syncoxiders.adapters.oauth import graph
from syncoxiders.adapters.oauth.joining import AnotherPerson, ScopesLacking, joined
from syncoxiders.adapters.oauth.microsoft import Microsoft
from syncoxiders.adapters.oauth.vendors import CodeOver, Vendor
from syncoxiders.adapters.providers import kinds
from syncoxiders.api.shapes.accounts import NewConnection
from syncoxiders.cloud import accounts
from syncoxiders.cloud.app import App
from syncoxiders.cloud.secrets import of_app
from syncoxiders.engine.desk.declined import Conflicting
from syncoxiders.engine.desk.words import digest
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.errors import AccountError, Unreachable

WAITS = 600.0
"""Seconds for which a sign-in may take."""

CALLBACK = "/oauth/callback"

_KIND = "connection"

_EVER = 0.0
"""As if it were not over: who comes too late is told so, for as long as it is known."""


class Failed(Exception):  # noqa: N818 -- named after what it says
    """A sign-in came to nothing. ``code`` is a stable word, ``account`` the name it was for."""

    def __init__(self, code: str, account: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.account = account


class _Begun(msgspec.Struct, frozen=True):
    """A sign-in that waits. ``session`` is the browser's that began it, ``""`` if a program did."""

    owner: str
    session: str
    account: Account
    kept: str
    expires: float


def begin(
    app: App, owner: str, session: str, asked: NewConnection, *, by_program: bool
) -> tuple[str, float]:
    """Return where a person signs in, and until when. Raises Unfit, Conflicting, AccountError.

    An account that is there is connected anew; what was set of it stays, if it is not set now.
    """
    known = accounts.before(app, owner, asked.name, asked.kind)
    settings = accounts.settings_of(app, asked.kind, asked.settings)
    registered = app.apps.get(asked.kind)
    if registered is None:
        raise Conflicting(
            "no-app",
            "this deployment has no app at that provider yet",
            "an administrator has to register one, and enter its id and secret",
        )
    if registered.url:
        settings["url"] = registered.url
    identity, stays = "", {}
    if known is not None:
        identity, stays = known.identity, dict(known.settings)
        stays.pop(accounts.ELSEWHERE, None)
    account = Account(asked.name, asked.kind, registered.client, identity, {**stays, **settings})
    try:
        attempt = oauth.vendor(account).begin(redirect(app), app_secret(app, asked.kind))
    except (AccountError, Unreachable) as error:
        raise Conflicting("not-begun", str(error), "try again later") from error
    expires = app.clock.now() + WAITS
    name = digest(attempt.state)
    hidden = app.cipher.encrypt(attempt.kept, _context(owner, name))
    begun = _Begun(
        owner, "" if by_program else session, account, base64.b64encode(hidden).decode(), expires
    )
    app.words.put(_KIND, name, msgspec.json.encode(begun).decode(), expires)
    return attempt.url, expires


def finish(app: App, owner: str, session: str, query: Mapping[str, str]) -> str:
    """Return the name of the account that is connected now. Raises Failed, StateUnavailable.

    What one browser has begun no other one finishes, and what a program has begun only one in
    which the same person is logged in: else somebody could be had to sign in to an account of
    somebody else's.
    """
    name = digest(query.get("state", ""))
    text = app.words.look(_KIND, name, _EVER)
    begun = msgspec.json.decode(text, type=_Begun) if text is not None else None
    if begun is None or begun.owner != owner or begun.session not in {"", session}:
        raise Failed("wrong-state")
    account = begun.account
    if app.words.take(_KIND, name, _EVER) is None:
        raise Failed("wrong-state", account.name)
    if begun.expires <= app.clock.now():
        raise Failed("expired", account.name)
    if query.get("error"):
        code = "denied" if query["error"] == "access_denied" else "refused"
        raise Failed(code, account.name)
    try:
        kept = app.cipher.decrypt(base64.b64decode(begun.kept), _context(owner, name))
        vendor = oauth.vendor(account)
        secret = vendor.finish(kept, query.get("code", ""), app_secret(app, account.kind))
        return _joined(app, owner, account, vendor, secret)
    except CodeOver as error:
        raise Failed("expired", account.name) from error
    except AnotherPerson as error:
        raise Failed("another-person", account.name) from error
    except ScopesLacking as error:
        raise Failed("scopes-lacking", account.name) from error
    except AccountError as error:
        raise Failed("refused", account.name) from error
    except Unreachable as error:
        raise Failed("unreachable", account.name) from error


def _joined(app: App, owner: str, account: Account, vendor: Vendor, secret: Secret) -> str:
    """Keep an account, if it still is what was there when this was begun."""
    known = app.registry.account(owner, account.name)
    if known is not None and known.account.kind != account.kind:
        raise AccountError(f"{account.name} became an account of another kind meanwhile")
    if known is not None:
        account = structs.replace(account, identity=known.account.identity)
    identity = joined(vendor, account, secret)
    if known is not None and known.vendor_ids and identity.id not in {"", *known.vendor_ids}:
        raise AnotherPerson(f"{account.name} is of somebody else")
    settings = dict(account.settings)
    if isinstance(vendor, Microsoft):
        settings |= graph.chosen(vendor, secret.access, account).settings
    account = structs.replace(account, identity=identity.name, settings=settings)
    called_by_id = kinds.kind_of(account).called == "id"
    ids = frozenset({identity.id} - {""}) if called_by_id else frozenset[str]()
    accounts.keep(app, owner, account, secret, ids)
    return account.name


def redirect(app: App) -> str:
    """Return where providers send a person back to, which has to be registered with each app."""
    return f"{app.settings.site}{CALLBACK}"


def app_secret(app: App, kind: str) -> str:
    """Return the secret of an app, ``""`` where it has none. Raises AccountError."""
    return app.lasting.get(of_app(kind)) or ""


def _context(owner: str, name: str) -> dict[str, str]:
    return {"owner": owner, "connection": name}
