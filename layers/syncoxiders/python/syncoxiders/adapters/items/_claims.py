"""Claims: which nodes have an entry for a replica, as members of a set in the entry's item.

A claim is there before its node has the replica and goes after the node has given it up, so that
by itself it only suggests. It names the action, if there is one, by which the node is to get the
entry: while that is open, the claim holds though the node does not have the entry yet.
"""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from syncoxiders.adapters.items._keys import digest
from syncoxiders.core.model import Action, NodeId


class Claim(NamedTuple):
    """A node's claim; as ``gone`` it keeps nobody else from the entry."""

    node: NodeId
    gone: bool = False
    action: str = ""

    @property
    def member(self) -> str:
        """How it stands in the set: ``node``, ``node-`` if gone, ``node/action``."""
        return f"{self.node:x}{'-' if self.gone else ''}{'/' if self.action else ''}{self.action}"

    def is_awaited(self, opened: Iterable[Action]) -> bool:
        """Say whether the action by which the node is to get the entry is among these."""
        return bool(self.action) and any(action_tag(each) == self.action for each in opened)


def action_tag(action: Action) -> str:
    """Return how an action is named in a claim."""
    return digest(action.id, 4)


def claims_of(members: Collection[str]) -> list[Claim]:
    """Return the claims of a set, in the order of nodes."""
    found = []
    for member in members:
        node, _, action = member.partition("/")
        found.append(Claim(int(node.removesuffix("-"), 16), node.endswith("-"), action))
    return sorted(found)


def changed(
    members: frozenset[str], add: Iterable[Claim], drop: Collection[Claim]
) -> frozenset[str]:
    """Return a set with some claims more and others less, whatever actions the latter name."""
    gone = {each[:2] for each in drop}
    kept = {each.member: each for each in claims_of(members) if each[:2] not in gone}
    for each in add:
        same = [member for member, other in kept.items() if other[:2] == each[:2]]
        if same and not each.action:
            continue
        for member in same:
            del kept[member]
        kept[each.member] = each
    return frozenset(kept)
