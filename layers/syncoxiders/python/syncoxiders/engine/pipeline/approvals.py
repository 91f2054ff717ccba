"""What a person lets through: an answer to one question, which stands by itself.

A stop asks about one thing: a plan, or what is at an endpoint's root. Its id names that, and
``question`` tells it from what was asked about the same thing before. An approval is a text under
the id, with the question that it answers: so several stand side by side, and nobody who uses one
up can touch another.

It is used up when the question is put away, in the same write that tells that what was let through
has come about. A planner or a look that dies before is made up for by the next one, under the same
approval; one that dies after leaves a text that answers nothing, whatever is asked later.
"""

import msgspec

from syncoxiders.core.model import EndpointId, NodeId
from syncoxiders.core.plan import Plan
from syncoxiders.engine.report import Stop
from syncoxiders.engine.stopped import printable
from syncoxiders.ports.pipeline import SharedStore

_PASSING = "passing"


class Passing(msgspec.Struct, frozen=True, array_like=True):
    """A plan that was let through and is being entered; without a question it is none.

    Part of it may be entered by a planner that dies: what is left is another plan, and was let
    through as well. ``nodes`` are those that lose something, ``conflicts`` are by endpoint and
    path.
    """

    question: str = ""
    nodes: frozenset[NodeId] = frozenset()
    conflicts: frozenset[tuple[EndpointId, str]] = frozenset()


def to_pass(result: Plan, nodes: frozenset[NodeId], asked: Stop) -> Passing:
    """Return a plan that was let through, in which these nodes lose something."""
    return Passing(asked.question, nodes, conflicts(result))


def conflicts(result: Plan) -> frozenset[tuple[EndpointId, str]]:
    """Return where a plan has conflicts."""
    found = (each for each in result.notes if each.verb == "conflict")
    return frozenset((each.endpoint, printable(each.path)) for each in found)


def ask(stop: Stop | None, before: Stop | None, asker: str) -> Stop | None:
    """Return a stop as a question: the one that was asked ``before``, if it is about the same.

    Else it is a new one, named after its ``asker``, who never asks about one thing twice.
    """
    if stop is None:
        return None
    same = before is not None and before.plan_id == stop.plan_id
    return msgspec.structs.replace(stop, question=before.question if before and same else asker)


def approve(store: SharedStore, stop: Stop) -> None:
    """Let through what a question is about."""
    store.save_text(_key(stop), stop.question)


def approved(store: SharedStore, stop: Stop | None) -> frozenset[str]:
    """Return the id of what is asked about, if it was let through; none is no question."""
    if stop is None or store.text(_key(stop)) != stop.question:
        return frozenset()
    return frozenset({stop.plan_id})


def forget(store: SharedStore, stop: Stop) -> None:
    """Let go of the answer to a question that is put away."""
    store.save_text(_key(stop), "")


def passing(store: SharedStore, asked: Stop) -> Passing:
    """Return the plan that was let through, if some of it may be entered already."""
    text = store.text(_PASSING)
    found = msgspec.json.decode(text, type=Passing) if text else Passing()
    return found if found.question == asked.question else Passing()


def save_passing(store: SharedStore, value: Passing) -> None:
    """Note what was let through, before any of it is entered; none lets go of what was noted."""
    text = msgspec.json.encode(value).decode() if value.question else ""
    store.save_text(_PASSING, text)


def _key(stop: Stop) -> str:
    return f"approved:{stop.plan_id}"
