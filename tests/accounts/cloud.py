"""The sign-in of all three vendors at one address, and what says whose account it is.

Paths and answers are the vendors': Google's (https://developers.google.com/identity/protocols/oauth2/native-app),
Dropbox's (https://developers.dropbox.com/oauth-guide) and Microsoft's
(https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow).
"""

from typing import Any

from tests.emulators.oauth import OAuth
from tests.emulators.serving import Emulator, Failure, Request, Response

DROPBOX_SCOPES = (
    "account_info.read files.content.read files.content.write "
    "files.metadata.read files.metadata.write"
)


class Cloud(Emulator):
    """An authorization server that knows one person.

    ``identity`` is who signs in; ``granted`` are other scopes than were asked for; ``ends`` is when
    a refresh token ends; ``online`` gives none. ``asked`` are the queries that the browser brought,
    ``secrets`` all codes and tokens that were ever given.
    """

    def __init__(self, *, rotates: bool = False) -> None:
        super().__init__()
        self.oauth = OAuth(self.now, rotates=rotates)
        self.oauth.clients = {"client": "client-secret-value", "public": ""}
        self.identity = "ann@example.org"
        self.granted: str | None = None
        self.ends: int | None = None
        self.online = False
        self.asked: list[dict[str, str]] = []
        self.secrets: set[str] = {"client-secret-value"}
        add = self.routes.add
        for path in ("/o/oauth2/v2/auth", "/oauth2/authorize", "/{tenant}/oauth2/v2.0/authorize"):
            add("GET", path, self._authorize)
        for path in ("/token", "/oauth2/token", "/{tenant}/oauth2/v2.0/token"):
            add("POST", path, self._token)
        add("GET", "/{tenant}/v2.0/.well-known/openid-configuration", self._configuration)
        add("POST", "/revoke", self._revoke)
        add("GET", "/drive/v3/about", self._about)
        add("POST", "/2/auth/token/revoke", self._revoke_own)
        add("POST", "/2/users/get_current_account", self._current_account)
        add("POST", "/2/users/get_space_usage", self._space)
        add("GET", "/v1.0/me", self._me)
        add("GET", "/v1.0/me/drives", self._drives)
        add("GET", "/v1.0/sites/contoso.example:/sites/Team", self._site)
        add("GET", "/v1.0/sites/site-1/drives", self._libraries)
        add("GET", "/v1.0/me/drive", lambda request: self._drive(request, "own"))
        add("GET", "/v1.0/drives/{drive}", self._drive)

    def issue(self, scopes: str = "") -> dict[str, Any]:
        return self._noted(self.oauth.issue(scopes))

    # OAuth

    def _authorize(self, request: Request, **_: str) -> Response:
        self.asked.append(dict(request.query))
        response = self.oauth.authorize(request)
        self.secrets |= self.oauth._codes.keys()
        return response

    def _token(self, request: Request, **_: str) -> Response:
        self._check_scopes(request.form())
        response = self.oauth.token(request)
        if self.granted is not None:
            response.body["scope"] = self.granted
        elif request.path == "/oauth2/token":
            response.body["scope"] = DROPBOX_SCOPES
        if self.ends is not None:
            response.body["refresh_token_expires_in"] = self.ends
        if self.online:
            response.body.pop("refresh_token", None)
        self._noted(response.body)
        return response

    def _check_scopes(self, form: dict[str, str]) -> None:
        """Refuse, as Microsoft does, to refresh for a scope that nobody consented to."""
        grant = self.oauth._refresh.get(form.get("refresh_token", ""))
        asked = set(form.get("scope", "").split()) - {"openid", "profile", "offline_access"}
        if grant is not None and grant.scopes and not asked <= set(grant.scopes.split()):
            text = "AADSTS65001: The user or administrator has not consented."
            raise Failure(Response(400, {"error": "invalid_grant", "error_description": text}))

    def _noted(self, tokens: dict[str, Any]) -> dict[str, Any]:
        self.secrets |= {tokens[key] for key in ("access_token", "refresh_token") if key in tokens}
        return tokens

    def _revoke(self, request: Request) -> Response:
        if self.oauth.revoke(request.form().get("token", "")):
            return Response(200, {})
        return Response(400, {"error": "invalid_token", "error_description": "Token expired"})

    def _revoke_own(self, request: Request) -> Response:
        self._checked(request)
        self.oauth.revoke(request.headers["authorization"].partition(" ")[2])
        return Response(200, b"null")

    def _configuration(self, request: Request, tenant: str) -> Response:
        if tenant == "nowhere":
            return Response(400, {"error": "invalid_tenant"})
        base = f"{request.base}/{tenant}"
        return Response(
            200,
            {
                "issuer": f"{base}/v2.0",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
            },
        )

    # Who it is

    def _checked(self, request: Request) -> None:
        if self.oauth.grant(request) is None:
            raise Failure(Response(401, {"error": {"code": 401, "message": "Invalid Credentials"}}))

    def _about(self, request: Request) -> Response:
        self._checked(request)
        quota = {"limit": "16106127360", "usage": "4096"}  # numbers as text, as Google has them
        return Response(200, {"user": {"emailAddress": self.identity}, "storageQuota": quota})

    def _current_account(self, request: Request) -> Response:
        self._checked(request)
        assert not request.body
        assert "content-type" not in request.headers
        name = {"display_name": "Ann"}
        return Response(200, {"account_id": "dbid:1", "name": name, "email": self.identity})

    def _space(self, request: Request) -> Response:
        self._checked(request)
        allocation = {".tag": "individual", "allocated": 2 << 30}
        return Response(200, {"used": 4096, "allocation": allocation})

    def _me(self, request: Request) -> Response:
        self._checked(request)
        grant = self.oauth.grant(request)
        if grant is not None and "User.Read" not in (grant.scopes or "User.Read"):
            return Response(403, {"error": {"code": "accessDenied", "message": "Access denied"}})
        return Response(200, {"displayName": "Ann", "userPrincipalName": self.identity})

    def _drive(self, request: Request, drive: str) -> Response:
        self._checked(request)
        if drive not in {"own", "vault", "lib-1", "lib-2"}:
            return Response(404, {"error": {"code": "itemNotFound", "message": "Not found"}})
        kind = "documentLibrary" if drive.startswith("lib") else "personal"
        quota = {"used": 4096, "total": 5 << 30}
        owner = {"user": {"displayName": "Ann", "id": "48d31887"}}
        return Response(
            200,
            {"id": drive, "driveType": kind, "name": drive, "quota": quota, "owner": owner},
        )

    def _drives(self, request: Request) -> Response:
        self._checked(request)
        return Response(200, {"value": [_drive("own"), _drive("vault")]})

    def _site(self, request: Request) -> Response:
        self._checked(request)
        return Response(200, {"id": "site-1"})

    def _libraries(self, request: Request) -> Response:
        self._checked(request)
        return Response(200, {"value": [_drive("lib-1"), _drive("lib-2")]})


def _drive(drive: str) -> dict[str, str]:
    kind = "documentLibrary" if drive.startswith("lib") else "personal"
    return {"id": drive, "driveType": kind, "name": f"Name of {drive}"}
