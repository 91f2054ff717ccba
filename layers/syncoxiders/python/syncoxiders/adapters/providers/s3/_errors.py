"""What S3 and botocore say went wrong, as errors of the port. The one choke point.

Codes: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html, and those of MinIO,
Ceph, R2 and other services that speak the protocol. A HEAD has no body, and so no code but the
status (:func:`is_mute`).
"""

from collections.abc import Mapping
from typing import Any

from botocore import exceptions as vendor  # type: ignore[import-untyped]  # it ships no types
from urllib3.exceptions import HTTPError as TransportError

from syncoxiders.adapters.accounts.records import by
from syncoxiders.ports.errors import (
    Denied,
    Full,
    ProviderError,
    Refused,
    Revoked,
    RootLost,
    Stale,
    Throttled,
    Unreachable,
    Vanished,
)

ERRORS = (vendor.BotoCoreError, vendor.ClientError, TransportError, OSError)
"""What a request raises that :func:`translated` knows about."""

_THROTTLED = frozenset(
    [
        "SlowDown",
        "SlowDownRead",
        "SlowDownWrite",
        "ServiceUnavailable",
        "RequestLimitExceeded",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequests",
        "TooManyRequestsException",
        "RequestThrottled",
        "RequestThrottledException",
        "BandwidthLimitExceeded",
        "Busy",
        "OperationAborted",
        "XMinioServerNotInitialized",
    ]
)
_REVOKED: Mapping[str, str] = {
    "InvalidAccessKeyId": "its access key is not known",
    "SignatureDoesNotMatch": "its secret access key does not belong to its access key",
    "ExpiredToken": "its session has expired",
    "ExpiredTokenException": "its session has expired",
    "TokenRefreshRequired": "its session has expired",
    "InvalidToken": "its session token is not valid",
    "InvalidClientTokenId": "its access key is not known",
    "UnrecognizedClientException": "its access key is not known",
    "InvalidSecurity": "its credentials are not valid",
    "NotSignedUp": "it is not signed up for S3",
    "AccountProblem": "there is a problem with the account at the service",
    "AllAccessDisabled": "the service has disabled all access",
}
_ARCHIVED = frozenset({"InvalidObjectState", "ObjectNotInActiveTierError"})
_OTHERS: Mapping[str, type[ProviderError]] = {
    "NoSuchBucket": RootLost,
    "InvalidBucketName": RootLost,
    "NoSuchKey": Vanished,
    "NoSuchVersion": Vanished,
    "MethodNotAllowed": Vanished,  # what stands there is a delete marker
    "NoSuchUpload": Stale,
    "InvalidPart": Stale,
    "InvalidPartOrder": Stale,
    "PreconditionFailed": Stale,
    "ConditionalRequestConflict": Stale,
    "QuotaExceeded": Full,
    "QuotaExceededException": Full,
    "InsufficientCapacity": Full,
    "XMinioStorageFull": Full,
    "XMinioAdminBucketQuotaExceeded": Full,
    "StorageFull": Full,
    "KeyTooLongError": Refused,
    "KeyTooLong": Refused,
    "EntityTooLarge": Refused,
    "EntityTooSmall": Refused,
    "MetadataTooLarge": Refused,
    "InvalidArgument": Refused,
    "InvalidRequest": Refused,
    "InvalidURI": Refused,
    "XMinioInvalidObjectName": Refused,
    "InvalidStorageClass": Refused,
    "RequestTimeout": Unreachable,
    "InternalError": Unreachable,
    "BadDigest": Unreachable,  # damaged on its way: sending it again is the remedy
    "XAmzContentSHA256Mismatch": Unreachable,
    "XAmzContentChecksumMismatch": Unreachable,
    "IncompleteBody": Unreachable,
}
_RIGHTS: Mapping[str, str] = {
    "list_objects_v2": "s3:ListBucket",
    "head_object": "s3:GetObject",
    "get_object": "s3:GetObject",
    "copy_object": "s3:GetObject, s3:GetObjectTagging and s3:PutObject",
    "upload_part_copy": "s3:GetObject and s3:PutObject",
    "delete_object": "s3:DeleteObject",
    "list_buckets": "s3:ListAllMyBuckets",
    "list_parts": "s3:ListMultipartUploadParts",
    "abort_multipart_upload": "s3:AbortMultipartUpload",
    "put_object": "s3:PutObject",
    "create_multipart_upload": "s3:PutObject",
    "upload_part": "s3:PutObject",
    "complete_multipart_upload": "s3:PutObject",
}
"""The permission that each request needs.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
"""

_BY_STATUS: Mapping[int, type[ProviderError]] = {
    400: Refused,
    401: Revoked,
    403: Denied,
    404: Vanished,
    405: Vanished,
    409: Stale,
    412: Stale,
    416: Refused,
    501: Refused,
    507: Full,
}
_REGION = frozenset(
    [
        "PermanentRedirect",
        "TemporaryRedirect",
        "AuthorizationHeaderMalformed",
        "IllegalLocationConstraintException",
        "301",
        "307",
    ]
)


