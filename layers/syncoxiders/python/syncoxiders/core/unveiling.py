"""What a filter hid where its folder stood, and may show where the folder is brought to.

Nobody tells of that: nothing has happened to it. So it is found below folders that are moved, and
planned once they have been moved everywhere. It is only looked for under filters that judge by
where things stand, since all that is in such a folder has to be read.
"""

from collections.abc import Iterator

from syncoxiders.core.draft import Draft, Work
from syncoxiders.core.model import EndpointId, Entry, Kind, NodeId


def unveiled(draft: Draft, decided: set[NodeId]) -> set[NodeId]:
    """Return the hidden nodes that are to be planned again once their folders have been moved.

    What is new, and has come into view by a move that was made at its endpoint, can be planned
    at once.
    """
    if not draft.rule.filter.judges_places:
        return set()
    works = [draft.works[node] for node in sorted(decided)]
    moved = {work.id: work for work in works if _is_moved(work)}
    found = {
        work.id
        for work in works
        if work.out
        and any(
            above.id in moved or above.id in draft.look.open for above in draft.ancestors(work.id)
        )
    }
    for folder in moved.values():
        for endpoint, entry in _below(draft, folder):
            owner = draft.node_of(endpoint, entry.id)
            if owner is None and not draft.hidden(endpoint, entry):
                draft.more.append((endpoint, entry.id))
            elif owner is not None and draft.work(owner).out:
                found.add(owner)
    return found


def _is_moved(work: Work) -> bool:
    """Say whether a folder has, or is to have, another place than base knows."""
    base = work.base
    if base is None or work.kind is not Kind.FOLDER or work.gone or work.frozen:
        return False
    places = {each: (it.parent, it.name) for each, it in work.replicas.items()}
    return work.place_gen != base.place_gen or any(
        places.get(each) != (it.parent, it.name) for each, it in base.replicas.items()
    )


def _below(draft: Draft, folder: Work) -> Iterator[tuple[EndpointId, Entry]]:
    """Yield what is in a folder, wherever it is."""
    for endpoint, top in folder.entries.items():
        todo, seen = [top.id], {top.id}
        while todo:
            for child in draft.view.entries_in(endpoint, todo.pop()):
                if child.id in seen:
                    continue
                seen.add(child.id)
                yield endpoint, child
                if child.kind is Kind.FOLDER:
                    todo.append(child.id)
