"""After a run that died: finding out which of its actions had their effect.

An action that is open in the journal was about to run, ran, or ran half. What stands at the
provider tells: if it is what the action was to bring about, the action is closed as if its answer
had just come; if not, it is dropped, and the planner starts from what a fresh look finds.
"""

from collections.abc import Callable, Sequence

import msgspec

from syncoxiders.core import hashes
from syncoxiders.core.model import (
    Action,
    ActionKind,
    EndpointId,
    Entry,
    EntryId,
    Kind,
    Node,
    Ref,
)
from syncoxiders.core.plan import closed
from syncoxiders.core.versions import computable, content_of, same
from syncoxiders.engine.claims import outclaimed
from syncoxiders.engine.closing import commit
from syncoxiders.engine.context import Context
from syncoxiders.engine.emptied import EmptyRoots
from syncoxiders.engine.observe import Observer
from syncoxiders.engine.places import Places
from syncoxiders.engine.rekey import Rekeyed, rekey
from syncoxiders.ports.errors import (
    ProviderError,
    RootLost,
    Throttled,
    Unreachable,
    Vanished,
)
from syncoxiders.ports.provider import Feeds
from syncoxiders.ports.state import Commit, Observation


def _nobody(endpoint: EndpointId, entries: Sequence[Entry]) -> None:
    del endpoint, entries


def recover(
    context: Context,
    away: dict[EndpointId, str],
    *,
    told: Callable[[EndpointId, Sequence[Entry]], None] = _nobody,
    only: Sequence[Action] | None = None,
    refused: dict[EndpointId, ProviderError] | None = None,
) -> int:
    """Close or drop open actions; returns how many there were.

    With ``only`` just these are closed, where they had their effect; the others stay open.
    ``told`` hears of entries that were found besides, as an :class:`Observer` tells of them.
    Those of endpoints that are ``away``, or turn out to be and join them, stay open; what these
    said is put into ``refused``. Raises nothing that a provider says: what else cannot be told is
    dropped and looked at again.
    """
    pending = context.store.open_actions() if only is None else list(only)
    if not pending:
        return 0
    places = Places(context.store)
    nodes: dict[int, Node | None] = {}
    put: dict[EndpointId, dict[EntryId, Entry | None]] = {}
    begun: dict[EndpointId, dict[EntryId, float]] = {}
    moved: list[Rekeyed] = []
    losses: set[int] = set()
    tried: list[str] = []
    deleted: list[tuple[EndpointId, EntryId]] = []
    empty = EmptyRoots(context, pending)
    for journaled in pending:
        if journaled.endpoint in away:
            continue
        node = _concerned(places.node(journaled.node), journaled)
        if only is not None and _asks_source(places, journaled, node) in away:
            continue
        action = _by_now(journaled, node)
        done, entry, asked = False, None, context.clock.now()
        content = Rekeyed()
        if node is not None and action.endpoint in context.providers:
            try:
                done, entry = _outcome(context, places, action, node)
                if done and action.kind is ActionKind.DELETE:
                    done = not empty.at(action.endpoint)
                if not done and action.kind is ActionKind.MOVE:
                    update = _next_update(pending, journaled)
                    if update is not None:
                        done, entry = _moved_and_updated(context, places, action, update, node)
                if entry is not None and action.kind is ActionKind.MAKE_FOLDER:
                    _look_into(context, places, action.endpoint, entry, told)
                if done and entry is not None and _has_moved_with_content(action, entry):
                    content = rekey(
                        context, places, action.endpoint, action.entry, entry, node=action.node
                    )
                    moved.append(content)
            except (Unreachable, Throttled, RootLost) as error:
                where = error.asked or action.endpoint
                away[where] = str(error)
                if refused is not None:
                    refused[where] = error
                continue
            except ProviderError:
                done = False
        if only is None or (done and node is not None):
            tried.append(action.id)
        if not done or node is None:
            continue
        if only is not None and action.kind is ActionKind.MOVE:
            tried.extend(_moves_before(pending, journaled, tried))
        after = closed(node, action, _as_written(node, action, entry))
        nodes[action.node] = after
        if after is None:
            places.forget(action.node)
        else:
            places.know(after)
        seen = put.setdefault(action.endpoint, {})
        gone = action.entry and (entry is None or entry.id != action.entry)
        if gone and seen.get(action.entry) is None:  # else something else was moved there
            seen[action.entry] = None
            places.drop(action.endpoint, action.entry)
        if action.kind is ActionKind.DELETE:
            deleted.append((action.endpoint, action.entry))
        if entry is not None:
            seen[entry.id] = entry
            places.put(action.endpoint, entry)
        seen.update(dict.fromkeys(content.gone))
        seen.update({each.id: each for each in content.put})
        nodes.update({each.id: each for each in content.nodes})
        for each in content.nodes:
            places.know(each)
        if only is not None:
            ids = [each for each in (action.entry, entry.id if entry is not None else "") if each]
            begun.setdefault(action.endpoint, {}).update(dict.fromkeys(ids, asked))
        if action.kind in {ActionKind.DELETE, ActionKind.UPDATE}:
            losses.add(action.node)
    for endpoint, folder in deleted:
        _empty(context, endpoint, folder, put[endpoint])
    nodes.update(outclaimed(context.store, context.rule, places, nodes))
    for endpoint in sorted(put):
        context.providers[endpoint].settle()
    lost = len(losses) if only is None else 0  # handed out, they were counted when opened
    at = context.clock.now()
    commit(context.store, nodes, tried, put, at=at, losses=lost, begun=begun, moved=moved)
    return len(pending)


