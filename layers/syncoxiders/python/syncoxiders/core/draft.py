"""A plan in the making: base nodes as they will be, loaded from a view as they are needed."""

from collections.abc import Container, Iterable, Iterator

import msgspec

from syncoxiders.core import hashes, names
from syncoxiders.core.model import (
    ROOT,
    ROOT_ENTRY,
    UNKNOWN_SIZE,
    Conflict,
    Content,
    EndpointId,
    Entry,
    EntryId,
    Kind,
    Node,
    NodeId,
    Replica,
)
from syncoxiders.core.rule import Look, Rule, View

_NONE: frozenset[NodeId] = frozenset()


class Work:
    """A node as it will be.

    ``entries`` holds what each reachable endpoint has of it now; of those ``away`` nothing is
    known. A ``frozen`` node is not
    planned this time and stays as base has it. ``keep`` names the endpoints at which what a
    person wrote is about to be deleted, and has to be kept in the trash.
    """

    __slots__ = (
        "away",
        "base",
        "conflict",
        "content",
        "content_gen",
        "entries",
        "forget",
        "frozen",
        "gone",
        "hidden",
        "id",
        "keep",
        "kind",
        "merge_failed",
        "name",
        "out",
        "parent",
        "past",
        "place_gen",
        "remade",
        "replicas",
        "unanswered",
    )

    def __init__(self, node: Node, base: Node | None, away: frozenset[EndpointId]) -> None:
        self.base = base
        self.away = away
        self.id: NodeId = node.id
        self.parent: NodeId = node.parent
        self.name: str = node.name
        self.kind: Kind = node.kind
        self.content: Content | None = node.content
        self.content_gen: int = node.content_gen
        self.place_gen: int = node.place_gen
        self.gone: bool = node.gone
        self.out: bool = node.out
        self.past: tuple[str, ...] = node.past
        self.conflict: Conflict | None = node.conflict
        self.merge_failed: str = node.merge_failed
        self.replicas: dict[EndpointId, Replica] = dict(node.replicas)
        self.unanswered: tuple[EndpointId, ...] = node.unanswered
        self.remade: tuple[EndpointId, ...] = node.remade
        self.entries: dict[EndpointId, Entry] = {}
        self.frozen = False
        self.hidden = False  # by the filter, as it was decided
        self.forget = False
        self.keep: set[EndpointId] = set()

    def node(self) -> Node:
        """Return the node as a value."""
        return Node(
            id=self.id,
            parent=self.parent,
            name=self.name,
            kind=self.kind,
            content=self.content,
            content_gen=self.content_gen,
            place_gen=self.place_gen,
            gone=self.gone,
            out=self.out,
            past=self.past,
            conflict=self.conflict,
            merge_failed=self.merge_failed,
            replicas=self.replicas,
            unanswered=self.unanswered,
            remade=self.remade,
        )


class Note(msgspec.Struct, frozen=True):
    """Something a person should find in the log."""

    verb: str
    endpoint: EndpointId
    path: str
    detail: str


class Question(msgspec.Struct):
    """An entry whose bytes are to be hashed, and by which algorithms, ours being the first."""

    entry: Entry
    algorithms: list[str]


