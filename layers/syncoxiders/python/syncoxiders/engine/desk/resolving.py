"""Deciding a conflict, as a person would who stands before one of the folders.

What is done is done at one endpoint, through its provider and with its preconditions, to its
trash; what comes of it is put into the change log, and the pipeline brings it to the others like
anything else that somebody did. Whoever is cut off leaves both contents somewhere, and the conflict
to be decided again: nothing is deleted before what was chosen stands in its place.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Literal, NamedTuple

import msgspec

from syncoxiders.core import names
from syncoxiders.core.model import EndpointId, Entry, EntryId, Kind, Mode, Node, Ref
from syncoxiders.engine.desk.conflicts import Which, asked, find, media, open_nodes, revision, where
from syncoxiders.engine.desk.context import Desk
from syncoxiders.engine.desk.declined import Conflicting, Unfit
from syncoxiders.engine.desk.syncs import wake
from syncoxiders.engine.places import Places
from syncoxiders.ports.errors import Occupied, ProviderError, Stale
from syncoxiders.ports.pipeline import SharedStore
from syncoxiders.ports.provider import Attributes, Provider
from syncoxiders.ports.registry import SyncSettings
from syncoxiders.ports.state import Commit, Observation

_ROUNDS = 10

Take = Literal["kept", "other", "both", "merged"]


class Seat(NamedTuple):
    """An entry at an endpoint, as it was last heard of, and how its provider is told of it."""

    endpoint: EndpointId
    entry: Entry
    ref: Ref
    parent: Ref


def resolve(
    desk: Desk, settings: SyncSettings, conflict: str, take: Take, text: str | None
) -> None:
    """Decide a conflict. Raises Declined, after which it can be decided again."""
    store = desk.store(settings)
    which = find(store, conflict)
    if take != "merged" and text is not None:
        raise Unfit("text", "a text goes with merged only")
    resolver = _Resolver(desk, settings, store, which)
    try:
        if take == "merged":
            resolver.merge(text)
        elif take == "kept":
            resolver.keep()
        elif take == "other":
            resolver.take_other()
        else:
            resolver.keep_both()
    finally:
        if resolver.has_acted:
            wake(desk, settings)


def seen(desk: Desk, settings: SyncSettings, conflict: str) -> str:
    """Return the revision of both versions as they are now. Raises Absent."""
    return revision(find(desk.store(settings), conflict))


class _Resolver:
    """One decision. ``has_acted`` says whether there is something for the pipeline to plan."""

    def __init__(
        self, desk: Desk, settings: SyncSettings, store: SharedStore, which: Which
    ) -> None:
        self._desk = desk
        self._settings = settings
        self._store = store
        self._which = which
        self._places = Places(store)
        self._mode = Mode(settings.mode)
        self._source = settings.endpoints[0].id
        self._kept = where(store, which.kept)
        self._other = where(store, which.other)
        self.has_acted = False

    # -- the decisions ---------------------------------------------------------------------------

    def keep(self) -> None:
        """Delete the other version, as long as the kept one stands as it was shown."""
        self._check_at_rest()
        if not self._kept:
            raise self._lost("the version under the file's name is no longer there")
        self._delete_other()
        self._unmark()

    def take_other(self) -> None:
        """Put the other version in the place of the kept one, which goes to the trash."""
        self._check_at_rest()
        if self._mode in {Mode.COPY, Mode.MOVE}:
            raise Conflicting(
                "mode-forbids",
                f"in a sync of mode {self._mode} moves and deletions are not passed on",
                "put the version that you want to the source yourself, or keep both",
            )
        self._swap(self._side_by_side())
        self._unmark()

    def keep_both(self) -> None:
        """Leave both where they are."""
        self._unmark()

    def merge(self, text: str | None) -> None:
        """Put a text in the place of the kept version, and delete the other one."""
        if text is None:
            raise Unfit("text", "merged needs the text")
        try:
            data = text.encode()
        except UnicodeEncodeError as error:
            raise Unfit("text", "it is not Unicode text") from error
        self._check_at_rest()
        kept = self._which.kept
        if not self._kept or kept is None:
            raise self._lost("the version under the file's name is no longer there")
        if kept.kind is not Kind.FILE or media(kept.name)[0] != "text":
            raise Conflicting("not-a-text", "only texts can be merged", "take one, or keep both")
        if self._mode is Mode.TWO_WAY:
            endpoint = self._side_by_side()
        elif self._source in self._kept:
            endpoint = self._source
        else:
            raise self._not_at_source()
        seat = self._seat(endpoint, self._kept[endpoint])
        with asked(self._desk, self._settings, endpoint) as provider:
            written = provider.upload(
                seat.parent,
                seat.entry.name,
                [data],
                size=len(data),
                attributes=Attributes(executable=seat.entry.executable),
                replaces=(seat.ref, seat.entry.version),
                keep=True,
            )
        self._observe(endpoint, [written], gone=[seat.entry.id])
        self._kept = {endpoint: written}
        self._delete_other()
        self._unmark()

    # -- what forbids them -----------------------------------------------------------------------

    def _check_at_rest(self) -> None:
        if open_nodes(self._store, self._which):
            raise Conflicting(
                "being-synced",
                "one of the versions is just being brought to other folders",
                "try again in a minute",
            )
        for node in filter(None, self._which):
            for endpoint, replica in node.replicas.items():
                known = self._store.observed(endpoint).get([replica.entry]).get(replica.entry)
                version = known.version if known is not None else None
                if not (node.gone or replica.gone) and version != replica.version:
                    raise self._lost("one of the versions was changed just now")
        if not self._other:
            raise self._lost("the other version is not there as it was shown")

    def _side_by_side(self) -> EndpointId:
        """Return an endpoint where both versions stand; of a source's mode that is the source."""
        if self._mode is not Mode.TWO_WAY:
            if self._source in self._kept and self._source in self._other:
                return self._source
            raise self._not_at_source()
        for each in self._settings.endpoints:
            if each.id in self._other and (each.id in self._kept or not self._is_known()):
                return each.id
        raise self._lost("the two versions do not stand side by side in any of the folders")

    def _is_known(self) -> bool:
        kept = self._which.kept
        return kept is not None and not kept.gone

    def _not_at_source(self) -> Conflicting:
        account = self._settings.endpoints[0].account
        return Conflicting(
            "mode-forbids",
            f"in a sync of mode {self._mode} only what stands at {account}, its source, is passed "
            "on, and there the version is not",
            f"put what you want to {account} yourself, or keep both",
        )

    @staticmethod
    def _lost(why: str) -> Conflicting:
        return Conflicting(
            "changed-meanwhile", why, "look at it again once the sync is in step, or keep both"
        )

    # -- what is done at a provider --------------------------------------------------------------

    def _delete_other(self) -> None:
        """Delete the other version where that is passed on from, else wherever it stands."""
        if self._mode is Mode.TWO_WAY:
            common = [each for each in self._other if each in self._kept]
            endpoints = (common or list(self._other))[:1]
        elif self._mode is Mode.ONE_WAY and self._source in self._other:
            endpoints = [self._source]
        else:
            endpoints = list(self._other)
        for endpoint in endpoints:
            self._check_kept(endpoint)
            seat = self._seat(endpoint, self._other[endpoint])
            with asked(self._desk, self._settings, endpoint) as provider:
                provider.delete(seat.ref, seat.entry.version)
            self._observe(endpoint, [], gone=[seat.entry.id])

    def _check_kept(self, near: EndpointId) -> None:
        """Make sure that the kept version still stands: it is the reason to delete the other."""
        endpoint = near if near in self._kept else next(iter(self._kept))
        entry = self._kept[endpoint]
        seat = self._seat(endpoint, entry)
        with asked(self._desk, self._settings, endpoint) as provider:
            _expect(provider, seat)

    def _swap(self, endpoint: EndpointId) -> None:
        """Bring the other version to the kept one's place, which steps aside and is deleted."""
        other = self._seat(endpoint, self._other[endpoint])
        kept = self._kept.get(endpoint)
        if kept is None:
            self._come_back(other)
            return
        seat = self._seat(endpoint, kept)
        stands: list[Entry] = []
        gone: list[EntryId] = []
        with (
            asked(self._desk, self._settings, endpoint) as provider,
            self._observing(endpoint, stands, gone),
        ):
            _expect(provider, other)
            label = _label(self._settings, endpoint)
            name, aside = _stands_aside(provider, kept, label), kept
            if not name:
                name, aside = kept.name, _step_aside(provider, seat, label)
            stands.append(aside)
            gone.append(kept.id)
            try:
                taken = provider.move(other.ref, other.entry.version, seat.parent, name)
            except ProviderError:
                with suppress(ProviderError):  # it stays aside, and nothing is lost
                    ref = _beside(seat, aside)
                    stands[:] = [provider.move(ref, aside.version, seat.parent, kept.name)]
                    gone.append(aside.id)
                raise
            stands.append(taken)
            gone.append(other.entry.id)
            provider.delete(_beside(seat, aside), aside.version)
            stands.remove(aside)
            gone.append(aside.id)

    def _come_back(self, other: Seat) -> None:
        """Give the other version the name of a file that is no longer there."""
        kept = self._which.kept
        name = kept.name if kept is not None else names.original_name(other.entry.name)
        parent = other.parent
        if kept is not None:
            with suppress(Stale):  # else it stays in the folder that it stands in
                parent = self._places.parent(other.endpoint, kept.parent)
        if name in {None, other.entry.name} and parent == other.parent:
            return  # it has the name: whoever brought it there did not come to say so
        if name is None:
            name = other.entry.name
        with asked(self._desk, self._settings, other.endpoint) as provider:
            taken = provider.move(other.ref, other.entry.version, parent, name)
        self._observe(other.endpoint, [taken], gone=[other.entry.id])

    def _seat(self, endpoint: EndpointId, entry: Entry) -> Seat:
        try:
            ref = self._places.ref(endpoint, entry.id)
            return Seat(endpoint, entry, ref, self._places.folder(endpoint, entry.parent))
        except Stale as error:
            raise self._lost("the folder that it stands in is not there any more") from error

    # -- what comes of it ------------------------------------------------------------------------

    @contextmanager
    def _observing(
        self, endpoint: EndpointId, put: list[Entry], gone: list[EntryId]
    ) -> Iterator[None]:
        """Put into the store what stands there afterwards, whether or not it all went well."""
        try:
            yield
        finally:
            if put or gone:
                self._observe(endpoint, put, gone)

    def _observe(self, endpoint: EndpointId, put: list[Entry], gone: list[EntryId]) -> None:
        """Put into the store, and into the change log, what was done at an endpoint."""
        there = {each.id for each in put}
        lost = [each for each in gone if each not in there]
        self.has_acted = True
        self._store.commit(
            Commit(observed=[Observation(endpoint, put=put, gone=lost)], at=self._desk.now())
        )
        self._places.reset()

    def _unmark(self) -> None:
        """Let the other version be a file like any other."""
        for _ in range(_ROUNDS):
            store = self._desk.store(self._settings)
            node = store.base().get([self._which.other.id]).get(self._which.other.id)
            if node is None or node.conflict is None:
                return
            plain: Node = msgspec.structs.replace(node, conflict=None)
            if not store.commit(Commit(nodes=[plain], at=self._desk.now())):
                return  # nothing is to be planned for it
        raise Conflicting("being-synced", "the file is being worked on", "try again in a minute")


