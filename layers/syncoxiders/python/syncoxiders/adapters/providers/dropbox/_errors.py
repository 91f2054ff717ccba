"""Dropbox's errors as those of the port: the one place where they are turned.

A route's error is a chain of tags, from the outside in (``path``, ``conflict``, ``file``). The
innermost tag that says something decides.
"""

from collections.abc import Mapping
from typing import Any

import requests
from stone.backends.python_rsrc.stone_validators import (
    ValidationError,
)

from syncoxiders.adapters.providers.dropbox._sdk import exceptions
from syncoxiders.ports.errors import (
    CursorExpired,
    Denied,
    Full,
    Occupied,
    ProviderError,
    Refused,
    Revoked,
    RootLost,
    Stale,
    Throttled,
    Unreachable,
    Vanished,
)

Meaning = Mapping[str, type[ProviderError]]
"""What a tag means to one operation, where that differs from the table here."""

GARBLED = (AssertionError, AttributeError, KeyError, TypeError, ValueError, ValidationError)
"""What the SDK raises for an answer that is not Dropbox's: a proxy's page, say."""

_TABLE: dict[str, tuple[type[ProviderError], str]] = {
    # what stands there
    "file_ancestor": (Stale, "a file stands where a folder was expected"),
    "conflict": (Occupied, "something stands there already"),
    "not_found": (Vanished, "it is not there"),
    "not_file": (Stale, "it is no file"),
    "not_folder": (Stale, "it is no folder"),
    "cant_move_folder_into_itself": (Refused, "a folder cannot be moved into itself"),
    # names
    "malformed_path": (Refused, "Dropbox holds no path of this form"),
    "disallowed_name": (Refused, "Dropbox holds nothing of this name"),
    # what is not allowed
    "restricted_content": (Denied, "Dropbox has restricted its content"),
    "locked": (Denied, "it is locked"),
    "no_write_permission": (Denied, "it may not be written here"),
    "access_restricted": (Denied, "a team's administrator does not allow it"),
    "operation_suppressed": (Denied, "Dropbox does not allow this here"),
    "email_unverified": (Denied, "the account's e-mail address has to be verified first"),
    "no_permission": (Denied, "it may not be done by this account"),
    "cant_transfer_ownership": (Denied, "it would belong to somebody else then"),
    "team_folder": (Refused, "a team's folder is neither moved nor deleted"),
    "cant_copy_shared_folder": (Refused, "a shared folder cannot be copied"),
    "cant_nest_shared_folder": (Refused, "shared folders cannot stand in each other"),
    "cant_move_shared_folder": (Refused, "a shared folder cannot be moved there"),
    "cant_move_into_vault": (Refused, "it cannot be moved into the vault"),
    "cant_move_into_family": (Refused, "it cannot be moved into the family's folder"),
    "duplicated_or_nested_paths": (Refused, "a folder cannot be moved into itself"),
    "too_many_files": (Refused, "more than 10,000 files cannot be moved at once"),
    "unsupported_content_type": (Refused, "Dropbox does not do this with what it is"),
    "unsupported_file": (Refused, "it has no content of its own"),
    "non_exportable": (Refused, "it cannot be exported"),
    "invalid_export_format": (Refused, "it is not exported in this format any more"),
    "encryption_not_supported": (Refused, "it would have to be encrypted there"),
    "too_large": (Refused, "it is larger than what Dropbox holds"),
    "payload_too_large": (Refused, "it is too large for one request"),
    # room
    "insufficient_space": (Full, "the Dropbox is full"),
    "insufficient_quota": (Full, "the Dropbox is full"),
    "team_folder_insufficient_space": (Full, "the team's folder is full"),
    "team_folder_insufficient_quota": (Full, "the team's folder is full"),
    "member_folder_insufficient_space": (Full, "the member's folder is full"),
    "member_folder_insufficient_quota": (Full, "the member's folder is full"),
    "upload_traffic_limit_reached": (Full, "this month's uploads are used up"),
    # sessions
    "incorrect_offset": (Stale, "another number of bytes is there"),
    "closed": (Stale, "the upload is over"),
    "not_closed": (Stale, "the upload is not over"),
    "content_hash_mismatch": (Stale, "the bytes did not arrive as they were sent"),
    "length_mismatch": (Stale, "the bytes did not arrive as they were sent"),
    # time
    "too_many_write_operations": (Throttled, "Dropbox has too much to write"),
    "retry_error": (Throttled, "its export is not ready yet"),
    "internal_error": (Unreachable, "something went wrong at Dropbox"),
    "reset": (CursorExpired, "the feed does not go on from there"),
}


class TokenRefused(Revoked):
    """The access token was not taken; another one may be."""

    def __init__(self) -> None:
        super().__init__("Dropbox does not let SyncOxiders in any more: connect the account again")


def tags(error: Any) -> list[str]:
    """Return a route error's tags, from the outside in."""
    found: list[str] = []
    while error is not None:
        error = getattr(error, "reason", error)  # of UploadWriteFailed, which is no union
        tag = getattr(error, "_tag", None)
        if tag is None:
            break
        found.append(tag)
        error = getattr(error, "_value", None)
    return found


def of_route(error: Any, about: str, meaning: Meaning, *, hint: str = "") -> ProviderError:
    """Return what a route's error means."""
    found = tags(error)
    for tag in reversed(found):
        kind, text = _TABLE.get(tag, (None, ""))
        kind = meaning.get(tag, kind)
        if kind is Throttled:
            return Throttled(_sentence(about, text), 0.0)
        if kind is not None:
            return kind(_sentence(about, text))
    return ProviderError(_sentence(about, hint or f"Dropbox says {'/'.join(found) or 'no'}"))


def translated(error: Exception, about: str, meaning: Meaning) -> ProviderError:
    """Return what an error of the SDK, or of the connection below it, means."""
    match error:
        case exceptions.ApiError():
            return of_route(error.error, about, meaning, hint=error.user_message_text or "")
        case exceptions.AuthError():
            return _of_access(error)
        case exceptions.RateLimitError():
            return Throttled("Dropbox asks for a pause", float(error.backoff or 0.0))
        case exceptions.InternalServerError():
            return Unreachable(f"Dropbox answers {error.status_code}")
        case exceptions.BadInputError():
            kind = meaning.get("bad input", Refused)
            return kind(_sentence(about, f"Dropbox does not take it: {error.message}"))
        case exceptions.PathRootError():
            return RootLost("the account's namespace is not there, or not for this account")
        case exceptions.HttpError():
            return ProviderError(_sentence(about, f"Dropbox answers {error.status_code}"))
        case requests.RequestException():
            return Unreachable(f"Dropbox cannot be reached: {type(error).__name__}")
    return Unreachable("what answers does not speak as Dropbox does")


def _of_access(error: Any) -> ProviderError:
    """Return what a 401 means."""
    found = tags(error.error)
    again = "connect the account again"
    if "missing_scope" in found:
        scope = error.error.get_missing_scope().required_scope
        return Revoked(f"Dropbox was not given the permission {scope}: {again} with it")
    if "user_suspended" in found:
        return Revoked(f"the Dropbox account is suspended: have it opened, then {again}")
    if {"expired_access_token", "invalid_access_token"}.intersection(found):
        return TokenRefused()
    return Revoked(f"Dropbox does not let SyncOxiders in ({'/'.join(found)}): {again}")


def _sentence(about: str, text: str) -> str:
    return f"{about}: {text}" if about else text
