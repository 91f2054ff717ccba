"""A table that says of what something is new, whenever something is written to it.

Every key begins with whose it is, and what there is to see of a sync or an account lies under few
of them. So whoever writes tells, without knowing of it, and in the midst of long work too.
"""

import urllib.parse
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from syncoxiders.ports.items import Change, Delete, Item, Items, Key, Put, Raced, Update
from syncoxiders.ports.live import Topic

Note = Callable[[str, Topic, str], None]
"""Is told the owner, the topic and a name; has to be quick, and must not fail."""

_OF_A_SYNC: Mapping[str, Topic] = {
    "batch": "sync",
    "event": "sync",
    "head": "sync",
    "run": "sync",
    "nc": "conflict",
}
"""Parts of a sync's state that a person sees; logs, counts and what is observed are none."""

_PLAN = b"plan:"
"""How the keys of texts begin that are plans, waiting for a person."""

_OF_AN_OWNER: Mapping[str, Topic] = {"accounts": "account", "syncs": "sync"}


class TellingItems:
    """:class:`~syncoxiders.ports.items.Items` upon others, of which changes are noted."""

    def __init__(self, items: Items, note: Note) -> None:
        self._items = items
        self._note = note

    def get(self, keys: Collection[Key], *, consistent: bool = True) -> dict[Key, Item]:
        """Return those that are there."""
        return self._items.get(keys, consistent=consistent)

    def query(
        self,
        partition: str,
        *,
        after: str = "",
        until: str = "",
        prefix: str = "",
        backward: bool = False,
        limit: int = 0,
        consistent: bool = True,
    ) -> Iterator[Item]:
        """Yield the items of a partition."""
        return self._items.query(
            partition,
            after=after,
            until=until,
            prefix=prefix,
            backward=backward,
            limit=limit,
            consistent=consistent,
        )

    def write(self, changes: Sequence[Change]) -> list[Item | Raced | None]:
        """Make each change, and note of what those that were made are."""
        found = self._items.write(changes)
        for change, became in zip(changes, found, strict=True):
            if not isinstance(became, Raced):
                for told in news(change):
                    self._note(*told)
        return found


def news(change: Change) -> Iterator[tuple[str, Topic, str]]:
    """Yield the owner, the topic and the name of which something is new by a change."""
    partition, sort = _key(change)
    owner, *rest = partition.split("#")
    if not owner:  # a key that leads from something else to whose it is
        return
    if len(rest) == 1 and rest[0] in _OF_AN_OWNER:
        yield owner, _OF_AN_OWNER[rest[0]], sort
    elif len(rest) > 1:
        name = urllib.parse.unquote(rest[0], errors="surrogatepass")
        topic = "plan" if rest[1] == "text" and _is_plan(change) else _OF_A_SYNC.get(rest[1])
        if topic is not None:
            yield urllib.parse.unquote(owner, errors="surrogatepass"), topic, name


def _key(change: Change) -> Key:
    match change:
        case Put():
            return change.item.key
        case Update() | Delete():
            return change.key


def _is_plan(change: Change) -> bool:
    key = change.item.attributes.get("key") if isinstance(change, Put) else None
    return isinstance(key, bytes) and key.startswith(_PLAN)
