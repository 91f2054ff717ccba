"""Observed entries as items, whom each belongs to, and where it stands.

An entry's item holds what was observed (``data``, absent when it is no more), ``seen`` (the
microsecond that this was asked for or confirmed), ``claims`` (the nodes that have it for a
replica, see :mod:`._claims`), and ``at``: the token of the item that makes it known in its
folder. That item is put before the entry stands there, and deleted once it does not. Each placing
has a token of its own, so that whoever clears an old place clears no later one.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import TypeAlias

import msgspec

from syncoxiders.adapters.items._claims import Claim, changed, claims_of
from syncoxiders.adapters.items._codec import entry_id, pack_entry
from syncoxiders.adapters.items._folders import Folders
from syncoxiders.adapters.items._keys import (
    SHARDS,
    Keys,
    name_key,
    shard_of_name,
    sort_key,
)
from syncoxiders.adapters.items._tables import Tables, put_all
from syncoxiders.adapters.items._wishes import NOTHING, Known, Outcome, Where, Wish, known_from
from syncoxiders.core import names
from syncoxiders.core.model import EndpointId, Entry, EntryId, NodeId
from syncoxiders.ports.errors import StateUnavailable
from syncoxiders.ports.items import (
    AtMost,
    Condition,
    Delete,
    Equals,
    Every,
    Item,
    Key,
    Missing,
    Put,
    Raced,
    Update,
    Value,
)

Resolve: TypeAlias = Callable[[Where, Claim], bool]
"""Says whether who claims an entry has no right to it, and will never have."""

ROUNDS = 20
"""So often a write is tried again that others came before."""

FORGET_DAYS = 1
"""So long it is remembered when an entry was last confirmed to be gone.

