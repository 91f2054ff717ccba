"""Signing in, as login.microsoftonline.com does it.

Source: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow and
https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc
"""

import base64
import html
import json
import time
import urllib.parse
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.emulators.oauth import OAuth
from tests.emulators.serving import Failure, Request, Response

TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"
PERSON = "00000000-0000-0000-66f3-3332eca7ea81"

_CODES = {
    "invalid_grant": 70000,
    "invalid_client": 7000215,
    "unsupported_grant_type": 70003,
    "invalid_request": 900144,
}


@dataclass
class MicrosoftOAuth(OAuth):
    """The authorization server, with tokens about the person beside the usual ones.

    A refresh gives a new refresh token and leaves the old one alive
    (https://learn.microsoft.com/entra/identity-platform/refresh-tokens), unless ``retires``.
    """

    rotates: bool = True
    retires: bool = False
    _nonces: dict[str, str] = field(default_factory=dict)

    def authorize(self, request: Request) -> Response:
        """Show the consent page, or send the browser back, by a form if it was asked to."""
        response = super().authorize(request)
        location = response.headers.get("Location", "")
        told = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(location).query))
        if "code" in told and "nonce" in request.query:
            self._nonces[told["code"]] = request.query["nonce"]
        if location and request.query.get("response_mode") == "form_post":
            return _form(request.query["redirect_uri"], told)
        return response

    def token(self, request: Request) -> Response:
        """Exchange a code or a refresh token."""
        form = request.form()
        old = form.get("refresh_token", "")
        grant = self._refresh.get(old)
        response = super().token(request)
        if grant is not None and not self.retires:
            self._refresh[old] = grant
        answer: dict[str, Any] = response.body
        answer["ext_expires_in"] = answer["expires_in"]
        asked = set((form.get("scope") or str(answer["scope"])).split())
        if "openid" in asked or "openid" in str(answer["scope"]).split():
            nonce = self._nonces.pop(form.get("code", ""), "")
            answer["id_token"] = self._id_token(request, form.get("client_id", ""), nonce)
        if form.get("client_info"):
            answer["client_info"] = _encoded({"uid": PERSON, "utid": TENANT})
        return response

    def _id_token(self, request: Request, client: str, nonce: str) -> str:
        now = int(time.time())
        claims = {
            "aud": client,
            "iss": f"{request.base}/{TENANT}/v2.0",
            "iat": now,
            "nbf": now,
            "exp": now + 3600,
            "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
            "oid": PERSON,
            "tid": TENANT,
            "ver": "2.0",
            "name": "Megan Bowen",
            "preferred_username": "megan@example.com",
            **({"nonce": nonce} if nonce else {}),
        }
        return f"{_encoded({'typ': 'JWT', 'alg': 'none'})}.{_encoded(claims)}."

    @staticmethod
    def _refuse(error: str, description: str, status: int = 400) -> Failure:
        code = _CODES.get(error, 50000)
        moment = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime())
        return Failure(
            Response(
                status,
                {
                    "error": error,
                    "error_description": f"AADSTS{code}: {description}",
                    "error_codes": [code],
                    "timestamp": moment,
                    "trace_id": str(uuid.uuid4()),
                    "correlation_id": str(uuid.uuid4()),
                },
            )
        )


def configuration(request: Request, tenant: str) -> Response:
    """Answer what the endpoints of a tenant are."""
    base = f"{request.base}/{tenant}"
    return Response(
        200,
        {
            "issuer": f"{base}/v2.0",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            "end_session_endpoint": f"{base}/oauth2/v2.0/logout",
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "response_types_supported": ["code", "id_token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "tenant_region_scope": None,
        },
    )


def instances(request: Request, tenant: str) -> Response:
    """Answer which hosts are authorities: this one."""
    del tenant
    host = request.host
    return Response(
        200,
        {
            "tenant_discovery_endpoint": (
                f"{request.base}/common/v2.0/.well-known/openid-configuration"
            ),
            "api-version": "1.1",
            "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
        },
    )


def _form(address: str, fields: Mapping[str, str]) -> Response:
    """Return a page whose form brings the answer to the client, as ``form_post`` wants it."""
    inputs = "".join(
        f'<input type="hidden" name="{name}" value="{html.escape(value)}">'
        for name, value in fields.items()
    )
    page = (
        f'<!doctype html><form method="POST" action="{html.escape(address)}">{inputs}'
        "<button>Continue</button></form><script>document.forms[0].submit()</script>"
    )
    return Response(200, page.encode(), {"Content-Type": "text/html"})


def _encoded(claims: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
