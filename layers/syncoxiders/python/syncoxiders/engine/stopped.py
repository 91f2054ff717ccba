"""What waits for a person: plans as they are kept to be looked at, and stops shown as one."""

import hashlib
from collections.abc import Callable, Iterable

import msgspec

from syncoxiders.core.model import EndpointId
from syncoxiders.core.plan import Plan, Probe
from syncoxiders.engine.report import PREVIEW, Stop

MOST = 10_000
"""So many actions of a plan are kept one by one; all of them are counted."""

_JOINT = "."


class Line(msgspec.Struct, frozen=True, array_like=True):
    """An action of a plan that was stopped, as it is kept for a person to look at."""

    verb: str
    endpoint: EndpointId
    path: str
    name: str
    size: int


class Total(msgspec.Struct, frozen=True, array_like=True):
    """How many actions of one kind a plan has at an endpoint, and of how many bytes."""

    verb: str
    endpoint: EndpointId
    count: int
    size: int


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """A plan: what it comes to, its first actions, and how many more there are."""

    totals: list[Total] = []
    lines: list[Line] = []
    left_out: int = 0


def read_kept(text: str) -> Kept:
    """Return a plan as :func:`describe` wrote it, an empty one for ``""``."""
    return msgspec.json.decode(text, type=Kept) if text else Kept()


def describe(result: Plan, place: Callable[[Probe], str] | None = None) -> str:
    """Return what a plan would do as JSON, a :class:`Kept`.

    With ``place``, which returns where a probe's entry stands, its probes are told of as well.
    """
    lines = [
        Line(
            action.kind.value,
            action.endpoint,
            printable(result.paths.get(action.node, "")),
            printable(action.name),
            action.size,
        )
        for action in result.actions
    ]
    if place is not None:
        lines.extend(
            Line("probe", probe.endpoint, printable(place(probe)), "", probe.size)
            for probe in result.probes
        )
    totals: dict[tuple[str, EndpointId], Total] = {}
    for line in lines:
        key = (line.verb, line.endpoint)
        before = totals.get(key, Total(*key, 0, 0))
        totals[key] = Total(*key, before.count + 1, before.size + line.size)
    kept = Kept(list(totals.values()), lines[:MOST], max(len(lines) - MOST, 0))
    return msgspec.json.encode(kept).decode()


def root_id(kind: str, endpoint: EndpointId, mark: str) -> str:
    """Return the id of what a guard stopped at an endpoint whose root has this mark.

    ``kind`` is ``exchanged`` or ``emptied``.
    """
    digest = hashlib.blake2b(mark.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
    return f"{kind}-{endpoint}-{digest}"


def together(stops: Iterable[Stop]) -> Stop | None:
    """Return several stops as one, which shows all of them and is let through as one.

    None if there are none. Its id is theirs, joined; it is a preview only if nothing else stopped.
    """
    found = list(stops)
    if len(found) < 2:  # noqa: PLR2004 -- one is itself
        return found[0] if found else None
    return Stop(
        next((each.kind for each in found if each.kind != PREVIEW), PREVIEW),
        "; ".join(each.reason for each in found),
        _JOINT.join(each.plan_id for each in found if each.plan_id),
    )


def parts(plan_id: str) -> frozenset[str]:
    """Return the ids that an id of :func:`together` is made of."""
    return frozenset(each for each in plan_id.split(_JOINT) if each)


def printable(text: str) -> str:
    """Return a text that any encoding can hold; bytes that are no text become escapes."""
    return text.encode("utf-8", "backslashreplace").decode()
