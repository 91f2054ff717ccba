"""Entering: what a plan decides is written into base, and what it opens is handed out.

A planner may die anywhere in between: before anything is written it is seen to that the next one
comes upon it.
"""

from collections.abc import Collection, Iterable, Sequence

from syncoxiders.core.model import EndpointId, EntryId, Node, NodeId
from syncoxiders.core.plan import Plan
from syncoxiders.engine.pipeline.backlog import Backlog
from syncoxiders.engine.pipeline.context import Pipeline
from syncoxiders.engine.pipeline.dispatch import Dispatch
from syncoxiders.engine.pipeline.handing import release, send
from syncoxiders.engine.pipeline.messages import Merge
from syncoxiders.ports.pipeline import Batch, SharedStore
from syncoxiders.ports.registry import SyncSettings
from syncoxiders.ports.state import Commit


class Entering:
    """Enters the plans of one planner: each is made known first, then entered.

    ``waiting`` are the nodes that waited before it, and are not forgotten if it dies; for
    endpoints that are ``away`` nobody waits.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        message: Merge,
        settings: SyncSettings,
        store: SharedStore,
        *,
        backlog: Backlog,
        dispatch: Dispatch,
        waiting: Collection[NodeId],
        away: Collection[EndpointId],
        at: float,
    ) -> None:
        self._pipeline = pipeline
        self._message = message
        self._settings = settings
        self._store = store
        self._backlog = backlog
        self._dispatch = dispatch
        self._waiting = waiting
        self._away = away
        self._at = at

    def make_known(self, result: Plan) -> None:
        """Log an entry of each unfinished node to which nothing will lead once it is written.

        Should this planner die before its actions are handed out, or before it is noted what
        waits, the next one has to come upon it: by an entry that is logged and still the node's,
        or for looking at everything.
        """
        values = {node.id: node for node in result.nodes}
        opened = (action.node for action in result.actions)
        touched = [
            mine[0]
            for node in dict.fromkeys([*opened, *result.postponed])
            if node in values and node not in self._waiting
            for mine in [_entries(values[node])]
            if mine and not self._backlog.leads_to(mine)
        ]
        if touched:
            self._store.touch(touched)

    def enter(self, result: Plan, losses: int) -> None:
        """Write a plan into base, node by node, and hand out what was opened.

        ``losses`` is how many nodes lose something by it that counts for a day.
        """
        lost_race: frozenset[NodeId] = frozenset()
        if result.nodes or result.forget or result.actions:
            lost_race = self._store.commit(
                Commit(
                    nodes=result.nodes,
                    forget=result.forget,
                    opened=result.actions,
                    at=self._at,
                    losses=losses,
                )
            )
        lost = {each.id for each in result.actions if each.node in lost_race}
        self._hand_out(self._dispatch.batches(result, lost))
        self._plan_again(result, lost_race)
        self._hold(result.open)

    def _plan_again(self, result: Plan, nodes: Iterable[NodeId]) -> None:
        """Put what lost a race into the log: somebody else changed it meanwhile."""
        values = {node.id: node for node in result.nodes}
        touched: dict[tuple[EndpointId, EntryId], None] = {}
        for node in nodes:
            value = values.get(node)
            if value is not None:
                touched.update(dict.fromkeys(_entries(value)))
        again = self._store.base().get(nodes) if nodes else {}
        for found in again.values():
            touched.update(dict.fromkeys(_entries(found)))
        if touched:
            self._store.touch(touched)

    def _hold(self, nodes: Sequence[NodeId]) -> None:
        """See to it that nodes are planned again once their open actions are closed.

        Actions that a planner opened who died before it made their batch are handed out.
        """
        if not nodes:
            return
        missed = self._store.hold(nodes, self._away)
        if missed:
            release(self._store, self._backlog.endpoints, missed)
        handed_out = {
            id_
            for batch in self._store.batches()
            for _, id_ in batch.actions
            if id_ not in batch.failed
        }
        opened = self._store.open_of([each for each in nodes if each not in missed])
        orphans = [
            action
            for actions in opened.values()
            for action in actions
            if action.id not in handed_out
        ]
        self._hand_out(self._dispatch.batches(Plan(actions=tuple(orphans))))

    def _hand_out(self, batches: Sequence[Batch]) -> None:
        self._store.put_batches(batches)
        send(self._pipeline, self._message, self._settings, batches)


def _entries(node: Node) -> list[tuple[EndpointId, EntryId]]:
    return [(endpoint, replica.entry) for endpoint, replica in node.replicas.items()]