def _concerned(node: Node | None, action: Action) -> Node | None:
    """Return the node that an action was to bring to its endpoint, None if it is none any more.

    So it is with a tombstone of which the endpoint is no more known to have got a part: it has
    another root since, in which nothing is ours.
    """
    given = action.kind in {ActionKind.CREATE, ActionKind.MAKE_FOLDER}
    lapsed = node is not None and node.gone and action.endpoint not in node.unanswered
    return None if given and lapsed else node


def _asks_source(places: Places, action: Action, node: Node | None) -> EndpointId | None:
    """Return who has to be asked what an action was to write, None if that is known."""
    source, content = action.source, node.content if node is not None else None
    if source is None or content is None or content.hashes:
        return None
    known = places.entry(source.endpoint, source.entry)
    told = known is not None and known.version == source.version and known.hashes
    return None if told else source.endpoint


def _has_moved_with_content(action: Action, entry: Entry) -> bool:
    """Say whether a move has changed the ids of what is in a folder."""
    moved = action.kind is ActionKind.MOVE and entry.id != action.entry
    return moved and entry.kind is Kind.FOLDER


def _empty(
    context: Context, endpoint: EndpointId, folder: EntryId, seen: dict[EntryId, Entry | None]
) -> None:
    """Take for gone what was in a deleted folder: no listing will ever tell of it again.

    What was seen elsewhere was moved away before, with everything in it.
    """
    tree = context.store.observed(endpoint)
    todo = [folder]
    while todo:
        inside = tree.children(todo.pop())
        todo.extend(inner.id for inner in inside if seen.setdefault(inner.id, None) is None)


def _look_into(
    context: Context,
    places: Places,
    endpoint: EndpointId,
    folder: Entry,
    told: Callable[[EndpointId, Sequence[Entry]], None],
) -> None:
    """List a folder that may be somebody else's, and not known yet, where nothing else will.

    A feed tells of what is in it only if that came there since the feed was last heard. The folder
    is logged: of what is known a feed tells nothing new, and who looks may have to end here.
    """
    provider = context.providers[endpoint]
    if isinstance(provider, Feeds):
        context.store.commit(Commit(observed=[Observation(endpoint, [folder])]))
        places.put(endpoint, folder)
        ref = places.folder(endpoint, folder.id)
        Observer(context.store, endpoint, provider, told=told, now=context.clock.now).look([ref])


