"""From targets to actions: what has to be done at each endpoint, and in which order."""

from collections.abc import Iterable
from typing import TypedDict, Unpack

import msgspec

from syncoxiders.core import hashes, names
from syncoxiders.core.draft import Draft, Work, by_id
from syncoxiders.core.model import (
    ROOT,
    ROOT_ENTRY,
    Action,
    ActionKind,
    Endpoint,
    EndpointId,
    Entry,
    Kind,
    Mode,
    NodeId,
    Source,
)
from syncoxiders.core.order import CircleError, Ordering, Site, postponed, take_out
from syncoxiders.core.placing import Placing, is_enforced
from syncoxiders.core.versions import Side, ask, content_of, same


class _Fields(TypedDict, total=False):
    """What an action says besides its subject; see :class:`~syncoxiders.core.model.Action`."""

    parent: NodeId
    name: str
    size: int
    source: Source | None
    because: Source | None
    keep: bool
    content_gen: int
    place_gen: int


class Emitter:
    """Derives actions from a draft.

    ``postponed`` are nodes for which something has to be done that cannot be done yet, ``folders``
    those that would have to be planned for it: an endpoint lacks them, and nobody is at it.
    """

    def __init__(self, draft: Draft, decided: set[NodeId]) -> None:
        self.draft = draft
        self.works = by_id(draft.works[node] for node in decided if not draft.works[node].frozen)
        self.decided = decided
        self.postponed: set[NodeId] = set()
        self.folders: set[NodeId] = set()
        self._actions: dict[Site, list[Action]] = {}
        self._blockers: dict[str, list[Site]] = {}
        self._placing = Placing(draft, decided, self._actions)

    def actions(self) -> list[Action]:
        """Return the actions, each after those that it has to wait for."""
        works = sorted(self.works, key=self._depth)
        for endpoint in self.draft.active:
            for work in works:
                self._emit(work, endpoint)
        while True:
            self.postponed |= postponed(self._actions, self._blockers)
            try:
                return Ordering(self._actions, self._blockers, self._passing_name).ordered()
            except CircleError as circle:  # until it is known who stands in whom
                self.postponed |= take_out(self._actions, circle.actions)

    def _passing_name(self, action: Action) -> str:
        """Return a free name at an endpoint's root for what has to get out of the way."""
        number = 0
        while True:
            name = names.passing_name(action.name, action.node, number)
            found = self.draft.view.entries_at(action.endpoint, ROOT_ENTRY, names.key(name))
            if not found:
                return name
            number += 1

    def _depth(self, work: Work) -> tuple[int, NodeId]:
        if work.kind is Kind.FOLDER:
            return (len(list(self.draft.ancestors(work.id))), work.id)
        return (1 << 30, work.id)

    def _offered(self, work: Work) -> bool:
        """Say whether every endpoint is to have a node: by most modes only if the source has it."""
        rule = self.draft.rule
        return rule.mode is Mode.TWO_WAY or rule.endpoints[0].id in work.entries

    def _add(
        self,
        kind: ActionKind,
        work: Work,
        endpoint: Endpoint,
        entry: Entry | None,
        blockers: Iterable[Site] = (),
        **fields: Unpack[_Fields],
    ) -> None:
        """Plan to do something about a node, upon an entry where there is one."""
        action = Action(
            id=_action_id(work, endpoint, kind),
            kind=kind,
            endpoint=endpoint.id,
            node=work.id,
            entry=entry.id if entry is not None else "",
            expect=entry.version if entry is not None else "",
            **fields,
        )
        self._put(action, blockers)

    def _put(self, action: Action, blockers: Iterable[Site]) -> None:
        site = (action.endpoint, action.node)
        self._actions.setdefault(site, []).append(action)
        self._blockers[action.id] = [each for each in blockers if each != site]

    def _emit(self, work: Work, endpoint: Endpoint) -> None:
        if work.out or work.forget or work.id == ROOT:
            return
        entry, replica = work.entries.get(endpoint.id), work.replicas.get(endpoint.id)
        if work.gone:
            if entry is not None and replica is not None:
                self._delete(work, endpoint, entry)
            return
        if not is_enforced(self.draft, endpoint):
            if self.draft.rule.mode is Mode.MOVE and entry is not None:
                self._hand_over(work, endpoint, entry)
            return
        if entry is None:
            if replica is None and self._offered(work):
                self._create(work, endpoint)
            return
        if replica is None:
            return
        if replica.place_gen < work.place_gen:
            self._move(work, endpoint, entry)
        if replica.content_gen < work.content_gen and work.kind is not Kind.FOLDER:
            self._update(work, endpoint, entry)

    # -- kinds of action -----------------------------------------------------------------------

    def _delete(self, work: Work, endpoint: Endpoint, entry: Entry) -> None:
        blockers: list[Site] = []
        if work.kind is Kind.FOLDER:
            hidden = False
            for child in self.draft.view.entries_in(endpoint.id, entry.id):
                node = self.draft.node_of(endpoint.id, child.id)
                if node is None or self.draft.work(node).out:
                    if not self.draft.hidden(endpoint.id, child):
                        self.postponed.add(work.id)  # until what is new in it is decided
                        return
                    hidden = True
                elif self._placing.is_leaving(endpoint.id, node, entry.id):
                    blockers.append((endpoint.id, node))
                else:
                    inner = self.draft.work(node).replicas.get(endpoint.id)
                    if inner is None or not inner.hidden:
                        self.postponed.add(work.id)
                        return
                    hidden = True
            if hidden:
                self._hide(work, endpoint)
                return
        because = self._absence(work, endpoint.id)
        if because is None:  # cannot be: somebody has deleted it
            self.postponed.add(work.id)
            return
        if not because.entry and self._is_new_there(work, because.endpoint):
            self.postponed.add(work.id)
            return
        self._add(
            ActionKind.DELETE,
            work,
            endpoint,
            entry,
            blockers,
            size=max(entry.size, 0),
            because=because,
            keep=endpoint.id in work.keep,
        )

    def _hide(self, work: Work, endpoint: Endpoint) -> None:
        """Leave a deleted folder out of view while it holds what the filter hides."""
        self.postponed.add(work.id)
        replica = work.replicas[endpoint.id]
        if not replica.hidden:
            work.replicas[endpoint.id] = msgspec.structs.replace(replica, hidden=True)
            self.draft.note("note", endpoint.id, work, "stays: it holds filtered content")

    def _absence(self, work: Work, endpoint: EndpointId) -> Source | None:
        """Return where the node was deleted: the reason for deleting it here.

        Who can be reached now comes first; but one who cannot is a reason that cannot be checked,
        and so must not be left out.
        """
        away = [each for each in self.draft.rule.endpoints if each.id in self.draft.look.away]
        for each in [*self.draft.active, *away]:
            replica = work.replicas.get(each.id)
            if each.id != endpoint and replica is not None and replica.gone:
                return Source(each.id, replica.entry, "")
        if self.draft.rule.mode is Mode.TWO_WAY:
            return None
        return Source(self.draft.rule.endpoints[0].id, "", "")

    def _is_new_there(self, work: Work, source: EndpointId) -> bool:
        """Say whether the source has something at an extra's place that is not decided yet."""
        known = self.draft.exists(work.parent)
        folder = self.draft.entry_of(source, work.parent) if known else None
        return folder is not None and any(
            found.name == work.name and self.draft.node_of(source, found.id) in {None, work.id}
            for found in self.draft.view.entries_at(source, folder, names.key(work.name))
        )

    def _hand_over(self, work: Work, endpoint: Endpoint, entry: Entry) -> None:
        """Move: delete at the source what every destination has, proved by content."""
        if work.kind is Kind.FOLDER or work.content is None:
            return
        others = [each for each in self.draft.rule.endpoints if each.id != endpoint.id]
        held: list[Entry] = []
        for other in others:
            theirs, replica = work.entries.get(other.id), work.replicas.get(other.id)
            if (
                theirs is None
                or replica is None
                or replica.content_gen < work.content_gen
                or replica.version != theirs.version
            ):
                return
            held.append(theirs)
        verdicts = [same(content_of(entry), content_of(each)) for each in held]
        if None in verdicts:
            sides = [Side.of(each.id, its) for each, its in zip(others, held, strict=True)]
            if ask(self.draft, *((Side.of(endpoint.id, entry), each) for each in sides)):
                self.postponed.add(work.id)
            return
        if not all(verdicts):
            return
        self._add(
            ActionKind.DELETE,
            work,
            endpoint,
            entry,
            size=max(entry.size, 0),
            because=Source(others[0].id, held[0].id, held[0].version),
        )

    def _create(self, work: Work, endpoint: Endpoint) -> None:
        if work.kind is Kind.LINK and not endpoint.traits.keeps_links:
            return
        source = None
        if work.kind is not Kind.FOLDER:
            source = self._source(work, endpoint.id)
            if source is None:
                self.postponed.add(work.id)
                return
        place = self._placing.place(work, endpoint, None)
        if place is None:
            self._wait_for_place(work, endpoint)
            return
        name, blockers = place
        kind = ActionKind.MAKE_FOLDER if work.kind is Kind.FOLDER else ActionKind.CREATE
        # By far the most common action: not by way of _add, and what that hands through.
        action = Action(
            id=_action_id(work, endpoint, kind),
            kind=kind,
            endpoint=endpoint.id,
            node=work.id,
            parent=work.parent,
            name=name,
            size=max(work.content.size, 0) if work.content else 0,
            source=source,
            content_gen=work.content_gen,
            place_gen=work.place_gen,
        )
        self._put(action, blockers)

    def _update(self, work: Work, endpoint: Endpoint, entry: Entry) -> None:
        source = self._source(work, endpoint.id)
        if source is None or work.content is None:
            self.postponed.add(work.id)
            return
        origin = work.entries[source.endpoint]
        known = hashes.merged(work.content.hashes, origin.hashes)
        content = msgspec.structs.replace(work.content, hashes=known)
        alike = same(content_of(entry), content)
        replica = work.replicas[endpoint.id]
        bit = work.content.executable
        sets_meta = endpoint.traits.sets_meta
        if not sets_meta and None not in {bit, entry.executable} and bit != entry.executable:
            alike = False  # there is no other way to set the bit than to write the file anew
        if alike and not sets_meta:
            work.replicas[endpoint.id] = msgspec.structs.replace(
                replica, content_gen=work.content_gen
            )
            return
        kind = ActionKind.META if alike else ActionKind.UPDATE
        self._add(
            kind,
            work,
            endpoint,
            entry,
            size=max(work.content.size, 0),
            source=source,
            # what a person wrote there is about to be replaced, or what only looks like an old copy
            keep=replica.left or not replica.content_gen,
            content_gen=work.content_gen,
        )

    def _move(self, work: Work, endpoint: Endpoint, entry: Entry) -> None:
        place = self._placing.place(work, endpoint, entry)
        if place is None:
            self._wait_for_place(work, endpoint)
            return
        name, blockers = place
        parent = self.draft.entry_of(endpoint.id, work.parent)
        if parent == entry.parent and name == entry.name:
            work.replicas[endpoint.id] = msgspec.structs.replace(
                work.replicas[endpoint.id],
                parent=entry.parent,
                name=entry.name,
                place_gen=work.place_gen,
            )
            return
        if work.kind is Kind.FOLDER:
            before = self._placing.ways_out(work, endpoint.id, entry.id)
            if before is None:
                self.postponed.add(work.id)
                return
            blockers = [*blockers, *before]
        self._add(
            ActionKind.MOVE,
            work,
            endpoint,
            entry,
            blockers,
            parent=work.parent,
            name=name,
            because=self._example(work, endpoint.id),
            place_gen=work.place_gen,
        )

    def _wait_for_place(self, work: Work, endpoint: Endpoint) -> None:
        """Plan a node again later, and note its folder if that is what it waits for."""
        self.postponed.add(work.id)
        folder = work.parent
        undecided = folder not in self.decided and folder not in self.draft.look.open
        if undecided and self.draft.entry_of(endpoint.id, folder) is None:
            self.folders.add(folder)

    def _example(self, work: Work, endpoint: EndpointId) -> Source | None:
        """Return an endpoint that has the node at its place: the reason for moving it here."""
        for each in self.draft.active:
            replica, entry = work.replicas.get(each.id), work.entries.get(each.id)
            if (
                each.id != endpoint
                and replica is not None
                and entry is not None
                and replica.place_gen == work.place_gen
                and (entry.parent, entry.name) == (replica.parent, replica.name)
            ):
                return Source(each.id, entry.id, "")
        return None

    def _source(self, work: Work, endpoint: EndpointId) -> Source | None:
        """Return who has the agreed content, untouched; a cheap one first."""
        first: Source | None = None
        for each in self.draft.active:
            replica, entry = work.replicas.get(each.id), work.entries.get(each.id)
            if (
                each.id != endpoint
                and replica is not None
                and entry is not None
                and not (replica.gone or replica.left)
                and replica.version == entry.version
                and replica.entry == entry.id
                and replica.content_gen == work.content_gen
            ):
                source = Source(each.id, entry.id, entry.version)
                if each.traits.cheap_hash:
                    return source
                first = first or source
        return first


def _action_id(work: Work, endpoint: Endpoint, kind: ActionKind) -> str:
    return f"{work.id}:{endpoint.id}:{kind!s}:{work.content_gen}.{work.place_gen}"
