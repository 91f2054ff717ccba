"""Google's errors, as errors of the port.

Reasons: https://developers.google.com/workspace/drive/api/guides/handle-errors; those of moves
and limits are named in https://developers.google.com/workspace/drive/api/guides/limits and in
the API's answers.
"""

import json
from collections.abc import Mapping
from typing import Any

from syncoxiders.ports.errors import (
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

SOON = 0.0
"""Seconds to wait where Google names none: the pace has a back-off of its own."""

LONG = 3600.0
"""Seconds to wait for a quota that is counted by the day."""

_UPLOAD_LIMIT = "User rate limit exceeded."
"""What tells the limit of 750 GB a day from the rate of requests, whose message begins otherwise.

The limit: https://support.google.com/a/answer/172541. That only the message shows it is
undocumented; rclone's users found it (https://rclone.org/drive/#drive-stop-on-upload-limit).
"""

_THROTTLED: dict[str, float] = {
    "rateLimitExceeded": SOON,
    "userRateLimitExceeded": SOON,
    "sharingRateLimitExceeded": SOON,
    "concurrentLimitExceeded": SOON,
    "dailyLimitExceeded": LONG,
    "dailyLimitExceededUnreg": LONG,
    "uploadLimitExceeded": LONG,
}


class TooLargeToExport(Denied):
    """A document is beyond what ``files.export`` gives."""


_SIGN_IN = "Google does not accept the sign-in: connect the account again"
_SCOPE = "the permission that was given does not suffice: connect the account again and allow it"
_API_OFF = "the Drive API is not enabled for this client id: enable it in the Google Cloud console"
_MALWARE = "Google takes it for malware or spam and does not let it be downloaded"
_MANY = "its folder holds as many items as Google Drive allows in one"
_DEEP = "it would stand in more folders, one in the other, than Google Drive allows"

_REASONS: dict[str, tuple[type[ProviderError], str]] = {
    "storageQuotaExceeded": (Full, "the storage is full: free some or buy more"),
    "quotaExceeded": (Full, "the storage is full: free some or buy more"),
    "teamDriveFileLimitExceeded": (Full, "the shared drive holds as many items as it can"),
    "activeItemCreationLimitExceeded": (Full, "the account holds as many items as it can"),
    "numChildrenInNonRootLimitExceeded": (Refused, _MANY),
    "teamDriveHierarchyTooDeep": (Refused, _DEEP),
    "myDriveHierarchyDepthLimitExceeded": (Refused, _DEEP),
    "parentNotAFolder": (Vanished, "what it was to be put into is no folder"),
    "insufficientPermissions": (Revoked, _SCOPE),
    "insufficientScopes": (Revoked, _SCOPE),
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT": (Revoked, _SCOPE),
    "accessNotConfigured": (Revoked, _API_OFF),
    "SERVICE_DISABLED": (Revoked, _API_OFF),
    "appNotAuthorizedToFile": (Denied, "this app was not allowed to use it"),
    "insufficientFilePermissions": (Denied, "the account may not do that with it"),
    "insufficientParentPermissions": (Denied, "the account may not do that in its folder"),
    "cannotDownloadFile": (Denied, "its owner does not let it be downloaded"),
    "cannotDownloadAbusiveFile": (Denied, _MALWARE),
    "downloadQuotaExceeded": (Denied, "it was downloaded too often: Google allows it again later"),
    "exportSizeLimitExceeded": (TooLargeToExport, "it is too large to be exported"),
    "domainPolicy": (Denied, "the administrator of the domain does not allow that"),
    "fileIdInUse": (Occupied, "a file of this id is there already"),
}

_STATUS: dict[int, type[ProviderError]] = {
    401: Revoked,
    403: Denied,
    404: Vanished,
    408: Unreachable,
    409: Occupied,
    410: Vanished,
    412: Stale,
    416: Stale,
}

_CLIENT_ERRORS = range(400, 500)


class Failure:
    """What an answer says went wrong; ``reason`` is Google's word for it, if there is one."""

    def __init__(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        self.status = status
        self.reason, self.message = _told(content)
        self.retry_after = _seconds(headers.get("retry-after", ""))

    def error(self, about: str) -> ProviderError:
        """Return the port's error; ``about`` says what it was that failed."""
        pause = self._pause()
        if pause is not None:
            text = f"{about}: Google asks for a pause"
            if pause == LONG:
                text += ", since what it allows in a day is used up"
            return Throttled(f"{text} ({self._code()})", max(self.retry_after, pause))
        known = _REASONS.get(self.reason)
        if known is not None:
            kind, text = known
            return kind(f"{about}: {text} ({self._code()})")
        kind = _STATUS.get(self.status, Refused if self.status in _CLIENT_ERRORS else Unreachable)
        text = _SIGN_IN if kind is Revoked else self.message or "Google gave no reason"
        return kind(f"{about}: {text} ({self._code()})")

    def _pause(self) -> float | None:
        """Return the seconds to wait, None if that is not what is asked for."""
        if self.reason == "userRateLimitExceeded" and self.message == _UPLOAD_LIMIT:
            return LONG
        if self.reason in _THROTTLED:
            return _THROTTLED[self.reason]
        return SOON if self.status == 429 else None  # noqa: PLR2004 -- too many requests

    def _code(self) -> str:
        return f"{self.status} {self.reason}".rstrip()


def _told(content: bytes) -> tuple[str, str]:
    """Return reason and message of an answer; what is no error of Google's API has neither."""
    try:
        error: Any = json.loads(content)["error"]
        details = error.get("errors") or [{}]
        reason = details[0].get("reason") or error.get("status", "")
        for each in error.get("details", ()):  # as newer Google APIs say it
            reason = each.get("reason", reason)
        return str(reason), str(error.get("message", ""))[:300]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        return "", ""


def _seconds(told: str) -> float:
    return float(told) if told.isdecimal() else 0.0