Whoever asked for a page before that has long died: a function runs for 15 minutes at most.
"""

KNOWN = 50_000


class Entries:
    """The entries of a sync, at all endpoints.

    A planner takes folders as they were when they were read since the last write, or since what
    it plans was logged; others see them as they are. What is observed and belongs to nobody is
    bound to a node of an id that ``reserve`` gives, which the planner makes if it needs one.
    """

    def __init__(
        self, tables: Tables, keys: Keys, reserve: Callable[[], NodeId], *, planning: bool = False
    ) -> None:
        self._reserve = reserve
        self._planning = planning
        self._folders = Folders[tuple[EndpointId, EntryId], str](
            tables, lambda folder, shard: keys.entries_in(*folder, shard), placed_id
        )
        self._tables = tables
        self._keys = keys
        self._known: dict[Where, Known] = {}
        self._first: dict[Where, int] = {}  # what was ``seen`` when it was read first
        self._fresh: dict[Where, Known] = {}
        self._lately: dict[Where, Known] = {}
        self._assumed: dict[Where, tuple[EntryId, str, str]] = {}
        self.overtaken: set[Where] = set()

    # -- reading -------------------------------------------------------------------------------

    def read(self, wanted: Collection[Where]) -> dict[Where, Known]:
        """Return the items of entries, as they are now."""
        keys = {where: self._key(where) for where in wanted}
        found = self._tables.tree.get(list(keys.values()))
        if len(self._known) > KNOWN:
            self._known.clear()
            self._lately.clear()
            self._first.clear()
        read = {where: known_from(found.get(key)) for where, key in keys.items()}
        self._known.update(read)
        for where, known in read.items():
            self._first.setdefault(where, known.seen)
        self._lately.update(read)
        return read

    def read_lately(self, wanted: Collection[Where]) -> dict[Where, Known]:
        """Return the items as they were when they were read last, if nothing was written since.

        What others write meanwhile is noticed when the entry is written.
        """
        found = {where: self._lately[where] for where in wanted if where in self._lately}
        return found | self.read([where for where in wanted if where not in found])

    def read_ahead(self, wanted: Collection[Where]) -> dict[Where, Known]:
        """Return the items like :meth:`read`; who asks for them next need not read them again."""
        read = self.read(wanted)
        self._fresh.update(read)
        return read

    def stale(self) -> None:
        """Let what was read ahead, or lately, be read again."""
        self._fresh.clear()
        self._lately.clear()
        self._folders.stale()

    def entries(self, endpoint: EndpointId, ids: Iterable[EntryId]) -> dict[EntryId, Entry]:
        """Return those that are there, in the order of their ids."""
        wanted = [(endpoint, each) for each in sorted(set(ids))]
        read = {where: self._fresh.pop(where) for where in wanted if where in self._fresh}
        read |= self.read([where for where in wanted if where not in read])
        return {where[1]: entry for where in wanted if (entry := read[where].entry) is not None}

    def at(self, where: Where) -> str:
        """Return the token of where an entry was read to stand last, ``""`` if it was not."""
        known = self._known.get(where)
        return known.at if known is not None and known.entry is not None else ""

    def assume(self, where: Where, parent: EntryId, name: str, at: str) -> None:
        """Take an entry for standing where its planner read it, for a write that replaces it."""
        self._assumed[where] = parent, name, at

    def is_unowned(self, where: Where) -> bool:
        """Say whether an entry is there, and nobody's, as far as it was read or written."""
        known = self._known.get(where)
        return known is not None and known.entry is not None and not known.claims

    def claims(self, where: Where) -> list[Claim]:
        """Return the claims on an entry as it was read or written last, none if it was not."""
        known = self._known.get(where)
        return [] if known is None else claims_of(known.claims)

    def is_gone(self, where: Where) -> bool:
        """Say whether an entry was read or written last as one that is no more."""
        known = self._known.get(where)
        return known is not None and known.entry is None

    def placed(self, endpoint: EndpointId, folder: EntryId, key: str | None = None) -> list[Entry]:
        """Return the entries in a folder, or those of them whose name has a ``names.key``."""
        if key is None:
            sorts = self._folders.inside((endpoint, folder))
        elif self._planning:
            sorts = self._folders.named_lately((endpoint, folder), name_key(key))
        else:
            sorts = self._folders.named((endpoint, folder), name_key(key))
        return [
            entry
            for entry in self._placed(endpoint, dict.fromkeys(sorts))
            if entry is not None
            and entry.parent == folder
            and (key is None or names.key(entry.name) == key)
        ]

    def _placed(self, endpoint: EndpointId, sorts: Iterable[str]) -> Iterator[Entry | None]:
        unread: list[Key] = []
        for sort in sorts:
            lately = self._lately.get((endpoint, sort[1:])) if sort.startswith("=") else None
            if self._planning and lately is not None:
                yield lately.entry
            else:
                unread.append(self._keys.entry(endpoint, sort))
        for item in self._tables.tree.get(unread).values():
            known = known_from(item)
            if known.entry is not None:
                self._lately[endpoint, known.entry.id] = known
            yield known.entry

    def shard(self, endpoint: EndpointId, shard: int) -> Iterator[tuple[EntryId, Item]]:
        """Yield the ids and items of all entries in a shard that are there."""
        for item in self._tables.tree.query(self._keys.entries(endpoint, shard)):
            data = item.attributes.get("data")
            if data is not None:
                yield entry_id(data, item.key[1]), item

    def all_shards(
        self, endpoint: EndpointId
    ) -> list[Callable[[], Iterator[tuple[EntryId, Item]]]]:
        """Return readers of all shards."""
        return [lambda shard=shard: self.shard(endpoint, shard) for shard in range(SHARDS)]  # type: ignore[misc]  # mypy infers no type of a lambda with a default

    def forget(self) -> None:
        """Let go of what is known: it may be otherwise."""
        self._known.clear()
        self.stale()

    def _key(self, where: Where) -> Key:
        return self._keys.entry(where[0], sort_key(where[1]))

    # -- writing -------------------------------------------------------------------------------

    def write(self, wishes: Mapping[Where, Wish], without_right: Resolve) -> Outcome:
        """Make wishes true, each in one conditional write.

        What is in a folder comes and goes before it does: whoever dies on the way leaves nothing
        behind that no look would ever come to, and no folder that is taken for known though what
        is in it is not.
        """
        self._fresh.clear()
        self._folders.stale()
        if self._planning:
            self._lately.clear()
        outcome = Outcome()
        for where, wish in wishes.items():
            wish.seen = self._first.get(where, 0) if wish.begun else None
        try:
            unknown = [where for where in wishes if where not in self._known]
            # nothing is known of it, unless others came before, which its write tells
            self._known.update((where, NOTHING) for where in unknown if wishes[where].is_new)
            for where in unknown:
                told, assumed = wishes[where], self._assumed.pop(where, None)
                if told.entry is not None and told.replaces and assumed is not None:
                    parent, name, at = assumed
                    entry = msgspec.structs.replace(told.entry, parent=parent, name=name)
                    self._known[where] = Known(entry, at=at, assumed=True)
            self._make_known(wishes)
            for some in self._deepest_first(wishes):
                self._fulfil(some, without_right, outcome)
        except BaseException:
            self.forget()
            raise
        if self._planning:
            self._lately.clear()  # what is planned next is read after what was logged
        else:  # the answers told what is there
            known = self._known
            self._lately.update((where, known[where]) for where in wishes if where in known)
        return outcome

    def _deepest_first(self, wishes: Mapping[Where, Wish]) -> Iterator[dict[Where, Wish]]:
        """Yield what stays, then new folders, then what is no more, from the deepest up.

        What is known and was moved into a new folder comes after it: until then it stands where it
        stood, and is missed there should the folder go before it was ever known.
        """
        told = {where: wish.entry for where, wish in wishes.items() if wish.told}
        known = {where: self._known[where].entry for where in told}
        filled = {(where[0], entry.parent) for where, entry in told.items() if entry is not None}
        coming = {
            where: (where[0], entry.parent)
            for where, entry in told.items()
            if entry is not None and known[where] is None and where in filled
        }
        going = {
            where: (where[0], old.parent)
            for where, entry in told.items()
            if entry is None and (old := known[where]) is not None
        }
        entering = [
            where
            for where, entry in told.items()
            if entry is not None and known[where] is not None and (where[0], entry.parent) in coming
        ]
        later = {*coming, *going, *entering}
        yield {where: wish for where, wish in wishes.items() if where not in later}
        for some in (*_upwards(coming), entering, *_upwards(going)):
            yield {where: wishes[where] for where in some}

    def _make_known(self, wanted: Collection[Where]) -> None:
        """Read what is not known. What reading lets go of, there being too much, is read again."""
        self.read([where for where in wanted if where not in self._known])
        if any(where not in self._known for where in wanted):
            self.read(wanted)

    def _fulfil(self, wishes: dict[Where, Wish], without_right: Resolve, outcome: Outcome) -> None:
        left = wishes
        for _ in range(ROUNDS):
            if not left:
                return
            self._make_known(left)
            left = self._round(left, without_right, outcome)
        if left:
            raise StateUnavailable("Others keep writing the same entries; try again later.")

    def _round(
        self, wishes: dict[Where, Wish], without_right: Resolve, outcome: Outcome
    ) -> dict[Where, Wish]:
        """Try each wish once; returns those that others came before."""
        places: list[Put] = []
        tries: list[tuple[Where, Known, _Try]] = []
        for where, wish in wishes.items():
            known = self._known[where]
            if wish.claimant is not None:
                self._judge(where, wish, known, without_right, outcome)
            tried = self._try(where, wish, known)
            if tried is not None:
                tries.append((where, known, tried))
                places.extend(tried.place)
        put_all(self._tables.tree, places)
        results = self._tables.tree.write([tried.change for _, _, tried in tries])
        again: dict[Where, Wish] = {}
        cleared: list[Delete] = []
        for (where, known, tried), result in zip(tries, results, strict=True):
            ours = isinstance(result, Item)
            item = result.item if isinstance(result, Raced) else result
            now = self._known[where] = known_from(item)
            if not ours and tried.token and now.at == tried.token:
                ours = True  # the first answer was lost, and the request made again
            if not ours:
                again[where] = wishes[where]
                cleared.extend(Delete(put.item.key) for put in tried.place)
                continue
            cleared.extend(tried.cleared)
            self._first[where] = now.seen
            grown = (now.entry is not None) - (known.entry is not None)
            if grown:
                outcome.grown[where[0]] = outcome.grown.get(where[0], 0) + grown
        if cleared:
            self._tables.tree.write(cleared)
        return again

    def _judge(
        self, where: Where, wish: Wish, known: Known, without_right: Resolve, outcome: Outcome
    ) -> None:
        """Refuse a claim on what is another's; drop the claims of who has no right to it."""
        for claim in claims_of(changed(known.claims, (), wish.drop)):
            if claim.gone or claim.node == wish.claimant:
                continue
            if without_right(where, claim):
                wish.drop.add(claim)
            else:
                outcome.refused.add(where)
                wish.add.clear()
                wish.drop.clear()
                wish.claimant = None
                return

    def _try(self, where: Where, wish: Wish, known: Known) -> "_Try | None":
        """Return what to write, or None if all is as wished."""
        told = wish.told and wish.is_believed(known)
        if wish.told and not told and wish.entry != known.entry:
            self.overtaken.add(where)
        claims = changed(known.claims, wish.add, wish.drop)
        entry = wish.entry if told else known.entry
        if not told and claims == known.claims:
            return None
        if told and wish.asked and entry is not None and not claims and not known.claims:
            claims = frozenset({Claim(self._reserve()).member})
        put: dict[str, Value] = {}
        remove: list[str] = []
        when: list[Condition] = []
        tried = _Try(Update(self._key(where)))
        if told:
            # what we wrote is confirmed after whatever was asked for in the same microsecond
            seen = put["seen"] = wish.asked or max(self._tables.stamp() + 1, known.seen)
            when.append(Equals("at", known.at) if known.at else Missing("at"))
            if known.assumed:
                when.append(AtMost("seen", wish.begun + 1 if wish.begun else seen))
            elif wish.asked or wish.begun:
                when.append(AtMost("seen", max(known.seen, wish.begun + 1)))
            self._place(where, known, entry, tried)
            if entry is None:
                remove += ["data", "at"]
            else:
                sort = tried.change.key[1]
                put["data"] = pack_entry(entry, with_id=not sort.startswith("="))
                put["at"] = tried.token or known.at
        unused = entry is None and not claims
        if claims != known.claims:
            if claims:
                put["claims"] = claims
            else:
                remove.append("claims")
        if claims != known.claims or unused:
            when.append(Equals("claims", known.claims) if known.claims else Missing("claims"))
        if unused:
            put["expires"] = self._tables.later(FORGET_DAYS)
            if not told:
                when.append(Missing("at"))
        else:
            remove.append("expires")
        tried.change = Update(
            tried.change.key, put=put, remove=tuple(remove), when=Every(tuple(when))
        )
        return tried

    def _place(self, where: Where, known: Known, entry: Entry | None, tried: "_Try") -> None:
        """Note which place has to be made known, and which is not one any more."""
        endpoint, ident = where
        old = known.entry
        if old is not None and entry is not None:
            same = old.parent == entry.parent and names.key(old.name) == names.key(entry.name)
            if same and known.at:
                return
        sort = sort_key(ident)
        if old is not None and known.at:
            tried.cleared.append(Delete(self._place_key(endpoint, old, sort, known.at)))
        if entry is not None:
            tried.token = self._tables.token()
            tried.place.append(Put(Item(self._place_key(endpoint, entry, sort, tried.token))))

    def _place_key(self, endpoint: EndpointId, entry: Entry, sort: str, token: str) -> Key:
        name = name_key(names.key(entry.name))
        partition = self._keys.entries_in(endpoint, entry.parent, shard_of_name(name))
        return partition, f"{name}/{token}/{sort}"


class _Try(msgspec.Struct):
    """An attempt: the places to put before, the change, and the places to clear after it."""

    change: Update
    token: str = ""
    place: list[Put] = msgspec.field(default_factory=list)
    cleared: list[Delete] = msgspec.field(default_factory=list)


def placed_id(item: Item) -> str:
    """Return the sort key of what an item makes known in a folder."""
    return item.key[1].split("/", 2)[2]


def _upwards(folders: Mapping[Where, Where]) -> Iterator[list[Where]]:
    """Yield what stands in these folders from the deepest up, what is equally deep together."""
    left = dict(folders)
    while left:
        above = set(left.values())
        some = [where for where in left if where not in above] or list(left)
        yield some
        for where in some:
            del left[where]
