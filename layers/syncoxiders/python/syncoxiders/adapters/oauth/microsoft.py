"""Microsoft's OAuth, for OneDrive and SharePoint, through msal.

A public client ("Mobile and desktop applications") whose redirect address is ``http://localhost``:
the port does not count then, which it does for 127.0.0.1
(https://learn.microsoft.com/entra/identity-platform/reply-url#localhost-exceptions). A refresh
gives a new refresh token (https://learn.microsoft.com/entra/identity-platform/refresh-tokens),
which is kept, not msal's whole cache. Access of one app cannot be revoked by the app itself.
"""

import json
import logging
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from syncoxiders.adapters.accounts.secret import Secret
from syncoxiders.adapters.oauth import http
from syncoxiders.adapters.oauth.consent import Attempt, new_state
from syncoxiders.adapters.oauth.vendors import (
    Identity,
    Traits,
    base,
    finished,
    lacking,
    not_finished,
    renewed,
)
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.errors import AccountError, Unreachable

SCOPE = "Files.ReadWrite.All"
PERSON = "User.Read"
"""Tells who it is. Access that somebody else was granted, and we took over, may lack it."""
SITES = "Sites.Read.All"
"""Asked for only where a SharePoint site is to be found by its address."""

_TRAITS = Traits(
    title="OneDrive",
    redirect="http://localhost:{port}",
    mend="add them to the app's API permissions (Microsoft Graph, delegated), or ask an "
    "administrator to allow them, and connect again",
)
_BY_HAND = (
    "Microsoft has no way for an app to end its own access; take it out at "
    "https://account.live.com/consent/Manage (personal) or https://myapps.microsoft.com (work)"
)


class Microsoft:
    """Tokens for OneDrive and SharePoint libraries.

    ``tenant`` of the account's settings says who may sign in: ``common`` if it is not set.
    """

    traits = _TRAITS

    def __init__(self, account: Account) -> None:
        self._account = account
        self._http = http.Http(account)
        self._tenant = account.settings.get("tenant") or "common"
        self._login = base(account.settings, "https://login.microsoftonline.com")
        self._graph = f"{base(account.settings, 'https://graph.microsoft.com')}/v1.0"
        self._scopes = [SCOPE, PERSON, *([SITES] if account.settings.get("site") else [])]

    def begin(self, redirect: str, client_secret: str) -> Attempt:
        """Return a sign-in. Raises AccountError, Unreachable."""
        state = new_state()
        with self._app(client_secret) as (app, _), warnings.catch_warnings():
            # It would have the answer posted. To be copied it has to be in the address; there it
            # is worth nothing to others, who have no verifier.
            warnings.filterwarnings("ignore", message="response_mode")
            flow = app.initiate_auth_code_flow(
                self._scopes, redirect_uri=redirect, state=state, prompt="select_account"
            )
        return Attempt(str(flow["auth_uri"]), state, json.dumps(flow))

    def finish(self, kept: str, code: str, client_secret: str) -> Secret:
        """Return the secret of a sign-in. Raises CodeOver, AccountError, Unreachable."""
        flow = json.loads(kept)
        answer = {"code": code, "state": flow["state"]}
        with self._app(client_secret) as (app, cache):
            result = app.acquire_token_by_auth_code_flow(flow, answer)
        if "error" in result:
            said = http.refusal("Microsoft", 400, result, [code, client_secret])
            raise not_finished("Microsoft", said) if isinstance(said, http.Rejected) else said
        fresh = Secret(client_secret=client_secret)
        return finished("Microsoft", fresh, {**result, "refresh_token": _kept(cache)}, time.time())

    def refresh(self, secret: Secret) -> Secret:
        """Return the secret with new tokens. Raises Rejected, Unreachable."""
        # To ask for more than was granted is to be refused.
        more = lacking(secret.scopes or SCOPE, self._scopes)
        scopes = [each for each in self._scopes if each not in more]
        with self._app(secret.client_secret) as (app, cache):
            answer = app.acquire_token_by_refresh_token(secret.refresh, scopes or [SCOPE])
        if "error" in answer:
            raise http.refusal("Microsoft", 400, answer, [secret.refresh, secret.client_secret])
        return renewed(secret, {**answer, "refresh_token": _kept(cache)}, time.time())

    def revoke(self, secret: Secret) -> str:
        """Return what the person has to do."""
        del secret
        return _BY_HAND

    def whoami(self, access: str) -> Identity:
        """Return whose account it is. Raises Expired, Rejected, Unreachable."""
        drive = self.get(access, self._drive)
        try:
            me = self.get(access, "/me", **{"$select": "displayName,mail,userPrincipalName"})
        except http.Rejected:  # the scope is lacking; the drive knows its owner at least
            owner: dict[str, Any] = drive.get("owner") or {}
            me = owner.get("user") or owner.get("group") or {}
        quota: dict[str, Any] = drive.get("quota") or {}
        names = ("userPrincipalName", "mail", "email", "displayName")
        return Identity(
            next((str(me[name]) for name in names if me.get(name)), ""),
            quota.get("used"),
            quota.get("total"),
        )

    def lacking(self, scopes: str) -> list[str]:
        """Return which scopes are lacking."""
        return lacking(scopes, [SCOPE])

    def get(self, access: str, path: str, **query: str) -> dict[str, Any]:
        """Ask Graph. Raises Expired, Rejected, Unreachable."""
        url = f"{self._graph}{path}"
        return http.call(self._http, "OneDrive", "GET", url, access, params=query)

    @property
    def _drive(self) -> str:
        chosen = self._account.settings.get("drive_id")
        return f"/drives/{chosen}" if chosen else "/me/drive"

    @contextmanager
    def _app(self, client_secret: str) -> Iterator[tuple[Any, Any]]:
        """Yield an app of msal and its cache, which is as short-lived as it.

        msal lets the errors of our HTTP client pass, which become ours here. Raises AccountError,
        Unreachable.
        """
        import msal  # type: ignore[import-untyped]  # noqa: PLC0415 -- it has no types; and is heavy

        # Below that it writes down codes and verifiers.
        logging.getLogger("msal").setLevel(logging.INFO)
        try:
            with self._http.open() as client:
                yield self._made(msal, client, client_secret)
        except msal.exceptions.MsalServiceError as error:
            raise Unreachable(f"Microsoft is out of order: {error}; try again later") from error
        except httpx.HTTPError as error:
            raise Unreachable(f"Microsoft cannot be reached: {http.told(error)}") from error
        except ValueError as error:
            raise Unreachable("Microsoft's answer cannot be understood; try again later") from error

    def _made(self, msal: Any, client: httpx.Client, client_secret: str) -> tuple[Any, Any]:
        cache = msal.TokenCache()
        kind = msal.PublicClientApplication
        more: dict[str, Any] = {}
        if client_secret:
            kind = msal.ConfidentialClientApplication
            more = {"client_credential": client_secret}
        try:
            app = kind(
                self._account.client,
                authority=f"{self._login}/{self._tenant}",
                http_client=client,
                token_cache=cache,
                instance_discovery=False,  # the authority is ours to know
                **more,
            )
        except ValueError as error:
            raise AccountError(
                f"Microsoft does not know the tenant {self._tenant!r} of the account "
                f"{self._account.name}"
            ) from error
        return app, cache


def _kept(cache: Any) -> str:
    """Return the refresh token of an answer, ``""`` if it had none.

    It is msal's cache that is promised to have it, not what its methods return.
    """
    for each in cache.search(cache.CredentialType.REFRESH_TOKEN):
        return str(each["secret"])
    return ""
