"""Merge: plan what the change logs hold, write it into base, and hand it out.

One planner of a sync works at a time, under a lease whose fence its writes carry. It may die
anywhere: the position in the change logs is written last, and what it opened before is handed
out by the sweep if nobody else does.
"""

import math
from collections.abc import Iterable, Sequence

import msgspec

from syncoxiders.core.model import EndpointId, EntryId, NodeId
from syncoxiders.core.plan import LOSING, Plan, identify, plan
from syncoxiders.core.rule import Look
from syncoxiders.engine import ignorefiles
from syncoxiders.engine.diary import Diary
from syncoxiders.engine.guard import adds_up, judge, losing
from syncoxiders.engine.ignorefiles import IgnoreFiles
from syncoxiders.engine.pipeline import approvals, holding, returning, setting
from syncoxiders.engine.pipeline.approvals import Passing
from syncoxiders.engine.pipeline.backlog import Backlog, Touched
from syncoxiders.engine.pipeline.context import Pipeline
from syncoxiders.engine.pipeline.dispatch import Dispatch
from syncoxiders.engine.pipeline.entering import Entering
from syncoxiders.engine.pipeline.holding import Hold
from syncoxiders.engine.pipeline.messages import Merge
from syncoxiders.engine.pipeline.opened import OpenNodes
from syncoxiders.engine.pipeline.preview import first_plan
from syncoxiders.engine.pipeline.steady import SteadyView
from syncoxiders.engine.pipeline.times import MARGIN
from syncoxiders.engine.report import Outcome, Stop
from syncoxiders.engine.stopped import describe
from syncoxiders.engine.stuck import Stuck
from syncoxiders.ports.errors import StateBusy
from syncoxiders.ports.pipeline import SharedStore
from syncoxiders.ports.registry import SyncSettings
from syncoxiders.ports.state import Commit, RunRecord, SyncRecord

CHUNK = 2_000
"""So many new entries are planned at once."""

MANY_WAITING = 5_000
"""If more has to wait than this, all of it is planned again later instead."""

ROUNDS = 8
"""How often what waits for others is planned again at once."""

RETRY = 3_600.0
"""Seconds after which what could not be brought into step is tried again."""


def merge(pipeline: Pipeline, message: Merge, until: float = math.inf) -> None:
    """Plan what is new for a sync; what is not begun by the time ``until`` is left for later.

    Raises StateUnavailable. If somebody else is planning, nothing is done: the sweep sees to it
    that nothing is forgotten.
    """
    settings = pipeline.registry.sync(message.owner, message.sync)
    if settings is None or settings.paused:
        return
    name = f"merge#{message.owner}#{message.sync}"
    hold = holding.take(pipeline.leases, name, pipeline.clock.now)
    if hold is None:
        return
    try:
        store = pipeline.states.sync(message.owner, message.sync, hold.fence)
        Planner(pipeline, message, settings, store, hold).go(until - MARGIN)
    except StateBusy:
        return  # somebody else has taken over
    finally:
        hold.release()


