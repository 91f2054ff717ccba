"""The state of syncs upon tables of items, shared by planners and workers."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from syncoxiders.adapters.items import _full, _removal
from syncoxiders.adapters.items._base import ItemsBaseTree
from syncoxiders.adapters.items._batches import Batches
from syncoxiders.adapters.items._claims import claims_of
from syncoxiders.adapters.items._codec import pack, unpack_as
from syncoxiders.adapters.items._commits import Commits
from syncoxiders.adapters.items._counters import Counters
from syncoxiders.adapters.items._entries import Entries
from syncoxiders.adapters.items._keys import Keys
from syncoxiders.adapters.items._log import ChangeLogs
from syncoxiders.adapters.items._nodes import Nodes
from syncoxiders.adapters.items._observed import ItemsObservedTree
from syncoxiders.adapters.items._runs import Runs
from syncoxiders.adapters.items._tables import Tables, one
from syncoxiders.adapters.items._texts import Texts
from syncoxiders.adapters.items._wishes import Wish
from syncoxiders.core.model import Action, EndpointId, EntryId, Node, NodeId
from syncoxiders.ports.errors import StateBusy
from syncoxiders.ports.items import AtMost, Items, Raced, Update
from syncoxiders.ports.pipeline import RESERVED, Batch
from syncoxiders.ports.state import Commit, Event, RunRecord, SyncRecord


class ItemsStates:
    """A store of shared syncs in two tables: ``tree`` and ``journal`` of docs/pipeline.md.

    ``now`` is the time in seconds since the epoch; ``token`` gives texts that nobody else ever
    gives; with ``threads`` full reads ask for so many shards at once.
    """

    def __init__(
        self,
        tree: Items,
        journal: Items,
        *,
        now: Callable[[], float] | None = None,
        token: Callable[[], str] | None = None,
        threads: int = 0,
    ) -> None:
        tables = Tables(tree, journal, threads=threads)
        self._tables = Tables(tree, journal, now or tables.now, token or tables.token, threads)

    def sync(self, owner: str, name: str, fence: int | None = None) -> "ItemsSync":
        """Return one owner's sync; it need not exist yet."""
        return ItemsSync(self._tables, Keys(owner, name), fence)

    def remove(self, owner: str, name: str, endpoints: Sequence[EndpointId]) -> None:
        """Remove all that is held of a sync with these endpoints."""
        _removal.remove(self._tables, Keys(owner, name), endpoints)

    def close(self) -> None:
        """Release nothing: the tables are the caller's."""


