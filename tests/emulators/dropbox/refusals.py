"""The errors of Dropbox's routes: tagged unions, and how they are sent."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.emulators.serving import Failure, Response


class Refused(Exception):  # noqa: N818 -- an answer, not an error
    """An error of a route: tags from the outside in, and what the innermost one carries.

    ``Refused("conflict", "file")`` is ``{".tag": "conflict", "conflict": {".tag": "file"}}``.
    """

    def __init__(self, *tags: str, **values: Any) -> None:
        body: dict[str, Any] = {".tag": tags[-1], **values}
        for tag in reversed(tags[:-1]):
            body = {".tag": tag, tag: body}
        self.tags = tags
        self.body = body
        super().__init__("/".join(tags))

    def within(self, tag: str, key: str = "", **values: Any) -> "Refused":
        """Return the error as the value of an outer tag, under a key other than the tag's."""
        outer = Refused(tag, *self.tags)
        outer.body = {".tag": tag, key or tag: self.body, **values}
        return outer

    def response(self) -> Response:
        """Return the answer; the summary ends in dots, so that nobody compares it whole."""
        return Response(409, {"error_summary": f"{self}/...", "error": self.body})


@contextmanager
def within(tag: str, key: str = "", **values: Any) -> Iterator[None]:
    """Put refusals under an outer tag."""
    try:
        yield
    except Refused as refused:
        raise refused.within(tag, key, **values) from refused


def bad_request(function: str, complaint: str) -> Failure:
    """Return what is sent for input that is not of the documented form: plain text."""
    text = f'Error in call to API function "{function}": {complaint}'
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    return Failure(Response(400, text.encode(), headers))


def unauthorized(tag: str, **values: Any) -> Failure:
    """Return what is sent for a token that will not do."""
    return Failure(Response(401, {"error_summary": f"{tag}/...", "error": {".tag": tag, **values}}))


def rate_limited(reason: str, seconds: int) -> Response:
    """Return ``auth.RateLimitError``, ``too_many_requests`` or ``too_many_write_operations``.

    Source: https://developers.dropbox.com/dbx-performance-guide
    """
    error = {"reason": {".tag": reason}, "retry_after": seconds}
    return Response(
        429,
        {"error_summary": f"{reason}/...", "error": error},
        {"Retry-After": str(seconds)},
    )
