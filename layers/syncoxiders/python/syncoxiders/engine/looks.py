"""Looking at all endpoints of a run, and the guards that belong to looking."""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from syncoxiders.core.model import (
    ROOT_ENTRY,
    Endpoint,
    EndpointId,
    EntryId,
    Kind,
    Node,
    NodeId,
    Ref,
)
from syncoxiders.engine.context import Context
from syncoxiders.engine.emptied import is_empty
from syncoxiders.engine.follow import Follower
from syncoxiders.engine.ignorefiles import IgnoreFiles
from syncoxiders.engine.interrupted import OutOfTime
from syncoxiders.engine.observe import Look, Observer, unwatched
from syncoxiders.engine.parking import park, parked, parked_key
from syncoxiders.engine.piecewise import Begun, look_on
from syncoxiders.engine.places import Places
from syncoxiders.engine.report import Outcome, Stop
from syncoxiders.engine.stopped import root_id, together
from syncoxiders.ports.errors import (
    CursorExpired,
    ProviderError,
    RootLost,
    Throttled,
    Vanished,
)
from syncoxiders.ports.pipeline import Confirms
from syncoxiders.ports.provider import Feeds, Finishes, Provider
from syncoxiders.ports.state import Commit, Event, Observation, SyncRecord

SMALL = 2
"""So much (a file in a folder, say) may be all there is, and be deleted on purpose."""

MISCOUNTED = 100
"""A count may be wrong by so many after deaths."""

SOON, DAY = 900.0, 86_400.0
"""Seconds after which an endpoint that is followed by its feed is looked at as a whole again.

A listing may lag behind the feed by minutes, so that what the first look missed may lie before
the cursor: it is soon made up for. Later looks only prove that the feed misses nothing.
"""


class Followed(msgspec.Struct, frozen=True):
    """How far an endpoint's feed was followed, and when all of it is to be looked at."""

    cursor: str = ""
    due: float = 0.0


class Emptied(RootLost):
    """A root in which nothing is left of a tree that was known to be full."""


