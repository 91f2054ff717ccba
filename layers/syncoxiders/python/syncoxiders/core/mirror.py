"""Merging of one node in the modes with a source: one-way, copy and move.

Only the first endpoint's changes count. A node that the source never had is *left*: it belongs
to the destinations and is recorded as it is, so that it is not taken for news again.
"""

import msgspec

from syncoxiders.core.conflicts import split
from syncoxiders.core.draft import Draft, Work
from syncoxiders.core.model import EndpointId, Kind, Mode
from syncoxiders.core.names import true_name
from syncoxiders.core.states import (
    adopt_content,
    agreed_content,
    confirm,
    confirm_places,
    is_edited,
    is_new,
    missing,
)
from syncoxiders.core.versions import Side, Version, ask, content_of, ranked, same


def mirror(draft: Draft, work: Work) -> None:
    """Decide what becomes of a node when only the source's changes count."""
    source = draft.rule.endpoints[0].id
    if work.entries and draft.rule.mode is not Mode.ONE_WAY:
        work.gone = False  # what another mode deleted elsewhere is left where it still stands
    if source in work.away:
        work.frozen = True
    elif source not in work.entries and source not in work.replicas:
        _left(draft, work, source)
    elif source not in work.entries:
        _lost_at_source(draft, work, source)
    elif draft.rule.mode is Mode.ONE_WAY:
        _impose(draft, work, source)
    else:
        _offer(draft, work, source)


def _destinations(draft: Draft, work: Work, source: EndpointId) -> list[EndpointId]:
    return [each.id for each in draft.active if each.id != source and each.id in work.entries]


def _left(draft: Draft, work: Work, source: EndpointId) -> None:
    """Deal with what only destinations have: an extra is deleted by one-way, else it is left."""
    joined = draft.look.union or work.entries.keys() & draft.look.joining
    extra = work.base is None and draft.rule.mode is Mode.ONE_WAY and not joined
    for endpoint in _destinations(draft, work, source):
        _record(work, endpoint, left=not extra)
        if extra:
            work.keep.add(endpoint)
    held = any(
        each in work.entries or (each in work.away and not replica.gone)
        for each, replica in work.replicas.items()
    )
    work.gone = work.gone or extra or not held
    for endpoint in missing(work):
        work.replicas[endpoint] = msgspec.structs.replace(work.replicas[endpoint], gone=True)


def _lost_at_source(draft: Draft, work: Work, source: EndpointId) -> None:
    """Deal with a node that the source had and has no more."""
    replica = work.replicas[source]
    work.replicas[source] = msgspec.structs.replace(replica, gone=True)
    if draft.rule.mode is not Mode.ONE_WAY:
        for endpoint in _destinations(draft, work, source):
            if is_edited(work, endpoint) or draft.is_moved(work, endpoint):
                _record(work, endpoint, left=True)
        for endpoint in missing(work):
            work.replicas[endpoint] = msgspec.structs.replace(work.replicas[endpoint], gone=True)
        return
    if draft.look.union and work.entries:
        work.gone = False
        del work.replicas[source]  # it becomes one that is left: nothing is deleted in a union
        for endpoint in _destinations(draft, work, source):
            _record(work, endpoint, left=True)
        return
    work.gone = True
    for endpoint in _destinations(draft, work, source):
        if is_edited(work, endpoint) and work.kind is not Kind.FOLDER:
            work.keep.add(endpoint)
            _record(work, endpoint, left=True)  # should it come back, this is replaced
            work.replicas[endpoint] = msgspec.structs.replace(
                work.replicas[endpoint], content_gen=0
            )
        elif (
            is_new(work, endpoint)
            or draft.is_moved(work, endpoint)
            or work.replicas[endpoint].entry != work.entries[endpoint].id
        ):
            _record(work, endpoint)
    for endpoint in missing(work):
        work.replicas[endpoint] = msgspec.structs.replace(work.replicas[endpoint], gone=True)


