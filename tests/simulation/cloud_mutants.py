"""Mutants of the deployed system: each takes exactly one safety out. The simulation must notice."""

from typing import Any
from unittest import mock

import pytest

from syncoxiders.adapters.items import _entries
from syncoxiders.adapters.items._commits import Commits, _Writing
from syncoxiders.adapters.items._entries import Entries
from syncoxiders.adapters.items._log import ChangeLogs
from syncoxiders.adapters.items._nodes import Nodes
from syncoxiders.adapters.items.leases import ItemsLeases
from syncoxiders.core.bind import Binder
from syncoxiders.engine import recover
from syncoxiders.engine.follow import Follower
from syncoxiders.engine.operations import Operations
from syncoxiders.engine.pipeline import execute, listen, reconcile, sweep
from syncoxiders.engine.pipeline.dispatch import Dispatch
from syncoxiders.engine.pipeline.execute import Worker
from syncoxiders.engine.pipeline.reconcile import OpenNodes, Planner
from tests.simulation.mutants import Mutant, idle, swap


def both(*mutants: Mutant) -> Mutant:
    """Take out one safety that stands at several places."""

    def apply(patch: pytest.MonkeyPatch) -> None:
        for each in mutants:
            each(patch)

    return apply


def keeps_the_cursor_first(patch: pytest.MonkeyPatch) -> None:
    """Let the cursor move on before what it passes is in the store."""
    settle = Follower._settle

    def settle_later(self: Follower, *args: Any, **kwargs: Any) -> None:
        self.postponed = lambda: settle(self, *args, **kwargs)  # type: ignore[attr-defined]  # the mutant's own

    follow = Follower.follow

    def follow_first(self: Follower, cursor: str, keep: object, **kwargs: object) -> object:
        def keep_then_settle(reached: str) -> None:
            keep(reached)  # type: ignore[operator]  # as Follower.follow has it
            if not reached.startswith("half:"):
                self.postponed()  # type: ignore[attr-defined]  # the mutant's own

        self.postponed = mock.Mock()  # type: ignore[attr-defined]  # the mutant's own
        return follow(self, cursor, keep_then_settle, **kwargs)  # type: ignore[arg-type]  # likewise

    patch.setattr(Follower, "_settle", settle_later)
    patch.setattr(Follower, "follow", follow_first)


MUTANTS: dict[str, Mutant] = {
    # -- planners ------------------------------------------------------------------------------
    "lets two planners work at once": swap(
        ItemsLeases.take, 'AtMost("until", milliseconds(now))', "None"
    ),
    "writes nodes whatever they are by now": swap(
        Nodes._try,
        'tried.change = Update(key, put, tuple(remove), when=Equals("rev", before.rev))',
        "tried.change = Update(key, put, tuple(remove))",
    ),
    "plans a node with an open action": idle(OpenNodes.__contains__, "False"),
    "does not hold what has to wait for an action": idle(Planner._hold),
    "hands out what depends on others at once": swap(
        Dispatch._batch, "frozenset(draft.waits)", "frozenset()"
    ),
    "says how far it has planned before it has": swap(
        Planner.go,
        "whole = self._work(touched, sorted(nodes), until)",
        'whole = (self._conclude(""), self._work(touched, sorted(nodes), until))[1]',
    ),
    "logs nothing that leads to what it opens": idle(Planner._make_known),
    # -- looks ---------------------------------------------------------------------------------
    "logs nothing": idle(ChangeLogs.append),
    "does not announce what it is going to log": idle(ChangeLogs._announce, "[]"),
    "keeps the cursor before what it passes": keeps_the_cursor_first,
    "puts what was seen over what was confirmed since": swap(
        _entries.wishes_of, "micros(asked) if asked else 0", "0"
    ),
    "lets go of folders before what is in them": swap(
        Entries._deepest_first,
        "[where for where in going if where not in above] or list(going)",
        "[where for where in going if where in above] or list(going)",
    ),
    # -- workers -------------------------------------------------------------------------------
    "deletes without asking for the reason": idle(Operations._reason_to_delete),
    "deletes what was moved away": idle(Operations._check_place),
    "releases nothing that waited": both(idle(Worker._release), idle(reconcile.release)),
    "does a batch again without looking": swap(
        Worker.work, "self._batch.begun and actions", "False"
    ),
    "lets go of a batch before its actions are closed": swap(
        execute.apply, "worker.work()", "(store.finish_batch(batch.id, ()), worker.work())"
    ),
    "goes on under settings that have changed": idle(Worker._is_outdated, "False"),
    "does not look again at what was not as planned": idle(Worker._look_again),
    "logs nothing that a lost race left over": idle(_Writing.made, "{}"),
    "lets an entry go to a planner that died": idle(Commits._without_right, "False"),
    "lets stand aside again what went on": idle(recover._moves_before, "[]"),
    "takes what moves with its folder for gone": idle(Binder._leave_what_moves),
    # -- hints ---------------------------------------------------------------------------------
    "sends nothing again": idle(sweep.sweep),
    "takes a hint during a look for answered": swap(listen.poll, "connected.hints", "1 << 40"),
    "leaves nobody alone who wants to be": idle(execute._pauses, "{}"),
}
