"""An OAuth 2.0 authorization server (RFC 6749, PKCE by RFC 7636), as the vendors' are.

``GET authorize`` shows a page with two links, "allow" and "deny"; the browser, or a test in its
place, follows one. Vendors differ in paths and in the form of errors, which the emulators choose.
"""

import base64
import hashlib
import secrets
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.emulators.serving import Failure, Request, Response


@dataclass
class Grant:
    """What a person allowed a client; ``alive`` until it is revoked."""

    client: str
    scopes: str
    alive: bool = True


@dataclass
class _Code:
    grant: Grant
    redirect: str
    challenge: str
    expires: float


@dataclass
class OAuth:
    """Tokens and how long they last. Times are in seconds.

    ``clients`` maps client ids to secrets; one with an empty secret is a public client.
    ``rotates``: a refresh gives a new refresh token (OneDrive), else the old one stays.
    """

    now: Callable[[], float]
    clients: dict[str, str] = field(default_factory=lambda: {"client": "secret"})
    lifetime: float = 3600.0
    code_lifetime: float = 60.0
    rotates: bool = False
    refreshes: int = 0
    _codes: dict[str, _Code] = field(default_factory=dict)
    _access: dict[str, tuple[Grant, float]] = field(default_factory=dict)
    _refresh: dict[str, Grant] = field(default_factory=dict)

    def issue(self, scopes: str = "", client: str = "client") -> dict[str, object]:
        """Return tokens as if a person had gone through it all."""
        return self._tokens(Grant(client, scopes), offline=True)

    def grant(self, request: Request) -> Grant | None:
        """Return the grant that a request's bearer token stands for, None if it is not valid."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        found = self._access.get(token) if scheme.lower() == "bearer" else None
        if found is None or not found[0].alive or found[1] <= self.now():
            return None
        return found[0]

    def expire(self) -> None:
        """Let every access token end now."""
        self._access.clear()

    def revoke_all(self) -> None:
        """Let every grant end now."""
        for grant, _ in self._access.values():
            grant.alive = False
        for grant in self._refresh.values():
            grant.alive = False

    # Endpoints

    def authorize(self, request: Request) -> Response:
        """Show the consent page, or, with ``_choice``, send the browser back."""
        query = request.query
        redirect = query.get("redirect_uri", "")
        if query.get("client_id") not in self.clients or query.get("response_type") != "code":
            return Response(400, b"<h1>invalid request</h1>", {"Content-Type": "text/html"})
        if "_choice" not in query:
            links = "".join(
                f'<p><a id="{choice}" href="?{_with(query, _choice=choice)}">{choice}</a></p>'
                for choice in ("allow", "deny")
            )
            page = f"<!doctype html><title>Sign in</title><h1>Allow access?</h1>{links}"
            return Response(200, page.encode(), {"Content-Type": "text/html"})
        state = {"state": query["state"]} if "state" in query else {}
        if query["_choice"] != "allow":
            answer = {"error": "access_denied", **state}
        else:
            code = secrets.token_urlsafe(24)
            self._codes[code] = _Code(
                Grant(query["client_id"], query.get("scope", "")),
                redirect,
                query.get("code_challenge", ""),
                self.now() + self.code_lifetime,
            )
            answer = {"code": code, **state}
        if not redirect:  # the copy-paste way
            return Response(200, answer.get("code", "access_denied").encode())
        joint = "&" if "?" in redirect else "?"
        return Response(302, b"", {"Location": redirect + joint + urllib.parse.urlencode(answer)})

    def token(self, request: Request) -> Response:
        """Exchange a code or a refresh token."""
        form = request.form()
        client = self._client(request, form)
        if form.get("grant_type") == "authorization_code":
            code = self._codes.pop(form.get("code", ""), None)
            if code is None or code.expires <= self.now() or code.grant.client != client:
                raise self._refuse("invalid_grant", "the code is not valid, or has expired")
            if code.redirect != form.get("redirect_uri", ""):
                raise self._refuse("invalid_grant", "redirect_uri does not match")
            if code.challenge and code.challenge != _challenge(form.get("code_verifier", "")):
                raise self._refuse("invalid_grant", "code_verifier does not match")
            return Response(200, self._tokens(code.grant, offline=True))
        if form.get("grant_type") == "refresh_token":
            self.refreshes += 1
            old = form.get("refresh_token", "")
            grant = self._refresh.get(old)
            if grant is None or not grant.alive or grant.client != client:
                raise self._refuse("invalid_grant", "the token has been expired or revoked")
            if self.rotates:
                del self._refresh[old]
            return Response(200, self._tokens(grant, offline=self.rotates))
        raise self._refuse("unsupported_grant_type", "no such grant type")

    def revoke(self, token: str) -> bool:
        """End the grant of an access or refresh token; False if there is none."""
        found = self._refresh.get(token) or self._access.get(token, (None, 0.0))[0]
        if found is not None:
            found.alive = False
        return found is not None

    def _client(self, request: Request, form: Mapping[str, str]) -> str:
        client, secret = form.get("client_id", ""), form.get("client_secret", "")
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            client, _, secret = base64.b64decode(value).decode().partition(":")
            client, secret = urllib.parse.unquote(client), urllib.parse.unquote(secret)
        if client not in self.clients or (secret and secret != self.clients[client]):
            raise self._refuse("invalid_client", "the client is not known", 401)
        return client

    def _tokens(self, grant: Grant, *, offline: bool) -> dict[str, object]:
        access = secrets.token_urlsafe(32)
        self._access[access] = (grant, self.now() + self.lifetime)
        answer: dict[str, object] = {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": int(self.lifetime),
            "scope": grant.scopes,
        }
        if offline:
            refresh = secrets.token_urlsafe(32)
            self._refresh[refresh] = grant
            answer["refresh_token"] = refresh
        return answer

    @staticmethod
    def _refuse(error: str, description: str, status: int = 400) -> Failure:
        return Failure(Response(status, {"error": error, "error_description": description}))


def _with(query: Mapping[str, str], **more: str) -> str:
    return urllib.parse.urlencode({**query, **more}).replace("&", "&amp;")


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
