"""Which nodes have open actions, as a planner asks for it."""

from collections.abc import Container

from syncoxiders.core.model import EndpointId, NodeId
from syncoxiders.ports.pipeline import RESERVED, SharedStore


class OpenNodes:
    """The nodes with open actions, asked for one by one.

    Those that a planner gives ids to, from ``new`` on, are not there yet. What is open at who is
    ``away`` keeps nobody waiting.
    """

    def __init__(self, store: SharedStore, new: NodeId, away: Container[EndpointId]) -> None:
        self._store = store
        self._new = new
        self._away = away

    def __contains__(self, node: object) -> bool:
        """Say whether a node has an open action at an endpoint that is here."""
        return any(each not in self._away for each in self._endpoints(node))

    def unanswered(self, node: NodeId) -> list[EndpointId]:
        """Return the endpoints that are away and at which a node has an open action."""
        return [each for each in self._endpoints(node) if each in self._away]

    def _endpoints(self, node: object) -> list[EndpointId]:
        if not isinstance(node, int) or self._new <= node < RESERVED:
            return []
        opened = self._store.open_of([node], fresh=False).get(node, ())
        return sorted({action.endpoint for action in opened})
