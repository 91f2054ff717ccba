"""What single nodes cannot decide: folders that must survive, cycles, two nodes at one place."""

from syncoxiders.core import names
from syncoxiders.core.conflicts import conflict_place
from syncoxiders.core.draft import Draft, Work, by_id
from syncoxiders.core.existence import revive
from syncoxiders.core.model import ROOT, ROOT_ENTRY, Conflict, EndpointId, Entry, Kind, Mode, NodeId
from syncoxiders.core.states import confirm_places, leave, missing


def settle(draft: Draft, decided: set[NodeId]) -> None:
    """Make one tree of the nodes' targets; nodes that are changed for it join ``decided``."""
    _hold(draft)
    _leave_forgotten(draft, decided)
    _undo_cycles(draft, decided)
    if _keep_folders(draft, decided):
        _undo_cycles(draft, decided)
    _part(draft, decided)


def _planned(draft: Draft, decided: set[NodeId]) -> list[Work]:
    return by_id(draft.works[node] for node in decided if not draft.works[node].frozen)


def _leave_forgotten(draft: Draft, decided: set[NodeId]) -> None:
    """Take nodes that live out of folders that nobody has any more, without having deleted them."""
    for work in _planned(draft, decided):
        if work.gone or work.forget or not draft.is_forgotten(work.parent):
            continue
        if not draft.work(work.parent).gone:
            draft.rehome(work)
            confirm_places(draft, work)


def _hold(draft: Draft) -> None:
    """Let what depends on something frozen wait with it, all where base leaves it."""
    draft.freeze_together()
    for work in list(draft.works.values()):
        if work.frozen and work.base is not None:
            draft.place(work, work.base.parent, work.base.name)


def _undo_cycles(draft: Draft, decided: set[NodeId]) -> None:
    """Where moves form a cycle, the one that ranks last is undone, until there is none.

    That is first of all what nobody who is here has moved so: it went with others.
    If it is not known yet where all folders of a cycle will stand, or do at an endpoint that seems
    to have them so itself, the move waits instead.
    """
    order = {endpoint.id: index for index, endpoint in enumerate(draft.rule.endpoints)}
    for work in _planned(draft, decided):
        if work.kind is not Kind.FOLDER:
            continue
        while (cycle := _cycle(draft, work)) is not None:
            moved = [
                each
                for each in cycle
                if each.base is not None
                and (each.parent, each.name) != (each.base.parent, each.base.name)
            ]
            if not moved:  # base has it so, or it is new: either way it is not known where they are
                for each in cycle:
                    each.frozen = True
                _hold(draft)
                break
            last = max(
                moved,
                key=lambda each: (
                    min(
                        (
                            order[endpoint]
                            for endpoint, entry in each.entries.items()
                            if draft.node_of(endpoint, entry.parent) == each.parent
                        ),
                        default=len(order),
                    ),
                    each.id,
                ),
            )
            base = last.base
            if base is None:  # cannot be: only nodes of base are among the moved
                return
            draft.place(last, base.parent, base.name)
            if any(_waits(draft, decided, each) for each in cycle) or _is_half_heard(draft, cycle):
                last.frozen = True
                _hold(draft)
                continue
            confirm_places(draft, last)
            decided.add(last.id)
            draft.note("note", next(iter(last.entries), ""), last, "moves formed a cycle: undone")


def _waits(draft: Draft, decided: set[NodeId], work: Work) -> bool:
    """Say whether it is not known yet where a folder will stand: others may just have moved it."""
    unheard = work.id not in decided and any(draft.is_moved(work, each) for each in work.entries)
    return unheard or work.frozen or work.id in draft.look.open


def _is_half_heard(draft: Draft, cycle: list[Work]) -> bool:
    """Say whether some endpoint seems to have folders in each other, or nowhere: no storage can."""
    return any(
        _is_adrift(draft, endpoint.id, entry)
        for endpoint in draft.active
        for each in cycle
        if (entry := each.entries.get(endpoint.id)) is not None
    )


def _is_adrift(draft: Draft, endpoint: EndpointId, entry: Entry) -> bool:
    """Say whether the folders above an entry do not lead to the root, as far as they are known."""
    seen = {entry.id}
    while entry.parent != ROOT_ENTRY:
        above = draft.view.entry(endpoint, entry.parent)
        if above is None or above.id in seen:
            return True
        seen.add(above.id)
        entry = above
    return False


def _cycle(draft: Draft, work: Work) -> list[Work] | None:
    """Return the folders of the cycle that a folder is part of, None if it is in none."""
    chain = [work]
    for above in draft.ancestors(work.id):
        if above.parent == work.id:
            return [*chain, above]
        chain.append(above)
    return None


def _keep_folders(draft: Draft, decided: set[NodeId]) -> bool:
    """Let a folder survive with the content in it that survives; says whether any has to wait."""
    kept: set[NodeId] = set()  # above what else is in these, all survives by now
    waits = False
    for work in by_id(draft.works[node] for node in list(decided)):
        if work.gone or work.out or work.forget or work.frozen:
            continue  # of what is frozen it is not known yet where it will stand
        if work.parent not in kept:
            # a folder that lives, and is not planned itself, has nothing above it to be kept
            if work.parent in draft.works or draft.is_tombstone(work.parent):
                _keep_above(draft, decided, work, list(draft.ancestors(work.id)))
            if not work.frozen:
                kept.add(work.parent)
        for endpoint, replica in work.replicas.items():
            if replica.left and endpoint in work.entries and not work.frozen:
                _keep_above(draft, decided, work, _standing_above(draft, work, endpoint))
        waits = waits or work.frozen
    if waits:
        _hold(draft)
    return waits


