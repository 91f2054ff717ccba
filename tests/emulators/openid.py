"""An OpenID provider: whoever it is told is logged in.

As OpenID Connect Core 1.0 and Discovery 1.0 have it, with PKCE (RFC 7636) that it insists on.
``claims`` is what it says of the person, ``answer`` what it says of an authorization instead.
"""

import base64
import hashlib
import json
import secrets
import time
import urllib.parse
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.emulators.serving import Emulator, Request, Response

CLIENT = "client-1"


class OpenId(Emulator):
    """``secret`` is the client's, ``""`` for a public one."""

    def __init__(self) -> None:
        super().__init__()
        self.url = ""
        self.secret = ""
        self.methods = ["client_secret_basic", "client_secret_post"]
        self.claims: dict[str, Any] = {
            "sub": "subject-1",
            "email": "Ada@Example.com",
            "email_verified": True,
        }
        self.beside: dict[str, Any] = {}
        self.answer: dict[str, str] = {}
        self.signs_with = self.key = rsa.generate_private_key(65537, 2048)
        self.algorithm = "RS256"
        self.kid = "k1"
        self.codes: dict[str, dict[str, str]] = {}
        self.routes.add("GET", "/.well-known/openid-configuration", self._discovery)
        self.routes.add("GET", "/keys", self._keys)
        self.routes.add("GET", "/authorize", self._authorize)
        self.routes.add("POST", "/token", self._token)
        self.routes.add("GET", "/userinfo", self._userinfo)

    def _discovery(self, request: Request) -> Response:
        del request
        return Response(
            200,
            {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
                "userinfo_endpoint": f"{self.url}/userinfo",
                "token_endpoint_auth_methods_supported": self.methods,
            },
        )

    def _keys(self, request: Request) -> Response:
        del request
        key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return Response(200, {"keys": [{**key, "kid": self.kid, "use": "sig", "alg": "RS256"}]})

    def _authorize(self, request: Request) -> Response:
        query = dict(request.query)
        assert query["client_id"] == CLIENT
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        back = {"state": query["state"], **self.answer}
        if not self.answer:
            code = secrets.token_urlsafe(16)
            self.codes[code] = query
            back["code"] = code
        where = f"{query['redirect_uri']}?{urllib.parse.urlencode(back)}"
        return Response(302, headers={"Location": where})

    def _token(self, request: Request) -> Response:
        form = request.form()
        query = self.codes.pop(form.get("code", ""), None)
        if query is None or not self._is_client(request, form):
            return Response(400, {"error": "invalid_grant", "error_description": form["code"]})
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if challenge != query["code_challenge"] or form["redirect_uri"] != query["redirect_uri"]:
            return Response(400, {"error": "invalid_grant"})
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": query["nonce"],
            **self.claims,
        }
        token = jwt.encode(
            {name: value for name, value in claims.items() if value is not None},
            self.signs_with,
            algorithm=self.algorithm,
            headers={"kid": self.kid},
        )
        return Response(200, {"id_token": token, "access_token": "access", "token_type": "Bearer"})

    def _is_client(self, request: Request, form: dict[str, str]) -> bool:
        if form["client_id"] != CLIENT:
            return False
        if not self.secret:
            return True
        if "client_secret_basic" in self.methods:
            quoted = urllib.parse.quote_plus(self.secret)
            basic = base64.b64encode(f"{CLIENT}:{quoted}".encode()).decode()
            return request.headers.get("authorization") == f"Basic {basic}"
        return form.get("client_secret") == self.secret

    def _userinfo(self, request: Request) -> Response:
        if request.headers.get("authorization") != "Bearer access":
            return Response(401)
        return Response(200, self.beside)