class Looks:
    """The endpoints of a run: which can be reached, and what was seen there.

    ``away`` are those that cannot take part, with the reason. ``positions`` say how far the
    change log has been read; ``joining`` are endpoints that were not part of the sync, or whose
    root was ``let_through`` though it is another one. ``found`` is what was seen where,
    ``refused`` what providers said instead, ``news`` whether a look :meth:`again` found any.
    ``alive`` is called at every step; when it raises OutOfTime whoever looks next goes on where
    this look was.
    """

    def __init__(
        self,
        context: Context,
        record: SyncRecord | None,
        outcome: Outcome,
        say: Callable[[Event], None],
        alive: Callable[[], None] | None = None,
    ) -> None:
        self._say = say
        self._piecewise = alive is not None
        self._alive = alive or unwatched
        self._context = context
        self._record = record
        self._outcome = outcome
        self.ignore_files = IgnoreFiles(context)
        self.away: dict[EndpointId, str] = {}
        self.positions: dict[EndpointId, int] = dict(record.planned) if record is not None else {}
        self.joining = frozenset(
            each.id for each in context.rule.endpoints if each.id not in self.positions
        )
        self._lost: list[str] = []
        self.let_through: set[EndpointId] = set()
        self.news = False
        self.found: dict[EndpointId, Look] = {}
        self.refused: dict[EndpointId, ProviderError] = {}
        self.roots: dict[EndpointId, str] = dict(record.roots) if record is not None else {}
        self.addresses: dict[EndpointId, str] = {
            each.id: each.label for each in context.rule.endpoints
        }
        if record is not None:
            self.addresses = {**self.addresses, **record.endpoints}

    def check_roots(self) -> bool:
        """Make sure that each root is there and is the one that base speaks of.

        Returns False if too few endpoints are left, or some were exchanged: then the outcome
        says why.
        """
        for endpoint in self._context.rule.endpoints:
            if self.check_root(endpoint) and endpoint.id in self.let_through:
                self._keep_root(endpoint.id)
        if self._outcome.stop is not None:
            return False
        lost = self._lost
        if len(self._context.rule.endpoints) - len(self.away) < 2:  # noqa: PLR2004 -- a sync has two
            if lost:
                self._outcome.stop = Stop("lost", "; ".join(lost))
            return False
        for text in lost:
            self._say(Event("error", "", "", text))
        return True

    def check_root(self, endpoint: Endpoint) -> bool:
        """Leave an endpoint out whose root is not there; False if the root was exchanged."""
        pause = parked(self._context, endpoint.id)
        if pause:
            self._leave_out(endpoint.id, pause)
            return True
        provider = self._context.providers[endpoint.id]
        try:
            mark = provider.root()
            if isinstance(provider, Finishes) and not self._context.options.dry_run:
                provider.finish_interrupted()
        except RootLost as error:
            text = str(error)
            if not text.startswith(f"{endpoint.label}: "):
                text = f"{endpoint.label}: {text}"
            if endpoint.id not in self.roots:
                text += "; create it first, if it is meant"
            self._lost.append(text)
            self._leave_out(endpoint.id, text)
            return True
        except ProviderError as error:
            self._lose(endpoint.id, error)
            return True
        known = self.roots.get(endpoint.id)
        if known is not None and known != mark:
            plan_id = root_id("exchanged", endpoint.id, mark)
            if plan_id not in self._context.options.approve:
                text = (
                    f"the root of {endpoint.label} is another folder than last time "
                    "(not mounted, or replaced?)"
                )
                self._ask(Stop("exchanged", text, plan_id))
                return False
            self._forget(endpoint.id)
            self.let_through.add(endpoint.id)
        self.roots[endpoint.id] = mark
        return True

    def _keep_root(self, endpoint: EndpointId) -> None:
        """Remember a root that was let through, should anything else stop this run: it is to join.

        What is asked for later is asked for by itself.
        """
        if self._record is not None:
            planned = {each: at for each, at in self._record.planned.items() if each != endpoint}
            roots = {**self._record.roots, endpoint: self.roots[endpoint]}
            self._record = msgspec.structs.replace(self._record, roots=roots, planned=planned)
            self._context.store.commit(Commit(record=self._record))

    def _ask(self, stop: Stop) -> None:
        """Ask a person about this, too."""
        before = self._outcome.stop
        self._outcome.stop = together([stop] if before is None else [before, stop])

    def _lose(self, endpoint: EndpointId, error: ProviderError) -> None:
        """Leave an endpoint out for what its provider said."""
        self.refused[endpoint] = error
        if isinstance(error, Throttled):
            self._leave_out(endpoint, park(self._context, endpoint, error))
        else:
            self._leave_out(endpoint, str(error))

    def _leave_out(self, endpoint: EndpointId, reason: str) -> None:
        self.away[endpoint] = reason
        self._outcome.away[endpoint] = reason

    def _forget(self, endpoint: EndpointId) -> None:
        """Treat an exchanged root as one that joins: nothing that it lacks was deleted."""
        self.joining |= {endpoint}
        self._context.store.save_text(_followed(endpoint), "")
        self._context.store.save_text(_begun(endpoint), "")
        base = self._context.store.base()
        for batch in base.ids():
            left: Iterable[NodeId] = batch
            while left:  # what others wrote meanwhile is read again
                self._alive()
                nodes = [
                    _without(node, endpoint)
                    for node in base.get(left).values()
                    if endpoint in node.replicas or endpoint in node.unanswered
                ]
                left = self._context.store.commit(Commit(nodes=nodes))
        todo = [ROOT_ENTRY]
        tree = self._context.store.observed(endpoint)
        while todo:
            self._alive()
            children = tree.children(todo.pop())
            todo.extend(each.id for each in children if each.kind is Kind.FOLDER)
            self._context.store.commit(
                Commit(observed=[Observation(endpoint, gone=[each.id for each in children])])
            )

    def look(self, only: dict[EndpointId, Sequence[EntryId]] | None) -> bool:
        """Look at every endpoint that takes part; False if a guard stops the run.

        With ``only`` that is at these endpoints alone: at these folders, or, where there is a
        feed, at what it tells.
        """
        for endpoint in self._context.rule.endpoints:
            if endpoint.id in self.away or (only is not None and endpoint.id not in only):
                continue
            self.look_at(endpoint.id, None if only is None else only[endpoint.id])
        if self._outcome.stop is not None:
            return False
        return len(self._context.rule.endpoints) - len(self.away) >= 2  # noqa: PLR2004 -- a sync has two

    def look_at(self, endpoint: EndpointId, only: Sequence[EntryId] | None = None) -> bool:
        """Look at one endpoint, or at some folders of it; False if a guard stops the run.

        Raises OutOfTime.
        """
        try:
            look = self._look(endpoint, only)
        except OutOfTime:
            raise
        except Emptied as error:
            self._ask(Stop("emptied", str(error), self._emptied(endpoint)))
            return False
        except ProviderError as error:
            self._lose(endpoint, error)
            return True
        self.found[endpoint] = look
        self._report(endpoint, look)
        return True

    def _look(self, endpoint: EndpointId, only: Sequence[EntryId] | None) -> Look:
        provider = self._context.providers[endpoint]
        if isinstance(provider, Feeds):
            return self._follow(endpoint, provider, provider)
        folders = None if only is None else self._folders(endpoint, only)
        if folders == []:
            return Look()
        if folders is None:
            return self._whole(endpoint, self._begun(endpoint))
        return self._observer(endpoint).look(folders, confirm=self._confirm(endpoint))

    def _begun(self, endpoint: EndpointId) -> Begun | None:
        """Return the look at all of an endpoint that was cut off or died, if one was."""
        text = self._context.store.text(_begun(endpoint)) if self._piecewise else ""
        return msgspec.json.decode(text, type=Begun) if text else None

    def _whole(self, endpoint: EndpointId, begun: Begun | None, cursor: str = "") -> Look:
        """Look at all of an endpoint, or at what is left of it; ``cursor`` is to be remembered."""
        observer, confirm = self._observer(endpoint), self._confirm(endpoint)
        if not self._piecewise:
            return observer.look(confirm=confirm)
        store = self._context.store

        def keep(value: Begun) -> None:
            store.save_text(_begun(endpoint), msgspec.json.encode(value).decode())

        try:
            if begun is None:
                keep(Begun(cursor))
                look = observer.look(confirm=confirm)
            else:
                look = look_on(
                    observer,
                    store.observed(endpoint),
                    begun,
                    folders=lambda ids: self._folders(endpoint, ids),
                    keep=keep,
                    confirm=confirm,
                    now=self._context.clock.now,
                )
        except OutOfTime:
            raise
        except ProviderError:
            if begun is None:  # it was not for its length
                store.save_text(_begun(endpoint), "")
            raise
        store.save_text(_begun(endpoint), "")
        return look

    def _follow(self, endpoint: EndpointId, feed: Feeds, provider: Provider) -> Look:
        """Take in what the feed tells; at first contact and now and then look at everything."""
        store, now = self._context.store, self._context.clock.now()
        text = store.text(_followed(endpoint))
        followed = msgspec.json.decode(text, type=Followed) if text else Followed()

        def keep(cursor: str, due: float = followed.due) -> None:
            kept = msgspec.json.encode(Followed(cursor, due)).decode()
            store.save_text(_followed(endpoint), kept)

        pause = SOON
        if followed.cursor:
            follower = Follower(
                store,
                endpoint,
                provider,
                told=self.ignore_files.see,
                now=self._context.clock.now,
                alive=self._alive,
            )
            try:
                look = follower.follow(followed.cursor, keep, confirm=self._confirm(endpoint))
            except CursorExpired:
                detail = "its feed does not go back to the last run; all of it is looked at"
                self._say(Event("note", endpoint, "", detail))
            else:
                if now < followed.due:
                    return look
                pause = DAY
        begun = self._begun(endpoint)
        if begun is None:
            cursor = feed.start_cursor()
        elif pause == DAY:  # the feed has been followed all the while
            cursor = msgspec.json.decode(store.text(_followed(endpoint)), type=Followed).cursor
        else:
            cursor = begun.cursor
        look = self._whole(endpoint, begun, cursor)
        keep(cursor, now + pause)
        return look

    def again(
        self, stale: Iterable[tuple[EndpointId, EntryId]]
    ) -> list[tuple[EndpointId, EntryId]]:
        """Look again at the folders around what was not as expected; returns all ids there."""
        touched: dict[tuple[EndpointId, EntryId], None] = {}
        by_endpoint: dict[EndpointId, dict[EntryId, None]] = {}
        for endpoint, entry in sorted(stale):
            by_endpoint.setdefault(endpoint, {})[entry] = None
            touched[endpoint, entry] = None
        for endpoint, ids in by_endpoint.items():
            if endpoint in self.away:
                continue
            tree = self._context.store.observed(endpoint)
            known = tree.get(ids)
            wanted = sorted(
                {each.parent for each in known.values()}
                | {each for each in ids if each == ROOT_ENTRY or each in known}
            )
            try:
                observer = self._observer(endpoint)
                found_out = observer.ask_for_lost(ids) | observer.ask_for_adrift(ids)
                folders = self._folders(endpoint, wanted)
                found = observer.look(folders, confirm=self._confirm(endpoint))
                self.news = self.news or found_out or bool(found.changed or found.gone)
            except ProviderError as error:
                self._lose(endpoint, error)
                continue
            touched.update(((endpoint, entry), None) for entry in self.log(endpoint))
        return [each for each in touched if each[1] != ROOT_ENTRY]

    def leave_out_exchanged(self, endpoints: Iterable[EndpointId]) -> None:
        """Leave out those of these endpoints whose root is not the one that is known by now.

        In another one everything seems to be deleted.
        """
        for endpoint in sorted({*endpoints} - self.away.keys()):
            known = self.roots.get(endpoint)
            try:
                if known and self._context.providers[endpoint].root() != known:
                    label = self._context.rule.endpoint(endpoint).label
                    raise RootLost(f"the root of {label} is another folder than last time")
            except ProviderError as error:
                self._lose(endpoint, error)

    def log(self, endpoint: EndpointId) -> list[EntryId]:
        """Return what the change log holds beyond the position reached, and advance it."""
        tree = self._context.store.observed(endpoint)
        touched: list[EntryId] = []
        while True:
            ids, self.positions[endpoint] = tree.changes(self.positions.get(endpoint, 0), 10_000)
            if not ids:
                return touched
            touched.extend(ids)

    def _observer(self, endpoint: EndpointId) -> Observer:
        return Observer(
            self._context.store,
            endpoint,
            self._context.providers[endpoint],
            told=self.ignore_files.see,
            now=self._context.clock.now,
            alive=self._alive,
        )

    def _folders(self, endpoint: EndpointId, ids: Iterable[EntryId]) -> list[Ref]:
        places = Places(self._context.store)
        tree = self._context.store.observed(endpoint)
        refs: list[Ref] = []
        for folder in dict.fromkeys(ids):
            entry = tree.get([folder]).get(folder)
            if folder != ROOT_ENTRY and (entry is None or entry.kind is not Kind.FOLDER):
                continue
            try:
                refs.append(places.folder(endpoint, folder))
            except Vanished:
                continue
        return refs

    def _confirm(self, endpoint: EndpointId) -> Callable[[Look], None]:
        tree = self._context.store.observed(endpoint)

        def confirm(look: Look) -> None:
            if self._emptied(endpoint) in self._context.options.approve:
                return
            known = tree.count()
            if isinstance(self._context.store, Confirms):  # then it may have been miscounted
                nothing_left = look.gone > SMALL and 2 * look.gone + MISCOUNTED >= known
                nothing_left = nothing_left and self._is_empty(endpoint)
            else:
                nothing_left = known > SMALL and look.gone >= known
            if nothing_left and self._context.store.base().count():
                label = self._context.rule.endpoint(endpoint).label
                raise Emptied(f"nothing is left in {label}, where {known} entries were known")

        return confirm

    def _emptied(self, endpoint: EndpointId) -> str:
        """Return the id under which it is asked whether nothing is to be left in a root."""
        return root_id("emptied", endpoint, self.roots.get(endpoint, ""))

    def _is_empty(self, endpoint: EndpointId) -> bool:
        """Say whether nothing of what was in the root is there, as far as can be asked for."""
        provider = self._context.providers[endpoint]
        known = self._context.store.observed(endpoint).children(ROOT_ENTRY)
        return is_empty(provider, known)

    def _report(self, endpoint: EndpointId, look: Look) -> None:
        for problem in look.problems:
            event = Event(
                "error" if problem.unreadable else "note", endpoint, problem.path, problem.reason
            )
            self._say(event)
        places = Places(self._context.store)
        for entry in look.lost:
            path = places.ref(endpoint, entry.id).path
            detail = "its owner deleted or withdrew it; what others have of it is kept"
            self._say(Event("note", endpoint, path, detail))


def _without(node: Node, endpoint: EndpointId) -> Node:
    """Return a node as if the endpoint had never had a part in it.

    What others have was not deleted, if nobody but this one says so.
    """
    replicas = {each: replica for each, replica in node.replicas.items() if each != endpoint}
    gone = node.gone and (not replicas or any(each.gone for each in replicas.values()))
    unanswered = tuple(each for each in node.unanswered if each != endpoint)
    return msgspec.structs.replace(node, replicas=replicas, gone=gone, unanswered=unanswered)


def texts(endpoint: EndpointId) -> list[str]:
    """Return the keys of the texts that a look at an endpoint asks for in any case."""
    return [parked_key(endpoint), _followed(endpoint)]


def _followed(endpoint: EndpointId) -> str:
    """Return the key of the text that says how far an endpoint's feed was followed."""
    return f"followed:{endpoint}"


def _begun(endpoint: EndpointId) -> str:
    """Return the key of the text that says how far a look at all of an endpoint has come."""
    return f"looking:{endpoint}"
