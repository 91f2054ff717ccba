"""An OpenID provider, by its discovery document (OpenID Connect Core and Discovery 1.0).

The ID token comes from the provider itself, over TLS; its signature is verified all the same, and
that it is from this issuer, for us, for this login, and not over.
"""

import base64
import hashlib
import hmac
import urllib.parse
from typing import Any, NoReturn, TypeVar

import httpx
import jwt
import msgspec

from syncoxiders.ports.errors import Unreachable
from syncoxiders.ports.people import NotLetIn, Person

_TIMEOUT = httpx.Timeout(10.0, connect=5.0)
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
"""Signatures that only the issuer can make; not those by a secret that we have as well."""
_LEEWAY = 60.0
"""Seconds by which its clock and ours may differ."""
_KEPT = 3600
"""Seconds for which its keys are kept; one that is not among them is asked for at once."""
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})


T = TypeVar("T")


class _Discovered(msgspec.Struct, frozen=True):
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class _Tokens(msgspec.Struct, frozen=True):
    id_token: str
    access_token: str = ""


class OpenIdIssuer:
    """An :class:`~syncoxiders.ports.people.Issuer`; ``secret`` is ``""`` for a public client."""

    def __init__(self, issuer: str, client: str, secret: str = "") -> None:
        self._issuer = issuer
        self._client = client
        self._secret = secret
        self._known: tuple[_Discovered, jwt.PyJWKClient] | None = None

    def address(self, redirect: str, state: str, nonce: str, verifier: str) -> str:
        """Return where a browser is sent. Raises NotLetIn, Unreachable."""
        found, _ = self._discovered()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
        query = {
            "response_type": "code",
            "client_id": self._client,
            "redirect_uri": redirect,
            "scope": "openid email",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge.rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        joint = "&" if "?" in found.authorization_endpoint else "?"
        return f"{found.authorization_endpoint}{joint}{urllib.parse.urlencode(query)}"

    def person(self, redirect: str, code: str, nonce: str, verifier: str) -> Person:
        """Return whom a code stands for, which is used by that. Raises NotLetIn, Unreachable."""
        found, keys = self._discovered()
        tokens = self._tokens(found, redirect, code, verifier)
        claims = self._claims(found, keys, tokens.id_token)
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
            raise NotLetIn("refused", "the provider's answer is for another login")
        if claims.get("azp", self._client) != self._client:
            raise NotLetIn("refused", "the provider's answer is for another client")
        if "email" not in claims and found.userinfo_endpoint and tokens.access_token:
            claims = {**self._about(found, tokens.access_token, claims["sub"]), **claims}
        return Person(
            found.issuer,
            str(claims["sub"]),
            str(claims.get("email") or ""),
            claims.get("email_verified") in (True, "true"),  # some say it as a text
        )

    def _discovered(self) -> tuple[_Discovered, jwt.PyJWKClient]:
        if self._known is None:
            url = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
            found = _read(_get(url), _Discovered)
            if found.issuer.rstrip("/") != self._issuer.rstrip("/"):
                raise NotLetIn("refused", "the provider calls itself otherwise than it is called")
            for each in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri):
                _check(each)
            keys = jwt.PyJWKClient(
                found.jwks_uri,
                lifespan=_KEPT,
                timeout=10,
                cooldown_duration=0,  # what names a key comes from the provider itself
            )
            self._known = found, keys
        return self._known

    def _tokens(self, found: _Discovered, redirect: str, code: str, verifier: str) -> _Tokens:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect,
            "client_id": self._client,
            "code_verifier": verifier,
        }
        more: dict[str, Any] = {}
        if self._secret and "client_secret_basic" in found.token_endpoint_auth_methods_supported:
            quoted = (urllib.parse.quote_plus(each) for each in (self._client, self._secret))
            more["auth"] = httpx.BasicAuth(*quoted)  # encoded by RFC 6749, 2.3.1
        elif self._secret:
            form["client_secret"] = self._secret
        try:
            with httpx.Client(timeout=_TIMEOUT) as client:
                response = client.post(found.token_endpoint, data=form, **more)
        except httpx.HTTPError as error:
            _unreachable(error)
        if response.is_server_error:
            raise Unreachable(f"the OpenID provider answers with status {response.status_code}")
        if not response.is_success:  # what it says may quote what it was sent
            raise NotLetIn("refused", "the provider does not take the code; log in again")
        return _read(response.content, _Tokens)

    def _claims(self, found: _Discovered, keys: jwt.PyJWKClient, token: str) -> dict[str, Any]:
        try:
            key = keys.get_signing_key_from_jwt(token)
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=list(_ALGORITHMS),
                audience=self._client,
                issuer=found.issuer,
                leeway=_LEEWAY,
                options={"require": ["exp", "iat", "iss", "aud", "sub"]},
            )
        except jwt.PyJWKClientConnectionError as error:
            _unreachable(error)
        except (jwt.PyJWTError, ValueError) as error:
            raise NotLetIn(
                "refused", f"the provider's answer is not to be believed ({type(error).__name__})"
            ) from None
        return claims

    def _about(self, found: _Discovered, access: str, subject: str) -> dict[str, Any]:
        """Return what the provider says of a person beside the token (Core 1.0, 5.3)."""
        told = _read(
            _get(found.userinfo_endpoint, {"Authorization": f"Bearer {access}"}), dict[str, Any]
        )
        return told if told.get("sub") == subject else {}


def _get(url: str, headers: dict[str, str] | None = None) -> bytes:
    _check(url)
    try:
        with httpx.Client(timeout=_TIMEOUT) as client:
            response = client.get(url, headers=headers)
    except httpx.HTTPError as error:
        _unreachable(error)
    if not response.is_success:
        raise Unreachable(f"the OpenID provider answers with status {response.status_code}")
    return response.content


def _check(url: str) -> None:
    """Make sure that an address is asked over TLS, or is on this machine."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _HERE):
        raise NotLetIn("refused", "the OpenID provider has to be asked over TLS")


def _read(data: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.MsgspecError:
        raise Unreachable("the OpenID provider's answer cannot be understood") from None


def _unreachable(error: Exception) -> NoReturn:
    raise Unreachable(f"the OpenID provider cannot be reached ({type(error).__name__})") from error