class ItemsSync:
    """One owner's sync. An object is for one piece of work: it keeps in mind what it has read."""

    def __init__(self, tables: Tables, keys: Keys, fence: int | None) -> None:
        self._tables = tables
        self._keys = keys
        self._fence = fence
        self._counters = Counters(tables, keys, fence)
        self._entries = Entries(tables, keys, self._counters.reserve, planning=fence is not None)
        self._nodes = Nodes(tables, keys, self._entries.at)
        self._logs = ChangeLogs(tables, keys, self._awaited)
        self._batches = Batches(tables, keys)
        self._commits = Commits(
            self._nodes, self._entries, self._logs, self._counters, tables.threads
        )
        self._runs = Runs(tables, keys)
        self._texts = Texts(tables, keys)

    # -- trees ---------------------------------------------------------------------------------

    def observed(self, endpoint: EndpointId) -> ItemsObservedTree:
        """Return the observed tree of an endpoint."""
        return ItemsObservedTree(
            self._entries,
            endpoint,
            lambda: self._counters.entries(endpoint),
            lambda after, limit: self._changes(endpoint, after, limit),
        )

    def base(self) -> ItemsBaseTree:
        """Return the base tree."""
        return ItemsBaseTree(self._entries, self._nodes, self._counters, self._tables.threads)

    def losers(self, after: str = "", limit: int = 100) -> tuple[list[Node], str]:
        """Return some kept losers of conflicts, and where the others begin."""
        return self._nodes.some_losers(after, limit)

    def _changes(self, endpoint: EndpointId, after: int, limit: int) -> tuple[list[EntryId], int]:
        self._stale()  # what is planned from the log is read after it
        return self._logs.read(endpoint, after, limit)

    def _awaited(self, endpoint: EndpointId, ids: Iterable[EntryId]) -> list[EntryId]:
        read = self._entries.read([(endpoint, each) for each in dict.fromkeys(ids)])
        claims = {where[1]: claims_of(known.claims) for where, known in read.items()}
        wanted = {each.node for claimed in claims.values() for each in claimed if each.action}
        held = self._nodes.peek(sorted(wanted))
        return [
            entry
            for entry, claimed in claims.items()
            if any(
                each.node in held and each.is_awaited(action for _, action in held[each.node].open)
                for each in claimed
            )
        ]

    def _stale(self) -> None:
        self._nodes.stale()
        self._entries.stale()

    def confirmed(self, endpoint: EndpointId, ids: Iterable[EntryId]) -> Mapping[EntryId, float]:
        """Return when what is known of entries was confirmed or asked for."""
        read = self._entries.read_lately([(endpoint, each) for each in dict.fromkeys(ids)])
        return {where[1]: known.seen / 1e6 for where, known in read.items() if known.seen}

    def overtaken(self) -> frozenset[tuple[EndpointId, EntryId]]:
        """Return, and forget, what this object observed of entries and was not taken in."""
        found = frozenset(self._entries.overtaken)
        self._entries.overtaken.clear()
        return found

    def trim(self, planned: Mapping[EndpointId, int]) -> None:
        """Drop the change log up to these positions."""
        for endpoint, position in planned.items():
            self._logs.trim(endpoint, position)

    # -- commits -------------------------------------------------------------------------------

    def record(self) -> SyncRecord | None:
        """Return the sync's record, or None if it is new."""
        key = self._keys.head("record")
        item = self._tables.journal.get([key]).get(key)
        data = None if item is None else item.attributes.get("data")
        return None if data is None else unpack_as(data, SyncRecord)

    def commit(self, change: Commit) -> frozenset[NodeId]:
        """Write each node on its own, the record last; returns those that lost a race."""
        lost = self._commits.write(change)
        if change.record is not None:
            self._put_record(change.record)
        return lost

    def _put_record(self, record: SyncRecord) -> None:
        key, data = self._keys.head("record"), pack(record)
        if self._fence is None:
            change = Update(key, {"data": data})
        else:
            fence = self._fence
            change = Update(key, {"data": data, "fence": fence}, when=AtMost("fence", fence))
        if isinstance(one(self._tables.journal.write([change])), Raced):
            raise StateBusy("Another planner has taken over.")

    # -- actions -------------------------------------------------------------------------------

    def open_actions(self) -> list[Action]:
        """Return the actions that were opened and not closed, in the order of opening."""
        found = _full.open_actions(self._nodes, self._tables.threads)
        self._nodes.read({action.node for action in found})
        return found

    def open_of(
        self, nodes: Iterable[NodeId], *, fresh: bool = True, sure: bool = True
    ) -> dict[NodeId, list[Action]]:
        """Return the open actions of those nodes that have some, in the order of opening.

        Unless it has to be ``fresh``, what this object has read before is good enough. Unless it
        has to be ``sure``, one that was closed a moment ago may be among them.
        """
        if not fresh:
            read = self._nodes.known(nodes)
        else:
            self._stale()
            read = self._nodes.read_ahead(nodes) if sure else self._nodes.glance(nodes)
            self._nodes.released.update(node for node, held in read.items() if held.is_released())
        return {
            node: [action for _, action in sorted(held.open, key=lambda each: each[0])]
            for node, held in read.items()
            if held.open
        }

    def reserved(self, endpoint: EndpointId, entry: EntryId) -> NodeId | None:
        """Return the id that was set apart for a new node of an entry's, if it is free."""
        for claim in self._entries.claims((endpoint, entry)):
            if claim.node >= RESERVED and not claim.gone and self._nodes.is_free(claim.node):
                return claim.node
        return None

    def clear(self, entries: Collection[tuple[EndpointId, EntryId]]) -> None:
        """Let go of what is left of entries that are no more, and never belonged to a node."""
        claims = {
            where: found
            for where in entries
            if self._entries.is_gone(where)
            and (found := self._entries.claims(where))
            and all(self._nodes.is_free(each.node) for each in found)
        }
        if not claims:
            return
        void = self._nodes.make_void({each.node for found in claims.values() for each in found})
        wishes = {
            where: Wish(drop={each for each in found if each.node in void})
            for where, found in claims.items()
        }
        self._entries.write(wishes, lambda _where, _claim: False)

    def hold(
        self, nodes: Collection[NodeId], away: Collection[EndpointId] = ()
    ) -> frozenset[NodeId]:
        """Mark nodes to be planned again once what is open where nobody is away is closed."""
        self._stale()
        return self._nodes.hold(nodes, frozenset(away))

    def released(self) -> frozenset[NodeId]:
        """Return, and forget, held nodes that this object found or made free of open actions."""
        found = frozenset(self._nodes.released)
        self._nodes.released.clear()
        return found

    def touch(self, touched: Iterable[tuple[EndpointId, EntryId]]) -> None:
        """Put entries into the change logs as they are, to be planned again."""
        ids: dict[EndpointId, list[EntryId]] = {}
        for endpoint, entry in touched:
            ids.setdefault(endpoint, []).append(entry)
        self._logs.append(ids)

    def put_batches(self, batches: Sequence[Batch]) -> None:
        """Keep batches; those that wait for others must come with or after them."""
        self._batches.put(batches)

    def batch(self, batch: str) -> Batch | None:
        """Return a batch, None once it is done."""
        return self._batches.get(batch)

    def begin_batch(self, batch: str, at: float) -> Batch | None:
        """Note that a batch is begun; returns it as it was before, None if it is done."""
        return self._batches.begin(batch, at)

    def put_off_batch(
        self, batch: str, until: float, failed: Collection[str] = (), *, told: bool = False
    ) -> None:
        """Note that a batch is to be begun again, not before then; it may be done by now."""
        self._batches.put_off(batch, until, failed, told=told)

    def finish_batch(self, batch: str, failed: Collection[str]) -> list[Batch]:
        """Let go of a batch; returns those that waited for it, and now wait for none."""
        return self._batches.finish(batch, failed)

    def batches(self, limit: int = 0) -> list[Batch]:
        """Return all batches that are not done, or only so many."""
        return self._batches.all(limit)

    # -- losses, runs, texts -------------------------------------------------------------------

    def losses(self, since: float) -> int:
        """Return how many base nodes were deleted or overwritten since a time."""
        return self._counters.lost(since)

    def begin_run(self, started: float) -> int:
        """Open a run and return its number. Runs left open by a dead process are ended."""
        return self._runs.begin(started)

    def log(self, run: int, events: Sequence[Event]) -> None:
        """Append to a run's log."""
        self._runs.log(run, events)

    def end_run(self, run: RunRecord) -> None:
        """Close a run."""
        self._runs.end(run)

    def runs(self, limit: int) -> list[RunRecord]:
        """Return the newest runs, newest first."""
        return self._runs.newest(limit)

    def events(self, run: int) -> list[Event]:
        """Return a run's log in order."""
        return self._runs.events(run)

    def run(self, run: int) -> RunRecord | None:
        """Return a run, None if there is none of this number (any more)."""
        return self._runs.get(run)

    def runs_before(self, run: int, limit: int) -> list[RunRecord]:
        """Return the newest runs before one, newest first."""
        return self._runs.newest(limit, before=run)

    def events_after(self, run: int, position: int, limit: int) -> list[tuple[int, Event]]:
        """Return the first events of a run's log behind a position, each with its own."""
        return self._runs.after(run, position, limit)

    def events_before(self, run: int, position: int, limit: int) -> list[tuple[int, Event]]:
        """Return the last events of a run's log before a position, the last one first."""
        return self._runs.before(run, position, limit)

    def save_text(self, key: str, text: str) -> None:
        """Keep a text under a key; ``""`` removes it."""
        self._texts.save(key, text)

    def text(self, key: str) -> str:
        """Return a kept text, ``""`` if there is none."""
        return self._texts.get(key)

    def read_texts(self, keys: Iterable[str]) -> None:
        """Read texts together; who asks for one of them next gets it as it is now."""
        self._texts.read_ahead(keys)

    def texts(self, prefix: str) -> list[str]:
        """Return the keys of the kept texts that begin so."""
        return self._texts.keys(prefix)
