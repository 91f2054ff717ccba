"""From a vendor's listing to the deltas that the port wants, for connectors that list."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec
from msgspec import structs

from syncoxiders.core.model import ROOT_ENTRY, Entry, EntryId, Kind, Ref
from syncoxiders.ports.errors import Vanished
from syncoxiders.ports.provider import FolderDelta, Known, Problem


class Listed(msgspec.Struct, frozen=True):
    """What a vendor lists in one folder; ``problems`` are what had to be left out."""

    entries: Sequence[Entry]
    problems: tuple[Problem, ...] = ()


ListFolder = Callable[[Ref], Listed]
"""Lists one folder. Raises Vanished where there is none."""


def rescan_by_folder(
    list_folder: ListFolder, known: Known, folders: Iterable[Ref] | None
) -> Iterator[FolderDelta]:
    """Compare folder by folder, as :class:`~syncoxiders.ports.provider.Rescans` has it.

    Raises Vanished if the root is not there.
    """
    todo = [Ref(ROOT_ENTRY, "")] if folders is None else list(folders)
    while todo:
        folder = todo.pop()
        try:
            listed = list_folder(folder)
        except Vanished:
            if folder.id == ROOT_ENTRY:
                raise
            continue  # its own folder tells
        before = {entry.id: entry for entry in known.children(folder.id)}
        for entry in listed.entries:
            if entry.kind is Kind.FOLDER and (folders is None or entry.id not in before):
                todo.append(Ref(entry.id, _below(folder.path, entry.name)))
        delta = compare(folder.id, before, listed)
        if delta is not None:
            yield delta


def rescan_whole(
    entries: Iterable[Entry], problems: Iterable[Problem], known: Known
) -> Iterator[FolderDelta]:
    """Compare a listing of the whole tree, in any order, with what is known.

    Entries that cannot be followed up to the root are left out.
    """
    by_folder: dict[EntryId, list[Entry]] = {}
    for entry in entries:
        by_folder.setdefault(entry.parent, []).append(entry)
    rest = tuple(problems)
    todo = [ROOT_ENTRY]
    while todo:
        folder = todo.pop()
        here = by_folder.pop(folder, [])
        todo.extend(entry.id for entry in here if entry.kind is Kind.FOLDER)
        before = {entry.id: entry for entry in known.children(folder)}
        delta = compare(folder, before, Listed(here, rest if folder == ROOT_ENTRY else ()))
        if delta is not None:
            yield delta


def compare(folder: EntryId, before: dict[EntryId, Entry], listed: Listed) -> FolderDelta | None:
    """Return how a folder differs from what is known of it, None if it does not.

    What is known beneath or in place of a problem that is unreadable is not missing.
    """
    changed: list[Entry] = []
    missing = dict(before)
    for entry in listed.entries:
        old = missing.pop(entry.id, None)
        if old is None or not is_same(old, entry):
            changed.append(entry)
    unreadable = {
        problem.path.rpartition("/")[2] for problem in listed.problems if problem.unreadable
    }
    gone = tuple(each for each, entry in missing.items() if entry.name not in unreadable)
    if not (changed or gone or listed.problems):
        return None
    return FolderDelta(folder, tuple(changed), gone, listed.problems)


def is_same(old: Entry, new: Entry) -> bool:
    """Say whether nothing but the hashes known of one version differs."""
    return old == new or (
        old.version == new.version and structs.replace(old, hashes=new.hashes) == new
    )


def _below(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name
