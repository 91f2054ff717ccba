"""What a plan had to leave waiting though it had nothing to do for it."""

import msgspec

from syncoxiders.core.model import EndpointId, EntryId, NodeId
from syncoxiders.core.plan import Plan


class Stuck(msgspec.Struct):
    """Entries and nodes that wait for others; each with whether it may be done by now."""

    entries: dict[tuple[EndpointId, EntryId], bool] = {}
    nodes: dict[NodeId, bool] = {}

    def __bool__(self) -> bool:
        return bool(self.entries or self.nodes)

    def passed(self, result: Plan) -> None:
        """Let what waits try again if this plan changes base: it may be what they wait for."""
        if result.nodes or result.forget:
            self._try_again()

    def add(self, result: Plan) -> None:
        """Take in what a plan without actions leaves waiting.

        It may be what others wait for, and wait for them: then they have to be planned together.
        """
        again = bool(self) and not (
            self.entries.keys() >= set(result.waiting)
            and self.nodes.keys() >= set(result.postponed)
        )
        self.entries.update(dict.fromkeys(result.waiting, False))
        self.nodes.update(dict.fromkeys(result.postponed, False))
        if again:
            self._try_again()

    def _try_again(self) -> None:
        self.entries = dict.fromkeys(self.entries, True)
        self.nodes = dict.fromkeys(self.nodes, True)

    def take(self) -> tuple[list[tuple[EndpointId, EntryId]], list[NodeId]]:
        """Return, and forget, what may try again."""
        entries = [each for each, again in self.entries.items() if again]
        nodes = sorted(each for each, again in self.nodes.items() if again)
        for entry in entries:
            del self.entries[entry]
        for node in nodes:
            del self.nodes[node]
        return entries, nodes
