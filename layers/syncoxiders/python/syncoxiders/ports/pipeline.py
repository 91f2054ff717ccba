"""The port to a sync's state where it is shared by planners and workers, all at once.

Upon what :class:`~syncoxiders.ports.state.SyncStore` promises, commits here may lose a race, and
what a plan decided is handed out in batches.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol, runtime_checkable

import msgspec

from syncoxiders.core.model import Action, EndpointId, EntryId, Node, NodeId
from syncoxiders.core.plan import Merge, Probe
from syncoxiders.ports.state import Event, RunRecord, StateStore, SyncStore

SKEW = 2.0
"""Seconds by which the clocks of those who share a state may differ."""


class Batch(msgspec.Struct, frozen=True):
    """Actions at one endpoint that are handed out together, in an order in which each can succeed.

    ``actions`` are named by their node and id; their substance is in the nodes. ``probes`` are
    hashes to be taken, ``merges`` texts to be merged, whose edits may stand at several endpoints,
    ``again`` nodes that are only to be planned again.
    ``waits`` are batches that have to be done before, ``failed`` actions of those, and its own,
    that were not and will not be.
    ``opened`` and ``begun`` are when (seconds since the epoch, 0 is never), ``tries`` how often
    it was begun; it is put off until ``put_off``. ``lane`` spreads the batches of an endpoint.
    ``needs`` are the endpoints whose providers are needed for it.
    ``run`` is whose log tells of it, ``rule`` names the settings that it was planned under.
    """

    id: str
    endpoint: EndpointId
    lane: int = 0
    needs: frozenset[EndpointId] = frozenset()
    actions: tuple[tuple[NodeId, str], ...] = ()
    probes: tuple[Probe, ...] = ()
    merges: tuple[Merge, ...] = ()
    again: tuple[NodeId, ...] = ()
    run: int = 0
    rule: str = ""
    waits: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()
    opened: float = 0.0
    begun: float = 0.0
    put_off: float = 0.0
    tries: int = 0


RESERVED: NodeId = 1 << 52
"""From here on ids of nodes are set apart for entries; below it planners give them out."""


@runtime_checkable
class Confirms(Protocol):
    """A store that others write to at the same time, each telling when what it says was asked."""

    def confirmed(self, endpoint: EndpointId, ids: Iterable[EntryId]) -> Mapping[EntryId, float]:
        """Return when what is known of entries, or that they are gone, was asked for or confirmed.

        What a page tells of an entry that was confirmed since the page was asked for is not
        believed: a point read tells what holds.
        """

    def overtaken(self) -> frozenset[tuple[EndpointId, EntryId]]:
        """Return, and forget, entries of which an observation was not taken in, though it differs.

        What is there was confirmed between the asking and the commit. Which of the two is newer a
        point read tells: what was asked for may have been told only after that.
        """


class SharedStore(SyncStore, Confirms, Protocol):
    """A sync's state, shared. A commit of it writes each node on its own.

    A node that was read through this object is written only if it still is as it was when it was
    read first, a new one only if there is none of its id; and neither gets an entry that is
    another's, unless the commit takes it from there. Else it has lost a race, and may be read
    again. A commit that closes actions writes what was observed first, then the nodes: so nobody
    finds a replica without its entry, which would look like a deletion. Any other writes nodes
    first. No observation replaces, removes or brings back what was asked for later: what is no
    more is remembered for a day. An object is for one piece of work. Calls raise StateUnavailable,
    after which some of what was asked may have been done: whoever goes on takes a new object.
    """

    def open_of(
        self, nodes: Iterable[NodeId], *, fresh: bool = True, sure: bool = True
    ) -> dict[NodeId, list[Action]]:
        """Return the open actions of those nodes that have some, in the order of opening.

        If it need not be ``fresh``, nodes that were read before are as they were then. If it need
        not be ``sure``, which costs half, one that was closed a moment ago may be among them, and
        one that was opened a moment ago be missing of a node that has, or had, another.
        """

    def reserved(self, endpoint: EndpointId, entry: EntryId) -> NodeId | None:
        """Return the id that was set apart for a new node of an entry's when it was observed.

        None if the entry was not read through this object, or there is no such id, or it is not
        free any more. Whoever writes a node of this id for the entry need not bind it before.
        """

    def clear(self, entries: Collection[tuple[EndpointId, EntryId]]) -> None:
        """Let go of what is left of entries that are no more, and never belonged to a node."""

    def hold(
        self, nodes: Collection[NodeId], away: Collection[EndpointId] = ()
    ) -> frozenset[NodeId]:
        """Mark nodes to be planned again once their open actions are closed.

        Those at endpoints that are ``away`` are not waited for. Returns those that have no others
        any more, and were not marked.
        """

    def released(self) -> frozenset[NodeId]:
        """Return, and forget, held nodes of which this object closed the last that was waited for.

        So are those that :meth:`open_of` read afresh, and found without any such: whoever closed it
        may have died before it was told.
        """

    def touch(self, touched: Iterable[tuple[EndpointId, EntryId]]) -> None:
        """Put entries into the change logs as they are, to be planned again."""

    def read_texts(self, keys: Iterable[str]) -> None:
        """Read texts together; who asks for one of them next gets it as it is now."""

    def put_batches(self, batches: Sequence[Batch]) -> None:
        """Keep batches; those that wait for others must come with or after them."""

    def batch(self, batch: str) -> Batch | None:
        """Return a batch, None once it is done."""

    def begin_batch(self, batch: str, at: float) -> Batch | None:
        """Note that a batch is begun, and not put off any more; returns it as it was before.

        None if it is done.
        """

    def put_off_batch(
        self, batch: str, until: float, failed: Collection[str] = (), *, told: bool = False
    ) -> None:
        """Note that a batch is to be begun again, not before then; it may be done by now.

        ``failed`` are its actions that were closed without having been done: should they be
        planned again they are another batch's. Where it is ``told`` what was done of the others
        the batch is as one that was never begun.
        """

    def finish_batch(self, batch: str, failed: Collection[str]) -> list[Batch]:
        """Let go of a batch; returns those that waited for it, and now wait for none.

        ``failed`` are its actions that were not done. May be called again after it was cut off.
        """

    def batches(self, limit: int = 0) -> list[Batch]:
        """Return all batches that are not done, or only so many."""

    def losers(self, after: str = "", limit: int = 100) -> tuple[list[Node], str]:
        """Return some kept losers of conflicts, and where the others begin, ``""`` if nowhere.

        ``after`` is where an earlier answer ended. No more than ``limit`` are looked at.
        """

    def run(self, run: int) -> RunRecord | None:
        """Return a run, None if there is none of this number (any more)."""

    def runs_before(self, run: int, limit: int) -> list[RunRecord]:
        """Return the newest runs before one, newest first."""

    def events_after(self, run: int, position: int, limit: int) -> list[tuple[int, Event]]:
        """Return the first events of a run's log behind a position, each with its own.

        The first event's is 0, so that -1 is before all of them. The log's oldest may be gone.
        """

    def events_before(self, run: int, position: int, limit: int) -> list[tuple[int, Event]]:
        """Return the last events of a run's log before a position, the last one first."""


class SharedStates(StateStore, Protocol):
    """A store of shared syncs."""

    def sync(self, owner: str, name: str, fence: int | None = None) -> SharedStore:
        """Return one owner's sync; it need not exist yet.

        A planner gives the ``fence`` of its lease: ids of new nodes begin at fence times 2^20, and
        a record under a lower fence than the last one's is not written (StateBusy).
        """

    def remove(self, owner: str, name: str, endpoints: Sequence[EndpointId]) -> None:
        """Remove all that is held of a sync with these endpoints; nothing need be there.

        May be called again after it was cut off. Raises StateUnavailable.
        """