def _record(work: Work, endpoint: EndpointId, *, left: bool = False) -> None:
    """Take an endpoint's part as it is, content and place; ``left`` if it is its own."""
    entry = work.entries[endpoint]
    confirm(work, endpoint, entry, work.content_gen)
    work.replicas[endpoint] = msgspec.structs.replace(
        work.replicas[endpoint],
        parent=entry.parent,
        name=entry.name,
        place_gen=work.place_gen,
        left=left,
    )


def _is_left(work: Work, endpoint: EndpointId) -> bool:
    replica = work.replicas.get(endpoint)
    return replica is not None and replica.left


def _follow_source(draft: Draft, work: Work, source: EndpointId, *, place: bool) -> bool:
    """Adopt the source's content, and place if asked; says whether the content changed."""
    entry = work.entries[source]
    changed = False
    if work.kind is not Kind.FOLDER and is_edited(work, source):
        content = content_of(entry)
        if work.content is None or same(content, work.content) is not True:
            _own_what_is_unknown(work, source)
            adopt_content(work, content)
            changed = True
        elif (content.mtime_ns, content.executable) != (
            work.content.mtime_ns,
            work.content.executable,
        ):
            work.content = msgspec.structs.replace(
                work.content, mtime_ns=content.mtime_ns, executable=content.executable
            )
            work.content_gen += 1
    if place and (draft.is_moved(work, source) or (is_new(work, source) and work.base is not None)):
        parent = draft.node_of(source, entry.parent)
        if parent is not None:
            traits = draft.traits[source]
            replica = work.replicas.get(source)
            renamed = replica is None or replica.name != entry.name
            draft.place(work, parent, true_name(entry.name, traits) if renamed else work.name)
    if not changed and work.kind is not Kind.FOLDER:
        _own_what_is_unknown(work, source)  # from now on it counts as if the source had it
    _record(work, source)
    return changed


def _own_what_is_unknown(work: Work, source: EndpointId) -> None:
    """Mark as their own what destinations have and the source, which replaces it, never had."""
    known = work.replicas.get(source)
    if known is not None and not known.gone and known.content_gen >= work.content_gen:
        return
    for endpoint, replica in work.replicas.items():
        if endpoint != source and not replica.gone and replica.content_gen == work.content_gen:
            work.replicas[endpoint] = msgspec.structs.replace(replica, left=True)


def _wait(draft: Draft, work: Work, source: EndpointId) -> bool:
    """Ask for hashes where a destination's own version has to be compared; True if it waits."""
    if work.kind is Kind.FOLDER:
        return False
    target = content_of(work.entries[source])
    if not is_edited(work, source):
        target = agreed_content(work) or target
    ours = Side(target.hashes, [(source, work.entries[source])])
    pairs = [
        (Side.of(endpoint, work.entries[endpoint]), ours)
        for endpoint in _destinations(draft, work, source)
        if is_edited(work, endpoint) and same(content_of(work.entries[endpoint]), target) is None
    ]
    waiting = ask(draft, *pairs)
    if (
        not waiting
        and is_edited(work, source)
        and not is_new(work, source)
        and draft.traits[source].cheap_hash
        and work.content is not None
        and same(target, work.content) is None
    ):
        waiting = ask(draft, (ours, Side(work.content.hashes)))
    work.frozen = waiting
    return waiting


def _impose(draft: Draft, work: Work, source: EndpointId) -> None:
    """One-way: every destination is brought to what the source has."""
    if _wait(draft, work, source):
        return
    if work.gone or missing(work):
        work.gone = False
        for endpoint in list(work.replicas):
            if endpoint not in work.entries and endpoint not in work.away:
                del work.replicas[endpoint]
    changed = _follow_source(draft, work, source, place=not draft.look.union)
    theirs: list[EndpointId] = []
    for endpoint in _destinations(draft, work, source):
        if work.kind is not Kind.FOLDER and is_edited(work, endpoint):
            _meet(draft, work, source, endpoint, conflict=changed, theirs=theirs)
    confirm_places(draft, work)
    for endpoint in _destinations(draft, work, source):
        if work.kind is Kind.FOLDER:
            confirm(work, endpoint, work.entries[endpoint], work.content_gen)
    for endpoint in theirs:
        split(draft, work, _version(work, endpoint))


