"""Access tokens that are refreshed once, however many threads and processes need one."""

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from syncoxiders.adapters.accounts.records import reconnect
from syncoxiders.adapters.accounts.secret import Secret
from syncoxiders.adapters.oauth.http import Rejected
from syncoxiders.adapters.oauth.vendors import Refresher
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.errors import AccountError, Revoked, StateUnavailable, Unreachable

_MARGIN = 60.0
"""A token that ends within so many seconds might end while a request is on its way."""

_GONE = frozenset(
    {
        "access_denied",
        "admin_policy_enforced",
        "consent_required",
        "deleted_client",
        "disabled_client",
        "interaction_required",
        "invalid_client",
        "invalid_grant",
        "invalid_scope",
        "login_required",
        "org_internal",
        "unauthorized_client",
    }
)
"""What only a person can mend: RFC 6749 (5.2), OpenID Connect, and Google's own."""


class Keeper(Protocol):
    """Where all processes have the secret of one account. Errors are AccountError."""

    def get(self) -> Secret | None:
        """Return it, None where there is none."""

    def put(self, secret: Secret) -> None:
        """Keep it in place of the one that was there."""


class SharedTokens:
    """The tokens of an account.

    ``refreshing`` holds off other processes. Whoever gets in first refreshes; the others find the
    new token in the vault. A new refresh token is in the vault before the access token that came
    with it is handed out. ``glance`` is a cheaper look at the access token alone, which holds off
    nobody.
    """

    def __init__(
        self,
        account: Account,
        vendor: Refresher,
        secrets: Keeper,
        refreshing: Callable[[], AbstractContextManager[None]],
        now: Callable[[], float] = time.time,
        *,
        glance: Callable[[], Secret] = Secret,
    ) -> None:
        self._account = account
        self._vendor = vendor
        self._secrets = secrets
        self._refreshing = refreshing
        self._now = now
        self._glance = glance
        self._threads = threading.Lock()
        self._known = Secret()
        self._unkept: Secret | None = None
        self._refused = ""

    def access(self) -> str:
        """Return a token that is valid now. Raises Revoked, Unreachable."""
        with self._threads:
            if not self._valid(self._known):
                try:
                    self._known = self._renewed()
                except (AccountError, StateUnavailable) as error:
                    raise Unreachable(str(error)) from error
            return self._known.access

    def refused(self, token: str) -> None:
        """Tell that the provider took a token for expired, so that another one is fetched.

        It may come late: a token that was replaced already is not replaced again.
        """
        with self._threads:
            if token == self._known.access:
                self._refused = token

    def _valid(self, secret: Secret) -> bool:
        return bool(
            secret.access
            and secret.access != self._refused
            and secret.expires - _MARGIN > self._now()
        )

    def _renewed(self) -> Secret:
        seen = self._glance()
        if self._valid(seen):
            return seen
        with self._refreshing():
            if self._unkept is not None:
                self._keep(self._unkept)
            found = self._secrets.get()
            if found is None or (not found.refresh and not self._valid(found)):
                raise self._revoked("it has no tokens")
            if self._valid(found):
                return found
            try:
                fresh = self._vendor.refresh(found)
            except Rejected as error:
                if error.error in _GONE:
                    raise self._revoked(str(error)) from error
                raise Unreachable(
                    f"the account {self._account.name} got no new access token: {error}"
                ) from error
            self._keep(fresh)
            return fresh

    def _keep(self, secret: Secret) -> None:
        """Put a secret into the vault; one that cannot be kept is tried again the next time."""
        self._unkept = secret
        self._secrets.put(secret)
        self._unkept = None

    def _revoked(self, why: str) -> Revoked:
        title = self._vendor.traits.title
        return Revoked(
            f"{title} does not let the account {self._account.name} in any more ({why}): "
            f"{reconnect(self._account)}"
        )