class Draft:
    """The nodes that a plan touches, and an index of where they will stand."""

    def __init__(self, view: View, rule: Rule, look: Look) -> None:
        self.view = view
        self.rule = rule
        self.look = look
        self.active = tuple(each for each in rule.endpoints if each.id not in look.away)
        self.traits = {each.id: each.traits for each in rule.endpoints}
        self.works: dict[NodeId, Work] = {}
        self.notes: list[Note] = []
        self.probes: dict[tuple[EndpointId, EntryId], Question] = {}
        self.merges: list[NodeId] = []
        self.unsure: list[tuple[EndpointId, EntryId]] = []
        self.more: list[tuple[EndpointId, EntryId]] = []
        self.open: list[NodeId] = []
        self._bound: dict[tuple[EndpointId, EntryId], NodeId | None] = {}
        self._released: list[tuple[NodeId, EndpointId, EntryId]] = []
        self._places: dict[tuple[NodeId, str], set[NodeId]] = {}
        self._next_id = max(look.first_id, ROOT + 1)

    # -- nodes ---------------------------------------------------------------------------------

    def work(self, node: NodeId) -> Work:
        """Return a node of the base tree, or a fresh one, as it will be."""
        found = self.works.get(node)
        if found is None:
            base = self.view.node(node)
            if base is None:
                raise LookupError(f"node {node} is not in the base tree")
            found = self._load(base)
        return found

    def _load(self, base: Node) -> Work:
        work = self.works[base.id] = Work(base, base, self.look.away)
        if base.gone:
            self._index(work)  # the view tells of no tombstones, and it may live again
        for endpoint in self.active:
            replica = base.replicas.get(endpoint.id)
            if replica is None:
                continue
            key = (endpoint.id, replica.entry)
            if key not in self._bound:
                # where ids are paths, another node may have what a tombstone had
                gone = replica.gone
                self._bound[key] = self.view.node_of(*key) if gone else base.id
            if self._bound[key] == base.id:
                entry = self.view.entry(endpoint.id, replica.entry)
                if entry is not None:
                    work.entries[endpoint.id] = entry
        if self.exists(work.parent):
            self._know_folder(work.parent)
        else:
            self.rehome(work)
        return work

    def _know_folder(self, node: NodeId) -> None:
        """Take what base tells of a folder's parts, so that none of what is in it asks for them."""
        folder = self.view.node(node) if node != ROOT and node not in self.works else None
        if folder is not None and not folder.gone:
            for endpoint in self.active:
                replica = folder.replicas.get(endpoint.id)
                if replica is not None and not replica.gone:
                    self._bound.setdefault((endpoint.id, replica.entry), node)

    def rehome(self, work: Work) -> None:
        """Give a node whose folder base forgets the place at which it stands somewhere.

        That comes about where a folder was deleted while it was not yet known of something in it
        that it had been moved away, and where endpoints are joined that have it elsewhere. Where
        state is shared, a planner may have died before it wrote the folder. Who has the place
        that was agreed on last knows best.
        """

        def is_old(endpoint: EndpointId) -> bool:
            replica = work.replicas.get(endpoint)
            return replica is None or replica.place_gen < work.place_gen

        for endpoint in sorted(work.entries, key=is_old):
            entry = work.entries[endpoint]
            parent = self.node_of(endpoint, entry.parent)
            if parent is not None and self.exists(parent) and not self.is_forgotten(parent):
                self.place(work, parent, names.true_name(entry.name, self.traits[endpoint]))
                return
        self.place(work, ROOT, work.name)

    def is_forgotten(self, node: NodeId) -> bool:
        """Say whether base will not know a node any more."""
        return node in self.works and self.works[node].forget

    def fresh(self, kind: Kind, parent: NodeId, name: str, reserved: NodeId | None = None) -> Work:
        """Make a node that is not in base yet, of the next free id, or of one set apart for it."""
        ident = reserved
        if ident is None or ident in self.works:
            ident, self._next_id = self._next_id, self._next_id + 1
        node = Node(id=ident, parent=parent, name=name, kind=kind)
        work = self.works[node.id] = Work(node, None, self.look.away)
        work.content_gen = 0  # there is none yet
        self._index(work)
        return work

    def exists(self, node: NodeId) -> bool:
        """Say whether a node is in the draft or in base."""
        return node == ROOT or node in self.works or self.view.node(node) is not None

    def place(self, work: Work, parent: NodeId, name: str) -> None:
        """Say where a node will stand."""
        if (work.parent, work.name) == (parent, name):
            return
        self._places.get((work.parent, names.key(work.name)), set()).discard(work.id)
        work.parent, work.name = parent, name
        work.place_gen += 1
        self._index(work)

    def _index(self, work: Work) -> None:
        self._places.setdefault((work.parent, names.key(work.name)), set()).add(work.id)

    def nodes_at(self, parent: NodeId, key: str) -> list[Work]:
        """Return the nodes, no tombstones, that will stand in a folder under a name's key."""
        ids = self._places.get((parent, key), _NONE)
        folder = self.works.get(parent)
        if folder is None or folder.base is not None:  # in a fresh folder base has nothing
            found = self.view.nodes_at(parent, key)
            for node in found:
                if node.id not in self.works:
                    self._load(node)
            if found:
                ids = ids.union(node.id for node in found)
        if not ids:
            return []
        return [
            work
            for work in (self.works[node] for node in sorted(ids))
            if not (work.gone or work.forget)
            and work.parent == parent
            and names.key(work.name) == key
        ]

    def is_moved(self, work: Work, endpoint: EndpointId) -> bool:
        """Say whether an endpoint's confirmed entry stands elsewhere than confirmed.

        That is in another folder or under another name; or in a folder that has become
        another node's since, though what is to be deleted in such a one was not moved.
        """
        entry, replica = work.entries.get(endpoint), work.replicas.get(endpoint)
        if entry is None or replica is None or replica.gone:
            return False
        if (entry.parent, entry.name) != (replica.parent, replica.name):
            return True
        base = work.base
        return (
            base is not None
            and not base.gone
            and replica.place_gen == base.place_gen
            and self.node_of(endpoint, entry.parent) not in {base.parent, None}
        )

    def ancestors(self, node: NodeId) -> Iterator[Work]:
        """Yield the folders above a node, nearest first, as they will be; stops at a cycle."""
        seen = {node}
        parent = self.work(node).parent
        while parent != ROOT and parent not in seen and self.exists(parent):
            seen.add(parent)
            work = self.work(parent)
            yield work
            parent = work.parent

    def path(self, work: Work) -> str:
        """Return a node's path as it will be, for people and filters."""
        parts, seen, parent = [work.name], {work.id}, work.parent
        while parent != ROOT and parent not in seen:
            seen.add(parent)
            above = self.works.get(parent) or self.view.node(parent)
            if above is None:
                break
            parts.append(above.name)
            parent = above.parent
        return "/".join(reversed(parts))

    def is_tombstone(self, node: NodeId) -> bool:
        """Say whether a node is to be deleted, or has been."""
        found = self.works.get(node) or self.view.node(node)
        return found is not None and found.gone

    def paths(self, nodes: Iterable[NodeId]) -> dict[NodeId, str]:
        """Return the paths of many nodes, once everything has its place."""
        folders: dict[NodeId, str] = {}
        result: dict[NodeId, str] = {}
        for node in nodes:
            work = self.works[node]
            above = folders.get(work.parent)
            if above is None:
                whole = self.path(work)
                folders[work.parent] = whole[: len(whole) - len(work.name)]
                result[node] = whole
            else:
                result[node] = above + work.name
        return result

    def note(self, verb: str, endpoint: EndpointId, work: Work, detail: str) -> None:
        """Leave a note for the log."""
        self.notes.append(Note(verb, endpoint, self.path(work), detail))

    def probe(self, endpoint: EndpointId, entry: Entry, algorithm: str) -> bool:
        """Ask for a hash of an entry's bytes, and for our own; False if it is known."""
        if algorithm in hashes.decode(entry.hashes):
            return False
        question = self.probes.setdefault((endpoint, entry.id), Question(entry, [hashes.OWN]))
        if algorithm not in question.algorithms:
            question.algorithms.append(algorithm)
        return True

    # -- bindings ------------------------------------------------------------------------------

    def node_of(self, endpoint: EndpointId, entry: EntryId) -> NodeId | None:
        """Return the node that an entry belongs to in this draft."""
        if entry == ROOT_ENTRY:
            return ROOT
        key = (endpoint, entry)
        if key not in self._bound:
            self._bound[key] = self.view.node_of(endpoint, entry)
        return self._bound[key]

    def bind(self, work: Work, endpoint: EndpointId, entry: Entry) -> None:
        """Make an entry an endpoint's part of a node."""
        self._bound[endpoint, entry.id] = work.id
        work.entries[endpoint] = entry

    def unbind(self, work: Work, endpoint: EndpointId) -> None:
        """Take an endpoint's part, and what it confirmed, from a node."""
        entry = work.entries.pop(endpoint, None)
        replica = work.replicas.pop(endpoint, None)
        for known in (entry.id if entry else None, replica.entry if replica else None):
            if known is not None and self._bound.get((endpoint, known)) == work.id:
                self._bound[endpoint, known] = None
                self._released.append((work.id, endpoint, known))

    def release(self, work: Work, endpoint: EndpointId) -> None:
        """Take an endpoint's entry from a node, which keeps what the endpoint confirmed."""
        entry = work.entries.pop(endpoint, None)
        if entry is not None:
            self._bound[endpoint, entry.id] = None
            self._released.append((work.id, endpoint, entry.id))

    def hand_over(self, giver: Work, taker: Work, endpoint: EndpointId, entry: EntryId) -> None:
        """Make another node's of what an endpoint that is away has confirmed as one's."""
        self._bound[endpoint, entry] = taker.id
        self._released.append((giver.id, endpoint, entry))

    def freeze_together(self) -> None:
        """Freeze whoever took an entry from a node that turned out to be frozen, and its content.

        Base still has that entry as the frozen node's, and an entry belongs to one node; and
        what stands in a folder that base will not know, or knows as another node's, cannot be
        written there either. A folder whose content stays as base has it is nobody else's either.
        """
        givers = {(endpoint, entry): giver for giver, endpoint, entry in self._released}
        kept: set[tuple[EndpointId, EntryId]] = set()
        changed = True
        while changed:
            changed = False
            for giver, endpoint, entry in self._released:
                work = self.works[giver]
                if not work.frozen or (work.hidden and endpoint not in work.replicas):
                    continue
                kept.add((endpoint, entry))
                seen = self.view.entry(endpoint, entry)
                above = givers.get((endpoint, seen.parent)) if seen is not None else None
                for other in (self._bound.get((endpoint, entry)), above):
                    if other is not None and other != giver and not self.works[other].frozen:
                        self.works[other].frozen = changed = True
            unknown = {work.id for work in self.works.values() if work.frozen and not work.base}
            for work in self.works.values() if unknown or kept else ():
                if not work.frozen and (work.parent in unknown or _is_in(work, kept)):
                    work.frozen = changed = True

    def entry_of(self, endpoint: EndpointId, node: NodeId) -> EntryId | None:
        """Return the id of a node's present entry at an endpoint, None where it has none."""
        if node == ROOT:
            return ROOT_ENTRY
        entry = self.work(node).entries.get(endpoint)
        return entry.id if entry else None

    def last_heard_of(self, endpoint: EndpointId, node: NodeId) -> Entry | None:
        """Return a node's entry at an endpoint, as last heard of if that one is away."""
        work = self.work(node)
        if endpoint not in work.away:
            return work.entries.get(endpoint)
        replica = work.replicas.get(endpoint)
        if replica is None or replica.gone:
            return None
        return self.view.entry(endpoint, replica.entry)

    # -- observed paths ------------------------------------------------------------------------

    def observed_path(self, endpoint: EndpointId, entry: Entry) -> str | None:
        """Return an entry's path at its endpoint, None if a folder above is not known."""
        parts = [entry.name]
        parent, seen = entry.parent, {entry.id}
        while parent != ROOT_ENTRY:
            if parent in seen:
                return None
            seen.add(parent)
            above = self.view.entry(endpoint, parent)
            if above is None:
                return None
            parts.append(above.name)
            parent = above.parent
        return "/".join(reversed(parts))

    def hidden(self, endpoint: EndpointId, entry: Entry) -> bool:
        """Say whether the filter leaves an entry out."""
        if not self.rule.filter:
            return False
        path = self.observed_path(endpoint, entry)
        if path is None:
            return False
        file = entry.kind is not Kind.FOLDER
        return self.rule.filter.out(
            path,
            entry.kind,
            entry.size if file and entry.size != UNKNOWN_SIZE else None,
            entry.mtime_ns if file else None,
        )

    def is_out(self, work: Work) -> bool:
        """Say whether the filter leaves a node out, at one who is away as much as here."""
        if not self.rule.filter:
            return False
        heard = ((each, self.last_heard_of(each, work.id)) for each in self.traits)
        return any(entry is not None and self.hidden(each, entry) for each, entry in heard)


def _is_in(work: Work, folders: Container[tuple[EndpointId, EntryId]]) -> bool:
    """Say whether somebody has a node in one of these folders."""
    return any((endpoint, entry.parent) in folders for endpoint, entry in work.entries.items())


def by_id(works: Iterable[Work]) -> list[Work]:
    """Return works in the order of their ids, so that a plan does not depend on hashing."""
    return sorted(works, key=lambda work: work.id)
