"""The planner: ``plan(view, rule, look)`` is a pure function from state to actions.

``look`` says what to plan; the full and the incremental planner differ in nothing else.
"""

import hashlib

import msgspec

from syncoxiders.core import hashes, merge, mirror, tree
from syncoxiders.core.bind import Binder
from syncoxiders.core.draft import Draft, Note, Work
from syncoxiders.core.emit import Emitter
from syncoxiders.core.model import (
    UNKNOWN_SIZE,
    Action,
    ActionKind,
    Content,
    EndpointId,
    Entry,
    EntryId,
    Mode,
    Node,
    NodeId,
    Replica,
    Source,
)
from syncoxiders.core.remade import is_moved_anew, remember_deletion
from syncoxiders.core.rule import Look, Rule, View
from syncoxiders.core.states import is_edited
from syncoxiders.core.unveiling import unveiled

LOSING = frozenset({ActionKind.DELETE, ActionKind.UPDATE})
"""What takes content away that somebody may want back."""


class Probe(msgspec.Struct, frozen=True):
    """Hashes that have to be known before a node can be decided; ``size`` bytes are read.

    ``size`` is 0 where it is not known.
    """

    endpoint: EndpointId
    entry: EntryId
    version: str
    size: int
    algorithms: tuple[str, ...]


class Merge(msgspec.Struct, frozen=True):
    """A text that is to be merged: the node, and the edits to merge with their versions.

    ``key`` is what marks the node if the merge is not clean, ``content_gen`` the generation of
    the content that both were made from: against any other one the merge would undo an edit.
    """

    node: NodeId
    edits: tuple[Source, ...]
    key: str
    content_gen: int = 0


class Plan(msgspec.Struct, frozen=True):
    """What is to change: in base at once, and at the endpoints by actions.

    ``nodes`` are base nodes as they are from now on, ``forget`` those that are no more.
    ``actions`` come in an order in which each can succeed. ``probes`` and ``merges``, or the
    actions, have to be done before ``waiting`` entries, and ``postponed`` nodes, can be planned;
    ``more`` are entries that this plan has made plannable. ``open`` are nodes that were to be
    planned and have an open action. ``paths`` gives a path for each node that an action speaks of.
    """

    nodes: tuple[Node, ...] = ()
    forget: tuple[NodeId, ...] = ()
    actions: tuple[Action, ...] = ()
    probes: tuple[Probe, ...] = ()
    merges: tuple[Merge, ...] = ()
    waiting: tuple[tuple[EndpointId, EntryId], ...] = ()
    postponed: tuple[NodeId, ...] = ()
    more: tuple[tuple[EndpointId, EntryId], ...] = ()
    open: tuple[NodeId, ...] = ()
    notes: tuple[Note, ...] = ()
    paths: dict[NodeId, str] = {}

    @property
    def conflicts(self) -> int:
        """How many conflicts the plan decides."""
        return sum(note.verb == "conflict" for note in self.notes)

    @property
    def losses(self) -> frozenset[NodeId]:
        """The base nodes that are deleted or overwritten somewhere."""
        return frozenset(action.node for action in self.actions if action.kind in LOSING)


def identify(result: Plan) -> str:
    """Return a plan's id: equal for plans that do the same, whoever made them.

    Nodes that are new have other numbers with each planner, and are known by their paths.
    """
    digest = hashlib.blake2b(digest_size=6)
    lines = [repr(_deed(action, result.paths.get(action.node, ""))) for action in result.actions]
    lines += [repr((each.endpoint, each.entry, each.version)) for each in result.probes]
    lines += [repr([msgspec.structs.astuple(edit) for edit in m.edits]) for m in result.merges]
    for line in sorted(lines):
        digest.update(line.encode("utf-8", "backslashreplace") + b"\n")
    return digest.hexdigest()


def _deed(action: Action, path: str) -> tuple[str, ...]:
    """Return what an action does, and to what."""
    source = action.source
    origin = ("", "", "") if source is None else (source.endpoint, source.entry, source.version)
    where = (action.endpoint, action.entry, action.expect)
    return action.kind.value, *where, path, action.name, *origin


def plan(view: View, rule: Rule, look: Look) -> Plan:
    """Decide what to do about everything in ``look``, and in folders that are lacking for it."""
    draft = Draft(view, rule, look)
    works = Binder(draft).gather()
    for work in works:
        _decide(draft, work)
    _let_deletions_end(draft)
    decided = {work.id for work in works}
    # what a conflict kept beside its winner was made while deciding
    decided |= {work.id for work in draft.works.values() if work.base is None}
    tree.settle(draft, decided)
    for node in decided:
        remember_deletion(draft, draft.works[node])
    emitter = Emitter(draft, decided)
    actions = emitter.actions()
    folders = emitter.folders.difference(look.suspects)
    if folders:  # to make one may have failed while nothing was there that told of it
        suspects = (*look.suspects, *sorted(folders))
        return plan(view, rule, msgspec.structs.replace(look, suspects=suspects))
    return _result(draft, decided, actions, emitter.postponed | unveiled(draft, decided))


def _decide(draft: Draft, work: Work) -> None:
    if work.frozen:
        return
    if draft.is_out(work):
        work.out = work.frozen = work.hidden = True
        return
    work.out = False
    if draft.rule.mode is Mode.TWO_WAY:
        merge.merge(draft, work)
    else:
        mirror.mirror(draft, work)
    if not work.frozen:
        _let_go(draft, work)


