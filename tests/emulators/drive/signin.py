"""Google's sign-in, in what it does that OAuth does not say.

https://developers.google.com/identity/protocols/oauth2/web-server
"""

import urllib.parse
from typing import Any

from tests.emulators.oauth import OAuth
from tests.emulators.serving import Failure, Request, Response

TESTING_SECONDS = 7 * 86_400 - 1
"""How long a refresh token lasts while an app is in "Testing".

https://developers.google.com/identity/protocols/oauth2#expiration
"""


class SignIn:
    """The endpoints of accounts.google.com and oauth2.googleapis.com.

    A refresh token is given for ``access_type=offline`` only, and then once: again only with
    ``prompt=consent``. While ``testing`` it ends after a week.
    """

    def __init__(self, oauth: OAuth) -> None:
        self._oauth = oauth
        self._online: set[str] = set()
        self._consented: set[str] = set()
        self._ends: dict[str, float] = {}
        self.testing = False

    def authorize(self, request: Request) -> Response:
        """Show the consent page, or send the browser back."""
        query = request.query
        answer = self._oauth.authorize(request)
        location = urllib.parse.urlsplit(answer.headers.get("Location", ""))
        code = dict(urllib.parse.parse_qsl(location.query)).get("code", "")
        if query.get("_choice") == "allow" and not location.netloc:
            code = answer.encoded().decode()
        if not code:
            return answer
        client = query["client_id"]
        again = client in self._consented and query.get("prompt") != "consent"
        if query.get("access_type") != "offline" or again:
            self._online.add(code)
        else:
            self._consented.add(client)
        return answer

    def token(self, request: Request) -> Response:
        """Exchange a code or a refresh token."""
        form = request.form()
        now = self._oauth.now()
        if self._ends.get(form.get("refresh_token", ""), now + 1) <= now:
            refused = {
                "error": "invalid_grant",
                "error_description": "Token has been expired or revoked.",
            }
            raise Failure(Response(400, refused))
        answer = self._oauth.token(request)
        told: dict[str, Any] = answer.body
        if form.get("code") in self._online:
            told.pop("refresh_token", None)
        if self.testing and "refresh_token" in told:
            told["refresh_token_expires_in"] = TESTING_SECONDS
            self._ends[told["refresh_token"]] = now + TESTING_SECONDS
        return answer

    def revoke(self, request: Request) -> Response:
        """End a grant."""
        token = request.query.get("token") or request.form().get("token", "")
        if not self._oauth.revoke(token):
            refused = {"error": "invalid_token", "error_description": "Token expired or revoked"}
            return Response(400, refused)
        return Response(200, {})
