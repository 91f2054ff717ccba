"""Histories in which roots are exchanged for other folders, vanish, or show nothing."""

import dataclasses
import random
from collections.abc import Callable, Sequence

from syncoxiders.adapters.memory.provider_tree import Tree as ProviderTree
from syncoxiders.core.model import EndpointId, Entry
from syncoxiders.engine.looks import SMALL
from syncoxiders.engine.pipeline import approvals, setting
from syncoxiders.engine.report import Stop
from syncoxiders.engine.stopped import parts, root_id
from syncoxiders.ports.errors import Denied
from tests.simulation.cloud import OWNER, SYNC, CloudHistory
from tests.simulation.faults import FaultyProvider, Root
from tests.simulation.people import DEEDS, tokens
from tests.simulation.quirky import QuirkyHistory
from tests.simulation.stage import GENEROUS, Violated

STORAGE = ["plain", "feed", "plain", "path-ids", "path-feed"]


@dataclasses.dataclass
class Incident:
    """What has become of an endpoint's root, for some runs. ``root`` is the one that was there."""

    name: EndpointId
    what: str
    runs: int
    root: Root | None = None


class Rooted(QuirkyHistory):
    """A history in which one or two roots are not what they were, for a while or for good.

    Until it is there again, or a person lets the other one take part, nothing is done for its
    sake: nobody has deleted what cannot be seen. What was in the right one counts as standing.
    """

    def __post_init__(self) -> None:
        self._whim = random.Random(f"rooted {self.seed}")
        self._incidents: dict[EndpointId, Incident] = {}
        self._hard_now = False
        self._active = ""
        self._awaited: set[str] = set()
        super().__post_init__()

    @property
    def storage(self) -> str:
        """Return which quirk the endpoints have."""
        return STORAGE[self.seed % len(STORAGE)]

    # -- incidents -----------------------------------------------------------------------------

    def _hard_times(self, acts: Callable[[], None]) -> None:
        self._hard_now = True
        super()._hard_times(acts)
        self._hard_now = False
        for name in list(self._incidents):
            self._end(name)

    def _run(self, *, listen: bool = False) -> bool:
        if self._hard_now and not self._incidents and self._whim.random() < 0.6:
            self._happen()
            if self._whim.random() < 0.5:
                self._happen()
        lived = super()._run(listen=listen)
        for name, incident in list(self._incidents.items()):
            incident.runs -= 1
            if not incident.runs:
                self._end(name)
        return lived

    def _happen(self) -> None:
        name = self._whim.choice([each.id for each in self.world.rule.endpoints])
        what = self._whim.choice(["lost", "exchanged", "emptied"])
        if self.world.providers[name].offline or not self._knows_root(name):
            return
        if self._is_amiss(name):
            return
        if what == "emptied" and not self._is_full(name):
            return  # so little may have been deleted on purpose
        incident = self._incidents[name] = Incident(name, what, self._whim.randint(1, 3))
        self.log.append(f"-- the root of {name} is {what}")
        if what == "lost":
            self.world.providers[name].lose_root()
        else:
            incident.root = self._storage[name].put_root(marked=what == "exchanged")

    def _is_full(self, name: EndpointId) -> bool:
        """Say whether it is sure to be noticed that nothing is left."""
        store = self.world.store.sync(OWNER, SYNC)
        return store.observed(name).count() > SMALL and not self._is_at_work()

    def _is_at_work(self) -> bool:
        """Say whether something that was planned may not have been done, deletions for one."""
        return bool(self.world.store.sync(OWNER, SYNC).open_actions())

    def _knows_root(self, name: EndpointId) -> bool:
        """Say whether it is known which folder is the right one."""
        record = self.world.store.sync(OWNER, SYNC).record()
        return record is not None and record.roots.get(name) == self._storage[name].root_mark()

    def _end(self, name: EndpointId) -> None:
        """Put the right root back, or let a person take the other one for it."""
        incident = self._incidents.pop(name)
        root = incident.root
        if root is None:
            self.world.providers[name].return_root()
        elif incident.what == "exchanged" and self._may_stay(name) and self._whim.random() < 0.5:
            self.log.append(f"-- the other root of {name} is to stay")
            self._awaited.add(root_id("exchanged", name, self._storage[name].root_mark()))
            self._forget(name, root)
            return
        else:
            self._storage[name].put_root(root)
        self.log.append(f"-- the root of {name} is there again")

    def _may_stay(self, name: EndpointId) -> bool:
        """Say whether it can be told what is to become of a sync in which this root is another."""
        if self.manner == "mirrored":
            return name != "a"
        return name != self._active and not self._is_filtered()  # it has nothing that is hidden

    def _forget(self, name: EndpointId, root: Root) -> None:
        """Let go of what was in the former root alone."""
        others = [each for each in self.world.providers.values() if each.name != name]
        kept = {
            line for each in others for data in each.tree().values() for line in tokens(data or b"")
        }
        for each in self._incidents.values():  # what will be there again
            if each.root is not None:
                below = each.root.tree.below(each.root.tree.root)
                kept.update(line for node in below for line in tokens(node.data))
        taken = {line for node in root.tree.below(root.tree.root) for line in tokens(node.data)}
        self.people.alive -= taken - kept

    def _is_amiss(self, name: EndpointId) -> bool:
        return name in self._incidents

    def _tree_of(self, name: str) -> ProviderTree:
        incident = self._incidents.get(name)
        if incident is not None and incident.root is not None:
            return incident.root.tree
        return super()._tree_of(name)

    def _before(self, provider: FaultyProvider, what: str) -> None:
        """Let nobody write where nothing is mounted, as nothing tells that it is not the root."""
        incident = self._incidents.get(provider.name)
        if incident is not None and incident.what == "emptied":
            raise Denied("read-only")
        super()._before(provider, what)

    def _omit(self, provider: FaultyProvider, known: list[Entry]) -> Entry | None:
        """Let listings lack all or nothing: what is missing bit by bit may have been deleted."""
        return None if self._incidents else super()._omit(provider, known)

    # -- people --------------------------------------------------------------------------------

    def _epoch(self, active: str, here: list[str]) -> None:
        self._active = active
        super()._epoch(active, here)

    def _act(self, name: str, deeds: Sequence[str] = DEEDS) -> None:
        """Nobody works where nothing is to be seen."""
        if not self._is_amiss(name):
            super()._act(name, deeds)

    def _intrude(self, provider: FaultyProvider, path: str) -> None:
        if not self._is_amiss(provider.name):
            super()._intrude(provider, path)

    # -- guards --------------------------------------------------------------------------------

    def _meant(self, stop: Stop) -> frozenset[str]:
        """Return what a person lets through of what a guard stopped: what somebody did."""
        asked = parts(stop.plan_id)
        if stop.kind in {"lost", "exchanged"}:
            return asked & self._awaited
        if stop.kind != "emptied":
            raise Violated(self._story(f"a guard stopped it: {stop}"))
        return frozenset(each for each in asked if self._is_empty(each.split("-")[1]))

    def _is_empty(self, name: EndpointId) -> bool:
        """Say whether everything in the right root was removed."""
        return not self._is_amiss(name) and not self.world.providers[name].tree()


