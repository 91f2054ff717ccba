"""Mutants of the deployed system: each takes exactly one safety out. The simulation must notice."""

from collections.abc import Callable
from typing import Any

import pytest

from syncoxiders.adapters.items._attempts import Attempts
from syncoxiders.adapters.items._entries import Entries
from syncoxiders.adapters.items._log import ChangeLogs
from syncoxiders.adapters.items._wishes import Wish
from syncoxiders.engine.follow import HALF, Follower
from syncoxiders.engine.observe import Look
from syncoxiders.engine.operations import Operations
from syncoxiders.engine.pipeline import execute, handing, heeding, reconcile, sweep
from syncoxiders.engine.pipeline.entering import Entering
from syncoxiders.engine.pipeline.execute import Worker
from syncoxiders.engine.pipeline.opened import OpenNodes
from syncoxiders.engine.pipeline.reconcile import Planner
from syncoxiders.engine.pipeline.replanning import Replanning
from tests.simulation.mutants import Mutant, idle, swap


def both(*mutants: Mutant) -> Mutant:
    """Take out one safety that stands at several places."""

    def apply(patch: pytest.MonkeyPatch) -> None:
        for each in mutants:
            each(patch)

    return apply


def keeps_the_cursor_first(patch: pytest.MonkeyPatch) -> None:
    """Let the cursor move on before what it passes is in the store."""
    settle, follow = Follower._settle, Follower.follow
    put_off: list[Callable[[], None]] = []

    def settle_later(*args: Any, **kwargs: Any) -> None:
        put_off.append(lambda: settle(*args, **kwargs))

    def follow_first(self: Follower, cursor: str, keep: Callable[[str], None], **rest: Any) -> Look:
        def keep_then_settle(reached: str) -> None:
            keep(reached)
            if not reached.startswith(HALF):
                while put_off:
                    put_off.pop(0)()

        put_off.clear()
        return follow(self, cursor, keep_then_settle, **rest)

    patch.setattr(Follower, "_settle", settle_later)
    patch.setattr(Follower, "follow", follow_first)


MUTANTS: dict[str, Mutant] = {
    # -- planners ------------------------------------------------------------------------------
    "plans a node with an open action": idle(OpenNodes.__contains__, "False"),
    "does not hold what has to wait for an action": idle(Entering._hold),
    "says how far it has planned before it has": swap(
        Planner.go,
        "whole = self._work(touched, sorted(nodes), until)",
        "whole = (self._conclude(state), self._work(touched, sorted(nodes), until))[1]",
    ),
    "plans without a fence": both(
        swap(reconcile.merge, "hold.fence", "1"), swap(Planner.__init__, "hold.fence", "1")
    ),
    "writes a node whatever has become of it": swap(
        Attempts.to_write,
        'Update(key, put, tuple(remove), when=Equals("rev", before.rev))',
        "Update(key, put, tuple(remove))",
    ),
    # -- looks ---------------------------------------------------------------------------------
    "logs nothing": idle(ChangeLogs.append),
    "does not announce what it is going to log": idle(ChangeLogs._announce, "[]"),
    "keeps the cursor before what it passes": keeps_the_cursor_first,
    "takes folders for known before what is in them": idle(
        Entries._deepest_first, "iter([dict(wishes)])"
    ),
    "believes an older look": both(
        idle(Wish.is_believed, "True"),
        swap(Entries._try, 'when.append(AtMost("seen", max(known.seen, wish.begun + 1)))', "None"),
    ),
    # -- workers -------------------------------------------------------------------------------
    "deletes without asking for the reason": idle(Operations._reason_to_delete),
    "releases nothing that waited": both(idle(Replanning.release), idle(handing.release)),
    "does a batch again without looking": swap(Worker.work, "self._begun and actions", "False"),
    "lets go of a batch before its actions are closed": swap(
        execute.apply, "worker.work()", "(store.finish_batch(batch.id, ()), worker.work())"
    ),
    "does not look again at what was not as planned": idle(Replanning.look_again),
    "deletes what was moved since": swap(
        Worker._apply,
        "Operations(self._context.providers, places, uploads=uploads, wary=True)",
        "Operations(self._context.providers, places, uploads=uploads)",
    ),
    "takes what there was no time for as done": swap(
        Worker.work, "applied.put_off and not away", "False"
    ),
    # -- pauses --------------------------------------------------------------------------------
    "asks whoever wants to be left alone": idle(heeding.pauses, "{}"),
    "tells nobody of a pause that is asked for amid recovery": swap(
        Worker.work, "self._heeding.heed(refused)", "None"
    ),
    # -- hints ---------------------------------------------------------------------------------
    "sends nothing again": idle(sweep.sweep),
}
