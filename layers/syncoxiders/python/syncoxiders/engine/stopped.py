"""Plans that a guard stopped, as they are kept for a person to look at."""

import msgspec

from syncoxiders.core.model import EndpointId
from syncoxiders.core.plan import Plan


class Line(msgspec.Struct, frozen=True, array_like=True):
    """An action of a plan that was stopped, as it is kept for a person to look at."""

    verb: str
    endpoint: EndpointId
    path: str
    name: str
    size: int


def read_plan(text: str) -> list[Line]:
    """Return a plan as :func:`describe` wrote it."""
    return msgspec.json.decode(text, type=list[Line]) if text else []


def describe(result: Plan) -> str:
    """Return a plan's actions as JSON, a list of :class:`Line`."""
    lines = [
        Line(
            action.kind.value,
            action.endpoint,
            _printable(result.paths.get(action.node, "")),
            _printable(action.name),
            action.size,
        )
        for action in result.actions
    ]
    return msgspec.json.encode(lines).decode()


def _printable(text: str) -> str:
    """Return a text that any encoding can hold; bytes that are no text become escapes."""
    return text.encode("utf-8", "backslashreplace").decode()
