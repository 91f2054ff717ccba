"""Graph's errors as those of the port: the one place where they are turned.

An error has a code, and often more detailed ones within; the innermost that says something
decides, else the status does. Its message is not repeated, since it may hold an address that
opens to anybody. Source: https://learn.microsoft.com/graph/errors and
https://learn.microsoft.com/onedrive/developer/rest-api/concepts/errors
"""

import email.utils
import json
import time
from collections.abc import Mapping
from typing import Any

import httpx

from syncoxiders.ports.errors import (
    CursorExpired,
    Denied,
    Full,
    Occupied,
    ProviderError,
    Refused,
    Revoked,
    Stale,
    Throttled,
    Unreachable,
    Vanished,
)

Meaning = Mapping[int, type[ProviderError]]
"""What a status means to one request, where that differs from the tables here."""

_NO_PERMISSION = (
    "there is no permission for it; if reading was all that was allowed, connect the account again"
)
"""Graph says the same of an item that is not ours and of a scope that does not suffice."""

_CODES: dict[str, tuple[type[ProviderError], str]] = {
    "nameAlreadyExists": (Occupied, "something stands there already"),
    "itemNotFound": (Vanished, "it is not there"),
    "resourceModified": (Stale, "it is not what was expected any more"),
    "entityTagDoesNotMatch": (Stale, "it is not what was expected any more"),
    # It is not ours to change, and no look would tell when it is: a person has to act.
    "resourceLocked": (Denied, "somebody has it open or has locked it: close it there"),
    "accessDenied": (Denied, _NO_PERMISSION),
    "malwareDetected": (Denied, "Microsoft takes it for malware"),
    "quotaLimitReached": (Full, "no room is left in the drive"),
    "insufficientStorage": (Full, "no room is left in the drive"),
    "resyncRequired": (CursorExpired, "the feed does not go on from there"),
    "resyncChangesApplyDifferences": (CursorExpired, "the feed does not go on from there"),
    "resyncChangesUploadDifferences": (CursorExpired, "the feed does not go on from there"),
    "invalidPath": (Refused, "OneDrive holds nothing of this name"),
    "pathIsTooLong": (Refused, "its name or its path is too long for OneDrive"),
    "pathTooLong": (Refused, "its path is too long for OneDrive"),
    "maxStreamSizeExceeded": (Refused, "it is too large for one request"),
    "maxFileSizeExceeded": (Refused, "it is larger than what OneDrive holds"),
    "invalidRange": (Stale, "another number of bytes is there"),
    "fragmentOverlap": (Stale, "another number of bytes is there"),
    "fragmentOutOfOrder": (Stale, "another number of bytes is there"),
    "fragmentLengthMismatch": (Stale, "another number of bytes was announced"),
    "uploadSessionNotFound": (Stale, "the upload is no more"),
    "uploadSessionIncomplete": (Stale, "the upload is not complete"),
    "uploadSessionFailed": (Stale, "the upload failed"),
    "notSupported": (Refused, "OneDrive does not do this with what it is"),
    "invalidRequest": (Refused, "OneDrive does not take it"),
}

_STATUSES: dict[int, tuple[type[ProviderError], str]] = {
    400: (Refused, "OneDrive does not take it"),
    403: (Denied, _NO_PERMISSION),
    404: (Vanished, "it is not there"),
    409: (Occupied, "something stands there already"),
    410: (CursorExpired, "the feed does not go on from there"),
    412: (Stale, "it is not what was expected any more"),
    413: (Refused, "it is too large for one request"),
    416: (Stale, "another number of bytes is there"),
    423: (Denied, "somebody has it open or has locked it: close it there"),
    507: (Full, "no room is left in the drive"),
}

_PAUSES = {429, 503, 509}
"""Too many requests, not now, too much traffic; all are about the account."""

_UNAUTHORIZED = 401
_SERVER_ERRORS = 500


class TokenRefused(Revoked):
    """The access token was not taken; another one may be."""

    def __init__(self, account: str) -> None:
        super().__init__(
            f"OneDrive does not let SyncOxiders in any more: connect the account {account} again"
        )


def of_answer(answer: httpx.Response, account: str, about: str, meaning: Meaning) -> ProviderError:
    """Return what an answer other than success means.

    Only what has the form of Graph's errors says that something is not there: any other page
    comes from somebody on the way.
    """
    status = answer.status_code
    if status in _PAUSES:
        return Throttled("OneDrive asks for a pause", _pause(answer))
    codes = _codes(answer)
    if status == _UNAUTHORIZED and codes and status not in meaning:
        return TokenRefused(account)
    if status in meaning and codes:
        return meaning[status](_sentence(about, _text(status, codes)))
    for code in codes:
        kind, text = _CODES.get(code, (None, ""))
        if kind is not None:
            return kind(_sentence(about, text))
    if status >= _SERVER_ERRORS and status not in _STATUSES:
        return Unreachable(f"OneDrive answers {status}")
    if not codes:
        return Unreachable(f"what answers ({status}) does not speak as OneDrive does")
    kind, text = _STATUSES.get(status, (ProviderError, f"OneDrive says {codes[-1]} ({status})"))
    return kind(_sentence(about, text))


def broken(error: Exception) -> Unreachable:
    """Return what an error of the connection means; an address in it is not told."""
    if isinstance(error, httpx.TimeoutException):
        return Unreachable("OneDrive did not answer in time")
    return Unreachable(f"OneDrive cannot be reached: {type(error).__name__}")


def garbled() -> Unreachable:
    """Return the error for an answer that is not Graph's."""
    return Unreachable("what answers does not speak as OneDrive does")


def _text(status: int, codes: list[str]) -> str:
    for code in codes:
        if code in _CODES:
            return _CODES[code][1]
    return _STATUSES.get(status, (None, f"OneDrive answers {status}"))[1]


def _codes(answer: httpx.Response) -> list[str]:
    """Return an error's codes, the innermost first; none if it is not one of Graph's."""
    try:
        error: Any = json.loads(answer.content).get("error")
    except (ValueError, AttributeError):
        return []
    found: list[str] = []
    while isinstance(error, dict):
        if isinstance(error.get("code"), str):
            found.append(error["code"])
        error = error.get("innerError") or error.get("innererror")
    return found[::-1]


def _pause(answer: httpx.Response) -> float:
    """Return the seconds of a Retry-After, 0 if it names none."""
    told = answer.headers.get("retry-after", "")
    try:
        return max(float(told), 0.0)
    except ValueError:
        pass
    try:
        return max(email.utils.parsedate_to_datetime(told).timestamp() - time.time(), 0.0)
    except ValueError:
        return 0.0


def _sentence(about: str, text: str) -> str:
    return f"{about}: {text}" if about else text
