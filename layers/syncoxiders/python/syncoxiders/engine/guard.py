"""Guards: what stops a sync and asks."""

from collections.abc import Callable

import msgspec

from syncoxiders.core.model import Action, ActionKind, Entry, Node, NodeId
from syncoxiders.core.plan import Plan
from syncoxiders.ports.state import SyncStore

DAY = 86_400.0

MANY_CONFLICTS = 100
"""More conflicts than this in one plan are not decided unasked."""


def adds_up(action: Action, replaced: Entry | None, now: float) -> bool:
    """Say whether what an action takes away counts for a day as lost, once it is done.

    What is overwritten within a day of being written is work that goes on: who saves one text a
    hundred times loses nothing. A plan that overwrites much at once counts all of it.
    """
    if action.kind is ActionKind.UPDATE:
        return replaced is None or replaced.mtime_ns < (now - DAY) * 1e9
    return action.kind is ActionKind.DELETE


class Limit(msgspec.Struct, frozen=True):
    """How many base nodes may be deleted or overwritten in a day.

    A number, or a share of the tree in per cent. A share does not apply to trees of up to
    ``small`` nodes.
    """

    number: int | None = None
    percent: float | None = 50.0
    small: int = 20

    def exceeded(self, losses: int, nodes: int) -> bool:
        """Say whether so many losses are too many for a tree of so many nodes."""
        if self.number is not None and losses > self.number:
            return True
        if self.percent is None or nodes <= self.small:
            return False
        return losses * 100 > nodes * self.percent

    def __str__(self) -> str:
        share = f"{self.percent:g} %" if self.percent is not None else ""
        number = str(self.number) if self.number is not None else ""
        return " or ".join(each for each in (share, number) if each) or "none"


def losing(plan: Plan, before: Callable[[NodeId], Node | None]) -> frozenset[NodeId]:
    """Return the nodes from which a plan takes something that none before it was to take.

    What cannot be done yet is planned again as often as it takes, and is lost once. A node that was
    to be deleted ``before`` is a tombstone by then; one that was to be overwritten is what it is to
    become. What is gone counts from the plan that decides it, though others may carry it out.
    """
    after = {node.id: node for node in plan.nodes}
    found = {node.id for node in plan.nodes if node.gone and not _is_gone(before(node.id))}
    for action in plan.actions:
        value = after.get(action.node) or before(action.node)
        if action.kind is ActionKind.UPDATE:
            takes = action.node in after
        else:
            takes = action.kind is ActionKind.DELETE and not _is_gone(value)
        if takes:
            found.add(action.node)
    return frozenset(found)


def _is_gone(node: Node | None) -> bool:
    return node is not None and node.gone


def judge(
    plan: Plan,
    limit: Limit,
    store: SyncStore,
    now: float,
    *,
    first_contact: bool,
    lost: int | None = None,
) -> tuple[str, str]:
    """Return the kind of stop that a plan calls for, and its reason; ``""`` twice for none.

    ``lost`` is how many nodes lose something that is not counted yet, if that is not all of them.
    """
    lost = len(plan.losses) if lost is None else lost
    if lost:
        before = store.losses(now - DAY)
        total, nodes = lost + before, store.base().count() + before
        if limit.exceeded(total, nodes):
            return "losses", (
                f"{total} of {nodes} files and folders would be deleted or overwritten within a "
                f"day; the limit is {limit}"
            )
    if plan.conflicts > MANY_CONFLICTS and not first_contact:
        return "conflicts", f"{plan.conflicts} conflicts at once"
    return "", ""


def parse_limit(text: str) -> Limit:
    """Read ``N`` or ``N%``. Raises ValueError with a sentence for a person."""
    plain = text.strip()
    try:
        if plain.endswith("%"):
            percent = float(plain[:-1])
            if 0 <= percent <= 100:  # noqa: PLR2004 -- per cent
                return Limit(percent=percent)
        else:
            number = int(plain)
            if number >= 0:
                return Limit(number=number, percent=None)
    except ValueError:
        pass
    raise ValueError(f"{text!r} is neither a number of files (500) nor a share of them (20%)")