def _by_now(action: Action, node: Node | None) -> Action:
    """Return an action upon what its entry is by now: one before it may have changed the id."""
    replica = node.replicas.get(action.endpoint) if node is not None else None
    if not action.entry or replica is None or replica.gone:
        return action
    return msgspec.structs.replace(action, entry=replica.entry)


def _as_written(node: Node, action: Action, found: Entry | None) -> Entry | None:
    """Return what stands there as base is to know it.

    Where somebody has since set its time or its executable bit, base must not take that for
    what was written, or it would never travel: under no version it counts as changed.
    """
    content = node.content
    if found is None or content is None or action.content_gen < node.content_gen:
        return found  # a move, or an older content, of whose time and bit nothing is known
    bits = found.executable is not None and content.executable is not None
    if (bits and found.executable != content.executable) or found.mtime_ns != content.mtime_ns:
        return msgspec.structs.replace(found, version="")
    return found


def _outcome(
    context: Context, places: Places, action: Action, node: Node
) -> tuple[bool, Entry | None]:
    """Say whether an action had its effect, and what stands there."""
    provider = context.providers[action.endpoint]
    if action.entry and action.endpoint not in node.replicas:
        return False, None
    if action.kind is ActionKind.DELETE:
        return provider.get(_last_seen(places, action)) is None, None
    if action.kind is ActionKind.MOVE:
        parent = places.parent(action.endpoint, action.parent)
        found = provider.at(parent, action.name)
        if found is None or provider.traits.stable_ids:
            return found is not None and found.id == action.entry, found
        # An id that is a path says nothing of what has come to stand there since.
        there = provider.get(_last_seen(places, action))
        stays = there is not None and there.version == action.expect
        return not stays and found.kind is node.kind and found.version == action.expect, found
    if action.kind in {ActionKind.UPDATE, ActionKind.META}:
        # It may have been heard by now that what was replaced is no more.
        before = places.entry(action.endpoint, action.entry) or node.replicas[action.endpoint]
        at = places.child(action.endpoint, before.parent, before.name, action.entry)
        found = provider.at(places.folder(action.endpoint, before.parent), before.name)
        if found is None or found.version == action.expect:
            return False, None
        if _belongs_elsewhere(places, action, found, stable_ids=provider.traits.stable_ids):
            return False, None
        return _is_ours(context, action, node, Ref(found.id, at.path), found)
    if action.kind in {ActionKind.CREATE, ActionKind.MAKE_FOLDER}:
        parent = places.parent(action.endpoint, action.parent)
        found = provider.at(parent, action.name)
        if found is None or found.kind is not node.kind:
            return False, None
        if _belongs_elsewhere(places, action, found, stable_ids=provider.traits.stable_ids):
            return False, None
        if action.kind is ActionKind.MAKE_FOLDER:
            return True, found
        path = f"{parent.path}/{action.name}" if parent.path else action.name
        return _is_ours(context, action, node, Ref(found.id, path), found)
    return False, None


def _moves_before(pending: list[Action], move: Action, tried: Sequence[str]) -> list[str]:
    """Return the moves that came before one that was done: it had stood aside to let others pass.

    To do them now would take it away again.
    """
    return [
        each.id
        for each in pending[: pending.index(move)]
        if each.kind is ActionKind.MOVE
        and (each.node, each.endpoint) == (move.node, move.endpoint)
        and each.id not in tried
    ]


def _next_update(pending: list[Action], move: Action) -> Action | None:
    """Return what was to be written to an entry after a move, None if nothing was."""
    later = pending[pending.index(move) + 1 :]
    return next(
        (
            each
            for each in later
            if each.kind in {ActionKind.UPDATE, ActionKind.META}
            and (each.node, each.endpoint) == (move.node, move.endpoint)
        ),
        None,
    )


