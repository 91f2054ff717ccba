"""What all shapes have in common."""

from dataclasses import MISSING, dataclass, field
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")

CONFIG: dict[str, Any] = {"extra": "forbid"}
"""How the service reads shapes (https://docs.pydantic.dev/latest/api/config/)."""


def secret(*, default: Any = MISSING) -> Any:
    """Return a field that is in no text of its shape."""
    return field(default=default, repr=False)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(secret,))
def shape(cls: type[T]) -> type[T]:
    """Make a class one of the API's shapes."""
    setattr(cls, "__pydantic_config__", CONFIG)  # noqa: B010 -- no class declares it
    return dataclass(frozen=True, kw_only=True)(cls)


@shape
class Problem:
    """What went wrong, as RFC 9457 has it (``application/problem+json``)."""

    type: str
    """A URI that names the code; nothing is to be found at it."""
    title: str
    """The same for each problem of the code."""
    status: int
    """The status of the response."""
    code: str
    """A stable word for programs, as ``no-such-sync``."""
    detail: str
    """What it is this time."""
    mend: str = ""
    """What to do about it, where that is known."""
    fields: dict[str, str] | None = None
    """What is wrong with which field of the request, by its place, as ``body.endpoints.0.path``."""
