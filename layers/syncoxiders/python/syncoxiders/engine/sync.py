"""One run of a sync: recover, look, plan, apply, until nothing is left to do."""

import concurrent.futures
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from syncoxiders.core import hashes
from syncoxiders.core.model import ActionKind, EndpointId, Entry, EntryId, NodeId
from syncoxiders.core.plan import Plan, Probe, identify, plan
from syncoxiders.core.rule import Look
from syncoxiders.engine import automerge
from syncoxiders.engine.apply import Applied, Applier
from syncoxiders.engine.context import Context
from syncoxiders.engine.diary import Diary
from syncoxiders.engine.guard import judge, losing
from syncoxiders.engine.looks import Looks
from syncoxiders.engine.operations import Operations
from syncoxiders.engine.places import Places
from syncoxiders.engine.rate import Throttle
from syncoxiders.engine.recover import recover
from syncoxiders.engine.report import Outcome, Stop
from syncoxiders.engine.resumable import Uploads
from syncoxiders.engine.stopped import describe
from syncoxiders.engine.stuck import Stuck
from syncoxiders.engine.view import StoreView
from syncoxiders.ports.errors import ProviderError, Stale, Vanished
from syncoxiders.ports.provider import Recovers
from syncoxiders.ports.state import (
    Commit,
    Event,
    Observation,
    SyncRecord,
)

Touched = tuple[EndpointId, EntryId]

CHUNK = 5_000
"""New entries are planned so many at a time, to bound memory."""

MAKING = frozenset({ActionKind.CREATE, ActionKind.MAKE_FOLDER})

ROUNDS = 8
"""How often a run plans again what changed under its hands, before leaving it to the next.

Of a first sync, which is planned in parts, that is each part.
"""

SETTLED = "settled"
"""The text that says: base was fully planned under this set of endpoints."""


