"""Apply: do the actions of a batch, and close each with the base update that it causes.

A worker may die anywhere, and a batch be begun again: what stands at the provider tells which of
its actions had their effect. What a provider will not do now stays open until it will; what
turned out to be other than planned is looked at, and goes into the change log.
"""

import concurrent.futures
import math
from collections.abc import Collection, Container, Mapping, Sequence

from syncoxiders.core.model import (
    Action,
    EndpointId,
    NodeId,
)
from syncoxiders.core.plan import Plan
from syncoxiders.engine.apply import Applied, Applier, needs
from syncoxiders.engine.context import Context
from syncoxiders.engine.operations import Operations
from syncoxiders.engine.pipeline import setting
from syncoxiders.engine.pipeline.contents import Contents
from syncoxiders.engine.pipeline.context import Pipeline
from syncoxiders.engine.pipeline.handing import send
from syncoxiders.engine.pipeline.heeding import LEFT_ALONE, Heeding, pauses
from syncoxiders.engine.pipeline.messages import Apply, Merge
from syncoxiders.engine.pipeline.replanning import Replanning
from syncoxiders.engine.pipeline.times import MARGIN
from syncoxiders.engine.pipeline.waking import wake_at
from syncoxiders.engine.pipeline.whereabouts import known_places
from syncoxiders.engine.places import Places
from syncoxiders.engine.recover import recover
from syncoxiders.engine.report import Reporter
from syncoxiders.engine.resumable import Uploads
from syncoxiders.ports.errors import ProviderError, RootLost, Vanished
from syncoxiders.ports.pipeline import Batch, SharedStore
from syncoxiders.ports.registry import SyncSettings
from syncoxiders.ports.state import Event

PAUSE, LONGEST_PAUSE = 15.0, 3_600.0
"""Seconds after which a batch is begun again that a provider did not take, doubling each time."""


def apply(
    pipeline: Pipeline,
    message: Apply,
    until: float = math.inf,
    reporter: Reporter | None = None,
) -> None:
    """Do the actions of a batch. By the time ``until`` the worker has to have ended.

    Raises StateUnavailable, after which the batch can be begun again. What providers say never
    is an error of the message: a batch that cannot be done now is put off, and blocks no lane.
    """
    settings = pipeline.registry.sync(message.owner, message.sync)
    if settings is None:
        return
    store = pipeline.states.sync(message.owner, message.sync)
    batch = store.batch(message.batch)
    if batch is None or batch.waits or batch.put_off > pipeline.clock.now():
        return
    now = pipeline.clock.now()
    paused = pauses(pipeline, message.owner, settings, batch.needs)
    pause = max(paused.values(), default=0.0)
    if now < pause <= now + setting.PATIENCE:
        store.put_off_batch(batch.id, pause)
        _wake(pipeline, message, settings, batch, pause)
        return
    begun = store.begin_batch(batch.id, pipeline.clock.now())
    if begun is not None:
        worker = Worker(
            pipeline,
            message,
            settings,
            store,
            begun,
            paused=paused,
            until=until,
            reporter=reporter,
        )
        worker.work()


def _wake(
    pipeline: Pipeline, message: Apply, settings: SyncSettings, batch: Batch, at: float
) -> None:
    """Have a batch begun again at a time."""
    for endpoint in settings.endpoints:
        if endpoint.id == batch.endpoint:
            again = message.message(endpoint.account, batch.lane, f"put-off-{at:.6f}")
            wake_at(pipeline, "apply", again, at)


