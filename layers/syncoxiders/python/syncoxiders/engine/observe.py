"""Looking at endpoints: what changed goes into the observed tree and the change log."""

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress

import msgspec

from syncoxiders.core import hashes, names
from syncoxiders.core.model import ROOT_ENTRY, EndpointId, Entry, EntryId, Kind, Ref
from syncoxiders.engine.interrupted import OutOfTime
from syncoxiders.engine.places import Places
from syncoxiders.ports.errors import Vanished
from syncoxiders.ports.pipeline import SKEW, Confirms
from syncoxiders.ports.provider import Feeds, FolderDelta, Problem, Provider, Rescans
from syncoxiders.ports.state import Commit, Observation, ObservedTree, SyncStore

BATCH = 5_000

ROUNDS = 5
"""So often is asked again for what others confirm at the same time."""


class Look(msgspec.Struct):
    """What a look at an endpoint found: how much changed, and what it had to leave out.

    ``lost`` are entries of somebody else's that vanished.
    """

    changed: int = 0
    gone: int = 0
    problems: list[Problem] = []
    lost: list[Entry] = []


def unwatched() -> None:
    """Let work go on: nobody waits for it."""


class Watched:
    """What is known of a tree; ``alive`` is called whenever it is asked for."""

    def __init__(self, tree: ObservedTree, alive: Callable[[], None]) -> None:
        self._tree = tree
        self._alive = alive

    def children(self, folder: EntryId) -> list[Entry]:
        """Return the entries known to stand in the folder."""
        self._alive()
        return self._tree.children(folder)


