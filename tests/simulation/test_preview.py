"""Simulated histories of syncs whose first plan is shown: nothing is done before."""

import dataclasses
from collections.abc import Iterable

import pytest
from msgspec import structs

from syncoxiders.engine.pipeline import approvals, setting
from syncoxiders.engine.report import PREVIEW
from syncoxiders.ports.registry import SyncSettings
from tests.simulation.cloud import OWNER, SYNC, CloudHistory
from tests.simulation.known import OPEN_IN_THE_CLOUD
from tests.simulation.stage import Violated

SEEDS = 30


@dataclasses.dataclass
class PreviewHistory(CloudHistory):
    """A history in which a person looks at the first plan, a while after it was shown."""

    def __post_init__(self) -> None:
        self._untouched: dict[str, int] | None = None
        self._seen = False
        self.shown = 0
        super().__post_init__()

    def _chosen(self) -> SyncSettings:
        return structs.replace(super()._chosen(), preview=True)

    def _set_up_store(self) -> None:
        super()._set_up_store()
        self._untouched, self._seen = self._effects(), False

    def _effects(self) -> dict[str, int]:
        return {name: each.mutations for name, each in self.world.providers.items()}

    def _let_through(self) -> None:
        store = self.states.sync(OWNER, SYNC)
        planning = setting.planning(store)
        seen = self._seen or planning.shown  # what has nothing to do is not asked about
        if not seen and self._effects() != self._untouched:
            raise Violated(self._story("something was done before the plan was let through"))
        stop = planning.stop
        if stop is None or stop.kind != PREVIEW:
            super()._let_through()
        elif not approvals.approved(store, stop):
            self.shown += 1
            self._seen = True
            self.log.append(f"-- let through: {stop.reason}")
            approvals.approve(store, stop)


def played(seeds: Iterable[int]) -> int:
    """Play histories, and return how often a plan was let through."""
    shown = 0
    for seed in seeds:
        if ("plain", seed) not in OPEN_IN_THE_CLOUD:
            history = PreviewHistory(seed)
            history.play()
            shown += history.shown
    return shown


def test_nothing_is_done_unseen() -> None:
    """The invariants hold as ever, and no provider is touched before the plan is let through."""
    assert played(range(SEEDS)) > SEEDS / 3  # the others begin with nothing to do


def test_it_notices(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the preview taken out, the histories say so."""
    monkeypatch.setattr("syncoxiders.engine.pipeline.reconcile.Planner._is_first", lambda _: False)
    with pytest.raises(Violated, match="before the plan was let through"):
        played(range(SEEDS))
