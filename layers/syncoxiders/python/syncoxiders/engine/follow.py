"""Following a change feed: its events go into the observed tree and the change log.

A feed tells of what lies outside the root as well, of folders after what is in them, and of a
folder that came into the root without its content. What a page says is therefore gathered, and
put in its place once its folders are known.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from syncoxiders.core import names
from syncoxiders.core.model import ROOT_ENTRY, EndpointId, Entry, EntryId, Kind, Traits
from syncoxiders.engine.observe import Look, Observer, unwatched
from syncoxiders.engine.places import Places
from syncoxiders.ports.provider import Change, Feeds, Page, Provider, TellsApart
from syncoxiders.ports.state import ObservedTree, SyncStore

MANY = 20_000
"""So many events are gathered before they are put in their place."""

HALF = "half:"
"""Stands before a cursor while what follows it is taken in, if it tells of new folders.

A run that dies between taking in such a folder and listing it leaves this for the next one, to
which the folder is told again, but is not new.
"""


class Follower:
    """Brings the observed tree of one endpoint up to date by what its feed tells."""

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
        if not isinstance(provider, Feeds):
            raise TypeError(f"endpoint {endpoint} has no feed")
        self._feed: Feeds = provider
        self._tells_apart = provider if isinstance(provider, TellsApart) else None
        self._traits = provider.traits
        self._store = store
        self._endpoint = endpoint
        self._tree = store.observed(endpoint)
        self._alive = alive
        self._observer = Observer(store, endpoint, provider, told=told, now=now, alive=alive)

    def follow(
        self,
        cursor: str,
        keep: Callable[[str], None],
        *,
        confirm: Callable[[Look], None] | None = None,
    ) -> Look:
        """Take in everything after the cursor; ``keep`` is given each cursor that is reached.

        A cursor is kept once all that it passes is in the store; until then the one before it
        may be kept anew, as :data:`HALF` says. ``confirm`` is called before
        anything is taken for gone, and may raise to prevent it. Raises CursorExpired, after
        which everything has to be looked at.
        """
        look = Look()
        again = cursor.startswith(HALF)
        cursor = cursor.removeprefix(HALF)
        while True:
            gathered = Gathered(self._tree, self._traits)
            page = Page(cursor, more=True)
            asked = self._observer.ask()
            while page.more and gathered.count < MANY:
                self._alive()
                page = self._feed.changes(page.cursor)
                gathered.take(page.changes)
            begun = again or gathered.has_new_folders()
            if begun and not again:
                keep(f"{HALF}{cursor}")
            self._settle(gathered, asked, look, confirm, again=again)
            if begun or page.cursor != cursor:
                keep(page.cursor)
            cursor, again = page.cursor, False
            if not page.more:
                return look

    def _settle(
        self,
        gathered: "Gathered",
        asked: float,
        look: Look,
        confirm: Callable[[Look], None] | None,
        *,
        again: bool,
    ) -> None:
        """Put in their place what can be followed up to the root; the rest is outside.

        If some of it was taken in before, ``again``, a folder that is known may not be listed yet.
        """
        inside, outside, known = gathered.divided()
        half_told = gathered.half_told()
        found = dict(known)
        changed = [entry for entry in inside if _differs(known.get(entry.id), entry)]
        look.changed += len(changed)
        new = {
            entry.id: entry
            for entry in inside
            if entry.kind is Kind.FOLDER and entry.id not in known
        }
        # a listing descends into what is not known: so the topmost come before what is in them
        self._observer.commit([entry for entry in changed if entry.parent not in new], [])
        with self._observer.noting(found, {each.id for each in changed if each.parent in new}):
            self._look_into([entry for entry in new.values() if entry.parent not in new], look)
        self._observer.asked_at(asked)
        listed = self._known(set(new))
        unlisted = [
            entry
            for entry in changed
            if entry.parent in new and _differs(found.get(entry.id), entry)
        ]
        self._observer.commit(unlisted, [])
        # a listing may lag behind the feed, and a run that died have taken in what it did not list
        missed = [entry for entry in new.values() if entry.id not in listed]
        if again:
            missed += [entry for entry in inside if entry.id in known]
        self._look_into(missed, look)
        self._look_for_heirs([entry for entry in changed if entry.id in known], known, look)
        self._look_into_unclear(gathered.unclear, look)
        self._look_again(half_told, look, confirm)
        self._observer.asked_at(asked)
        gone = [each for each in gathered.gone if each not in gathered.lost]
        gone += self._left(outside, gone)
        withdrawn = self._observer.keep_lost(sorted(self._known(gathered.lost)), look)
        gone = self._observer.with_content([*gone, *withdrawn])
        look.gone += len(gone)
        if confirm is not None and gone:
            confirm(look)
        self._observer.commit([], gone)

    def _left(self, outside: list[Entry], gone: list[EntryId]) -> list[EntryId]:
        """Return those that stand in no folder of the root, also because it goes or left itself."""
        if not outside:
            return []
        there = self._known({entry.parent for entry in outside})  # by a look into what is new
        there.difference_update(self._observer.with_content(gone))
        left: dict[EntryId, None] = {}
        before = -1
        while len(left) > before:
            before = len(left)
            left.update((each.id, None) for each in outside if each.parent not in there)
            there.difference_update(left)
        return list(left)

    def _known(self, ids: set[EntryId]) -> set[EntryId]:
        return set(self._tree.get(ids))

    def _look_into(self, entries: list[Entry], look: Look) -> None:
        """List folders of which nothing was known: what is in them need not have been told."""
        refs = list(dict.fromkeys(self._observer.folders_in(entries)))
        if refs:
            found = self._observer.look(refs)
            look.changed += found.changed
            look.problems.extend(found.problems)

    def _look_for_heirs(
        self, changed: list[Entry], known: Mapping[EntryId, Entry], look: Look
    ) -> None:
        """Ask what is shown under the names that others of the same name have left."""
        told = {(entry.parent, entry.name) for entry in changed}
        left = {(old.parent, old.name) for entry in changed for old in [known[entry.id]]} - told
        if self._tells_apart is None or not left:
            return
        asked = self._observer.ask()
        found = self._tells_apart.heirs(sorted(left))
        there = self._tree.get([entry.id for entry in found])
        heirs = [each for each in found if each.id in there and _differs(there[each.id], each)]
        look.changed += len(heirs)
        self._observer.asked_at(asked)
        self._observer.commit(self._observer.inside(heirs), [])

    def _look_again(
        self, folders: list[EntryId], look: Look, confirm: Callable[[Look], None] | None
    ) -> None:
        """List known folders, if they are still there."""
        places = Places(self._store)
        refs = [places.folder(self._endpoint, each) for each in self._known(set(folders))]
        if refs:
            found = self._observer.look(refs, confirm=confirm)
            look.changed += found.changed
            look.gone += found.gone
            look.problems.extend(found.problems)

    def _look_into_unclear(self, paths: set[str], look: Look) -> None:
        """List the nearest known folders above places that a feed of paths left unclear."""
        places = Places(self._store)
        refs = {}
        for path in paths:
            folder = ROOT_ENTRY
            for name in path.split("/")[:-1]:
                found = _child(self._tree, self._traits, folder, name)
                if found is None or found.kind is not Kind.FOLDER:
                    break
                folder = found.id
            refs[folder] = places.folder(self._endpoint, folder)
        if refs:
            found_there = self._observer.look(list(refs.values()))
            look.changed += found_there.changed
            look.problems.extend(found_there.problems)


class Gathered:
    """Events of a feed, applied in order upon what is known, and not yet in the store.

    ``gone`` are ids that are no more, ``lost`` those of them that may be withdrawn instead;
    ``unclear`` are paths in folders of which nothing is known.
    """

    def __init__(self, tree: ObservedTree, traits: Traits) -> None:
        self._tree = tree
        self._traits = traits
        self._put: dict[EntryId, Entry] = {}
        self._by_place: dict[tuple[EntryId, str], EntryId] = {}
        self._told_anew: dict[EntryId, None] = {}
        self._assumed: set[EntryId] = set()  # put where nothing has told that they are
        self.gone: dict[EntryId, None] = {}
        self.lost: set[EntryId] = set()
        self.unclear: set[str] = set()
        self.count = 0

    def take(self, changes: Sequence[Change]) -> None:
        """Apply the events of a page."""
        for change in changes:
            self.count += 1
            if change.entry is not None:
                self._stands(change.entry, change.path)
            elif change.id:
                self._went(change.id, lost=change.lost)
            else:
                for found in self._all_at_path(change.path):
                    self._went_with_content(found, lost=change.lost)

    def _stands(self, entry: Entry, path: str) -> None:
        if entry.id == ROOT_ENTRY:
            return
        if not entry.parent:
            folder, _, name = path.rpartition("/")
            parent = self._at_path(folder) if folder else ROOT_ENTRY
            if parent is None:
                self.unclear.add(path)
                return
            for before in self._all_at(parent, name):
                if before != entry.id:
                    self._replaced(before, entry)
            entry = msgspec.structs.replace(entry, parent=parent)
            self._came(entry)
        self._put_in(entry)

    def _put_in(self, entry: Entry) -> None:
        self._withdraw(entry.id)
        self._put[entry.id] = entry
        self._by_place[entry.parent, self._form(entry.name)] = entry.id
        self.gone.pop(entry.id, None)
        self.lost.discard(entry.id)

    def _went(self, entry: EntryId, *, lost: bool) -> None:
        self._withdraw(entry)
        self.gone[entry] = None
        if lost:
            self.lost.add(entry)
        else:
            self.lost.discard(entry)

    def _came(self, entry: Entry) -> None:
        """Where a folder came from another path, what is in it is told of again, or is gone."""
        known = self._tree.get([entry.id]).get(entry.id)
        if known is None or known.kind is not Kind.FOLDER or self._is_told(known.id):
            return
        if (known.parent, self._form(known.name)) == (entry.parent, self._form(entry.name)):
            self._told_anew[entry.id] = None
            return
        for child in self._tree.children(known.id):
            if not self._is_told(child.id) and child.id not in self.gone:
                self._went_with_content(child.id)

    def _is_told(self, entry: EntryId) -> bool:
        return entry in self._put and entry not in self._assumed

    def has_new_folders(self) -> bool:
        """Say whether folders are told that are not known."""
        told = [each for each, entry in self._put.items() if entry.kind is Kind.FOLDER]
        return len(self._tree.get(told)) < len(told)

    def half_told(self) -> list[EntryId]:
        """Return the folders that were told at paths where they were known, but not all in them.

        What moved one there may have been ours, or been taken in by a run that died: then what
        was deleted in it before is not told, since its path was gone with the folder's.
        """
        return [
            folder
            for folder in self._told_anew
            if folder in self._put
            and any(
                child.id not in self._put and child.id not in self.gone
                for child in self._tree.children(folder)
            )
        ]

    def _replaced(self, before: EntryId, entry: Entry) -> None:
        """Put another entry at a path: what is below a folder stays there if nothing else is told.

        Source: https://www.dropbox.com/developers/documentation/http/documentation#files-list_folder
        """
        if entry.kind is not Kind.FOLDER:
            self._went_with_content(before)
            return
        for child in self._tree.children(before):
            if child.id not in self._put and child.id not in self.gone and child.id != entry.id:
                self._put_in(msgspec.structs.replace(child, parent=entry.id))
                self._assumed.add(child.id)
        self._went(before, lost=False)

    def _went_with_content(self, entry: EntryId, *, lost: bool = False) -> None:
        """Take for gone what stood at a path and below; what moved from there is told of again."""
        todo = [entry]
        while todo:
            each = todo.pop()
            inside = [
                child.id
                for child in self._tree.children(each)
                if child.id not in self._put and child.id not in self.gone
            ]
            self._went(each, lost=lost)
            todo.extend(inside)

    def _withdraw(self, entry: EntryId) -> None:
        self._assumed.discard(entry)
        old = self._put.pop(entry, None)
        if old is not None:
            place = (old.parent, self._form(old.name))
            if self._by_place.get(place) == entry:
                del self._by_place[place]

    # -- by path -------------------------------------------------------------------------------

    def _form(self, name: str) -> str:
        return names.folded(name, self._traits)

    def _at_path(self, path: str) -> EntryId | None:
        folder: EntryId = ROOT_ENTRY
        for name in path.split("/") if path else ():
            found = self._at(folder, name)
            if found is None:
                return None
            folder = found
        return folder

    def _all_at_path(self, path: str) -> list[EntryId]:
        folder, _, name = path.rpartition("/")
        parent = self._at_path(folder)
        return self._all_at(parent, name) if parent is not None and name else []

    def _at(self, folder: EntryId, name: str) -> EntryId | None:
        """Return what stands at a place by now."""
        return next(iter(self._all_at(folder, name)), None)

    def _all_at(self, folder: EntryId, name: str) -> list[EntryId]:
        """Return what stands at a place by now, and what a run that died left to be known there.

        Such a run took in what replaced something, but not yet that this is gone.
        """
        known = [
            entry.id
            for entry in _children(self._tree, self._traits, folder, name)
            if entry.id not in self._put and entry.id not in self.gone  # else it stands elsewhere
        ]
        found = self._by_place.get((folder, self._form(name)))
        return [found, *known] if found is not None else known

    # -- where all of it is --------------------------------------------------------------------

    def divided(self) -> tuple[list[Entry], list[Entry], Mapping[EntryId, Entry]]:
        """Return the entries inside the root, folders first, and known ones that left it.

        With them goes what was known of them all. The folder of something known is known as well,
        and is not asked for.
        """
        inside: dict[EntryId, Entry] = {}
        outside: dict[EntryId, None] = {}
        known = self._tree.get(self._put)
        parents = {entry.parent for entry in self._put.values()} - self._put.keys()
        parents -= self.gone.keys()
        folders = parents & {entry.parent for entry in known.values()}
        folders |= self._tree.get(parents - folders - {ROOT_ENTRY}).keys()
        for start in self._put.values():
            chain: list[Entry] = []
            entry: Entry | None = start
            reached = False
            while entry is not None and entry.id not in outside:
                if entry.id in inside:
                    reached = True
                    break
                if entry in chain:  # a circle: the feed was read while somebody moved folders
                    break
                chain.append(entry)
                if entry.parent == ROOT_ENTRY or entry.parent in folders:
                    reached = True
                    break
                entry = self._put.get(entry.parent)
            for each in reversed(chain):
                if reached:
                    inside[each.id] = each
                else:
                    outside[each.id] = None
        left = [self._put[each] for each in outside if each in known]
        return list(inside.values()), left, known


def _child(tree: ObservedTree, traits: Traits, folder: EntryId, name: str) -> Entry | None:
    """Return what is known to stand in a folder under a name, in the provider's own eyes."""
    return next(_children(tree, traits, folder, name), None)


def _children(tree: ObservedTree, traits: Traits, folder: EntryId, name: str) -> Iterator[Entry]:
    form = names.folded(name, traits)
    for entry in tree.at(folder, names.key(name)):
        if names.folded(entry.name, traits) == form:
            yield entry


def _differs(old: Entry | None, new: Entry) -> bool:
    """Say whether an entry tells anything but hashes that were not known of its version."""
    if old is None:
        return True
    return old.version != new.version or msgspec.structs.replace(old, hashes=new.hashes) != new
