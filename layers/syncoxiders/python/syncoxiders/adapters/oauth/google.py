"""Google's OAuth, for Drive.

Desktop apps: any port of 127.0.0.1, and a client secret that "is not treated as a secret"
(https://developers.google.com/identity/protocols/oauth2/native-app). Consent is asked for each
time, or else no refresh token is given. A person may untick scopes
(https://developers.google.com/identity/protocols/oauth2/resources/granular-permissions). While an
external app's publishing status is "Testing", its refresh tokens end after 7 days
(https://developers.google.com/identity/protocols/oauth2#expiration), which the token endpoint
tells by ``refresh_token_expires_in``.
"""

from syncoxiders.adapters.accounts.secret import Secret
from syncoxiders.adapters.oauth import http
from syncoxiders.adapters.oauth.consent import Attempt
from syncoxiders.adapters.oauth.vendors import AuthServer, Identity, Traits, base, lacking
from syncoxiders.ports.accounts import Account

SCOPE = "https://www.googleapis.com/auth/drive"

_TRAITS = Traits(
    title="Google Drive",
    needs_secret=True,
    mend="tick all of what the consent page asks for, or add the scope to the app's data access",
)


class Google:
    """Tokens for Google Drive."""

    traits = _TRAITS

    def __init__(self, account: Account) -> None:
        settings = account.settings
        oauth = base(settings, "https://oauth2.googleapis.com")
        self._http = http.Http(account)
        self._revoke = f"{oauth}/revoke"
        self._api = base(settings, "https://www.googleapis.com")
        self._server = AuthServer(
            self._http,
            "Google",
            account.client,
            f"{base(settings, 'https://accounts.google.com')}/o/oauth2/v2/auth",
            f"{oauth}/token",
            {"scope": SCOPE, "access_type": "offline", "prompt": "consent"},
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
        """End the access. Raises Rejected, Unreachable."""
        try:
            http.post(self._http, "Google", self._revoke, {"token": secret.refresh})
        except http.Rejected as error:
            if error.error != "invalid_token":  # it has ended already
                raise
        return ""

    def whoami(self, access: str) -> Identity:
        """Return whose account it is. Raises Expired, Rejected, Unreachable.

        https://developers.google.com/workspace/drive/api/reference/rest/v3/about
        """
        fields = {"fields": "user(emailAddress,displayName),storageQuota(limit,usage)"}
        url = f"{self._api}/drive/v3/about"
        answer = http.call(self._http, "Google Drive", "GET", url, access, params=fields)
        user, quota = answer.get("user") or {}, answer.get("storageQuota") or {}
        return Identity(
            str(user.get("emailAddress") or user.get("displayName") or ""),
            int(quota["usage"]) if "usage" in quota else None,
            int(quota["limit"]) if "limit" in quota else None,  # absent where there is none
        )

    def lacking(self, scopes: str) -> list[str]:
        """Return which scopes are lacking."""
        return lacking(scopes, [SCOPE])
