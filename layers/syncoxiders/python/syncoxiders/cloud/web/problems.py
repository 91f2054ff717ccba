"""What the API answers where it cannot do what was asked: problems as RFC 9457 has them."""

from collections.abc import Mapping
from http import HTTPStatus

from syncoxiders.api.shapes.base import Problem
from syncoxiders.engine.desk.declined import (
    Absent,
    Conflicting,
    Declined,
    TooLarge,
    Unfit,
    Withheld,
)

MEDIA = "application/problem+json"
_DESCRIPTIONS = "https://syncoxiders.invalid/problems/"


class Refusal(Exception):  # noqa: N818 -- it is no error of ours
    """A request is refused. ``code`` is a stable word; ``mend`` says what to do about it.

    ``fields`` says what is wrong with which field of the request; ``headers`` go with the answer.
    """

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        detail: str,
        *,
        mend: str = "",
        fields: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.headers = dict(headers or {})
        self.problem = Problem(
            type=_DESCRIPTIONS + code,
            title=code.replace("-", " ").capitalize(),
            status=int(status),
            code=code,
            detail=detail,
            mend=mend,
            fields=dict(fields) if fields else None,
        )


_STATUSES: Mapping[type[Declined], HTTPStatus] = {
    Absent: HTTPStatus.NOT_FOUND,
    Unfit: HTTPStatus.UNPROCESSABLE_ENTITY,
    Conflicting: HTTPStatus.CONFLICT,
    TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Withheld: HTTPStatus.SERVICE_UNAVAILABLE,
}


def declined(error: Declined) -> Refusal:
    """Return as a refusal what a use case has declined."""
    field = f"body.{error.field}" if error.field else ""
    return Refusal(
        _STATUSES[type(error)],
        error.code,
        f"{field}: {error.detail}" if field else error.detail,
        mend=error.mend,
        fields={field: error.detail} if field else None,
    )


def missing(what: str, name: str) -> Refusal:
    """Return that there is no such thing, or that it is somebody else's, which is the same."""
    return Refusal(HTTPStatus.NOT_FOUND, f"no-such-{what}", f"there is no {what} {name!r}")


def conflicting(code: str, detail: str, mend: str = "") -> Refusal:
    """Return that what is there forbids it."""
    return Refusal(HTTPStatus.CONFLICT, code, detail, mend=mend)


def unfit(field: str, detail: str, mend: str = "") -> Refusal:
    """Return that a field of the request is not right; its place is as ``body.name``."""
    return Refusal(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "invalid",
        f"{field}: {detail}",
        mend=mend,
        fields={field: detail},
    )
