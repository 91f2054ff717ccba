"""Planning again: what a worker could not do as planned goes into the change log.

At once, where it was other than planned, and some time later, where a provider refused it. Only
then is an action closed that was not done.
"""

from collections.abc import Collection, Iterable, Sequence

from syncoxiders.core.model import Action, EndpointId, EntryId, NodeId
from syncoxiders.engine.apply import Applied
from syncoxiders.engine.context import Context
from syncoxiders.engine.looks import Looks
from syncoxiders.engine.observe import Observer
from syncoxiders.engine.pipeline import dispatch, handing, setting
from syncoxiders.engine.pipeline.heeding import LEFT_ALONE, Heeding
from syncoxiders.engine.report import Outcome
from syncoxiders.ports.errors import ProviderError, RootLost
from syncoxiders.ports.pipeline import Batch, SharedStore
from syncoxiders.ports.state import Commit, SyncRecord

RETRY = 3_600.0
"""Seconds after which what a provider refused is tried again."""

AGAIN = 60.0
"""Seconds after which that is planned again of which nothing tells why it was not as planned.

It would be planned as it was: something else is about to be done, or a provider lists late.
"""


class Replanning:
    """Has planned again what is left of a batch. ``roots`` are the roots that are known.

    ``news`` says whether something was put into the change log, or may have been.
    """

    def __init__(
        self,
        context: Context,
        store: SharedStore,
        batch: Batch,
        heeding: Heeding,
        roots: dict[EndpointId, str],
    ) -> None:
        self._context = context
        self._store = store
        self._batch = batch
        self._heeding = heeding
        self._roots = roots
        self.news = False

    def touch(
        self, nodes: Collection[NodeId], entries: Iterable[tuple[EndpointId, EntryId]] = ()
    ) -> None:
        """Put entries, and those of nodes, into the log, to be planned again."""
        touched = dict.fromkeys(entries)
        for node in self._store.base().get(nodes).values():
            for endpoint, replica in node.replicas.items():
                touched[endpoint, replica.entry] = None
        if touched:
            self._store.touch(touched)
            self.news = True

    def later(self, nodes: Collection[NodeId], pause: float = RETRY) -> None:
        """Have nodes planned again after a pause, in seconds."""
        if nodes:
            now = self._context.clock.now()
            batch = dispatch.later(self._batch, nodes, now=now, pause=pause)
            self._store.put_batches([batch])

    def find_out_later(self, actions: Sequence[Action]) -> None:
        """Leave actions open that may have been done; those who are here go on meanwhile.

        Closed as not done, what they have made would be somebody's, and come back where it is
        deleted.
        """
        if actions:
            now = self._context.clock.now()
            batch = dispatch.untold(self._batch, actions, now=now, until=now + RETRY)
            self._store.put_batches([batch])
            self.touch(dict.fromkeys(each.node for each in actions))

    def look_again(self, applied: Applied) -> None:
        """Look at what was not as planned, and put into the log what has to be planned again.

        Where a root is not there, that is once it is, or has been for so long that others go on;
        where there is nothing new, some time later.
        """
        there, news = self.look_around(applied.stale) if applied.stale else (True, True)
        if not (there and (news or applied.again or self._is_behind())):
            self.later(applied.nodes, AGAIN if there else RETRY)
            self.touch((), sorted(applied.again))
        else:
            self.touch(applied.nodes, sorted(applied.again))
            if applied.nodes:
                # where ids are paths, a move that is still to come leads away from what is logged
                self._store.hold(applied.nodes)

    def look_around(self, stale: Collection[tuple[EndpointId, EntryId]]) -> tuple[bool, bool]:
        """Look around what was not as expected, and have poll look at the rest.

        It may have gone with folders further up, of which these folders tell nothing. Says
        whether the roots were those that are known, and whether there was anything new.
        """
        record = SyncRecord({}, roots=self._roots)
        looks = Looks(self._context, record, Outcome(), lambda _: None)
        looks.away.update(dict.fromkeys(self._heeding.paused(), LEFT_ALONE))
        looks.leave_out_exchanged(endpoint for endpoint, _ in stale)
        looks.again(stale)
        self._heeding.heed(looks.refused)
        self.news = True
        self._heeding.hint({endpoint for endpoint, _ in stale})
        there = not any(isinstance(each, RootLost) for each in looks.refused.values())
        return there, looks.news or bool(looks.refused)

    def _is_behind(self) -> bool:
        """Say whether something of those whom the batch needs was not planned yet."""
        record = self._store.record()
        planned = record.planned if record is not None else {}
        return any(
            setting.has_news(self._store, each, planned.get(each))
            for each in sorted(self._batch.needs)
        )

    def ask_again(self, endpoint: EndpointId) -> None:
        """Find out what holds where a look that came later than an action has it otherwise."""
        try:
            provider, now = self._context.providers[endpoint], self._context.clock.now
            seen = Observer(self._store, endpoint, provider, told=lambda *_: None, now=now)
            seen.ask_for_overtaken()
        except ProviderError as error:
            # until it is planned again, what the look says stands
            self._heeding.heed({endpoint: error})

    def close_undone(self, actions: Sequence[str]) -> None:
        """Close what was not done, now that it is sure to be planned again."""
        left: Sequence[str] = actions
        while left:
            raced = self._store.commit(Commit(closed=left, at=self._context.clock.now()))
            if not raced:
                return
            opened = self._store.open_of(raced)
            still = {action.id for each in opened.values() for action in each}
            left = [each for each in left if each in still]

    def release(self) -> None:
        """Put into the log what had to wait for the actions that were closed."""
        released = self._store.released()
        if released:
            handing.release(
                self._store, [each.id for each in self._context.rule.endpoints], released
            )
            self.news = True