def _keep_above(draft: Draft, decided: set[NodeId], work: Work, folders: list[Work]) -> None:
    """Let the folders above a node, nearest first, survive with it.

    The node waits for what is open upon any of them: as long as that is a deletion under way.
    """
    doomed: list[Work] = []
    for above in folders:
        if above.gone:
            doomed.append(above)
        elif above.id not in decided:
            break
    busy = [above.id for above in doomed if above.id in draft.look.open]
    if busy:
        draft.open.extend(busy)
        work.frozen = True
        return
    for above in doomed:
        survivor = next(iter(work.entries), draft.active[0].id)
        revive(draft, above, survivor)
        confirm_places(draft, above)
        if draft.rule.mode is not Mode.TWO_WAY and draft.rule.endpoints[0].id not in above.entries:
            leave(above)
        decided.add(above.id)


def _standing_above(draft: Draft, work: Work, endpoint: EndpointId) -> list[Work]:
    """Return the folders in which an endpoint has its own part of a node, nearest first."""
    folders: list[Work] = []
    folder = draft.node_of(endpoint, work.entries[endpoint].parent)
    while folder is not None and folder != ROOT:
        above = draft.work(folder)
        if above in folders or endpoint not in above.entries:
            break
        folders.append(above)
        folder = draft.node_of(endpoint, above.entries[endpoint].parent)
    return folders


def _part(draft: Draft, decided: set[NodeId]) -> None:
    """Give each of several nodes at one place a name of its own."""
    for work in _planned(draft, decided):
        if work.gone or work.forget or work.parent == ROOT == work.id or _stays(draft, work):
            continue
        rivals = [
            each
            for each in draft.nodes_at(work.parent, names.key(work.name))
            if each.id != work.id and each.name == work.name
        ]
        for rival in rivals:
            if (rival.frozen and not rival.out) or rival.id in draft.look.open:
                continue  # it may be about to leave: until that is known the place is taken
            loser = _loser(work, rival)
            winner = rival if loser is work else work
            if loser.frozen or loser.id in draft.look.open:
                break  # it has to wait for its rival
            first = next(iter(loser.entries), None)  # None if only who is away has it
            if (
                first is None
                or _stand_together(draft, work, rival)
                or _has_left(draft, decided, work, rival)
            ):
                loser.frozen = True
                _hold(draft)
                break
            name = conflict_place(draft, loser.parent, loser.name, first, loser.content)
            draft.place(loser, loser.parent, name)
            loser.conflict = Conflict(of=winner.id, endpoint=first)
            confirm_places(draft, loser)
            decided.add(loser.id)
            draft.note("conflict", first, loser, f"two things at one place: kept as {name}")
            if loser is work:
                break


def _stays(draft: Draft, work: Work) -> bool:
    """Say whether everybody has a node where base has it, so that it has met its rivals there.

    No endpoint has two things of one name in one folder: of two nodes at one place one is yet to
    come to it somewhere.
    """
    base = work.base
    return (
        base is not None
        and not (base.gone or base.out)
        and (base.parent, base.name) == (work.parent, work.name)
        and all(_stands(draft, work, endpoint.id) for endpoint in draft.active)
    )


def _stands(draft: Draft, work: Work, endpoint: EndpointId) -> bool:
    replica = work.replicas.get(endpoint)
    return (
        replica is not None
        and not (replica.gone or replica.hidden or replica.left)
        and replica.place_gen == work.place_gen
        and endpoint in work.entries
        and not draft.is_moved(work, endpoint)
    )


def _stand_together(draft: Draft, work: Work, rival: Work) -> bool:
    """Say whether an endpoint is known to have both under one name in one folder.

    That cannot be: it was looked at while something changed, and one has moved on. A look that
    shows where to is to come.
    """
    return any(
        (other := rival.entries.get(endpoint)) is not None
        and other.parent == entry.parent
        and names.folded(other.name, traits) == names.folded(entry.name, traits)
        for endpoint, entry in work.entries.items()
        for traits in [draft.traits[endpoint]]
    )


def _has_left(draft: Draft, decided: set[NodeId], work: Work, rival: Work) -> bool:
    """Say whether a rival has left where the other now stands, and that is still to be planned.

    Of a look that is being written the planner may know a part.
    """
    if rival.id in decided:
        return False
    moved = [] if rival.out else [each for each in rival.entries if draft.is_moved(rival, each)]
    return any(endpoint in work.entries for endpoint in [*missing(rival), *moved])


def _loser(left: Work, right: Work) -> Work:
    """Return which of two nodes at one place has to give way.

    What stood there before stays; a file gives way to a folder; else the younger gives way.
    """

    def rank(work: Work) -> tuple[bool, bool, bool, NodeId]:
        base = work.base
        stays = base is not None and (base.parent, base.name) == (work.parent, work.name)
        return (not work.frozen, not stays, work.kind is not Kind.FOLDER, work.id)

    return max(left, right, key=rank)
