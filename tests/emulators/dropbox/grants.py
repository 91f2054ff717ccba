"""Dropbox's own way with OAuth: short-lived tokens, refreshed only if asked for ``offline``.

Source: https://developers.dropbox.com/oauth-guide
"""

from collections.abc import Callable

from tests.emulators.dropbox.refusals import unauthorized
from tests.emulators.dropbox.routes import SCOPES
from tests.emulators.oauth import Grant, OAuth
from tests.emulators.serving import Request, Response

LIFETIME = 4 * 3600.0


class Grants(OAuth):
    """The tokens of one account."""

    def __init__(self, now: Callable[[], float], account: str, user: int) -> None:
        super().__init__(now, lifetime=LIFETIME)
        self._account = account
        self._user = user
        self._online: set[str] = set()

    def authorize(self, request: Request) -> Response:
        """Let a person decide; without ``token_access_type=offline`` for one token only.

        Who names no scopes is granted all of the app's.
        """
        known = set(self._codes)
        response = super().authorize(request)
        for code in self._codes.keys() - known:
            grant = self._codes[code].grant
            grant.scopes = grant.scopes or " ".join(SCOPES)
            if request.query.get("token_access_type") != "offline":
                self._online.add(code)
        return response

    def token(self, request: Request) -> Response:
        """Exchange a code or a refresh token; says whose account it is."""
        code = request.form().get("code", "")
        response = super().token(request)
        if code:
            response.body |= {"uid": str(self._user), "account_id": self._account}
        if code in self._online:
            del response.body["refresh_token"]
        response.body |= {"token_type": "bearer"}
        return response

    def issue(self, scopes: str = "", client: str = "client") -> dict[str, object]:
        """Return tokens as if a person had allowed these scopes, all of them if none is named."""
        return super().issue(scopes or " ".join(SCOPES), client)

    def expire(self) -> None:
        """Let every access token end now; they are still known for what they were."""
        self._access = {token: (grant, 0.0) for token, (grant, _) in self._access.items()}

    def check(self, request: Request, scope: str) -> Grant:
        """Return the grant of a request's token; raises Failure if it may not do this."""
        token = request.headers.get("authorization", "").partition(" ")[2]
        known = self._access.get(token)
        if known is None or not known[0].alive:
            raise unauthorized("invalid_access_token")
        if known[1] <= self.now():
            raise unauthorized("expired_access_token")
        if scope and known[0].scopes and scope not in known[0].scopes.split():
            raise unauthorized("missing_scope", required_scope=scope)
        return known[0]
