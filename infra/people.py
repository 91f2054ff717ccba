"""By whom people are let in: a Cognito user pool, or an OpenID provider that is there already."""

from aws_cdk import Duration, Fn, RemovalPolicy, Stack
from aws_cdk import aws_cognito as cognito
from constructs import Construct

from infra.settings import Settings


class People(Construct):
    """Where people prove who they are, and what the API has to know of it.

    ``told`` are the API's settings. Nobody can sign up: accounts are made for who is invited.
    """

    def __init__(self, scope: Construct, construct_id: str, settings: Settings, url: str) -> None:
        super().__init__(scope, construct_id)
        self.pool: cognito.UserPool | None = None
        self.told = {"ADMINISTRATOR": settings.admin}
        if settings.issuer:
            self.told |= {"ISSUER": settings.issuer, "CLIENT": settings.client}
            return
        self.pool = self._pool(settings, url)
        client = self._client(self.pool, url)
        self._login(self.pool, client)
        if settings.admin:
            self._administrator(self.pool, settings.admin)
        self.told |= {
            "ISSUER": self.pool.user_pool_provider_url,
            "CLIENT": client.user_pool_client_id,
            "POOL": self.pool.user_pool_id,
        }

    def _pool(self, settings: Settings, url: str) -> cognito.UserPool:
        kept = RemovalPolicy.DESTROY if settings.disposable else RemovalPolicy.RETAIN
        return cognito.UserPool(
            self,
            "Pool",
            self_sign_up_enabled=False,
            sign_in_aliases=cognito.SignInAliases(email=True),
            sign_in_case_sensitive=False,
            standard_attributes=cognito.StandardAttributes(
                email=cognito.StandardAttribute(required=True, mutable=True)
            ),
            # Until a new address is proved to be theirs, they are known by the old one.
            auto_verify=cognito.AutoVerifiedAttrs(email=True),
            keep_original=cognito.KeepOriginalAttrs(email=True),
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            password_policy=cognito.PasswordPolicy(
                min_length=12,
                require_digits=True,
                require_lowercase=True,
                require_symbols=True,
                require_uppercase=True,
                temp_password_validity=Duration.days(3),
            ),
            # Where it is required, the pages have everybody set up an authenticator.
            # https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-mfa-totp.html
            mfa=cognito.Mfa.REQUIRED if settings.mfa == "required" else cognito.Mfa.OPTIONAL,
            mfa_second_factor=cognito.MfaSecondFactor(otp=True, sms=False),
            # The plan that has managed login; up to 10,000 people a month cost nothing.
            feature_plan=cognito.FeaturePlan.ESSENTIALS,
            user_invitation=cognito.UserInvitationConfig(
                email_subject="You are invited to SyncOxiders",
                email_body=(
                    f"You are invited to keep your folders and clouds in step at {url}/ .<br>"
                    "Log in as {username} with the password {####} within three days; "
                    "you will be asked for one of your own."
                ),
            ),
            deletion_protection=kept is RemovalPolicy.RETAIN,
            removal_policy=kept,
        )

    @staticmethod
    def _client(pool: cognito.UserPool, url: str) -> cognito.UserPoolClient:
        """Make us known, without a secret: a code is of use only with what PKCE keeps back."""
        return pool.add_client(
            "Console",
            generate_secret=False,
            auth_flows=cognito.AuthFlow(user_srp=False, user_password=False, custom=False),
            o_auth=cognito.OAuthSettings(
                flows=cognito.OAuthFlows(authorization_code_grant=True),
                scopes=[cognito.OAuthScope.OPENID, cognito.OAuthScope.EMAIL],
                callback_urls=[f"{url}/auth/callback"],
                logout_urls=[f"{url}/"],
            ),
            supported_identity_providers=[cognito.UserPoolClientIdentityProvider.COGNITO],
            prevent_user_existence_errors=True,
            # Who somebody is, is asked once; then they have a session of ours.
            id_token_validity=Duration.minutes(10),
            access_token_validity=Duration.minutes(10),
            refresh_token_validity=Duration.hours(1),
        )

    def _login(self, pool: cognito.UserPool, client: cognito.UserPoolClient) -> None:
        """Have pages where people log in, at an address that no other stack can have."""
        unique = Fn.select(2, Fn.split("/", Stack.of(self).stack_id))
        domain = cognito.CfnUserPoolDomain(
            self,
            "Domain",
            user_pool_id=pool.user_pool_id,
            domain=Fn.join("-", ["syncoxiders", unique]),
            managed_login_version=2,
        )
        # Without a style the pages are not shown at all.
        style = cognito.CfnManagedLoginBranding(
            self,
            "Style",
            user_pool_id=pool.user_pool_id,
            client_id=client.user_pool_client_id,
            use_cognito_provided_values=True,
        )
        style.add_resource_dependency(domain)

    def _administrator(self, pool: cognito.UserPool, email: str) -> None:
        """Let who deploys in: the password for the first time goes to their address."""
        cognito.CfnUserPoolUser(
            self,
            "Administrator",
            user_pool_id=pool.user_pool_id,
            username=email,
            desired_delivery_mediums=["EMAIL"],
            user_attributes=[
                cognito.CfnUserPoolUser.AttributeTypeProperty(name="email", value=email),
                cognito.CfnUserPoolUser.AttributeTypeProperty(name="email_verified", value="true"),
            ],
        )
