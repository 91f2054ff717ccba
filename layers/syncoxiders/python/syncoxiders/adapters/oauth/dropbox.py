"""Dropbox's OAuth.

A redirect address has to be registered to the letter, its port included, or is left out: then the
code is shown to be copied. With PKCE no secret is needed; ``token_access_type=offline`` brings a
refresh token, which does not end by itself. Scopes are chosen in the App Console
(https://www.dropbox.com/developers/documentation/http/documentation#authorization,
https://developers.dropbox.com/oauth-guide).
"""

from syncoxiders.adapters.accounts.secret import Secret
from syncoxiders.adapters.oauth import http
from syncoxiders.adapters.oauth.consent import Attempt
from syncoxiders.adapters.oauth.vendors import AuthServer, Identity, Traits, base, lacking
from syncoxiders.ports.accounts import Account

SCOPES = (
    "account_info.read",
    "files.metadata.read",
    "files.metadata.write",
    "files.content.read",
    "files.content.write",
)

_TRAITS = Traits(
    title="Dropbox",
    redirect="http://localhost:{port}/",  # as rclone has it: its users have registered that
    port=53682,
    shows_code=True,
    mend="tick them on the Permissions tab of the app in the App Console, press Submit, "
    "and connect again",
)


class Dropbox:
    """Tokens for Dropbox."""

    traits = _TRAITS

    def __init__(self, account: Account) -> None:
        self._http = http.Http(account)
        self._api = base(account.settings, "https://api.dropboxapi.com")
        self._server = AuthServer(
            self._http,
            "Dropbox",
            account.client,
            f"{base(account.settings, 'https://www.dropbox.com')}/oauth2/authorize",
            f"{self._api}/oauth2/token",
            {"token_access_type": "offline"},
        )

    def begin(self, redirect: str, client_secret: str) -> Attempt:
        """Return a sign-in."""
        del client_secret
        return self._server.begin(redirect)

    def finish(self, kept: str, code: str, client_secret: str) -> Secret:
        """Return the secret of a sign-in. Raises CodeOver, AccountError, Unreachable."""
        return self._server.finish(kept, code, client_secret)

    def refresh(self, secret: Secret) -> Secret:
        """Return the secret with a new access token. Raises Rejected, Unreachable."""
        return self._server.refresh(secret)

    def revoke(self, secret: Secret) -> str:
        """End the access: of this access token, and of the refresh token that it came from.

        Raises Expired, Rejected, Unreachable.
        """
        http.call(self._http, "Dropbox", "POST", f"{self._api}/2/auth/token/revoke", secret.access)
        return ""

    def whoami(self, access: str) -> Identity:
        """Return whose account it is. Raises Expired, Rejected, Unreachable."""
        users = f"{self._api}/2/users"
        answer = http.call(self._http, "Dropbox", "POST", f"{users}/get_current_account", access)
        space = http.call(self._http, "Dropbox", "POST", f"{users}/get_space_usage", access)
        allocation = space.get("allocation") or {}
        name = answer.get("name") or {}
        return Identity(
            str(answer.get("email") or name.get("display_name") or answer.get("account_id") or ""),
            space.get("used"),
            allocation.get("allocated"),
            str(answer.get("account_id") or ""),
        )

    def lacking(self, scopes: str) -> list[str]:
        """Return which scopes are lacking."""
        return lacking(scopes, SCOPES)
