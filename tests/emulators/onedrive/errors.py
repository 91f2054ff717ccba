"""Microsoft Graph's errors: their bodies and their codes.

Source: https://learn.microsoft.com/graph/errors and
https://learn.microsoft.com/onedrive/developer/rest-api/concepts/errors
"""

import uuid
from collections.abc import Mapping
from typing import Any

from tests.emulators.serving import Failure, Response


def body(code: str, message: str, inner: str = "") -> dict[str, Any]:
    """Return an error as Graph writes it; ``inner`` is the more detailed code."""
    detail: dict[str, Any] = {"request-id": str(uuid.uuid4()), "client-request-id": ""}
    if inner:
        detail["code"] = inner
    return {"error": {"code": code, "message": message, "innerError": detail}}


def failure(
    status: int, code: str, message: str, inner: str = "", headers: Mapping[str, str] | None = None
) -> Failure:
    """Return an error to raise."""
    return Failure(Response(status, body(code, message, inner), dict(headers or {})))


def not_found(what: str = "The resource could not be found.") -> Failure:
    return failure(404, "itemNotFound", what)


def invalid(message: str, inner: str = "") -> Failure:
    return failure(400, "invalidRequest", message, inner)


def name_taken() -> Failure:
    return failure(
        409, "nameAlreadyExists", "An item with the same name already exists under the parent"
    )


def changed() -> Failure:
    return failure(
        412,
        "resourceModified",
        "ETag does not match current item's value",
        "entityTagDoesNotMatch",
    )


def locked() -> Failure:
    return failure(
        423, "notAllowed", "The resource you are attempting to access is locked", "resourceLocked"
    )


def full() -> Failure:
    return failure(507, "quotaLimitReached", "Insufficient Space Available", "insufficientStorage")


def denied() -> Failure:
    return failure(403, "accessDenied", "Access denied")


def unauthenticated(message: str) -> Failure:
    return failure(
        401,
        "InvalidAuthenticationToken",
        message,
        headers={"WWW-Authenticate": 'Bearer realm="", authorization_uri="", client_id=""'},
    )


def resync(code: str, location: str) -> Failure:
    return failure(
        410, code, "Resync required. Replace or upload as told.", headers={"Location": location}
    )
