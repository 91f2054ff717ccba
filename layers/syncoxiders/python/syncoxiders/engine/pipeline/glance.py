"""Looking only where an event told of a change: into a few folders of an account.

A message that names folders is not counted as a hint: the queue keeps it until it was handled,
and what was not looked at for one reason or another becomes a hint then. It is named by how many
such looks were begun before, so that what happens in a folder until the next one begins is one
message.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from syncoxiders.core import names
from syncoxiders.core.model import ROOT_ENTRY, Entry, EntryId, Kind, Traits
from syncoxiders.engine.pipeline.messages import Poll
from syncoxiders.engine.places import Places
from syncoxiders.ports.errors import Vanished
from syncoxiders.ports.pipeline import SharedStore
from syncoxiders.ports.provider import Provider
from syncoxiders.ports.queue import Message, Queue
from syncoxiders.ports.registry import Registry
from syncoxiders.ports.state import ObservedTree

MOST = 20
"""So many folders go into a message."""


def tell(registry: Registry, polls: Queue, kind: str, folders: Mapping[str, Iterable[str]]) -> int:
    """Send messages about folders, and return how many accounts they are about.

    ``folders`` are by the vendor's name for what they are in (a bucket), which an endpoint's root
    begins with. Raises StateUnavailable.
    """
    messages: list[Message] = []
    accounts: set[tuple[str, str]] = set()
    for vendor_id, paths in sorted(folders.items()):
        places = sorted({f"{vendor_id}/{path}".rstrip("/") for path in paths})
        for owner, name in registry.called(kind, vendor_id):
            found = registry.account(owner, name)
            if found is None:
                continue
            accounts.add((owner, name))
            for start in range(0, len(places), MOST):
                some = tuple(places[start : start + MOST])
                digest = hashlib.sha256("\0".join(some).encode()).hexdigest()[:32]
                once = f"in-{digest}-{found.looks}"
                messages.append(Poll(owner, name, some).message(once))
    polls.send(messages)
    return len(accounts)


def within(root: str, folders: Sequence[str]) -> list[str]:
    """Return those folders that are in an endpoint's root, as paths below it."""
    inside = f"{root}/" if root else ""
    return [
        f"{folder}/"[len(inside) :].removesuffix("/")
        for folder in folders
        if f"{folder}/".startswith(inside)
    ]


def nearest(
    store: SharedStore, endpoint: str, provider: Provider, paths: Iterable[str]
) -> list[EntryId]:
    """Return for each path the deepest folder on the way that is known, and is still there."""
    places, tree = Places(store), store.observed(endpoint)
    found: dict[EntryId, None] = {}
    for path in paths:
        way = _way(tree, provider.traits, path)
        while way and not _is_there(places, endpoint, provider, way[-1]):
            way.pop()
        found[way[-1] if way else ROOT_ENTRY] = None
    return list(found)


def _way(tree: ObservedTree, traits: Traits, path: str) -> list[EntryId]:
    """Return the known folders on the way along a path."""
    way: list[EntryId] = []
    for name in path.split("/") if path else ():
        above = way[-1] if way else ROOT_ENTRY
        folder = _folder(tree, traits, above, name)
        if folder is None:
            break
        way.append(folder.id)
    return way


def _folder(tree: ObservedTree, traits: Traits, above: EntryId, name: str) -> Entry | None:
    form = names.folded(name, traits)
    for entry in tree.at(above, names.key(name)):
        if entry.kind is Kind.FOLDER and names.folded(entry.name, traits) == form:
            return entry
    return None


def _is_there(places: Places, endpoint: str, provider: Provider, folder: EntryId) -> bool:
    try:
        return provider.get(places.folder(endpoint, folder)) is not None
    except Vanished:
        return False
