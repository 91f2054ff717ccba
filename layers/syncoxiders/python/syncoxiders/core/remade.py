"""Folders that live though they were deleted, with what was in them, at some endpoint.

Something in them was new, or had been moved there, elsewhere. What went with them is deleted, but
lives as well if the folder turns out to have been moved where that still stands: a folder's move
counts for all that is in it. That may be heard much later, when the folder has long been made anew.
"""

from syncoxiders.core.draft import Draft, Work
from syncoxiders.core.model import EndpointId, Kind, Mode, Node, NodeId
from syncoxiders.core.states import has_moved, was_lost


def remember_deletion(draft: Draft, work: Work) -> None:
    """Let a folder that lives remember where it was deleted."""
    if work.kind is not Kind.FOLDER or work.base is None or work.gone or work.forget:
        return
    if draft.look.union or draft.rule.mode is not Mode.TWO_WAY:
        return
    found = dict.fromkeys(work.remade)
    for endpoint in work.base.replicas:
        is_path = endpoint in work.entries and not draft.traits[endpoint].stable_ids
        if was_lost(work, endpoint) and not is_path:  # else its id differs since it was moved
            found[endpoint] = None
    work.remade = tuple(found)


def went_with(draft: Draft, inner: Work, above: Work, endpoint: EndpointId) -> bool:
    """Say whether something was deleted together with a folder that lives, and was made anew since.

    Where ids are paths the new folder has the former one's, and tells nothing.
    """
    if above.base is None or inner.base is None or endpoint not in above.base.remade:
        return False
    replica, folder = inner.base.replicas.get(endpoint), above.base.replicas.get(endpoint)
    if endpoint in inner.base.remade or not draft.traits[endpoint].stable_ids:
        return True
    return replica is not None and (folder is None or folder.entry != replica.parent)


def is_moved_anew(work: Work) -> bool:
    """Say whether a folder that was deleted and lives was moved since, anywhere."""
    return bool(work.remade) and any(has_moved(work, endpoint) for endpoint in work.entries)


def remains(draft: Draft, work: Work) -> list[Node]:
    """Return what went with a folder that was moved since, and folders in it that live as well.

    If there is nothing, nobody has to look again.
    """
    if work.id in draft.look.open or not is_moved_anew(work):
        return []
    found: list[Node] = []
    folders = [work.id]
    while folders:
        inside = [each for each in draft.view.nodes_in(folders.pop()) if each.gone or each.remade]
        found.extend(inside)
        folders.extend(each.id for each in inside if not each.gone)
    if not found:
        work.remade = ()
    return found


def at_work_above(draft: Draft, work: Work) -> NodeId | None:
    """Return a folder with which a tombstone went, if there is an open action upon it.

    It stands elsewhere than in base's eyes: whether we have moved it, or somebody, is to come.
    """
    if not (work.gone and work.entries):
        return None
    for above in draft.ancestors(work.id):
        if above.id in draft.look.open and is_moved_anew(above):
            return above.id
    return None