class RootedHistory(Rooted):
    """Such a history on one machine."""

    def _stopped(self, stop: Stop) -> bool:
        meant = self._meant(stop)
        if not meant:
            if not self._incidents and stop.kind != "emptied":  # as a listing that lacks it
                raise Violated(self._story(f"a guard stopped it: {stop}"))
            return True
        self.log.append(f"-- let through: {stop.reason}")
        self.world.options = dataclasses.replace(GENEROUS, approve=meant)
        try:
            return self._run()
        finally:
            self.world.options = GENEROUS


class RootedCloudHistory(Rooted, CloudHistory):
    """Such a history of the deployed system."""

    def _is_at_work(self) -> bool:
        return bool(self.states.sync(OWNER, SYNC).batches())

    def _knows_root(self, name: EndpointId) -> bool:
        heard = setting.heard(self.states.sync(OWNER, SYNC), name)
        return heard.root == self._storage[name].root_mark()

    def _work(self, *, hard: bool) -> bool:
        """Nothing comes to rest while a root is not there."""
        return super()._work(hard=hard or bool(self._incidents))

    def _let_through(self) -> None:
        store = self.states.sync(OWNER, SYNC)
        stops: list[Stop | None] = [setting.planning(store).stop]
        stops.extend(setting.heard(store, name).stop for name in self.world.providers)
        for stop in stops:
            if stop is not None and not approvals.approved(store, stop) and self._meant(stop):
                self.log.append(f"-- let through: {stop.reason}")
                approvals.approve(store, stop)
                self._push()
