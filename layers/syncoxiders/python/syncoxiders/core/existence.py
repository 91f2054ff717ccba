"""Whether a node lives: what somebody edited, moved or made anew survives a deletion elsewhere."""

import msgspec

from syncoxiders.core.draft import Draft, Work
from syncoxiders.core.model import ROOT, EndpointId
from syncoxiders.core.remade import went_with
from syncoxiders.core.states import has_moved, is_edited, missing, was_lost


def decide_existence(draft: Draft, work: Work) -> None:
    """Decide whether the node lives: what somebody edited, moved or made anew survives."""
    lost = missing(work)
    gone = [each for each, replica in work.replicas.items() if replica.gone]
    alive = [
        each
        for each in work.entries
        if is_edited(work, each)
        or draft.is_moved(work, each)
        or _carried(draft, work, each, [*lost, *gone])
    ]
    if work.gone:
        if alive:
            revive(draft, work, alive[0])
        else:
            for endpoint in lost:
                _confirm_gone(work, endpoint)
        return
    if not lost:
        return
    alive.extend(_ahead(work, lost))
    if alive:
        revive(draft, work, alive[0])
        return
    work.gone = True
    for endpoint in lost:
        _confirm_gone(work, endpoint)


def _ahead(work: Work, lost: list[EndpointId]) -> list[EndpointId]:
    """Return who has a content or place of which none that deleted the node knew."""
    content = max(work.replicas[each].content_gen for each in lost)
    place = max(work.replicas[each].place_gen for each in lost)
    return [
        each
        for each, replica in work.replicas.items()
        if not replica.gone
        and (each in work.entries or each in work.away)
        and (replica.content_gen > content or replica.place_gen > place)
    ]


def revive(draft: Draft, work: Work, survivor: EndpointId) -> None:
    """Let a node live that was deleted somewhere: it comes back there."""
    for endpoint, replica in list(work.replicas.items()):
        if endpoint in work.away and not replica.gone:
            continue
        if endpoint not in work.entries:
            draft.unbind(work, endpoint)
        elif replica.gone:
            del work.replicas[endpoint]
    work.gone = work.forget = False
    work.unanswered = ()
    draft.note("note", survivor, work, "changed here and deleted elsewhere: it stays")


def _confirm_gone(work: Work, endpoint: EndpointId) -> None:
    work.replicas[endpoint] = msgspec.structs.replace(work.replicas[endpoint], gone=True)


def _carried(draft: Draft, work: Work, endpoint: EndpointId, lost: list[EndpointId]) -> bool:
    """Say whether a folder above was moved here and deleted, with everything in it, there."""
    if not lost:
        return False
    inner, seen = work, {ROOT}
    while (
        (base := inner.base) is not None and base.parent not in seen and draft.exists(base.parent)
    ):
        seen.add(base.parent)
        above = draft.work(base.parent)
        if not any(
            each in missing(above) or was_lost(above, each) or went_with(draft, inner, above, each)
            for each in lost
        ):
            return False
        if endpoint in above.entries and (
            draft.is_moved(above, endpoint)
            or has_moved(above, endpoint)
            or _is_further(above, endpoint, lost)
        ):
            return True
        inner = above
    return False


def _is_further(work: Work, endpoint: EndpointId, lost: list[EndpointId]) -> bool:
    """Say whether the endpoint has a place in base's eyes of which none of the others knew."""
    known = work.base.replicas if work.base else {}
    behind = [known[each].place_gen for each in lost if each in known]
    return endpoint in known and known[endpoint].place_gen > max(behind, default=0)
