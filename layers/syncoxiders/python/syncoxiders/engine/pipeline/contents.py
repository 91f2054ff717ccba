"""Contents that a worker reads for the planner: hashes to compare files by, and texts to merge."""

from collections.abc import Sequence

import msgspec

from syncoxiders.core import hashes
from syncoxiders.core.model import Action, ActionKind, EndpointId
from syncoxiders.core.plan import Probe
from syncoxiders.engine import automerge
from syncoxiders.engine.apply import AWAY, Applied
from syncoxiders.engine.context import Context
from syncoxiders.engine.pipeline.heeding import LEFT_ALONE, Heeding
from syncoxiders.engine.pipeline.replanning import Replanning
from syncoxiders.engine.pipeline.times import LEFT
from syncoxiders.engine.places import Places
from syncoxiders.ports.errors import ProviderError, Stale
from syncoxiders.ports.pipeline import Batch, SharedStore
from syncoxiders.ports.state import Commit, Event, Observation

_WITH_CONTENT = frozenset({ActionKind.CREATE, ActionKind.UPDATE})


class Contents:
    """Reads what a batch asks for; what comes of it goes into the change log, to be planned.

    ``away`` takes in the endpoints at which it has to be tried again later, and why.
    """

    def __init__(
        self,
        context: Context,
        store: SharedStore,
        batch: Batch,
        heeding: Heeding,
        replanning: Replanning,
    ) -> None:
        self._context = context
        self._store = store
        self._batch = batch
        self._heeding = heeding
        self._replanning = replanning

    def probe(self, away: dict[EndpointId, str]) -> None:
        """Hash what the planner needs to compare; the entry goes into the log with its hash."""
        places = Places(self._store)
        for probe in self._batch.probes:
            entry = places.entry(probe.endpoint, probe.entry)
            if entry is None or entry.version != probe.version:
                continue  # somebody changed it: that is in the log already
            asked = self._context.clock.now()
            try:
                told = self._told(places, probe)
            except Stale:
                self._replanning.look_around([(probe.endpoint, probe.entry)])
                continue
            except ProviderError as error:
                if isinstance(error, AWAY):
                    self._heeding.heed({probe.endpoint: error})
                    away[probe.endpoint] = str(error)
                    return
                self._log(Event("error", probe.endpoint, probe.entry, str(error)))
                continue
            known = msgspec.structs.replace(entry, hashes=hashes.merged(entry.hashes, told))
            self._store.commit(
                Commit(observed=[Observation(probe.endpoint, put=[known], asked=asked)])
            )
            self._replanning.news = True

    def _told(self, places: Places, probe: Probe) -> str:
        provider = self._context.providers[probe.endpoint]
        ref = places.ref(probe.endpoint, probe.entry)
        return provider.hash(ref, probe.version, probe.algorithms)

    def merge(self, away: dict[EndpointId, str]) -> None:
        """Merge edits; what a provider will not do now is put off, what is stale looked at."""
        for merge in self._batch.merges:
            event: Event | None = None
            try:
                event = automerge.merge_edits(self._context, merge)
            except automerge.NotNow as stopped:
                if not isinstance(stopped.error, Stale):
                    self._heeding.heed({stopped.endpoint: stopped.error})
                    away[stopped.endpoint] = str(stopped)
                    return
                self._replanning.look_around([(edit.endpoint, edit.entry) for edit in merge.edits])
            if event is not None:
                self._log(event)
            self._store.touch((edit.endpoint, edit.entry) for edit in merge.edits)
            self._replanning.news = True

    def _log(self, event: Event) -> None:
        if self._batch.run:
            self._store.log(self._batch.run, [event])

    def keep_bases(self, actions: Sequence[Action], applied: Applied, until: float) -> None:
        """Keep the texts that were agreed on, should they be edited on two sides later."""
        open_ = applied.failed | applied.put_off | set(applied.dropped)
        nodes = dict.fromkeys(
            action.node
            for action in actions
            if action.id not in open_ and action.kind in _WITH_CONTENT
        )
        paused = self._heeding.paused()
        refused = dict.fromkeys(paused, ProviderError(LEFT_ALONE))
        for node in self._store.base().get(nodes).values():
            if self._context.clock.now() >= until - LEFT:
                break  # these are merged by nobody; they are kept as a conflict
            automerge.keep_base(self._context, node, refused)
        self._heeding.heed({each: error for each, error in refused.items() if each not in paused})
