"""Whether anything is left in a root of which nothing tells that it is another, or not mounted."""

from collections.abc import Iterable, Sequence
from itertools import islice

from syncoxiders.core.model import ROOT_ENTRY, Action, ActionKind, EndpointId, Entry, Ref
from syncoxiders.engine.context import Context
from syncoxiders.ports.provider import Provider

ASKED = 100
"""So many entries tell whether a root is empty."""


def is_empty(provider: Provider, known: Iterable[Entry]) -> bool:
    """Say whether nothing of what was ``known`` in the root is there, as far as is asked for."""
    return all(provider.get(Ref(each.id, each.name)) is None for each in islice(known, ASKED))


class EmptyRoots:
    """Where nothing is to be seen, as over a storage that is not mounted.

    That something is not there proves of no deletion that it was done then. What the actions
    themselves were to take away tells nothing.
    """

    def __init__(self, context: Context, pending: Sequence[Action]) -> None:
        self._context = context
        self._leave = {
            (each.endpoint, each.entry)
            for each in pending
            if each.kind in {ActionKind.DELETE, ActionKind.MOVE}
        }
        self._told: dict[EndpointId, bool] = {}

    def at(self, endpoint: EndpointId) -> bool:
        """Say whether all that is known to stay in an endpoint's root is missing, if any is."""
        if endpoint not in self._told:
            known = self._context.store.observed(endpoint).children(ROOT_ENTRY)
            stays = [each for each in known if (endpoint, each.id) not in self._leave]
            provider = self._context.providers[endpoint]
            self._told[endpoint] = bool(stays) and is_empty(provider, stays)
        return self._told[endpoint]