def _let_deletions_end(draft: Draft) -> None:
    """Let a deleted folder wait that lives again, if something in it is about to be deleted.

    Whoever deletes that makes sure first that no folder which goes with it has been moved: not of
    one that lives, in which it might have been deleted by itself. Where one that lives is known to
    have been deleted, it is made sure of where base has it, which waits therefore as well.
    """
    for node in draft.open:
        if draft.work(node).gone:
            for above in draft.ancestors(node):
                base = above.base
                if base is None or above.gone:
                    continue
                if base.gone or is_moved_anew(above):
                    above.frozen = True


def _let_go(draft: Draft, work: Work) -> None:
    """Forget a node of which nobody has a part any more.

    Not one of which somebody who is away may have been given one: that would be nobody's, and of a
    tombstone it would come back.
    """
    unanswered = tuple(draft.look.unanswered(work.id))
    work.unanswered = unanswered if work.gone else ()
    if work.gone:
        lacking = all(replica.gone for replica in work.replicas.values())
    else:
        lacking = not (work.entries or work.replicas)
    work.forget = lacking and not unanswered


def _result(
    draft: Draft, decided: set[NodeId], actions: list[Action], postponed: set[NodeId]
) -> Plan:
    nodes: list[Node] = []
    forget: list[NodeId] = []
    waiting: list[tuple[EndpointId, EntryId]] = list(draft.unsure)
    for node in sorted(decided):
        work = draft.works[node]
        if work.frozen:
            if work.hidden and work.base is not None:
                nodes.extend(_hidden(work, work.base))
            elif not work.out:
                waiting.extend((endpoint, entry.id) for endpoint, entry in work.entries.items())
                if work.base is not None:
                    postponed.add(node)
            continue
        if work.forget:
            if work.base is not None:
                forget.append(node)
            continue
        value = work.node()
        if value != work.base:
            nodes.append(value)
    paths = draft.paths({action.node: None for action in actions})
    return Plan(
        nodes=tuple(nodes),
        forget=tuple(forget),
        actions=tuple(actions),
        probes=tuple(
            Probe(
                endpoint,
                entry,
                asked.entry.version,
                max(asked.entry.size, 0),
                tuple(asked.algorithms),
            )
            for (endpoint, entry), asked in sorted(draft.probes.items(), key=lambda each: each[0])
        ),
        merges=tuple(_merge(draft.works[node]) for node in sorted(draft.merges)),
        waiting=tuple(waiting),
        postponed=tuple(sorted(postponed)),
        more=tuple(draft.more),
        open=tuple(draft.open),
        notes=tuple(draft.notes),
        paths=paths,
    )


def _hidden(work: Work, base: Node) -> list[Node]:
    """Return what changes of a node that is hidden: nothing but who has no part of it any more."""
    kept = {each: it for each, it in base.replicas.items() if each in work.replicas}
    value = msgspec.structs.replace(base, out=True, replicas=kept)
    return [value] if value != base else []


def _merge(work: Work) -> Merge:
    edits = tuple(
        Source(endpoint, entry.id, entry.version)
        for endpoint, entry in sorted(work.entries.items())
        if is_edited(work, endpoint)
    )
    generation = work.base.content_gen if work.base is not None else 0
    return Merge(work.id, edits, merge.merge_key(work), generation)


def closed(node: Node, action: Action, entry: Entry | None) -> Node | None:
    """Return a base node once an action has succeeded; None if nothing is left to remember.

    ``entry`` is what the provider says stands there now; None after a deletion.
    """
    if node.unanswered:
        left = tuple(each for each in node.unanswered if each != action.endpoint)
        node = msgspec.structs.replace(node, unanswered=left)
    replicas = dict(node.replicas)
    replica = replicas.get(action.endpoint)
    content = node.content
    if action.kind is ActionKind.DELETE or entry is None:
        handed_over = action.because is not None and action.because.version != ""
        if replica is not None and (node.gone or handed_over):
            replicas[action.endpoint] = msgspec.structs.replace(replica, gone=True)
        elif replica is not None:
            del replicas[action.endpoint]  # it lives again, and has to come back there
        if node.gone and not node.unanswered and all(each.gone for each in replicas.values()):
            return None
        return msgspec.structs.replace(node, replicas=replicas)
    if replica is None or action.kind in {ActionKind.CREATE, ActionKind.MAKE_FOLDER}:
        replica = Replica(
            entry.id,
            entry.version,
            entry.parent,
            entry.name,
            action.content_gen,
            action.place_gen,
        )
    elif action.kind is ActionKind.MOVE:
        replica = msgspec.structs.replace(
            replica,
            entry=entry.id,
            parent=entry.parent,
            name=entry.name,
            place_gen=action.place_gen,
        )
    else:
        replica = msgspec.structs.replace(
            replica,
            entry=entry.id,
            version=entry.version,
            content_gen=action.content_gen,
            left=False,
        )
    replicas[action.endpoint] = replica
    if content is not None and action.content_gen == node.content_gen:
        content = Content(
            entry.size if content.size == UNKNOWN_SIZE else content.size,
            hashes.merged(content.hashes, entry.hashes),
            content.mtime_ns,
            content.executable,
        )
    return msgspec.structs.replace(node, content=content, replicas=replicas)