class Run:
    """One run of a sync over a store and its providers."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store
        self._rule = context.rule
        self._outcome = Outcome()
        self._diary = Diary(context, self._outcome)
        self._union = False
        self._unsettled = False
        self._stuck = Stuck()
        self._open: set[NodeId] = set()
        self._unanswered: dict[NodeId, list[EndpointId]] = {}
        self._view = StoreView(context.store)
        self._first_contact = False
        self._uploads = Uploads(context.store, context.clock.now)
        self._throttle = Throttle(context.options.rate, context.clock)

    def run(self, only: dict[EndpointId, Sequence[EntryId]] | None = None) -> Outcome:
        """Bring the endpoints into step; ``only`` limits the look to these folders.

        Raises errors of the state store; what providers say ends up in the outcome.
        """
        try:
            self._go(only)
        except Exception:
            self._diary.end("failed")
            raise
        except BaseException:
            self._diary.end("interrupted")
            raise
        self._diary.end(self._outcome.word)
        return self._outcome

    # -- phases --------------------------------------------------------------------------------

    def _go(self, only: dict[EndpointId, Sequence[EntryId]] | None) -> None:
        context, reporter = self._context, self._context.reporter
        reporter.phase("looking")
        record = self._store.record()
        looks = Looks(context, record, self._outcome, self._diary.say)
        if not looks.check_roots():
            if only is not None and not context.options.dry_run:
                self._store.save_text(SETTLED, "")  # what was heard has not been looked at
            return
        self._read_ignore_files(looks, complain=False)
        recovered = 0
        if not context.options.dry_run:
            recovered = recover(context, looks.away, told=looks.ignore_files.see)
        for action in self._store.open_actions() if looks.away else ():
            self._unanswered.setdefault(action.node, []).append(action.endpoint)
        self._outcome.away.update(looks.away)
        settled = self._store.text(SETTLED)
        if settled:
            self._store.save_text(SETTLED, "")
        # a look is full unless all is known to be planned but what the folders named hold
        if not looks.look(only if settled == self._state_text(looks) and not recovered else None):
            return
        self._read_ignore_files(looks)
        self._first_contact = record is None or self._store.base().count() == 0
        self._union = record is None or record.rule != self._rule.version
        state = self._state_text(looks)
        full = bool(recovered or looks.joining) or settled != state
        if not context.options.dry_run:
            self._tidy()
        touched = self._touched(looks, full=full)
        suspects = self._suspects(looks) if full else []
        if context.options.dry_run:
            self._dry_run(looks, touched, suspects)
            return
        done = self._work(looks, touched, suspects)
        if done:
            self._conclude(looks, state)

    def _read_ignore_files(self, looks: Looks, *, complain: bool = True) -> None:
        """Let the ``.syncignore`` files that are known take part in the filter."""
        ignored, complaints = looks.ignore_files.rules()
        for complaint in complaints if complain else ():
            self._diary.note("note", "", "", complaint)
        if ignored != self._rule.filter.ignored:
            both = msgspec.structs.replace(self._rule.filter, ignored=ignored)
            self._rule = msgspec.structs.replace(self._rule, filter=both)

    def _state_text(self, looks: Looks) -> str:
        """Name the conditions under which what is planned stays planned."""
        here = [each.id for each in self._rule.endpoints if each.id not in looks.away]
        return f"{self._rule.mode}|{self._rule.filter.version}|{','.join(here)}"

    def _tidy(self) -> None:
        """Let providers clear away what an interrupted run left."""
        for endpoint, provider in self._context.providers.items():
            if isinstance(provider, Recovers):
                rescued: list[str] = []
                try:
                    provider.recover(rescued.append)
                except ProviderError as error:
                    self._diary.note("note", endpoint, "", str(error))
                for text in rescued:
                    self._diary.note("rescued", endpoint, "", text)

    def _touched(self, looks: Looks, *, full: bool) -> list[Touched]:
        """Read what is to be planned: the change log, or on a full run whatever is unbound."""
        touched: dict[Touched, None] = {}
        for endpoint in self._rule.endpoints:
            logged = looks.log(endpoint.id)
            if endpoint.id in looks.away:
                continue
            if not full:
                touched.update(((endpoint.id, entry), None) for entry in logged)
                continue
            for batch in self._store.base().unbound(endpoint.id):
                touched.update(((endpoint.id, entry), None) for entry in batch)
        return list(touched)

    def _suspects(self, looks: Looks) -> list[NodeId]:
        here = [each.id for each in self._rule.endpoints if each.id not in looks.away]
        return [node for batch in self._store.base().suspects(here) for node in batch]

    # -- planning and applying -----------------------------------------------------------------

    def _work(self, looks: Looks, touched: list[Touched], suspects: list[NodeId]) -> bool:
        """Plan and apply until nothing is left; False if a guard stopped it."""
        self._context.reporter.expected(len(touched))
        owners = self._bound(touched)
        known = [each for each in touched if each in owners]
        queue = [each for each in touched if each not in owners]
        pool = concurrent.futures.ThreadPoolExecutor(
            self._context.options.transfers, thread_name_prefix="transfer"
        )
        try:
            return self._work_through(looks, pool, known, queue, suspects)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _work_through(
        self,
        looks: Looks,
        pool: concurrent.futures.Executor,
        known: list[Touched],
        queue: list[Touched],
        suspects: list[NodeId],
    ) -> bool:
        """Plan what is ``known`` to base first, then what is new, in parts.

        While the files of one part are carried the next one is planned, as long as nothing but
        new files and folders is in either.
        """
        first = True
        rounds = 0
        seen: set[Touched] = set(queue)
        ahead: _Started | None = None
        while True:
            if ahead is None and not (first or queue or known or suspects):
                known, suspects = self._stuck.take()
                if not (known or suspects):
                    self._unsettled = self._unsettled or bool(self._stuck)
                    return True
                rounds += 1
            if ahead is not None and (known or suspects or not queue):
                again, nodes = self._settle(looks, ahead)
                known, suspects, ahead = [*known, *again], [*suspects, *nodes], None
                continue
            chunk = known
            if first and len(queue) <= CHUNK:
                chunk, queue = [*known, *queue], []
            elif not (first or known or suspects):
                chunk, queue, rounds = queue[:CHUNK], queue[CHUNK:], 0
            result = self._plan(looks, chunk, suspects, ahead)
            first, known, suspects = False, [], []
            self._stuck.passed(result)
            let_through = self._guarded(result)
            started = self._start(result, pool) if let_through else None
            if ahead is not None:
                known, suspects = self._settle(looks, ahead)
                ahead = None
            if started is None:
                return False
            more = [each for each in result.more if each not in seen]
            seen.update(more)
            queue.extend(more)
            if queue and self._is_plain(result):
                ahead = started
            else:
                again, nodes = self._settle(looks, started)
                known, suspects = [*known, *again], [*suspects, *nodes]
            if len(self._rule.endpoints) - len(looks.away) < 2:  # noqa: PLR2004 -- a sync has two
                queue, known, suspects = [], [], []  # the outcome says who is away
            elif known or suspects:
                rounds += 1
                if rounds > ROUNDS:
                    self._leave(suspects)
                    queue, known, suspects, self._stuck = [], [], [], Stuck()

    def _is_plain(self, result: Plan) -> bool:
        """Say whether a plan only makes what is new, and nothing waits for it."""
        return (
            not (result.probes or result.merges or result.waiting or result.postponed)
            and all(action.kind in MAKING for action in result.actions)
            and all(each.traits.stable_ids for each in self._rule.endpoints)
        )

    def _bound(self, touched: Iterable[Touched]) -> set[Touched]:
        by_endpoint: dict[EndpointId, list[EntryId]] = {}
        for endpoint, entry in touched:
            by_endpoint.setdefault(endpoint, []).append(entry)
        base = self._store.base()
        return {
            (endpoint, entry)
            for endpoint, ids in by_endpoint.items()
            for entry in base.of(endpoint, ids)
        }

    def _plan(
        self,
        looks: Looks,
        touched: Sequence[Touched],
        suspects: Sequence[NodeId],
        ahead: "_Started | None" = None,
    ) -> Plan:
        self._context.reporter.phase("planning")
        under_way = ahead.applier.close() if ahead is not None and ahead.applier else frozenset()
        self._view = view = StoreView(self._store)
        view.prefetch(touched, suspects, [each.id for each in self._rule.endpoints])
        by_endpoint: dict[EndpointId, list[EntryId]] = {}
        for endpoint, entry in touched:
            by_endpoint.setdefault(endpoint, []).append(entry)
        result = plan(
            view,
            self._rule,
            Look(
                touched=by_endpoint,
                suspects=suspects,
                away=frozenset(looks.away),
                open=frozenset(self._open | under_way),
                union=self._union,
                joining=looks.joining,
                first_id=self._store.base().next_id(),
                unanswered=lambda node: self._unanswered.get(node, ()),
            ),
        )
        for note in result.notes:
            self._diary.note(note.verb, note.endpoint, note.path, note.detail)
        self._outcome.conflicts += result.conflicts
        return result

    def _guarded(self, result: Plan) -> bool:
        """Let a plan pass, or stop and keep it for a person to look at.

        One that takes away nothing but what a run that died was to take has passed before.
        """
        options = self._context.options
        kind, reason = judge(
            result,
            options.limit,
            self._store,
            self._context.clock.now(),
            first_contact=self._first_contact,
            lost=None if losing(result, self._view.node) else 0,
        )
        if not reason:
            return True
        plan_id = identify(result)
        if plan_id in options.approve:
            return True
        if not options.dry_run:
            self._store.save_text(f"plan:{plan_id}", describe(result))
        self._outcome.stop = Stop(kind, reason, plan_id)
        return False

    def _start(self, result: Plan, pool: concurrent.futures.Executor) -> "_Started":
        """Write the plan into base and journal, then set it going."""
        context = self._context
        if result.nodes or result.forget or result.actions:
            self._store.commit(
                Commit(nodes=result.nodes, forget=result.forget, opened=result.actions)
            )
        if not result.actions:
            return _Started(result, None)
        self._diary.begin()
        context.reporter.phase("applying")
        context.reporter.planned(result.actions)
        places = Places(self._store, self._view.known_entries())
        operations = Operations(
            context.providers,
            places,
            verify=context.options.verify,
            carried=self._carried,
            uploads=self._uploads,
        )
        applier = Applier(context, operations, places, result, pool)
        applier.start()
        return _Started(result, applier)

    def _settle(self, looks: Looks, started: "_Started") -> tuple[list[Touched], list[NodeId]]:
        """Wait for a plan's actions; returns the entries and nodes to plan again."""
        result = started.plan
        applied = started.applier.finish() if started.applier is not None else Applied()
        for kind, count in applied.done.items():
            self._outcome.counts[kind] = self._outcome.counts.get(kind, 0) + count
        self._open |= applied.open
        self._outcome.errors.extend(applied.errors)
        self._diary.log([*applied.errors, *applied.left])
        for event in applied.left:
            if event not in self._outcome.left:
                self._outcome.left.append(event)
        for endpoint, text in applied.away.items():
            looks.away.setdefault(endpoint, text)
            self._outcome.away.setdefault(endpoint, text)
        self._diary.log(list(_done(result, applied)))
        return self._resolve(looks, result, applied)

    def _carried(self, count: int) -> None:
        self._outcome.bytes += count
        self._throttle.wait(count)
        self._context.reporter.moved(count)

    def _resolve(
        self, looks: Looks, result: Plan, applied: Applied
    ) -> tuple[list[Touched], list[NodeId]]:
        """Do what the planner waits for; returns the entries and nodes to plan again."""
        entries: list[Touched] = []
        nodes: set[NodeId] = set(applied.nodes)
        if result.probes:
            self._probe(result.probes)
        for merge in result.merges:
            try:
                event = automerge.merge_edits(self._context, merge)
            except automerge.NotNow:
                continue
            if event is not None:
                self._diary.note(event.verb, event.endpoint, event.path, event.detail)
        if result.probes or result.merges or result.actions:
            entries.extend(result.waiting)
            nodes.update(result.postponed)
        else:
            self._stuck.add(result)
        entries.extend(sorted(applied.again))
        if applied.stale:
            entries.extend(looks.again(applied.stale))
        if self._rule.mode == "move":
            nodes.update(_handed_over(result, applied))
        return list(dict.fromkeys(entries)), sorted(nodes - self._open)

    def _probe(self, probes: Sequence[Probe]) -> None:
        """Hash what the planner needs to compare, and put the hashes into the observed trees."""
        self._context.reporter.phase("comparing")
        places = Places(self._store)
        found: dict[EndpointId, list[Entry]] = {}
        for probe in probes:
            entry = places.entry(probe.endpoint, probe.entry)
            if entry is None or entry.version != probe.version:
                continue
            try:
                ref = places.ref(probe.endpoint, probe.entry)
                provider = self._context.providers[probe.endpoint]
                told = provider.hash(ref, probe.version, probe.algorithms)
            except Stale:
                continue
            except ProviderError as error:
                path = places.ref(probe.endpoint, probe.entry).path
                self._diary.error(probe.endpoint, path, str(error))
                continue
            found.setdefault(probe.endpoint, []).append(
                msgspec.structs.replace(entry, hashes=hashes.merged(entry.hashes, told))
            )
        for endpoint, entries in found.items():
            self._store.commit(Commit(observed=[Observation(endpoint, put=entries, log=False)]))

    def _leave(self, nodes: Iterable[NodeId]) -> None:
        """Say of what keeps changing that it is left for the next run."""
        self._unsettled = True
        places = Places(self._store)
        for node in self._store.base().get(nodes).values():
            for endpoint, replica in node.replicas.items():
                try:
                    path = places.ref(endpoint, replica.entry).path
                except Vanished:
                    continue
                event = Event("left", endpoint, path, "it keeps changing; left for the next run")
                self._outcome.left.append(event)
                self._diary.log([event])
                break

    # -- the end -------------------------------------------------------------------------------

    def _conclude(self, looks: Looks, state: str) -> None:
        """Remember how far everything was planned."""
        record = SyncRecord(
            endpoints=looks.addresses,
            roots=looks.roots,
            rule=self._rule.version,
            planned=looks.positions,
        )
        self._store.commit(Commit(record=record))
        self._store.trim(looks.positions)
        outcome = self._outcome
        if not (self._unsettled or outcome.errors or outcome.left or outcome.away):
            self._uploads.tidy(self._context.providers)
            self._store.save_text(SETTLED, state)
        if self._rule.auto_merge:
            self._keep_bases()

    def _keep_bases(self) -> None:
        base = self._store.base()
        for batch in base.ids():
            for node in base.get(batch).values():
                automerge.keep_base(self._context, node)

    def _dry_run(self, looks: Looks, touched: list[Touched], suspects: list[NodeId]) -> None:
        """Plan all of it at once, doing nothing but the hashing that planning needs."""
        everything = dict.fromkeys(touched)
        while True:
            result = self._plan(looks, list(everything), suspects)
            before = len(everything)
            everything.update(dict.fromkeys(result.more))
            if result.probes:
                self._probe(result.probes)
            elif len(everything) == before:
                break
            self._outcome.notes.clear()
            self._outcome.conflicts = 0
        self._outcome.plan = result
        self._guarded(result)


class _Started(msgspec.Struct):
    """A plan whose actions are under way; no applier where it has none."""

    plan: Plan
    applier: Applier | None


def _done(result: Plan, applied: Applied) -> Iterator[Event]:
    for action in result.actions:
        if action.id not in applied.failed:
            yield Event(str(action.kind), action.endpoint, result.paths.get(action.node, ""))


def _handed_over(result: Plan, applied: Applied) -> set[NodeId]:
    """Return the nodes that were just copied, to be deleted at the source once all have them."""
    return {
        action.node
        for action in result.actions
        if action.kind in {ActionKind.CREATE, ActionKind.UPDATE} and action.id not in applied.failed
    }
