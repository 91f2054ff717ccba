"""Looking at endpoints: what changed goes into the observed tree and the change log."""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from syncoxiders.core import names
from syncoxiders.core.model import ROOT_ENTRY, EndpointId, Entry, EntryId, Kind, Ref
from syncoxiders.engine.intake import Intake
from syncoxiders.engine.interrupted import OutOfTime
from syncoxiders.engine.places import Places
from syncoxiders.ports.provider import Feeds, FolderDelta, Problem, Provider, Rescans
from syncoxiders.ports.state import Commit, Observation, ObservedTree, SyncStore

BATCH = 5_000


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


class Observer(Intake):
    """Brings the observed tree of one endpoint up to date by comparing with what is known.

    ``alive`` is called at every folder, and may raise to end the look; what was seen until then is
    committed.
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
        super().__init__(store, endpoint, provider, told=told, now=now)
        self._absent: set[EntryId] = set()
        self._rescans: Rescans = provider
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