class Worker:
    """One worker's go at one batch. ``paused`` are endpoints that want to be left alone."""

    def __init__(
        self,
        pipeline: Pipeline,
        message: Apply,
        settings: SyncSettings,
        store: SharedStore,
        batch: Batch,
        *,
        paused: Collection[EndpointId] = (),
        until: float = math.inf,
        reporter: Reporter | None = None,
    ) -> None:
        self._paused = paused
        self._pipeline = pipeline
        self._message = message
        self._settings = settings
        self._store = store
        self._batch = batch
        self._until = until
        setting.read_ahead(store, settings)
        heard = {each.id: setting.heard(store, each.id) for each in settings.endpoints}
        self._roots = {each: it.root for each, it in heard.items() if it.root}
        self._context: Context = setting.context(
            pipeline,
            settings,
            store,
            traits={each: it.traits for each, it in heard.items()},
            providers=pipeline.connect(message.owner, settings),
            reporter=reporter,
        )
        self._heeding = Heeding(pipeline, message.owner, settings)
        self._replanning = Replanning(self._context, store, batch, self._heeding, self._roots)
        self._contents = Contents(self._context, store, batch, self._heeding, self._replanning)
        self._begun = bool(batch.begun)
        self._unanswered: set[NodeId] = set()

    def work(self) -> None:
        """Do what can be done; the batch is let go of, or put off."""
        away = self._shut()
        self._replanning.touch(self._batch.again)
        if self._batch.merges and not away:
            self._contents.merge(away)
        if self._batch.probes and not away:
            self._contents.probe(away)
        failed: set[str] = set()
        if self._batch.actions and not self._is_outdated():
            actions = self._open(sure=self._begun or self._batch.tries > 0)
            if self._begun and actions:
                refused: dict[EndpointId, ProviderError] = {}
                recover(self._context, away, only=actions, refused=refused)
                self._begun = bool(away)
                self._heeding.heed(refused)
                actions = self._open()
            if self._batch.again:  # it was only to be found out what was done
                waits = self._batch.endpoint in away or (away and not self._lost(away))
                if actions and waits:
                    self._put_off(failed)
                    return
                failed = self._give_back(away, actions)
                self._replanning.release()
            else:
                applied = self._apply(actions, away)
                failed, away = applied.failed, applied.away
                self._unanswered = applied.open
                if applied.put_off and not away:
                    self._go_on(failed)
                    return
        lost = self._lost(away)
        if away and not lost:
            self._put_off(failed)
            return
        outdated = self._is_outdated()
        if away or outdated:
            actions = self._open()
            doubtful = [] if outdated else self._doubtful(actions, lost)
            kept = {each.id for each in doubtful}
            given = [
                each
                for each in actions
                if each.id not in kept and (outdated or not lost.isdisjoint(needs(each)))
            ]
            failed = failed | self._give_back(away, given) | kept
            self._replanning.find_out_later(doubtful)
            if len(given) + len(kept) < len(actions):  # what others may still do, or may have done
                self._put_off(failed)
                return
        ready = self._store.finish_batch(self._batch.id, failed)
        send(self._pipeline, self._message, self._settings, ready)
        self._tell()

    def _shut(self) -> dict[EndpointId, str]:
        """Return the endpoints that are needed and cannot be asked for anything, and why.

        What would be written to a root that was exchanged would count as deleted in the right one.
        """
        away = dict.fromkeys(self._paused, LEFT_ALONE)
        for endpoint in sorted(self._batch.needs - away.keys()):
            try:
                provider = self._context.providers[endpoint]
                known = self._roots.get(endpoint) if endpoint == self._batch.endpoint else None
                if known and provider.root() != known:
                    raise RootLost("its root is another folder than last time")
            except ProviderError as error:
                self._heeding.heed({endpoint: error})
                away[endpoint] = str(error)
        return away

    def _is_outdated(self) -> bool:
        """Say whether the settings have changed since: under other ones it may be wrong.

        So it may where they are what they were again, if others were planned under meanwhile.
        """
        settings = self._settings
        return self._batch.rule != setting.version(settings) or (
            self._batch.opened < settings.changed_at
        )

    def _lost(self, away: Collection[EndpointId]) -> frozenset[EndpointId]:
        """Return those of these endpoints that have been away for so long that others go on."""
        if not away:
            return frozenset()
        known = {each.id: setting.heard(self._store, each.id) for each in self._settings.endpoints}
        owner = self._message.owner
        gone = setting.who_is_away(self._pipeline, owner, self._settings, known)
        return frozenset(each for each in gone if each in away)

    def _give_back(self, away: Container[EndpointId], actions: Sequence[Action]) -> set[str]:
        """Close actions that are open, to be planned again; returns what the batch leaves undone.

        What has its reason at an endpoint that is away would only be planned as it was: later.
        """
        if not actions:
            return set(self._batch.failed)
        unproved = {each.node for each in actions if each.because and each.because.endpoint in away}
        self._replanning.touch(
            dict.fromkeys(each.node for each in actions if each.node not in unproved)
        )
        self._replanning.later(unproved)
        self._replanning.close_undone([action.id for action in actions])
        self._replanning.release()
        return {*self._batch.failed, *(action.id for action in actions)}

    def _is_told(self) -> bool:
        """Say whether it is known which of the actions were done."""
        return not (self._begun or self._unanswered)

    def _doubtful(self, actions: Sequence[Action], lost: Container[EndpointId]) -> list[Action]:
        """Return the actions of which only who is lost could tell whether they were done."""
        if self._batch.endpoint not in lost:
            return []
        return [each for each in actions if self._begun or each.node in self._unanswered]

    def _open(self, *, sure: bool = True) -> list[Action]:
        """Return the batch's actions that are still open, in their order.

        Of a batch that nobody has begun none has been closed, but for one that was handed out
        twice: what it would do is refused as what has changed since.

        One that it has closed, and that was planned again, is another batch's by now; so is one
        that has its reason elsewhere than at the endpoints that this batch needs.
        """
        closed = self._batch.failed
        nodes = dict.fromkeys(node for node, _ in self._batch.actions)
        found = _by_id(self._store.open_of(nodes, sure=sure))
        left = [node for node, id_ in self._batch.actions if id_ not in found.keys() | closed]
        if left and not sure:  # of these an older one was seen, from before it was opened
            found |= _by_id(self._store.open_of(dict.fromkeys(left)))
        return [
            action
            for _, id_ in self._batch.actions
            if (action := found.get(id_)) is not None
            and id_ not in closed
            and self._batch.needs.issuperset(needs(action))
        ]

    # -- actions ---------------------------------------------------------------------------------

    def _apply(self, actions: Sequence[Action], away: Mapping[EndpointId, str]) -> Applied:
        places = known_places(self._store, actions)
        plan = Plan(actions=tuple(actions), paths=self._paths(places, actions))
        begin_until = self._until - MARGIN
        uploads = Uploads(self._store, self._pipeline.clock.now, begin_until)
        operations = Operations(self._context.providers, places, uploads=uploads, wary=True)
        transfers = self._context.options.transfers
        with concurrent.futures.ThreadPoolExecutor(transfers, "transfer") as pool:
            applier = Applier(
                self._context,
                operations,
                places,
                plan,
                pool,
                handed_out=True,
                failed=self._batch.failed,
                away=away,
                until=begin_until,
            )
            applier.start()
            applied = applier.finish()
        self._report(plan, actions, applied)
        self._heeding.heed(applied.refused)
        if self._batch.endpoint not in applied.away:
            self._replanning.ask_again(self._batch.endpoint)
        self._replanning.look_again(applied)
        dropped = {each.node for each in actions if each.id in applied.dropped}
        self._replanning.later(dropped - applied.nodes)
        if applied.dropped:
            self._replanning.close_undone(applied.dropped)
        self._replanning.release()
        if self._context.rule.auto_merge:
            self._contents.keep_bases(actions, applied, self._until)
        return applied

    def _paths(self, places: Places, actions: Sequence[Action]) -> dict[NodeId, str]:
        """Return a path for each node that an action speaks of, for people."""
        return {action.node: self._path(places, action) for action in actions}

    def _path(self, places: Places, action: Action) -> str:
        node = places.node(action.node)
        for endpoint, replica in node.replicas.items() if node is not None else ():
            try:
                return places.ref(endpoint, replica.entry).path
            except Vanished:
                continue
        return action.name

    def _report(self, plan: Plan, actions: Sequence[Action], applied: Applied) -> None:
        events = [
            Event(action.kind.value, action.endpoint, plan.paths.get(action.node, ""))
            for action in actions
            if action.id not in applied.failed and action.id not in applied.put_off
        ]
        events.extend([*applied.errors, *applied.left])
        if events and self._batch.run:
            self._store.log(self._batch.run, events)

    # -- what comes after ------------------------------------------------------------------------

    def _go_on(self, failed: Collection[str]) -> None:
        """Time is over: another worker goes on at once."""
        now = self._pipeline.clock.now()
        self._store.put_off_batch(self._batch.id, now, failed, told=self._is_told())
        account = next(
            each.account for each in self._settings.endpoints if each.id == self._batch.endpoint
        )
        again = self._message.message(account, self._batch.lane, f"on-{now:.6f}")
        self._pipeline.applies.send([again])

    def _put_off(self, failed: Collection[str]) -> None:
        """Begin the batch again later, after a pause that grows."""
        pause = min(PAUSE * 2.0**self._batch.tries, LONGEST_PAUSE)
        until = self._pipeline.clock.now() + pause
        self._store.put_off_batch(self._batch.id, until, failed, told=self._is_told())
        _wake(self._pipeline, self._message, self._settings, self._batch, until)
        if self._replanning.news:
            self._merge()

    def _tell(self) -> None:
        """Let merge know, where there is something for it to do."""
        waiting = setting.planning(self._store)
        if (
            self._replanning.news
            or waiting.entries
            or waiting.nodes
            or not setting.is_busy(self._store)
        ):
            self._merge()

    def _merge(self) -> None:
        once = f"{self._batch.id}-{self._batch.tries}"
        told = Merge(self._message.owner, self._message.sync)
        self._pipeline.merges.send([told.message(once)])


def _by_id(opened: Mapping[NodeId, Sequence[Action]]) -> dict[str, Action]:
    return {action.id: action for actions in opened.values() for action in actions}
