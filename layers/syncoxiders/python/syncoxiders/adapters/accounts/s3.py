"""Whether the keys of an S3 account are good, without touching anything."""

from collections.abc import Mapping
from typing import Any

from syncoxiders.adapters.accounts.records import by
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.errors import AccountError, Revoked, Unreachable

_NOT_OURS = frozenset({"AccessDenied", "AllAccessDisabled", "403"})
_WRONG = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidToken",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_CLOCK = "RequestTimeTooSkewed"


def whoami(account: Account, keys: Mapping[str, str]) -> str:
    """Return whose keys these are: AWS's name of the user or role, elsewhere the endpoint.

    At AWS it asks STS, which needs no permission
    (https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html); elsewhere it
    lists the buckets, and "not allowed to" will do. Raises AccountError, Revoked, Unreachable.
    """
    import boto3  # type: ignore[import-untyped]  # noqa: PLC0415 -- it has no types; and is heavy
    from botocore import exceptions  # type: ignore[import-untyped]  # noqa: PLC0415 -- it has no types; and is heavy
    from botocore.config import Config  # type: ignore[import-untyped]  # noqa: PLC0415 -- it has no types; and is heavy

    settings = account.settings
    url = settings.get("url")
    name = account.name
    try:
        session = boto3.Session(
            aws_access_key_id=keys.get("access_key_id"),
            aws_secret_access_key=keys.get("secret_access_key"),
            aws_session_token=keys.get("session_token"),
            region_name=settings.get("region") or None,
            profile_name=settings.get("profile") or None,
        )
        client = session.client(
            "s3" if url else "sts",
            endpoint_url=url,
            region_name=session.region_name or "us-east-1",
            verify=settings.get("ca"),
            config=Config(connect_timeout=15, read_timeout=30, retries={"total_max_attempts": 1}),
        )
        if not url:
            return str(client.get_caller_identity()["Arn"])
        client.list_buckets()
    except exceptions.ClientError as error:
        return _meaning(account, error.response, error)
    except (exceptions.NoCredentialsError, exceptions.PartialCredentialsError) as error:
        raise AccountError(
            f"the account {name} has no keys: give it some, or an AWS profile that has"
        ) from error
    except exceptions.ProfileNotFound as error:
        raise AccountError(
            f"AWS's settings have no profile {settings.get('profile')!r}, "
            f"which the account {name} names"
        ) from error
    except (exceptions.HTTPClientError, exceptions.ConnectionError) as error:
        raise Unreachable(f"S3 cannot be reached for the account {name}: no answer") from error
    except (exceptions.BotoCoreError, ValueError) as error:
        raise AccountError(
            f"the settings of the account {name} are not right ({type(error).__name__}): "
            "check its region and endpoint"
        ) from error
    return _there(account)


def _meaning(account: Account, answer: Mapping[str, Any], cause: Exception) -> str:
    code = str(answer.get("Error", {}).get("Code", ""))
    if code in _NOT_OURS and account.settings.get("url"):
        return _there(account)
    if code in _WRONG:
        raise Revoked(
            f"S3 does not take the keys of the account {account.name} ({code}): "
            f"connect it again{by(account.kind, account.name, ' --access-key-id ID')}"
        ) from cause
    if code == _CLOCK:
        raise Revoked(f"the clock of this machine is wrong: S3 says {code}") from cause
    raise Unreachable(f"S3 answers {code} to the account {account.name}") from cause


def _there(account: Account) -> str:
    return str(account.settings.get("url", "")).partition("://")[2].rstrip("/")
