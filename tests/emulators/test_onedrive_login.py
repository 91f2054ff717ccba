"""The OneDrive emulator signs people in as login.microsoftonline.com does."""

import base64
import hashlib
import json
import re
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import msal  # type: ignore[import-untyped]  # it has no types
import pytest
import trustme

from tests.emulators import onedrive
from tests.emulators.onedrive.client import Client, serving
from tests.emulators.onedrive.emulator import OneDrive
from tests.emulators.serving import Server

REDIRECT = "http://localhost:1/callback"
SCOPES = ["Files.ReadWrite.All"]


@pytest.fixture
def c() -> Iterator[Client]:
    with serving(onedrive.create()) as client:
        yield client


def consent(http: httpx.Client, url: str) -> dict[str, str]:
    """Do as a person does who allows access; returns what the browser brings back."""
    assert "allow" in http.get(url).text
    answer = http.get(url + "&_choice=allow")
    if answer.status_code == 200:
        return dict(re.findall(r'name="(\w+)" value="([^"]*)"', answer.text))
    assert answer.status_code == 302
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    return {name: values[0] for name, values in query.items()}


def sign_in(c: Client, **more: str) -> dict[str, Any]:
    """Go through the authorization code flow with PKCE."""
    verifier = "a" * 50
    digest = hashlib.sha256(verifier.encode()).digest()
    query = {
        "client_id": "public",
        "response_type": "code",
        "redirect_uri": REDIRECT,
        "scope": "Files.ReadWrite.All offline_access",
        "state": "12345",
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    url = f"{c.url}/common/oauth2/v2.0/authorize?{httpx.QueryParams(query)}"
    back = consent(c.http, url)
    assert back["state"] == "12345"
    form = {
        "client_id": "public",
        "grant_type": "authorization_code",
        "code": back["code"],
        "redirect_uri": REDIRECT,
        "code_verifier": verifier,
        **more,
    }
    answer = c.http.post("/common/oauth2/v2.0/token", data=form)
    found: dict[str, Any] = {"status": answer.status_code, **answer.json()}
    return found


def refresh(c: Client, token: str) -> httpx.Response:
    form = {"client_id": "public", "grant_type": "refresh_token", "refresh_token": token}
    return c.http.post("/common/oauth2/v2.0/token", data=form)


def test_code_flow(c: Client) -> None:
    """A person's consent gives a code, the code with its verifier gives tokens that work."""
    tokens = sign_in(c)
    assert (tokens["status"], tokens["token_type"], tokens["expires_in"]) == (200, "Bearer", 3600)
    c.emulator.token = tokens["access_token"]
    c.get("")


def test_wrong_verifier(c: Client) -> None:
    """Another verifier is refused, in Microsoft's form."""
    found = sign_in(c, code_verifier="b" * 50)
    assert (found["status"], found["error"]) == (400, "invalid_grant")
    assert found["error_description"].startswith("AADSTS")
    assert found["error_codes"]


def test_refresh_rotates(c: Client) -> None:
    """A refresh brings a new refresh token; the old one goes on working, as documented."""
    old = sign_in(c)["refresh_token"]
    new = refresh(c, old).json()
    assert new["refresh_token"] != old
    c.emulator.token = new["access_token"]
    c.get("")
    assert refresh(c, old).status_code == 200
    assert refresh(c, new["refresh_token"]).status_code == 200


def test_refresh_retires_on_demand(c: Client) -> None:
    """With ``retires`` whoever does not keep the new refresh token is locked out."""
    c.emulator.oauth.retires = True
    old = sign_in(c)["refresh_token"]
    assert refresh(c, old).status_code == 200
    assert refresh(c, old).json()["error"] == "invalid_grant"


def test_expiry_and_revocation(c: Client) -> None:
    """Access tokens end after their time; after a revocation the refresh token does as well."""
    tokens = sign_in(c)
    c.emulator.token = tokens["access_token"]
    c.emulator.ahead += 3601
    c.refused("GET", "", 401, "InvalidAuthenticationToken")
    c.emulator.token = refresh(c, tokens["refresh_token"]).json()["access_token"]
    c.get("")
    c.emulator.oauth.revoke_all()
    c.refused("GET", "", 401, "InvalidAuthenticationToken")
    assert refresh(c, tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_discovery(c: Client) -> None:
    """The endpoints of a tenant and the authorities' hosts can be asked for."""
    path = "/consumers/v2.0/.well-known/openid-configuration"
    found = c.bare("GET", path).json()
    assert found["token_endpoint"] == f"{c.url}/consumers/oauth2/v2.0/token"
    found = c.bare("GET", "/common/discovery/instance?api-version=1.1").json()
    assert urlsplit(found["tenant_discovery_endpoint"]).netloc == urlsplit(c.url).netloc


class TestMsal:
    """Microsoft's own library, msal, which demands https."""

    @pytest.fixture
    def emulator(self) -> OneDrive:
        return onedrive.create()

    @pytest.fixture
    def authority(self, emulator: OneDrive, tmp_path: Path) -> Iterator[str]:
        ca = trustme.CA()
        ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        ca.issue_cert("localhost").configure_cert(context)
        with Server(emulator, context=context) as server:
            yield f"https://localhost:{server.port}/consumers"

    @pytest.fixture
    def verify(self, authority: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
        del authority
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HTTPS_PROXY", "https_proxy"):
            monkeypatch.delenv(name, raising=False)
        return str(tmp_path / "ca.pem")

    def application(
        self, authority: str, verify: str, cache: msal.SerializableTokenCache
    ) -> msal.PublicClientApplication:
        return msal.PublicClientApplication(
            "public",
            authority=authority,
            instance_discovery=False,
            verify=verify,
            token_cache=cache,
        )

    def test_sign_in_and_refresh(self, emulator: OneDrive, authority: str, verify: str) -> None:
        """msal signs in with PKCE, knows who it is, and refreshes when the token has expired."""
        cache = msal.SerializableTokenCache()
        application = self.application(authority, verify, cache)
        flow = application.initiate_auth_code_flow(
            SCOPES, redirect_uri=REDIRECT, response_mode="form_post"
        )
        context = ssl.create_default_context(cafile=verify)
        with httpx.Client(verify=context, trust_env=False) as http:
            back = consent(http, flow["auth_uri"])
        found = application.acquire_token_by_auth_code_flow(flow, back)
        assert "error" not in found
        assert found["id_token_claims"]["preferred_username"] == "megan@example.com"
        (account,) = application.get_accounts()
        first = application.acquire_token_silent(SCOPES, account)
        assert first is not None
        assert first["access_token"] == found["access_token"]
        assert emulator.oauth.refreshes == 0

        again = self.application(authority, verify, cache)
        second = again.acquire_token_silent(SCOPES, account, force_refresh=True)
        assert second is not None
        assert second["access_token"] != first["access_token"]
        assert emulator.oauth.refreshes == 1
        kept = json.loads(cache.serialize())["RefreshToken"]
        assert len(kept) == 1

        emulator.oauth.revoke_all()
        refused = again.acquire_token_silent_with_error(SCOPES, account, force_refresh=True)
        assert refused is not None
        assert refused["error"] == "invalid_grant"