def _offer(draft: Draft, work: Work, source: EndpointId) -> None:
    """Copy and move: destinations get what is new or edited at the source, and nothing else."""
    if _wait(draft, work, source):
        return
    work.gone = False
    changed = _follow_source(draft, work, source, place=False)
    theirs: list[EndpointId] = []
    for endpoint in _destinations(draft, work, source):
        behind = is_new(work, endpoint) or (work.replicas[endpoint].content_gen < work.content_gen)
        if work.kind is not Kind.FOLDER and is_edited(work, endpoint) and behind:
            _meet(draft, work, source, endpoint, conflict=changed, theirs=theirs, wins=True)
        elif not is_new(work, endpoint) and behind and not draft.is_moved(work, endpoint):
            continue
        else:
            generation = 0 if behind and work.kind is not Kind.FOLDER else work.content_gen
            own = draft.is_moved(work, endpoint) or (
                work.kind is not Kind.FOLDER and not behind and is_edited(work, endpoint)
            )
            _record(work, endpoint, left=own or _is_left(work, endpoint))
            work.replicas[endpoint] = msgspec.structs.replace(
                work.replicas[endpoint], content_gen=generation
            )
    for endpoint in _destinations(draft, work, source):
        replica = work.replicas.get(endpoint)
        if replica is not None:
            entry = work.entries[endpoint]
            work.replicas[endpoint] = msgspec.structs.replace(
                replica, parent=entry.parent, name=entry.name, place_gen=work.place_gen
            )
    for endpoint, replica in list(work.replicas.items()):
        if endpoint in work.entries or endpoint in work.away:
            continue
        if replica.content_gen < work.content_gen or draft.look.union:
            del work.replicas[endpoint]  # the source has changed since: it is copied again
        else:
            work.replicas[endpoint] = msgspec.structs.replace(replica, gone=True)
    for endpoint in theirs:
        split(draft, work, _version(work, endpoint))


def _meet(
    draft: Draft,
    work: Work,
    source: EndpointId,
    endpoint: EndpointId,
    *,
    conflict: bool,
    theirs: list[EndpointId],
    wins: bool = False,
) -> None:
    """Let a destination's own version meet the source's.

    Equal content is adopted. Else the source's content comes; a destination's version that
    conflicts is kept beside it, or, where the mode lets the source win, in the trash. With
    a conflict in one-way the keep-mode may also let the destination's version stand.
    """
    entry = work.entries[endpoint]
    content = content_of(entry)
    agreed = agreed_content(work)
    if agreed is not None and same(content, agreed):
        confirm(work, endpoint, entry, work.content_gen)
        return
    conflict = conflict or is_new(work, endpoint)
    if conflict and not wins:
        versions = [
            Version(content_of(work.entries[source]), [source], clean=True),
            Version(content, [endpoint], clean=True),
        ]
        if ranked(versions, draft.rule.endpoints, draft.rule.keep)[0].holders == [endpoint]:
            _record(work, endpoint, left=True)
            draft.note("conflict", endpoint, work, "this version stands, by keep-mode")
            return
        theirs.append(endpoint)
        return
    if not draft.traits[endpoint].keeps_replaced:
        theirs.append(endpoint)
        return
    confirm(work, endpoint, entry, 0)
    work.replicas[endpoint] = msgspec.structs.replace(work.replicas[endpoint], left=True)
    draft.note("note", endpoint, work, "its own version goes to the trash")


def _version(work: Work, endpoint: EndpointId) -> Version:
    return Version(content_of(work.entries[endpoint]), [endpoint], clean=False)