def _expect(provider: Provider, seat: Seat) -> None:
    """Make sure that an entry stands as it was last heard of. Raises Stale."""
    found = provider.get(seat.ref)
    if found is None or found.version != seat.entry.version:
        raise Stale(f"{seat.ref.path} is not what it was")


def _aside_name(provider: Provider, name: str, label: str, mtime_ns: int) -> str:
    return names.conflict_name(name, label, mtime_ns, max_bytes=provider.traits.max_name)


def _stands_aside(provider: Provider, entry: Entry, label: str) -> str:
    """Return the name that an entry had before it stepped aside, ``""`` if it has not."""
    name = names.original_name(entry.name)
    if name is None or entry.name != _aside_name(provider, name, label, entry.mtime_ns):
        return ""
    return name


def _step_aside(provider: Provider, seat: Seat, label: str) -> Entry:
    """Bring an entry out of the way, to a name beside its own that says what it is."""
    entry = seat.entry
    wish = _aside_name(provider, entry.name, label, entry.mtime_ns)
    for number in range(_ROUNDS):
        name = wish if not number else names.sibling_name(wish, number)
        try:
            return provider.move(seat.ref, entry.version, seat.parent, name)
        except Occupied:
            continue
    raise Occupied(f"no name is free beside {seat.ref.path}")


def _beside(seat: Seat, entry: Entry) -> Ref:
    """Return how to name what stands in the folder of a seat."""
    above = seat.parent.path
    return Ref(entry.id, f"{above}/{entry.name}" if above else entry.name)


def _label(settings: SyncSettings, endpoint: EndpointId) -> str:
    return next(each.account for each in settings.endpoints if each.id == endpoint)