class Observer:
    """Brings the observed tree of one endpoint up to date by comparing with what is known.

    ``told`` hears of entries that are new or differ, before they are committed. What others
    confirmed while the provider was being asked is asked for once more: which of the two is the
    newer one cannot be told otherwise. ``alive`` is called at every folder, and may raise to end
    the look; what was seen until then is committed.
    """

    def __init__(
        self,
        store: SyncStore,
        endpoint: EndpointId,
        provider: Provider,
        *,
        told: Callable[[EndpointId, Sequence[Entry]], None],
        now: Callable[[], float],
        alive: Callable[[], None] = unwatched,
    ) -> None:
        if not isinstance(provider, Rescans):
            raise TypeError(f"endpoint {endpoint} can neither be rescanned nor followed")
        self._now = now
        self._asked = now()
        self._gave_up = False
        self._absent: set[EntryId] = set()
        self._noted: Container[EntryId] = ()
        self._notes: dict[EntryId, Entry] = {}
        self._confirms = store if isinstance(store, Confirms) else None
        self._provider = provider
        self._rescans: Rescans = provider
        self._store = store
        self._told = told
        self._endpoint = endpoint
        self._tree: ObservedTree = store.observed(endpoint)
        self._known = Watched(self._tree, alive)

    def look(
        self,
        folders: Iterable[Ref] | None = None,
        *,
        confirm: Callable[[Look], None] | None = None,
    ) -> Look:
        """Look at the whole tree, or at some folders of it.

        What is missing is looked for a second time before it is believed, because something
        that moves while it is looked for can slip through one listing. ``confirm`` is called
        before anything is taken for gone, and may raise to prevent it. What is somebody else's
        and missing is kept as lost.
        """
        look = Look()
        only = list(folders) if folders is not None else None
        missing, _ = self._pass(look, only)
        if self._absent:
            missing = self._went_after(look, missing)
        if missing:
            missing = self._believed(look, only, missing)
        if only is not None and missing and self._provider.traits.stable_ids:
            gone = self._with_what_is_nowhere(look, missing)
        else:
            gone = self.with_content(missing)
        gone = self.keep_lost(gone, look)
        look.gone = len(gone)
        if confirm is not None and (gone or only is None):
            confirm(look)
        if gone:
            self.commit([], gone)
        return self._whole(look, confirm) if self._gave_up and only is not None else look

    def _went_after(self, look: Look, missing: set[EntryId]) -> set[EntryId]:
        """Look into folders that had been moved by the time that they were looked for.

        Where they have gone the folders tell in which they were known. Returns all that is missing.
        """
        absent = self._absent
        above = {entry.parent for entry in self._tree.get(absent).values()}
        for folders in (above, absent):
            refs = [self._last_ref(Places(self._store), each) for each in sorted(folders)]
            known = [each for each in refs if each.path or each.id == ROOT_ENTRY]
            later, found = self._pass(look, known)
            missing = (missing | later) - found
        return missing

    def _whole(self, look: Look, confirm: Callable[[Look], None] | None) -> Look:
        """Look at everything: what was given up is somewhere, and must not be taken for deleted."""
        self._gave_up = False
        whole = self.look(confirm=confirm)
        return Look(
            look.changed + whole.changed,
            whole.gone,
            [*look.problems, *whole.problems],
            [*look.lost, *whole.lost],
        )

    def _believed(self, look: Look, only: list[Ref] | None, missing: set[EntryId]) -> set[EntryId]:
        """Return those that are missing the second time as well."""
        if isinstance(self._provider, Feeds) and self._provider.traits.stable_ids:
            return self._asked_for(look, missing)  # no later look would correct it
        again = Look()
        if only is not None:  # what was found to be adrift cannot be looked at alone
            there = self._tree.get([each.id for each in only])
            only = [each for each in only if each.id == ROOT_ENTRY or each.id in there]
        later, seen = self._pass(again, only)
        look.changed += again.changed
        return self._replaced(missing | later, seen) | (missing & later)

    def _asked_for(self, look: Look, missing: set[EntryId]) -> set[EntryId]:
        """Ask for the topmost by their ids; those that are there are taken in, where they stand.

        A listing that lacked a folder has not shown what is in it either.
        """
        self.ask()
        places = Places(self._store)
        found: list[Entry] = []
        known = self._tree.get(missing)
        for each in sorted(each for each, entry in known.items() if entry.parent not in known):
            entry = self._provider.get(self._last_ref(places, each))
            if entry is not None:
                found.append(entry)
        found = self.inside(found)
        self.commit(found, [])
        gone = missing - {entry.id for entry in found}
        overlooked = list(self.folders_in(found))
        if overlooked:
            again, _ = self._pass(look, overlooked)
            listed = {folder.id for folder in overlooked}
            there = {each for each, entry in self._tree.get(gone).items() if entry.parent in listed}
            gone = (gone - there) | self._asked_for(look, again)
        return gone

    def _last_ref(self, places: Places, entry: EntryId) -> Ref:
        """Name an entry by where it was last known to stand, if that can be told."""
        try:
            return places.ref(self._endpoint, entry)
        except Vanished:
            return Ref(entry, "")

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

    def _pass(self, look: Look, folders: list[Ref] | None) -> tuple[set[EntryId], set[EntryId]]:
        """Compare once; returns what was missing everywhere, and what was new or changed."""
        self.ask()
        self._absent = set()
        missing: set[EntryId] = set()
        found: set[EntryId] = set()
        batch: list[Entry] = []
        try:
            for delta in self._rescans.rescan(self._known, folders):
                if delta.absent:
                    self._absent.add(delta.folder)
                self._take(delta, look, batch, missing, found)
                if len(batch) >= BATCH:
                    self.commit(batch, ())
                    batch = []
        except OutOfTime:
            self.commit(batch, ())
            raise
        self.commit(batch, ())
        return missing - found, found

    @staticmethod
    def _take(
        delta: FolderDelta,
        look: Look,
        batch: list[Entry],
        missing: set[EntryId],
        found: set[EntryId],
    ) -> None:
        batch.extend(delta.changed)
        missing.update(delta.missing)
        found.update(entry.id for entry in delta.changed)
        look.changed += len(delta.changed)
        look.problems.extend(delta.problems)

    def _replaced(self, missing: set[EntryId], seen: set[EntryId]) -> set[EntryId]:
        """Return those in whose place something else was seen: these are surely not there.

        What was missing once, but ``seen`` the last time, is something that was seen.
        """
        unseen = missing - seen
        return {
            entry.id
            for entry in self._tree.get(unseen).values()
            if any(
                other.name == entry.name and other.id != entry.id and other.id not in unseen
                for other in self._tree.at(entry.parent, names.key(entry.name))
            )
        }

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

    def ask_for_lost(self, ids: Iterable[EntryId]) -> bool:
        """Ask for those of these entries that are lost, now that something is to be done there.

        Where they are still not to be seen the endpoint is detached from their nodes: it has no
        part in them any more, and gets one of its own. What is in a lost folder stays lost until
        something is to be done with it, too. Says whether any were.
        """
        self.ask()
        asked = [entry for entry in self._tree.get(ids).values() if entry.lost]
        lost: set[EntryId] = set()
        for entry in asked:
            found = self._provider.get(Ref(entry.id, entry.name))
            if found is None:
                lost.add(entry.id)
            else:
                self.commit(self.inside([found]), [])
        if lost:
            self._detach(lost)
        return bool(asked)

    def ask_for_adrift(self, ids: Iterable[EntryId]) -> bool:
        """Ask for those of these entries whose folder is not known: no listing leads to them.

        They were in a folder that was empty by the time that it was deleted, and nobody has told
        of them since. What is in a folder that is not known yet will be told of. Says whether any
        were gone.
        """
        known = [entry for entry in self._tree.get(ids).values() if not entry.lost]
        above = self._tree.get({entry.parent for entry in known})
        adrift = [e.id for e in known if e.parent != ROOT_ENTRY and e.parent not in above]
        self.ask()
        found = {each: self._provider.get(Ref(each, "")) for each in adrift}
        gone = [each for each, entry in found.items() if entry is None]
        there = self.inside(filter(None, found.values()))
        self.commit(there, self.with_content(gone))
        return bool(there or gone)

    def _detach(self, lost: set[EntryId]) -> None:
        below = self._tree.get(set(self.with_content(lost)) - lost)
        base = self._store.base()
        nodes = base.get(base.of(self._endpoint, lost).values())
        detached = [
            msgspec.structs.replace(
                node,
                replicas={k: each for k, each in node.replicas.items() if k != self._endpoint},
            )
            for node in nodes.values()
        ]
        kept = [msgspec.structs.replace(entry, lost=True) for entry in below.values()]
        seen = [
            Observation(self._endpoint, kept, log=False, asked=self._asked),
            Observation(self._endpoint, gone=sorted(lost), asked=self._asked),
        ]
        self._store.commit(Commit(nodes=detached, observed=seen))

    def _with_what_is_nowhere(self, look: Look, missing: set[EntryId]) -> list[EntryId]:
        """Add to folders that are gone whatever was in them and is not found by its id either.

        It may have been moved to a folder that was not looked at, before its own was deleted.
        """
        self.ask()
        places = Places(self._store)
        known = self._tree.get(missing)
        gone = dict.fromkeys(known)
        found: dict[EntryId, Entry] = {}
        todo = [entry.id for entry in known.values() if entry.kind is Kind.FOLDER]
        while todo:
            for child in self._tree.children(todo.pop()):
                if child.id in gone:
                    continue
                entry = self._provider.get(self._last_ref(places, child.id))
                if entry is not None and entry.kind is child.kind:
                    found[entry.id] = entry
                    continue
                gone[child.id] = None
                if child.kind is Kind.FOLDER:
                    todo.append(child.id)
        there = self._within(found.values(), gone)
        self.commit(there, [])
        look.changed += len(there)
        new = [entry.id for entry in there if entry.id not in found]
        left: set[EntryId] = set()
        if new:
            folders = [Places(self._store).folder(self._endpoint, each) for each in new]
            left = self._asked_for(look, self._pass(look, folders)[0])
        placed = {entry.id for entry in there} - left
        lost = self.with_content([*(each for each in found if each not in placed), *left])
        return [each for each in dict.fromkeys((*gone, *lost)) if each not in placed]

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

    def keep_lost(self, gone: list[EntryId], look: Look) -> list[EntryId]:
        """Mark as lost what is somebody else's; returns the rest, which is gone.

        What stands in a folder that is gone went with it.
        """
        known = self._tree.get(gone)
        lost = [
            entry
            for entry in known.values()
            if (entry.foreign or entry.lost) and known.get(entry.parent, entry).foreign
        ]
        staying = set(self.with_content(entry.id for entry in lost)) if lost else set()
        look.lost.extend(entry for entry in lost if not entry.lost)
        marked = [msgspec.structs.replace(entry, lost=True) for entry in lost if not entry.lost]
        if marked:
            seen = Observation(self._endpoint, marked, log=False, asked=self._asked)
            self._store.commit(Commit(observed=[seen]))
        return [each for each in gone if each not in staying]

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

    def ask_for_overtaken(self, told: Sequence[Entry] = ()) -> None:
        """Find out what holds of what was not taken in, since others told otherwise."""
        for _ in range(ROUNDS):
            overtaken = self._overtaken()
            if not overtaken:
                return
            self._store.commit(Commit(observed=[self._asked_again(overtaken, told)]))

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
