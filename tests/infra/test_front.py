"""What people come to: routes, and by whom they are let in."""

from typing import Any

import pytest

from tests.infra.conftest import Synthesis
from tests.infra.reading import function, of_type, one, text

Template = dict[str, Any]

COGNITO = "AWS::Cognito::"


def _variables(template: Template, name: str = "api") -> dict[str, Any]:
    found: dict[str, Any] = function(template, name)[1]["Environment"]["Variables"]
    return found


def test_routes(template: Template) -> None:
    """The API has its addresses and the console all others, on the one API that there is."""
    integrations = of_type(template, "AWS::ApiGatewayV2::Integration")
    _, api = one(template, "AWS::ApiGatewayV2::Api", "Ingress")
    assert "CorsConfiguration" not in api
    found: dict[str, set[str]] = {}
    for route in of_type(template, "AWS::ApiGatewayV2::Route").values():
        target = text(route["Properties"]["Target"]).removeprefix("integrations/")
        uri = text(integrations[target]["Properties"]["IntegrationUri"])
        for name in ("api", "console"):
            if function(template, name)[0] in uri:
                found.setdefault(name, set()).add(route["Properties"]["RouteKey"])
                assert integrations[target]["Properties"]["PayloadFormatVersion"] == "2.0"
    assert found == {
        "api": {"ANY /api/{proxy+}", "ANY /auth/{proxy+}", "GET /oauth/callback"},
        "console": {
            f"{method} {path}" for method in ("GET", "HEAD") for path in ("/", "/{proxy+}")
        },
    }


def test_it_answers_before_the_gateway_does(template: Template) -> None:
    """A function that people wait for ends before API Gateway gives up, after 30 seconds."""
    for name in ("api", "console", "live"):
        assert function(template, name)[1]["Timeout"] < 30


def test_the_pool(template: Template) -> None:
    """Only who is invited has an account; passwords are long; a second factor may be had."""
    logical, pool = one(template, f"{COGNITO}UserPool", "People")
    assert pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    assert pool["Policies"]["PasswordPolicy"]["MinimumLength"] >= 12
    assert pool["MfaConfiguration"] == "OPTIONAL"
    assert pool["EnabledMfas"] == ["SOFTWARE_TOKEN_MFA"]
    assert pool["UsernameAttributes"] == ["email"]
    assert pool["UsernameConfiguration"] == {"CaseSensitive": False}
    assert pool["DeletionProtection"] == "ACTIVE"
    assert template["Resources"][logical]["DeletionPolicy"] == "Retain"


def test_a_second_factor_for_everybody(synthesise: Synthesis) -> None:
    """Who deploys may require one, of an authenticator; nothing is sent by SMS."""
    _, pool = one(synthesise(mfa="required"), f"{COGNITO}UserPool", "People")
    assert pool["MfaConfiguration"] == "ON"
    assert pool["EnabledMfas"] == ["SOFTWARE_TOKEN_MFA"]


def test_the_login(template: Template) -> None:
    """The client has no secret and takes codes only, which lead back to the API alone."""
    _, client = one(template, f"{COGNITO}UserPoolClient", "People")
    assert client["GenerateSecret"] is False
    assert client["AllowedOAuthFlows"] == ["code"]
    assert client["AllowedOAuthScopes"] == ["openid", "email"]
    (callback,) = client["CallbackURLs"]
    assert text(callback).endswith("/auth/callback")
    assert client["ExplicitAuthFlows"] == ["ALLOW_REFRESH_TOKEN_AUTH"]
    assert client["PreventUserExistenceErrors"] == "ENABLED"
    _, domain = one(template, f"{COGNITO}UserPoolDomain", "People")
    assert domain["ManagedLoginVersion"] == 2
    one(template, f"{COGNITO}ManagedLoginBranding", "People")
    told = _variables(template)
    assert text(told["SYNCOXIDERS_ISSUER"]).endswith(".ProviderURL")
    assert text(told["SYNCOXIDERS_CLIENT"]).startswith("PeoplePool")
    assert text(told["SYNCOXIDERS_POOL"]).startswith("PeoplePool")


def test_the_first_administrator(synthesise: Synthesis, template: Template) -> None:
    """Who deploys gets an account at their own address, and the API knows that it is theirs."""
    assert f"{COGNITO}UserPoolUser" not in str(template)
    assert "SYNCOXIDERS_ADMINISTRATOR" not in _variables(template)
    assert "-c admin=" in template["Outputs"]["Administrator"]["Value"]
    with_one = synthesise(admin="Ann@Example.org")
    _, user = one(with_one, f"{COGNITO}UserPoolUser", "People")
    assert user["Username"] == "ann@example.org"
    attributes = {each["Name"]: each["Value"] for each in user["UserAttributes"]}
    assert attributes == {"email": "ann@example.org", "email_verified": "true"}
    assert _variables(with_one)["SYNCOXIDERS_ADMINISTRATOR"] == "ann@example.org"
    assert with_one["Outputs"]["Administrator"]["Value"] == "ann@example.org"


def test_another_provider(synthesise: Synthesis) -> None:
    """With a provider of one's own there is no pool, and the API may not ask for one."""
    template = synthesise(issuer="https://id.example.org/", client="abc", admin="ann@example.org")
    assert COGNITO not in str(template)
    assert "cognito-idp" not in str(template)
    told = _variables(template)
    assert told["SYNCOXIDERS_ISSUER"] == "https://id.example.org"
    assert told["SYNCOXIDERS_CLIENT"] == "abc"
    assert "SYNCOXIDERS_POOL" not in told


def test_on_an_emulator(synthesise: Synthesis) -> None:
    """There one comes by a link: there is neither pool nor provider, but an address and folders."""
    template = synthesise(local="true")
    assert COGNITO not in str(template)
    told = _variables(template)
    assert "SYNCOXIDERS_ISSUER" not in told
    assert told["SYNCOXIDERS_CONSOLE"] == {"Ref": "LocalConsole"}
    assert told["SYNCOXIDERS_FOLDERS"] == {"Ref": "LocalFolders"}


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"issuer": "https://id.example.org"}, "belong together"),
        ({"client": "abc"}, "belong together"),
        ({"issuer": "http://id.example.org", "client": "abc"}, "https://"),
        ({"admin": "ann"}, "e-mail"),
        ({"mfa": "yes"}, "optional or required"),
    ],
)
def test_bad_settings(synthesise: Synthesis, setting: dict[str, str], said: str) -> None:
    """What cannot be is refused by a sentence, before anything is deployed."""
    with pytest.raises(SystemExit, match=said):
        synthesise(**setting)