class Planner:
    """One planner's work on one sync."""

    def __init__(
        self,
        pipeline: Pipeline,
        message: Merge,
        settings: SyncSettings,
        store: SharedStore,
        hold: Hold,
    ) -> None:
        self._hold_on = hold
        self._pipeline = pipeline
        self._message = message
        self._settings = settings
        self._store = store
        self._now = pipeline.clock.now()
        ignored = [ignorefiles.kept(each.id) for each in settings.endpoints]
        setting.read_ahead(store, settings, setting.PLANNING, *ignored)
        self._heard = {each.id: setting.heard(store, each.id) for each in settings.endpoints}
        self._before = setting.planning(store)
        self._record = store.record()
        self._context = setting.context(
            pipeline,
            settings,
            store,
            traits={each: heard.traits for each, heard in self._heard.items()},
            providers={},
            approve=approvals.approved(store, self._before.stop),
        )
        self._rule = self._context.rule
        self._version = setting.version(settings)
        self._away = setting.who_is_away(pipeline, message.owner, settings, self._heard)
        if self._context.options.approve and self._before.rule == self._version:
            self._away |= setting.latecomers(self._before, self._heard, self._away)
        planned = self._record.planned if self._record is not None else {}
        self._backlog = Backlog(
            store,
            [each.id for each in self._rule.endpoints if each.id not in self._away],
            positions=planned,
            waiting=self._before.entries,
            hold=hold,
        )
        exchanged = setting.exchanged(self._record, self._heard)
        self._joining = frozenset(
            each
            for each in self._heard
            if (each not in planned or each in exchanged) and each not in self._away
        )
        self._outcome = Outcome()
        self._run = self._before.run
        self._dispatch = Dispatch(
            f"{hold.fence:x}", run=self._run, rule=self._version, at=self._now
        )
        self._entering = Entering(
            pipeline,
            message,
            settings,
            store,
            backlog=self._backlog,
            dispatch=self._dispatch,
            waiting=self._before.nodes,
            away=self._away,
            at=self._now,
        )
        self._view = SteadyView(store, self._rule)
        self._stuck = Stuck()
        self._stop: Stop | None = None
        self._full_again = False
        self._losing: frozenset[NodeId] = frozenset()
        self._asked = self._before.stop
        self._seen = False
        approved = self._asked if self._context.options.approve else None
        self._passing = Passing() if approved is None else approvals.passing(store, approved)
        self._cut_off = False

    def _approves(self, stop: Stop) -> bool:
        return stop.plan_id in self._context.options.approve

    def go(self, until: float) -> None:
        """Plan, write and hand out until nothing is left, or time is over."""
        self._wait_for_answers()
        if len(self._heard) - len(self._away) < 2:  # noqa: PLR2004 -- a sync has two
            return
        if self._is_first() and self._away:
            return  # what is shown is to be all of it
        stop = self._before.stop
        if stop is not None and not self._approves(stop) and self._before.rule == self._version:
            return
        ignored, _ = IgnoreFiles(self._context).rules(at=frozenset())
        self._rule = msgspec.structs.replace(
            self._rule, filter=msgspec.structs.replace(self._rule.filter, ignored=ignored)
        )
        state = self._state_text()
        full = bool(self._joining) or self._before.settled != state
        full = full or bool(self._before.due and self._before.due <= self._now)
        if full:
            self._backlog.all_is_found()
            here = tuple(self._backlog.endpoints)
            self._keep(msgspec.structs.replace(self._before, settled="", here=here))
        touched = dict.fromkeys(self._before.entries)
        nodes = set(self._before.nodes)
        touched.update(dict.fromkeys(self._backlog.log()))
        if full:
            touched.update(dict.fromkeys(self._backlog.unbound()))
            nodes.update(self._backlog.suspects())
        if self._is_first() and not self._show(touched, sorted(nodes)):
            self._conclude("")
            return
        whole = self._work(touched, sorted(nodes), until)
        self._cut_off = not whole
        self._conclude(state if whole and not self._full_again else "")
        if not whole or self._backlog.is_behind():
            self._pipeline.merges.send([self._message.message(f"on-{self._clock():.6f}")])

    def _wait_for_answers(self) -> None:
        """Let who is back take part once it is known what was done there before.

        What was made there without an answer would seem to be somebody's.
        """
        before, here = self._before.here, self._backlog.endpoints
        if not before or list(before) == here:
            return
        untold = returning.untold(
            self._pipeline, self._message, self._settings, self._store, set(here) - set(before)
        )
        self._away |= dict.fromkeys(untold, "it is to be found out what was done there")
        self._joining -= untold
        self._backlog.endpoints = [each for each in here if each not in untold]

    def _clock(self) -> float:
        return self._pipeline.clock.now()

    def _state_text(self) -> str:
        """Name the conditions under which what is planned stays planned."""
        return f"{self._rule.mode}|{self._rule.filter.version}|{','.join(self._backlog.endpoints)}"

    # -- planning --------------------------------------------------------------------------------

    def _work(self, touched: Iterable[Touched], nodes: Sequence[NodeId], until: float) -> bool:
        """Plan what belongs to base first, then what is new, in parts; False if time is over."""
        known, queue = list(touched), list[Touched]()
        if len(known) > CHUNK:  # else nothing is read twice for it
            owners = self._owned(known)
            queue = [each for each in known if each not in owners]
            known = [each for each in known if each in owners]
        if len(queue) <= CHUNK:
            known, queue = [*known, *queue], []
        suspects = nodes
        rounds = ROUNDS
        while known or suspects or queue:
            if self._clock() >= until:
                return False
            if not (known or suspects):
                known, queue = queue[:CHUNK], queue[CHUNK:]
            result = self._plan(known, suspects)
            self._hold_on()
            if not self._guarded(result):
                return True
            self._enter(result)
            self._clear(known)
            known, suspects = [], []
            if not queue:
                known = list(self._backlog.log())  # what lost a race, and whatever else is new
            if not (known or queue) and rounds:
                rounds -= 1
                known, suspects = self._stuck.take()
        return True

    def _owned(self, entries: Iterable[Touched]) -> set[Touched]:
        by_endpoint: dict[EndpointId, list[EntryId]] = {}
        for endpoint, entry in entries:
            by_endpoint.setdefault(endpoint, []).append(entry)
        base = self._store.base()
        return {
            (endpoint, entry)
            for endpoint, ids in by_endpoint.items()
            for entry in base.of(endpoint, ids)
        }

    def _plan(self, touched: list[Touched], suspects: Sequence[NodeId]) -> Plan:
        """Plan entries, and along with them what is in folders that are new to base.

        That is put into the log before: should this planner die when only the folder is in base,
        nothing else would tell of what is in it.
        """
        first_id = self._store.base().next_id()
        open_nodes = OpenNodes(self._store, first_id, self._away)
        view = self._view = SteadyView(self._store, self._rule, open_nodes)
        endpoints = [each.id for each in self._rule.endpoints]
        view.prefetch(touched, suspects, endpoints)
        chosen = dict.fromkeys(touched)
        union = self._record is None or self._record.rule != self._rule.version
        while True:
            self._hold_on()
            by_endpoint: dict[EndpointId, list[EntryId]] = {}
            for endpoint, entry in chosen:
                by_endpoint.setdefault(endpoint, []).append(entry)
            result = plan(
                view,
                self._rule,
                Look(
                    touched=by_endpoint,
                    suspects=suspects,
                    away=frozenset(self._away),
                    open=open_nodes,
                    union=union,
                    joining=self._joining,
                    first_id=first_id,
                    reserved=self._store.reserved,
                    unanswered=open_nodes.unanswered,
                ),
            )
            more = [each for each in dict.fromkeys(result.more) if each not in chosen]
            self._backlog.announce(more)
            if not more or len(chosen) + len(more) > 2 * CHUNK:
                return result
            view.prefetch(more, (), endpoints)
            chosen.update(dict.fromkeys(more))

    def _guarded(self, result: Plan) -> bool:
        """Let a plan pass, or stop and keep it for a person to look at."""
        limit, first_contact = self._context.options.limit, self._record is None
        self._losing = losing(result, self._view.node)
        kind, reason = judge(
            result,
            limit,
            self._store,
            self._now,
            first_contact=first_contact,
            lost=len(self._losing - self._passing.nodes),
        )
        if not reason or self._seen:
            return True
        if kind == "conflicts" and approvals.conflicts(result) <= self._passing.conflicts:
            return True
        stop = Stop(kind, reason, identify(result))
        if self._asked is not None and self._approves(stop):
            self._passing = approvals.to_pass(result, self._losing, self._asked)
            approvals.save_passing(self._store, self._passing)
            return True
        self._store.save_text(f"plan:{stop.plan_id}", describe(result))
        self._stop = stop
        return False

    def _is_first(self) -> bool:
        """Say whether this is the first plan, which a person is to see before it is carried out."""
        return setting.is_first(self._settings, self._before, self._record)

    def _show(self, touched: Iterable[Touched], nodes: Sequence[NodeId]) -> bool:
        """Let the first plan pass if a person has seen just that; else keep it for her."""
        shown = first_plan(
            self._store,
            self._rule,
            list(touched),
            nodes,
            approve=self._context.options.approve,
            hold=self._hold_on,
        )
        if shown.stop is not None and not self._approves(shown.stop):
            self._store.save_text(f"plan:{shown.stop.plan_id}", shown.text)
            self._stop = shown.stop
            return False
        self._seen = bool(shown.text)  # guards have nothing to ask about it
        self._keep(msgspec.structs.replace(self._before, stop=None, shown=True))
        return True

    def _lasting(self, result: Plan) -> int:
        """Return how many nodes lose something that counts for a day."""
        lasting = {
            action.node
            for action in result.actions
            if action.kind in LOSING
            and action.node in self._losing
            and adds_up(action, self._view.entry(action.endpoint, action.entry), self._now)
        }
        return len(lasting.union(n.id for n in result.nodes if n.gone and n.id in self._losing))

    # -- writing and handing out -----------------------------------------------------------------

    def _enter(self, result: Plan) -> None:
        """Write a plan into base, node by node, and hand out what was opened."""
        self._begin_run(result)
        self._entering.make_known(result)
        self._entering.enter(result, self._lasting(result))
        self._stuck.passed(result)
        self._stuck.add(result)

    def _clear(self, planned: Iterable[Touched]) -> None:
        """Let go of what came and went before it was planned."""
        self._store.clear(
            [
                each
                for each in planned
                if self._view.entry(*each) is None and self._view.node_of(*each) is None
            ]
        )

    def _begin_run(self, result: Plan) -> None:
        something = result.actions or result.probes or result.merges or result.notes
        if not something:
            return
        if not self._run:
            self._run = self._store.begin_run(self._now)
            self._dispatch.run = self._run
            self._save(run=self._run)
        diary = Diary(self._context, self._outcome, self._run)
        for note in result.notes:
            diary.note(note.verb, note.endpoint, note.path, note.detail)

    # -- the end ---------------------------------------------------------------------------------

    def _save(self, *, run: int) -> None:
        self._before = msgspec.structs.replace(self._before, run=run)
        setting.save_planning(self._store, self._before)

    def _conclude(self, settled: str) -> None:
        """Remember what waits, and how far everything was planned."""
        self._hold_on()
        if self._stop is not None:
            self._forget_plan(self._stop)
            stopped = msgspec.structs.replace(
                self._before,
                rule=self._version,
                stop=approvals.ask(self._stop, self._asked, f"{self._hold_on.fence:x}"),
                settled="",
                present=tuple(self._backlog.endpoints),
            )
            self._keep(stopped)
            self._use_up()
            return
        approved = self._context.options.approve
        waits = approved and self._cut_off and not self._passing.question  # it comes next
        stop = self._before.stop if waits else None
        self._forget_plan(stop)
        entries, nodes = tuple(self._stuck.entries), tuple(sorted(self._stuck.nodes))
        due = self._before.due if self._before.due > self._now else 0.0
        if len(entries) + len(nodes) > MANY_WAITING:
            entries, nodes, due = (), (), self._now + RETRY
        run = self._run
        if run and not setting.is_busy(self._store):
            self._end_run(run)
            run = 0
        self._keep(
            msgspec.structs.replace(
                self._before,
                rule=self._version,
                settled=settled,
                due=due,
                entries=entries,
                nodes=nodes,
                stop=stop,
                run=run,
                here=tuple(self._backlog.endpoints),
                present=self._before.present if stop is not None else (),
            )
        )
        self._use_up()
        roots = self._record.roots if self._record is not None else {}
        record = SyncRecord(
            endpoints={each.id: each.label for each in self._rule.endpoints},
            roots={
                # one who takes no part now joins later, if its root is another one
                each: roots.get(each, heard.root) if each in self._away else heard.root
                for each, heard in self._heard.items()
            },
            rule=self._rule.version,
            planned=self._backlog.positions,
        )
        if record != self._record:
            self._store.commit(Commit(record=record, at=self._now))
            self._store.trim(self._backlog.positions)

    def _forget_plan(self, now: Stop | None) -> None:
        """Let go of the plan that was stopped before, for another one."""
        if self._asked is not None and (now is None or now.plan_id != self._asked.plan_id):
            self._store.save_text(f"plan:{self._asked.plan_id}", "")

    def _use_up(self) -> None:
        """Let go of an approval whose question was put away."""
        asked = self._asked
        if asked is None or not self._approves(asked) or self._before.stop == asked:
            return
        approvals.forget(self._store, asked)
        if self._passing.question:
            approvals.save_passing(self._store, Passing())

    def _keep(self, value: setting.Planning) -> None:
        if value != self._before:
            setting.save_planning(self._store, value)
            self._before = value

    def _end_run(self, run: int) -> None:
        counts: dict[str, int] = {}
        for event in self._store.events(run):
            counts[event.verb] = counts.get(event.verb, 0) + 1
        started = next((each.started for each in self._store.runs(1) if each.id == run), self._now)
        self._store.end_run(
            RunRecord(
                id=run,
                started=started,
                ended=self._now,
                outcome="partial" if counts.get("error") or self._away else "done",
                counts=counts,
            )
        )