def _moved_and_updated(
    context: Context, places: Places, move: Action, update: Action, node: Node
) -> tuple[bool, Entry | None]:
    """Say whether an entry was moved, and then written to, which may have changed its id."""
    provider = context.providers[move.endpoint]
    if move.endpoint not in node.replicas:
        return False, None
    there = provider.get(_last_seen(places, move))
    if there is not None and (provider.traits.stable_ids or there.version == move.expect):
        return False, None  # it stands elsewhere, or where it stood
    parent = places.parent(move.endpoint, move.parent)
    found = provider.at(parent, move.name)
    if found is None or found.kind is not node.kind:
        return False, None
    path = f"{parent.path}/{move.name}" if parent.path else move.name
    return _is_ours(context, update, node, Ref(found.id, path), found)


def _belongs_elsewhere(places: Places, action: Action, found: Entry, *, stable_ids: bool) -> bool:
    """Say whether an entry is, or was, part of another node: then nobody has just made it.

    Where an id is a path, what a tombstone once had says nothing of what stands there now.
    """
    owner = places.owner(action.endpoint, found.id)
    if action.kind in {ActionKind.UPDATE, ActionKind.META} and (
        owner == action.node or not stable_ids
    ):
        return False  # the former owner of a path may have moved on
    node = places.node(owner) if owner is not None else None
    replica = node.replicas.get(action.endpoint) if node is not None else None
    return replica is not None and (stable_ids or not replica.gone)


def _last_seen(places: Places, action: Action) -> Ref:
    try:
        return places.ref(action.endpoint, action.entry)
    except Vanished:
        return Ref(action.entry, "")


def _is_ours(
    context: Context, action: Action, node: Node, ref: Ref, found: Entry
) -> tuple[bool, Entry | None]:
    """Say whether an entry is the content that an action was to write, proved by its bytes.

    While its endpoint was away the others may have agreed on another content since.
    """
    content = node.content
    if content is None:
        return False, None
    provider = context.providers[action.endpoint]
    wanted = content.hashes or _hash_of_source(context, action, found)
    if not wanted:
        # The source cannot be asked any more: its time, which was set on what was written, tells.
        same_time = provider.traits.keeps_mtime and found.mtime_ns == content.mtime_ns
        return same_time and same(content, content_of(found)) is not False, found
    former = node.past if action.content_gen < node.content_gen else ()
    candidates = [each for each in (wanted, *former) if each]
    if same(content, content_of(found)) is False and not former:
        return False, None
    written = found.hashes
    for each in candidates:
        if hashes.equal(each, written) is None:
            told = provider.hash(ref, found.version, _like(each))
            written = hashes.merged(written, told)
        if hashes.equal(each, written):
            return True, msgspec.structs.replace(found, hashes=written)
    return False, None


def _hash_of_source(context: Context, action: Action, found: Entry) -> str:
    """Return a hash of what an action was to write, if its source still has it, else ``""``.

    If it has to be computed, it is one that can be compared with what was found.
    """
    source = action.source
    if source is None or source.endpoint not in context.providers:
        return ""
    places = Places(context.store)
    known = places.entry(source.endpoint, source.entry)
    if known is not None and known.version == source.version and known.hashes:
        return known.hashes
    try:
        ref = places.ref(source.endpoint, source.entry)
        algorithms = _like(found.hashes)
        return context.providers[source.endpoint].hash(ref, source.version, algorithms)
    except Throttled as error:
        error.asked = source.endpoint
        raise  # it will tell, only later
    except ProviderError:
        return ""


def _like(known: str) -> tuple[str, ...]:
    """Return the algorithms to hash by, to compare with these hashes."""
    return tuple(dict.fromkeys([hashes.OWN, *computable(known)[:1]]))
