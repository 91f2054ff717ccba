"""Changes that are based on what somebody has seen: ETags and ``If-Match`` (RFC 9110, 13.1.1)."""

import re
from http import HTTPStatus

from syncoxiders.cloud.web.problems import Refusal, unfit

_TAGS = re.compile(r'\s*(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"\s*(?:,\s*(?:W/)?"[^"]*"\s*)*')
_TAG = re.compile(r'(?:W/)?"[^"]*"')


def etag(revision: str) -> str:
    """Return the ETag of a revision: letters, digits and ``-_.:`` only."""
    return f'"{revision}"'


def check(if_match: str | None, revision: str | None) -> None:
    """Make sure that a change is meant for what is there, if the caller says what they saw.

    ``revision`` is None where nothing is. Weak tags match nothing. Raises Refusal: 412 where it is
    another one, 422 for a header that is none.
    """
    if if_match is None:
        return
    if if_match.strip() == "*":
        matches = revision is not None
    elif _TAGS.fullmatch(if_match):
        matches = revision is not None and etag(revision) in _TAG.findall(if_match)
    else:
        raise unfit("header.if-match", 'not an ETag, as in: If-Match: "5f2a"')
    if not matches:
        raise Refusal(
            HTTPStatus.PRECONDITION_FAILED,
            "changed-meanwhile",
            "it was changed since you looked at it; nothing was done",
            mend="look at it as it is now, and ask again if you still want to",
        )