def translated(exc: Exception, account: str, what: str, operation: str = "") -> ProviderError:
    """Return the port's error for one of botocore's.

    ``what`` names what was asked for, ``operation`` is the request, by botocore's name.
    """
    if isinstance(exc, vendor.ClientError):
        return _of_answer(exc.response, account, what, operation)
    if isinstance(exc, vendor.NoCredentialsError | vendor.PartialCredentialsError):
        return Revoked(
            f"the account {account!r} has no keys, and AWS's own settings have none for it; "
            f"{_again(account)}"
        )
    if isinstance(
        exc,
        vendor.CredentialRetrievalError
        | vendor.TokenRetrievalError
        | vendor.SSOError
        | vendor.UnauthorizedSSOTokenError
        | vendor.RefreshWithMFAUnsupportedError
        | vendor.ProfileNotFound
        | vendor.ConfigParseError,
    ):
        return Revoked(f"the credentials of the account {account!r} cannot be had: {exc}")
    if isinstance(exc, vendor.NoRegionError | vendor.InvalidRegionError):
        return Unreachable(f"the account {account!r} needs the region of its bucket: {exc}")
    if isinstance(exc, vendor.ParamValidationError):
        if "bucket name" in str(exc):
            return RootLost(f"{what}: that is no name that a bucket can have")
        return Refused(f"{what}: {exc}")
    if isinstance(exc, vendor.SSLError):
        return Unreachable(f"the account {account!r}: no secure connection: {exc}")
    return Unreachable(f"the account {account!r}: no answer about {what} ({type(exc).__name__})")


def code_of(exc: BaseException | None) -> str:
    """Return the code of an answer, ``""`` where there was none."""
    if not isinstance(exc, vendor.ClientError):
        return ""
    return str(exc.response.get("Error", {}).get("Code", ""))


def is_mute(exc: BaseException | None) -> bool:
    """Say whether an answer may mean several things, having no body (to a HEAD)."""
    return code_of(exc) in {"400", "401", "403", "Forbidden", "Bad Request", "Unauthorized"}


def _of_answer(
    response: Mapping[str, Any], account: str, what: str, operation: str
) -> ProviderError:
    error = response.get("Error", {})
    code, said = str(error.get("Code", "")), str(error.get("Message", ""))
    meta = response.get("ResponseMetadata", {})
    status = int(meta.get("HTTPStatusCode") or (code if code.isdigit() else 0))
    headers = meta.get("HTTPHeaders", {})
    if code in _THROTTLED or status in {429, 503}:
        return Throttled(f"the account {account!r} is asked for patience ({code})", _pause(headers))
    if code in _REVOKED:
        return Revoked(
            f"the account {account!r} is not let in: {_REVOKED[code]}; {_again(account)}"
        )
    if code == "RequestTimeTooSkewed":
        return Unreachable(
            f"the account {account!r}: this machine's clock is wrong by more than a quarter of "
            f"an hour; set it right"
        )
    if code in _REGION or status in {301, 307}:
        region = error.get("Region") or headers.get("x-amz-bucket-region")
        hint = f"it is in {region}" if region else f"its address is {error.get('Endpoint', '?')}"
        return Unreachable(f"{what} is not in the region of the account {account!r}: {hint}")
    if code in _ARCHIVED:
        return Denied(f"{what} is archived and cannot be read: restore it at the service first")
    if code.startswith("KMS."):
        return Denied(f"{what}: its encryption key cannot be used ({code})")
    if code == "NotImplemented" or status == 501:  # noqa: PLR2004 -- HTTP's Not Implemented
        return Refused(f"{what}: the service does not know this kind of request: {said}")
    if status == 405:  # noqa: PLR2004 -- HTTP's Method Not Allowed
        return Vanished(f"{what} is deleted")
    kind = _OTHERS.get(code) or _BY_STATUS.get(status) or Unreachable
    if kind is Full:
        return Full(f"{what}: no room is left: free some, or raise the quota ({code})")
    if kind is RootLost:
        return RootLost(f"{what}: there is no such bucket")
    if kind is Revoked:
        return Revoked(f"the account {account!r} is not let in ({code}); {_again(account)}")
    if kind is Denied:
        right = _RIGHTS.get(operation)
        hint = f" (it needs {right})" if right else ""
        return Denied(f"{what}: the account {account!r} is denied access{hint}")
    if kind is Vanished:
        return Vanished(f"{what} is not there")
    if code in {"PreconditionFailed", "ConditionalRequestConflict"} or status == 412:  # noqa: PLR2004 -- HTTP's
        return Stale(f"{what} is not what was expected")
    return kind(f"{what}: {code} {said}".rstrip())


def _again(account: str) -> str:
    return f"connect it again with the right ones{by('s3', account)}"


def _pause(headers: Mapping[str, str]) -> float:
    """Return the seconds that are asked for; 0 where it is left to us, as S3 itself does."""
    try:
        return max(0.0, float(headers.get("retry-after", 0)))
    except ValueError:
        return 0.0
