"""What a provider tells of one endpoint goes into the observed tree and the change log."""

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress

import msgspec

from syncoxiders.core import hashes
from syncoxiders.core.model import ROOT_ENTRY, EndpointId, Entry, EntryId, Kind, Ref
from syncoxiders.engine.places import Places
from syncoxiders.ports.errors import Vanished
from syncoxiders.ports.pipeline import SKEW, Confirms
from syncoxiders.ports.provider import Feeds, Provider
from syncoxiders.ports.state import Commit, Observation, ObservedTree, SyncStore

ROUNDS = 5
"""So often is asked again for what others confirm at the same time."""


class Intake:
    """Takes what the provider of one endpoint tells into its observed tree.

    ``told`` hears of entries that are new or differ, before they are committed. What others
    confirmed while the provider was being asked is asked for once more: which of the two is the
    newer one cannot be told otherwise.
    """

    def __init__(
        self,
        store: SyncStore,
        endpoint: EndpointId,
        provider: Provider,
        *,
        told: Callable[[EndpointId, Sequence[Entry]], None],
        now: Callable[[], float],
    ) -> None:
        self._now = now
        self._asked = now()
        self._gave_up = False
        self._noted: Container[EntryId] = ()
        self._notes: dict[EntryId, Entry] = {}
        self._confirms = store if isinstance(store, Confirms) else None
        self._provider = provider
        self._store = store
        self._told = told
        self._endpoint = endpoint
        self._tree: ObservedTree = store.observed(endpoint)

    def commit(self, put: list[Entry], gone: Iterable[EntryId]) -> None:
        """Put entries into the observed tree and the log, keeping the hashes that are known."""
        gone = list(gone)
        if put:
            put = self._with_known_hashes(put)
            self._told(self._endpoint, put)
        moved = self._moved_folders(put)
        if put or gone:
            self._put(put, gone)
        adrift = [each for each in moved if self._is_adrift(each)]
        if adrift and isinstance(self._provider, Feeds):
            self._find_anew(adrift)
        elif adrift:
            self._put([], self.with_content(adrift))
            self._gave_up = True

    @contextmanager
    def noting(self, notes: dict[EntryId, Entry], ids: Container[EntryId]) -> Iterator[None]:
        """Let ``notes`` tell of these ids what is taken in meanwhile."""
        self._notes, self._noted = notes, ids
        try:
            yield
        finally:
            self._notes, self._noted = {}, ()

    def ask(self) -> float:
        """Note that the provider is being asked: what it says is no older than this moment."""
        self._asked = self._now()
        return self._asked

    def asked_at(self, moment: float) -> None:
        """Speak from now on of what the provider was asked for at a moment before."""
        self._asked = moment

    def inside(self, entries: Iterable[Entry], also: Iterable[EntryId] = ()) -> list[Entry]:
        """Return those in the root or in a known folder, of which those to be put are ``also``."""
        left = list(entries)
        known = {ROOT_ENTRY, *also, *self._tree.get({entry.parent for entry in left})}
        found: list[Entry] = []
        while more := [entry for entry in left if entry.parent in known]:
            found += more
            known.update(entry.id for entry in more)
            left = [entry for entry in left if entry.parent not in known]
        return found

    def with_content(self, missing: Iterable[EntryId]) -> list[EntryId]:
        """Add to folders that are gone whatever was in them and did not turn up elsewhere."""
        known = self._tree.get(missing)
        gone = dict.fromkeys(known)
        todo = [entry.id for entry in known.values() if entry.kind is Kind.FOLDER]
        while todo:
            for child in self._tree.children(todo.pop()):
                if child.id not in gone:
                    gone[child.id] = None
                    if child.kind is Kind.FOLDER:
                        todo.append(child.id)
        return list(gone)

    def folders_in(self, entries: Iterable[Entry]) -> Iterator[Ref]:
        """Yield the folders among entries, and those in them, as far as they are known."""
        places = Places(self._store)
        todo = [entry for entry in entries if entry.kind is Kind.FOLDER]
        while todo:
            folder = todo.pop()
            try:
                yield places.folder(self._endpoint, folder.id)
            except Vanished:
                continue  # it is gone again
            children = self._tree.children(folder.id)
            todo.extend(each for each in children if each.kind is Kind.FOLDER)

    def ask_for_overtaken(self, told: Sequence[Entry] = ()) -> None:
        """Find out what holds of what was not taken in, since others told otherwise."""
        for _ in range(ROUNDS):
            overtaken = self._overtaken()
            if not overtaken:
                return
            self._store.commit(Commit(observed=[self._asked_again(overtaken, told)]))

    def _put(self, put: Sequence[Entry], gone: Sequence[EntryId]) -> None:
        """Put into the store what was told, and what is found where that is in doubt."""
        doubtful = self._doubtful([*(entry.id for entry in put), *gone])
        sure = Observation(
            self._endpoint,
            [entry for entry in put if entry.id not in doubtful],
            [each for each in gone if each not in doubtful],
            asked=self._asked,
        )
        seen = [sure] if sure.put or sure.gone else []
        if doubtful:
            seen.append(self._asked_again(doubtful, put))
        self._store.commit(Commit(observed=seen))
        self._notes.update(
            (entry.id, entry) for each in seen for entry in each.put if entry.id in self._noted
        )
        self.ask_for_overtaken(put)

    def _overtaken(self) -> frozenset[EntryId]:
        """Return what others confirmed just before it was to be committed."""
        found = self._confirms.overtaken() if self._confirms is not None else ()
        return frozenset(entry for endpoint, entry in found if endpoint == self._endpoint)

    def _doubtful(self, ids: list[EntryId]) -> frozenset[EntryId]:
        if self._confirms is None:
            return frozenset()
        confirmed = self._confirms.confirmed(self._endpoint, ids)
        return frozenset(each for each, at in confirmed.items() if at >= self._asked - SKEW)

    def _asked_again(self, doubtful: Iterable[EntryId], told: Sequence[Entry]) -> Observation:
        now = self._now()
        places = Places(self._store)
        names_told = {entry.id: entry for entry in told}
        found: dict[EntryId, Entry | None] = {}
        for each in sorted(doubtful):
            entry = names_told.get(each)
            ref = self._last_ref(places, each)
            if entry is not None:
                with suppress(Vanished):
                    ref = places.child(self._endpoint, entry.parent, entry.name, each)
            found[each] = self._provider.get(ref)
        there = {entry.id: entry for entry in found.values() if entry is not None}
        put = self._with_known_hashes(self.inside(there.values(), names_told.keys() - found.keys()))
        placed = {entry.id for entry in put}
        gone = [each for each in found if each not in placed]
        return Observation(self._endpoint, put, gone, asked=now)

    def _last_ref(self, places: Places, entry: EntryId) -> Ref:
        """Name an entry by where it was last known to stand, if that can be told."""
        try:
            return places.ref(self._endpoint, entry)
        except Vanished:
            return Ref(entry, "")

    def _moved_folders(self, put: list[Entry]) -> list[EntryId]:
        """Return the known folders among entries that stand in another folder than before."""
        folders = {entry.id: entry.parent for entry in put if entry.kind is Kind.FOLDER}
        known = self._tree.get(folders) if folders else {}
        return [each for each, entry in known.items() if entry.parent != folders[each]]

    def _is_adrift(self, folder: EntryId) -> bool:
        """Say whether a folder is known to be in what is known to be in it.

        That is so after looks at a few folders only, between which others went through each
        other. No listing from the root leads there, so it has to be found anew.
        """
        return folder in self._above(folder)

    def _above(self, folder: EntryId) -> dict[EntryId, None]:
        """Return the folders above one as far as they are known, once each."""
        seen: dict[EntryId, None] = {}
        entry = self._tree.get([folder]).get(folder)
        while entry is not None and entry.parent not in seen:
            seen[entry.parent] = None
            entry = self._tree.get([entry.parent]).get(entry.parent)
        return seen

    def _find_anew(self, adrift: Iterable[EntryId]) -> None:
        """Ask where folders stand that are known to be in each other; the others are given up."""
        circles = dict.fromkeys(each for folder in adrift for each in self._above(folder))
        self.ask()
        entries = [self._provider.get(Ref(each, "")) for each in circles]
        self._put(self._within([each for each in entries if each is not None], circles), [])
        lost = [each for each in circles if self._is_adrift(each)]
        if lost:
            self._put([], self.with_content(lost))

    def _within(self, entries: Iterable[Entry], gone: Container[EntryId]) -> list[Entry]:
        """Return entries that stand in the root, with the folders above them that are not known."""
        there: dict[EntryId, Entry] = {}
        for entry in entries:
            chain = [entry]
            while (above := chain[-1].parent) != ROOT_ENTRY and above not in there:
                if above not in gone and self._tree.get([above]):
                    break
                folder = self._provider.get(Ref(above, ""))
                if folder is None or folder in chain:
                    chain = []  # it is outside the root, or moves on
                    break
                chain.append(folder)
            there.update((each.id, each) for each in reversed(chain))
        return list(there.values())

    def _with_known_hashes(self, put: list[Entry]) -> list[Entry]:
        """Keep a hash that was computed of a version though the provider does not list it."""
        if self._provider.traits.cheap_hash:
            return put
        known = self._tree.get([entry.id for entry in put])
        result: list[Entry] = []
        for entry in put:
            old = known.get(entry.id)
            if old is not None and old.version == entry.version and old.hashes != entry.hashes:
                both = hashes.merged(old.hashes, entry.hashes)
                entry = msgspec.structs.replace(entry, hashes=both)  # noqa: PLW2901 -- as it is known
            result.append(entry)
        return result
