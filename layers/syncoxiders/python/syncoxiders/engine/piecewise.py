"""Looks at a whole endpoint that do not fit into one worker's time.

One that was cut off is gone on with folder by folder, each worker beginning where the last one
ended. A folder that is new is looked at with all that is in it; if that is cut off, it is known
by then, and its folders are looked at one by one: so every worker gets on, unless one folder
alone holds more than it can list.
"""

import math
from collections.abc import Callable, Iterable, Sequence

import msgspec

from syncoxiders.core.model import ROOT_ENTRY, EntryId, Kind, Ref
from syncoxiders.engine.interrupted import OutOfTime
from syncoxiders.engine.observe import Look, Observer
from syncoxiders.ports.state import ObservedTree

MOST, QUICK = 64, 5.0
"""So many folders are looked at together, as long as that takes no more than so many seconds."""

OFTEN = 60.0
"""Seconds after which the place reached is kept, for the case that the worker dies."""


class Begun(msgspec.Struct, frozen=True):
    """A look at a whole endpoint that was begun: ``todo`` are folders not looked at yet.

    ``cursor`` is one of the feed from before the look, ``""`` where there is none or another one
    goes on being followed.
    """

    cursor: str = ""
    todo: tuple[EntryId, ...] = (ROOT_ENTRY,)


def look_on(
    observer: Observer,
    tree: ObservedTree,
    begun: Begun,
    *,
    folders: Callable[[Iterable[EntryId]], list[Ref]],
    keep: Callable[[Begun], None],
    confirm: Callable[[Look], None],
    now: Callable[[], float],
) -> Look:
    """Look at what is left of a look, and return what was found.

    ``folders`` returns those of some folders that are still there. Raises OutOfTime, after which
    what is left was given to ``keep``.
    """
    found = Look()
    todo = list(begun.todo)
    done: set[EntryId] = set()  # what is moved meanwhile may stand in a circle, for all we know
    kept = -math.inf
    many = 1
    while todo:
        started = now()
        some, rest = todo[-many:], todo[:-many]
        if started - kept >= OFTEN:
            keep(Begun(begun.cursor, tuple(todo)))
            kept = started
        done.update(some)
        inside = [each for each in _folders_in(tree, some) if each not in done]
        try:
            refs = folders(some)
            look = observer.look(refs, confirm=confirm) if refs else Look()
        except OutOfTime:
            keep(Begun(begun.cursor, tuple(todo)))
            raise
        found.changed += look.changed
        found.gone += look.gone
        found.problems.extend(look.problems)
        found.lost.extend(look.lost)
        todo = [*rest, *inside]
        many = min(2 * many, MOST) if now() - started < QUICK else 1
    return found


def _folders_in(tree: ObservedTree, folders: Sequence[EntryId]) -> list[EntryId]:
    """Return the folders known in some folders; those that are new there are looked at anyway."""
    return [
        child.id
        for folder in folders
        for child in tree.children(folder)
        if child.kind is Kind.FOLDER
    ]
