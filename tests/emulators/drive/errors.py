"""Errors as Google's APIs say them, and the bodies of Drive's throttling.

https://developers.google.com/workspace/drive/api/guides/handle-errors
"""

from collections.abc import Mapping
from typing import Any

from tests.emulators.serving import Failure, Response

USAGE = "usageLimits"

THROTTLES: dict[str, tuple[int, str]] = {
    "userRateLimitExceeded": (403, "User Rate Limit Exceeded"),
    "rateLimitExceeded": (403, "Rate Limit Exceeded"),
    "dailyLimitExceeded": (403, "Daily Limit Exceeded"),
    "tooManyRequests": (429, "Rate Limit Exceeded"),
    "uploadLimitExceeded": (403, "User rate limit exceeded."),
}
"""What throttles, by a name of our own: the status and the message.

The last is how the limit of 750 GB a day answers: the reason is that of any other rate limit.
"""

_REASONS = {
    "tooManyRequests": "rateLimitExceeded",
    "uploadLimitExceeded": "userRateLimitExceeded",
}


def body(
    status: int, reason: str, message: str, *, domain: str = "global", **where: str
) -> dict[str, Any]:
    """Return an error's JSON; ``where`` may be ``location`` and ``locationType``."""
    detail = {"message": message, "domain": domain, "reason": reason, **where}
    return {"error": {"code": status, "message": message, "errors": [detail]}}


def failure(
    status: int,
    reason: str,
    message: str,
    *,
    domain: str = "global",
    headers: Mapping[str, str] | None = None,
    **where: str,
) -> Failure:
    """Return an error to be raised."""
    told = body(status, reason, message, domain=domain, **where)
    return Failure(Response(status, told, dict(headers or {})))


def throttle(name: str) -> dict[str, Any]:
    """Return a fault's ``status`` and ``body`` for one of :data:`THROTTLES`."""
    status, message = THROTTLES[name]
    return {
        "status": status,
        "body": body(status, _REASONS.get(name, name), message, domain=USAGE),
    }


def not_found(file_id: str) -> Failure:
    """Say that there is no such file, or none that this user may see."""
    return failure(
        404,
        "notFound",
        f"File not found: {file_id}.",
        location="fileId",
        locationType="parameter",
    )


def invalid(parameter: str, message: str = "Invalid Value") -> Failure:
    """Say that a parameter's value is not valid."""
    return failure(400, "invalid", message, location=parameter, locationType="parameter")


def required(parameter: str) -> Failure:
    """Say that a parameter is lacking."""
    message = f"Required parameter: {parameter}"
    return failure(400, "required", message, location=parameter, locationType="parameter")


def bad_request(message: str = "Bad Request") -> Failure:
    """Say that a request makes no sense."""
    return failure(400, "badRequest", message)


def forbidden() -> Failure:
    """Say that this user may not do that with the file."""
    return failure(
        403,
        "insufficientFilePermissions",
        "The user does not have sufficient permissions for this file.",
    )
