"""The port to state: observed trees, base trees, change log, journal, runs.

Every call names an owner, and an adapter's keys begin with it, so that one owner can never
reach what is another's.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import msgspec

from syncoxiders.core.model import Action, EndpointId, Entry, EntryId, Node, NodeId


class SyncRecord(msgspec.Struct, frozen=True):
    """A sync as the store remembers it.

    ``endpoints`` maps an endpoint's id to its address (``NAME:path`` or an absolute path), in
    the order of the command; ``roots`` to the root's mark when last seen. ``rule`` is the
    version of the rule that base was last planned under. ``planned`` is, per endpoint, the
    change-log position up to which everything has been planned.
    """

    endpoints: Mapping[EndpointId, str]
    roots: Mapping[EndpointId, str] = {}
    rule: str = ""
    planned: Mapping[EndpointId, int] = {}


class RunRecord(msgspec.Struct, frozen=True):
    """One run. Times are seconds since the epoch; ``ended`` is 0 while it goes on.

    ``outcome`` is a word: done, partial, stopped, failed, interrupted, ``""`` while it runs.
    """

    id: int
    started: float
    ended: float = 0.0
    outcome: str = ""
    counts: Mapping[str, int] = {}
    message: str = ""


class Event(msgspec.Struct, frozen=True):
    """What a run did to one entry, or has to say of it, for the log.

    ``verb`` is an action's kind, or ``note``, ``error``, ``conflict``, ``rescued``.
    """

    verb: str
    endpoint: EndpointId
    path: str
    detail: str = ""


class Observation(msgspec.Struct, frozen=True):
    """Entries of one endpoint, as seen (``put``) or known to be no more (``gone``).

    With ``log`` the touched ids enter the change log, to be planned; what the engine itself
    wrote is not logged. ``asked`` is when the provider was asked for it (seconds since the epoch):
    where others write as well, what was asked for later, or confirmed then or later, is not
    replaced, though it is logged; 0 says that this was told by a write of our own, and is
    confirmed as of the commit. ``begun`` is when such writes were begun, where that is known: what
    others asked for since, and is told otherwise, is not replaced either.
    """

    endpoint: EndpointId
    put: Sequence[Entry] = ()
    gone: Sequence[EntryId] = ()
    log: bool = True
    asked: float = 0.0
    begun: Mapping[EntryId, float] = {}


class Commit(msgspec.Struct, frozen=True):
    """A change of base, journal and observed trees that belongs together.

    On one machine it is one transaction. Elsewhere each node, with its open actions, changes in
    one conditional write, and ``record`` (which carries the planned position) is written last.
    """

    nodes: Sequence[Node] = ()
    forget: Sequence[NodeId] = ()
    opened: Sequence[Action] = ()
    closed: Sequence[str] = ()
    observed: Sequence[Observation] = ()
    record: SyncRecord | None = None
    at: float = 0.0  # when, in seconds since the epoch
    losses: int = 0  # base nodes deleted or overwritten by what is closed here, for the guard


class ObservedTree(Protocol):
    """The observed tree of one endpoint. The root is not an entry of its own."""

    def get(self, ids: Iterable[EntryId]) -> dict[EntryId, Entry]:
        """Return those that are there."""

    def children(self, folder: EntryId) -> list[Entry]:
        """Return the entries in a folder, in no particular order."""

    def at(self, folder: EntryId, key: str) -> list[Entry]:
        """Return the entries in a folder whose name has this ``names.key``."""

    def count(self) -> int:
        """Return how many entries there are."""

    def changes(self, after: int, limit: int) -> tuple[list[EntryId], int]:
        """Return ids touched since a change-log position, and the position reached.

        At most about ``limit`` ids; an id that was touched twice may come twice. When nothing
        is left the position returned equals the log's end, and the list is empty.
        """


class BaseTree(Protocol):
    """The base tree of one sync."""

    def get(self, ids: Iterable[NodeId]) -> dict[NodeId, Node]:
        """Return those that are there, tombstones included."""

    def children(self, parent: NodeId) -> list[Node]:
        """Return the nodes in a folder, tombstones included."""

    def at(self, parent: NodeId, key: str) -> list[Node]:
        """Return the nodes in a folder whose name has this ``names.key``, no tombstones."""

    def of(self, endpoint: EndpointId, ids: Iterable[EntryId]) -> dict[EntryId, NodeId]:
        """Return which node each entry belongs to, where it belongs to one.

        Replicas that are ``gone`` count, so that an entry that comes back finds its node.
        """

    def suspects(self, endpoints: Sequence[EndpointId]) -> Iterator[list[NodeId]]:
        """Yield, in batches, the nodes that a full plan must look at.

        That is every node of which, at one of the endpoints, the replica is lacking, is behind or
        ``left``,
        has no observed entry though not ``gone``, has one though ``gone``, or differs from it in
        version, parent or name; every tombstone; and every node that is ``out``.
        """

    def unbound(self, endpoint: EndpointId) -> Iterator[list[EntryId]]:
        """Yield, in batches, the observed entries that belong to no node."""

    def ids(self) -> Iterator[list[NodeId]]:
        """Yield the ids of all nodes in batches."""

    def count(self) -> int:
        """Return how many nodes there are, without tombstones."""

    def next_id(self) -> NodeId:
        """Return a number above every id ever used in this tree (at least 1)."""

    def conflicts(self) -> list[Node]:
        """Return the nodes, without tombstones, that are kept losers of conflicts."""


class SyncStore(Protocol):
    """Everything the store holds of one owner's sync."""

    def record(self) -> SyncRecord | None:
        """Return the sync's record, or None if it is new."""

    def observed(self, endpoint: EndpointId) -> ObservedTree:
        """Return the observed tree of an endpoint."""

    def base(self) -> BaseTree:
        """Return the base tree."""

    def commit(self, change: Commit) -> frozenset[NodeId]:
        """Apply all of it or nothing, in the order: nodes, journal, observed, record.

        Where planners and workers share the state, each node stands on its own: those that lost
        a race are returned, and nothing was written of them and of their actions.
        """

    def trim(self, planned: Mapping[EndpointId, int]) -> None:
        """Let the change log go up to these positions, at once or some time later."""

    def open_actions(self) -> list[Action]:
        """Return the actions that were opened and not closed, in the order of opening."""

    def losses(self, since: float) -> int:
        """Return how many base nodes were deleted or overwritten since a time."""

    def begin_run(self, started: float) -> int:
        """Open a run and return its number. Runs left open by a dead process are ended."""

    def log(self, run: int, events: Sequence[Event]) -> None:
        """Append to a run's log."""

    def end_run(self, run: RunRecord) -> None:
        """Close a run."""

    def runs(self, limit: int) -> list[RunRecord]:
        """Return the newest runs, newest first."""

    def events(self, run: int) -> list[Event]:
        """Return a run's log in order."""

    def save_text(self, key: str, text: str) -> None:
        """Keep a small text (a stopped plan, say) under a key; ``""`` removes it."""

    def text(self, key: str) -> str:
        """Return a kept text, ``""`` if there is none."""

    def texts(self, prefix: str) -> list[str]:
        """Return the keys of the kept texts that begin so, in no particular order."""


class StateStore(Protocol):
    """A state store. Opening raises StateBusy, StateForeign or StateCorrupt."""

    def sync(self, owner: str, name: str) -> SyncStore:
        """Return one owner's sync; it need not exist yet."""

    def close(self) -> None:
        """Release the store."""


class BlobStore(Protocol):
    """Content kept by digest: bounded, and free to forget."""

    def put(self, digest: str, data: bytes) -> None:
        """Keep the bytes; older ones may be evicted for them. Too large is silently not kept."""

    def get(self, digest: str) -> bytes | None:
        """Return the bytes, verified against the digest, or None if they were forgotten."""
